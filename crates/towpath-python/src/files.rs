//! Reading the files of a project: texts, TOML and INI, each at most once, with what is wrong in them
//! collected as problems. Knows the formats, not what the files mean.

use towpath_host::{FileKind, Tree};
use towpath_report::{Place, Problem, Source};

use crate::folder;
use crate::ini::{self, Ini};

/// The largest file that is read for facts, in bytes. Real manifests are far below; locks are not.
const LARGEST: u64 = 10 << 20;
/// The largest lock that is read, in bytes.
const LARGEST_LOCK: u64 = 64 << 20;
/// The most problems that are reported of one file.
const MOST_PROBLEMS: usize = 10;

/// The files of one project and what was read of them.
pub(crate) struct ProjectFiles<'a> {
    /// The repository.
    pub(crate) tree: &'a Tree,
    /// The project's folder.
    pub(crate) root: &'a str,
    /// The project's files, relative to the repository; those of nested projects are not among them.
    pub(crate) paths: Vec<&'a str>,
    /// `pyproject.toml`.
    pub(crate) pyproject: Option<toml::Table>,
    /// `setup.cfg`.
    pub(crate) setup_cfg: Option<Ini>,
    /// `tox.ini`.
    pub(crate) tox_ini: Option<Ini>,
}

impl<'a> ProjectFiles<'a> {
    /// Reads the files that several facts are taken from.
    pub(crate) fn read(
        tree: &'a Tree,
        root: &'a str,
        paths: Vec<&'a str>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let pyproject = read_toml(tree, &folder::join(root, "pyproject.toml"), problems);
        let setup_cfg = read_ini(tree, &folder::join(root, "setup.cfg"), problems);
        let mut doubts = Vec::new();
        let tox_ini = read_ini(tree, &folder::join(root, "tox.ini"), &mut doubts);
        // A broken `tox.ini` keeps tox from starting, and nothing that is run here.
        problems.extend(doubts.into_iter().map(Problem::as_warning));
        Self {
            tree,
            root,
            paths,
            pyproject,
            setup_cfg,
            tox_ini,
        }
    }

    /// Returns the path of a file of the project, relative to the repository.
    pub(crate) fn path(&self, relative: &str) -> String {
        folder::join(self.root, relative)
    }

    /// Returns whether the project holds a file.
    pub(crate) fn has(&self, relative: &str) -> bool {
        self.tree.contains(&self.path(relative))
    }

    /// Returns a table of `pyproject.toml` by its path: `["tool", "ruff"]`.
    pub(crate) fn table(&self, path: &[&str]) -> Option<&toml::Table> {
        path.iter()
            .try_fold(self.pyproject.as_ref()?, |table, key| {
                table.get(*key)?.as_table()
            })
    }

    /// Returns the project's files by their path relative to the project.
    pub(crate) fn relative_paths(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.paths
            .iter()
            .filter_map(|path| folder::below(self.root, path))
    }

    /// Returns whether a folder of the project holds any file.
    pub(crate) fn has_folder(&self, relative: &str) -> bool {
        folder_exists(self.tree, &self.path(relative))
    }
}

/// Returns whether a folder of the repository holds any file.
pub(crate) fn folder_exists(tree: &Tree, path: &str) -> bool {
    path.is_empty() || files_below(tree, path).next().is_some()
}

/// Returns the files below a folder of the repository, in order.
pub(crate) fn files_below<'a>(tree: &'a Tree, path: &str) -> impl Iterator<Item = &'a str> {
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    tree.files()
        .range(prefix.clone()..)
        .map(|(path, _)| path.as_str())
        .take_while(move |path| path.starts_with(&prefix))
}

/// Reads a text that exists; a file that cannot be read or is too large is a problem.
pub(crate) fn read_text(tree: &Tree, path: &str, problems: &mut Vec<Problem>) -> Option<String> {
    read_up_to(tree, path, LARGEST, problems)
}

/// Reads a text where there is one, without a word where there is not.
pub(crate) fn read_optional(tree: &Tree, path: &str) -> Option<String> {
    read_up_to(tree, path, LARGEST, &mut Vec::new())
}

fn read_up_to(
    tree: &Tree,
    path: &str,
    largest: u64,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let file = tree.files().get(path)?;
    if file.size > largest {
        let message = format!(
            "`{path}` is larger than {} MiB and is not read",
            largest >> 20
        );
        problems.push(about(path, message).with_hint("move generated data out of the file"));
        return None;
    }
    let is_link = matches!(file.kind, FileKind::Symlink { .. });
    match tree.read_text(path) {
        // The size above is the link's own.
        Ok(text) if is_link && text.len() as u64 > largest => None,
        Ok(text) => Some(text),
        Err(error) => {
            let problem = about(path, format!("cannot read `{path}`: {}", error.kind()));
            problems.push(problem.with_hint(format!(
                "check that you may read `{path}` and that it is no broken link"
            )));
            None
        }
    }
}

