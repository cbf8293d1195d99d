//! `tests`: pytest with coverage on every Python, as the project's own automation runs it.

use std::collections::BTreeMap;

use towpath_python::{PythonVersion, TestRunner};
use towpath_report::readers::{Paths, pytest};
use towpath_report::{CheckResult, Finding, Problem, Severity, TestCase, TestOutcome};

use super::{Check, count, gathered};
use crate::facts::{Facts, NeededCheck, is_below};
use crate::settings::Measure;
use crate::test_environment::{TestCall, TestEnvironment, measured, test_call, test_environment};
use crate::tools;
use crate::undeclared::{Undeclared, absent_module};
use crate::work::{
    Applies, Artifact, Command, EnvironmentNeed, Inputs, Network, Output, Partial, ProjectInstall,
    PythonChoice, ToolWork, TreeUse, Work,
};

/// Written by the launcher where the wheel holds none of the tests that lie in the package.
const NOT_INSTALLED: &str = "not_installed";

/// Written by the launcher where the run failed: the names of all modules that could be imported.
const IMPORTABLE: &str = "importable";

/// Fact about the module without which pytest could not start.
const ABSENT: &str = "absent";

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
        Applies::Work(Box::new(Work::Tool(test_work(facts, TestRun::of_the_project(facts, python, project, core)))))
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

/// One way to run tests.
pub(crate) struct TestRun {
    pub(crate) python: PythonVersion,
    pub(crate) project: ProjectInstall,
    pub(crate) core: Core,
    pub(crate) call: TestCall,
    pub(crate) environment: TestEnvironment,
    pub(crate) network: Network,
}

impl TestRun {
    /// The tests as the project calls them.
    pub(crate) fn of_the_project(
        facts: &Facts<'_>,
        python: PythonVersion,
        project: ProjectInstall,
        core: Core,
    ) -> Self {
        Self {
            python,
            project,
            core,
            call: test_call(facts),
            environment: test_environment(facts),
            network: if facts.settings.test_network { Network::Open } else { Network::OnFailure },
        }
    }
}

