//! What the tests of a project need, found as a person would: what its automation installs beside
//! pytest, else its groups, extras and requirements files; and how its automation calls pytest.

use std::collections::BTreeMap;

use towpath_python::{Install, Invocation, TestRunner, test_needs};

use crate::facts::{Facts, is_below};
use crate::pytest_plugins;
use crate::tools;

/// What is installed for the tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TestEnvironment {
    pub(crate) requirements: Vec<String>,
    pub(crate) requirement_files: Vec<String>,
    pub(crate) constraint_files: Vec<String>,
    pub(crate) extras: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) reason: String,
}

/// Returns what the tests of a project need, without the project itself.
pub(crate) fn test_environment(facts: &Facts<'_>) -> TestEnvironment {
    let call = best_invocation(facts, "pytest").or_else(|| best_invocation(facts, "unittest"));
    environment_of(facts, call)
}

/// Returns what the tests need where one command runs them.
pub(crate) fn environment_of(facts: &Facts<'_>, call: Option<&Invocation>) -> TestEnvironment {
    let via = call.map(|invocation| invocation.via.as_slice());
    let mut found = installed(facts, is_test_runner, via).unwrap_or_else(|| declared(facts));
    if let Some(extras) = &facts.settings.test_extras {
        found.extras.clone_from(extras);
    }
    if let Some(groups) = &facts.settings.test_groups {
        found.groups.clone_from(groups);
    }
    found
        .requirements
        .extend(facts.settings.test_requirements.iter().cloned());
    if !found
        .requirements
        .iter()
        .any(|requirement| tools::names(requirement, "pytest"))
    {
        found.requirements.push(pytest_requirement(facts));
    }
    let options = facts
        .project
        .tests
        .iter()
        .flat_map(|tests| tests.add_options.clone());
    let plugins = pytest_plugins::of_options(&options.collect::<Vec<_>>());
    found
        .requirements
        .extend(plugins.into_iter().map(str::to_owned));
    found
}

/// Returns what the project itself declares for its tests.
pub(crate) fn declared(facts: &Facts<'_>) -> TestEnvironment {
    let needs = test_needs(facts.project);
    TestEnvironment {
        requirements: needs.requirements,
        requirement_files: needs.requirement_files,
        constraint_files: Vec::new(),
        extras: needs.extras,
        groups: needs.groups,
        reason: needs.reason,
    }
}

/// Returns what the automation installs where one of some tools runs, if that says anything.
pub(crate) fn automated(facts: &Facts<'_>, is_tool: fn(&str) -> bool) -> Option<TestEnvironment> {
    installed(facts, is_tool, None)
}

/// As [`automated`]; of several places the one by which a command is reached, where it is one of them.
fn installed(
    facts: &Facts<'_>,
    is_tool: fn(&str) -> bool,
    of: Option<&[String]>,
) -> Option<TestEnvironment> {
    let root = &facts.project.root;
    let relevant = |install: &&Install| {
        install.for_tools.iter().any(|tool| is_tool(tool))
            && (is_below(root, &install.folder) || is_below(&install.folder, root))
    };
    let mut installs: Vec<&Install> = facts.automation.installs.iter().filter(relevant).collect();
    if installs.iter().any(|install| install.reached_from_ci) {
        installs.retain(|install| install.reached_from_ci);
    }
    if installs.iter().any(|install| of == Some(&install.via)) {
        installs.retain(|install| of == Some(&install.via));
    }
    // Environments differ (oldest dependencies, coverage upload); the fullest readable one is taken.
    let via = |install: &Install| install.via.clone();
    let mut environments: BTreeMap<Vec<String>, TestEnvironment> = BTreeMap::new();
    for install in installs {
        let environment = environments.entry(via(install)).or_default();
        add(environment, install, facts);
    }
    let fullness = |found: &TestEnvironment| {
        found.requirement_files.len() + found.extras.len() + found.groups.len()
    };
    // Of equals the one that most Pythons run: others pin what only they try.
    let breadth = |via: &[String]| {
        let runs = facts
            .automation
            .invocations
            .iter()
            .filter(|run| run.via == via && is_tool(&run.tool));
        runs.map(|run| run.pythons.len()).max().unwrap_or(0)
    };
    let best = environments
        .into_iter()
        .max_by_key(|(via, found)| (fullness(found), breadth(via)))
        .map(|(_, found)| found)?;
    (fullness(&best) > 0 || best.requirements.iter().any(|text| is_tool(package(text))))
        .then_some(best)
}

