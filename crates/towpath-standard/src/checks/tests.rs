//! `tests`: pytest with coverage on every Python, as the project's own automation runs it.

use std::collections::BTreeMap;

use towpath_python::{PythonVersion, TestRunner};
use towpath_report::readers::{Paths, pytest};
use towpath_report::{CheckResult, Finding, Place, Problem, Severity, TestCase, TestOutcome};

use super::{Check, count, gathered};
use crate::facts::{Facts, NeededCheck};
use crate::settings::Measure;
use crate::test_environment::{TestCall, TestEnvironment, test_call, test_environment};
use crate::tools;
use crate::work::{
    Applies, Artifact, Command, EnvironmentNeed, Inputs, Network, Output, Partial, ProjectInstall,
    PythonChoice, ToolWork, TreeUse, Work,
};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "tests"
    }

    fn about(&self) -> &'static str {
        "runs the tests with coverage on every Python of the matrix"
    }

    fn matrix(&self, facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        if facts.pythons.run.is_empty() || facts.project.tests.is_none() {
            return vec![None];
        }
        facts.pythons.run.iter().copied().map(Some).collect()
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        if facts.project.tests.is_none() {
            return Applies::Skip("no tests were found".to_owned());
        }
        let Some(python) = python else {
            return Applies::Skip(no_python(facts));
        };
        let project = if facts.project.is_package { ProjectInstall::Editable } else { ProjectInstall::No };
        let core = coverage_core(facts, python);
        Applies::Work(Box::new(Work::Tool(test_work(facts, python, project, core))))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        conclude_tests(facts, found)
    }
}

fn no_python(facts: &Facts<'_>) -> String {
    let wanted: Vec<String> = facts.pythons.missing.iter().map(ToString::to_string).collect();
    match wanted.last() {
        Some(newest) => format!("Python {} is not here (uv python install {newest})", wanted.join(", ")),
        None => "no Python that the project admits is here".to_owned(),
    }
}

/// How coverage is measured on one Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core {
    /// Not at all.
    None,
    /// The tracer that coverage.py chooses.
    Tracer,
    /// `sys.monitoring`, several times cheaper.
    Monitoring,
    /// By pytest-cov, which the project's own options ask for.
    Plugin,
}

/// `sys.monitoring` is there from 3.12 on and serves lines only; branches need 3.14.
fn coverage_core(facts: &Facts<'_>, python: PythonVersion) -> Core {
    let newest = facts.pythons.run.last() == Some(&python);
    let tests = facts.project.tests.as_ref();
    if tests.is_some_and(|tests| tests.add_options.iter().any(|option| option.starts_with("--cov"))) {
        return Core::Plugin;
    }
    match facts.settings.measure {
        Measure::None => return Core::None,
        Measure::NewestOnly if !newest => return Core::None,
        _ => {}
    }
    let coverage = &facts.project.coverage;
    let plain = coverage.plugins.is_empty()
        && !coverage.dynamic_context
        && coverage.concurrency.iter().all(|library| library == "thread");
    let serves = python >= PythonVersion::new(3, 14)
        || (python >= PythonVersion::new(3, 12) && !coverage.branch);
    if plain && serves { Core::Monitoring } else { Core::Tracer }
}

/// Returns the work of running the tests with the project installed in one way.
pub(crate) fn test_work(
    facts: &Facts<'_>,
    python: PythonVersion,
    project: ProjectInstall,
    core: Core,
) -> ToolWork {
    let environment = test_environment(facts);
    let call = test_call(facts);
    let installed = matches!(project, ProjectInstall::Wheel(_));
    let mut notes = Vec::new();
    if facts.project.tests.as_ref().is_some_and(|tests| tests.runner == TestRunner::Nose) {
        notes.push("the tests are written for nose; they run with the last pytest that honours it".to_owned());
    }
    if core == Core::Monitoring {
        notes.push("coverage is measured by sys.monitoring".to_owned());
    }
    ToolWork {
        environment: environment_need(facts, python, project, environment, core),
        tree: if installed { TreeUse::WithoutSources } else { TreeUse::Private },
        network: if facts.settings.test_network { Network::Open } else { Network::OnFailure },
        inputs: Inputs { endings: Vec::new(), observed: true, names: true },
        executes_project: true,
        commands: vec![pytest_command(facts, &call, core, installed)],
        scan: None,
        support_files: vec![
            ("pytest_launcher.py".to_owned(), include_bytes!("pytest_launcher.py").to_vec()),
            ("pytest_plugin.py".to_owned(), pytest::PLUGIN.as_bytes().to_vec()),
        ],
        artifacts: Vec::new(),
        key: Vec::new(),
        notes,
    }
}

