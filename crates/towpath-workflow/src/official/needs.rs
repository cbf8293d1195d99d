//! What the official parser says of `needs`.

use super::check::Checker;
use crate::yaml::Node;

struct Waiting<'a> {
    name: &'a str,
    needs: Vec<&'a Node>,
}

/// Checks that every need is a job and that none waits for itself.
pub(super) fn check(checker: &mut Checker<'_>, jobs: &Node) {
    let entries = jobs.as_mapping().unwrap_or_default();
    let names: Vec<&str> = entries.iter().filter_map(|(key, _)| key.text()).collect();
    let (mut ready, mut waiting): (Vec<Waiting<'_>>, Vec<Waiting<'_>>) = entries
        .iter()
        .filter_map(|(key, job)| {
            Some(Waiting {
                name: key.text()?,
                needs: needs_of(job),
            })
        })
        .partition(|job| job.needs.is_empty());
    if ready.is_empty() {
        checker.mistake(
            jobs,
            "The workflow must contain at least one job with no dependencies.",
        );
        return;
    }
    while let Some(done) = ready.pop() {
        for job in &mut waiting {
            job.needs.retain(|need| !names_job(need, done.name));
        }
        let (freed, still): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|job| job.needs.is_empty());
        ready.extend(freed);
        waiting = still;
    }
    for job in &waiting {
        for need in &job.needs {
            let need_name = need.text().unwrap_or_default();
            let message = if names.iter().any(|name| names_job(need, name)) {
                format!(
                    "Job '{}' depends on job '{need_name}' which creates a cycle in the dependency graph.",
                    job.name
                )
            } else {
                format!("Job '{}' depends on unknown job '{need_name}'.", job.name)
            };
            checker.mistake(need, message);
        }
    }
}

fn names_job(need: &Node, name: &str) -> bool {
    need.text()
        .is_some_and(|need| need.eq_ignore_ascii_case(name))
}

fn needs_of(job: &Node) -> Vec<&Node> {
    match job.get("needs") {
        None => Vec::new(),
        Some(needs) => match needs.as_sequence() {
            Some(items) => items.iter().collect(),
            None => vec![needs],
        },
    }
}
