//! What a stream can show: colour, Unicode, width. Decided once from the environment that is handed
//! in; reads nothing itself.

use std::collections::BTreeMap;

use owo_colors::{OwoColorize, Style as Ansi};
use towpath_report::text::harmless;

/// When to colour, as `--color` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a piece of text means; its colour follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Nothing in particular.
    Plain,
    /// Of less weight: times, what was reused, gutters.
    Faint,
    /// A heading or a name.
    Strong,
    /// Passed.
    Good,
    /// Failed.
    Bad,
    /// Found something that does not block.
    Doubtful,
    /// A hint, a command or a path.
    Hint,
    /// Painted already, by a writer of reports.
    Painted,
}

/// How text is written to one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are written.
    pub color: bool,
    /// Whether characters beyond ASCII are written; without, symbols become words.
    pub unicode: bool,
    /// Columns of the terminal, or those assumed without one.
    pub columns: usize,
}

/// Columns where nothing tells how many there are.
pub(super) const DEFAULT_COLUMNS: usize = 80;

impl Style {
    /// Decides how to write to a stream. `columns` is what the terminal answers, if it is one.
    pub fn detect(
        environment: &BTreeMap<String, String>,
        choice: ColorChoice,
        is_terminal: bool,
        columns: Option<usize>,
    ) -> Self {
        let assumed = || {
            environment
                .get("COLUMNS")
                .and_then(|columns| columns.parse().ok())
        };
        let columns = columns.or_else(assumed).filter(|columns| *columns > 0);
        Self {
            color: has_color(environment, choice, is_terminal),
            unicode: has_unicode(environment),
            columns: columns.unwrap_or(DEFAULT_COLUMNS),
        }
    }

    /// Returns whether the middle column has to go.
    pub fn is_narrow(&self) -> bool {
        self.columns < DEFAULT_COLUMNS
    }

    /// Returns the columns that text fills: those of the terminal, at most 80.
    pub fn text_columns(&self) -> usize {
        self.columns.min(DEFAULT_COLUMNS)
    }

    /// Returns the same for the writers of reports, at most 80 columns wide.
    pub fn of_writers(&self) -> towpath_report::writers::Style {
        towpath_report::writers::Style {
            colour: self.color,
            unicode: self.unicode,
            width: self.text_columns(),
        }
    }

    /// Returns `text` in its colour, and in ASCII where the stream shows nothing else. Names come from the
    /// user's files and from what jobs print: they may neither move the cursor nor begin a line.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let text = match paint {
            Paint::Painted => text.into(),
            _ => harmless(text),
        };
        let text = if self.unicode {
            text.into_owned()
        } else {
            in_ascii(&text)
        };
        let ansi = match paint {
            _ if !self.color || text.is_empty() => return text,
            Paint::Plain | Paint::Painted => return text,
            Paint::Faint => Ansi::new().dimmed(),
            Paint::Strong => Ansi::new().bold(),
            Paint::Good => Ansi::new().green(),
            Paint::Bad => Ansi::new().red(),
            Paint::Doubtful => Ansi::new().yellow(),
            Paint::Hint => Ansi::new().cyan(),
        };
        text.style(ansi).to_string()
    }
}

