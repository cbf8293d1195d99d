//! Coverage as Cobertura's `coverage.xml` (coverage-04.dtd), as coverage.py writes it.

use std::collections::BTreeMap;

use crate::text::escaped;
use crate::{Coverage, FileCoverage};

const DTD: &str = "http://cobertura.sourceforge.net/xml/coverage-04.dtd";
const NAME: usize = 4096;

/// Returns coverage as Cobertura XML. `timestamp` is in milliseconds since 1970 UTC; `sources` are the
/// folders that file names are relative to, usually the repository's root.
pub fn write(coverage: &Coverage, timestamp: i64, sources: &[&str]) -> String {
    let mut packages: BTreeMap<String, Vec<(&str, &FileCoverage)>> = BTreeMap::new();
    for (path, file) in &coverage.files {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        packages
            .entry(folder.replace('/', "."))
            .or_default()
            .push((path, file));
    }
    let all = Counts::of(coverage.files.values());
    let mut lines = vec![
        "<?xml version=\"1.0\" ?>".to_owned(),
        format!("<!DOCTYPE coverage SYSTEM \"{DTD}\">"),
    ];
    lines.push(format!(
        "<coverage version=\"towpath {}\" timestamp=\"{timestamp}\" lines-valid=\"{}\" lines-covered=\"{}\" line-rate=\"{}\" branches-valid=\"{}\" branches-covered=\"{}\" branch-rate=\"{}\" complexity=\"0\">",
        env!("CARGO_PKG_VERSION"), all.lines, all.lines_hit, all.line_rate(), all.branches, all.branches_hit, all.branch_rate()
    ));
    lines.push("  <sources>".to_owned());
    lines.extend(
        sources
            .iter()
            .map(|source| format!("    <source>{}</source>", escaped(source, NAME))),
    );
    lines.push("  </sources>\n  <packages>".to_owned());
    for (name, files) in &packages {
        write_package(&mut lines, name, files);
    }
    lines.push("  </packages>\n</coverage>\n".to_owned());
    lines.join("\n")
}

#[derive(Default)]
struct Counts {
    lines: usize,
    lines_hit: usize,
    branches: usize,
    branches_hit: usize,
}

impl Counts {
    fn of<'a>(files: impl Iterator<Item = &'a FileCoverage>) -> Self {
        files.fold(Self::default(), |sum, file| Self {
            lines: sum.lines + file.executed.len() + file.missing.len(),
            lines_hit: sum.lines_hit + file.executed.len(),
            branches: sum.branches + file.executed_branches.len() + file.missing_branches.len(),
            branches_hit: sum.branches_hit + file.executed_branches.len(),
        })
    }

    fn line_rate(&self) -> String {
        rate(self.lines_hit, self.lines)
    }

    /// coverage.py writes 0 where no branch was measured.
    fn branch_rate(&self) -> String {
        if self.branches == 0 {
            "0".to_owned()
        } else {
            rate(self.branches_hit, self.branches)
        }
    }
}

fn rate(hit: usize, all: usize) -> String {
    match all {
        0 => "1".to_owned(),
        _ if hit == all => "1".to_owned(),
        // Four digits, rounded down, so that 1 is said of full coverage alone.
        _ => format!(
            "{:.4}",
            (hit as f64 * 10_000.0 / all as f64).floor() / 10_000.0
        ),
    }
}

fn write_package(lines: &mut Vec<String>, name: &str, files: &[(&str, &FileCoverage)]) {
    let counts = Counts::of(files.iter().map(|(_, file)| *file));
    let name = if name.is_empty() { "." } else { name };
    lines.push(format!(
        "    <package name=\"{}\" line-rate=\"{}\" branch-rate=\"{}\" complexity=\"0\">\n      <classes>",
        escaped(name, NAME), counts.line_rate(), counts.branch_rate()
    ));
    for (path, file) in files {
        write_class(lines, path, file);
    }
    lines.push("      </classes>\n    </package>".to_owned());
}

fn write_class(lines: &mut Vec<String>, path: &str, file: &FileCoverage) {
    let counts = Counts::of(std::iter::once(file));
    let name = path.rsplit('/').next().unwrap_or(path);
    lines.push(format!(
        "        <class name=\"{}\" filename=\"{}\" line-rate=\"{}\" branch-rate=\"{}\" complexity=\"0\">\n          <methods/>\n          <lines>",
        escaped(name, NAME), escaped(path, NAME), counts.line_rate(), counts.branch_rate()
    ));
    let hits = file.executed.iter().map(|line| (*line, 1));
    let numbers: BTreeMap<u32, u32> = file
        .missing
        .iter()
        .map(|line| (*line, 0))
        .chain(hits)
        .collect();
    for (line, hits) in numbers {
        lines.push(format!(
            "            <line number=\"{line}\" hits=\"{hits}\"{}/>",
            branches(file, line)
        ));
    }
    lines.push("          </lines>\n        </class>".to_owned());
}

fn branches(file: &FileCoverage, line: u32) -> String {
    let from = |branch: &&(i32, i32)| i64::from(branch.0) == i64::from(line);
    let hit = file.executed_branches.iter().filter(from).count();
    let all = hit + file.missing_branches.iter().filter(from).count();
    if all == 0 {
        return String::new();
    }
    // The targets that were missed, which coverage.py adds, are not in the DTD.
    format!(
        " branch=\"true\" condition-coverage=\"{}% ({hit}/{all})\"",
        hit * 100 / all
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_1_of_full_coverage_alone() {
        for (hit, all, expected) in [
            (0, 0, "1"),
            (3, 3, "1"),
            (99_999, 100_000, "0.9999"),
            (1, 3, "0.3333"),
            (0, 5, "0.0000"),
        ] {
            assert_eq!(rate(hit, all), expected);
        }
    }
}