/// Returns the work of running tests in one way.
pub(crate) fn test_work(facts: &Facts<'_>, run: TestRun) -> ToolWork {
    let TestRun { python, project, core, call, environment, network } = run;
    let installed = matches!(project, ProjectInstall::Wheel(_));
    let mut notes = Vec::new();
    if facts.project.tests.as_ref().is_some_and(|tests| tests.runner == TestRunner::Nose) {
        notes.push("the tests are written for nose; they run with the last pytest that honours it".to_owned());
    }
    if core == Core::Monitoring {
        notes.push("coverage is measured by sys.monitoring".to_owned());
    }
    let mut commands = vec![pytest_command(facts, &call, core, installed)];
    if matches!(core, Core::Tracer | Core::Monitoring) && names_data_by_process(facts) {
        commands.push(combine_command(facts));
    }
    ToolWork {
        environment: environment_need(facts, python, project, environment, core),
        tree: if installed { TreeUse::WithoutSources } else { TreeUse::Private },
        network,
        inputs: Inputs { globs: Vec::new(), endings: Vec::new(), observed: true, names: true },
        executes_project: true,
        builds: false,
        commands,
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
        requirements.extend(coverage_plugins(facts));
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
    if chosen.note.is_empty() { chosen.requirement } else { "coverage>=6.2,<8".to_owned() }
}

/// Returns the packages of coverage's plugins that are well known; coverage does not start without
/// them. Others are left to what the project declares.
pub(crate) fn coverage_plugins(facts: &Facts<'_>) -> impl Iterator<Item = String> {
    const PACKAGES: [(&str, &str); 6] = [
        ("covdefaults", "covdefaults"),
        ("Cython.Coverage", "Cython"),
        ("django_coverage_plugin", "django-coverage-plugin"),
        ("coverage_conditional_plugin", "coverage-conditional-plugin"),
        ("coverage_pyver_pragma", "coverage-pyver-pragma"),
        ("coverage_enable_subprocess", "coverage-enable-subprocess"),
    ];
    let package = |plugin: &String| PACKAGES.iter().find(|(module, _)| module == plugin);
    facts.project.coverage.plugins.iter().filter_map(package).map(|(_, package)| (*package).to_owned())
}

fn pytest_command(facts: &Facts<'_>, call: &TestCall, core: Core, installed: bool) -> Command {
    let mut arguments = vec!["{python}".to_owned()];
    if matches!(core, Core::Tracer | Core::Monitoring) {
        arguments.extend(["-m".to_owned(), "coverage".to_owned(), "run".to_owned()]);
        arguments.extend(coverage_source(facts));
    }
    arguments.push("{out}/pytest_launcher.py".to_owned());
    // Without the sources in the tree nothing may come from the folder by accident.
    let how = if call.as_module && !installed { "module" } else { "script" };
    arguments.push(format!("{how}{}", if call.only_unittest { ",unittest" } else { "" }));
    arguments.push("{out}/pytest_plugin.py".to_owned());
    arguments.extend(if installed { installed_arguments(facts, call) } else { call.arguments.clone() });
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

/// Returns the arguments for tests against the wheel: what lies in the project's packages is named as
/// the module that the wheel installs, marked for the launcher.
fn installed_arguments(facts: &Facts<'_>, call: &TestCall) -> Vec<String> {
    let tests = facts.project.tests.iter().flat_map(|tests| &tests.paths);
    let own: Vec<String> = tests.map(|path| relative(path, &call.folder)).collect();
    let names_paths = call.arguments.iter().any(|argument| !argument.starts_with('-'));
    let implied = if names_paths { &[][..] } else { own.as_slice() };
    let mut converted = false;
    let mut arguments = Vec::new();
    for argument in call.arguments.iter().chain(implied) {
        let modules = installed_modules(facts, &call.folder, argument);
        converted |= !modules.is_empty();
        if modules.is_empty() {
            arguments.push(argument.clone());
        }
        arguments.extend(modules.into_iter().map(|module| format!("installed:{module}")));
    }
    if !converted {
        return call.arguments.clone();
    }
    arguments.insert(0, "--pyargs".to_owned());
    arguments
}

fn relative(path: &str, folder: &str) -> String {
    path.strip_prefix(folder).map_or(path, |rest| rest.trim_start_matches('/')).to_owned()
}

/// Returns the modules that a path in the tree is installed as; none where it is not in a package.
fn installed_modules(facts: &Facts<'_>, folder: &str, argument: &str) -> Vec<String> {
    let (path, inside) = argument.split_once("::").map_or((argument, ""), |(path, inside)| (path, inside));
    let path = path.trim_start_matches("./").trim_end_matches('/');
    let path = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    let layout = &facts.project.layout;
    let folders = layout.packages.iter().filter(|package| !package.ends_with(".py"));
    let roots = || layout.import_roots.iter().filter(|root| is_below(&path, root));
    let module = |path: &str| {
        let root = roots().max_by_key(|root| root.len()).map_or("", String::as_str);
        let module = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').trim_end_matches(".py");
        module.trim_end_matches("/__init__").replace('/', ".")
    };
    if layout.import_roots.iter().any(|root| !root.is_empty() && *root == path) {
        return folders.filter(|package| is_below(package, &path)).map(|package| module(package)).collect();
    }
    if !folders.into_iter().any(|package| is_below(&path, package)) {
        return Vec::new();
    }
    let inside = if inside.is_empty() { String::new() } else { format!("::{inside}") };
    vec![format!("{}{inside}", module(&path))]
}

/// Whether coverage.py writes one data file for each process, so that they are to be joined.
fn names_data_by_process(facts: &Facts<'_>) -> bool {
    let coverage = &facts.project.coverage;
    coverage.parallel || coverage.concurrency.iter().any(|library| library == "multiprocessing")
}

/// Joins the data files of all processes into the one that is kept.
fn combine_command(facts: &Facts<'_>) -> Command {
    Command {
        tool: "coverage".to_owned(),
        arguments: ["{python}", "-m", "coverage", "combine", "--quiet"].map(str::to_owned).to_vec(),
        environment: BTreeMap::from([("COVERAGE_FILE".to_owned(), "{out}/.coverage".to_owned())]),
        folder: facts.project.root.clone(),
        // Tests that never started left nothing to join, which the tests themselves say.
        read: |_| Ok(Partial::default()),
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
        let folders: Vec<String> = sources.iter().map(|source| format!("{{tree}}/{source}")).collect();
        return Some(format!("--source={}", folders.join(",")));
    }
    let include = |source: &String| {
        if is_file(source) {
            format!("{{tree}}/{}", python_file(source))
        } else {
            format!("{{tree}}/{source}/*")
        }
    };
    Some(format!("--include={}", sources.iter().map(include).collect::<Vec<_>>().join(",")))
}

fn python_file(source: &str) -> String {
    format!("{}.py", source.trim_end_matches(".py"))
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
    let ran = |case: &TestCase| !matches!(case.outcome, TestOutcome::Error | TestOutcome::Skipped);
    if output.hint != "no coverage" && partial.tests.iter().any(ran) {
        partial.artifacts.push(Artifact { name: "coverage".to_owned(), path: ".coverage".to_owned() });
    }
    if let Some(names) = (output.file)(IMPORTABLE) {
        partial.facts.insert(IMPORTABLE.to_owned(), String::from_utf8_lossy(&names).into_owned());
    }
    let explained = partial.tests.iter().any(TestCase::is_failure) || !partial.findings.is_empty();
    match output.exit {
        0 => {}
        _ if explained => {}
        5 if (output.file)(NOT_INSTALLED).is_some() => {
            partial.facts.insert(NOT_INSTALLED.to_owned(), String::new());
        }
        5 => partial.findings.push(general("no-tests", "pytest collected no test")),
        // A plugin's gate, such as pytest-cov's, fails a run in which every test passed.
        1 if !partial.tests.is_empty() => partial.findings.push(general(
            "exit-code",
            &format!("every test passed, but pytest ended with exit code 1; {}", last_words(output)),
        )),
        code => {
            if let Some(module) = absent_module(output.stderr) {
                partial.facts.insert(ABSENT.to_owned(), module);
            }
            partial.errors.push(
                Problem::error(format!("pytest ended with exit code {code} before any test failed"))
                    .with_hint(last_words(output)),
            );
        }
    }
    Ok(partial)
}

fn last_words(output: &Output<'_>) -> String {
    let said = output.stderr;
    let text = if said.trim().is_empty() { String::from_utf8_lossy(output.stdout).into_owned() } else { said.to_owned() };
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

/// Judges test cases: any failure fails the check; all that nothing declares becomes one problem.
pub(crate) fn conclude_tests(facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
    let told = |name: &str| found.iter().find_map(|partial| partial.facts.get(name));
    let without_tests = told(NOT_INSTALLED).is_some();
    let absent: Vec<String> = told(ABSENT).into_iter().cloned().collect();
    let importable = told(IMPORTABLE).cloned();
    let mut result = gathered(found);
    let undeclared = Undeclared::take(facts, &mut result.tests, &absent, importable.as_deref());
    result.summary = summary(&result.tests);
    if let Some(finding) = undeclared.finding() {
        result.findings.push(finding);
        result.summary = format!("cannot import {}", undeclared.names().join(", "));
        if !absent.is_empty() {
            // What pytest said when it could not start says no more.
            result.errors.clear();
        }
    }
    if without_tests && result.tests.is_empty() {
        result.skipped = "the wheel holds no tests".to_owned();
    }
    result.failed = result.tests.iter().any(TestCase::is_failure)
        || result.findings.iter().any(|finding| finding.blocking);
    result
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
