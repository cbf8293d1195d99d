//! tox: which environments a call runs and which commands they hold.
//! Reads `tox.ini`, `setup.cfg`, `tox.toml` and `pyproject.toml`; creates no environment.

mod configured;
mod names;
mod native;
mod substitution;

use std::collections::BTreeMap;
use std::rc::Rc;

use towpath_report::Source;

use self::configured::Configured;
use crate::automation::installs::Draft;
use crate::automation::model::AutomationKind;
use crate::automation::options::{self, Options};
use crate::automation::paths;
use crate::automation::tables::{self, Node};
use crate::automation::unknown;
use crate::automation::walk::{Scene, TaskRunner, Walker};
use crate::PythonVersion;
use crate::ini::{self, Ini};

/// tox's configuration in one folder.
#[derive(Debug)]
struct Tox {
    path: String,
    folder: String,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Configured(Configured),
    Native(Box<Node>),
}

/// What is known when an environment is read.
#[derive(Debug, Clone, Default)]
struct Arguments {
    /// What the caller gives after `--`; absent for defaults.
    posargs: Option<Vec<String>>,
    /// Variables of the caller.
    variables: BTreeMap<String, String>,
    /// The folder of the configuration as seen from where commands run.
    root: String,
}

/// One environment as far as it matters here.
#[derive(Debug, Clone, Default)]
struct Environment {
    commands: Vec<ToxCommand>,
    deps: Vec<String>,
    extras: Vec<String>,
    groups: Vec<String>,
    installs_project: bool,
    editable: bool,
    variables: BTreeMap<String, String>,
    folder: String,
    base_python: Option<String>,
    ignores_outcome: bool,
}

/// One command of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ToxCommand {
    words: Vec<String>,
    line: u32,
    can_fail: bool,
}

impl ToxCommand {
    /// Makes a command of words; `-` before it lets its failure pass, `!` turns it round.
    fn new(mut words: Vec<String>, line: u32) -> Option<Self> {
        let first = words.first_mut()?;
        let mut can_fail = true;
        if let Some(rest) = first.strip_prefix('-').or_else(|| first.strip_prefix('!')) {
            can_fail = false;
            *first = rest.to_owned();
        }
        if first.is_empty() {
            words.remove(0);
        }
        (!words.is_empty()).then_some(Self {
            words,
            line,
            can_fail,
        })
    }
}

impl Tox {
    fn environments(&self) -> Vec<String> {
        match &self.form {
            Form::Configured(configured) => configured.environments(),
            Form::Native(root) => native::environments(root),
        }
    }

    fn declared(&self) -> Vec<String> {
        match &self.form {
            Form::Configured(configured) => configured.declared(),
            Form::Native(root) => native::declared(root),
        }
    }

    fn environment(&self, name: &str, arguments: &Arguments) -> Environment {
        let read = |arguments: &Arguments| match &self.form {
            Form::Configured(configured) => configured.environment(name, arguments),
            Form::Native(root) => native::environment(root, name, arguments),
        };
        let mut arguments = arguments.clone();
        let mut first = read(&arguments);
        if !first.variables.is_empty() {
            // `{env:NAME}` sees what the environment itself sets.
            arguments.variables.extend(first.variables.clone());
            first = read(&arguments);
        }
        let folder = first.folder.trim_matches(['.', '/']).to_owned();
        if folder.is_empty() || folder.contains(['{', '$']) {
            return first;
        }
        // Commands run elsewhere see the folder of the configuration from there.
        let root = vec![".."; folder.split('/').count()].join("/");
        let mut environment = read(&Arguments { root, ..arguments });
        environment.folder = first.folder;
        environment
    }

