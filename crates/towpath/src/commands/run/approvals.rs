//! Approvals of deployment environments.

use towpath_report::Problem;

use super::listing::Listing;
use crate::failure::Failure;
use crate::nearest;

/// Refuses approvals of environments that no job uses: a misspelt name would leave the right one waiting.
pub(super) fn refuse_unknown(listing: &Listing, approved: &[String]) -> Result<(), Failure> {
    let jobs = || listing.workflows.iter().flat_map(|workflow| &workflow.jobs);
    let mut known: Vec<&str> = Vec::new();
    for name in jobs().filter_map(|job| job.environment.as_deref()) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    // A called workflow has environments of its own, and an expression may give any name.
    let is_open =
        jobs().any(|job| job.calls.is_some()) || known.iter().any(|name| name.contains("${{"));
    if is_open {
        return Ok(());
    }
    let is_known = |name: &String| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    let problems: Vec<Problem> = approved
        .iter()
        .filter(|name| !is_known(name))
        .map(|name| {
            let problem = Problem::error(format!("no job uses an environment `{name}`"));
            if known.is_empty() {
                problem.with_hint("leave `--approve` out")
            } else {
                problem.with_hint(nearest::hint(name, &known, "the environments are"))
            }
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure {
        problems,
        closing: "nothing was run".to_owned(),
    })
}
