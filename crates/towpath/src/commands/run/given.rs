//! What the user gives to a run: variables, secrets and environment, from the command line, files, the
//! environment, programs and the terminal.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_host::secret::{self, Secret};
use towpath_python::RawSettings;
use towpath_report::Problem;

use super::files::mistakes;
use super::{dotenv, surroundings};
use crate::arguments::run::{Assignment, GivenArguments};
use crate::failure::Failure;
use crate::process::Process;

/// What the user gives to a run.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// The `vars` context.
    pub(super) variables: BTreeMap<String, String>,
    /// The `secrets` context.
    pub(super) secrets: BTreeMap<String, Secret>,
    /// Added to the environment of every step.
    pub(super) environment: BTreeMap<String, String>,
    /// What steps get with the way to the package index, and nobody is to read.
    pub(super) credentials: Vec<Secret>,
}

/// Where values come from.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) process: &'a Process,
    /// The folder to work in.
    pub(super) folder: &'a Path,
    pub(super) settings: &'a RawSettings,
    /// Tells whether a workflow that runs names a secret.
    pub(super) is_named: &'a dyn Fn(&str) -> bool,
    /// Whether nothing runs, so that no program is started and nobody is asked.
    pub(super) is_look: bool,
}

/// Gathers everything. What the command line says counts more than what a file says.
pub(super) fn given(sources: Sources<'_>, asked: &GivenArguments) -> Result<Given, Failure> {
    let mut given = Given {
        credentials: surroundings::credentials(&surroundings::variables(sources.process)),
        ..Given::default()
    };
    for file in &asked.var_file {
        given.variables.extend(read(sources.folder, file)?);
    }
    given.variables.extend(pairs(&asked.variables));
    given.environment.extend(pairs(&asked.environment));
    for file in &asked.secret_file {
        let secrets = read(sources.folder, file)?.into_iter();
        let secrets = secrets.map(|(name, value)| (name, Secret::new(value)));
        given.secrets.extend(secrets);
    }
    for argument in &asked.secrets {
        if !dotenv::is_name(&argument.name) {
            return Err(no_name(&argument.name));
        }
        let value = match &argument.value {
            Some(value) => Some(Secret::new(value.as_str())),
            None => found(sources, &argument.name)?,
        };
        if let Some(value) = value {
            given.secrets.insert(argument.name.clone(), value);
        }
    }
    ask_programs(sources, &mut given)?;
    Ok(given)
}

/// Refuses the name of a secret. A value without a name is not shown.
fn no_name(name: &str) -> Failure {
    let what = if name.is_empty() {
        "`--secret` has no name before the `=`".to_owned()
    } else {
        format!("`{name}` is no name of a secret")
    };
    let hint = "write `--secret NAME` or `--secret NAME=VALUE`; a name has letters, digits and `_`";
    Failure::of(Problem::error(what).with_hint(hint))
}

fn pairs(assignments: &[Assignment]) -> impl Iterator<Item = (String, String)> + '_ {
    assignments
        .iter()
        .map(|one| (one.name.clone(), one.value.clone()))
}

fn read(folder: &Path, file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let shown = file.display().to_string();
    let text = fs_err::read_to_string(folder.join(file)).map_err(|error| {
        Failure::of(
            Problem::error(format!("cannot read `{shown}`: {}", error.kind()))
                .with_hint("name a file of lines `NAME=VALUE`"),
        )
    })?;
    dotenv::parse(&shown, &text).map_err(mistakes)
}

/// A secret that is named alone lies in the environment, else a person knows it.
fn found(sources: Sources<'_>, name: &str) -> Result<Option<Secret>, Failure> {
    if let Some(value) = sources.process.environment.get(name) {
        return Ok(Some(Secret::new(value.as_str())));
    }
    if sources.is_look {
        return Ok(None);
    }
    secret::ask_person(&format!("secret {name}: "))
        .map(Some)
        .map_err(|error| Failure::from_error(&error, error.hints(name)))
}

