//! Words how far a cause reaches over the matrix: `on every Python and in the wheel`.

use crate::{Conclusion, JobRecord, RunRecord};

/// Returns the part of a job's name that tells it from its siblings: `3.12` of `tests 3.12`.
fn cell(job: &JobRecord) -> &str {
    let name = job
        .name
        .strip_prefix(job.group.as_str())
        .unwrap_or(&job.name)
        .trim();
    match name.rsplit_once('(') {
        Some((name, project)) if project.trim_end_matches(')') == job.project => name.trim(),
        _ => name,
    }
}

/// Words in which jobs a cause was found; empty where that says nothing new.
pub(crate) fn extent(run: &RunRecord, group: &str, project: &str, jobs: &[String]) -> String {
    let records: Vec<_> = run
        .jobs
        .iter()
        .filter(|job| job.project == project && job.conclusion != Conclusion::Skipped)
        .collect();
    let hit = |wheel: bool| {
        records
            .iter()
            .filter(move |job| (job.group == "wheel") == wheel && jobs.contains(&job.name))
    };
    let cells: Vec<&str> = hit(false)
        .map(|job| cell(job))
        .filter(|cell| !cell.is_empty())
        .collect();
    let siblings = records
        .iter()
        .filter(|job| job.group == group && group != "wheel")
        .count();
    let has_wheel = hit(true).next().is_some();
    let pythons = match cells.len() {
        0 | 1 if siblings < 2 => String::new(),
        0 => String::new(),
        count if count == siblings && group == "tests" => "on every Python".to_owned(),
        count if count == siblings => "in every one".to_owned(),
        _ => format!("on {}", listed(&sorted(cells))),
    };
    let is_also_outside = hit(false).next().is_some();
    match (pythons.is_empty(), has_wheel) {
        (_, false) => pythons,
        (true, true) if is_also_outside => "also in the wheel".to_owned(),
        (true, true) => "only in the wheel".to_owned(),
        (false, true) => format!("{pythons} and in the wheel"),
    }
}

/// Joins how many cases fail and where.
pub(crate) fn wording(cases: &str, places: &str) -> String {
    [cases, places]
        .into_iter()
        .filter(|words| !words.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Versions by number, since 3.9 comes before 3.10.
fn sorted(mut cells: Vec<&str>) -> Vec<&str> {
    cells.sort_by_key(|cell| {
        let numbers: Vec<u32> = cell
            .split('.')
            .filter_map(|part| part.parse().ok())
            .collect();
        (numbers, (*cell).to_owned())
    });
    cells.dedup();
    cells
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_versions_by_number() {
        assert_eq!(
            listed(&sorted(vec!["3.10", "3.9", "3.12"])),
            "3.9, 3.10 and 3.12"
        );
        assert_eq!(listed(&["3.9"]), "3.9");
        assert_eq!(listed(&[]), "");
    }
}
