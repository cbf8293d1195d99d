//! What was found in a repository's automation, as plain values: commands, installs, Pythons.
//! Knows nothing of the formats they were read from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use towpath_report::Place;

use crate::PythonVersion;

/// Everything that the repository's own automation runs, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Automation {
    /// Every file that describes automation, in the order it was found.
    pub sources: Vec<AutomationSource>,
    /// Whether files of a forge's or a service's CI exist.
    pub has_ci: bool,
    /// Whether CI exists and all that may hold checks could be followed.
    pub ci_is_whole: bool,
    /// What could not be followed, one line each with its place.
    pub unreadable: Vec<String>,
    /// Commands, those reached from CI first, each once.
    pub invocations: Vec<Invocation>,
    /// The finite list of Pythons that tests run on, ascending: from CI, else tox, else nox.
    pub pythons: Vec<(PythonVersion, Place)>,
    /// What is installed beside tools, in the order it was found.
    pub installs: Vec<Install>,
    /// Debian packages that CI installs, sorted.
    pub apt_packages: Vec<String>,
}

/// One file that describes automation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationSource {
    /// Its format: `github`, `gitlab`, `circleci`, `travis`, `azure`, `cirrus`, `appveyor`,
    /// `jenkins`, `buildkite`, `readthedocs`, `pre-commit`, `tox`, `nox`, `make`, `just`, `hatch`,
    /// `poe`, `pdm`, `taskipy`, `pipenv`, `rye`.
    pub kind: String,
    /// Path relative to the repository.
    pub path: String,
}

/// The kind of automation that a command is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutomationKind {
    /// A step of a CI file.
    Ci,
    /// A hook of pre-commit.
    PreCommit,
    /// A tox environment.
    Tox,
    /// A nox session.
    Nox,
    /// A make target or just recipe.
    Make,
    /// A hatch, poe, pdm, taskipy, rye or pipenv script, or a shell script.
    Script,
}

/// Where the version of a tool was pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionPin {
    /// The version, without a leading `v`.
    pub version: String,
    /// Where it is written, such as `.pre-commit-config.yaml:12`.
    pub source: String,
}

/// One command that the automation runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// The tool: `ruff` (which is `ruff check`), `ruff format`, `mypy`, `pytest`, `coverage report`,
    /// …; the program's base name for anything else.
    pub tool: String,
    /// What follows the tool's name; `ruff check src` is the tool `ruff` with `src`.
    /// Text that only a run can know stays as it is written: `$HOME`, `${{ github.sha }}`.
    pub arguments: Vec<String>,
    /// How the program is written where its name alone would not run it: `python -m scripts.check`,
    /// `./check.sh`.
    pub program: Option<String>,
    /// Working directory relative to the repository; empty for its root.
    pub folder: String,
    /// File and line where the command is written.
    pub place: Place,
    /// How it was reached, outermost first: "ci.yml job `lint`", "tox env `lint`".
    pub via: Vec<String>,
    /// The other ways by which the same command is reached with the same standing: other environments
    /// that share its line.
    pub other_ways: Vec<Vec<String>>,
    /// The kind of the file it is written in.
    pub kind: AutomationKind,
    /// Whether CI runs it, directly or through what it calls.
    pub reached_from_ci: bool,
    /// Whether that CI runs for pushes or pull requests, not only by schedule, tag or hand.
    pub on_change: bool,
    /// Whether a bad verdict of the tool makes the automation fail.
    pub can_fail: bool,
    /// Whether the task runner runs it when it is called with nothing but its name.
    pub by_default: bool,
    /// The version pinned beside it.
    pub version: Option<VersionPin>,
    /// `additional_dependencies` of a pre-commit hook, and packages added by `--with`.
    pub additional_dependencies: Vec<String>,
    /// Variables set for it, without those of the machine.
    pub environment: BTreeMap<String, String>,
    /// `files` of a pre-commit hook, a regular expression.
    pub files_pattern: Option<String>,
    /// `exclude` of a pre-commit hook, a regular expression.
    pub exclude_pattern: Option<String>,
    /// `types` and `types_or` of a pre-commit hook where it states its own.
    pub types: Vec<String>,
    /// Pythons of the job or environment that runs it, ascending; empty where unknown.
    pub pythons: Vec<PythonVersion>,
}

impl Invocation {
    /// Returns the command as a person would type it.
    pub fn command(&self) -> String {
        self.spelled(&self.tool)
    }

    /// Returns the command by which the automation runs it.
    pub fn written(&self) -> String {
        self.spelled(self.program.as_deref().unwrap_or(&self.tool))
    }

    fn spelled(&self, program: &str) -> String {
        let mut text = program.to_owned();
        for argument in &self.arguments {
            text.push(' ');
            text.push_str(&quoted(argument));
        }
        text
    }

    /// Returns whether it is a hook that keeps files tidy (white space, line ends, syntax of data files)
    /// and judges no code.
    pub fn is_file_hygiene(&self) -> bool {
        self.kind == AutomationKind::PreCommit && super::tools::is_file_hygiene(&self.tool)
    }
}

/// Returns a word as a shell would want it, quoted only where it must be.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+~^${}[]<>!*".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// One step that installs Python packages where tools run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// What installs: `pip`, `uv sync`, `uv run`, `poetry`, `pdm`, `pipenv`, `tox`, `nox`, `hatch`.
    pub installer: String,
    /// Requirements as written, without the project itself.
    pub requirements: Vec<String>,
    /// Requirements files relative to the repository.
    pub requirement_files: Vec<String>,
    /// Constraint files relative to the repository.
    pub constraint_files: Vec<String>,
    /// Extras of the project; `*` for all of them.
    pub extras: Vec<String>,
    /// Dependency groups; `*` for all of them.
    pub groups: Vec<String>,
    /// Whether the project itself is installed.
    pub project: bool,
    /// Whether the project is installed in place.
    pub editable: bool,
    /// Folder that it is about, relative to the repository: the project where one is installed.
    pub folder: String,
    /// Where it is written.
    pub place: Place,
    /// How it was reached, outermost first.
    pub via: Vec<String>,
    /// Whether CI runs it.
    pub reached_from_ci: bool,
    /// Which environment it is; what is installed into the same one shares the number.
    pub environment: usize,
    /// Tools that run in the same environment, sorted.
    pub for_tools: Vec<String>,
    /// Pythons of the job or environment that it is made for, ascending; empty where unknown.
    pub pythons: Vec<PythonVersion>,
}
