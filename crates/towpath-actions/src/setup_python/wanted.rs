//! Which versions of Python a step asks for: its input, or the file that it names.

use std::path::Path;

use towpath_report::Problem;
use towpath_runner::{StepContext, StepInputs};

use crate::step::{lines, problem};

const FILE: &str = ".python-version";

/// Returns the versions asked for, in their order; none where the Python on `PATH` is meant.
pub(super) fn versions(
    inputs: &StepInputs,
    step: &StepContext<'_>,
) -> Result<Vec<String>, Problem> {
    let given = lines(inputs, "python-version");
    if !given.is_empty() {
        return Ok(given.into_iter().map(str::to_owned).collect());
    }
    let named = inputs.get("python-version-file").trim();
    let name = if named.is_empty() { FILE } else { named };
    let path = step.workspace.join(name);
    if !path.is_file() {
        return if named.is_empty() {
            Ok(Vec::new())
        } else {
            Err(problem(
                format!("the file `{named}`, which names the version of Python, does not exist"),
                "check the input `python-version-file`, and that `actions/checkout` comes before",
            ))
        };
    }
    let text = fs_err::read_to_string(&path)
        .map_err(|error| problem(error.to_string(), "write the file as UTF-8 text"))?;
    let versions = in_file(&path, &text);
    if versions.is_empty() {
        return Err(problem(
            format!("`{name}` names no version of Python"),
            "write one into it, such as `3.12`, or use the input `python-version`",
        ));
    }
    Ok(versions)
}

fn in_file(path: &Path, text: &str) -> Vec<String> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if name.ends_with(".toml") || name == "Pipfile" {
        let Ok(table) = text.parse::<toml::Table>() else {
            return Vec::new();
        };
        return in_table(&table).into_iter().collect();
    }
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let lines = lines.filter(|line| !line.is_empty());
    if name == ".tool-versions" {
        let versions = lines.filter_map(|line| line.strip_prefix("python "));
        return versions
            .flat_map(str::split_whitespace)
            .take(1)
            .map(str::to_owned)
            .collect();
    }
    lines
        .map(|line| {
            line.strip_prefix("python-")
                .or(line.strip_prefix("cpython-"))
                .unwrap_or(line)
        })
        .map(str::to_owned)
        .collect()
}

fn in_table(table: &toml::Table) -> Option<String> {
    let at = |path: &[&str]| {
        let (last, folders) = path.split_last()?;
        let mut table = table;
        for name in folders {
            table = table.get(*name)?.as_table()?;
        }
        table.get(*last)?.as_str().map(str::to_owned)
    };
    at(&["project", "requires-python"])
        .or_else(|| at(&["tool", "poetry", "dependencies", "python"]))
        .or_else(|| at(&["requires", "python_full_version"]))
        .or_else(|| at(&["requires", "python_version"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_file() {
        for (name, text, expected) in [
            (".python-version", "3.12\n", "3.12"),
            (
                ".python-version",
                "# ours\n3.12.1  # this\n3.11\n",
                "3.12.1|3.11",
            ),
            (".python-version", "cpython-3.13\n", "3.13"),
            (
                ".tool-versions",
                "nodejs 20.1\npython 3.11.4 3.10\n",
                "3.11.4",
            ),
            (
                "pyproject.toml",
                "[project]\nrequires-python = '>=3.9,<4'\n",
                ">=3.9,<4",
            ),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\npython = '^3.10'\n",
                "^3.10",
            ),
            ("Pipfile", "[requires]\npython_version = '3.9'\n", "3.9"),
            ("pyproject.toml", "[project]\n", ""),
            ("pyproject.toml", "not toml", ""),
        ] {
            assert_eq!(in_file(Path::new(name), text).join("|"), expected, "{name}");
        }
    }
}
