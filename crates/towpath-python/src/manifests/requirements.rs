//! Files of requirements in pip's format: what they are for, what they hold, what they include.

use std::collections::BTreeSet;

use towpath_host::Tree;

use crate::files::read_optional;
use crate::folder;
use crate::requirement::{append, is_requirement, requirement_extras};
use crate::{Purpose, PythonVersion, RequirementsFile};

/// What one file of requirements says, with what it includes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// Requirements as PEP 508.
    pub(crate) requirements: Vec<String>,
    /// Files that it includes by `-r`, first to last.
    pub(crate) includes: Vec<String>,
    /// Extras of projects that it installs by path: `test` of `-e .[test]`, with the project's folder.
    pub(crate) own_extras: Vec<(String, Vec<String>)>,
    /// Whether any line carries a hash.
    pub(crate) hashed: bool,
}

/// Reads a file of requirements and, once each, those that it includes.
pub(crate) fn read(tree: &Tree, path: &str) -> Content {
    let mut content = Content::default();
    follow(tree, path, &mut BTreeSet::new(), &mut content);
    content
}

fn follow(tree: &Tree, path: &str, seen: &mut BTreeSet<String>, content: &mut Content) {
    if !seen.insert(path.to_owned()) {
        return;
    }
    let Some(text) = read_optional(tree, path) else {
        return;
    };
    for line in logical_lines(&text) {
        content.hashed |= line.contains("--hash=");
        if let Some(option) = line.strip_prefix('-') {
            read_option(tree, path, option, seen, content);
            continue;
        }
        let requirement = line.split(" --").next().unwrap_or_default().trim();
        if is_requirement(requirement) {
            append(&mut content.requirements, [requirement.to_owned()]);
        } else {
            read_path(requirement, content);
        }
    }
}

fn read_option(
    tree: &Tree,
    path: &str,
    option: &str,
    seen: &mut BTreeSet<String>,
    content: &mut Content,
) {
    let split = option.find([' ', '=', '\t']).unwrap_or(option.len());
    let (name, value) = option.split_at(split);
    let value = value.trim_start_matches([' ', '=', '\t']).trim();
    match name {
        "r" | "-requirement" => {
            if let Some(included) = folder::resolve(folder::parent(path), value) {
                append(&mut content.includes, [included.clone()]);
                follow(tree, &included, seen, content);
            }
        }
        "e" | "-editable" => read_path(value, content),
        // `-rbase.txt` without a space.
        _ if option.starts_with('r') && !option.starts_with('-') => {
            read_option(
                tree,
                path,
                &format!("r {}", option.get(1..).unwrap_or_default()),
                seen,
                content,
            );
        }
        _ => {}
    }
}

/// Notes a project that is installed from a folder; pip takes such paths from the folder it runs in,
/// which is the project's.
fn read_path(written: &str, content: &mut Content) {
    let target = written
        .strip_prefix("file:")
        .unwrap_or(written)
        .trim_start_matches("//");
    let target = target.split('[').next().unwrap_or_default();
    if target.starts_with('.') {
        content
            .own_extras
            .push((target.to_owned(), requirement_extras(written)));
    }
}

/// The lines without comments, with lines joined that end in a backslash.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut is_continued = false;
    for line in text.lines() {
        let line = without_comment(line);
        let (line, continues) = match line.trim_end().strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some(last) if is_continued => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(line.trim().to_owned()),
        }
        is_continued = continues;
    }
    lines.retain(|line| !line.is_empty());
    lines
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.find(" #").map_or(line, |start| &line[..start])
}

/// Returns the files of requirements among the paths of a project, relative to it, sorted: compiled
/// files stand before the files that they were compiled from.
pub(crate) fn find<'a>(
    tree: &Tree,
    root: &str,
    relative_paths: impl Iterator<Item = &'a str>,
) -> Vec<RequirementsFile> {
    let mut files: Vec<RequirementsFile> = relative_paths
        .filter_map(|relative| {
            classify(relative).map(|purpose| (folder::join(root, relative), purpose))
        })
        .map(|(path, purpose)| {
            let content = read(tree, &path);
            let compiled_from = compiled_from(tree, &path);
            let compiled_for = compiled_for(&read_optional(tree, &path).unwrap_or_default());
            RequirementsFile {
                purpose: purpose_by_includes(purpose, &content),
                hashed: content.hashed,
                compiled_from,
                compiled_for,
                requirements: content.requirements,
                includes: content.includes,
                own_extras: content
                    .own_extras
                    .into_iter()
                    .filter(|(target, _)| is_own(target))
                    .flat_map(|(_, extras)| extras)
                    .collect(),
                path,
            }
        })
        .collect();
    files.sort_by(|a, b| order(a).cmp(&order(b)));
    files
}

fn is_own(target: &str) -> bool {
    matches!(target.trim_end_matches('/'), "." | ".." | "../")
}

