//! The commands, one file each: arguments in, a call, an exit code out.

pub(crate) mod actions;
mod cache;
mod check;
mod ci;
pub(crate) mod completions;
mod explain;
mod expr;
mod fix;
pub(crate) mod help;
mod json_lines;
mod logs;
mod run;
mod workflow;

use std::path::PathBuf;

use towpath_host::Git;

use crate::arguments::{Arguments, Command, WorkflowCommand};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::process::Process;

/// Runs the command that the arguments name.
pub(crate) fn run(process: &Process, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Ci(ci) => ci::run(process, &arguments.global, ci),
        Command::Check(check) => check::run(process, &arguments.global, check),
        Command::Run(run) => run::run(process, &arguments.global, run),
        Command::CheckWorkflows(check) => check::run_workflows(process, &arguments.global, check),
        Command::Fix(fix) => fix::run(process, &arguments.global, fix),
        Command::Explain(explain) => explain::run(process, &arguments.global, explain),
        Command::Logs(logs) => logs::run(process, &arguments.global, logs),
        Command::Cache(cache) => cache::run(process, cache),
        Command::Actions(actions) => actions::run(process, &arguments.global, actions),
        Command::Help(help) => {
            let style = crate::run::surroundings(process, arguments.global.color).report_style();
            let text = help::help(&help.topic, style).map_err(|problem| Failure::of(*problem))?;
            crate::output::print(&text)?;
            Ok(ExitCode::Passed)
        }
        Command::Completions(shell) => {
            crate::output::print_bytes(&completions::completions(shell.shell))?;
            Ok(ExitCode::Passed)
        }
        Command::Man => {
            crate::output::print_bytes(&completions::man_page()?)?;
            Ok(ExitCode::Passed)
        }
        Command::Expr(_) => expr::run(),
        Command::Workflow(WorkflowCommand::Parse(_)) => workflow::parse(),
        // Answered before the arguments are parsed, since a supervisor must start quickly.
        Command::Supervise | Command::Keep => Ok(ExitCode::Unable),
    }
}

/// Returns the folder to work in.
pub(crate) fn folder(process: &Process, global: &crate::arguments::GlobalArguments) -> PathBuf {
    match &global.directory {
        Some(folder) => process.folder.join(folder),
        None => process.folder.clone(),
    }
}

/// Returns where the state of the repository around the folder to work in is kept.
pub(crate) fn state(
    process: &Process,
    global: &crate::arguments::GlobalArguments,
) -> anyhow::Result<PathBuf> {
    let folder = folder(process, global);
    let folders = process.folders()?;
    let git = crate::repository::git_around(&folder)?;
    Ok(folders.repository(git.as_ref().map_or(folder.as_path(), Git::top_level)))
}