/// Reads a TOML file that may be absent; what cannot be understood is left out and reported.
pub(crate) fn read_toml(
    tree: &Tree,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Option<toml::Table> {
    let text = read_text(tree, path, problems)?;
    check_encoding(tree, path, &text, problems);
    Some(parse_toml(Source { path, text: &text }, problems))
}

/// Reports what keeps other programs from reading a TOML file that is read here all the same: bytes
/// that are no UTF-8, and a byte order mark.
fn check_encoding(tree: &Tree, path: &str, text: &str, problems: &mut Vec<Problem>) {
    let bytes = tree.read(path).unwrap_or_default();
    let source = Source { path, text };
    if let Err(error) = std::str::from_utf8(&bytes) {
        let start = error.valid_up_to();
        let message = format!("`{path}` is not UTF-8, which TOML has to be");
        let problem = source.error(start..start, message, "the first byte that is not");
        problems.push(problem.with_hint("save the file as UTF-8"));
    } else {
        check_mark(
            &bytes,
            source,
            "pip and most build backends refuse",
            problems,
        );
    }
}

/// Warns of a byte order mark at the beginning of a file, which others refuse.
fn check_mark(bytes: &[u8], source: Source<'_>, others: &str, problems: &mut Vec<Problem>) {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let path = source.path;
        let message = format!("`{path}` begins with a byte order mark, which {others}");
        let problem = source.error(0..0, message, "before this");
        problems.push(
            problem
                .with_hint("save the file as UTF-8 without a byte order mark")
                .as_warning(),
        );
    }
}

/// Reads a lock in TOML.
pub(crate) fn read_toml_lock(
    tree: &Tree,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Option<toml::Table> {
    let text = read_up_to(tree, path, LARGEST_LOCK, problems)?;
    Some(parse_toml(Source { path, text: &text }, problems))
}

fn parse_toml(source: Source<'_>, problems: &mut Vec<Problem>) -> toml::Table {
    let (table, errors) = toml::de::DeTable::parse_recoverable(source.text);
    let mut last_line = 0;
    for error in errors.iter().take(MOST_PROBLEMS) {
        let range = error.span().unwrap_or(0..0);
        let line = source.place(range.clone()).line;
        // What follows an error on its line mostly follows from it.
        if std::mem::replace(&mut last_line, line) == line {
            continue;
        }
        let message = format!(
            "`{}` is not valid TOML: {}",
            source.path,
            first_line(error.message())
        );
        problems.push(
            source
                .error(range, message, "here")
                .with_hint(format!("mend `{}`", source.path)),
        );
    }
    let deserializer = toml::de::Deserializer::from(table);
    match <toml::Table as serde::Deserialize>::deserialize(deserializer) {
        Ok(table) => table,
        Err(error) => {
            if errors.is_empty() {
                let message = format!(
                    "`{}` is not valid TOML: {}",
                    source.path,
                    first_line(error.message())
                );
                let range = error.span().unwrap_or(0..0);
                problems.push(
                    source
                        .error(range, message, "here")
                        .with_hint(format!("mend `{}`", source.path)),
                );
            }
            toml::Table::new()
        }
    }
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or(message)
}

/// Reads a JSON file that may be absent.
pub(crate) fn read_json(
    tree: &Tree,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Option<serde_json::Value> {
    let text = read_up_to(tree, path, LARGEST_LOCK, problems)?;
    match serde_json::from_str(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            let place = Place::at(path, error.line() as u32, error.column() as u32);
            let mut problem = about(path, format!("`{path}` is not valid JSON"));
            problem.excerpt = Some(Source { path, text: &text }.excerpt(place.line, place.line));
            problem.place = Some(place);
            "parsing stops here".clone_into(&mut problem.label);
            problems.push(
                problem.with_hint(format!("write `{path}` again with the tool that made it")),
            );
            None
        }
    }
}

/// Reads an INI file that may be absent; what cannot be understood is left out and reported.
pub(crate) fn read_ini(tree: &Tree, path: &str, problems: &mut Vec<Problem>) -> Option<Ini> {
    let text = read_text(tree, path, problems)?;
    let source = Source { path, text: &text };
    let bytes = tree.read(path).unwrap_or_default();
    check_mark(
        &bytes,
        source,
        "Python's own reader of such files refuses",
        problems,
    );
    let (ini, found) = ini::parse(source);
    problems.extend(found.into_iter().take(MOST_PROBLEMS));
    Some(ini)
}

/// Returns an error about a whole file.
pub(crate) fn about(path: &str, message: String) -> Problem {
    let mut problem = Problem::error(message);
    problem.place = Some(Place::file(path));
    problem
}

/// Returns an error about the first place of a file where a text stands, else about the file.
pub(crate) fn about_text(
    tree: &Tree,
    path: &str,
    needle: &str,
    message: String,
    label: &str,
) -> Problem {
    let text = read_optional(tree, path).unwrap_or_default();
    match text.find(needle) {
        Some(start) => {
            Source { path, text: &text }.error(start..start + needle.len(), message, label)
        }
        None => about(path, message),
    }
}

/// Returns the strings of a TOML array, or a single string as one; anything else is left out.
pub(crate) fn strings(value: Option<&toml::Value>) -> Vec<String> {
    match value {
        Some(toml::Value::String(text)) => vec![text.clone()],
        Some(toml::Value::Array(items)) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}