/// Returns the name that a requirement starts with, as written.
fn package(requirement: &str) -> &str {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    &requirement[..end.unwrap_or(requirement.len())]
}

fn add(environment: &mut TestEnvironment, install: &Install, facts: &Facts<'_>) {
    let readable = |text: &&String| !text.contains(['$', '{', '}']);
    let project = facts.project;
    let all = |names: &[String], known: Vec<&String>| -> Vec<String> {
        if names.iter().any(|name| name == "*") {
            return known.into_iter().cloned().collect();
        }
        names
            .iter()
            .filter(|name| known.contains(name))
            .cloned()
            .collect()
    };
    environment.requirements.extend(
        install
            .requirements
            .iter()
            .filter(readable)
            .filter(|text| is_requirement(text))
            .cloned(),
    );
    environment.requirement_files.extend(
        install
            .requirement_files
            .iter()
            .filter(|path| facts.tree.contains(path))
            .cloned(),
    );
    environment.constraint_files.extend(
        install
            .constraint_files
            .iter()
            .filter(|path| facts.tree.contains(path))
            .cloned(),
    );
    environment
        .extras
        .extend(all(&install.extras, project.extras.keys().collect()));
    environment
        .groups
        .extend(all(&install.groups, project.groups.keys().collect()));
    if environment.reason.is_empty() {
        environment.reason = install.place.to_string();
    }
    for list in [
        &mut environment.requirements,
        &mut environment.requirement_files,
        &mut environment.constraint_files,
        &mut environment.extras,
        &mut environment.groups,
    ] {
        list.sort_unstable();
        list.dedup();
    }
}

/// Tools that are installed beside the tests but never part of their environment.
fn is_requirement(text: &str) -> bool {
    const NOT_FOR_TESTS: [&str; 12] = [
        "pip",
        "setuptools",
        "wheel",
        "tox",
        "nox",
        "virtualenv",
        "uv",
        "poetry",
        "hatch",
        "build",
        "codecov",
        "coveralls",
    ];
    // What follows a name says which version; anything else is a path, such as `dist/*.whl`.
    let rest = text
        .get(package(text).len()..)
        .unwrap_or_default()
        .trim_start();
    let looks_named = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with(".whl")
        && (rest.is_empty() || rest.starts_with(['[', '<', '>', '=', '!', '~', ';', '@', '(']));
    looks_named && !NOT_FOR_TESTS.iter().any(|tool| tools::names(text, tool))
}

fn is_test_runner(tool: &str) -> bool {
    matches!(
        tool,
        "pytest" | "unittest" | "py.test" | "coverage run" | "nosetests" | "trial"
    )
}

fn pytest_requirement(facts: &Facts<'_>) -> String {
    let runner = facts.project.tests.as_ref().map(|tests| tests.runner);
    if runner == Some(TestRunner::Nose) {
        // pytest 8 dropped the nose protocol; with a later one `setup()` would silently not run.
        return "pytest<8".to_owned();
    }
    // Unpinned beside a lock or requirements file that may pin it; constrained to the own version else.
    "pytest".to_owned()
}

/// How pytest is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TestCall {
    /// Arguments after `pytest`.
    pub(crate) arguments: Vec<String>,
    /// Variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Folder relative to the repository.
    pub(crate) folder: String,
    /// Whether `python -m pytest` was written, so that the folder itself is importable.
    pub(crate) as_module: bool,
    /// Whether unittest is called, so that nothing but its test cases counts as a test.
    pub(crate) only_unittest: bool,
    /// Where it is written; empty where it is the tool's default.
    pub(crate) place: String,
}