    /// Returns the environments that a call runs; `None` for a call that runs none.
    fn called(&self, read: &Options, scene: &Scene) -> Option<Vec<String>> {
        const SILENT: [&str; 12] = [
            "list",
            "l",
            "config",
            "c",
            "devenv",
            "d",
            "depends",
            "de",
            "quickstart",
            "q",
            "schema",
            "man",
        ];
        if read
            .operands
            .first()
            .is_some_and(|command| SILENT.contains(&command.as_str()))
            || read.has(&[
                "--notest",
                "-n",
                "--listenvs",
                "-l",
                "-a",
                "--listenvs-all",
                "--devenv",
                "--version",
                "--help",
            ])
        {
            return None;
        }
        let variable = scene
            .environment
            .get("TOXENV")
            .or_else(|| scene.environment.get("TOX_ENV"));
        let asked: Vec<&str> = read.values(&["-e", "--env"]).chain(None).collect();
        let asked = if asked.is_empty() {
            variable.map(String::as_str).into_iter().collect()
        } else {
            asked
        };
        let mut names: Vec<String> = Vec::new();
        for text in asked {
            names.extend(names::expand_all(
                &unknown::with_stars(text).replace(' ', ","),
            ));
        }
        let mut names: Vec<String> = names.iter().flat_map(|name| self.fitting(name)).collect();
        if names.iter().any(|name| name == "ALL") {
            names = self.environments();
            names.extend(self.declared());
        } else if names.is_empty() {
            names = self.default_environments(scene);
        }
        for factors in read.values(&["-f"]) {
            let factors = unknown::with_stars(factors).replace([',', ' '], "-");
            let known: Vec<&str> = factors
                .split('-')
                .filter(|factor| !factor.contains('*') && !factor.is_empty())
                .collect();
            names.retain(|name| known.is_empty() || names::holds(&known.join("-"), name));
        }
        let labels: Vec<&str> = read.values(&["-m"]).collect();
        if !labels.is_empty() {
            names = labels
                .iter()
                .flat_map(|label| self.labelled(label))
                .collect();
        }
        let skipped: Vec<&str> = read.values(&["--skip-env"]).collect();
        names.retain(|name| !skipped.iter().any(|skip| name.contains(*skip)));
        Some(names)
    }

    /// Returns the environments that a name with an unknown part may mean; a whole name itself.
    fn fitting(&self, name: &str) -> Vec<String> {
        if !name.contains('*') {
            return vec![name.to_owned()];
        }
        let all = [self.environments(), self.declared()].concat();
        let found: Vec<String> = all
            .into_iter()
            .filter(|other| unknown::fits(name, other))
            .collect();
        if found.is_empty() {
            vec![name.to_owned()]
        } else {
            found
        }
    }

    fn default_environments(&self, scene: &Scene) -> Vec<String> {
        if let (Form::Configured(configured), true) = (&self.form, scene.from_ci) {
            let found: Vec<Vec<String>> = scene
                .pythons
                .iter()
                .filter_map(|python| configured.for_github(&python.to_string()))
                .collect();
            if !found.is_empty() {
                return found.into_iter().flatten().collect();
            }
        }
        let all = self.environments();
        if all.is_empty() {
            vec!["py".to_owned()]
        } else {
            all
        }
    }

    /// Environments of a label, `[tox] labels = test = py310, py311`.
    fn labelled(&self, label: &str) -> Vec<String> {
        match &self.form {
            Form::Native(root) => root
                .at(&["labels", label])
                .map(Node::strings)
                .unwrap_or_default(),
            Form::Configured(configured) => {
                let key = configured
                    .ini
                    .section(configured.core)
                    .and_then(|core| core.entry(&["labels"]));
                let line = key.iter().flat_map(|key| key.lines()).find_map(|line| {
                    let (name, list) = line.text.split_once('=')?;
                    (name.trim() == label).then(|| list.to_owned())
                });
                names::expand_all(&line.unwrap_or_default())
            }
        }
    }
}

const VALUED: &[&str] = &[
    "-e",
    "--env",
    "-f",
    "-m",
    "-c",
    "--conf",
    "--workdir",
    "--work-dir",
    "--result-json",
    "-x",
    "--override",
    "--hashseed",
    "--force-dep",
    "--skip-env",
    "--root",
    "--installpkg",
    "--parallel",
    "--package-env",
    "--discover",
    "--index-url",
    "-i",
    "--parallel-no-spinner-x",
    "--exit-and-dump-after",
    "--sitepackages-x",
];

/// tox.
pub(super) struct Runner;

impl TaskRunner for Runner {
    fn programs(&self) -> &'static [&'static str] {
        &["tox"]
    }

    fn read(&self, walker: &mut Walker<'_>, folder: &str) {
        walker.read_tox(folder);
    }

    fn follow(&self, walker: &mut Walker<'_>, _program: &str, arguments: &[String], scene: &Scene) {
        walker.follow_tox(arguments, scene);
    }
}

