//! The reference pages of commands and exit codes, made from their declarations.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::arguments::Arguments;
use crate::exit_code::ExitCode;

/// Returns the reference page of all commands, in Markdown.
pub fn commands_page() -> String {
    let mut command = Arguments::command();
    command.build();
    let mut page = format!("# Commands\n\n{}\n", about(&command));
    page.push_str("\nEvery command ends with one of the [exit codes](exit-codes.md).\n");
    page.push_str("\n## Options of every command\n");
    page.push_str(&options_table(&command, &|argument| {
        argument.is_global_set()
    }));
    for subcommand in visible(&command) {
        section(&mut page, &command, subcommand, 2);
    }
    page
}

fn section(page: &mut String, root: &Command, command: &Command, level: usize) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let _ = write!(
        page,
        "\n{} `{name}`\n\n{}.\n",
        "#".repeat(level),
        about(command).trim_end_matches('.')
    );
    let usage = command.clone().render_usage().to_string();
    let _ = write!(
        page,
        "\n```console\n$ {}\n```\n",
        usage.trim_start_matches("Usage: ").trim()
    );
    page.push_str(&options_table(command, &|argument| {
        !root
            .get_arguments()
            .any(|of_all| of_all.get_id() == argument.get_id())
    }));
    if let Some(after) = command.get_after_help() {
        let _ = write!(page, "\n```text\n{}\n```\n", after.to_string().trim_end());
    }
    for subcommand in visible(command) {
        section(page, root, subcommand, level + 1);
    }
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help-subcommand")
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

fn options_table(command: &Command, keep: &dyn Fn(&Arg) -> bool) -> String {
    let arguments: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| keep(argument) && !argument.is_hide_set())
        .filter(|argument| !matches!(argument.get_id().as_str(), "help" | "version"))
        .collect();
    if arguments.is_empty() {
        return String::new();
    }
    let mut table = "\n| argument | what it does |\n| --- | --- |\n".to_owned();
    for argument in arguments {
        let help = argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let values = values(argument);
        let _ = writeln!(table, "| `{}` | {help}{values} |", spelling(argument));
    }
    table.replace("[PROJECT]...", "[PROJECT]…")
}

/// How an argument is written: `-j, --jobs N`, `[PROJECT]…`.
fn spelling(argument: &Arg) -> String {
    let value = argument
        .get_value_names()
        .map(|names| {
            names
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .filter(|_| argument.get_action().takes_values())
        .unwrap_or_default();
    if argument.is_positional() {
        let dots = if matches!(argument.get_action(), ArgAction::Append) {
            "…"
        } else {
            ""
        };
        return if argument.is_required_set() {
            format!("{value}{dots}")
        } else {
            format!("[{value}]{dots}")
        };
    }
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = [short, long].into_iter().flatten().collect();
    format!("{} {value}", names.join(", "))
        .trim_end()
        .replace('|', "\\|")
}

fn values(argument: &Arg) -> String {
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if values.is_empty() || !argument.get_action().takes_values() {
        return String::new();
    }
    format!(": {}", values.join(", "))
}

/// Returns the reference page of the exit codes, in Markdown.
pub fn exit_codes_page() -> String {
    let mut page =
        "# Exit codes\n\nThe same for every command.\n\n| code | meaning |\n| --- | --- |\n"
            .to_owned();
    for code in ExitCode::ALL {
        let _ = writeln!(page, "| {} | {} |", code.number(), code.meaning());
    }
    page
}
