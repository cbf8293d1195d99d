//! INI files as Python's `configparser` reads them: sections, keys, values that continue on indented
//! lines. Knows no section's meaning; does not interpolate.

use towpath_report::{Problem, Source};

/// A file's sections, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ini {
    /// The sections.
    pub(crate) sections: Vec<Section>,
}

/// One section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// Its name, as written between the brackets.
    pub(crate) name: String,
    /// Its keys and their values, in order.
    pub(crate) entries: Vec<Entry>,
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The key, lower case.
    pub(crate) key: String,
    /// The value, with the line breaks of a continued one kept.
    pub(crate) value: String,
    /// The number of each line of the value within the file, from 1.
    numbers: Vec<u32>,
}

/// One line of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// From 1.
    pub(crate) number: u32,
}

impl Entry {
    /// Returns the lines of the value that are not empty.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let lines = self.value.split('\n').zip(&self.numbers);
        lines
            .filter(|(text, _)| !text.is_empty())
            .map(|(text, number)| Line {
                text: text.to_owned(),
                number: *number,
            })
            .collect()
    }
}

impl Section {
    /// Returns the value of a key; the last one where it stands twice.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.key == key)
            .map(|entry| entry.value.as_str())
    }

    /// Returns the entry under the first of the keys that is there.
    pub(crate) fn entry(&self, keys: &[&str]) -> Option<&Entry> {
        keys.iter().find_map(|key| {
            let is_it = |entry: &&Entry| entry.key.eq_ignore_ascii_case(key);
            self.entries.iter().find(is_it)
        })
    }
}

impl Ini {
    /// Returns a section.
    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Returns the value of a key.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.section(section)?.get(key)
    }

    /// Returns a value as the list that setuptools and pytest make of it: its lines, or the parts
    /// between commas where it is one line.
    pub(crate) fn list(&self, section: &str, key: &str) -> Vec<String> {
        self.get(section, key).map(list).unwrap_or_default()
    }

    /// Returns a value as a truth, as `configparser` does.
    pub(crate) fn truth(&self, section: &str, key: &str) -> Option<bool> {
        match self.get(section, key)?.trim().to_ascii_lowercase().as_str() {
            "1" | "yes" | "true" | "on" => Some(true),
            "0" | "no" | "false" | "off" => Some(false),
            _ => None,
        }
    }
}

