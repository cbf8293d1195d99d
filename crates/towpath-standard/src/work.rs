//! What a check asks to be done: commands in an environment, in a sandbox, with the files they may
//! depend on; or a function of this program. Plain values: nothing here starts anything.

use std::borrow::Cow;
use std::collections::BTreeMap;

use towpath_python::{Project, PythonVersion, declared_needs, resolve_own_extras};
use towpath_report::readers::osv::Advisory;
use towpath_report::{ArtifactRecord, CheckResult, Coverage, Finding, Problem, TestCase};

/// Whether a check applies, and its work if it does.
pub enum Applies {
    /// It does not; the reason is shown.
    Skip(String),
    /// It does.
    Work(Box<Work>),
}

/// The work of a check.
#[expect(
    clippy::large_enum_variant,
    reason = "it is always behind the box of `Applies`"
)]
pub enum Work {
    /// Tools are run.
    Tool(ToolWork),
    /// This program does it itself.
    Native(NativeWork),
}

/// Asks the package index for the versions of a package that exist.
pub type Versions<'a> = &'a dyn Fn(&str) -> Result<Vec<String>, Problem>;

/// Work that this program does itself, from files of the repository.
pub struct NativeWork {
    /// Files whose contents it depends on.
    pub files: Vec<String>,
    /// What else it depends on, as (name, value).
    pub key: Vec<(String, String)>,
    /// Whether it asks the package index, so that the date is an input.
    pub asks_index: bool,
    /// Does it.
    pub run: Box<dyn Fn(Versions<'_>) -> CheckResult + Send + Sync>,
}

impl NativeWork {
    /// Returns the work that ends without a verdict, for a reason that is known beforehand.
    pub(crate) fn without_verdict(problem: Problem) -> Self {
        Self {
            files: Vec::new(),
            key: Vec::new(),
            asks_index: false,
            run: Box::new(move |_| CheckResult {
                errors: vec![problem.clone()],
                ..CheckResult::default()
            }),
        }
    }
}

/// Work done by tools.
#[derive(Clone)]
pub struct ToolWork {
    /// The environment that holds the tools.
    pub environment: EnvironmentNeed,
    /// Whether the commands may write into the tree (a private one).
    pub tree: TreeUse,
    /// Whether they may reach the network.
    pub network: Network,
    /// What of the repository the verdict depends on.
    pub inputs: Inputs,
    /// Whether code of the project runs, so that the date is an input.
    pub executes_project: bool,
    /// Whether a build backend runs: it sees compilers and versions that the user sets.
    pub builds: bool,
    /// Whether its commands may ask for requirements by [`Partial::requires`], as build backends do.
    pub may_require: bool,
    /// The commands, in order. A later one runs whatever an earlier one found.
    pub commands: Vec<Command>,
    /// Set when findings are kept file by file and only changed files are scanned again.
    pub scan: Option<Scan>,
    /// What an advisory service is asked beside, so that the date is an input.
    pub advisories: Option<AdvisoryQuestion>,
    /// Files put into the job's folder before it starts, by name.
    pub support_files: Vec<(String, Vec<u8>)>,
    /// Artifacts of needed jobs put into the job's folder, as (name there, record).
    pub artifacts: Vec<(String, ArtifactRecord)>,
    /// What else the verdict depends on, as (name, value): policies, baselines.
    pub key: Vec<(String, String)>,
    /// Said in the result whatever is found: which version was chosen and why.
    pub notes: Vec<String>,
}

impl ToolWork {
    /// Returns the work of commands that read the tree: without network, code of the project or a build.
    pub fn of(environment: EnvironmentNeed, commands: Vec<Command>) -> Self {
        Self {
            environment,
            tree: TreeUse::ReadOnly,
            network: Network::Closed,
            inputs: Inputs::opened(),
            executes_project: false,
            builds: false,
            may_require: false,
            commands,
            scan: None,
            advisories: None,
            support_files: Vec::new(),
            artifacts: Vec::new(),
            key: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// A question to an advisory service that speaks the protocol of OSV: what is known of these packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryQuestion {
    /// Its address, without a slash at the end.
    pub service: String,
    /// Packages of the Python package index with their versions, ascending, each once.
    pub packages: Vec<(String, String)>,
}

/// What of the tree a job's commands see and may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeUse {
    /// They read it.
    ReadOnly,
    /// They may write; what they write is gone afterwards.
    Private,
    /// They write into the user's own tree: `towpath fix`.
    InPlace,
    /// As [`TreeUse::Private`], without the importable sources of the project.
    WithoutSources,
}

impl TreeUse {
    /// Returns the use in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadOnly => "read only",
            Self::Private => "a copy of its own",
            Self::InPlace => "the user's own",
            Self::WithoutSources => "a copy without the sources",
        }
    }
}

/// Whether a job's commands may reach beyond the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Loopback only.
    Closed,
    /// Loopback only; if a command fails after trying to go further, once more with the network.
    OnFailure,
    /// Open; the verdict is not reused.
    Open,
}

impl Network {
    /// Returns the permission in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::OnFailure => "closed, open after a failure",
            Self::Open => "open",
        }
    }
}

/// Which files of the repository count as inputs, beside those that are seen to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Endings of file names that count whether opened or not, since the tool's own cache may spare
    /// it the reading; `""` means all files.
    pub endings: Vec<String>,
    /// Globs of paths that count whether opened or not.
    pub globs: Vec<String>,
    /// Whether opened files are watched and counted.
    pub observed: bool,
    /// Whether the names of all files count: tools look for configuration and glob.
    pub names: bool,
}