/// Returns whether the environment names an automation that reads no moving lines, as `CI=true` does.
pub(super) fn is_automated(environment: &BTreeMap<String, String>) -> bool {
    environment
        .get("CI")
        .is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Returns whether the terminal understands no control sequences.
pub(super) fn is_dumb(environment: &BTreeMap<String, String>) -> bool {
    environment.get("TERM").is_some_and(|term| term == "dumb")
}

/// <https://no-color.org>, <https://force-color.org> and <https://bixense.com/clicolors>, in this order.
fn has_color(
    environment: &BTreeMap<String, String>,
    choice: ColorChoice,
    is_terminal: bool,
) -> bool {
    let set = |name: &str| {
        environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    match choice {
        ColorChoice::Always => return true,
        ColorChoice::Never => return false,
        ColorChoice::Auto => {}
    }
    if set("NO_COLOR").is_some() {
        return false;
    }
    if let Some(value) = set("FORCE_COLOR") {
        return !matches!(value, "0" | "false");
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    is_terminal && set("CLICOLOR") != Some("0") && !is_dumb(environment)
}

/// Whether the locale can show Unicode. Where none is set at all, as in most containers, what reads
/// the output understands UTF-8 all the same (Python assumes so too, PEP 538).
fn has_unicode(environment: &BTreeMap<String, String>) -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = names
        .iter()
        .filter_map(|name| environment.get(*name))
        .find(|value| !value.is_empty());
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Replaces the characters that towpath itself writes; what the user's files hold stays as it is.
fn in_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '·' | '–' | '─' => ascii.push('-'),
            '…' => ascii.push_str("..."),
            '│' => ascii.push('|'),
            '→' => ascii.push_str("->"),
            '✓' => ascii.push_str("ok"),
            '✗' => ascii.push_str("FAIL"),
            other => ascii.push(other),
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn color_follows_option_then_environment_then_terminal() {
        use ColorChoice::{Always, Auto, Never};
        type Case = (
            &'static [(&'static str, &'static str)],
            ColorChoice,
            bool,
            bool,
        );
        let cases: &[Case] = &[
            (&[], Auto, true, true),
            (&[], Auto, false, false),
            (&[("NO_COLOR", "1")], Auto, true, false),
            (&[("NO_COLOR", "")], Auto, true, true),
            (&[("NO_COLOR", "1")], Always, false, true),
            (
                &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")],
                Auto,
                true,
                false,
            ),
            (&[("FORCE_COLOR", "1")], Auto, false, true),
            (&[("FORCE_COLOR", "0")], Auto, true, false),
            (&[("FORCE_COLOR", "3")], Never, true, false),
            (&[("CLICOLOR_FORCE", "1")], Auto, false, true),
            (&[("CLICOLOR_FORCE", "0")], Auto, false, false),
            (&[("CLICOLOR", "0")], Auto, true, false),
            (&[("CLICOLOR", "1")], Auto, false, false),
            (&[("TERM", "dumb")], Auto, true, false),
            (&[("TERM", "dumb"), ("FORCE_COLOR", "1")], Auto, true, true),
        ];
        for (pairs, choice, is_terminal, expected) in cases {
            let style = Style::detect(&environment(pairs), *choice, *is_terminal, None);
            assert_eq!(style.color, *expected, "{pairs:?} {choice:?} {is_terminal}");
        }
    }

    #[test]
    fn unicode_follows_locale() {
        let cases: &[(&[(&str, &str)], bool)] = &[
            (&[], true),
            (&[("LANG", "de_DE.UTF-8")], true),
            (&[("LANG", "C.utf8")], true),
            (&[("LANG", "C")], false),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "POSIX")], false),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "")], true),
            (&[("LANG", "de_DE.ISO-8859-1")], false),
        ];
        for (pairs, expected) in cases {
            assert_eq!(has_unicode(&environment(pairs)), *expected, "{pairs:?}");
        }
    }

    #[test]
    fn columns_come_from_terminal_then_environment() {
        let style = |pairs: &[(&str, &str)], columns| {
            Style::detect(
                &environment(pairs),
                ColorChoice::Auto,
                columns == Some(45),
                columns,
            )
            .columns
        };
        assert_eq!(style(&[("COLUMNS", "100")], Some(45)), 45);
        assert_eq!(style(&[("COLUMNS", "100")], None), 100);
        assert_eq!(style(&[("COLUMNS", "wide")], None), 80);
        assert_eq!(style(&[], Some(0)), 80);
    }

    #[test]
    fn names_move_no_cursor_and_begin_no_line() {
        let style = Style {
            color: false,
            unicode: true,
            columns: 80,
        };
        let hostile = "a\u{1b}]0;t\u{7}\u{1b}[2Jb\n::set-env name=A::c\u{9b}2J";
        let shown = style.paint(Paint::Strong, hostile);
        assert_eq!(shown, "ab ::set-env name=A::c");
        let painted = "\u{1b}[31mred\u{1b}[0m";
        assert_eq!(style.paint(Paint::Painted, painted), painted);
    }

    #[test]
    fn decoration_becomes_ascii() {
        assert_eq!(in_ascii("── 2 · 3 … │"), "-- 2 - 3 ... |");
    }
}
