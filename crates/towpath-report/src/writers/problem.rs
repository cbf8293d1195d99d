//! Problems in the form that rustc made known: message, place, excerpt with carets, hints.

use super::marked;
use super::snippet::columns;
use super::style::{Ink, Style};
use crate::{Excerpt, Place, Problem, Severity, text};

/// Returns problems as text, an empty line between two, a line end after the last.
pub fn format_plain(problems: &[Problem], style: Style) -> String {
    problems
        .iter()
        .map(|problem| one(problem, style))
        .collect::<Vec<_>>()
        .join("\n")
}

fn one(problem: &Problem, style: Style) -> String {
    let mut lines = vec![headline(problem, style)];
    if let Some(place) = &problem.place {
        let last = problem.excerpt.as_ref().map_or(place.line, last_line);
        let width = last.to_string().len().max(2);
        let arrow = style.paint(Ink::Dim, &format!("{:width$}-->", ""));
        lines.push(format!(
            "{arrow} {}",
            style.paint(Ink::Path, &clean(&place.to_string()))
        ));
        if let Some(excerpt) = problem
            .excerpt
            .as_ref()
            .filter(|excerpt| !excerpt.lines.is_empty())
        {
            lines.extend(excerpt_lines(excerpt, place, &problem.label, width, style));
            if !problem.hints.is_empty() {
                lines.push(bar(width, style));
            }
        }
    }
    for hint in &problem.hints {
        lines.push(format!(
            "{}: {}",
            style.paint(Ink::Hint, "hint"),
            clean(hint)
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn headline(problem: &Problem, style: Style) -> String {
    let (word, ink) = match problem.severity {
        Severity::Error => ("error", Ink::Error),
        Severity::Warning => ("warning", Ink::Warning),
        Severity::Note => ("note", Ink::Hint),
    };
    format!(
        "{}: {}",
        style.paint(ink, word),
        style.paint(Ink::Bold, &clean(&problem.message))
    )
}

fn last_line(excerpt: &Excerpt) -> u32 {
    excerpt
        .first_line
        .saturating_add((excerpt.lines.len() as u32).saturating_sub(1))
}

fn bar(width: usize, style: Style) -> String {
    style.paint(Ink::Dim, &format!("{:width$} |", ""))
}

fn excerpt_lines(
    excerpt: &Excerpt,
    place: &Place,
    label: &str,
    width: usize,
    style: Style,
) -> Vec<String> {
    let columns_left = if style.width == 0 {
        0
    } else {
        style.width.saturating_sub(width + 3).max(20)
    };
    let mut lines = vec![bar(width, style)];
    for (line, number) in excerpt.lines.iter().zip(excerpt.first_line..) {
        let (column, end) = if number == place.line {
            columns(place)
        } else {
            (0, 0)
        };
        let marked = marked::marked(line, column, end, columns_left);
        let start = style.paint(Ink::Dim, &format!("{number:>width$} |"));
        lines.push(format!("{start} {}", marked.text).trim_end().to_owned());
        if !marked.carets.is_empty() {
            let indent = marked.carets.len() - marked.carets.trim_start().len();
            let words = format!("{} {}", marked.carets.trim_start(), clean(label));
            let mark = style.paint(Ink::Error, words.trim_end());
            lines.push(format!(
                "{} {}{mark}",
                bar(width, style),
                " ".repeat(indent)
            ));
        }
    }
    lines
}

/// Names in a message come from the user's files: they may not move the cursor.
fn clean(message: &str) -> String {
    let plain = text::strip_ansi(message);
    plain
        .chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    const PLAIN: Style = Style {
        colour: false,
        unicode: true,
        width: 80,
    };

    #[test]
    fn has_the_form_of_rustc() {
        let text = "a\nb\nc\nd\ne\n    needs: biuld\n";
        let source = Source {
            path: ".github/workflows/ci.yml",
            text,
        };
        let start = text.find("biuld").expect("there");
        let mut problem = source.error(
            start..start + 5,
            "job `lint` needs `biuld`, which no job is called".to_owned(),
            "not a job of this workflow",
        );
        problem
            .hints
            .push("did you mean `build`? The jobs are `build`, `lint`, `test`".to_owned());
        let expected = "\
error: job `lint` needs `biuld`, which no job is called
  --> .github/workflows/ci.yml:6:12
   |
 6 |     needs: biuld
   |            ^^^^^ not a job of this workflow
   |
hint: did you mean `build`? The jobs are `build`, `lint`, `test`
";
        assert_eq!(format_plain(&[problem.clone()], PLAIN), expected);
        assert_eq!(
            format_plain(&[problem.clone(), problem], PLAIN),
            format!("{expected}\n{expected}")
        );
    }

    #[test]
    fn shows_what_there_is() {
        let problem = Problem::error("no Python found")
            .as_warning()
            .with_hint("install one");
        assert_eq!(
            format_plain(&[problem], PLAIN),
            "warning: no Python found\nhint: install one\n"
        );
        let problem = Problem {
            place: Some(Place::at("a.toml", 1_234, 0)),
            ..Problem::error("broken")
        };
        assert_eq!(
            format_plain(&[problem], PLAIN),
            "error: broken\n    --> a.toml:1234\n"
        );
        assert_eq!(format_plain(&[], PLAIN), "");
    }

    #[test]
    fn colours_only_when_asked() {
        let problem = Problem::error("bad \u{1b}[2Jname").with_hint("x");
        assert_eq!(
            format_plain(
                &[problem],
                Style {
                    colour: true,
                    ..PLAIN
                }
            ),
            "\u{1b}[1;31merror\u{1b}[0m: \u{1b}[1mbad name\u{1b}[0m\n\u{1b}[1;36mhint\u{1b}[0m: x\n"
        );
    }
}
