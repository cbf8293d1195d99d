//! The command line, declared once: parser, help, completions, man page and the reference page are
//! made from it. Knows what can be asked; does not know how it is done.

pub mod run;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::styling::{AnsiColor, Style as HelpStyle, Styles};
use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

use towpath_standard::CHECKS;

use crate::nearest;
use crate::terminal::{ColorChoice, Style};

const STYLES: Styles = Styles::styled()
    .header(HelpStyle::new().bold())
    .usage(HelpStyle::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold())
    .valid(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Yellow.on_default());

const TOP_EXAMPLES: &str = "\
Examples:
  towpath ci                         check everything, run only what changed
  towpath check tests --python 3.12  one check on one Python
  towpath run                        run the workflows that a push would start
  towpath fix                        mend what the linters and formatters can mend
  towpath explain \"tests 3.12\"       why a job runs, waits or was reused
  towpath help config                every setting";

/// The whole CI pipeline of a Python project in one binary.
///
/// `towpath ci` finds out how the project is linted, typed, tested and built, runs it in parallel, and
/// runs again only what a change can affect. Nothing needs to be configured.
#[derive(Debug, Parser)]
#[command(
    name = "towpath",
    version,
    styles = STYLES,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = TOP_EXAMPLES
)]
pub struct Arguments {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArguments {
    /// Work in this folder instead of the current one
    #[arg(short = 'C', long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: ColorChoice,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the whole project
    Ci(CiArguments),
    /// Run exactly one check
    Check(CheckArguments),
    /// Run the workflows of `.github/workflows` on this machine
    Run(Box<run::RunArguments>),
    /// Check the repository's own CI files; the same as `check workflows`
    CheckWorkflows(CheckWorkflowsArguments),
    /// Mend what linters and formatters can mend
    Fix(FixArguments),
    /// Say why a job runs, what it depends on and what changed
    Explain(ExplainArguments),
    /// Print the log of a job of the last run
    Logs(LogsArguments),
    /// Show or clean what is kept between runs
    Cache(CacheArguments),
    /// Bring the actions of other repositories that workflows use
    Actions(ActionsArguments),
    /// Print help on a command, the settings, the actions or the exit codes
    Help(HelpArguments),
    /// Print the completion script of a shell
    Completions(CompletionsArguments),
    /// Print the man page
    #[command(hide = true)]
    Man,
    /// Evaluate expressions, for programs that compare implementations
    #[command(hide = true)]
    Expr(JsonLinesArguments),
    /// Read workflow files, for programs that compare implementations
    #[command(hide = true, subcommand)]
    Workflow(WorkflowCommand),
    /// Hold a job's processes together; started by towpath itself
    #[command(name = "__supervise", hide = true)]
    Supervise,
    /// Hold the processes of a run's steps together; started by towpath itself
    #[command(name = "__keep", hide = true)]
    Keep,
}

/// Arguments of `towpath ci`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  towpath ci                          check everything, run only what changed
  towpath ci packages/api             one project of the repository
  towpath ci --failed                 run again only what failed
  towpath ci --changed-since main     only what the branch can affect
  towpath ci --report junit=out.xml --report sarif=out.sarif

Exit codes: 0 passed, 1 failed, 2 could not run, 130 interrupted.")]
pub struct CiArguments {
    /// Projects to check, as their folders; all of the repository without it
    #[arg(value_name = "PROJECT", value_hint = ValueHint::DirPath)]
    pub projects: Vec<String>,
    /// Which jobs run.
    #[command(flatten)]
    pub selection: SelectionArguments,
    /// How they run.
    #[command(flatten)]
    pub execution: ExecutionArguments,
    /// What is told.
    #[command(flatten)]
    pub report: ReportArguments,
}

/// Which jobs of `towpath ci` run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which jobs run")]
pub struct SelectionArguments {
    /// Run again only the jobs that failed in the last run
    #[arg(long, conflicts_with = "changed_since")]
    pub failed: bool,
    /// Run only the jobs that a change since this commit can affect
    #[arg(long, value_name = "REF")]
    pub changed_since: Option<String>,
    /// Test on this Python instead of those found; may be repeated
    #[arg(long = "python", value_name = "X", value_parser = python_version)]
    pub pythons: Vec<String>,
}

/// How jobs run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How jobs run")]
pub struct ExecutionArguments {
    /// Run every job, whatever earlier runs found
    #[arg(long)]
    pub force: bool,
    /// Run at most N jobs at once; as many as there are processors without it
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
    /// Never use the network; what is not cached is an error
    #[arg(long)]
    pub offline: bool,
    /// Run jobs without isolation; their verdicts are not reused
    #[arg(long)]
    pub no_sandbox: bool,
    /// Read every file again instead of trusting its size and time
    #[arg(long)]
    pub verify: bool,
    /// Read the settings of every project from this file instead of pyproject.toml or towpath.toml
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
}

/// What a command tells, and where.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reports")]
pub struct ReportArguments {
    /// Also write a report to a file, in a form of `--format`, as `coverage-xml` or, to a folder, as
    /// `coverage-html`; may be repeated
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    pub reports: Vec<ReportTarget>,
    /// Form of the report on standard output
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true
    )]
    pub format: ReportFormat,
    /// Print nothing but the problems and the verdict
    #[arg(long, short)]
    pub quiet: bool,
    /// Also show reused jobs and the notes of each job
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// A form of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum ReportFormat {
    /// For a person
    Text,
    /// Everything, versioned
    Json,
    /// Test results, for most CI systems
    Junit,
    /// Findings, for code scanning and editors
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A summary for a pull request
    Markdown,
    /// One page that needs no script and no network
    Html,
}

