//! `towpath check NAME`: exactly one check, and what it needs.

use crate::arguments::{CheckArguments, CheckWorkflowsArguments, GlobalArguments};
use crate::asked::Asked;
use crate::exit_code::ExitCode;
use crate::process::Process;
use crate::run::run_pipeline;

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    check: &CheckArguments,
) -> anyhow::Result<ExitCode> {
    let projects: Vec<String> = check.project.iter().cloned().collect();
    run_pipeline(
        process,
        &Asked {
            folder: super::folder(process, global),
            color: global.color,
            execution: &check.execution,
            report: &check.report,
            pythons: &check.pythons,
            projects: &projects,
            check: Some(&check.name),
            failed: false,
            changed_since: None,
        },
    )
}

pub(super) fn run_workflows(
    process: &Process,
    global: &GlobalArguments,
    check: &CheckWorkflowsArguments,
) -> anyhow::Result<ExitCode> {
    run_pipeline(
        process,
        &Asked {
            folder: super::folder(process, global),
            color: global.color,
            execution: &check.execution,
            report: &check.report,
            pythons: &[],
            projects: &[],
            check: Some("workflows"),
            failed: false,
            changed_since: None,
        },
    )
}
