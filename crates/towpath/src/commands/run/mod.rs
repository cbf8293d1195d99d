//! `towpath run`: the workflows of a repository, on this machine.

mod approvals;
mod called;
mod check;
mod dotenv;
mod engines;
mod execute;
mod files;
mod given;
mod listing;
mod names;
mod planned;
mod planning;
mod resume;
mod sequence;
mod settings;
mod site;
mod start;
mod surroundings;
mod words;
mod workspaces;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use towpath_host::Git;
use towpath_report::Problem;
use towpath_runner::{Ground, Platforms, RunContext};
use towpath_workflow::expression::Value;

use crate::arguments::run::{MannerArguments, RunArguments};
use crate::arguments::{GlobalArguments, ReportFormat};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::process::Process;
use crate::run::surroundings;

use files::{Files, Places};
use given::{Given, given};
use listing::{Listing, Selection, listing};
use start::{Candidate, candidates};

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    run: &RunArguments,
) -> anyhow::Result<ExitCode> {
    let asked = Asked::read(process, global, run)?;
    let user = user(process);
    let ground = asked.ground(run, &user);
    let candidates = candidates(
        &asked.files,
        &ground,
        &run.event,
        &asked.folder,
        run.manner.list,
    )?;
    let contexts = contexts(&asked, &candidates, run)?;
    let platforms = platforms(&run.manner);
    let selection = Selection {
        files: &asked.files,
        matrix: &run.choice.matrix,
    };
    let event = candidates.first();
    let event = event.map(|candidate| candidate.event.describe());
    let listing = listing(
        event.unwrap_or_default(),
        &candidates,
        &contexts,
        &platforms,
        &selection,
    );
    approvals::refuse_unknown(&listing, &asked.files, &run.given.approvals)?;
    warn(&asked.files, process, global);
    let is_started = candidates
        .iter()
        .any(|candidate| candidate.refused.is_none());
    if run.manner.only_looks() {
        return show(process, global, run, &listing);
    }
    if !is_started {
        let style = surroundings(process, global.color).report_style();
        output::tell(&words::closing(&listing, style));
        return Ok(ExitCode::Passed);
    }
    if run.manner.shell_on_failure && !std::io::stdin().is_terminal() {
        return Err(Failure::of(
            Problem::error("`--shell-on-failure` needs a terminal")
                .with_hint("leave it out; `towpath logs JOB` shows what a job printed"),
        )
        .into());
    }
    execute::execute(process, global, run, &asked, candidates, &platforms)
}

/// What is asked for, read and checked.
struct Asked {
    folder: PathBuf,
    root: PathBuf,
    git: Option<Git>,
    files: Files,
    given: Given,
    environments: std::collections::BTreeMap<String, towpath_runner::EnvironmentContext>,
}

impl Asked {
    fn read(
        process: &Process,
        global: &GlobalArguments,
        run: &RunArguments,
    ) -> anyhow::Result<Self> {
        let folder = super::folder(process, global);
        let git = crate::repository::git_around(&folder)?;
        let root = git.as_ref().map_or(folder.as_path(), Git::top_level);
        let root = root.to_owned();
        let files = read_files(process, &folder, &root, run)?;
        let settings = settings::read(&root)?;
        let sources = given::Sources {
            process,
            folder: &folder,
            settings: &settings,
            is_named: &|name| files.name_secret(name) || settings::name_secret(&settings, name),
            is_look: run.manner.only_looks(),
        };
        let given = given(sources, &run.given)?;
        Ok(Self {
            environments: settings::environments(&settings, &run.given.approvals, &given.secrets),
            folder,
            root,
            git,
            files,
            given,
        })
    }

    fn ground<'a>(&'a self, run: &'a RunArguments, user: &'a str) -> Ground<'a> {
        Ground {
            git: self.git.as_ref(),
            folder: &self.root,
            reference: run.event.reference.as_deref(),
            actor: run.event.actor.as_deref(),
            user,
            filters_paths: self.files.filter_paths(),
        }
    }

    /// Adds what the user gives to what the event tells.
    fn complete(&self, mut context: RunContext) -> RunContext {
        context.variables.clone_from(&self.given.variables);
        context.secrets.clone_from(&self.given.secrets);
        context.masked.clone_from(&self.given.credentials);
        context.environments.clone_from(&self.environments);
        context
            .extra_environment
            .clone_from(&self.given.environment);
        let mut secrets = context.secrets.iter();
        let token = secrets.find(|(name, _)| name.eq_ignore_ascii_case("GITHUB_TOKEN"));
        let token = token.map_or("", |(_, token)| token.expose());
        let token = ("token".to_owned(), Value::from(token));
        context.github.0.push(token);
        context
    }
}

impl MannerArguments {
    /// Tells whether nothing is to run.
    pub(super) fn only_looks(&self) -> bool {
        self.list || self.plan || self.dry_run
    }
}

fn read_files(
    process: &Process,
    folder: &Path,
    root: &Path,
    run: &RunArguments,
) -> anyhow::Result<Files> {
    let fetched = super::actions::store(&process.folders()?.cache);
    let places = Places {
        folder,
        root,
        fetched: &fetched,
    };
    let named = run.target.iter().chain(&run.choice.workflows);
    let targets: Vec<&str> = named.map(String::as_str).collect();
    Ok(files::read(places, &targets, &run.choice.ids)?)
}

/// Returns the name of the user of this machine.
fn user(process: &Process) -> String {
    let named = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| process.environment.get(*name));
    named.cloned().unwrap_or_else(|| "local".to_owned())
}

/// What is known of each workflow before the run; the number of the run is not given out for looking.
fn contexts(
    asked: &Asked,
    candidates: &[Candidate<'_>],
    run: &RunArguments,
) -> Result<Vec<RunContext>, Failure> {
    let of = |candidate: &Candidate<'_>| {
        let context = match &candidate.refused {
            Some(_) => RunContext::default(),
            None => candidate.context(0, &run.event)?,
        };
        Ok(asked.complete(context))
    };
    candidates.iter().map(of).collect()
}

fn platforms(manner: &MannerArguments) -> Platforms {
    Platforms::new(
        std::env::consts::OS,
        std::env::consts::ARCH,
        manner.platforms.clone(),
    )
}

fn warn(files: &Files, process: &Process, global: &GlobalArguments) {
    if !files.warnings.is_empty() {
        let failure = Failure {
            problems: files.warnings.clone(),
            closing: String::new(),
        };
        output::print_failure(&failure, &surroundings(process, global.color));
    }
}

/// Shows what was asked for.
fn show(
    process: &Process,
    global: &GlobalArguments,
    run: &RunArguments,
    listing: &Listing,
) -> anyhow::Result<ExitCode> {
    let style = surroundings(process, global.color).report_style();
    let text = match run.report.format {
        ReportFormat::Json => serde_json::to_string_pretty(listing)? + "\n",
        ReportFormat::Text if run.manner.list => words::list(listing, style),
        ReportFormat::Text if run.manner.plan => words::plan(listing, style),
        ReportFormat::Text => words::dry_run(listing, style),
        _ => {
            return Err(Failure::of(
                Problem::error("`--list`, `--plan` and `--dry-run` make no report")
                    .with_hint("`--format json` gives them as data"),
            )
            .into());
        }
    };
    output::print(&text)?;
    Ok(ExitCode::Passed)
}