fn ask_programs(sources: Sources<'_>, given: &mut Given) -> Result<(), Failure> {
    if sources.is_look {
        return Ok(());
    }
    for name in sources.settings.tables("secrets") {
        let is_given = given
            .secrets
            .keys()
            .any(|own| own.eq_ignore_ascii_case(&name));
        if is_given || !(sources.is_named)(&name) {
            continue;
        }
        let table = format!("secrets.{name}");
        let command = sources.settings.list(&table, "command").unwrap_or_default();
        let value = secret::ask_program(&command, sources.folder).map_err(|error| {
            let mut failure = Failure::from_error(&error, error.hints(&name));
            for problem in &mut failure.problems {
                problem.place = sources.settings.place(&table, "command");
            }
            failure
        })?;
        given.secrets.insert(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::run::SecretArgument;
    use towpath_testing::TestContext;

    fn gathered(is_look: bool, named: &str) -> (Given, TestContext) {
        let context = TestContext::without_git();
        context.write("v.env", "A=file\nB=file\n");
        context.write("s.env", "TOKEN=file\nOTHER=file\n");
        context.write(
            "towpath.toml",
            "[secrets]\nASKED = { command = [\"sh\", \"-c\", \"echo asked; echo x >> ran\"] }\n\
             TOKEN = { command = [\"false\"] }\nUNUSED = { command = [\"false\"] }\n",
        );
        let settings = super::super::settings::read(context.root()).unwrap();
        let mut process = Process::read().unwrap();
        process
            .environment
            .insert("FROM_HERE".to_owned(), "environment".to_owned());
        let one = |name: &str, value: &str| Assignment {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let asked = GivenArguments {
            secrets: vec![
                SecretArgument {
                    name: "OTHER".to_owned(),
                    value: Some("line".to_owned()),
                },
                SecretArgument {
                    name: "FROM_HERE".to_owned(),
                    value: None,
                },
            ],
            secret_file: vec!["s.env".into()],
            variables: vec![one("B", "line")],
            var_file: vec!["v.env".into()],
            environment: vec![one("E", "1")],
            approvals: Vec::new(),
        };
        let sources = Sources {
            process: &process,
            folder: context.root(),
            settings: &settings,
            is_named: &|name| name == named,
            is_look,
        };
        (given(sources, &asked).unwrap(), context)
    }

    #[test]
    fn the_command_line_counts_most() {
        let (given, context) = gathered(false, "ASKED");
        let secrets: Vec<(&str, &str)> = given
            .secrets
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.expose()))
            .collect();
        assert_eq!(
            secrets,
            [
                ("ASKED", "asked"),
                ("FROM_HERE", "environment"),
                ("OTHER", "line"),
                ("TOKEN", "file"),
            ]
        );
        assert_eq!(given.variables["A"], "file");
        assert_eq!(given.variables["B"], "line");
        assert_eq!(given.environment["E"], "1");
        assert_eq!(context.read("ran"), "x\n");
    }

    #[test]
    fn a_secret_without_a_name_is_refused_and_not_shown() {
        for (argument, message) in [
            ("=hunter2", "`--secret` has no name before the `=`"),
            ("A B=hunter2", "`A B` is no name of a secret"),
            ("1A", "`1A` is no name of a secret"),
        ] {
            let argument: SecretArgument = argument.parse().unwrap();
            assert!(!dotenv::is_name(&argument.name));
            let failure = no_name(&argument.name);
            assert_eq!(failure.problems[0].message, message);
        }
    }

    #[test]
    fn programs_are_asked_only_for_what_is_named_and_runs() {
        for (is_look, named) in [(true, "ASKED"), (false, "ELSE")] {
            let (given, context) = gathered(is_look, named);
            assert!(!given.secrets.contains_key("ASKED"));
            assert!(!context.root().join("ran").exists());
        }
    }
}
