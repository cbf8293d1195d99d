//! `towpath ci`: the whole pipeline.

use crate::arguments::{CiArguments, GlobalArguments};
use crate::asked::Asked;
use crate::exit_code::ExitCode;
use crate::process::Process;
use crate::run::run_pipeline;

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    ci: &CiArguments,
) -> anyhow::Result<ExitCode> {
    run_pipeline(
        process,
        &Asked {
            folder: super::folder(process, global),
            color: global.color,
            execution: &ci.execution,
            report: &ci.report,
            pythons: &ci.selection.pythons,
            projects: &ci.projects,
            check: None,
            failed: ci.selection.failed,
            changed_since: ci.selection.changed_since.as_deref(),
        },
    )
}
