//! Files in the form of Python's `configparser`: sections, keys, values over several lines.
//! Keeps lines as written and knows where each stands; interpolates nothing.

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ini {
    pub(super) sections: Vec<Section>,
}

/// `[name]` and what follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) keys: Vec<Key>,
}

/// A key and the lines of its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
}

/// One line of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    /// From 1.
    pub(super) number: u32,
}

impl Ini {
    /// Reads a file; what is no section, key or value is passed over.
    pub(super) fn parse(text: &str) -> Self {
        let mut ini = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if line.starts_with([' ', '\t']) {
                if let Some(key) = ini
                    .sections
                    .last_mut()
                    .and_then(|section| section.keys.last_mut())
                {
                    key.lines.push(Line {
                        text: trimmed.to_owned(),
                        number,
                    });
                }
            } else if let Some(name) = trimmed
                .strip_prefix('[')
                .and_then(|rest| rest.split_once(']'))
            {
                ini.sections.push(Section {
                    name: name.0.to_owned(),
                    keys: Vec::new(),
                });
            } else if let (Some(section), Some((name, value))) =
                (ini.sections.last_mut(), trimmed.split_once(['=', ':']))
            {
                let value = value.trim();
                let lines = (!value.is_empty()).then(|| Line {
                    text: value.to_owned(),
                    number,
                });
                section.keys.push(Key {
                    name: name.trim().to_owned(),
                    lines: lines.into_iter().collect(),
                });
            }
        }
        ini
    }

    /// Returns a section.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

impl Section {
    /// Returns a key under the first of its names that is there.
    pub(super) fn key(&self, names: &[&str]) -> Option<&Key> {
        names
            .iter()
            .find_map(|name| self.keys.iter().find(|key| key.name == *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sections_keys_and_lines() {
        let ini = Ini::parse("# c\n[a]\nx = 1\n  # no\n  2\ny:\n\n    z=3\n[b]\nq\n");
        let a = ini.section("a").unwrap();
        let x: Vec<(&str, u32)> = a.keys[0]
            .lines
            .iter()
            .map(|line| (line.text.as_str(), line.number))
            .collect();
        assert_eq!(x, [("1", 3), ("2", 5)]);
        assert_eq!(
            a.key(&["no", "y"]).unwrap().lines,
            [Line {
                text: "z=3".to_owned(),
                number: 8
            }]
        );
        assert!(ini.section("b").unwrap().keys.is_empty());
    }
}