/// A report that is written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTarget {
    /// Its form.
    pub format: FileFormat,
    /// Where it is written.
    pub file: PathBuf,
}

/// A form of report that is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// One that standard output may have too.
    Report(ReportFormat),
    /// `coverage-xml`: the coverage, in the form of Cobertura.
    CoverageXml,
    /// `coverage-html`: the coverage as pages, in a folder.
    CoverageHtml,
}

/// Forms that are no form of standard output.
const FILE_FORMATS: [(&str, FileFormat); 2] = [
    ("coverage-xml", FileFormat::CoverageXml),
    ("coverage-html", FileFormat::CoverageHtml),
];

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, file) = text
            .split_once('=')
            .filter(|(_, file)| !file.is_empty())
            .ok_or("write FORMAT=FILE, such as `junit=report.xml`")?;
        let of_file = FILE_FORMATS.iter().find(|(name, _)| *name == format);
        let format = match of_file {
            Some((_, format)) => *format,
            None => ReportFormat::from_str(format, false)
                .map(FileFormat::Report)
                .map_err(|_| unknown_format(format))?,
        };
        Ok(Self {
            format,
            file: PathBuf::from(file),
        })
    }
}

fn unknown_format(written: &str) -> String {
    let names: Vec<String> = ReportFormat::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .map(|value| value.get_name().to_owned())
        .collect();
    let of_files = FILE_FORMATS.iter().map(|(name, _)| *name);
    let names: Vec<&str> = names.iter().map(String::as_str).chain(of_files).collect();
    let hint = nearest::hint(written, &names, "the formats are");
    format!("`{written}` is no format; {hint}")
}

/// Arguments of `towpath check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  towpath check lint
  towpath check tests --python 3.12
  towpath check types packages/api --format json
  towpath check coverage    also writes coverage.xml and htmlcov/ here

Exit codes: 0 passed, 1 failed, 2 could not run, 130 interrupted.")]
pub struct CheckArguments {
    /// The check: lint, format, types, security, secrets, tests, integration, coverage, build, wheel, docs, version,
    /// workflows, or one that the settings add
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The project, as its folder; all that have this check without it
    #[arg(value_name = "PROJECT", value_hint = ValueHint::DirPath)]
    pub project: Option<String>,
    /// Run on this Python instead of those found; may be repeated
    #[arg(long = "python", value_name = "X", value_parser = python_version)]
    pub pythons: Vec<String>,
    /// How it runs.
    #[command(flatten)]
    pub execution: ExecutionArguments,
    /// What is told.
    #[command(flatten)]
    pub report: ReportArguments,
}

/// Arguments of `towpath check-workflows`.
#[derive(Debug, Clone, Args)]
pub struct CheckWorkflowsArguments {
    /// How it runs.
    #[command(flatten)]
    pub execution: ExecutionArguments,
    /// What is told.
    #[command(flatten)]
    pub report: ReportArguments,
}

/// Arguments of `towpath fix`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The one command that edits files. It runs the project's own linters and formatters with their fixes on.

Examples:
  towpath fix
  towpath fix lint
  towpath fix format packages/api
  towpath fix types --baseline     tolerate today's findings from now on")]
pub struct FixArguments {
    /// The check whose problems are mended, lint or format; both without it
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The project, as its folder; all of the repository without it
    #[arg(value_name = "PROJECT", value_hint = ValueHint::DirPath)]
    pub project: Option<String>,
    /// Write what the check finds today into towpath-baseline.json instead of mending it; the counts
    /// may fall from then on, never rise
    #[arg(long, requires = "name")]
    pub baseline: bool,
    /// How it runs.
    #[command(flatten)]
    pub execution: ExecutionArguments,
}

/// Arguments of `towpath explain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  towpath explain                 the whole pipeline, and why each job is in it
  towpath explain \"tests 3.12\"    one job: inputs, command, last result, what changed
  towpath explain event           the event as JSON
  towpath explain env             the environment variables that jobs get
  towpath explain context github  a context as JSON, secrets as ***")]
pub struct ExplainArguments {
    /// A job, `event`, `env`, or `context` with its name; the whole pipeline without it
    #[arg(value_name = "JOB|event|env|context NAME")]
    pub topic: Vec<String>,
    /// Form of what is said of jobs; the other topics are JSON in any case
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true
    )]
    pub format: DataFormat,
}

/// A form of what a command answers beside reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum DataFormat {
    /// For a person
    Text,
    /// For a program, versioned
    Json,
}

