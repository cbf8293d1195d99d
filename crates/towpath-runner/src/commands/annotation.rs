//! A message of a step about a place in a file.

use std::collections::BTreeMap;

use towpath_report::Severity;

/// A message of a step, with the place that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// An error does not make the step fail.
    pub level: Severity,
    /// What is said.
    pub message: String,
    /// The file, relative to the workspace where it lies below.
    pub file: Option<String>,
    /// First line, from 1.
    pub line: Option<u32>,
    /// Last line.
    pub end_line: Option<u32>,
    /// First column, from 1.
    pub column: Option<u32>,
    /// Last column.
    pub end_column: Option<u32>,
    /// A title other than the level.
    pub title: Option<String>,
}

impl Annotation {
    /// Returns an annotation without a place.
    pub fn new(level: Severity, message: impl Into<String>) -> Self {
        Self {
            level,
            message: message.into(),
            file: None,
            line: None,
            end_line: None,
            column: None,
            end_column: None,
            title: None,
        }
    }

    /// Makes one from the properties of a command, by lower-case name. Lines and columns that contradict
    /// each other are left out as on GitHub.
    pub(super) fn from_properties(
        level: Severity,
        message: &str,
        properties: &BTreeMap<String, String>,
        workspace: &str,
    ) -> Self {
        let text = |name: &str| properties.get(name).filter(|text| !text.is_empty());
        let number = |name: &str| text(name).and_then(|text| text.trim().parse().ok());
        let mut annotation = Self {
            file: text("file").map(|file| relative(file, workspace)),
            line: number("line"),
            end_line: number("endline"),
            column: number("col"),
            end_column: number("endcolumn"),
            title: text("title").cloned(),
            ..Self::new(level, message)
        };
        annotation.line = annotation.line.or(annotation.end_line);
        annotation.column = annotation.column.or(annotation.end_column);
        let is_on_many_lines =
            annotation.end_line.is_some() && annotation.end_line != annotation.line;
        let is_backwards =
            annotation.end_column.is_some() && annotation.end_column < annotation.column;
        if annotation.line.is_none() || is_on_many_lines || is_backwards {
            (annotation.column, annotation.end_column) = (None, None);
        }
        if annotation.end_line.is_some() && annotation.end_line < annotation.line {
            (annotation.line, annotation.end_line) = (None, None);
        }
        annotation
    }

    /// Returns the line of the log that stands for it.
    pub fn shown(&self) -> String {
        let level = match self.level {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Note => "Notice",
        };
        format!("{level}: {}", self.message)
    }
}

/// Returns a path below a folder as seen from there, and any other as it is.
fn relative(path: &str, folder: &str) -> String {
    let below = path
        .strip_prefix(folder.trim_end_matches('/'))
        .and_then(|rest| rest.strip_prefix('/'));
    let below = below.filter(|_| !folder.is_empty());
    below.unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradicting_places_are_left_out() {
        type Place = (Option<u32>, Option<u32>, Option<u32>, Option<u32>);
        // Properties in; line, end line, column, end column out.
        let table: [(&[(&str, &str)], Place); 9] = [
            (&[("line", "3")], (Some(3), None, None, None)),
            (&[("line", " 3 ")], (Some(3), None, None, None)),
            (&[("line", "x")], (None, None, None, None)),
            (&[("endline", "3")], (Some(3), Some(3), None, None)),
            (
                &[("line", "1"), ("endcolumn", "7")],
                (Some(1), None, Some(7), Some(7)),
            ),
            (&[("col", "7")], (None, None, None, None)),
            (
                &[("line", "1"), ("endline", "2"), ("col", "7")],
                (Some(1), Some(2), None, None),
            ),
            (&[("line", "5"), ("endline", "2")], (None, None, None, None)),
            (
                &[("line", "1"), ("col", "7"), ("endcolumn", "3")],
                (Some(1), None, None, None),
            ),
        ];
        for (properties, expected) in table {
            let properties = properties
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let made = Annotation::from_properties(Severity::Error, "m", &properties, "/w");
            let place = (made.line, made.end_line, made.column, made.end_column);
            assert_eq!(place, expected, "{properties:?}");
        }
    }

    #[test]
    fn files_are_seen_from_the_workspace() {
        let table = [
            ("/w/src/a.py", "/w", "src/a.py"),
            ("/w/src/a.py", "/w/", "src/a.py"),
            ("/wide/a.py", "/w", "/wide/a.py"),
            ("src/a.py", "/w", "src/a.py"),
            ("/a.py", "", "/a.py"),
        ];
        for (path, folder, expected) in table {
            assert_eq!(relative(path, folder), expected);
        }
    }
}
