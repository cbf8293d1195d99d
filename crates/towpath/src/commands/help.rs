//! `towpath help`: commands, settings, actions and exit codes, from their declarations.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};
use towpath_actions::BUILT_IN;
use towpath_report::Problem;

use crate::arguments::Arguments;
use crate::exit_code::ExitCode;
use crate::nearest;
use crate::settings_reference::{SettingsTable, tables};
use crate::terminal::{Paint, Style, wrap};

/// Topics that are no commands.
const TOPICS: [&str; 3] = ["actions", "config", "exit-codes"];

/// Returns the help on a topic: nothing, `config`, `config TABLE`, `actions`, `exit-codes`,
/// or a command.
pub(crate) fn help(topic: &[String], style: Style) -> Result<String, Box<Problem>> {
    let words: Vec<&str> = topic.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["config"] => Ok(config(&tables(), style)),
        ["config", table] => config_table(table, style),
        ["actions"] => Ok(actions(style)),
        ["exit-codes"] => Ok(exit_codes(style)),
        words => command_help(words, style),
    }
}

fn command_help(words: &[&str], style: Style) -> Result<String, Box<Problem>> {
    let mut root = Arguments::command();
    root.build();
    let mut command = &mut root;
    for word in words {
        let known = names(command);
        command = command
            .find_subcommand_mut(word)
            .ok_or_else(|| unknown("help topic", word, &known))?;
    }
    let help = command.render_help();
    let mut text = if style.color {
        help.ansi().to_string()
    } else {
        help.to_string()
    };
    if words.is_empty() {
        let more = "\nMore help: towpath help COMMAND, config, actions, exit-codes\n";
        text.push_str(more);
    }
    Ok(text)
}

fn names(command: &Command) -> Vec<String> {
    let commands = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let topics = TOPICS.iter().map(|topic| (*topic).to_owned());
    commands
        .map(|command| command.get_name().to_owned())
        .chain(topics)
        .collect()
}

fn unknown(kind: &str, written: &str, known: &[String]) -> Box<Problem> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let problem = Problem::error(format!("unknown {kind} `{written}`"));
    Box::new(problem.with_hint(nearest::hint(written, &known, "there are")))
}

fn config_table(name: &str, style: Style) -> Result<String, Box<Problem>> {
    let tables = tables();
    let wanted: Vec<SettingsTable> = tables
        .iter()
        .filter(|table| {
            !table.name.is_empty() && (table.short_name() == name || table.name == name)
        })
        .cloned()
        .collect();
    if wanted.is_empty() {
        let known: Vec<String> = tables
            .iter()
            .map(|table| table.short_name().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        return Err(unknown("table of settings", name, &known));
    }
    Ok(config(&wanted, style))
}

fn config(tables: &[SettingsTable], style: Style) -> String {
    let mut text = String::new();
    for (index, table) in tables.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&style.paint(Paint::Strong, &table.header()));
        text.push('\n');
        for setting in &table.settings {
            let about = format!("{}; default: {}", setting.kind.expected(), setting.default);
            let _ = writeln!(text, "  {}", style.paint(Paint::Hint, setting.key));
            for part in paragraph(&about, style)
                .into_iter()
                .chain(paragraph(setting.doc, style))
            {
                let _ = writeln!(text, "      {}", style.paint(Paint::Plain, &part));
            }
        }
    }
    if tables.len() > 1 {
        text.push_str(
            "\nIn towpath.toml the same tables stand without `tool.towpath`: [tests] and so on.\n",
        );
    }
    text
}

fn paragraph(text: &str, style: Style) -> Vec<String> {
    wrap(text, style.columns.min(100).saturating_sub(6))
}

/// Lists the actions that are built in.
fn actions(style: Style) -> String {
    let mut text = String::new();
    for action in BUILT_IN {
        let (first, last) = action.versions.majors;
        let versions = if first == last {
            format!("v{last}")
        } else {
            format!("v{first} to v{last}")
        };
        let name = style.paint(Paint::Strong, action.name);
        let _ = writeln!(text, "{name}  {}", style.paint(Paint::Hint, &versions));
        for part in paragraph(action.about, style) {
            let _ = writeln!(text, "      {}", style.paint(Paint::Plain, &part));
        }
    }
    text.push_str("\nOthers are fetched before a run: towpath actions fetch\n");
    text
}

fn exit_codes(style: Style) -> String {
    let mut text = String::new();
    for code in ExitCode::ALL {
        for (index, part) in wrap(code.meaning(), style.columns.saturating_sub(7))
            .into_iter()
            .enumerate()
        {
            let number = if index == 0 {
                code.number().to_string()
            } else {
                String::new()
            };
            let _ = writeln!(
                text,
                "{}  {part}",
                style.paint(Paint::Strong, &format!("{number:>5}"))
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style {
        color: false,
        unicode: true,
        columns: 80,
    };

    fn text(topic: &str) -> Result<String, Box<Problem>> {
        let words: Vec<String> = topic.split_whitespace().map(str::to_owned).collect();
        help(&words, STYLE)
    }

    #[test]
    fn every_topic_that_is_named_exists() {
        for topic in [
            "",
            "ci",
            "check",
            "cache clean",
            "config",
            "config tests",
            "config checks",
            "actions",
            "exit-codes",
        ] {
            let text = text(topic).unwrap_or_else(|problem| panic!("{topic}: {}", problem.message));
            assert!(!text.is_empty(), "{topic}");
        }
    }

    #[test]
    fn config_lists_every_key_once() {
        let text = text("config").expect("a topic");
        for table in tables() {
            assert!(text.contains(&table.header()));
            for setting in table.settings {
                assert!(
                    text.contains(&format!("\n  {}\n", setting.key)),
                    "{}",
                    setting.key
                );
            }
        }
    }

    #[test]
    fn lines_fit_the_terminal() {
        for topic in ["actions", "config", "exit-codes"] {
            for line in text(topic).expect("a topic").lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }

    #[test]
    fn unknown_topics_name_the_nearest() {
        for (topic, message, guess) in [
            (
                "confg",
                "unknown help topic `confg`",
                "did you mean `config`?",
            ),
            (
                "config tets",
                "unknown table of settings `tets`",
                "did you mean `tests`?",
            ),
            ("zzzzz", "unknown help topic `zzzzz`", "there are `ci`"),
        ] {
            let problem = text(topic).expect_err("no such topic");
            assert_eq!(problem.message, message);
            assert!(problem.hints[0].starts_with(guess), "{:?}", problem.hints);
        }
    }
}
