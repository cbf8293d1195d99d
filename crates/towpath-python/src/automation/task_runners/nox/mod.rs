//! nox: which sessions a call runs and what they hold. The noxfile is read as text with its
//! syntax; no Python of it is ever run.

mod file;
mod names;
mod run;
#[cfg(test)]
mod tests;
mod value;

use std::rc::Rc;

use self::file::{Nox, Session};
use self::run::Run;
use self::value::Value;
use crate::automation::model::AutomationKind;
use crate::automation::options::{self, Options};
use crate::automation::paths;
use crate::automation::tables;
use crate::automation::unknown;
use crate::automation::walk::{Scene, TaskRunner, Walker};

const VALUED: &[&str] = &[
    "-f",
    "--noxfile",
    "-p",
    "--pythons",
    "--python",
    "-k",
    "--keywords",
    "-t",
    "--tags",
    "--default-venv-backend",
    "-db",
    "--force-venv-backend",
    "-fb",
    "--envdir",
    "-P",
    "--force-python",
    "--extra-python",
    "--report",
    "--force-pythons",
];

/// Which sessions a call asks for.
#[derive(Debug, Default)]
struct Call {
    sessions: Vec<String>,
    pythons: Vec<String>,
    tags: Vec<String>,
    keyword: Option<String>,
}

/// nox.
pub(super) struct Runner;

impl TaskRunner for Runner {
    fn programs(&self) -> &'static [&'static str] {
        &["nox"]
    }

    fn read(&self, walker: &mut Walker<'_>, folder: &str) {
        walker.read_nox(folder);
    }

    fn follow(&self, walker: &mut Walker<'_>, _program: &str, arguments: &[String], scene: &Scene) {
        walker.follow_nox(arguments, scene);
    }
}

impl Walker<'_> {
    /// Reads the sessions of a folder that nothing need call.
    fn read_nox(&mut self, folder: &str) {
        let Some(nox) = self.nox_at(&paths::join(folder, "noxfile.py")) else {
            return;
        };
        self.source("nox", &nox.path);
        let mut scene = self.root_scene(AutomationKind::Nox, &nox.path);
        scene.folder.clone_from(&nox.folder);
        for session in &nox.sessions {
            scene.by_default = Call::default().wants(session, &nox);
            self.nox_session(&nox, session, &Call::default(), &[], &scene);
        }
    }

    /// Follows `nox …`.
    fn follow_nox(&mut self, arguments: &[String], scene: &Scene) {
        let (lists, rest) = spread(arguments);
        let read = options::all(&rest, VALUED);
        if read.has(&[
            "-l",
            "--list",
            "--list-sessions",
            "--version",
            "--install-only",
            "-h",
            "--help",
        ]) {
            return;
        }
        let path = match read.value(&["-f", "--noxfile"]) {
            Some(path) => paths::join(&scene.folder, path),
            None => paths::join(&scene.folder, "noxfile.py"),
        };
        let Some(nox) = self.nox_at(&path) else {
            self.unreadable(
                scene,
                &format!("`nox` is called, but `{path}` is not here or is no Python"),
            );
            return;
        };
        self.source("nox", &nox.path);
        let call = Call::new(&read, lists, scene);
        let wanted: Vec<&Session> = nox
            .sessions
            .iter()
            .filter(|session| call.wants(session, &nox))
            .collect();
        if let Some(name) = call
            .sessions
            .iter()
            .find(|name| name.contains('*'))
            .filter(|_| wanted.is_empty())
        {
            self.unreadable(
                scene,
                &format!("which sessions `nox -s {name}` runs is known only in a run"),
            );
        }
        for session in wanted {
            self.nox_session(&nox, session, &call, &read.after, scene);
        }
    }

    /// Follows `session.notify`.
    fn nox_named(
        &mut self,
        nox: &Rc<Nox>,
        name: &str,
        posargs: &[String],
        scene: &Scene,
    ) {
        let call = Call {
            sessions: vec![name.to_owned()],
            ..Call::default()
        };
        for session in nox
            .sessions
            .iter()
            .filter(|session| call.wants(session, nox))
        {
            self.nox_session(nox, session, &call, posargs, scene);
        }
    }

    fn nox_session(
        &mut self,
        nox: &Rc<Nox>,
        session: &Session,
        call: &Call,
        posargs: &[String],
        scene: &Scene,
    ) {
        if !self.enter(format!("nox {} {}", nox.path, session.name), scene) {
            return;
        }
        for required in &session.requires {
            self.nox_named(nox, required, &[], scene);
        }
        for python in call.pythons_of(session) {
            for parameters in &session.parameters {
                let mut inner = scene.inside(
                    AutomationKind::Nox,
                    &nox.path,
                    format!("nox session `{}`", session.name),
                );
                inner.folder.clone_from(&nox.folder);
                if !session.shares_environment {
                    inner.scope = self.new_scope();
                }
                if let Some(python) = &python {
                    inner.pythons = python.parse().into_iter().collect();
                }
                let mut locals = parameters.clone();
                locals.retain(|_, value| *value != Value::Session);
                let run = Run {
                    walker: self,
                    nox: Rc::clone(nox),
                    scene: inner,
                    python: python.clone(),
                    session: session.clone(),
                    posargs: posargs.to_vec(),
                    locals,
                    depth: 0,
                };
                run.run();
            }
        }
        self.leave();
    }

    fn nox_at(&mut self, path: &str) -> Option<Rc<Nox>> {
        self.once(path, |walker| {
            let folder = paths::parent(path).to_owned();
            let manifest = walker
                .read(&paths::join(&folder, "pyproject.toml"))
                .and_then(|text| tables::parse(&text));
            Nox::parse(path, &folder, walker.read(path)?, manifest)
        })
    }
}

