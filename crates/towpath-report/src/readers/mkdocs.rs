//! Reads the warnings that `mkdocs build` logs; mkdocs has no other form.

use super::paths::joined;
use crate::{Finding, Place, Severity, text};

/// What mkdocs is asked with; its `--quiet` would hide the warnings.
pub const ARGUMENTS: &[&str] = &["build"];

/// Returns the findings in mkdocs' log: lines `WARNING -  text`. `docs_folder` is where its pages
/// lie, relative to the repository; messages name pages relative to it.
pub fn read(log: &[u8], docs_folder: &str) -> Vec<Finding> {
    let log = String::from_utf8_lossy(log);
    let plain = text::strip_ansi(&log);
    plain
        .lines()
        .filter_map(|line| finding(line, docs_folder))
        .collect()
}

fn finding(line: &str, docs_folder: &str) -> Option<Finding> {
    let (level, message) = line.split_once(" - ")?;
    let severity = match level.trim() {
        "WARNING" => Severity::Warning,
        "ERROR" | "CRITICAL" => Severity::Error,
        _ => return None,
    };
    Some(Finding {
        tool: "mkdocs".to_owned(),
        rule: String::new(),
        rule_url: None,
        message: message.trim().to_owned(),
        place: page(message).map(|page| Place::file(&joined(docs_folder, page))),
        severity,
        fixable: false,
        blocking: false,
    })
}

/// Returns the page of `Doc file 'index.md' contains a link …`, old and new wording.
fn page(message: &str) -> Option<&str> {
    for (before, quote) in [
        ("Doc file '", '\''),
        ("Doc file \"", '"'),
        ("Documentation file '", '\''),
    ] {
        if let Some((_, rest)) = message.split_once(before) {
            return rest.split_once(quote).map(|(page, _)| page);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_warnings_and_nothing_else() {
        let log = "INFO    -  Building\nWARNING -  Doc file 'a/index.md' contains a link 'nope.md', but the target is not found.\nWARNING -  A reference to 'gone.md' is included in the 'nav' configuration\n\u{1b}[31mERROR   -  Config value 'nav'\u{1b}[0m\n\nAborted with 2 warnings in strict mode!\n";
        let findings = read(log.as_bytes(), "docs");
        let places: Vec<_> = findings
            .iter()
            .map(|f| f.place.as_ref().map(|p| p.path.as_str()))
            .collect();
        assert_eq!(places, [Some("docs/a/index.md"), None, None]);
        assert_eq!(findings[2].severity, Severity::Error);
    }
}