impl Walker<'_> {
    /// Reads the environments of a folder that nothing need call.
    fn read_tox(&mut self, folder: &str) {
        let Some(tox) = self.tox_in(folder) else {
            return;
        };
        self.source("tox", &tox.path);
        let mut names = tox.environments();
        if names.is_empty() {
            names.push("py".to_owned());
        }
        for name in tox.declared() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut scene = self.root_scene(AutomationKind::Tox, &tox.path);
        scene.folder.clone_from(&tox.folder);
        for name in names {
            self.tox_environment(&tox, &name, None, &scene);
        }
    }

    /// Follows `tox …`.
    fn follow_tox(&mut self, arguments: &[String], scene: &Scene) {
        // `-p` and `-p auto` both mean to run in parallel.
        let arguments: Vec<String> = arguments
            .iter()
            .enumerate()
            .filter(|(at, word)| {
                let previous = at
                    .checked_sub(1)
                    .and_then(|before| arguments.get(before))
                    .map_or("", String::as_str);
                let is_count =
                    matches!(word.as_str(), "auto" | "all" | "max") || word.parse::<u32>().is_ok();
                !(matches!(previous, "-p" | "--parallel") && is_count)
            })
            .map(|(_, word)| word.clone())
            .collect();
        let read = options::all(&arguments, VALUED);
        let file = read
            .value(&["-c", "--conf"])
            .map(|path| paths::join(&scene.folder, path));
        let tox = match &file {
            Some(path) if path.contains('.') => self.tox_at(path),
            Some(folder) => self.tox_in(folder),
            None => paths::upwards(&scene.folder)
                .iter()
                .find_map(|folder| self.tox_in(folder)),
        };
        let Some(tox) = tox else {
            self.unreadable(
                scene,
                "`tox` is called, but no configuration of tox is here",
            );
            return;
        };
        self.source("tox", &tox.path);
        let Some(names) = tox.called(&read, scene) else {
            return;
        };
        let posargs = (!read.after.is_empty()).then(|| read.after.clone());
        for name in names {
            if name.contains('*') {
                self.unreadable(
                    scene,
                    &format!("which environments `tox -e {name}` runs is known only in a run"),
                );
                continue;
            }
            self.tox_environment(&tox, &name, posargs.clone(), scene);
        }
    }

    fn tox_environment(
        &mut self,
        tox: &Rc<Tox>,
        name: &str,
        posargs: Option<Vec<String>>,
        scene: &Scene,
    ) {
        if !self.enter(format!("tox {} {name}", tox.path), scene) {
            return;
        }
        let arguments = Arguments {
            posargs,
            variables: scene.environment.clone(),
            root: ".".to_owned(),
        };
        let environment = tox.environment(name, &arguments);
        let mut inner = scene.inside(AutomationKind::Tox, &tox.path, format!("tox env `{name}`"));
        inner.scope = self.new_scope();
        inner.can_fail &= !environment.ignores_outcome;
        inner.environment.extend(environment.variables.clone());
        if let Some(pythons) = pythons(name, environment.base_python.as_deref()) {
            inner.pythons = pythons;
        }
        inner.folder.clone_from(&tox.folder);
        self.tox_install(&environment, &inner);
        inner.folder = paths::join(&tox.folder, &environment.folder);
        for command in &environment.commands {
            let mut at = inner.at_line(command.line);
            at.can_fail &= command.can_fail;
            let words: Vec<String> = command
                .words
                .iter()
                .map(|word| without_name(&tidy(word), name))
                .collect();
            self.command(&words, &at);
        }
        self.leave();
    }

    fn tox_install(&mut self, environment: &Environment, scene: &Scene) {
        let mut draft = Draft {
            installer: "tox",
            extras: environment.extras.clone(),
            groups: environment.groups.clone(),
            project: environment.installs_project,
            editable: environment.installs_project && environment.editable,
            ..Draft::default()
        };
        for line in &environment.deps {
            let after = |options: &[&str]| {
                let found = options.iter().find_map(|option| line.strip_prefix(option));
                found.map(|rest| tidy(rest.trim_start_matches([' ', '='])))
            };
            if let Some(file) = after(&["--requirement", "-r"]) {
                draft.requirement_files.push(file);
            } else if let Some(file) = after(&["--constraint", "-c"]) {
                draft.constraint_files.push(file);
            } else if let Some(local) =
                after(&["--editable", "-e"]).or_else(|| line.starts_with('.').then(|| line.clone()))
            {
                let path = local
                    .split('[')
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches('/');
                draft.project |= matches!(path, "." | "");
                let extras = local
                    .split_once('[')
                    .map_or("", |(_, extras)| extras)
                    .trim_end_matches(']');
                draft.extras.extend(
                    extras
                        .split(',')
                        .map(str::trim)
                        .filter(|extra| !extra.is_empty())
                        .map(str::to_owned),
                );
            } else if !line.starts_with('-') {
                draft.requirements.push(line.clone());
            }
        }
        self.install(draft, scene);
    }

    fn tox_in(&mut self, folder: &str) -> Option<Rc<Tox>> {
        ["tox.ini", "setup.cfg", "pyproject.toml", "tox.toml"]
            .iter()
            .find_map(|name| self.tox_at(&paths::join(folder, name)))
    }

    fn tox_at(&mut self, path: &str) -> Option<Rc<Tox>> {
        self.once(path, |walker| parse(path, &walker.read(path)?))
    }
}

