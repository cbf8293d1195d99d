//! The walk through a repository's automation: runs nothing, but goes where a run would go, from a
//! step of CI to the tox environment, the make target, the script, and notes each command.
//!
//! The formats lie in their own modules. A task runner is asked as a [`TaskRunner`], and hands what it runs back.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use towpath_host::Tree;
use towpath_report::Place;

use super::installs;
use super::model::{Automation, AutomationKind, AutomationSource, VersionPin};
use super::paths;
use super::runners::{self, Peeled};
use super::shell::{self, Shell};
use super::tools::{self, Tool};
use crate::PythonVersion;

/// Where a command stands and what is known there.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) place: Place,
    pub(super) via: Vec<String>,
    pub(super) kind: AutomationKind,
    pub(super) from_ci: bool,
    pub(super) on_change: bool,
    pub(super) can_fail: bool,
    /// Whether a task runner comes here when nothing is asked of it.
    pub(super) by_default: bool,
    pub(super) folder: String,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) pythons: Vec<PythonVersion>,
    /// The environment of installed packages, an index into the walker's scopes.
    pub(super) scope: usize,
    pub(super) depth: u32,
}

impl Scene {
    /// Returns the scene of something called from here, written at `path`.
    pub(super) fn inside(&self, kind: AutomationKind, path: &str, via: String) -> Self {
        let mut scene = self.clone();
        scene.kind = kind;
        scene.place = Place::file(path);
        scene.via.push(via);
        scene.depth += 1;
        scene
    }

    /// Returns the scene at a line of the same file.
    pub(super) fn at_line(&self, line: u32) -> Self {
        let mut scene = self.clone();
        scene.place = Place::at(&self.place.path, line, 0);
        scene
    }
}

/// Shell text and where it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) script: &'a str,
    /// Line of its first line.
    pub(super) line: u32,
    /// Whether its lines are lines of the file, as in a block of YAML that is not folded.
    pub(super) keeps_lines: bool,
}

/// An environment into which packages are installed and in which tools run.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) installs: Vec<usize>,
    pub(super) tools: BTreeSet<String>,
    pub(super) pins: BTreeMap<String, VersionPin>,
}

/// A program that runs commands which the repository has written down for it, such as tox, make and poe.
pub(super) trait TaskRunner: Sync {
    /// Returns the names by which it is called.
    fn programs(&self) -> &'static [&'static str];

    /// Follows all that it may run in the folder of a project, whether or not anything calls it.
    fn read(&self, walker: &mut Walker<'_>, folder: &str);

    /// Follows a call of it.
    fn follow(&self, walker: &mut Walker<'_>, program: &str, arguments: &[String], scene: &Scene);

    /// Follows what a project manager runs by its name, as in `pdm run lint`; returns whether there is such a task.
    fn follow_named(
        &self,
        _walker: &mut Walker<'_>,
        _manager: &str,
        _name: &str,
        _arguments: &[String],
        _scene: &Scene,
    ) -> bool {
        false
    }
}

/// The state of the walk.
pub(super) struct Walker<'a> {
    pub(super) tree: &'a Tree,
    pub(super) automation: Automation,
    pub(super) scopes: Vec<Scope>,
    /// What is being followed, so that a circle ends.
    active: Vec<String>,
    /// What was read, by its form and where it lies, so that each is read once.
    known: BTreeMap<(TypeId, String), Option<Rc<dyn Any>>>,
    task_runners: &'static [&'static dyn TaskRunner],
    pub(super) apt_packages: BTreeSet<String>,
    /// Pythons of matrices in CI, also of jobs whose commands could not be read.
    pub(super) matrix_pythons: BTreeMap<PythonVersion, Place>,
}

const DEEPEST: u32 = 14;
const MOST_INVOCATIONS: usize = 4_000;