/// Returns how the project's automation calls its tests, cut to what changes the verdict.
pub(crate) fn test_call(facts: &Facts<'_>) -> TestCall {
    let project = facts.project;
    let mut call = TestCall {
        folder: project.root.clone(),
        as_module: true,
        ..TestCall::default()
    };
    if let Some(invocation) = best_invocation(facts, "pytest") {
        call = called(facts, invocation);
    } else if let Some(invocation) = best_invocation(facts, "unittest") {
        call.folder.clone_from(&invocation.folder);
        call.only_unittest = true;
        call_unittest(&mut call, &invocation.arguments, facts);
    } else if project
        .tests
        .as_ref()
        .is_some_and(|tests| tests.runner == TestRunner::Unittest)
    {
        call.only_unittest = true;
    }
    if let Some(arguments) = &facts.settings.test_arguments {
        call.arguments.clone_from(arguments);
    }
    if let Some(paths) = &facts.settings.test_paths {
        call.arguments.retain(|argument| argument.starts_with('-'));
        call.arguments.extend(paths.iter().cloned());
    }
    call.environment
        .extend(facts.settings.test_environment.clone());
    if let (true, Some(tests)) = (
        call.arguments.iter().all(|a| a.starts_with('-')),
        &project.tests,
    ) && !tests.paths_configured
        && facts.settings.test_paths.is_none()
        && call.place.is_empty()
    {
        let inside = |path: &String| {
            path.strip_prefix(&call.folder)
                .map(|rest| rest.trim_start_matches('/').to_owned())
        };
        let paths: Vec<String> = tests
            .paths
            .iter()
            .filter_map(inside)
            .filter(|path| !path.is_empty())
            .collect();
        call.arguments.extend(paths);
    }
    call
}

