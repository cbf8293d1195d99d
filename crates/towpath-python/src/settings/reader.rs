//! Reads one settings table against the declarations and gathers every problem in file order.

use std::collections::BTreeSet;
use std::ops::Range;

use toml_edit::{Document, Item, TableLike, TomlError};
use towpath_report::{Problem, Source};

use super::problems::{self, Header};
use super::values::read_value;
use super::{RawSettings, Setting, matches, segments};

/// Returns the settings in one file and everything wrong with them, in file order.
///
/// In a file called `pyproject.toml` they are the table `[tool.towpath]`, in any other the whole file.
/// A file that is not TOML gives one problem and no settings.
pub fn parse_settings(
    source: &Source<'_>,
    declarations: &[&[Setting]],
) -> (RawSettings, Vec<Problem>) {
    let document = match Document::parse(source.text) {
        Ok(document) => document,
        Err(error) => return (RawSettings::default(), vec![not_toml(source, &error)]),
    };
    let is_nested = is_pyproject(source.path);
    let table: Option<&dyn TableLike> = if is_nested {
        document
            .get("tool")
            .and_then(|tool| tool.get("towpath"))
            .and_then(Item::as_table_like)
    } else {
        Some(document.as_table())
    };
    let mut reader = Reader {
        source,
        settings: declarations.iter().copied().flatten().collect(),
        is_nested,
        read: RawSettings::default(),
        problems: Vec::new(),
    };
    match table {
        Some(table) => {
            reader.read.header = Some(towpath_report::Place::file(source.path));
            reader.read_table(table, &[]);
        }
        None => reader.refuse_scalar(&document),
    }
    reader.problems.sort_by_key(|problem| {
        problem
            .place
            .as_ref()
            .map(|place| (place.line, place.column))
    });
    (reader.read, reader.problems)
}

fn is_pyproject(path: &str) -> bool {
    path.rsplit('/').next() == Some("pyproject.toml")
}

fn not_toml(source: &Source<'_>, error: &TomlError) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let message = format!(
        "`{}` is not TOML: {}",
        source.path,
        error.message().replace('\n', ", ")
    );
    source
        .error(span, message, "here")
        .with_hint("correct the line; https://toml.io describes the format")
}

/// What is read so far of one file.
struct Reader<'a> {
    source: &'a Source<'a>,
    settings: Vec<&'a Setting>,
    is_nested: bool,
    read: RawSettings,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn read_table(&mut self, table: &dyn TableLike, path: &[&str]) {
        for (key, item) in table.iter() {
            let key_span = table
                .get_key_value(key)
                .and_then(|(key, _)| key.span())
                .unwrap_or(0..0);
            let below: Vec<&str> = path.iter().copied().chain([key]).collect();
            let declared = self
                .settings
                .iter()
                .find(|setting| setting.key == key && setting.is_in(path))
                .copied();
            if let Some(setting) = declared {
                self.read_setting(setting, item, key_span, path);
            } else if !self.is_on_the_way(&below) {
                self.refuse_unknown(key, item, key_span, path);
            } else if let Some(table) = item.as_table_like() {
                self.read
                    .tables
                    .insert(below.iter().map(|name| (*name).to_owned()).collect());
                self.read_table(table, &below);
            } else {
                let header = Header {
                    path,
                    is_nested: self.is_nested,
                };
                self.problems
                    .push(problems::not_a_table(self.source, key_span, key, header));
            }
        }
    }

    fn read_setting(
        &mut self,
        setting: &Setting,
        item: &Item,
        key_span: Range<usize>,
        path: &[&str],
    ) {
        match read_value(&setting.kind, item) {
            Ok(value) => {
                let place = self.source.place(item.span().unwrap_or(key_span));
                self.read
                    .values
                    .insert((path.join("."), setting.key.to_owned()), (value, place));
            }
            Err(misfit) => {
                let header = Header {
                    path,
                    is_nested: self.is_nested,
                };
                self.problems.push(problems::misfit(
                    self.source,
                    key_span,
                    setting.key,
                    header,
                    misfit,
                ));
            }
        }
    }

    /// Whether a declared table is this one or lies below it.
    fn is_on_the_way(&self, path: &[&str]) -> bool {
        self.settings.iter().any(|setting| {
            let pattern = segments(setting.table);
            pattern.len() >= path.len() && matches(&pattern, path)
        })
    }

    fn refuse_unknown(&mut self, key: &str, item: &Item, span: Range<usize>, path: &[&str]) {
        let header = Header {
            path,
            is_nested: self.is_nested,
        };
        let problem = if item.is_table_like() && path.is_empty() {
            problems::unknown_table(self.source, span, key, header, &self.names_of_tables(path))
        } else {
            let mut names = self.names_of_keys(path);
            names.extend(self.names_of_tables(path));
            problems::unknown_key(self.source, span, key, header, &names, self.elsewhere(key))
        };
        self.problems.push(problem);
    }

    fn names_of_keys(&self, path: &[&str]) -> Vec<String> {
        let here = self.settings.iter().filter(|setting| setting.is_in(path));
        here.map(|setting| setting.key.to_owned()).collect()
    }

    fn names_of_tables(&self, path: &[&str]) -> Vec<String> {
        let mut names = BTreeSet::new();
        for setting in &self.settings {
            let pattern = segments(setting.table);
            if let (true, Some(name)) = (matches(&pattern, path), pattern.get(path.len())) {
                names.insert((*name).to_owned());
            }
        }
        names.remove("*");
        names.into_iter().collect()
    }

    /// The header of the one other table that declares `key`.
    fn elsewhere(&self, key: &str) -> Option<String> {
        let mut tables: Vec<Vec<&str>> = self
            .settings
            .iter()
            .filter(|setting| setting.key == key)
            .map(|setting| segments(setting.table))
            .collect();
        tables.dedup();
        match tables.as_slice() {
            [path] => Some(
                Header {
                    path,
                    is_nested: self.is_nested,
                }
                .to_string(),
            ),
            _ => None,
        }
    }

    /// `tool.towpath` that is no table at all, such as `towpath = true` under `[tool]`.
    fn refuse_scalar(&mut self, document: &Document<&str>) {
        let Some(item) = document.get("tool").and_then(|tool| tool.get("towpath")) else {
            return;
        };
        let message = "`towpath` in `[tool]` must be a table".to_owned();
        let problem = self
            .source
            .error(item.span().unwrap_or(0..0), message, "not a table");
        self.problems.push(problem.with_hint(
            "write the keys below a line `[tool.towpath]`; `towpath help config` lists them",
        ));
    }
}

