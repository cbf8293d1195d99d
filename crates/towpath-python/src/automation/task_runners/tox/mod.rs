//! tox: which environments a call runs and which commands they hold.
//! Reads `tox.ini`, `setup.cfg`, `tox.toml` and `pyproject.toml`; creates no environment.

mod configuration;
mod configured;
mod environment;
mod names;
mod native;
mod substitution;

use std::rc::Rc;

use self::configuration::{Tox, parse};
use self::environment::{Arguments, Environment};
use crate::automation::installs::Draft;
use crate::automation::model::AutomationKind;
use crate::automation::options;
use crate::automation::paths;
use crate::automation::walk::{Scene, TaskRunner, Walker};
use crate::PythonVersion;

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
        let defaults = names.clone();
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
            scene.by_default = defaults.is_empty() || defaults.contains(&name);
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

#[cfg(test)]
mod tests;