/// Returns one call of pytest as the automation writes it.
pub(crate) fn called(facts: &Facts<'_>, invocation: &Invocation) -> TestCall {
    let is_known =
        |name: &str, value: &str| !value.contains(['$', '{']) && !name.starts_with("COVERAGE");
    TestCall {
        arguments: kept_arguments(&placed(invocation, facts)),
        environment: invocation
            .environment
            .iter()
            .filter(|(name, value)| is_known(name, value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        folder: if is_here(&invocation.folder, facts) {
            invocation.folder.clone()
        } else {
            facts.project.root.clone()
        },
        as_module: true,
        only_unittest: false,
        place: invocation.place.to_string(),
    }
}

/// Says in pytest's words what a call of unittest finds: its folder and pattern, or the modules named.
fn call_unittest(call: &mut TestCall, arguments: &[String], facts: &Facts<'_>) {
    let Unittest {
        start,
        pattern,
        top,
        names,
    } = unittest_arguments(arguments);
    let pattern = pattern.unwrap_or_else(|| "test*.py".to_owned());
    call.arguments = vec![format!("-opython_files={pattern}")];
    let in_folder = |path: &str| {
        if call.folder.is_empty() {
            path.to_owned()
        } else {
            format!("{}/{path}", call.folder)
        }
    };
    let exists = |path: &str| {
        let path = in_folder(path);
        facts.tree.contains(&path) || facts.tree.files().keys().any(|file| is_below(file, &path))
    };
    let folders: Vec<String> = match start {
        Some(start) => vec![start],
        None => names.iter().map(|name| name.replace('.', "/")).collect(),
    };
    for folder in folders
        .iter()
        .map(|folder| folder.trim_start_matches("./").trim_end_matches('/'))
    {
        let dotted = folder.replace('.', "/");
        let found = [folder.to_owned(), dotted, format!("{folder}.py")]
            .into_iter()
            .find(|path| exists(path));
        call.arguments.extend(found);
    }
    // unittest puts the folder in which it starts first on the path, whether it is a package or not.
    let first = top.or_else(|| {
        call.arguments
            .get(1)
            .filter(|path| !path.ends_with(".py"))
            .cloned()
    });
    if let Some(first) = first.filter(|path| path != ".") {
        call.environment.insert(
            "PYTHONPATH".to_owned(),
            format!("{{tree}}/{}", in_folder(&first)),
        );
    }
}

/// What the arguments of `python -m unittest` say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unittest {
    start: Option<String>,
    pattern: Option<String>,
    top: Option<String>,
    names: Vec<String>,
}

fn unittest_arguments(arguments: &[String]) -> Unittest {
    let mut said = Unittest::default();
    let mut positional = Vec::new();
    let mut rest = arguments
        .iter()
        .filter(|argument| !argument.contains(['$', '{', '`']));
    while let Some(argument) = rest.next() {
        let (name, joined) = argument
            .split_once('=')
            .map_or((argument.as_str(), None), |(name, value)| {
                (name, Some(value))
            });
        let mut value = || joined.map(str::to_owned).or_else(|| rest.next().cloned());
        match name {
            "-s" | "--start-directory" => said.start = value(),
            "-p" | "--pattern" => said.pattern = value(),
            "-t" | "--top-level-directory" => said.top = value(),
            "-k" | "--durations" => drop(value()),
            _ if argument.starts_with('-') => {}
            _ => positional.push(argument.clone()),
        }
    }
    if positional.first().is_none_or(|first| first != "discover") {
        said.names = positional;
        return said;
    }
    let mut positional = positional.into_iter().skip(1);
    said.start = said.start.or_else(|| positional.next());
    said.pattern = said.pattern.or_else(|| positional.next());
    said.top = said.top.or_else(|| positional.next());
    said
}

/// Returns what the automation's call of the tests measures: folders and packages of the tree. `None`
/// where it measures nothing; empty where it leaves that to coverage's own configuration.
pub(crate) fn measured(facts: &Facts<'_>) -> Option<Vec<String>> {
    let of = |tool: &str, options: &[&str]| {
        let invocation = best_invocation(facts, tool)?;
        let mut given = Vec::new();
        let mut is_measured = tool == "coverage run";
        let mut rest = invocation.arguments.iter().peekable();
        while let Some(argument) = rest.next() {
            let (name, joined) = argument
                .split_once('=')
                .map_or((argument.as_str(), None), |(name, value)| {
                    (name, Some(value))
                });
            if !options.contains(&name) {
                continue;
            }
            is_measured = true;
            let next = || {
                rest.next_if(|value| !value.starts_with('-'))
                    .map(String::as_str)
            };
            let value = joined.or_else(next).unwrap_or_default();
            given.extend(
                value
                    .split(',')
                    .filter_map(|source| located(facts, &invocation.folder, source)),
            );
        }
        is_measured.then_some(given)
    };
    of("pytest", &["--cov"]).or_else(|| of("coverage run", &["--source", "--source-pkgs"]))
}

/// Returns the folder or file of the tree that a source of coverage means: a path, or an importable name.
/// Of a path whose beginning only a run knows the end counts.
fn located(facts: &Facts<'_>, folder: &str, source: &str) -> Option<String> {
    let known = source.rsplit(['}', '$']).next().unwrap_or(source);
    let known = known.trim_start_matches("./").trim_matches('/');
    let path = if folder.is_empty() {
        known.to_owned()
    } else {
        format!("{folder}/{known}")
    };
    let is_there = |path: &str| facts.tree.files().keys().any(|file| is_below(file, path));
    if !known.is_empty() && is_there(&path) {
        return Some(path);
    }
    let relative = known.replace('.', "/");
    let mut packages = facts
        .project
        .layout
        .packages
        .iter()
        .map(|package| package.trim_end_matches(".py"));
    let top = relative.split('/').next().unwrap_or_default();
    let package = packages.find(|package| package.rsplit('/').next() == Some(top))?;
    Some(relative.split_once('/').map_or_else(
        || package.to_owned(),
        |(_, rest)| format!("{package}/{rest}"),
    ))
}

/// Returns whether a folder is part of the tree; some commands run in one that only the automation
/// makes, so that nothing is imported by accident.
fn is_here(folder: &str, facts: &Facts<'_>) -> bool {
    folder.is_empty() || facts.tree.files().keys().any(|path| is_below(path, folder))
}

/// Returns the arguments of a call with paths that hold here: the package itself for the installed
/// package, and paths from the folder in which the call really runs.
fn placed(invocation: &Invocation, facts: &Facts<'_>) -> Vec<String> {
    const INSTALLED: [&str; 2] = ["{env_site_packages_dir}/", "{envsitepackagesdir}/"];
    let folder = &invocation.folder;
    let is_here = is_here(folder, facts);
    let up = if is_here {
        "../".repeat(folder.split('/').filter(|part| !part.is_empty()).count())
    } else {
        String::new()
    };
    let in_tree = |argument: &String| -> String {
        let name = INSTALLED
            .iter()
            .find_map(|prefix| argument.strip_prefix(prefix));
        let own = name.and_then(|name| {
            let mut packages = facts.project.layout.packages.iter();
            packages.find(|package| package.rsplit('/').next() == Some(name))
        });
        match own {
            Some(package) => format!("{up}{package}"),
            None if !is_here && !argument.starts_with('-') => from_root(folder, argument),
            None => argument.clone(),
        }
    };
    invocation.arguments.iter().map(in_tree).collect()
}

/// Returns a path that leads out of a folder as seen from the root; anything else as it is.
fn from_root(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let mut rest = path;
    while let Some(after) = rest.strip_prefix("../") {
        if parts.pop().is_none() {
            return path.to_owned();
        }
        rest = after;
    }
    if rest == path {
        path.to_owned()
    } else {
        parts
            .into_iter()
            .chain([rest])
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// Of the automation's calls of a test runner for a project, the one that most Pythons run, integration
/// tests left aside.
fn best_invocation<'a>(facts: &'a Facts<'_>, runner: &str) -> Option<&'a Invocation> {
    best_of(facts, runner, |invocation| {
        !runs_integration(facts, invocation)
    })
}

/// Returns the automation's call of the integration tests alone.
pub(crate) fn integration_invocation<'a>(facts: &'a Facts<'_>) -> Option<&'a Invocation> {
    best_of(facts, "pytest", |invocation| {
        runs_integration(facts, invocation)
    })
}

/// Whether a call of pytest selects nothing but integration tests, by their marker or their folders.
fn runs_integration(facts: &Facts<'_>, invocation: &Invocation) -> bool {
    let mut paths = Vec::new();
    let mut rest = invocation.arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "-m" {
            let marks = rest.next().map_or("", String::as_str);
            if marks.contains("integration") && !marks.contains("not ") {
                return true;
            }
        } else if KEPT_WITH_VALUE.contains(&argument.as_str()) {
            rest.next();
        } else if !argument.starts_with('-') {
            paths.push(argument.trim_start_matches("./").trim_end_matches('/'));
        }
    }
    let folders = facts
        .project
        .tests
        .iter()
        .flat_map(|tests| &tests.integration);
    let folders: Vec<&str> = folders
        .map(|folder| relative_to(&invocation.folder, folder))
        .collect();
    let is_apart = |path: &&str| folders.iter().any(|folder| is_below(path, folder));
    !paths.is_empty() && paths.iter().all(is_apart)
}

fn relative_to<'a>(folder: &str, path: &'a str) -> &'a str {
    path.strip_prefix(folder)
        .map_or(path, |rest| rest.trim_start_matches('/'))
}