impl<'a> Walker<'a> {
    pub(super) fn new(tree: &'a Tree, task_runners: &'static [&'static dyn TaskRunner]) -> Self {
        Self {
            tree,
            automation: Automation::default(),
            scopes: Vec::new(),
            active: Vec::new(),
            known: BTreeMap::new(),
            task_runners,
            apt_packages: BTreeSet::new(),
            matrix_pythons: BTreeMap::new(),
        }
    }

    /// Notes a file that describes automation.
    pub(super) fn source(&mut self, kind: &str, path: &str) {
        let source = AutomationSource {
            kind: kind.to_owned(),
            path: path.to_owned(),
        };
        if !self.automation.sources.contains(&source) {
            self.automation.sources.push(source);
        }
    }

    /// Opens an environment of its own.
    pub(super) fn new_scope(&mut self) -> usize {
        self.scopes.push(Scope::default());
        self.scopes.len() - 1
    }

    /// Returns a scene at a file that nothing calls.
    pub(super) fn root_scene(&mut self, kind: AutomationKind, path: &str) -> Scene {
        Scene {
            place: Place::file(path),
            via: Vec::new(),
            kind,
            from_ci: false,
            on_change: false,
            can_fail: true,
            by_default: true,
            folder: String::new(),
            environment: BTreeMap::new(),
            pythons: Vec::new(),
            scope: self.new_scope(),
            depth: 0,
        }
    }

    /// Notes what could not be followed. In CI for changes it may hide checks.
    pub(super) fn unreadable(&mut self, scene: &Scene, what: &str) {
        if scene.from_ci && scene.on_change {
            self.automation.ci_is_whole = false;
        }
        let line = format!("{}: {what}", scene.place);
        if !self.automation.unreadable.contains(&line) {
            self.automation.unreadable.push(line);
        }
    }

    /// Follows something once: `false` where it is already being followed or lies too deep.
    pub(super) fn enter(&mut self, key: String, scene: &Scene) -> bool {
        let is_new = scene.depth < DEEPEST && !self.active.contains(&key);
        if is_new {
            self.active.push(key);
        }
        is_new
    }

    /// Ends what the last [`Self::enter`] began.
    pub(super) fn leave(&mut self) {
        self.active.pop();
    }

    /// Follows every command of a shell script; returns the variables that it sets for later steps.
    pub(super) fn script(
        &mut self,
        text: Text<'_>,
        shell: &Shell,
        scene: &Scene,
    ) -> BTreeMap<String, String> {
        let mut shell = shell.clone();
        for (name, value) in &scene.environment {
            if !value.contains("${{") {
                shell
                    .variables
                    .entry(name.clone())
                    .or_insert_with(|| value.clone());
            }
        }
        let script = shell::read(text.script, &shell);
        for command in script.commands {
            let line = text.line + if text.keeps_lines { command.line } else { 0 };
            let mut inner = scene.at_line(line);
            inner.can_fail &= command.can_fail;
            inner.environment.extend(command.environment);
            inner.folder = paths::join(&scene.folder, &command.folder);
            self.command(&command.words, &inner);
        }
        script.exported
    }

    /// Follows one command line in a format where each line is a shell of its own.
    pub(super) fn line(&mut self, text: &str, scene: &Scene) {
        self.shell_line(text, true, scene);
    }

    /// Follows one line of a recipe of make or just: they stop at the first line whose shell fails; within
    /// it the last command counts.
    pub(super) fn recipe_line(&mut self, text: &str, scene: &Scene) {
        self.shell_line(text, false, scene);
    }

    fn shell_line(&mut self, text: &str, errexit: bool, scene: &Scene) {
        let shell = Shell {
            errexit,
            pipefail: false,
            variables: BTreeMap::new(),
        };
        let text = Text {
            script: text,
            line: scene.place.line,
            keeps_lines: false,
        };
        self.script(text, &shell, scene);
    }

    /// Follows one command.
    pub(super) fn command(&mut self, words: &[String], scene: &Scene) {
        if self.automation.invocations.len() >= MOST_INVOCATIONS || scene.depth > DEEPEST {
            return;
        }
        let peeled = runners::peel(words);
        let mut inner = scene.clone();
        inner.environment.extend(peeled.environment.clone());
        if let Some(python) = peeled.python {
            inner.pythons = vec![python];
        }
        if let Some(folder) = &peeled.folder {
            inner.folder = paths::join(&scene.folder, folder);
        }
        if peeled.is_isolated {
            inner.scope = self.new_scope();
        }
        for draft in &peeled.installs {
            self.install(draft.clone(), &inner);
        }
        if !peeled.with.is_empty() {
            self.pin_requirements(&peeled.with, &inner);
        }
        if let Some(script) = &peeled.script {
            inner.depth += 1;
            self.line(script, &inner);
            return;
        }
        self.dispatch(&peeled, &inner);
    }

    fn dispatch(&mut self, peeled: &Peeled, scene: &Scene) {
        let words = peeled.words.as_slice();
        let Some((program, arguments)) = words.split_first() else {
            return;
        };
        if let Some(manager) = peeled.manager
            && self.task_runners.iter().any(|task_runner| {
                task_runner.follow_named(self, manager, program, arguments, scene)
            })
        {
            return;
        }
        if let Some(draft) = installs::read(words) {
            self.install(draft, scene);
            return;
        }
        let name = tools::base_name(program);
        let task_runner = self
            .task_runners
            .iter()
            .find(|task_runner| task_runner.programs().contains(&name.as_str()));
        if let Some(task_runner) = task_runner {
            task_runner.follow(self, program, arguments, scene);
            return;
        }
        match name.as_str() {
            "bash" | "sh" | "zsh" | "dash" | "source" | "." => {
                self.follow_interpreter(arguments, scene);
            }
            "apt-get" | "apt" => self.apt(arguments, scene),
            "invoke" | "inv" | "doit" | "pants" | "./pants" | "bazel" | "earthly" | "dagger"
            | "docker-compose" | "tilt" => {
                let what = format!("`{}` is not followed", words.join(" "));
                self.unreadable(scene, &what);
            }
            _ if self.follow_file(program, arguments, scene) => {}
            _ => self.tool(peeled, scene),
        }
    }

    fn tool(&mut self, peeled: &Peeled, scene: &Scene) {
        let Some(tool) = tools::recognise(&peeled.words) else {
            return;
        };
        if tool.name == "coverage run" {
            self.covered(&tool, scene);
        }
        let program = peeled.program(&tool.name);
        self.record_as(program, tool, &peeled.with, scene);
    }

    /// Follows what `coverage run` runs.
    fn covered(&mut self, tool: &Tool, scene: &Scene) {
        const VALUED: &[&str] = &[
            "--source",
            "--omit",
            "--include",
            "--rcfile",
            "--data-file",
            "--context",
            "--concurrency",
            "--save-signal",
        ];
        let read = super::options::leading(&tool.arguments, VALUED);
        let mut words = vec!["python".to_owned()];
        if read.has(&["-m", "--module"]) {
            words.push("-m".to_owned());
        }
        words.extend(read.operands);
        // `coverage run $(which pytest)` and `coverage run .venv/bin/pytest`.
        if let Some(file) = words
            .get(1)
            .filter(|word| !word.ends_with(".py") && *word != "-m")
        {
            let name = file
                .trim_end_matches([')', '`'])
                .rsplit([' ', '/'])
                .next()
                .unwrap_or(file)
                .to_owned();
            words.splice(0..2, [name]);
        }
        let mut inner = scene.clone();
        inner.depth += 1;
        self.command(&words, &inner);
    }

    /// Follows what lies in the folder of a project and may be called by nothing.
    pub(super) fn read_folder(&mut self, folder: &str) {
        for task_runner in self.task_runners {
            task_runner.read(self, folder);
        }
    }

    /// Returns what lies at a path in the form `T`; `read` is asked the first time alone.
    pub(super) fn once<T: Any>(
        &mut self,
        path: &str,
        read: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<Rc<T>> {
        let key = (TypeId::of::<T>(), path.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone()?.downcast().ok();
        }
        let found = read(self).map(Rc::new);
        let known = found.clone().map(|found| found as Rc<dyn Any>);
        self.known.insert(key, known);
        found
    }

    /// Reads a text file of the tree.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        if !self.tree.contains(path) {
            return None;
        }
        self.tree.read_text(path).ok()
    }

