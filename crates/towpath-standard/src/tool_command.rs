//! Turns the way a project runs a linter into the way towpath runs it: the same paths and rules, with
//! fixes off, and the output in the form that the reader knows.

use std::collections::BTreeMap;

use crate::adoption::ToolRun;
use crate::linter_output::{UNPROVEN, read_linter, read_mended};
use crate::linters::Linter;
use crate::tools::is_older;
use crate::work::Command;

/// Returns the command for a way in which a project runs a linter in the version that `requirement`
/// names. `extra` comes before the paths, `files` are the paths where the automation hands files over
/// one by one (a hook of pre-commit).
pub(crate) fn command(
    linter: &Linter,
    run: &ToolRun,
    requirement: &str,
    extra: &[String],
    files: &[String],
) -> Command {
    let forced = match linter.old {
        Some((than, arguments)) if is_older(requirement, than) => arguments,
        _ => linter.arguments,
    };
    command_with(linter, forced, run, extra, files)
}

/// Returns the command that mends what the tool can mend; `None` where it mends nothing.
pub(crate) fn fix_command(linter: &Linter, run: &ToolRun, extra: &[String]) -> Option<Command> {
    let (forced, _) = linter.fix?;
    let mut command = command_with(linter, forced, run, extra, &[]);
    command.read = read_mended;
    Some(command)
}

fn command_with(
    linter: &Linter,
    forced: &[&str],
    run: &ToolRun,
    extra: &[String],
    files: &[String],
) -> Command {
    let given = run
        .invocation
        .as_ref()
        .map_or(&[][..], |invocation| &invocation.arguments);
    let mut own = kept(given, linter);
    let has_path = names_paths(linter, &own);
    let mut arguments: Vec<String> = vec![format!("{{bin}}/{}", linter.program[0])];
    arguments.extend(linter.program[1..].iter().map(|text| (*text).to_owned()));
    arguments.extend(forced.iter().map(|text| (*text).to_owned()));
    arguments.extend(extra.iter().cloned());
    arguments.append(&mut own);
    if !files.is_empty() {
        arguments.extend(files.iter().cloned());
    } else if !has_path {
        arguments.extend(linter.paths.iter().map(|text| (*text).to_owned()));
    }
    Command {
        tool: linter.tool.to_owned(),
        arguments,
        environment: BTreeMap::new(),
        folder: run
            .invocation
            .as_ref()
            .map_or_else(String::new, |invocation| invocation.folder.clone()),
        reads_stdout: true,
        read: read_linter,
        hint: if run.blocks() && run.invocation.is_some() {
            linter.tool.to_owned()
        } else {
            format!("{UNPROVEN}{}", linter.tool)
        },
    }
}

/// Options of mypy that name what to look at otherwise than by its path.
const NAMES_CODE: [&str; 6] = ["-p", "--package", "-m", "--module", "-c", "--command"];

/// Returns whether arguments of a tool name something to look at.
pub(crate) fn names_paths(linter: &Linter, arguments: &[String]) -> bool {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        if linter.tool == "mypy" && NAMES_CODE.contains(&name) {
            return true;
        }
        if linter.valued.contains(&argument.as_str()) {
            rest.next();
        } else if !argument.starts_with('-') {
            return true;
        }
    }
    false
}

/// Takes out options, with their values; an option goes with a value that only a run could know.
fn kept(arguments: &[String], linter: &Linter) -> Vec<String> {
    let dropped = linter.dropped;
    let is_unknown = |word: &String| word.contains(['$', '{', '`']);
    let mut kept = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        let with_value = dropped
            .iter()
            .any(|option| option.strip_suffix('=') == Some(name));
        // `-j4`: a letter with its value behind it.
        let is_joined = dropped.iter().any(|option| {
            option.len() == 3
                && option
                    .strip_suffix('=')
                    .is_some_and(|option| argument.len() > 2 && argument.starts_with(option))
        });
        if with_value {
            if !argument.contains('=') {
                rest.next();
            }
        } else if linter.valued.contains(&argument.as_str()) {
            let words = [argument].into_iter().chain(rest.next());
            if !words.clone().any(is_unknown) {
                kept.extend(words.cloned());
            }
        } else if !is_joined && !dropped.contains(&name) && !is_unknown(argument) {
            kept.push(argument.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linters::linter;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn value_of_an_option_is_no_path() {
        for (tool, given, expected) in [
            ("black", "--line-length 88 -t py311 --workers 4", false),
            ("isort", "--multi-line 3 --py 39", false),
            ("isort", "--profile black src", true),
            ("mypy", "--config-file=x -p pkg", true),
            ("mypy", "--package=pkg", true),
            ("mypy", "--strict", false),
            ("pyright", "-p pyright.json", false),
        ] {
            let linter = linter(tool).expect("it is in the table");
            assert_eq!(
                names_paths(linter, &words(given)),
                expected,
                "{tool} {given}"
            );
        }
    }

    #[test]
    fn fixing_and_output_options_are_taken_out() {
        for (tool, given, expected) in [
            (
                "ruff",
                "--fix --output-format github src --select=E,F --config ruff.toml --cache-dir $DIR",
                "src --select=E,F --config ruff.toml",
            ),
            ("mypy", "--config-file $PWD/mypy.ini src", "src"),
            ("mypy", "--config-file=$PWD/mypy.ini -p $PKG src", "src"),
        ] {
            let linter = linter(tool).expect("it is in the table");
            assert_eq!(
                kept(&words(given), linter).join(" "),
                expected,
                "{tool} {given}"
            );
        }
    }
}