fn environment_need(
    facts: &Facts<'_>,
    python: PythonVersion,
    project: ProjectInstall,
    environment: TestEnvironment,
    core: Core,
) -> EnvironmentNeed {
    let mut requirements = environment.requirements;
    let mut constraints = Vec::new();
    if matches!(core, Core::Tracer | Core::Monitoring) {
        requirements.push(coverage_requirement(facts));
    }
    for file in &environment.constraint_files {
        constraints.extend(facts.tree.read_text(file).unwrap_or_default().lines().map(str::to_owned));
    }
    let uses_lock = facts.project.lock.is_some();
    let (groups, extras) = (environment.groups, environment.extras);
    let locked = uses_lock.then(|| (groups.clone(), extras.clone()));
    if !uses_lock {
        let listed = |table: &BTreeMap<String, Vec<String>>, names: &[String]| -> Vec<String> {
            names.iter().filter_map(|name| table.get(name)).flatten().cloned().collect()
        };
        requirements.extend(facts.project.dependencies.iter().cloned());
        requirements.extend(listed(&facts.project.groups, &groups));
        requirements.extend(listed(&facts.project.extras, &extras));
    }
    EnvironmentNeed {
        python: PythonChoice::Exactly(python),
        requirements,
        requirement_files: environment.requirement_files,
        constraints,
        locked,
        project,
    }
}

/// Each Python gets the newest coverage that it can have: their data files fit together, and pinning
/// one version would leave out the oldest Python.
pub(crate) fn coverage_requirement(facts: &Facts<'_>) -> String {
    let chosen = tools::choose("coverage", facts.project, facts.automation);
    if chosen.note.is_empty() { chosen.requirement } else { "coverage>=7,<8".to_owned() }
}

fn pytest_command(facts: &Facts<'_>, call: &TestCall, core: Core, installed: bool) -> Command {
    let mut arguments = vec!["{python}".to_owned()];
    if matches!(core, Core::Tracer | Core::Monitoring) {
        arguments.extend(["-m".to_owned(), "coverage".to_owned(), "run".to_owned()]);
        arguments.extend(coverage_source(facts));
    }
    arguments.push("{out}/pytest_launcher.py".to_owned());
    // Without the sources in the tree nothing may come from the folder by accident.
    arguments.push(if call.as_module && !installed { "module" } else { "script" }.to_owned());
    arguments.push("{out}/pytest_plugin.py".to_owned());
    arguments.extend(call.arguments.iter().cloned());
    let mut environment = call.environment.clone();
    environment.insert(pytest::EVENTS_VARIABLE.to_owned(), "{out}/events.jsonl".to_owned());
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
        read: read_tests,
        hint: if core == Core::None { "no coverage" } else { "" }.to_owned(),
    }
}

/// Measures the project's own packages where its configuration names nothing.
fn coverage_source(facts: &Facts<'_>) -> Option<String> {
    let project = facts.project;
    if !project.coverage.source.is_empty() || project.layout.packages.is_empty() {
        return None;
    }
    let names: Vec<String> = project
        .layout
        .packages
        .iter()
        .map(|package| format!("{{tree}}/{}", package.trim_end_matches(".py")))
        .collect();
    let all_folders = project.layout.packages.iter().all(|package| !package.ends_with(".py"));
    if all_folders {
        return Some(format!("--source={}", names.join(",")));
    }
    let includes: Vec<String> = project
        .layout
        .packages
        .iter()
        .map(|package| if package.ends_with(".py") { format!("{{tree}}/{package}") } else { format!("{{tree}}/{package}/*") })
        .collect();
    Some(format!("--include={}", includes.join(",")))
}

