//! Replaces what differs between two runs of the same command: paths, times, hashes, versions.

use std::path::Path;

use regex_lite::Regex;

/// Replacements, applied in order.
#[derive(Debug, Clone)]
pub struct Filters(Vec<(Regex, String)>);

/// Pattern and replacement, the more specific first.
const COMMON: &[(&str, &str)] = &[
    (r"\b[0-9a-f]{64}\b", "[SHA256]"),
    (r"\b[0-9a-f]{40}\b", "[COMMIT]"),
    (
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?",
        "[MOMENT]",
    ),
    (r"\b\d{4}-\d\d-\d\d\b", "[DATE]"),
    (r"\b\d+ min \d+ s\b", "[TIME]"),
    (r"\b\d+(\.\d+)? ?(µs|ms|s|min)\b", "[TIME]"),
    (r"\btowpath \d+\.\d+\.\d+\S*", "towpath [VERSION]"),
];

impl Filters {
    /// Returns the filters that every test wants.
    pub fn common() -> Self {
        let mut filters = Self(Vec::new());
        for (pattern, replacement) in COMMON {
            filters.add(pattern, replacement);
        }
        filters
    }

    /// Adds a regular expression and what replaces its matches; `$1` is a group.
    ///
    /// # Panics
    ///
    /// When the pattern is no regular expression.
    pub fn add(&mut self, pattern: &str, replacement: &str) {
        let regex = Regex::new(pattern).expect("a pattern that is a regular expression");
        self.0.push((regex, replacement.to_owned()));
    }

    /// Adds a path, before all other filters: a time or hash in it would be replaced else.
    ///
    /// # Panics
    ///
    /// When the escaped path is no regular expression, which cannot happen.
    pub fn add_path(&mut self, path: &Path, replacement: &str) {
        let pattern = regex_lite::escape(&path.display().to_string());
        let regex = Regex::new(&pattern).expect("an escaped path is a regular expression");
        self.0.insert(0, (regex, replacement.to_owned()));
    }

    /// Returns the text with all filters applied.
    pub fn apply(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (regex, replacement)| {
                regex.replace_all(&text, replacement.as_str()).into_owned()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_differs_between_runs() {
        let mut filters = Filters::common();
        filters.add_path(Path::new("/tmp/.tmp1.5 s"), "[TEMP]");
        let cases = [
            ("lint passed in 1.2 s", "lint passed in [TIME]"),
            ("took 2 min 5 s", "took [TIME]"),
            ("took 340ms", "took [TIME]"),
            ("towpath 0.1.0 here", "towpath [VERSION] here"),
            ("at /tmp/.tmp1.5 s/a.py:1", "at [TEMP]/a.py:1"),
            ("on 2026-11-21", "on [DATE]"),
            ("at 2026-11-21T10:00:00Z", "at [MOMENT]"),
            ("3 tests, line 12", "3 tests, line 12"),
        ];
        for (text, expected) in cases {
            assert_eq!(filters.apply(text), expected);
        }
    }
}