fn best_of<'a>(
    facts: &'a Facts<'_>,
    runner: &str,
    is_wanted: impl Fn(&Invocation) -> bool,
) -> Option<&'a Invocation> {
    let root = &facts.project.root;
    let fits = |invocation: &&&Invocation| {
        let folder = &invocation.folder;
        folder == root
            || (is_below(folder, root) && !folder.is_empty() && facts.projects.len() == 1)
    };
    let chosen = facts.automation.chosen(runner);
    let mut best: Option<&Invocation> = None;
    for invocation in chosen
        .iter()
        .filter(fits)
        .filter(|invocation| is_wanted(invocation))
    {
        if best.is_none_or(|best| invocation.pythons.len() > best.pythons.len()) {
            best = Some(invocation);
        }
    }
    best
}

/// Options of pytest with a value in the next argument whose value changes what is tested.
const KEPT_WITH_VALUE: [&str; 10] = [
    "-m",
    "-k",
    "-p",
    "-W",
    "-c",
    "-o",
    "--ignore",
    "--ignore-glob",
    "--deselect",
    "--rootdir",
];

/// Options with a value, joined or in the next argument, that only change output, speed or coverage.
const DROPPED_WITH_VALUE: [&str; 17] = [
    "-n",
    "--numprocesses",
    "--dist",
    "--maxprocesses",
    "--basetemp",
    "--junitxml",
    "--junit-xml",
    "--durations",
    "--maxfail",
    "--color",
    "--tb",
    "-r",
    "--cov",
    "--cov-report",
    "--cov-config",
    "--cov-fail-under",
    "--cov-context",
];