/// Splits a value into its lines, or at commas where it is one line; comments are dropped.
pub(crate) fn list(value: &str) -> Vec<String> {
    let is_dangling =
        value.trim_start_matches([' ', '\t']).starts_with('\n') || value.trim().contains('\n');
    let parts: Vec<&str> = if is_dangling {
        value.lines().collect()
    } else {
        value.split(',').collect()
    };
    parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty() && !part.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Reads a file; what cannot be understood is left out and reported, the rest is still read.
pub(crate) fn parse(source: Source<'_>) -> (Ini, Vec<Problem>) {
    let mut reader = Reader {
        source,
        ini: Ini::default(),
        number: 0,
        key_indent: None,
        problems: Vec::new(),
    };
    let mut offset = 0;
    for line in source.text.split_inclusive('\n') {
        reader.number += 1;
        reader.line(offset, line.trim_end_matches(['\n', '\r']));
        offset += line.len();
    }
    for entry in reader
        .ini
        .sections
        .iter_mut()
        .flat_map(|section| &mut section.entries)
    {
        entry.value.truncate(entry.value.trim_end().len());
    }
    (reader.ini, reader.problems)
}

struct Reader<'a> {
    source: Source<'a>,
    ini: Ini,
    /// The line that is read, from 1.
    number: u32,
    /// Indentation of the key whose value may still go on.
    key_indent: Option<usize>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn line(&mut self, offset: usize, line: &str) {
        let text = line.trim();
        if text.is_empty() {
            self.continue_value("");
            return;
        }
        if text.starts_with(['#', ';']) {
            return;
        }
        let indent = line.len() - line.trim_start().len();
        if self
            .key_indent
            .is_some_and(|key_indent| indent > key_indent)
        {
            self.continue_value(text);
        } else if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            self.open_section(name.0);
        } else {
            self.entry(offset + indent, indent, text);
        }
    }

    fn continue_value(&mut self, text: &str) {
        if self.key_indent.is_none() {
            return;
        }
        if let Some(entry) = self
            .ini
            .sections
            .last_mut()
            .and_then(|section| section.entries.last_mut())
        {
            entry.value.push('\n');
            entry.value.push_str(text);
            entry.numbers.push(self.number);
        }
    }

    fn open_section(&mut self, name: &str) {
        self.key_indent = None;
        // configparser refuses a section that stands twice; tools that are less strict join them.
        if let Some(index) = self
            .ini
            .sections
            .iter()
            .position(|section| section.name == name)
        {
            let section = self.ini.sections.remove(index);
            self.ini.sections.push(section);
        } else {
            self.ini.sections.push(Section {
                name: name.to_owned(),
                entries: Vec::new(),
            });
        }
    }

    fn entry(&mut self, offset: usize, indent: usize, text: &str) {
        let Some(section) = self.ini.sections.last_mut() else {
            let message = format!("`{}` has a line before its first section", self.source.path);
            self.report(
                offset,
                text,
                message,
                "belongs to no section",
                "add a header such as `[metadata]` above it",
            );
            return;
        };
        let Some(split) = text.find(['=', ':']) else {
            let message = format!(
                "`{}` has a line that is neither a section nor `key = value`",
                self.source.path
            );
            self.key_indent = None;
            self.report(
                offset,
                text,
                message,
                "no `=` or `:`",
                "write `key = value`, or indent the line to continue the value above",
            );
            return;
        };
        let (key, value) = text.split_at(split);
        section.entries.push(Entry {
            key: key.trim().to_ascii_lowercase(),
            value: value[1..].trim().to_owned(),
            numbers: vec![self.number],
        });
        self.key_indent = Some(indent);
    }

    fn report(&mut self, offset: usize, text: &str, message: String, label: &str, hint: &str) {
        let problem = self
            .source
            .error(offset..offset + text.len(), message, label);
        self.problems.push(problem.with_hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Ini, Vec<Problem>) {
        parse(Source {
            path: "setup.cfg",
            text,
        })
    }

    #[test]
    fn reads_sections_keys_and_continued_values() {
        let (ini, problems) = read(
            "# comment\n[metadata]\nName = demo\r\nversion: 1.0\n\n[options]\ninstall_requires =\n    a>=1; python_version<'3.8'\n    # no\n    b\npackages = find:\n[tool:pytest]\naddopts = -ra\n  --strict\n",
        );
        assert_eq!(problems, []);
        assert_eq!(ini.get("metadata", "name"), Some("demo"));
        assert_eq!(ini.get("metadata", "version"), Some("1.0"));
        assert_eq!(
            ini.list("options", "install_requires"),
            ["a>=1; python_version<'3.8'", "b"]
        );
        assert_eq!(ini.get("options", "packages"), Some("find:"));
        assert_eq!(ini.get("tool:pytest", "addopts"), Some("-ra\n--strict"));
        assert_eq!(ini.get("tool:pytest", "missing"), None);
    }

    #[test]
    fn keeps_the_places_of_lines() {
        let (ini, _) = read("# c\n[a]\nx = 1\n  # no\n  2\nY:\n\n    z=3\n\n");
        let a = ini.section("a").unwrap();
        let lines = |keys: &[&str]| -> Vec<(String, u32)> {
            let lines = a.entry(keys).unwrap().lines();
            lines
                .into_iter()
                .map(|line| (line.text, line.number))
                .collect()
        };
        assert_eq!(lines(&["x"]), [("1".to_owned(), 3), ("2".to_owned(), 5)]);
        assert_eq!(lines(&["no", "Y"]), [("z=3".to_owned(), 8)]);
    }

    #[test]
    fn splits_one_line_at_commas() {
        assert_eq!(list("a, b,c"), ["a", "b", "c"]);
        assert_eq!(list("\na>=1,<2\n"), ["a>=1,<2"]);
        assert_eq!(list(""), Vec::<String>::new());
    }

    #[test]
    fn reports_lines_that_belong_nowhere_and_reads_the_rest() {
        let (ini, problems) = read("x = 1\n[a]\nnonsense\ny = yes\n");
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].place.as_ref().map(|place| place.line), Some(1));
        assert_eq!(problems[1].place.as_ref().map(|place| place.line), Some(3));
        assert_eq!(ini.truth("a", "y"), Some(true));
    }
}
