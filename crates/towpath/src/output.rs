//! The standard streams of the process: the one place that prints.

use std::io::{ErrorKind, Write};

use anyhow::Context as _;
use towpath_report::writers;

use crate::failure::Failure;
use crate::terminal::Surroundings;

/// Prints a text on standard output. A reader that went away (`| head`) is no error, but what is lost
/// otherwise is.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    print_bytes(text.as_bytes())
}

/// Prints bytes on standard output, as [`print`] does.
pub(crate) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stream = std::io::stdout().lock();
    match stream.write_all(bytes).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Prints a text on standard error.
pub(crate) fn tell(text: &str) {
    let mut stream = std::io::stderr().lock();
    let _ = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush());
}

/// Prints the problems that stop a command, or that it warns of, on standard error.
pub(crate) fn print_failure(failure: &Failure, surroundings: &Surroundings<'_>) {
    let style = surroundings.progress_style();
    let style = writers::Style {
        colour: style.color,
        unicode: style.unicode,
        width: style.columns,
    };
    let mut text = writers::problem::format_plain(&failure.problems, style);
    if !failure.closing.is_empty() {
        text.push_str(&format!("\n{}\n", failure.closing));
    }
    tell(&text);
}

/// Returns a moment as the user's time of day.
pub(crate) fn moment(seconds: i64) -> String {
    towpath_host::clock::local_time(seconds)
}
