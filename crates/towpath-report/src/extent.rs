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
    let cells_of = |group: &str| -> Vec<&str> {
        let hit = records
            .iter()
            .filter(|job| job.group == group && jobs.contains(&job.name));
        hit.map(|job| cell(job)).collect()
    };
    let siblings = |group: &str| records.iter().filter(|job| job.group == group).count();
    let mut cells = cells_of(group);
    cells.retain(|cell| !cell.is_empty() && group != "wheel");
    let pythons = match cells.len() {
        0 | 1 if siblings(group) < 2 => String::new(),
        0 => String::new(),
        count if count == siblings(group) && group == "tests" => "on every Python".to_owned(),
        count if count == siblings(group) => "in every one".to_owned(),
        _ => format!("on {}", listed(&sorted(cells))),
    };
    let wheels = cells_of("wheel");
    let wheel = if wheels.len() < siblings("wheel") {
        format!("the wheel on {}", listed(&sorted(wheels.clone())))
    } else {
        "the wheel".to_owned()
    };
    let mut others: Vec<&str> = records
        .iter()
        .filter(|job| jobs.contains(&job.name) && job.group != group && job.group != "wheel")
        .map(|job| job.group.as_str())
        .collect();
    others.sort_unstable();
    others.dedup();
    if !others.is_empty() {
        others.extend((!wheels.is_empty()).then_some(wheel.as_str()));
        return wording(&pythons, &format!("also in {}", listed(&others)));
    }
    match (pythons.is_empty(), wheels.is_empty()) {
        (_, true) => pythons,
        (true, false) if jobs.len() > wheels.len() => format!("also in {wheel}"),
        (true, false) => format!("only in {wheel}"),
        (false, false) => format!("{pythons} and in {wheel}"),
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
