//! Which call of a test runner in a project's automation counts as the project's own.

use towpath_python::Invocation;

use crate::facts::{Facts, is_below};
use crate::pytest_options::{KEPT_WITH_VALUE, kept_arguments};

/// Of the automation's calls of a test runner for a project, the one that most Pythons run, integration
/// tests left aside; those that select no tests but documents come last.
pub(crate) fn best_invocation<'a>(facts: &'a Facts<'_>, runner: &str) -> Option<&'a Invocation> {
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

/// Returns the automation's calls of pytest for a project that no check makes: of those that select other
/// tests than the one that counts each once.
pub fn other_test_calls<'a>(facts: &'a Facts<'_>) -> Vec<&'a Invocation> {
    let Some(best) = best_invocation(facts, "pytest") else {
        return Vec::new();
    };
    let mut made = vec![Selection::of(facts, best)];
    let mut others = Vec::new();
    for call in of_project(facts, "pytest") {
        let selection = Selection::of(facts, call);
        let is_new =
            !runs_integration(facts, call) && !made.iter().any(|one| one.holds(&selection));
        if is_new && call.can_fail {
            made.push(selection);
            others.push(call);
        }
    }
    others
}

/// What a call of pytest selects: tests by their paths, under options that change what is tested.
struct Selection {
    folder: String,
    paths: Vec<String>,
    options: Vec<String>,
}

impl Selection {
    fn of(facts: &Facts<'_>, call: &Invocation) -> Self {
        let mut selection = Self {
            folder: call.folder.clone(),
            paths: Vec::new(),
            options: Vec::new(),
        };
        let kept = kept_arguments(&call.arguments);
        let mut rest = kept.into_iter();
        while let Some(argument) = rest.next() {
            if KEPT_WITH_VALUE.contains(&argument.as_str()) {
                let value = rest.next().unwrap_or_default();
                selection.options.push(format!("{argument} {value}"));
            } else if argument.starts_with('-') {
                selection.options.push(argument);
            } else {
                let path = argument.trim_start_matches("./").trim_end_matches('/');
                selection.paths.push(path.to_owned());
            }
        }
        selection.options.sort_unstable();
        if let (true, Some(tests)) = (selection.paths.is_empty(), &facts.project.tests)
            && tests.paths_configured
        {
            // Without paths pytest takes those of its settings.
            let paths = tests.paths.iter();
            let paths = paths.map(|path| relative_to(&call.folder, path).to_owned());
            selection.paths.extend(paths);
        }
        selection
    }

    /// Returns whether another selection selects nothing more.
    fn holds(&self, other: &Self) -> bool {
        let is_held = |path: &String| {
            self.paths
                .iter()
                .any(|own| own == "." || is_below(path, own))
        };
        self.folder == other.folder
            && self.options == other.options
            && (self.paths.is_empty()
                || (!other.paths.is_empty() && other.paths.iter().all(is_held)))
    }
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
    let rank = |call: &Invocation| (selects_tests(facts, call), call.pythons.len());
    let mut best: Option<&Invocation> = None;
    for invocation in of_project(facts, runner).filter(|invocation| is_wanted(invocation)) {
        if best.is_none_or(|best| rank(invocation) > rank(best)) {
            best = Some(invocation);
        }
    }
    best
}

/// Whether a call of a test runner looks at the folders where the project's tests lie, not only at documents or
/// at the doctests of a package.
fn selects_tests(facts: &Facts<'_>, call: &Invocation) -> bool {
    const INSTALLED: [&str; 2] = ["{env_site_packages_dir}/", "{envsitepackagesdir}/"];
    let in_tree = |argument: &String| {
        let name = INSTALLED
            .iter()
            .find_map(|prefix| argument.strip_prefix(prefix));
        name.unwrap_or(argument).to_owned()
    };
    let call = Invocation {
        arguments: call.arguments.iter().map(in_tree).collect(),
        ..call.clone()
    };
    let paths = Selection::of(facts, &call).paths;
    let mut folders = facts.project.tests.iter().flat_map(|tests| &tests.paths);
    let holds = |folder: &String, path: &String| {
        let folder = relative_to(&call.folder, folder);
        // A package lies below `src`, and is named without it where it is installed.
        path == "."
            || is_below(path, folder)
            || format!("/{folder}/").contains(&format!("/{path}/"))
    };
    paths.is_empty() || folders.any(|folder| paths.iter().any(|path| holds(folder, path)))
}

/// Returns the commands of the best standing by which the automation runs a test runner for a project.
fn of_project<'a>(facts: &'a Facts<'_>, runner: &str) -> impl Iterator<Item = &'a Invocation> {
    let root = &facts.project.root;
    let is_single = facts.projects.len() == 1;
    let chosen = facts.automation.chosen(runner).into_iter();
    chosen.filter(move |invocation| {
        let folder = &invocation.folder;
        folder == root || (is_below(folder, root) && !folder.is_empty() && is_single)
    })
}