/// Takes the options that are followed by several words, `-s lint tests`, out of the command line.
fn spread(arguments: &[String]) -> (Vec<String>, Vec<String>) {
    const LISTS: [&str; 5] = ["-s", "-e", "--session", "--sessions", "--from"];
    let (mut sessions, mut rest) = (Vec::new(), Vec::new());
    let mut in_list = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            rest.push(word.clone());
            rest.extend(words.cloned());
            break;
        }
        let attached = LISTS
            .iter()
            .find_map(|option| word.strip_prefix(option))
            .filter(|value| !value.is_empty());
        if LISTS.contains(&word.as_str()) {
            in_list = true;
        } else if let Some(value) =
            attached.filter(|value| word.starts_with("--") == value.starts_with('='))
        {
            sessions.push(value.trim_start_matches('=').to_owned());
            in_list = false;
        } else if word.starts_with('-') {
            in_list = false;
            rest.push(word.clone());
            if VALUED.contains(&word.as_str()) {
                rest.extend(words.next().cloned());
            }
        } else if in_list {
            sessions.extend(word.split(',').map(str::to_owned));
        } else {
            rest.push(word.clone());
        }
    }
    (sessions, rest)
}

impl Call {
    fn new(read: &Options, mut sessions: Vec<String>, scene: &Scene) -> Self {
        if sessions.is_empty() {
            let variable = scene
                .environment
                .get("NOXSESSION")
                .map(String::as_str)
                .unwrap_or_default();
            sessions.extend(
                variable
                    .split([',', ' '])
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned),
            );
        }
        let sessions = sessions
            .iter()
            .map(|name| unknown::with_stars(name))
            .collect();
        Self {
            sessions,
            pythons: known_pythons(read),
            tags: read.lists(&["-t", "--tags"]),
            keyword: read.value(&["-k", "--keywords"]).map(str::to_owned),
        }
    }

    fn wants(&self, session: &Session, nox: &Nox) -> bool {
        if let Some(keyword) = &self.keyword {
            let words: Vec<&str> = keyword.split_whitespace().collect();
            return match words.as_slice() {
                ["not", rest @ ..] => !rest.iter().any(|word| session.name.contains(word)),
                words => words.iter().any(|word| session.name.contains(word)),
            };
        }
        if !self.tags.is_empty() {
            return self.tags.iter().any(|tag| session.tags.contains(tag));
        }
        if !self.sessions.is_empty() {
            return self.sessions.iter().any(|name| is_of(name, session));
        }
        match &nox.chosen {
            Some(chosen) => chosen.iter().any(|name| is_of(name, session)),
            None => session.is_default,
        }
    }

    /// The Pythons for which a session runs; `None` for that of the caller.
    fn pythons_of(&self, session: &Session) -> Vec<Option<String>> {
        let named: Vec<String> = self
            .sessions
            .iter()
            .filter_map(|name| name.strip_prefix(&session.name)?.strip_prefix('-'))
            .map(|rest| rest.split('(').next().unwrap_or_default().to_owned())
            .filter(|python| !python.contains('*'))
            .collect();
        let wanted = |python: &&String| {
            (self.pythons.is_empty() || self.pythons.contains(python))
                && (named.is_empty() || named.contains(python))
        };
        let pythons: Vec<Option<String>> = session
            .pythons
            .iter()
            .filter(wanted)
            .cloned()
            .map(Some)
            .collect();
        if pythons.is_empty() {
            let asked: Vec<Option<String>> = self
                .pythons
                .iter()
                .chain(&named)
                .cloned()
                .map(Some)
                .collect();
            return if asked.is_empty() { vec![None] } else { asked };
        }
        pythons
    }
}

fn known_pythons(read: &Options) -> Vec<String> {
    let mut pythons = read.lists(&["-p", "--pythons", "--python", "-P", "--force-python"]);
    pythons.retain(|python| !python.contains('$'));
    pythons
}

/// Returns whether `tests`, `tests-3.12` or `tests(django=5)` asks for a session.
fn is_of(name: &str, session: &Session) -> bool {
    let base = name.split('(').next().unwrap_or(name);
    base == session.name
        || (base.contains('*') && unknown::fits(base, &session.name))
        || base.strip_prefix(&session.name).is_some_and(|rest| {
            rest.strip_prefix('-').is_some_and(|python| {
                python.starts_with(|c: char| c.is_ascii_digit())
                    || python.starts_with("pypy")
                    || python.starts_with('*')
            })
        })
}
