//! Which jobs of the plan a command asks for: by check, by project, by what failed last and by what a
//! change can affect.

use std::collections::BTreeSet;

use towpath_actions::FILE_NAMES;
use towpath_host::git::ChangedLines;
use towpath_report::{Conclusion, JobRecord, Problem};
use towpath_runner::{Ledger, Plan, PlannedJob};

use crate::asked::Asked;
use crate::failure::Failure;
use crate::history::History;
use crate::nearest;
use crate::repository::Repository;

/// Returns the part of the plan that is asked for, with all that it needs. `is_skipped` tells of a job
/// whether it has nothing to do.
pub(crate) fn selected(
    whole: &Plan,
    repository: &Repository,
    asked: &Asked<'_>,
    ledger: &Ledger<'_>,
    failed: Option<&BTreeSet<String>>,
    is_skipped: &dyn Fn(&PlannedJob) -> bool,
) -> anyhow::Result<Plan> {
    refuse_unknown_projects(repository, asked.projects)?;
    refuse_unknown_check(whole, asked)?;
    let changed = match asked.changed_since {
        None => None,
        Some(revision) => Some(changes(repository, revision)?),
    };
    let decides = changed
        .iter()
        .flatten()
        .any(|change| repository.decides(&change.path));
    let mut wanted = BTreeSet::new();
    let mut affected = BTreeSet::new();
    for (index, job) in whole.jobs.iter().enumerate() {
        let in_check = asked.check.is_none_or(|check| job.group == check);
        let in_project = asked.projects.is_empty()
            || asked
                .projects
                .iter()
                .any(|project| project_root(project) == job.project);
        let failed_before = failed.is_none_or(|failed| failed.contains(&job.name));
        // Needs come before their dependents.
        let needs_affected = job.needs.iter().any(|need| affected.contains(need));
        let is_affected = match &changed {
            None => true,
            Some(_) if needs_affected || decides => true,
            Some(changes) => is_affected(ledger, job, changes, is_skipped)?,
        };
        if is_affected {
            affected.insert(index);
        }
        if in_check && in_project && failed_before && is_affected {
            wanted.insert(index);
        }
    }
    Ok(whole.with_needs(&wanted))
}

/// Returns the names of the jobs that did not pass when they ran last, in whichever run that was.
pub(crate) fn failed_jobs(
    repository: &Repository,
    jobs: &[PlannedJob],
) -> anyhow::Result<BTreeSet<String>> {
    let did_not_pass = |record: &JobRecord| {
        matches!(
            record.conclusion,
            Conclusion::Failure | Conclusion::Error | Conclusion::Cancelled
        )
    };
    let newest = History::of(&repository.state).newest_records(jobs, |_| true)?;
    let failed = newest.into_iter().filter(|(_, (_, job))| did_not_pass(job));
    Ok(failed.map(|(name, _)| name).collect())
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

fn refuse_unknown_check(whole: &Plan, asked: &Asked<'_>) -> Result<(), Failure> {
    let groups: BTreeSet<&str> = whole.jobs.iter().map(|job| job.group.as_str()).collect();
    let Some(name) = asked.check.filter(|name| !groups.contains(name)) else {
        return Ok(());
    };
    let known: Vec<&str> = groups.into_iter().collect();
    Err(Failure::of(
        Problem::error(format!("there is no check `{name}`")).with_hint(nearest::hint(
            name,
            &known,
            "the checks are",
        )),
    ))
}

fn changes(repository: &Repository, revision: &str) -> Result<Vec<ChangedLines>, Failure> {
    let Some(git) = &repository.git else {
        return Err(Failure::of(
            Problem::error("`--changed-since` needs a git repository")
                .with_hint("leave the option out: unchanged jobs are reused anyway"),
        ));
    };
    git.changed_since(revision)
        .map_err(|error| Failure::from_error(&error, error.hints()))
}

/// Returns whether changes can affect a job: by what its last verdict depended on, else they can.
fn is_affected(
    ledger: &Ledger<'_>,
    job: &PlannedJob,
    changes: &[ChangedLines],
    is_skipped: &dyn Fn(&PlannedJob) -> bool,
) -> anyhow::Result<bool> {
    let kept = ledger.last(&job.name)?.and_then(|last| last.dependencies);
    let dependencies = kept.map(|kept| ledger.dependencies(&kept)).transpose()?;
    let Some(dependencies) = dependencies.flatten() else {
        return Ok(!is_skipped(job));
    };
    // Tools look for files by name, so one that came or went counts though it was never opened.
    let by_name = dependencies
        .key
        .parts
        .iter()
        .any(|part| part.name == FILE_NAMES);
    let affects = |change: &ChangedLines| {
        dependencies.files.contains_key(&change.path) || by_name && change.is_other_name
    };
    Ok(changes.iter().any(affects))
}
