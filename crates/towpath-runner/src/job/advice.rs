//! What may have been forgotten before a step that failed, by what it printed last.

use towpath_host::process::CommandEnd;

/// With this code a shell ends that does not find a program.
const NOT_FOUND: i32 = 127;

/// Returns what to do about a command that ended so after these lines of output. `is_empty` tells whether
/// nothing lies in the workspace.
pub(super) fn on_failure(
    end: &CommandEnd,
    lines: &[String],
    is_empty: impl FnOnce() -> bool,
) -> Option<String> {
    let missing = lines.iter().rev().find_map(|line| missing_program(line));
    if let (CommandEnd::Exited(NOT_FOUND), Some(program)) = (end, missing) {
        return Some(format!(
            "`{program}` is not on the `PATH`: a step before this one has to install it"
        ));
    }
    let misses_file = lines.iter().any(|line| tells_of_missing_file(line));
    (misses_file && is_empty()).then(|| {
        "the workspace is empty: no step before this one checks the repository out \
         (`uses: actions/checkout@v4`)"
            .to_owned()
    })
}

/// Returns the program that a shell does not find, as in `step.sh: line 1: flake8: command not found` and
/// `step.sh: 1: flake8: not found`.
fn missing_program(line: &str) -> Option<&str> {
    let (place, rest) = line
        .rsplit_once(": command not found")
        .map(|(before, _)| before.rsplit_once(": "))
        .or_else(|| Some(line.strip_suffix(": not found")?.rsplit_once(": ")))
        .flatten()?;
    let number = place.rsplit_once(": ")?.1;
    let number = number.strip_prefix("line ").unwrap_or(number);
    let is_place = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_program = !rest.is_empty() && !rest.contains([' ', '/']);
    (is_place && is_program).then_some(rest)
}

/// Tells whether a program says that a file or folder is not there.
fn tells_of_missing_file(line: &str) -> bool {
    const SAYINGS: [&str; 9] = [
        "no such file",
        "not found",
        "can't open",
        "cannot find",
        "could not find",
        "could not open",
        "does not exist",
        "neither 'setup.py' nor 'pyproject.toml'",
        "no tests ran",
    ];
    let line = line.to_lowercase();
    SAYINGS.iter().any(|saying| line.contains(saying))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_a_shell_misses_is_named() {
        for (line, program) in [
            ("/w/step_4.sh: line 1: flake8: command not found", "flake8"),
            ("/w/step_4.sh: 1: nosetests: not found", "nosetests"),
            (
                "step.sh: line 12: python3.9: command not found",
                "python3.9",
            ),
            ("step.sh: line 1: $'a\\r': command not found", "$'a\\r'"),
            ("ERROR: file or directory not found: tests/", ""),
            ("fatal: repository: not found", ""),
        ] {
            assert_eq!(missing_program(line).unwrap_or_default(), program, "{line}");
        }
    }

    #[test]
    fn a_missing_file_matters_where_there_is_no_file_at_all() {
        let end = CommandEnd::Exited(1);
        let lines = ["ERROR: Could not open requirements file".to_owned()];
        let told = on_failure(&end, &lines, || true).unwrap();
        assert!(told.contains("checkout"), "{told}");
        assert_eq!(on_failure(&end, &lines, || false), None);
        assert_eq!(on_failure(&end, &["1 failed".to_owned()], || true), None);
    }
}