/// Keeps of pytest's arguments those that change the verdict and that stand for themselves.
fn kept_arguments(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        let unknown = argument.contains(['$', '{', '}', '`']);
        if DROPPED_WITH_VALUE.contains(&argument.as_str()) {
            rest.next_if(|value| !value.starts_with('-'));
        } else if KEPT_WITH_VALUE.contains(&argument.as_str()) {
            if let Some(value) = rest.next().filter(|value| !value.contains(['$', '{'])) {
                kept.extend([argument.clone(), value.clone()]);
            }
        } else if !unknown && (!argument.starts_with('-') || is_kept_alone(argument, name)) {
            kept.push(argument.clone());
        }
    }
    kept
}

/// Returns whether an option that stands alone, perhaps with `=VALUE`, changes what is tested.
/// Options of plugins are kept: what they mean cannot be told.
fn is_kept_alone(argument: &str, name: &str) -> bool {
    const OUTPUT_ONLY: [&str; 12] = [
        "--verbose",
        "--quiet",
        "--exitfirst",
        "--lf",
        "--ff",
        "--sw",
        "--pdb",
        "--showlocals",
        "--no-cov",
        "--no-header",
        "--no-summary",
        "--no-cov-on-fail",
    ];
    if let (false, Some(option)) = (argument.starts_with("--"), argument.get(..2)) {
        return KEPT_WITH_VALUE.contains(&option);
    }
    !OUTPUT_ONLY.contains(&argument) && !DROPPED_WITH_VALUE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_requirement() {
        for (text, expected) in [
            ("pytest>=8", true),
            ("coverage[toml]", true),
            ("trio ; python_version > '3'", true),
            ("pkg @ https://host/pkg.whl#a", true),
            ("dist/*.whl", false),
            ("pkg-1.0-py3-none-any.whl", false),
            ("*.whl", false),
            ("tox", false),
        ] {
            assert_eq!(is_requirement(text), expected, "{text}");
        }
    }

    #[test]
    fn understands_calls_of_unittest() {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for (given, start, pattern, top, names) in [
            ("discover tests", "tests", "", "", ""),
            (
                "discover -v -s tests -p *_test.py",
                "tests",
                "*_test.py",
                "",
                "",
            ),
            (
                "discover tests check_*.py .",
                "tests",
                "check_*.py",
                ".",
                "",
            ),
            (
                "-v tests.test_a tests.test_b",
                "",
                "",
                "",
                "tests.test_a tests.test_b",
            ),
            ("discover --start-directory=tests", "tests", "", "", ""),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            let names = names.split_whitespace().map(str::to_owned).collect();
            let expected = Unittest {
                start: text(start),
                pattern: text(pattern),
                top: text(top),
                names,
            };
            assert_eq!(unittest_arguments(&given), expected, "{given:?}");
        }
    }

    #[test]
    fn paths_out_of_a_folder_are_seen_from_the_root() {
        for (folder, path, expected) in [
            (".tox", "../tests", "tests"),
            ("a/b", "../tests", "a/tests"),
            (".tox", "tests", "tests"),
            ("", "../tests", "../tests"),
        ] {
            assert_eq!(from_root(folder, path), expected, "{folder} {path}");
        }
    }

    #[test]
    fn keeps_what_changes_the_verdict() {
        for (given, expected) in [
            ("-v --tb=short --basetemp={envtmpdir}", ""),
            ("-n auto tests/unit -x", "tests/unit"),
            (
                "-m slow -k foo --cov=pkg --cov-report xml",
                "-m slow -k foo",
            ),
            ("--cov --reruns=2 tests", "--reruns=2 tests"),
            (
                "--doctest-modules src --junitxml=out.xml",
                "--doctest-modules src",
            ),
            ("-pno:cacheprovider -Werror", "-pno:cacheprovider -Werror"),
            ("$FLAGS tests", "tests"),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            let kept = kept_arguments(&given).join(" ");
            assert_eq!(kept, expected, "{given:?}");
        }
    }
}