/// Arguments of `towpath logs`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  towpath logs               the jobs of the last run that have a log
  towpath logs \"tests 3.12\"  the log of one")]
pub struct LogsArguments {
    /// The job; a list of the jobs without it
    #[arg(value_name = "JOB")]
    pub job: Vec<String>,
}

/// Arguments of `towpath cache`.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = false)]
pub struct CacheArguments {
    /// What to do; `status` without it.
    #[command(subcommand)]
    pub action: Option<CacheAction>,

    /// Form of the answer
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        global = true
    )]
    pub format: DataFormat,
}

/// What to do with the cache.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum CacheAction {
    /// Show where the cache lies and what fills it
    Status,
    /// Remove what has not been used for 30 days
    Clean {
        /// Remove everything
        #[arg(long, conflicts_with = "older_than")]
        all: bool,
        /// Remove what has not been used for this many days
        #[arg(long, value_name = "DAYS")]
        older_than: Option<u32>,
    },
}

/// Arguments of `towpath actions`.
#[derive(Debug, Clone, Args)]
pub struct ActionsArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: ActionsCommand,
}

/// What to do with actions of other repositories.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ActionsCommand {
    /// Fetch them with git, so that `towpath run` needs no network for them
    #[command(after_help = "\
Examples:
  towpath actions fetch                            what the workflows of the repository use
  towpath actions fetch .github/workflows/ci.yml   what one of them uses

`towpath help actions` lists the actions that are built in and need no fetching.")]
    Fetch {
        /// Workflow files; those of `.github/workflows` without it
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// The server that has the repositories
        #[arg(long, value_name = "URL", default_value = "https://github.com")]
        server: String,
    },
}

/// Arguments of `towpath help`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  towpath help ci            a command
  towpath help config        every setting
  towpath help config tests  the settings of one table
  towpath help actions       the actions that are built in
  towpath help exit-codes    what the exit codes mean")]
pub struct HelpArguments {
    /// A command, `config` with or without a table, `actions`, or `exit-codes`
    #[arg(value_name = "TOPIC")]
    pub topic: Vec<String>,
}

/// Arguments of commands that answer programs.
#[derive(Debug, Clone, Args)]
pub struct JsonLinesArguments {
    /// Read one JSON object per line and answer each with one
    #[arg(long, required = true)]
    pub json_lines: bool,
}

/// What to do with workflow files.
#[derive(Debug, Clone, Subcommand)]
pub enum WorkflowCommand {
    /// Say what GitHub's own parser would say
    Parse(JsonLinesArguments),
}

/// Arguments of `towpath completions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  towpath completions bash > ~/.local/share/bash-completion/completions/towpath
  towpath completions zsh > ~/.zfunc/_towpath
  towpath completions fish > ~/.config/fish/completions/towpath.fish")]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Reads the command line; `arguments` starts with the program's name.
///
/// The error is what clap prints: help and version are errors with exit code 0, mistakes with 2.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &BTreeMap<String, String>,
    is_terminal: bool,
) -> Result<Arguments, clap::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let choice = color_option(&arguments);
    let has_color = Style::detect(environment, choice, is_terminal, None).color;
    let color = if has_color {
        clap::ColorChoice::Always
    } else {
        clap::ColorChoice::Never
    };
    let mut command = Arguments::command().color(color);
    let mut matches = command
        .try_get_matches_from_mut(arguments)
        .map_err(with_check)?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// A check's name alone is no command; says which command runs it.
fn with_check(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(written)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let names: Vec<&str> = CHECKS.iter().map(|check| check.name()).collect();
    let check = names.iter().find(|name| *name == written);
    if let Some(check) = check
        .copied()
        .or_else(|| towpath_report::nearest(written, names.iter().copied()))
    {
        // The parser's own guess would lead to another command.
        error.remove(ContextKind::SuggestedSubcommand);
        let tip = format!("`towpath check {check}` runs that check");
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

/// Looks for `--color` before the rest is parsed, since mistakes and help are coloured too.
fn color_option(arguments: &[OsString]) -> ColorChoice {
    let words = || {
        arguments
            .iter()
            .map(|argument| argument.to_str().unwrap_or_default())
    };
    let joined = words().find_map(|word| word.strip_prefix("--color="));
    let apart = || {
        words()
            .zip(words().skip(1))
            .find_map(|(word, next)| (word == "--color").then_some(next))
    };
    joined
        .or_else(apart)
        .and_then(|when| <ColorChoice as ValueEnum>::from_str(when, false).ok())
        .unwrap_or_default()
}

/// Returns a job's name as it is written on a command line.
pub(crate) fn as_argument(job: &str) -> String {
    if job.contains([' ', '(']) {
        format!("\"{job}\"")
    } else {
        job.to_owned()
    }
}

fn python_version(text: &str) -> Result<String, String> {
    let is_number = |part: &str| {
        (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.split_once('.') {
        Some((major, minor)) if is_number(major) && is_number(minor) => Ok(text.to_owned()),
        _ => Err("write major and minor version, such as `3.12`".to_owned()),
    }
}

#[cfg(test)]
mod tests;
