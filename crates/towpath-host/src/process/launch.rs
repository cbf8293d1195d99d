//! Finding the program of a command, and saying why it did not start.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A smaller variable, in bytes, is not why an environment is too large.
const LARGE: usize = 16 << 10;

/// Finds the program as a shell would: a name with a slash is a path, another is looked up in `PATH`.
pub(crate) fn find_program(
    arguments: &[String],
    environment: &BTreeMap<String, String>,
    folder: &Path,
) -> Result<PathBuf, String> {
    let Some(name) = arguments.first().filter(|name| !name.is_empty()) else {
        return Err("there is no program to run".to_owned());
    };
    if name.contains('/') {
        return Ok(folder.join(name));
    }
    let path = environment.get("PATH").map_or("", String::as_str);
    std::env::split_paths(path)
        .map(|place| folder.join(place).join(name))
        .find(|candidate| is_executable(candidate))
        .ok_or_else(|| {
            if path.is_empty() {
                format!("the program `{name}` was not found: `PATH` is empty")
            } else {
                format!("the program `{name}` was not found in `{path}`")
            }
        })
}

/// Tells whether a path leads to a program, by its rights.
pub fn is_executable(path: &Path) -> bool {
    fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Says why, since the system's "no such file" may mean the folder, the program or its interpreter.
pub(crate) fn not_started(
    program: &Path,
    folder: &Path,
    environment: &BTreeMap<String, String>,
    error: &io::Error,
) -> String {
    let (program_name, folder_name) = (program.display(), folder.display());
    if error.kind() == io::ErrorKind::ArgumentListTooLong {
        return format!(
            "the program `{program_name}` cannot be started: its arguments and environment together are \
             larger than the system allows{}; hand over what is long in a file",
            largest(environment)
        );
    }
    if error.kind() != io::ErrorKind::NotFound {
        return format!("the program `{program_name}` cannot be started: {error}");
    }
    if !folder.is_dir() {
        return format!("there is no folder `{folder_name}` to run in");
    }
    match interpreter(program) {
        Some(interpreter) => {
            format!("the program `{program_name}` needs `{interpreter}`, which is not there")
        }
        None if program.exists() => {
            format!("the program `{program_name}` needs a loader that is not there")
        }
        None => format!("there is no program `{program_name}`"),
    }
}

/// Names the variables that take the most room, as the end of a sentence.
fn largest(environment: &BTreeMap<String, String>) -> String {
    let mut large: Vec<(&str, usize)> = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.len()))
        .filter(|(_, size)| *size >= LARGE)
        .collect();
    large.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    if large.is_empty() {
        return String::new();
    }
    let named = large.iter().take(3);
    let named = named.map(|(name, size)| format!("`{name}` ({} KiB)", size / 1024));
    let named: Vec<String> = named.collect();
    format!(", most of it in {}", named.join(", "))
}

/// Reads the program that a script names in its first line.
fn interpreter(script: &Path) -> Option<String> {
    let text = fs::read(script).ok()?;
    let line = text
        .strip_prefix(b"#!")?
        .split(|&byte| byte == b'\n')
        .next()?;
    let line = String::from_utf8_lossy(line);
    line.split_whitespace().next().map(str::to_owned)
}
