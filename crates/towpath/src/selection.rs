//! Which jobs of the plan a command asks for: by check, by project, by what failed last and by what a
//! change can affect.

use std::collections::BTreeSet;

use towpath_report::{Conclusion, JobRecord, Problem};
use towpath_runner::{Ledger, Plan};

use crate::failure::Failure;
use crate::history::History;
use crate::nearest;
use crate::repository::Repository;
use crate::run::Asked;

/// Returns the part of the plan that is asked for, with all that it needs.
pub(crate) fn selected(
    whole: &Plan,
    repository: &Repository,
    asked: &Asked<'_>,
    ledger: &Ledger<'_>,
) -> anyhow::Result<Plan> {
    refuse_unknown_projects(repository, asked.projects)?;
    let changed = match asked.changed_since {
        None => None,
        Some(revision) => Some(changed_paths(repository, revision)?),
    };
    let last = if asked.failed {
        History::of(&repository.state).last()?
    } else {
        None
    };
    let mut wanted = BTreeSet::new();
    for (index, job) in whole.jobs.iter().enumerate() {
        let in_check = asked.check.is_none_or(|check| job.group == check);
        let in_project = asked.projects.is_empty()
            || asked
                .projects
                .iter()
                .any(|project| project_root(project) == job.project);
        let failed_before = !asked.failed
            || last.as_ref().is_some_and(|last| {
                last.jobs
                    .iter()
                    .any(|old| old.name == job.name && did_not_pass(old))
            });
        let affected = match &changed {
            None => true,
            Some(paths) => is_affected(ledger, &job.name, paths)?,
        };
        if in_check && in_project && failed_before && affected {
            wanted.insert(index);
        }
    }
    if wanted.is_empty() && asked.check.is_some() {
        return Err(unknown_check(whole, asked).into());
    }
    Ok(whole.with_needs(&wanted))
}

fn did_not_pass(record: &JobRecord) -> bool {
    matches!(
        record.conclusion,
        Conclusion::Failure | Conclusion::Error | Conclusion::Cancelled
    )
}

/// Returns a project's root as facts name it: `./packages/a/` is `packages/a`, `.` is empty.
pub(crate) fn project_root(named: &str) -> &str {
    let named = named.trim_end_matches('/');
    if named == "." {
        ""
    } else {
        named.strip_prefix("./").unwrap_or(named)
    }
}

/// Refuses projects that the repository does not have.
pub(crate) fn refuse_unknown_projects(
    repository: &Repository,
    projects: &[String],
) -> Result<(), Failure> {
    let roots: Vec<&str> = repository
        .projects
        .iter()
        .map(|project| project.root.as_str())
        .collect();
    let is_unknown = |named: &&String| !roots.contains(&project_root(named));
    let Some(unknown) = projects.iter().find(is_unknown) else {
        return Ok(());
    };
    let roots: Vec<&str> = roots
        .iter()
        .map(|root| if root.is_empty() { "." } else { root })
        .collect();
    Err(Failure::of(
        Problem::error(format!("`{unknown}` is no project of this repository"))
            .with_hint(nearest::hint(unknown, &roots, "the projects are")),
    ))
}

fn unknown_check(whole: &Plan, asked: &Asked<'_>) -> Failure {
    let name = asked.check.unwrap_or_default();
    let groups: BTreeSet<&str> = whole.jobs.iter().map(|job| job.group.as_str()).collect();
    let known: Vec<&str> = groups.into_iter().collect();
    Failure::of(
        Problem::error(format!("there is no check `{name}`")).with_hint(nearest::hint(
            name,
            &known,
            "the checks are",
        )),
    )
}

fn changed_paths(repository: &Repository, revision: &str) -> Result<BTreeSet<String>, Failure> {
    let Some(git) = &repository.git else {
        return Err(Failure::of(
            Problem::error("`--changed-since` needs a git repository")
                .with_hint("leave the option out: unchanged jobs are reused anyway"),
        ));
    };
    let changed = git
        .changed_since(revision)
        .map_err(|error| Failure::from_error(&error, error.hints()))?;
    Ok(changed.into_iter().map(|change| change.path).collect())
}

/// Returns whether a change can affect a job: by what its last verdict depended on, else it can.
fn is_affected(ledger: &Ledger<'_>, job: &str, changed: &BTreeSet<String>) -> anyhow::Result<bool> {
    let Some(last) = ledger.last(job)? else {
        return Ok(true);
    };
    let Some(dependencies) = last.dependencies else {
        return Ok(true);
    };
    Ok(changed
        .iter()
        .any(|path| dependencies.files.contains_key(path) || !ledger.tree.contains(path)))
}
