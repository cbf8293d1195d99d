//! Reads Cobertura's `coverage.xml`, as coverage.py and other tools write it.

use super::xml::{Element, Piece, walk};
use super::{Paths, ReadError};
use crate::{Coverage, FileCoverage};

/// Returns the coverage in a Cobertura report. File names are relative to one of its `<source>`
/// folders: to the first that lies in the repository, since a pure function cannot look.
///
/// The report counts taken branches without naming their targets: each is (line, 0).
pub fn read(report: &[u8], paths: &Paths<'_>) -> Result<Coverage, ReadError> {
    let mut coverage = Coverage::default();
    let mut source = None;
    let mut in_source = false;
    let mut file: Option<String> = None;
    let mut in_methods = false;
    walk("coverage", report, |piece| match piece {
        Piece::Start(element) => match element.name.as_str() {
            "coverage" => coverage.branches = element.number::<u64>("branches-valid") > 0,
            "source" => in_source = true,
            "methods" => in_methods = true,
            "class" => {
                let path = path_of(element.attribute("filename"), source.as_deref(), paths);
                coverage.files.entry(path.clone()).or_default();
                file = Some(path);
            }
            // The lines of methods stand again among those of their class.
            "line" if !in_methods => {
                if let Some(file) = file.as_ref().and_then(|path| coverage.files.get_mut(path)) {
                    add_line(file, &element);
                }
            }
            _ => {}
        },
        Piece::End(name) => match name.as_str() {
            "source" => in_source = false,
            "methods" => in_methods = false,
            "class" => file = None,
            _ => {}
        },
        Piece::Text(text) if in_source && source.is_none() => source = source_folder(&text, paths),
        Piece::Text(_) => {}
    })?;
    for file in coverage.files.values_mut() {
        file.executed.sort_unstable();
        file.executed.dedup();
        file.missing.sort_unstable();
        file.missing.dedup();
    }
    Ok(coverage)
}

fn source_folder(text: &str, paths: &Paths<'_>) -> Option<String> {
    let folder = text.trim();
    let inside = paths.relative(&format!("{folder}/x"));
    (!folder.is_empty() && !inside.starts_with('/')).then(|| folder.to_owned())
}

fn path_of(name: &str, source: Option<&str>, paths: &Paths<'_>) -> String {
    match source {
        Some(folder) if !name.starts_with('/') => paths.relative(&format!("{folder}/{name}")),
        _ => paths.relative(name),
    }
}

fn add_line(file: &mut FileCoverage, line: &Element) {
    let number: u32 = line.number("number");
    if line.number::<u64>("hits") > 0 {
        file.executed.push(number);
    } else {
        file.missing.push(number);
    }
    let Some((hit, all)) = condition_coverage(line.attribute("condition-coverage")) else {
        return;
    };
    let from = number as i32;
    file.executed_branches.extend((0..hit).map(|_| (from, 0)));
    let mut targets =
        line.attribute("missing-branches")
            .split(',')
            .map(|target| match target.trim() {
                "exit" => -from,
                target => target.parse().unwrap_or(0),
            });
    file.missing_branches
        .extend((hit..all).map(|_| (from, targets.next().unwrap_or(0))));
}

/// Reads `50% (1/2)` as (1, 2); a count beyond all reason is none.
fn condition_coverage(text: &str) -> Option<(u32, u32)> {
    let (hit, all) = text.split_once('(')?.1.strip_suffix(')')?.split_once('/')?;
    let (hit, all) = (hit.trim().parse().ok()?, all.trim().parse().ok()?);
    (hit <= all && all <= 100_000).then_some((hit, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_counts_of_branches() {
        for (text, expected) in [
            ("50% (1/2)", Some((1, 2))),
            ("100% (2/2)", Some((2, 2))),
            ("", None),
            ("x (3/2)", None),
            ("x (0/4000000000)", None),
        ] {
            assert_eq!(condition_coverage(text), expected, "{text}");
        }
    }
}
