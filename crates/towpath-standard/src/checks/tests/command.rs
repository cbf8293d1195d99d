//! The command that runs the tests: pytest, measured, on what lies in the tree or what the wheel installed.

use std::collections::BTreeMap;

use towpath_report::readers::pytest;

use super::Core;
use super::read::{MEASURED, read_combined, read_tests};
use crate::facts::{Facts, is_below};
use crate::measured::measured;
use crate::pytest_plugins;
use crate::test_call::TestCall;
use crate::work::Command;

pub(super) fn pytest_command(
    facts: &Facts<'_>,
    call: &TestCall,
    core: Core,
    installed: bool,
) -> Command {
    let mut arguments = vec!["{python}".to_owned()];
    if matches!(core, Core::Tracer | Core::Monitoring) {
        arguments.extend(["-m".to_owned(), "coverage".to_owned(), "run".to_owned()]);
        arguments.extend(coverage_source(facts));
    }
    arguments.push("{out}/pytest_launcher.py".to_owned());
    // Without the sources in the tree nothing may come from the folder by accident.
    let how = if call.as_module && !installed {
        "module"
    } else {
        "script"
    };
    let unittest = if call.only_unittest { ",unittest" } else { "" };
    let wheel = if installed { ",wheel" } else { "" };
    arguments.push(format!("{how}{unittest}{wheel}"));
    arguments.push("{out}/pytest_plugin.py".to_owned());
    arguments.extend(if installed {
        installed_arguments(facts, call)
    } else {
        call.arguments.clone()
    });
    if facts.is_release() {
        // A file that cannot be imported for what the release leaves out says nothing of the others.
        arguments.push("--continue-on-collection-errors".to_owned());
    }
    if installed && pytest_plugins::is_given(facts.project, "--cov") {
        // The project's own gate is about its sources, which are out of reach.
        arguments.push("--no-cov".to_owned());
    }
    let mut environment = call.environment.clone();
    environment.insert(
        pytest::EVENTS_VARIABLE.to_owned(),
        "{out}/events.jsonl".to_owned(),
    );
    environment.insert(pytest::ROOT_VARIABLE.to_owned(), "{tree}".to_owned());
    environment.insert("COVERAGE_FILE".to_owned(), "{out}/.coverage".to_owned());
    if core == Core::Monitoring {
        environment.insert("COVERAGE_CORE".to_owned(), "sysmon".to_owned());
    }
    Command {
        tool: "pytest".to_owned(),
        arguments,
        environment,
        folder: call.folder.clone(),
        reads_stdout: false,
        read: read_tests,
        hint: if core != Core::None && !is_measured_by_process(facts, core) {
            MEASURED
        } else {
            ""
        }
        .to_owned(),
    }
}

/// Returns the arguments for tests against the wheel: what lies in the project's packages is named as
/// the module that the wheel installs, marked for the launcher.
fn installed_arguments(facts: &Facts<'_>, call: &TestCall) -> Vec<String> {
    let tests = facts.project.tests.iter().flat_map(|tests| &tests.paths);
    let own: Vec<String> = tests.map(|path| relative(path, &call.folder)).collect();
    let names_paths = call
        .arguments
        .iter()
        .any(|argument| !argument.starts_with('-'));
    let implied = if names_paths { &[][..] } else { own.as_slice() };
    let mut converted = false;
    let mut arguments = Vec::new();
    for argument in call.arguments.iter().chain(implied) {
        let modules = installed_modules(facts, &call.folder, argument);
        converted |= !modules.is_empty();
        if modules.is_empty() {
            arguments.push(argument.clone());
        }
        arguments.extend(
            modules
                .into_iter()
                .map(|module| format!("installed:{module}")),
        );
    }
    if !converted {
        return call.arguments.clone();
    }
    arguments.insert(0, "--pyargs".to_owned());
    arguments
}

