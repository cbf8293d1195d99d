//! What a person sees of a run: progress while it goes on, and the report at its end.
//!
//! A reader of [`RunEvent`]s and of the [`towpath_report::RunRecord`]. Progress goes to standard
//! error, the report to standard output. The environment, the streams and the size of the terminal
//! are handed in; nothing here decides a verdict.

mod board;
mod layout;
mod line;
mod plain;
mod progress;
mod report;
mod style;

use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::AsFd;
use std::time::Instant;

use towpath_report::RunEvent;

use board::Board;
use plain::Plain;

pub use board::Size;
pub use line::wrap;
pub use progress::Header;
pub use report::{FinalReport, final_report};
pub use style::{ColorChoice, Paint, Style};

/// A terminal of fewer columns gets plain lines, since a moving block would break there.
const LEAST_COLUMNS: usize = 40;

/// The streams and the environment that decide the form of the output.
pub struct Surroundings<'a> {
    /// Environment variables.
    pub environment: &'a BTreeMap<String, String>,
    /// What `--color` says.
    pub color: ColorChoice,
    /// Size of the terminal that standard output is; `None` if it is none.
    pub stdout: Option<Size>,
    /// Size of the terminal that standard error is; `None` if it is none.
    pub stderr: Option<Size>,
}

impl Surroundings<'_> {
    /// Returns how to write to standard output.
    pub fn report_style(&self) -> Style {
        self.style(self.stdout)
    }

    /// Returns how to write to standard error.
    pub fn progress_style(&self) -> Style {
        self.style(self.stderr)
    }

    /// Returns whether lines may move: both streams are the terminal of a person.
    pub fn is_live(&self) -> bool {
        let fits = self
            .stderr
            .is_some_and(|size| size.columns >= LEAST_COLUMNS);
        let is_plain = style::is_automated(self.environment) || style::is_dumb(self.environment);
        self.stdout.is_some() && fits && !is_plain
    }

    fn style(&self, size: Option<Size>) -> Style {
        let columns = size.map(|size| size.columns);
        Style::detect(self.environment, self.color, size.is_some(), columns)
    }
}

/// Returns the size of the terminal that a stream is; `None` if it is none.
pub fn terminal_size(stream: impl AsFd) -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    // A terminal that does not know its size, as under some supervisors, says 0.
    let or = |number: u16, default: usize| {
        if number == 0 {
            default
        } else {
            usize::from(number)
        }
    };
    Some(Size {
        columns: or(size.ws_col, style::DEFAULT_COLUMNS),
        rows: or(size.ws_row, 24),
    })
}

/// How much progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// None: only the report from its problems down.
    Quiet,
    /// Jobs as they end.
    Normal,
    /// Reused jobs and the notes of each job too.
    Verbose,
}

/// Shows the progress of one run on one stream. When it is dropped, the last lines are written and the
/// cursor is given back.
pub struct Screen<'a> {
    form: Form,
    writer: Box<dyn Write + 'a>,
    /// Asks the terminal for its size, which may change at any time.
    size: Box<dyn Fn() -> Option<Size> + 'a>,
    last_size: Size,
    started: Instant,
}

enum Form {
    Silent,
    Plain(Plain),
    Live(Board),
}

impl<'a> Screen<'a> {
    /// Returns the screen of a run that starts now. `writer` is standard error.
    pub fn new(
        surroundings: &Surroundings<'_>,
        verbosity: Verbosity,
        header: Header,
        writer: Box<dyn Write + 'a>,
        size: Box<dyn Fn() -> Option<Size> + 'a>,
    ) -> Self {
        let style = surroundings.progress_style();
        let is_verbose = verbosity == Verbosity::Verbose;
        let form = match verbosity {
            Verbosity::Quiet => Form::Silent,
            _ if surroundings.is_live() => Form::Live(Board::new(style, header, is_verbose)),
            _ => Form::Plain(Plain::new(style, header, is_verbose)),
        };
        let last_size = surroundings.stderr.unwrap_or(Size {
            columns: style.columns,
            rows: 24,
        });
        Self {
            form,
            writer,
            size,
            last_size,
            started: Instant::now(),
        }
    }

    /// Shows an event.
    pub fn event(&mut self, event: &RunEvent) {
        let (now, size) = (self.started.elapsed(), self.size());
        let text = match &mut self.form {
            Form::Silent => String::new(),
            Form::Plain(plain) => plain.hear(event, now),
            Form::Live(board) => board.hear(event, now, size),
        };
        self.write(&text);
    }

    /// Shows that time has passed; to be called about ten times a second.
    pub fn tick(&mut self) {
        let (now, size) = (self.started.elapsed(), self.size());
        let text = match &mut self.form {
            Form::Silent => String::new(),
            Form::Plain(plain) => plain.tick(now),
            Form::Live(board) => board.tick(now, size),
        };
        self.write(&text);
    }

    fn size(&mut self) -> Size {
        if let (Form::Live(_), Some(size)) = (&self.form, (self.size)()) {
            self.last_size = size;
        }
        self.last_size
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        // A terminal that has gone away must not change the verdict, and nobody is left to be told.
        if self
            .writer
            .write_all(text.as_bytes())
            .and_then(|()| self.writer.flush())
            .is_err()
        {
            self.form = Form::Silent;
        }
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let size = self.last_size;
        let text = match &mut self.form {
            Form::Silent => String::new(),
            Form::Plain(plain) => plain.end(),
            Form::Live(board) => board.end(size),
        };
        self.write(&text);
    }
}
