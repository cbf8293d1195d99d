//! Text in, snapshot of the returned types out.

mod actions;
mod calls;
mod mistakes;
mod random;
mod template;
mod valid;
mod values;

use std::fmt::Write;

use towpath_report::{Problem, Severity, Source};
use towpath_workflow::{Sources, parse_workflow};

/// Writes problems as a terminal would, without colour.
fn render(problems: &[Problem]) -> String {
    let mut out = String::new();
    for problem in problems {
        let severity = match problem.severity {
            Severity::Error => "error",
            _ => "warning",
        };
        writeln!(out, "{severity}: {}", problem.message).expect("text takes text");
        if let Some(place) = &problem.place {
            writeln!(out, "  --> {place}").expect("text takes text");
            for line in problem.excerpt.iter().flat_map(|excerpt| &excerpt.lines) {
                let before = " ".repeat(place.column.saturating_sub(1) as usize);
                let width = if place.end_line == place.line {
                    place.end_column.saturating_sub(place.column)
                } else {
                    1
                };
                let mark = "^".repeat(width.max(1) as usize);
                writeln!(out, "   | {line}\n   | {before}{mark} {}", problem.label)
                    .expect("text takes text");
            }
        }
        for hint in &problem.hints {
            writeln!(out, "hint: {hint}").expect("text takes text");
        }
        out.push('\n');
    }
    out
}

/// Returns the problems of a workflow, written out.
fn problems_of(text: &str) -> String {
    let source = Source {
        path: ".github/workflows/ci.yml",
        text,
    };
    render(&parse_workflow(&source, &Sources::new()).1)
}