fn order(file: &RequirementsFile) -> (usize, bool, &str) {
    let depth = file.path.matches('/').count();
    (
        depth,
        file.compiled_from.is_none() && folder::has_suffix(&file.path, "in"),
        file.path.as_str(),
    )
}

/// A file of unknown purpose that includes the development file is one itself.
fn purpose_by_includes(purpose: Purpose, content: &Content) -> Purpose {
    if purpose != Purpose::Other {
        return purpose;
    }
    let included = content.includes.iter().filter_map(|path| classify(path));
    included
        .filter(|one| matches!(one, Purpose::Tests | Purpose::Development))
        .min()
        .unwrap_or(purpose)
}

/// The Python in the header of a compiled file: `pip-compile with Python 3.11`, `uv pip compile
/// --python-version 3.11`. A universal file is for all.
fn compiled_for(text: &str) -> Option<PythonVersion> {
    let header: Vec<&str> = text
        .lines()
        .take(12)
        .filter(|line| line.starts_with('#'))
        .collect();
    let header = header.join(" ");
    if !header.contains("autogenerated by") || header.contains("--universal") {
        return None;
    }
    let marks = [
        "with Python ",
        "with python ",
        "--python-version ",
        "--python-version=",
    ];
    let rest = marks
        .iter()
        .find_map(|mark| Some(header.split_once(mark)?.1))?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
    let text = &rest[..end.unwrap_or(rest.len())];
    let mut parts = text.split('.');
    Some(PythonVersion::new(
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    ))
}

/// The file that a compiled file names in its header, else the `.in` beside it.
fn compiled_from(tree: &Tree, path: &str) -> Option<String> {
    let stem = path.strip_suffix(".txt")?;
    let beside = format!("{stem}.in");
    if tree.contains(&beside) {
        return Some(beside);
    }
    let text = read_optional(tree, path)?;
    let header: Vec<&str> = text
        .lines()
        .take(12)
        .filter(|line| line.starts_with('#'))
        .collect();
    if !header.iter().any(|line| line.contains("autogenerated by")) {
        return None;
    }
    let command = header
        .iter()
        .find(|line| line.contains("pip-compile") || line.contains("uv pip compile"))?;
    let source = command
        .split_whitespace()
        .filter(|word| !word.starts_with('-'))
        .rfind(|word| {
            folder::has_suffix(word, "in")
                || folder::has_suffix(word, "toml")
                || folder::has_suffix(word, "py")
                || folder::has_suffix(word, "cfg")
        })?;
    [folder::parent(path), ""]
        .iter()
        .find_map(|folder| folder::resolve(folder, source).filter(|source| tree.contains(source)))
}

const TESTS: &[&str] = &["test", "tests", "testing", "tst", "pytest", "unittest"];
const DEVELOPMENT: &[&str] = &[
    "dev",
    "devel",
    "develop",
    "development",
    "developer",
    "developers",
    "local",
    "contrib",
    "contributing",
    "all",
    "ci",
];
const LINT: &[&str] = &[
    "lint",
    "linting",
    "linters",
    "style",
    "format",
    "formatting",
    "quality",
    "flake8",
    "precommit",
    "black",
    "ruff",
    "pylint",
];
const TYPES: &[&str] = &[
    "typing",
    "types",
    "type",
    "mypy",
    "typecheck",
    "typechecks",
    "typechecking",
    "pyright",
];
const DOCS: &[&str] = &["doc", "docs", "documentation", "rtd", "sphinx", "mkdocs"];

