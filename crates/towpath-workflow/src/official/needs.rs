//! What the official parser says of `needs`.

use std::collections::{HashMap, HashSet};

use super::check::Checker;
use crate::yaml::Node;

struct Job<'a> {
    name: &'a str,
    needs: Vec<&'a Node>,
}

/// Checks that every need is a job and that none waits for itself.
pub(super) fn check(checker: &mut Checker<'_>, jobs: &Node) {
    let entries = jobs.as_mapping().unwrap_or_default();
    let list: Vec<Job<'_>> = entries
        .iter()
        .filter_map(|(key, job)| {
            Some(Job {
                name: key.text()?,
                needs: needs_of(job),
            })
        })
        .collect();
    if list.iter().all(|job| !job.needs.is_empty()) {
        checker.mistake(
            jobs,
            "The workflow must contain at least one job with no dependencies.",
        );
        return;
    }
    let done = runnable(&list);
    let names: HashSet<String> = list.iter().map(|job| folded(job.name)).collect();
    for job in &list {
        for need in &job.needs {
            let need_name = need.text().unwrap_or_default();
            let folded = folded(need_name);
            if done.contains(&folded) {
                continue;
            }
            let message = if names.contains(&folded) {
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

/// Returns the names of the jobs whose turn comes.
fn runnable(jobs: &[Job<'_>]) -> HashSet<String> {
    let mut missing: Vec<usize> = jobs.iter().map(|job| job.needs.len()).collect();
    let mut waiting: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, job) in jobs.iter().enumerate() {
        for name in job.needs.iter().filter_map(|need| need.text()) {
            waiting.entry(folded(name)).or_default().push(index);
        }
    }
    let is_free = |job: &&Job<'_>| job.needs.is_empty();
    let mut ready: Vec<&Job<'_>> = jobs.iter().filter(is_free).collect();
    let mut done = HashSet::new();
    while let Some(job) = ready.pop() {
        let name = folded(job.name);
        for index in waiting.remove(&name).unwrap_or_default() {
            missing[index] -= 1;
            if missing[index] == 0 {
                ready.push(&jobs[index]);
            }
        }
        done.insert(name);
    }
    done
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
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
