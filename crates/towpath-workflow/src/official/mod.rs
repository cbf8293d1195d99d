//! What GitHub's own parser says of a workflow file: its messages, word for word, at its places.
//!
//! For programs that compare parsers, and for whoever knows these messages. Reading for people, with
//! nearer places and hints, is [`crate::parse_workflow`]; both take and refuse the same files. Like the
//! official parser this looks at the form first, and at what it means only where the form is right.

mod calls;
mod check;
mod events;
mod form;
mod matrix;
mod meaning;
mod needs;
mod steps;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod token;

use towpath_report::{Problem, Source};

use crate::problem::Lines;
use crate::read::Sources;
use crate::yaml::{self, Limits, Node};
use check::Checker;
pub use template::template;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mistake {
    /// The file: its path, or what follows `uses:` for a called workflow.
    pub file: String,
    /// Line of the key or value at fault, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The message.
    pub message: String,
}

/// Returns what the official parser says of a workflow file and of the files that it calls.
pub fn mistakes(source: &Source<'_>, sources: &Sources) -> Vec<Mistake> {
    match read(source) {
        Err(mistakes) => mistakes,
        Ok(read) if !read.form.is_empty() => read.form,
        Ok(read) => {
            let mut mistakes = read.meaning;
            mistakes.extend(calls::check(source, &read.node, sources));
            mistakes
        }
    }
}

/// A file that is YAML, with what is wrong with it.
struct Read {
    node: Node,
    form: Vec<Mistake>,
    /// Looked for only where the form is right.
    meaning: Vec<Mistake>,
}

/// Reads one file, and checks it without the files that it calls.
fn read(source: &Source<'_>) -> Result<Read, Vec<Mistake>> {
    if source.text.len() > Limits::VERBATIM.bytes {
        let message = format!(
            "The maximum file size of {} characters has been exceeded",
            Limits::VERBATIM.bytes
        );
        return Err(vec![Mistake::at_start(source, message)]);
    }
    let node = yaml::parse(source, &Limits::VERBATIM).map_err(|problems| {
        problems
            .iter()
            .map(|problem| told(source, problem))
            .collect::<Vec<_>>()
    })?;
    if node.is_null() && node.text() == Some("") {
        let message = "Expected a scalar value, a sequence, or a mapping".to_owned();
        return Err(vec![Mistake::at_start(source, message)]);
    }
    let mut checker = Checker::new(source);
    checker.value(&node, table::workflow());
    let form = checker.take();
    if form.is_empty() {
        meaning::check(&mut checker, &node);
    }
    let meaning = checker.take();
    Ok(Read {
        node,
        form,
        meaning,
    })
}

/// Mistakes of YAML itself are told in our own words: each parser has its own.
fn told(source: &Source<'_>, problem: &Problem) -> Mistake {
    let (line, column) = problem
        .place
        .as_ref()
        .map_or((1, 1), |place| (place.line.max(1), place.column.max(1)));
    Mistake {
        file: source.path.to_owned(),
        line,
        column,
        message: problem.message.clone(),
    }
}

impl Mistake {
    fn at_start(source: &Source<'_>, message: String) -> Self {
        Self {
            file: source.path.to_owned(),
            line: 1,
            column: 1,
            message,
        }
    }

    fn at(lines: &Lines<'_>, node: &Node, message: String) -> Self {
        let place = lines.place(&node.span);
        Self {
            file: place.path,
            line: place.line,
            column: place.column,
            message,
        }
    }
}
