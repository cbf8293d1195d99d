//! tox's configuration in one folder, in whichever form it is written: which environments it has, and which of
//! them a call runs.

use towpath_report::Source;

use super::configured::Configured;
use super::environment::{Arguments, Environment};
use super::{names, native};
use crate::automation::options::Options;
use crate::automation::walk::Scene;
use crate::automation::{paths, tables, unknown};
use crate::automation::tables::Node;
use crate::ini::{self, Ini};

/// tox's configuration in one folder.
#[derive(Debug)]
pub(super) struct Tox {
    pub(super) path: String,
    pub(super) folder: String,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Configured(Configured),
    Native(Box<Node>),
}

impl Tox {
    pub(super) fn environments(&self) -> Vec<String> {
        match &self.form {
            Form::Configured(configured) => configured.environments(),
            Form::Native(root) => native::environments(root),
        }
    }

    pub(super) fn declared(&self) -> Vec<String> {
        match &self.form {
            Form::Configured(configured) => configured.declared(),
            Form::Native(root) => native::declared(root),
        }
    }

    pub(super) fn environment(&self, name: &str, arguments: &Arguments) -> Environment {
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
    pub(super) fn called(&self, read: &Options, scene: &Scene) -> Option<Vec<String>> {
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

/// Reads a file; `None` where it does not configure tox.
pub(super) fn parse(path: &str, text: &str) -> Option<Tox> {
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