#[cfg(test)]
mod tests {
    use towpath_report::{Problem, Source};

    use super::parse_settings;
    use crate::settings::{RawSettings, Setting, SettingKind};

    const fn setting(table: &'static str, key: &'static str, kind: SettingKind) -> Setting {
        Setting {
            table,
            key,
            kind,
            default: "none",
            doc: "Tells something.",
        }
    }

    const GENERAL: &[Setting] = &[
        setting("", "standard", SettingKind::Boolean),
        setting("", "pythons", SettingKind::Pythons),
    ];
    const TESTS: &[Setting] = &[
        setting(
            "tests",
            "coverage",
            SettingKind::Number {
                min: 0.0,
                max: 100.0,
            },
        ),
        setting("tests", "jobs", SettingKind::Integer { min: 1, max: 64 }),
        setting(
            "tests",
            "runner",
            SettingKind::Choice(&["pytest", "unittest"]),
        ),
        setting("tests", "variables", SettingKind::Table),
        setting("checks.*", "command", SettingKind::Text),
        setting("checks.*", "inputs", SettingKind::List(&SettingKind::Text)),
    ];

    fn read(path: &str, text: &str) -> (RawSettings, Vec<Problem>) {
        parse_settings(&Source { path, text }, &[GENERAL, TESTS])
    }

    /// Message, place, marked width and hints of each problem.
    fn told(path: &str, text: &str) -> Vec<String> {
        let tell = |problem: &Problem| {
            let place = problem
                .place
                .clone()
                .expect("a problem of a file has a place");
            let width = place.end_column.saturating_sub(place.column);
            format!(
                "{place}+{width} {} ({}) {}",
                problem.message,
                problem.label,
                problem.hints.join("; ")
            )
        };
        read(path, text).1.iter().map(tell).collect()
    }

    #[test]
    fn reads_every_kind() {
        let text = "[project]\nname = 'x'\n[tool.towpath]\nstandard = true\npythons = ['3.12', '3.10']\n\
                    [tool.towpath.tests]\ncoverage = 95\njobs = 4\nrunner = 'pytest'\nvariables = { A = 'b' }\n\
                    [tool.towpath.checks.spelling]\ncommand = 'codespell'\ninputs = []\n\
                    [tool.towpath.checks.\"a.b\"]\ncommand = 'x'\n";
        let (settings, problems) = read("pyproject.toml", text);
        assert_eq!(problems, []);
        assert_eq!(settings.boolean("", "standard"), Some(true));
        assert_eq!(
            settings.list("", "pythons"),
            Some(vec!["3.12".to_owned(), "3.10".to_owned()])
        );
        assert_eq!(settings.number("tests", "coverage"), Some(95.0));
        assert_eq!(settings.integer("tests", "jobs"), Some(4));
        assert_eq!(settings.text("tests", "runner"), Some("pytest"));
        assert_eq!(
            settings
                .map("tests", "variables")
                .and_then(|map| map.get("A"))
                .map(String::as_str),
            Some("b")
        );
        assert_eq!(settings.tables("checks"), ["a.b", "spelling"]);
        assert_eq!(settings.text("checks.a.b", "command"), Some("x"));
        assert_eq!(settings.list("checks.spelling", "inputs"), Some(Vec::new()));
        assert_eq!(
            settings
                .place("tests", "coverage")
                .map(|place| place.to_string())
                .as_deref(),
            Some("pyproject.toml:7:12")
        );
        assert_eq!(settings.tables(""), ["checks", "tests"]);
    }

