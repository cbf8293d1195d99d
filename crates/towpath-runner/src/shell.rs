//! Shells of `run` steps: which command runs a script, and what is added to its text.

use std::path::Path;

use towpath_report::Problem;

/// Stands for the script in a shell's command line.
const SCRIPT: &str = "{0}";

/// A shell that is known by name.
struct Known {
    name: &'static str,
    arguments: &'static [&'static str],
    extension: &'static str,
}

const KNOWN: [Known; 6] = [
    Known {
        name: "bash",
        arguments: &["--noprofile", "--norc", "-e", "-o", "pipefail", SCRIPT],
        extension: ".sh",
    },
    Known {
        name: "sh",
        arguments: &["-e", SCRIPT],
        extension: ".sh",
    },
    Known {
        name: "python",
        arguments: &[SCRIPT],
        extension: ".py",
    },
    Known {
        name: "pwsh",
        arguments: &["-command", ". '{0}'"],
        extension: ".ps1",
    },
    Known {
        name: "powershell",
        arguments: &["-command", ". '{0}'"],
        extension: ".ps1",
    },
    Known {
        name: "cmd",
        arguments: &["/D", "/E:ON", "/V:OFF", "/S", "/C", "CALL \"{0}\""],
        extension: ".cmd",
    },
];

/// Returns the command that runs a script. Without a shell it is the `bash` that was found, else `sh`; both
/// end at the first failing command and neither looks into pipes.
pub fn command_line(
    shell: Option<&str>,
    script: &Path,
    bash: Option<&Path>,
) -> Result<Vec<String>, Problem> {
    let Some(shell) = given(shell) else {
        let program = bash.unwrap_or(Path::new("sh"));
        return Ok(vec![
            program.display().to_string(),
            "-e".to_owned(),
            script.display().to_string(),
        ]);
    };
    let (program, arguments) = shell.split_once(' ').unwrap_or((shell, ""));
    let mut words = vec![program.to_owned()];
    match (known(program), arguments.trim_start()) {
        (Some(known), "") => words.extend(known.arguments.iter().map(|&word| word.to_owned())),
        (_, arguments) => words.extend(split(arguments)),
    }
    if !words.iter().skip(1).any(|word| word.contains(SCRIPT)) {
        return Err(Problem::error(format!(
            "the shell `{shell}` does not say where the script goes"
        ))
        .with_hint("add `{0}`, which stands for the script's file: `perl {0}`")
        .with_hint("shells that need no `{0}` are `bash`, `sh`, `python` and `pwsh`"));
    }
    let script = script.display().to_string();
    Ok(words
        .iter()
        .map(|word| word.replace(SCRIPT, &script))
        .collect())
}

/// Returns what the name of a script's file has to end with.
pub fn extension(shell: Option<&str>) -> &'static str {
    match given(shell) {
        None => ".sh",
        Some(shell) => known(program_of(shell)).map_or("", |known| known.extension),
    }
}

/// Returns the text of a script's file.
pub fn prepare(shell: Option<&str>, text: &str) -> String {
    match given(shell).map(program_of) {
        Some("pwsh" | "powershell") => format!(
            "$ErrorActionPreference = 'stop'\n{text}\n\
             if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) {{ exit $LASTEXITCODE }}"
        ),
        Some("cmd") => format!("@echo off\n{text}"),
        _ => text.to_owned(),
    }
}

/// An empty shell is none.
fn given(shell: Option<&str>) -> Option<&str> {
    shell.filter(|shell| !shell.is_empty())
}

fn program_of(shell: &str) -> &str {
    shell.split(' ').next().unwrap_or(shell)
}

fn known(program: &str) -> Option<&'static Known> {
    KNOWN
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(program))
}

/// Splits arguments as .NET does, in which GitHub's runner is written: at blanks outside of double quotes.
/// `\"` is a quote, `""` within quotes as well; any other backslash is itself.
pub(crate) fn split(arguments: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut characters = arguments.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'"') => {
                characters.next();
                word.get_or_insert_default().push('"');
            }
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                word.get_or_insert_default().push('"');
            }
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_have_their_command_lines() {
        let table: [(Option<&str>, &[&str]); 13] = [
            (None, &["/b/bash", "-e", "/t/a b.sh"]),
            (Some(""), &["/b/bash", "-e", "/t/a b.sh"]),
            (
                Some("bash"),
                &[
                    "bash",
                    "--noprofile",
                    "--norc",
                    "-e",
                    "-o",
                    "pipefail",
                    "/t/a b.sh",
                ],
            ),
            (Some("sh"), &["sh", "-e", "/t/a b.sh"]),
            (Some("python"), &["python", "/t/a b.sh"]),
            (Some("pwsh"), &["pwsh", "-command", ". '/t/a b.sh'"]),
            (Some("bash -l {0}"), &["bash", "-l", "/t/a b.sh"]),
            (Some("bash  -el {0}"), &["bash", "-el", "/t/a b.sh"]),
            (Some("perl {0}"), &["perl", "/t/a b.sh"]),
            (Some("python -u {0} x"), &["python", "-u", "/t/a b.sh", "x"]),
            (
                Some("bash -c \"source 'x y' && bash {0}\""),
                &["bash", "-c", "source 'x y' && bash /t/a b.sh"],
            ),
            (
                Some("x \\\"a\\\" \"b\"\"c\" \"\" \\d {0}"),
                &["x", "\"a\"", "b\"c", "", "\\d", "/t/a b.sh"],
            ),
            (Some("/opt/x/bash {0}"), &["/opt/x/bash", "/t/a b.sh"]),
        ];
        for (shell, expected) in table {
            let words =
                command_line(shell, Path::new("/t/a b.sh"), Some(Path::new("/b/bash"))).unwrap();
            assert_eq!(words, expected, "{shell:?}");
        }
        let words = command_line(None, Path::new("/x"), None).unwrap();
        assert_eq!(words, ["sh", "-e", "/x"]);
    }

    #[test]
    fn refuses_shells_that_do_not_take_the_script() {
        for shell in ["perl", "bash -l", "{0}", "fish -c"] {
            let problem = command_line(Some(shell), Path::new("/x"), None).unwrap_err();
            let expected = format!("the shell `{shell}` does not say where the script goes");
            assert_eq!(problem.message, expected);
        }
    }

    #[test]
    fn scripts_are_prepared_for_their_shells() {
        assert_eq!(prepare(None, "a\r\nb"), "a\r\nb");
        assert_eq!(prepare(Some("bash"), "a"), "a");
        let prepared = prepare(Some("pwsh -File {0}"), "a");
        assert!(prepared.starts_with("$ErrorActionPreference = 'stop'\na\nif "));
        assert!(prepared.ends_with("{ exit $LASTEXITCODE }"));
        let table = [
            (None, ".sh"),
            (Some("python"), ".py"),
            (Some("pwsh {0}"), ".ps1"),
            (Some("perl {0}"), ""),
        ];
        for (shell, expected) in table {
            assert_eq!(extension(shell), expected, "{shell:?}");
        }
    }
}
