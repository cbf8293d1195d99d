//! The arguments of `towpath run`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueHint};

use super::ReportArguments;

/// Arguments of `towpath run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  towpath run                                 what a push of the branch would start
  towpath run --list                          what there is and what would run
  towpath run test.yml:lint                   one job and what it needs
  towpath run --event pull_request
  towpath run test.yml --matrix python-version:3.12
  towpath run release.yml --input target=test --secret API_TOKEN --approve pypi

Without `--event` a file that is named runs for the first of push, pull_request, workflow_dispatch and its
other events that it starts on. With `--event` a file that GitHub would not start is not run, and that is no
failure.

Exit codes: 0 passed, 1 failed, 2 could not run, 130 interrupted.")]
pub struct RunArguments {
    /// A workflow: a path, or a name in `.github/workflows`, with or without `:JOB`; without it all that
    /// the event starts
    #[arg(value_name = "FILE[:JOB]", value_hint = ValueHint::FilePath)]
    pub target: Option<String>,
    /// Which workflows and jobs run.
    #[command(flatten)]
    pub choice: ChoiceArguments,
    /// What starts them.
    #[command(flatten)]
    pub event: EventArguments,
    /// What they are given.
    #[command(flatten)]
    pub given: GivenArguments,
    /// How they run.
    #[command(flatten)]
    pub manner: MannerArguments,
    /// What is told.
    #[command(flatten)]
    pub report: ReportArguments,
}

/// Which workflows and jobs of `towpath run` run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which jobs run")]
pub struct ChoiceArguments {
    /// A workflow, as FILE; may be repeated
    #[arg(long = "workflow", short = 'W', value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub workflows: Vec<String>,
    /// Run only this job and those that it needs; may be repeated
    #[arg(long = "job", value_name = "ID")]
    pub ids: Vec<String>,
    /// Run only the copies with this value of the matrix, as KEY:VALUE or KEY=VALUE; may be repeated
    #[arg(long = "matrix", value_name = "KEY:VALUE", value_parser = matrix_value)]
    pub matrix: Vec<Assignment>,
}

/// What starts the workflows of `towpath run`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What starts them")]
pub struct EventArguments {
    /// The event, with or without what happened: `pull_request`, `pull_request.labeled`
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,
    /// The payload of the event, or what differs from the one made from git, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub event_file: Option<PathBuf>,
    /// The branch, tag or commit that the event is about, or `refs/pull/N/merge`; as `refs/tags/NAME` it need
    /// not exist
    #[arg(long = "ref", value_name = "REF")]
    pub reference: Option<String>,
    /// Who acts; git's user without it
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// An input of `workflow_dispatch` or `workflow_call`; may be repeated
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub inputs: Vec<Assignment>,
}

/// What jobs of `towpath run` are given.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What they are given")]
pub struct GivenArguments {
    /// A secret; without VALUE from the environment, or asked for; may be repeated
    #[arg(long = "secret", value_name = "NAME[=VALUE]")]
    pub secrets: Vec<SecretArgument>,
    /// Secrets in the form of dotenv; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub secret_file: Vec<PathBuf>,
    /// A variable of the `vars` context; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<Assignment>,
    /// Variables of the `vars` context in the form of dotenv; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub var_file: Vec<PathBuf>,
    /// A variable in the environment of every step; may be repeated
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub environment: Vec<Assignment>,
    /// Let the jobs of this deployment environment start; may be repeated
    #[arg(long = "approve", value_name = "ENV")]
    pub approvals: Vec<String>,
}

/// How jobs of `towpath run` run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How they run")]
pub struct MannerArguments {
    /// Say what there is and what the event starts; run nothing
    #[arg(long, group = "look")]
    pub list: bool,
    /// Say what would run, with every matrix and condition; run nothing
    #[arg(long, group = "look")]
    pub plan: bool,
    /// Say which steps would run; run nothing
    #[arg(long, group = "look")]
    pub dry_run: bool,
    /// Go on with the last run of the same workflows, event and commit: jobs that succeeded keep their results
    #[arg(long, conflicts_with = "look")]
    pub resume: bool,
    /// Run jobs with this label here, as LABEL=host; may be repeated
    #[arg(long = "platform", value_name = "LABEL=host", value_parser = platform)]
    pub platforms: Vec<String>,
    /// Open a shell where a step failed, with its variables, before the job goes on
    #[arg(long)]
    pub shell_on_failure: bool,
    /// Run at most N jobs at once; as many as there are processors without it
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Before the sign.
    pub name: String,
    /// Behind it.
    pub value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        split(text, &['=']).ok_or_else(|| "write NAME=VALUE".to_owned())
    }
}

/// A secret on the command line. Its value is never shown, not even with a mistake.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretArgument {
    /// Its name.
    pub name: String,
    /// Its value, if it is written there.
    pub value: Option<String>,
}

impl std::fmt::Debug for SecretArgument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretArgument({})", self.name)
    }
}

impl FromStr for SecretArgument {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        // Whether it is a name is asked later: a mistake that is told here would show the value.
        Ok(Self {
            name: name.to_owned(),
            value,
        })
    }
}

fn split(text: &str, signs: &[char]) -> Option<Assignment> {
    let (name, value) = text.split_once(signs)?;
    (!name.is_empty()).then(|| Assignment {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

fn matrix_value(text: &str) -> Result<Assignment, String> {
    split(text, &[':', '=']).ok_or_else(|| "write KEY:VALUE, such as `os:ubuntu-latest`".to_owned())
}

fn platform(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((label, "host")) if !label.is_empty() => Ok(label.to_owned()),
        Some((label, _)) if !label.is_empty() => Err(format!(
            "jobs run on this machine alone; write `{label}=host`"
        )),
        _ => Err("write LABEL=host, such as `windows-latest=host`".to_owned()),
    }
}