    #[test]
    fn tells_what_is_wrong_with_nearest_name() {
        let cases: &[(&str, &[&str])] = &[
            (
                "[tool.towpath.tests]\ncoverge = 95\n",
                &[
                    "pyproject.toml:2:1+7 unknown key `coverge` in `[tool.towpath.tests]` (not a key of this table) \
                   did you mean `coverage`? `towpath help config tests` lists all keys",
                ],
            ),
            (
                "[tool.towpath.tets]\ncoverage = 95\n",
                &[
                    "pyproject.toml:1:15+4 unknown table `tets` in `[tool.towpath]` (not a table of towpath) \
                   did you mean `tests`? `towpath help config` lists all tables",
                ],
            ),
            (
                "[tool.towpath]\ncoverage = 95\nzzz = 1\n",
                &[
                    "pyproject.toml:2:1+8 unknown key `coverage` in `[tool.towpath]` (not a key of this table) \
                     `coverage` is a key of `[tool.towpath.tests]`; `towpath help config` lists all keys",
                    "pyproject.toml:3:1+3 unknown key `zzz` in `[tool.towpath]` (not a key of this table) \
                     `towpath help config` lists all keys",
                ],
            ),
            (
                "[tool.towpath.tests]\ncoverage = \"95\"\n",
                &[
                    "pyproject.toml:2:12+4 `coverage` in `[tool.towpath.tests]` must be a number from 0 to 100, not \
                   the text \"95\" (not of this type) write a number from 0 to 100; `towpath help config tests` \
                   describes `coverage`",
                ],
            ),
            (
                "[tool.towpath.tests]\njobs = 0\nrunner = 'pytst'\n",
                &[
                    "pyproject.toml:2:8+1 `jobs` in `[tool.towpath.tests]` must be a whole number from 1 to 64, not \
                     the number 0 (not a possible value) write a whole number from 1 to 64; `towpath help config \
                     tests` describes `jobs`",
                    "pyproject.toml:3:10+7 `runner` in `[tool.towpath.tests]` must be `pytest` or `unittest`, not \
                     the text \"pytst\" (not a possible value) did you mean `pytest`? `towpath help config tests` \
                     describes `runner`",
                ],
            ),
            (
                "[tool.towpath]\npythons = [\"3.12\", 3.10]\n",
                &[
                    "pyproject.toml:2:20+4 each item of `pythons` in `[tool.towpath]` must be a Python version such as \"3.12\", \
                   not the number 3.1 (not of this type) write a Python version such as \"3.12\"; `towpath help \
                   config` describes `pythons`",
                ],
            ),
            (
                "[tool]\ntowpath.tests = 3\n",
                &[
                    "pyproject.toml:2:9+5 `tests` in `[tool.towpath]` must be a table (not a table) write its keys \
                   below a line `[tool.towpath.tests]`; `towpath help config tests` lists them",
                ],
            ),
            (
                "[tool.towpath.checks.spelling]\ncomand = 'x'\n",
                &[
                    "pyproject.toml:2:1+6 unknown key `comand` in `[tool.towpath.checks.spelling]` (not a key of this \
                   table) did you mean `command`? `towpath help config checks` lists all keys",
                ],
            ),
            (
                "[tool]\ntowpath = true\n",
                &[
                    "pyproject.toml:2:11+4 `towpath` in `[tool]` must be a table (not a table) write the keys below a \
                   line `[tool.towpath]`; `towpath help config` lists them",
                ],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(
                told("packages/a/pyproject.toml", text).len(),
                expected.len(),
                "{text}"
            );
            assert_eq!(told("pyproject.toml", text), *expected, "{text}");
        }
    }

    #[test]
    fn reads_a_file_of_its_own_without_the_prefix() {
        assert_eq!(
            read("towpath.toml", "[tests]\ncoverage = 90.5\n")
                .0
                .number("tests", "coverage"),
            Some(90.5)
        );
        assert_eq!(
            told("towpath.toml", "standrd = true\n[tests]\ncoverage = -1\n"),
            [
                "towpath.toml:1:1+7 unknown key `standrd` in `towpath.toml` (not a key of this table) did you mean \
                 `standard`? `towpath help config` lists all keys",
                "towpath.toml:3:12+2 `coverage` in `[tests]` must be a number from 0 to 100, not the number -1 (not \
                 a possible value) write a number from 0 to 100; `towpath help config tests` describes `coverage`",
            ]
        );
    }

    #[test]
    fn survives_what_is_not_toml_and_what_is_not_towpath() {
        assert_eq!(
            read("pyproject.toml", "[project]\nname = 'x'\n"),
            (RawSettings::default(), Vec::new())
        );
        assert_eq!(
            read("pyproject.toml", ""),
            (RawSettings::default(), Vec::new())
        );
        let problems = told("pyproject.toml", "[tool.towpath\nstandard = true\n");
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].starts_with("pyproject.toml:1:14+0 `pyproject.toml` is not TOML: "),
            "{}",
            problems[0]
        );
    }
}