impl Inputs {
    /// Returns the inputs of commands that read what they need each time: all that is opened, and the names
    /// of all files.
    pub fn opened() -> Self {
        Self {
            endings: Vec::new(),
            globs: Vec::new(),
            observed: true,
            names: true,
        }
    }
}

/// The environment that a job needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentNeed {
    /// Which Python.
    pub python: PythonChoice,
    /// Requirements, PEP 508.
    pub requirements: Vec<String>,
    /// Requirements files, relative to the repository.
    pub requirement_files: Vec<String>,
    /// Constraints, PEP 508.
    pub constraints: Vec<String>,
    /// Groups and extras to take from the project's lock; `None` to leave the lock alone.
    pub locked: Option<(Vec<String>, Vec<String>)>,
    /// How the project itself is installed.
    pub project: ProjectInstall,
}

impl EnvironmentNeed {
    /// Returns the environment that holds requirements and nothing of the project.
    pub fn of(python: PythonChoice, requirements: Vec<String>) -> Self {
        Self {
            python,
            requirements,
            requirement_files: Vec::new(),
            constraints: Vec::new(),
            locked: None,
            project: ProjectInstall::No,
        }
    }

    /// Adds what a project needs to run, with groups and extras of its own: from its lock where it has one.
    pub(crate) fn add_needs(
        &mut self,
        project: &Project,
        groups: Vec<String>,
        extras: Vec<String>,
    ) {
        if project.lock.is_some() {
            self.locked = Some((groups, extras));
        } else {
            let declared = declared_needs(project, &groups, &extras);
            self.requirements.extend(declared);
            self.requirements = resolve_own_extras(project, &self.requirements);
        }
    }
}

/// How the project itself gets into an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectInstall {
    /// Not at all.
    No,
    /// For editing, from the tree.
    Editable,
    /// From a wheel that an earlier job built.
    Wheel(ArtifactRecord),
}

/// Which interpreter an environment is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PythonChoice {
    /// This version.
    Exactly(PythonVersion),
    /// The newest here that tools are known to work with.
    ForTools,
}

/// One command. In arguments and environment `{python}`, `{bin}`, `{tree}`, `{project}` and `{out}`
/// stand for the environment's interpreter, its folder of programs, the repository, the project's
/// folder and the job's folder.
#[derive(Clone)]
pub struct Command {
    /// The tool, for people.
    pub tool: String,
    /// Program and arguments.
    pub arguments: Vec<String>,
    /// Variables beside the built ones.
    pub environment: BTreeMap<String, String>,
    /// Folder it starts in, relative to the repository.
    pub folder: String,
    /// Whether its reader wants standard output whole and alone; else that goes to the log.
    pub reads_stdout: bool,
    /// Turns what it wrote into findings, tests or coverage.
    pub read: fn(&Output<'_>) -> Result<Partial, String>,
    /// Said in [`Output`], for readers that need to know more of the command.
    pub hint: String,
}

/// Findings are kept by file: only files that no stored result covers are handed to the command.
#[derive(Clone)]
pub struct Scan {
    /// Files in question, relative to the repository; they follow the command's arguments.
    pub files: Vec<String>,
    /// What one file's findings depend on beside its contents: tool, version, options.
    pub key: Vec<String>,
}

/// What a command left behind, for its reader.
pub struct Output<'a> {
    /// Exit code; 128 plus the signal where one ended it.
    pub exit: i32,
    /// Standard output, whole.
    pub stdout: &'a [u8],
    /// The last lines of standard error, and of standard output where that goes to the log.
    pub stderr: &'a str,
    /// The repository's folder as the command saw it.
    pub root: &'a str,
    /// Folder the command started in, relative to the repository.
    pub folder: &'a str,
    /// [`Command::hint`].
    pub hint: &'a str,
    /// Reads a file that the command wrote into the job's folder.
    pub file: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

impl Output<'_> {
    /// Returns what it said: on standard error, or else on standard output.
    pub(crate) fn said(&self) -> Cow<'_, str> {
        if self.stderr.trim().is_empty() {
            String::from_utf8_lossy(self.stdout)
        } else {
            Cow::Borrowed(self.stderr)
        }
    }

    /// Returns the message of a backend's exception, led by the last lines that it said where the exception
    /// is nothing but a wish to end.
    pub fn reason(&self, message: &str) -> String {
        let said = self.last_lines(4);
        if !message.contains("SystemExit") || said.is_empty() {
            return message.to_owned();
        }
        format!("{said}\n{message}")
    }

    /// Returns the last lines of what it said that hold something, at most so many.
    pub(crate) fn last_lines(&self, most: usize) -> String {
        let said = self.said();
        let lines: Vec<&str> = said
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        lines[lines.len().saturating_sub(most)..].join("\n")
    }
}

/// A file for later jobs or for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its name.
    pub name: String,
    /// Its path in the job's folder.
    pub path: String,
}

/// What one command found.
#[derive(Debug, Clone, Default)]
pub struct Partial {
    /// Findings.
    pub findings: Vec<Finding>,
    /// Test cases.
    pub tests: Vec<TestCase>,
    /// Coverage.
    pub coverage: Option<Coverage>,
    /// What an advisory service knows of the packages that it was asked for.
    pub advisories: Vec<Advisory>,
    /// How many files the tool looked at, where it says so.
    pub files: Option<usize>,
    /// Facts for the summary, by name.
    pub facts: BTreeMap<String, String>,
    /// Things to say.
    pub notes: Vec<String>,
    /// Why the tool could not do its work.
    pub errors: Vec<Problem>,
    /// Files to keep.
    pub artifacts: Vec<Artifact>,
    /// Requirements that a build backend or tool asks for in addition: with any, nothing else was done, and the
    /// commands run again in an environment that has them.
    pub requires: Vec<String>,
}
