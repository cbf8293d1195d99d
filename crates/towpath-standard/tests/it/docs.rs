//! How documentation is built, and what of a broken build is the project's fault.

use towpath_report::CheckResult;

use crate::repository::{judged, work_of};

const PROJECT: (&str, &str) = (
    "pyproject.toml",
    "[project]\nname = \"pkg\"\nversion = \"1\"\n",
);
const SETTINGS: (&str, &str) = ("docs/conf.py", "extensions = []\n");
const RELEASED: (&str, &str) = ("PKG-INFO", "Metadata-Version: 2.1\n");

fn tox(commands: &str) -> String {
    format!("[tox]\nenv_list = docs\n[testenv:docs]\ncommands =\n  {commands}\n")
}

#[test]
fn every_build_that_the_project_runs_is_run() {
    for (commands, expected) in [
        (
            "sphinx-build -n -T -W -b html -d x docs docs/_build\n  sphinx-build -b doctest docs out\n  sphinx-build -b linkcheck docs out",
            "  $ {python} -m sphinx --no-color -w -W --keep-going -n -b html -d {tree}/docs\n  \
               $ {python} -m sphinx --no-color -w -b doctest -d {tree}/docs\n",
        ),
        (
            "python -m sphinx -nW --keep-going -t dev -D html_theme=x -M dirhtml docs out",
            "  $ {python} -m sphinx --no-color -w -W --keep-going -n -t dev -D html_theme=x -b dirhtml -d {tree}/docs\n",
        ),
        (
            "sphinx-build -W -d=x -b=dirhtml docs out",
            "  $ {python} -m sphinx --no-color -w -W --keep-going -b dirhtml -d {tree}/docs\n",
        ),
        (
            "sphinx-build -E -c docs -b html pages out",
            "  $ {python} -m sphinx --no-color -w -c {tree}/docs -b html -d {tree}/pages\n",
        ),
    ] {
        let tox = tox(commands);
        let work = work_of("docs", &[PROJECT, SETTINGS, ("tox.ini", &tox)]);
        let lines: String = work
            .lines()
            .filter(|line| line.contains("$ "))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(lines, expected);
    }
}

/// Returns how a build ended: `passed`, why it was skipped, or the first lines of what blocks.
fn outcome(result: &CheckResult) -> String {
    if !result.skipped.is_empty() {
        return format!("skipped: {}", result.skipped);
    }
    let blocking = result.findings.iter().filter(|finding| finding.blocking);
    let lines: Vec<&str> = blocking
        .filter_map(|finding| finding.message.lines().next())
        .collect();
    assert_eq!(result.failed, !lines.is_empty());
    if result.failed {
        lines.join(", ")
    } else {
        "passed".to_owned()
    }
}

const ABSENT: &str = "/r/docs/c.rst:4: CRITICAL: Problems with \"include\" directive path:\nInputError: [Errno 2] No such file or directory: 'CHANGES.rst'. [docutils]\n";
const UNREACHABLE: &str = "WARNING: failed to reach any of the inventories with the following issues:\nintersphinx inventory 'https://x/objects.inv' not fetchable\n";
const NO_GIT: &str = "Exception occurred:\n  File \"/e/reno.py\", line 3, in f\n    raise E\ndulwich.errors.NotGitRepository: No git repository was found at ./\nThe full traceback has been saved in /tmp/x.log\n";

#[test]
fn what_an_archive_lacks_is_no_fault_and_everything_else_is() {
    let label = "/r/docs/a.rst:1: WARNING: undefined label: 'python:and'\n";
    let anywhere = "/r/docs/a.md:1: WARNING: No matches for 'flask:*:*:app' [myst.iref_missing]\n";
    let short = "/r/docs/a.rst:2: WARNING: Title underline too short.\n";
    let with = |texts: &[&str]| texts.concat();
    let include = "Problems with \"include\" directive path: InputError: [Errno 2] No such file or directory: 'CHANGES.rst'.";
    for (exit, stderr, warnings, archive, checkout) in [
        (
            1,
            "",
            with(&[ABSENT, label]),
            "skipped: it needs `CHANGES.rst`, which the release leaves out",
            format!("{include}, undefined label: 'python:and'"),
        ),
        (
            1,
            "",
            with(&[ABSENT, short]),
            "Title underline too short.",
            format!("{include}, Title underline too short."),
        ),
        (
            2,
            NO_GIT,
            String::new(),
            "skipped: its build needs a git history, which is not here",
            "dulwich.errors.NotGitRepository: No git repository was found at ./".to_owned(),
        ),
        (
            1,
            "",
            with(&[UNREACHABLE, label, anywhere]),
            "passed",
            "passed".to_owned(),
        ),
        (0, "", with(&[short]), "passed", "passed".to_owned()),
        (
            2,
            "Extension error:\nCould not import extension a (exception: The 'enchant' C library was not found and\n",
            String::new(),
            "skipped: it needs a library of the system: Extension error: Could not import extension a (exception: The 'enchant' C library was not found and",
            "skipped: it needs a library of the system: Extension error: Could not import extension a (exception: The 'enchant' C library was not found and".to_owned(),
        ),
        (
            2,
            "Theme error:\nno theme named 'x' found\n",
            with(&[UNREACHABLE]),
            "Theme error: no theme named 'x' found",
            "Theme error: no theme named 'x' found".to_owned(),
        ),
    ] {
        let tox = tox("sphinx-build -W docs out");
        let written = [("warnings-0.txt", warnings.as_str())];
        let files = [PROJECT, SETTINGS, ("tox.ini", tox.as_str()), RELEASED];
        let result = judged("docs", &files, (exit, stderr), &written, false);
        assert_eq!(outcome(&result), archive, "{warnings}{stderr}");
        let result = judged("docs", &files[..3], (exit, stderr), &written, true);
        assert_eq!(outcome(&result), checkout, "{warnings}{stderr}");
    }
}

#[test]
fn warnings_count_only_where_the_project_lets_them() {
    let error = "/r/docs/a.rst:2: ERROR: Unexpected indentation.\n";
    let tox = tox("sphinx-build -b doctest docs out");
    let files = [PROJECT, SETTINGS, ("tox.ini", tox.as_str())];
    let result = judged("docs", &files, (0, ""), &[("warnings-0.txt", error)], true);
    assert_eq!(outcome(&result), "passed");
    let failure =
        "File \"a.rst\", line 3, in default\nFailed example:\n    f()\nExpected:\n    1\n";
    let written = [("warnings-0.txt", error), ("docs-0/output.txt", failure)];
    let result = judged("docs", &files, (1, ""), &written, true);
    assert_eq!(outcome(&result), "doctest failed");
    let logged = [(
        "warnings-0.txt",
        "ERROR: Invalid value `None` in intersphinx_mapping\n",
    )];
    let result = judged("docs", &files, (2, "Configuration error!\n"), &logged, true);
    assert_eq!(
        outcome(&result),
        "Invalid value `None` in intersphinx_mapping"
    );
}

#[test]
fn environment_that_tox_runs_on_demand_alone_does_not_block() {
    let list = "[tox]\nenv_list = py312\n[testenv:docs]\ncommands = sphinx-build -W docs out\n";
    let files = [PROJECT, SETTINGS, ("tox.ini", list)];
    let written = [(
        "warnings-0.txt",
        "/r/docs/a.rst:2: WARNING: Title underline too short.\n",
    )];
    let result = judged("docs", &files, (1, ""), &written, true);
    assert_eq!(outcome(&result), "passed");
    assert_eq!(result.findings.len(), 1);
}
