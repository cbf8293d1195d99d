//! The order in which the needs of jobs allow them to run. Pure.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use thiserror::Error;

use crate::syntax::{Job, JobId};

/// Why jobs have no order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// A job needs one that does not exist.
    #[error("job `{job}` needs `{need}`, which no job is called")]
    Unknown {
        /// The job.
        job: String,
        /// What it needs.
        need: String,
    },
    /// Jobs need each other.
    #[error("the jobs {} need each other", chain(.0))]
    Cycle(Vec<String>),
}

/// Writes a circle of jobs, the middle of a long one left out.
fn chain(ids: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    if names.len() > SHOWN {
        names.splice(SHOWN / 2..names.len() - SHOWN / 2, ["…".to_owned()]);
    }
    names.join(" → ")
}

impl Error {
    /// Returns what to do.
    pub fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Unknown { .. } => "name a job of this workflow".to_owned(),
            Self::Cycle(_) => "remove one of these needs".to_owned(),
        }]
    }
}

/// Returns for each job the indices of the jobs that it needs.
pub fn resolve(jobs: &[Job]) -> Result<Vec<Vec<usize>>, Error> {
    let ids: HashMap<String, usize> = jobs
        .iter()
        .enumerate()
        .map(|(index, job)| (job.id.as_str().to_ascii_lowercase(), index))
        .collect();
    let find = |job: &Job, need: &JobId| {
        let unknown = || Error::Unknown {
            job: job.id.to_string(),
            need: need.to_string(),
        };
        ids.get(&need.as_str().to_ascii_lowercase())
            .copied()
            .ok_or_else(unknown)
    };
    jobs.iter()
        .map(|job| job.needs.iter().map(|need| find(job, need)).collect())
        .collect()
}

/// Returns the indices of `jobs` so that each comes after all that it needs, else in the order given.
pub fn order(jobs: &[Job]) -> Result<Vec<usize>, Error> {
    let needs = resolve(jobs)?;
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); jobs.len()];
    for (index, needs) in needs.iter().enumerate() {
        for need in needs {
            if let Some(list) = dependents.get_mut(*need) {
                list.push(index);
            }
        }
    }
    let free = missing
        .iter()
        .enumerate()
        .filter(|(_, missing)| **missing == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = free.map(|(index, _)| Reverse(index)).collect();
    let mut order: Vec<usize> = Vec::with_capacity(jobs.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for dependent in dependents.get(index).into_iter().flatten() {
            if let Some(missing) = missing.get_mut(*dependent) {
                *missing -= 1;
                if *missing == 0 {
                    ready.push(Reverse(*dependent));
                }
            }
        }
    }
    if order.len() < jobs.len() {
        let is_placed: Vec<bool> = missing.iter().map(|missing| *missing == 0).collect();
        return Err(Error::Cycle(cycle(jobs, &needs, &is_placed)));
    }
    Ok(order)
}

fn placed(is_placed: &[bool], index: usize) -> bool {
    is_placed.get(index).copied().unwrap_or(true)
}

/// Follows needs among the jobs that could not be placed until one comes again; each of them has one.
fn cycle(jobs: &[Job], needs: &[Vec<usize>], is_placed: &[bool]) -> Vec<String> {
    let mut path: Vec<usize> = Vec::new();
    let mut seen: HashMap<usize, usize> = HashMap::new();
    let mut next = is_placed.iter().position(|placed| !placed);
    while let Some(index) = next {
        let start = seen.insert(index, path.len());
        path.push(index);
        if let Some(start) = start {
            path.drain(..start);
            break;
        }
        next = needs
            .get(index)
            .and_then(|needs| needs.iter().copied().find(|need| !placed(is_placed, *need)));
    }
    path.iter()
        .filter_map(|index| jobs.get(*index))
        .map(|job| job.id.to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Step;

    fn jobs(described: &[(&str, &[&str])]) -> Vec<Job> {
        described
            .iter()
            .map(|(id, needs)| {
                let mut job = Job::of_steps(id, "ubuntu-latest", vec![Step::run("true")]);
                job.needs = needs.iter().map(|need| JobId::from(*need)).collect();
                job
            })
            .collect()
    }

    #[test]
    fn places_needs_first_and_keeps_the_order_else() {
        for (described, expected) in [
            (&[("a", &[][..]), ("b", &[]), ("c", &[])][..], vec![0, 1, 2]),
            (&[("c", &["b"]), ("b", &["a"]), ("a", &[])], vec![2, 1, 0]),
            (&[("a", &["C"]), ("b", &[]), ("c", &[])], vec![1, 2, 0]),
        ] {
            assert_eq!(order(&jobs(described)), Ok(expected));
        }
    }

    #[test]
    fn names_what_is_unknown_or_turns_in_a_circle() {
        let error = order(&jobs(&[("a", &["x"])])).expect_err("it is unknown");
        assert_eq!(
            error.to_string(),
            "job `a` needs `x`, which no job is called"
        );
        let error = order(&jobs(&[
            ("a", &[]),
            ("b", &["d"]),
            ("c", &["b"]),
            ("d", &["c", "a"]),
        ]))
        .expect_err("it is a circle");
        assert_eq!(
            error.to_string(),
            "the jobs `b` → `d` → `c` → `b` need each other"
        );
        let error = order(&jobs(&[("a", &["a"])])).expect_err("it is a circle");
        assert_eq!(error, Error::Cycle(vec!["a".to_owned(), "a".to_owned()]));
    }
}