fn read_tests(output: &Output<'_>) -> Result<Partial, String> {
    let events = (output.file)("events.jsonl").unwrap_or_default();
    let paths = Paths { root: output.root, folder: output.folder, installed: &[] };
    let run = pytest::read(&events, &paths);
    let mut partial = Partial { tests: run.tests, ..Partial::default() };
    if let Some(test) = &run.unfinished {
        partial.findings.push(general("crash", &format!("pytest ended in the middle of `{test}`")));
    }
    for error in &run.internal_errors {
        partial.findings.push(general("internal-error", &format!("pytest failed in itself: {}", error.message)));
    }
    if output.hint != "no coverage" {
        partial.artifacts.push(Artifact { name: "coverage".to_owned(), path: ".coverage".to_owned() });
    }
    let explained = partial.tests.iter().any(TestCase::is_failure) || !partial.findings.is_empty();
    match output.exit {
        0 | 1 => {}
        2 if explained => {}
        5 => partial.findings.push(general("no-tests", "pytest collected no test")),
        code if !explained => partial.errors.push(
            Problem::error(format!("pytest ended with exit code {code} before any test failed"))
                .with_hint(last_words(output.stderr, output.stdout)),
        ),
        _ => {}
    }
    if output.exit == 1 && !explained {
        partial.facts.insert("exit".to_owned(), "1".to_owned());
    }
    Ok(partial)
}

fn last_words(stderr: &str, stdout: &[u8]) -> String {
    let text = if stderr.trim().is_empty() { String::from_utf8_lossy(stdout).into_owned() } else { stderr.to_owned() };
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(8);
    format!("it said:\n{}", lines[from..].join("\n"))
}

fn general(rule: &str, message: &str) -> Finding {
    Finding {
        tool: "pytest".to_owned(),
        rule: rule.to_owned(),
        rule_url: None,
        message: message.to_owned(),
        place: None,
        severity: Severity::Error,
        fixable: false,
        blocking: true,
    }
}

/// Judges test cases: any failure fails the check; modules that are missing become one problem each.
pub(crate) fn conclude_tests(facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
    let mut result = gathered(found);
    let missing = missing_modules(&result.tests);
    if !missing.is_empty() {
        result.tests.retain(|case| missing_module(case).is_none());
    }
    for (module, place) in &missing {
        let mut finding = general(
            "missing-module",
            &format!(
                "the tests import `{module}`, which nothing declares; add it where the tests' requirements are, \
                 or set `requirements = [\"{module}\"]` in `[tool.towpath.tests]`"
            ),
        );
        finding.place = Some(place.clone());
        result.findings.push(finding);
    }
    result.summary = summary(&result.tests);
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|(module, _)| module.as_str()).collect();
        result.summary = format!("cannot import {}", names.join(", "));
    }
    result.failed = result.tests.iter().any(TestCase::is_failure)
        || result.findings.iter().any(|finding| finding.blocking);
    let _ = facts;
    result
}

fn missing_modules(tests: &[TestCase]) -> BTreeMap<String, Place> {
    let mut modules = BTreeMap::new();
    for case in tests {
        if let Some(module) = missing_module(case) {
            let place = case.failed_at.clone().unwrap_or_else(|| Place::at(&case.path, case.line, 0));
            modules.entry(module).or_insert(place);
        }
    }
    modules
}

/// Returns the module whose absence kept a file of tests from being collected.
fn missing_module(case: &TestCase) -> Option<String> {
    if case.outcome != TestOutcome::Error {
        return None;
    }
    let text = format!("{}\n{}", case.message, case.details);
    let at = text.find("ModuleNotFoundError: No module named '")?;
    let rest = &text[at + "ModuleNotFoundError: No module named '".len()..];
    rest.split('\'').next().map(|module| module.split('.').next().unwrap_or(module).to_owned())
}

fn summary(tests: &[TestCase]) -> String {
    let number = |wanted: &[TestOutcome]| tests.iter().filter(|case| wanted.contains(&case.outcome)).count();
    let parts = [
        (number(&[TestOutcome::Failed]), "failed"),
        (number(&[TestOutcome::Error]), if number(&[TestOutcome::Error]) == 1 { "error" } else { "errors" }),
        (number(&[TestOutcome::Passed, TestOutcome::XPassed]), "passed"),
        (number(&[TestOutcome::Skipped]), "skipped"),
        (number(&[TestOutcome::XFailed]), "xfailed"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    if said.is_empty() { count(0, "test") } else { said.join(", ") }
}