/// Returns what a file of this name is for; `None` where it is no file of requirements.
pub(crate) fn classify(path: &str) -> Option<Purpose> {
    if !(folder::has_suffix(path, "txt") || folder::has_suffix(path, "in"))
        || crate::scope::is_other_data(folder::parent(path))
    {
        return None;
    }
    let name = folder::file_name(path).to_ascii_lowercase();
    let stem = name
        .strip_suffix(".txt")
        .or_else(|| name.strip_suffix(".in"))?;
    let folder = folder::file_name(folder::parent(path)).to_ascii_lowercase();
    let in_folder = matches!(
        folder.trim_start_matches('.'),
        "requirements" | "reqs" | "requirement" | "requires"
    );
    let is_named = ["requirements", "requirement", "reqs", "requires"]
        .iter()
        .find_map(|word| split_out(stem, word));
    let rest = match is_named {
        Some(rest) => rest,
        None if in_folder => stem.to_owned(),
        None => return None,
    };
    let words: Vec<&str> = rest
        .split(|character: char| !character.is_ascii_alphanumeric())
        .map(|word| word.trim_end_matches(|last: char| last.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .collect();
    let is_below = |names: &[&str]| {
        folder::parent(path)
            .split('/')
            .any(|part| names.contains(&part))
    };
    // Deeper in a test folder lie the lists of what tests work on.
    let is_beside_tests = TESTS.contains(&folder.as_str()) || (in_folder && is_below(TESTS));
    // `constraints.txt` in a folder of requirements installs nothing.
    if words
        .iter()
        .any(|word| matches!(*word, "constraints" | "constraint"))
    {
        return None;
    }
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    Some(if has(DOCS) || is_below(DOCS) {
        Purpose::Docs
    } else if has(LINT) {
        Purpose::Lint
    } else if has(TYPES) {
        Purpose::Types
    } else if has(TESTS) || is_beside_tests {
        Purpose::Tests
    } else if is_below(TESTS) {
        Purpose::Other
    } else if has(DEVELOPMENT) {
        Purpose::Development
    } else if words.is_empty()
        || words.iter().all(|word| {
            matches!(
                *word,
                "base"
                    | "main"
                    | "prod"
                    | "production"
                    | "common"
                    | "runtime"
                    | "install"
                    | "core"
                    | "default"
                    | "py"
                    | "lock"
            )
        })
    {
        Purpose::Runtime
    } else {
        Purpose::Other
    })
}

/// Returns how many words of a file's name narrow down what it is for: none of `test.txt`, two of
/// `test-ci-base.txt`.
pub(crate) fn special_words(path: &str) -> usize {
    let name = folder::file_name(path).to_ascii_lowercase();
    let stem = name
        .rsplit_once('.')
        .map_or(name.as_str(), |(stem, _)| stem);
    let words = stem
        .split(|character: char| !character.is_ascii_alphabetic())
        .filter(|word| !word.is_empty());
    let plain = |word: &&str| {
        TESTS.contains(word)
            || matches!(
                *word,
                "requirements"
                    | "requirement"
                    | "reqs"
                    | "requires"
                    | "dev"
                    | "develop"
                    | "development"
                    | "py"
                    | "all"
            )
    };
    words.filter(|word| !plain(word)).count()
}

/// What is left of a file's stem without a word: `dev` of `requirements-dev`, `dev_requirements` and
/// `devrequirements`; `None` where the word is not in it.
fn split_out(stem: &str, word: &str) -> Option<String> {
    let (before, after) = stem.split_once(word)?;
    let is_joined = after.starts_with(|next: char| next.is_ascii_alphanumeric());
    (!is_joined).then(|| format!("{before} {after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_the_python_of_a_compiled_file() {
        let said = |text: &str| compiled_for(text).map(|python| python.to_string());
        for (text, expected) in [
            (
                "#\n# This file is autogenerated by pip-compile with Python 3.11\n# by the following command:\n",
                Some("3.11"),
            ),
            (
                "# This file was autogenerated by uv via the following command:\n#    uv pip compile --python-version 3.12 a.in\n",
                Some("3.12"),
            ),
            (
                "# This file was autogenerated by uv via the following command:\n#    uv pip compile --universal --python-version 3.8 a.in\n",
                None,
            ),
            (
                "# This file was autogenerated by uv via the following command:\n#    uv pip compile a.in\n",
                None,
            ),
            ("click==8.1 # works with Python 3.9\n", None),
        ] {
            assert_eq!(said(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn tells_the_purpose_by_the_name() {
        for (path, expected) in [
            ("requirements.txt", Some(Purpose::Runtime)),
            ("requirements-dev.txt", Some(Purpose::Development)),
            ("dev-requirements.txt", Some(Purpose::Development)),
            ("dev_requirements.txt", Some(Purpose::Development)),
            ("devrequirements.txt", Some(Purpose::Development)),
            ("requirements.test.txt", Some(Purpose::Tests)),
            ("test_requirements.txt", Some(Purpose::Tests)),
            ("requirements/tests.in", Some(Purpose::Tests)),
            ("requirements/base.txt", Some(Purpose::Runtime)),
            ("requirements/typing.txt", Some(Purpose::Types)),
            ("requirements/constraints.txt", None),
            ("docs/requirements.txt", Some(Purpose::Docs)),
            ("tests/requirements.txt", Some(Purpose::Tests)),
            ("src/requirements.txt", Some(Purpose::Runtime)),
            ("requirements-lint.txt", Some(Purpose::Lint)),
            ("requirements-bench.txt", Some(Purpose::Other)),
            ("requirements/tests37.txt", Some(Purpose::Tests)),
            ("tests/requirements/py3.txt", Some(Purpose::Tests)),
            ("pkg.egg-info/requires.txt", None),
            ("examples/a/requirements.txt", None),
            ("tests/fixtures/p/requirements.txt", None),
            ("README.txt", None),
            ("prerequisites.txt", None),
        ] {
            assert_eq!(classify(path), expected, "{path}");
        }
    }

    #[test]
    fn joins_lines_and_drops_comments() {
        let text = "# head\na==1 \\\n  --hash=sha256:x  # why\n\nb # c\n-r x.txt\n";
        assert_eq!(
            logical_lines(text),
            ["a==1 --hash=sha256:x", "b", "-r x.txt"]
        );
    }
}