    fn apt(&mut self, arguments: &[String], scene: &Scene) {
        let read = super::options::all(arguments, &["-o", "-t", "--option", "--target-release"]);
        if scene.from_ci
            && read
                .operands
                .first()
                .is_some_and(|command| command == "install")
        {
            let packages = read
                .operands
                .into_iter()
                .skip(1)
                .filter(|name| !name.contains(['$', '/', '*']));
            self.apt_packages.extend(packages);
        }
    }

    /// `bash ci/test.sh`, `source scripts/common.sh`.
    fn follow_interpreter(&mut self, arguments: &[String], scene: &Scene) {
        let flags: Vec<&String> = arguments
            .iter()
            .take_while(|word| word.starts_with('-'))
            .collect();
        let errexit = flags
            .iter()
            .any(|flag| !flag.starts_with("--") && flag.contains('e'));
        if let Some((file, rest)) = arguments
            .get(flags.len()..)
            .and_then(<[String]>::split_first)
        {
            let path = paths::join(&scene.folder, file);
            if self.tree.contains(&path) {
                self.shell_file(&path, rest, errexit, scene);
            }
        }
    }

    /// Follows a script of the repository that is called by its path; returns whether it was one.
    fn follow_file(&mut self, program: &str, arguments: &[String], scene: &Scene) -> bool {
        if !program.contains('/') && !program.ends_with(".sh") {
            return false;
        }
        let path = paths::join(&scene.folder, program);
        let Some(text) = self.read(&path) else {
            return false;
        };
        let first = text.lines().next().unwrap_or_default();
        let is_shell = (first.starts_with("#!") && first.contains("sh")) || path.ends_with(".sh");
        if is_shell {
            self.shell_file(&path, arguments, false, scene);
            return true;
        }
        if first.starts_with("#!") && first.contains("python") {
            let mut words = vec!["python".to_owned(), program.to_owned()];
            words.extend(arguments.iter().cloned());
            let arguments = words.get(1..).unwrap_or_default().to_vec();
            self.record(
                Tool {
                    name: "python".to_owned(),
                    arguments,
                },
                &[],
                scene,
            );
            return true;
        }
        false
    }

    fn shell_file(&mut self, path: &str, arguments: &[String], errexit: bool, scene: &Scene) {
        let Some(text) = self.read(path) else { return };
        if !self.enter(format!("file {path} {}", arguments.join(" ")), scene) {
            return;
        }
        let first = text.lines().next().unwrap_or_default();
        let flags = first
            .strip_prefix("#!")
            .and_then(|line| line.split_once(" -"))
            .map_or("", |(_, flags)| flags);
        let errexit = errexit || flags.contains('e');
        let mut variables = BTreeMap::from([("@".to_owned(), arguments.join(" "))]);
        variables.extend(
            arguments
                .iter()
                .enumerate()
                .map(|(at, word)| ((at + 1).to_string(), word.clone())),
        );
        let shell = Shell {
            errexit,
            pipefail: false,
            variables,
        };
        let inner = scene.inside(AutomationKind::Script, path, path.to_owned());
        self.script(
            Text {
                script: &text,
                line: 1,
                keeps_lines: true,
            },
            &shell,
            &inner,
        );
        self.leave();
    }
}