/// Names of reports hold the environment's name, `--junitxml=tests.py311.xml`; without it the same
/// command of several environments is one.
fn without_name(word: &str, name: &str) -> String {
    if word.starts_with("--") {
        word.replace(&format!(".{name}."), ".{env_name}.")
    } else {
        word.to_owned()
    }
}

/// `{envbindir}/x` and `./x` are `x`.
fn tidy(word: &str) -> String {
    let word = word
        .strip_prefix("{envbindir}/")
        .or_else(|| word.strip_prefix("{env_bin_dir}/"))
        .unwrap_or(word);
    match word.strip_prefix("./") {
        Some(rest) if !rest.is_empty() && !rest.ends_with(".sh") => rest.to_owned(),
        _ => word.to_owned(),
    }
}

/// Returns the Pythons of an environment by its name or its own key; `None` where the caller decides.
fn pythons(name: &str, base: Option<&str>) -> Option<Vec<PythonVersion>> {
    if let Some(python) = names::python(name) {
        return Some(vec![python]);
    }
    if name.split('-').any(|factor| factor.starts_with("pypy")) {
        return Some(Vec::new());
    }
    if names::names_interpreter(name) {
        return None;
    }
    base.and_then(names::python).map(|python| vec![python])
}

fn parse(path: &str, text: &str) -> Option<Tox> {
    let folder = paths::parent(path).to_owned();
    let tox = |form: Form| {
        Some(Tox {
            path: path.to_owned(),
            folder: folder.clone(),
            form,
        })
    };
    if !path.ends_with(".toml") {
        let ini = read_ini(path, text);
        let core = if path.ends_with("setup.cfg") {
            "tox:tox"
        } else {
            "tox"
        };
        let is_tox = ini.section(core).is_some()
            || (!path.ends_with("setup.cfg")
                && ini
                    .sections
                    .iter()
                    .any(|section| section.name.starts_with("testenv")));
        return is_tox.then(|| tox(Form::Configured(Configured { ini, core })))?;
    }
    let root = tables::parse(text)?;
    let root = if path.ends_with("pyproject.toml") {
        root.at(&["tool", "tox"])?.clone()
    } else {
        root
    };
    match root.get("legacy_tox_ini") {
        Some(legacy) => {
            // The lines of the text within the file; TOML drops the line end after the opening quotes.
            let shifted = format!("{}{}", "\n".repeat(legacy.line as usize), legacy.text()?);
            tox(Form::Configured(Configured {
                ini: read_ini(path, &shifted),
                core: "tox",
            }))
        }
        None => tox(Form::Native(Box::new(root))),
    }
}

/// What is broken in the file is told where the project's own settings are read.
fn read_ini(path: &str, text: &str) -> Ini {
    ini::parse(Source { path, text }).0
}

#[cfg(test)]
mod tests;
