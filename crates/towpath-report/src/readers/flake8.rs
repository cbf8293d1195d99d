//! Reads flake8 through a template of our own, since it has no machine format.

use super::Paths;
use crate::{Finding, Place, Severity};

/// What flake8 is asked with. A tab cannot stand in a rule and the first word marks our lines: those
/// of `show-source`, `count` and `statistics` in the project's settings do not start with it.
pub const ARGUMENTS: &[&str] =
    &["--format=towpath\t%(path)s\t%(row)d\t%(col)d\t%(code)s\t%(text)s"];

/// Returns the findings in lines of the template.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    read_template("flake8", output, paths)
}

/// Reads lines of the template, which pycodestyle shares.
pub(super) fn read_template(tool: &str, output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    let output = String::from_utf8_lossy(output);
    output
        .lines()
        .filter_map(|line| finding(tool, line, paths))
        .collect()
}

fn finding(tool: &str, line: &str, paths: &Paths<'_>) -> Option<Finding> {
    // From the right, in case a path holds a tab; messages never do.
    let mut fields = line.strip_prefix("towpath\t")?.rsplitn(5, '\t');
    let message = fields.next()?;
    let rule = fields.next()?;
    let column = fields.next()?.parse().ok()?;
    let row = fields.next()?.parse().ok()?;
    let path = fields.next()?;
    Some(Finding {
        tool: tool.to_owned(),
        rule: rule.to_owned(),
        rule_url: None,
        message: message.trim().to_owned(),
        place: Some(Place::at(&paths.relative(path), row, column)),
        severity: if rule.starts_with(['W', 'C', 'N', 'D']) {
            Severity::Warning
        } else {
            Severity::Error
        },
        fixable: false,
        blocking: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_over_lines_that_are_not_ours() {
        let output = "towpath\t./src/a.py\t3\t18\tE401\tmultiple imports on one line\nimport os, sys\n         ^\n1\ntowpath\tb.py\tx\t1\tE1\ty\n";
        let findings = read(output.as_bytes(), &Paths::at_root("/r"));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place, Some(Place::at("src/a.py", 3, 18)));
        assert_eq!(findings[0].message, "multiple imports on one line");
    }
}
