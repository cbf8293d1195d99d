//! The configuration of pytest, in the one file that pytest itself would take.

use toml::Value;
use towpath_report::Problem;

use crate::files::{ProjectFiles, read_ini, read_toml, strings};
use crate::ini::{self, Ini};

/// What the configuration says of the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Config {
    /// The file, relative to the repository.
    pub(super) file: Option<String>,
    /// Whether the file was written for pytest rather than being its empty default.
    pub(super) is_explicit: bool,
    /// `testpaths`, relative to the project, globs among them.
    pub(super) test_paths: Vec<String>,
    /// `addopts`, split.
    pub(super) options: Vec<String>,
    /// `python_files`.
    pub(super) patterns: Vec<String>,
    /// `norecursedirs`, pytest's own where not set.
    pub(super) not_entered: Vec<String>,
    /// Names of the declared markers.
    pub(super) markers: Vec<String>,
}

/// Reads the first of `pytest.toml`, `pytest.ini`, `pyproject.toml`, `tox.ini` and `setup.cfg` that
/// configures pytest, which is pytest's own order.
pub(super) fn read(files: &ProjectFiles<'_>, problems: &mut Vec<Problem>) -> Config {
    for name in ["pytest.toml", ".pytest.toml"] {
        if let Some(table) = read_toml(files.tree, &files.path(name), problems) {
            let table = table
                .get("pytest")
                .and_then(Value::as_table)
                .cloned()
                .unwrap_or(table);
            return of_toml(&table, files.path(name));
        }
    }
    for name in ["pytest.ini", ".pytest.ini"] {
        if let Some(ini) = read_ini(files.tree, &files.path(name), problems) {
            return of_ini(&ini, "pytest", files.path(name));
        }
    }
    if let Some(table) = files
        .table(&["tool", "pytest", "ini_options"])
        .or_else(|| files.table(&["tool", "pytest"]))
    {
        return of_toml(table, files.path("pyproject.toml"));
    }
    if let Some(ini) = files
        .tox_ini
        .as_ref()
        .filter(|ini| ini.section("pytest").is_some())
    {
        return of_ini(ini, "pytest", files.path("tox.ini"));
    }
    if let Some(ini) = files.setup_cfg.as_ref() {
        // `[pytest]` is the name of before pytest 3, which today's refuses.
        if let Some(section) = ["tool:pytest", "pytest"]
            .into_iter()
            .find(|name| ini.section(name).is_some())
        {
            return of_ini(ini, section, files.path("setup.cfg"));
        }
    }
    Config {
        file: None,
        is_explicit: false,
        test_paths: Vec::new(),
        options: Vec::new(),
        patterns: default_patterns(),
        not_entered: default_not_entered(),
        markers: Vec::new(),
    }
}

fn default_patterns() -> Vec<String> {
    vec!["test_*.py".to_owned(), "*_test.py".to_owned()]
}

fn default_not_entered() -> Vec<String> {
    [
        "*.egg",
        ".*",
        "_darcs",
        "build",
        "CVS",
        "dist",
        "node_modules",
        "venv",
        "{arch}",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn of_ini(ini: &Ini, section: &str, file: String) -> Config {
    let words = |key: &str| split(ini.get(section, key).unwrap_or_default());
    let markers = ini.get(section, "markers").unwrap_or_default();
    let markers: Vec<String> = markers.lines().map(str::to_owned).collect();
    build(file, &words, &markers)
}

fn of_toml(table: &toml::Table, file: String) -> Config {
    let words = |key: &str| match table.get(key) {
        Some(Value::String(text)) => split(text),
        other => strings(other),
    };
    let markers = match table.get("markers") {
        Some(Value::String(text)) => ini::list(text),
        other => strings(other),
    };
    build(file, &words, &markers)
}

/// Makes a configuration of the words that stand under each key; each marker is `name: meaning`.
fn build(file: String, words: &dyn Fn(&str) -> Vec<String>, markers: &[String]) -> Config {
    let or =
        |words: Vec<String>, default: Vec<String>| if words.is_empty() { default } else { words };
    let name = |marker: &String| {
        marker
            .split([':', '('])
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    Config {
        file: Some(file),
        is_explicit: true,
        test_paths: words("testpaths"),
        options: words("addopts"),
        patterns: or(words("python_files"), default_patterns()),
        not_entered: or(words("norecursedirs"), default_not_entered()),
        markers: markers
            .iter()
            .map(name)
            .filter(|marker| !marker.is_empty())
            .collect(),
    }
}

/// Splits options by the rules of a shell: quotes keep words together; comment lines are dropped.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    for line in lines {
        let mut word: Option<String> = None;
        let mut quote: Option<char> = None;
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match (quote, character) {
                (Some(open), close) if open == close => quote = None,
                (None, '"' | '\'') => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                (Some('"') | None, '\\') => word.get_or_insert_default().extend(characters.next()),
                (None, space) if space.is_whitespace() => words.extend(word.take()),
                (_, other) => word.get_or_insert_default().push(other),
            }
        }
        words.extend(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_like_a_shell() {
        assert_eq!(
            split("-ra -m 'not slow'\n# no\n--cov=a \"b c\" d\\ e ''"),
            ["-ra", "-m", "not slow", "--cov=a", "b c", "d e", ""]
        );
    }
}