fn relative(path: &str, folder: &str) -> String {
    path.strip_prefix(folder)
        .map_or(path, |rest| rest.trim_start_matches('/'))
        .to_owned()
}

/// Returns the modules that a path in the tree is installed as; none where it is not in a package.
fn installed_modules(facts: &Facts<'_>, folder: &str, argument: &str) -> Vec<String> {
    let (path, inside) = argument
        .split_once("::")
        .map_or((argument, ""), |(path, inside)| (path, inside));
    let path = path.trim_start_matches("./").trim_end_matches('/');
    let path = if folder.is_empty() {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    };
    let layout = &facts.project.layout;
    let folders = layout
        .packages
        .iter()
        .filter(|package| !package.ends_with(".py"));
    let roots = || {
        layout
            .import_roots
            .iter()
            .filter(|root| is_below(&path, root))
    };
    let module = |path: &str| {
        let root = roots()
            .max_by_key(|root| root.len())
            .map_or("", String::as_str);
        let module = path
            .strip_prefix(root)
            .unwrap_or(path)
            .trim_start_matches('/')
            .trim_end_matches(".py");
        module.trim_end_matches("/__init__").replace('/', ".")
    };
    if layout
        .import_roots
        .iter()
        .any(|root| !root.is_empty() && *root == path)
    {
        return folders
            .filter(|package| is_below(package, &path))
            .map(|package| module(package))
            .collect();
    }
    if !folders.into_iter().any(|package| is_below(&path, package)) {
        return Vec::new();
    }
    let inside = if inside.is_empty() {
        String::new()
    } else {
        format!("::{inside}")
    };
    vec![format!("{}{inside}", module(&path))]
}

/// Whether coverage.py writes one data file for each process, so that they are to be joined.
pub(super) fn is_measured_by_process(facts: &Facts<'_>, core: Core) -> bool {
    let coverage = &facts.project.coverage;
    let libraries = &coverage.concurrency;
    let names_process =
        coverage.parallel || libraries.iter().any(|library| library == "multiprocessing");
    matches!(core, Core::Tracer | Core::Monitoring) && names_process
}

/// Joins the data files of all processes into the one that is kept.
pub(super) fn combine_command(facts: &Facts<'_>) -> Command {
    Command {
        tool: "coverage".to_owned(),
        arguments: ["{python}", "-m", "coverage", "combine", "--quiet"]
            .map(str::to_owned)
            .to_vec(),
        environment: BTreeMap::from([("COVERAGE_FILE".to_owned(), "{out}/.coverage".to_owned())]),
        folder: facts.project.root.clone(),
        reads_stdout: true,
        read: read_combined,
        hint: String::new(),
    }
}

/// Measures what the automation's own call measures; without one the project's packages where its
/// configuration names nothing.
fn coverage_source(facts: &Facts<'_>) -> Option<String> {
    let project = facts.project;
    let called = measured(facts).filter(|_| facts.settings.test_arguments.is_none());
    let sources = match called {
        Some(sources) if !sources.is_empty() => sources,
        // Everything that is imported from the tree, tests among it.
        Some(_) => return None,
        None if !project.coverage.source.is_empty() => return None,
        None => project.layout.packages.clone(),
    };
    let is_file = |source: &String| facts.tree.contains(&python_file(source));
    if sources.is_empty() {
        return None;
    }
    if !sources.iter().any(is_file) {
        let folders: Vec<String> = sources
            .iter()
            .map(|source| format!("{{tree}}/{source}"))
            .collect();
        return Some(format!("--source={}", folders.join(",")));
    }
    let include = |source: &String| {
        if is_file(source) {
            format!("{{tree}}/{}", python_file(source))
        } else {
            format!("{{tree}}/{source}/*")
        }
    };
    Some(format!(
        "--include={}",
        sources.iter().map(include).collect::<Vec<_>>().join(",")
    ))
}

fn python_file(source: &str) -> String {
    format!("{}.py", source.trim_end_matches(".py"))
}
