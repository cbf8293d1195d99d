//! A repository made of texts, and what the checks would do about it, in lines.

use std::fmt::Write as _;

use towpath_host::{SnapshotOptions, snapshot};
use towpath_python::{PythonVersion, read_automation, read_projects, read_settings};
use towpath_report::{Changes, CheckResult};
use towpath_standard::{
    Applies, Facts, Network, Output, Partial, SETTINGS, Settings, ToolWork, Work, check,
    python_matrix,
};
use towpath_testing::TestContext;

/// The Pythons that every test finds.
const HERE: [PythonVersion; 2] = [PythonVersion::new(3, 11), PythonVersion::new(3, 12)];

/// Returns what a check would do about the first project of a repository that holds `files`, in lines:
/// for each of its jobs why it is skipped, or its network, requirements and commands. `{out}` files
/// that towpath brings are left out of the commands.
#[track_caller]
pub(crate) fn work_of(name: &str, files: &[(&str, &str)]) -> String {
    with_facts(files, |facts| {
        let check = check(name).expect("there is such a check");
        let mut lines = String::new();
        for python in check.matrix(facts) {
            let said = match check.work(facts, python, &[]) {
                Applies::Skip(reason) => format!("skipped: {reason}\n"),
                Applies::Work(work) => match *work {
                    Work::Tool(work) => tool_lines(&work),
                    Work::Native(_) => "native\n".to_owned(),
                },
            };
            let python = python.map_or_else(String::new, |python| format!(" {python}"));
            let _ = write!(lines, "{name}{python} {said}");
        }
        lines
    })
}

/// Returns what a check makes of what its tools found.
#[track_caller]
pub(crate) fn verdict_of(name: &str, files: &[(&str, &str)], found: Partial) -> CheckResult {
    let check = check(name).expect("there is such a check");
    with_facts(files, |facts| check.conclude(facts, vec![found]))
}

/// As [`verdict_of`], of a checkout of git.
#[track_caller]
pub(crate) fn verdict_of_checkout(
    name: &str,
    files: &[(&str, &str)],
    found: Partial,
) -> CheckResult {
    let check = check(name).expect("there is such a check");
    with_projects_of(files, "abc", |projects| {
        check.conclude(projects.first().expect("there is a project"), vec![found])
    })
}

/// Returns what a check makes of what its first command left behind: its exit code, what it wrote to
/// standard error, and files by name. The repository is a checkout of git where that is said.
#[track_caller]
pub(crate) fn judged(
    name: &str,
    files: &[(&str, &str)],
    (exit, stderr): (i32, &str),
    written: &[(&str, &str)],
    is_checkout: bool,
) -> CheckResult {
    let check = check(name).expect("there is such a check");
    let file = |name: &str| {
        let found = written.iter().find(|(written, _)| *written == name);
        found.map(|(_, text)| text.as_bytes().to_vec())
    };
    let git_state = if is_checkout { "abc" } else { "" };
    with_projects_of(files, git_state, |projects| {
        let facts = projects.first().expect("there is a project");
        let Applies::Work(work) = check.work(facts, None, &[]) else {
            panic!("{name} does not apply");
        };
        let Work::Tool(work) = *work else {
            panic!("{name} runs no tool");
        };
        let command = work.commands.first().expect("there is a command");
        let output = Output {
            exit,
            stdout: b"",
            stderr,
            root: "/r",
            folder: &command.folder,
            hint: &command.hint,
            file: &file,
        };
        let found = (command.read)(&output).expect("it can be read");
        check.conclude(facts, vec![found])
    })
}

/// Returns what a check reads from the exit code and standard output of its first command.
#[track_caller]
pub(crate) fn found_in(name: &str, files: &[(&str, &str)], (exit, stdout): (i32, &str)) -> Partial {
    let check = check(name).expect("there is such a check");
    with_facts(files, |facts| {
        let Applies::Work(work) = check.work(facts, None, &[]) else {
            panic!("{name} does not apply");
        };
        let Work::Tool(work) = *work else {
            panic!("{name} runs no tool");
        };
        let command = work.commands.first().expect("there is a command");
        let output = Output {
            exit,
            stdout: stdout.as_bytes(),
            stderr: "",
            root: "/r",
            folder: &command.folder,
            hint: &command.hint,
            file: &|_| None,
        };
        (command.read)(&output).expect("it can be read")
    })
}

/// Hands over the facts of the first project of a repository that holds `files`.
#[track_caller]
pub(crate) fn with_facts<T>(files: &[(&str, &str)], then: impl FnOnce(&Facts<'_>) -> T) -> T {
    with_projects(files, |projects| {
        then(projects.first().expect("there is a project"))
    })
}

/// Hands over the facts of all projects of a repository that holds `files`.
#[track_caller]
pub(crate) fn with_projects<T>(files: &[(&str, &str)], then: impl FnOnce(&[Facts<'_>]) -> T) -> T {
    with_projects_of(files, "", then)
}

#[track_caller]
fn with_projects_of<T>(
    files: &[(&str, &str)],
    git_state: &str,
    then: impl FnOnce(&[Facts<'_>]) -> T,
) -> T {
    let context = TestContext::without_git();
    for (path, text) in files {
        context.write(path, text);
    }
    let tree = snapshot(&SnapshotOptions {
        root: context.root(),
        index_file: &context.folder().join("index"),
        verify: true,
    })
    .expect("the repository can be read");
    let (projects, problems) = read_projects(&tree);
    assert!(problems.is_empty(), "{problems:?}");
    let automation = read_automation(&tree, &projects);
    let facts = projects.iter().map(|project| {
        let (raw, problems) = read_settings(&tree, &project.root, &[SETTINGS]);
        assert!(problems.is_empty(), "{problems:?}");
        let settings = Settings::read(&raw);
        Facts {
            tree: &tree,
            project,
            projects: &projects,
            automation: &automation,
            pythons: python_matrix(project, &automation, &settings, &HERE),
            settings,
            changes: Some(Changes::default()),
            git_state: git_state.to_owned(),
        }
    });
    let facts: Vec<Facts<'_>> = facts.collect();
    then(&facts)
}

fn tool_lines(work: &ToolWork) -> String {
    let network = match work.network {
        Network::Closed => "closed",
        Network::OnFailure => "closed at first",
        Network::Open => "open",
    };
    let need = &work.environment;
    let mut needs: Vec<&str> = need.requirements.iter().map(String::as_str).collect();
    needs.extend(need.requirement_files.iter().map(String::as_str));
    let mut lines = format!("network {network}, needs {}\n", needs.join(" "));
    for command in &work.commands {
        let shown: Vec<&str> = command
            .arguments
            .iter()
            .map(String::as_str)
            .filter(|argument| !argument.starts_with("{out}"))
            .collect();
        let _ = writeln!(lines, "  $ {}", shown.join(" "));
    }
    lines
}
