//! The live form of progress: finished jobs scroll up, and below them a block of a count line and a
//! line for each running job is drawn again and again, at most a third of the screen.
//!
//! Makes the bytes for a terminal; does not write them, and never rewrites what has scrolled.

use std::fmt::Write as _;
use std::time::Duration;

use towpath_report::RunEvent;

use super::line::Line;
use super::progress::{Header, Progress};
use super::style::{Paint, Style};

/// Time between two redraws because of nothing but passing time or new output.
const REDRAW_EVERY: Duration = Duration::from_millis(100);

const HIDE_CURSOR: &str = "\u{1b}[?25l";
/// Shows the cursor again.
pub(super) const SHOW_CURSOR: &str = "\u{1b}[?25h";
const CLEAR_LINE: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";
const WRAP_OFF: &str = "\u{1b}[?7l";
const WRAP_ON: &str = "\u{1b}[?7h";

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
}

/// The live board of a run.
#[derive(Debug)]
pub(super) struct Board {
    progress: Progress,
    /// Widths of the lines of the block that now stands on the screen.
    drawn: Vec<usize>,
    /// Columns of the terminal when it was drawn.
    drawn_columns: usize,
    drawn_at: Duration,
    frame: usize,
}

impl Board {
    pub(super) fn new(style: Style, header: Header, is_verbose: bool) -> Self {
        let progress = Progress::new(style, header, is_verbose, true);
        Self {
            progress,
            drawn: Vec::new(),
            drawn_columns: style.columns,
            drawn_at: Duration::ZERO,
            frame: 0,
        }
    }

    /// Takes an event in; returns what is to be written because of it.
    pub(super) fn hear(&mut self, event: &RunEvent, now: Duration, size: Size) -> String {
        self.progress.layout = self.progress.layout.with_columns(size.columns);
        let lines = self.progress.hear(event, now);
        match event {
            RunEvent::RunFinished { .. } => self.redraw(&lines, &[], size),
            RunEvent::JobStarted { .. } if self.drawn.is_empty() => self.draw(&lines, now, size),
            _ if lines.is_empty() => self.tick(now, size),
            _ => self.draw(&lines, now, size),
        }
    }

    /// Returns what is to be written because time has passed; nothing if too little has.
    pub(super) fn tick(&mut self, now: Duration, size: Size) -> String {
        let is_due = now.saturating_sub(self.drawn_at) >= REDRAW_EVERY;
        if is_due && !self.progress.running.is_empty() {
            self.draw(&[], now, size)
        } else {
            String::new()
        }
    }

    /// Returns what takes the block off the screen and gives the cursor back, and what was not yet said.
    pub(super) fn end(&mut self, size: Size) -> String {
        let lines = self.progress.close();
        self.redraw(&lines, &[], size)
    }

    fn draw(&mut self, scrolling: &[Line], now: Duration, size: Size) -> String {
        self.frame = (now.as_millis() / REDRAW_EVERY.as_millis()) as usize;
        self.drawn_at = now;
        self.progress.layout = self.progress.layout.with_columns(size.columns);
        let block = self.block(now, size);
        self.redraw(scrolling, &block, size)
    }

    /// The lines that move: none while no job runs.
    fn block(&self, now: Duration, size: Size) -> Vec<Line> {
        let progress = &self.progress;
        if progress.running.is_empty() {
            return Vec::new();
        }
        let layout = progress.layout;
        let mut lines = Vec::new();
        if !layout.style.is_narrow() {
            lines.push(Line::new());
        }
        lines.push(progress.count_line(now).cut(layout.usable_columns()));
        let mut room = (size.rows / 3).saturating_sub(lines.len());
        let waiting = progress
            .waiting_line()
            .filter(|_| !layout.style.is_narrow());
        // Where not even all running jobs have a line, they come first.
        let waiting = waiting.filter(|_| progress.running.len() < room);
        room -= usize::from(waiting.is_some());
        let all = progress.running.len();
        let shown = if all <= room {
            all
        } else {
            room.saturating_sub(1)
        };
        for running in progress.running.iter().take(shown) {
            let elapsed = now.saturating_sub(running.since).as_millis() as u64;
            lines.push(layout.running(&running.name, &running.doing, elapsed, self.frame));
        }
        if shown < all && room > 0 {
            lines.push(Line::new().painted(Paint::Faint, format!("    and {} more", all - shown)));
        }
        lines.extend(waiting.map(|line| line.cut(layout.usable_columns())));
        lines
    }

    /// Writes scrolling lines over the top of the old block and the new block below them. Every line
    /// is overwritten and then cleared to its end, so that nothing flickers.
    fn redraw(&mut self, scrolling: &[Line], block: &[Line], size: Size) -> String {
        let style = self.progress.layout.style;
        if scrolling.is_empty() && block.is_empty() && self.drawn.is_empty() {
            return String::new();
        }
        let mut bytes = String::new();
        self.go_to_top(size, &mut bytes);
        for line in scrolling {
            let _ = write!(bytes, "{}{CLEAR_LINE}\r\n", line.render(&style));
        }
        if block.is_empty() {
            bytes.push_str(CLEAR_BELOW);
            if !self.drawn.is_empty() {
                bytes.push_str(SHOW_CURSOR);
            }
        } else {
            if self.drawn.is_empty() {
                bytes.push_str(HIDE_CURSOR);
            }
            bytes.push_str(WRAP_OFF);
            let lines: Vec<String> = block
                .iter()
                .map(|line| format!("{}{CLEAR_LINE}", line.render(&style)))
                .collect();
            bytes.push_str(&lines.join("\r\n"));
            // The cursor waits in the first column, where the echo of Ctrl-C meets only the margin.
            let _ = write!(bytes, "{CLEAR_BELOW}{WRAP_ON}\r");
        }
        self.drawn = block.iter().map(Line::width).collect();
        self.drawn_columns = size.columns;
        bytes
    }

    /// Moves from the last line of the drawn block to its first. A terminal that became narrower has
    /// broken the lines that no longer fit, so they count for more than one.
    fn go_to_top(&self, size: Size, bytes: &mut String) {
        let columns = size.columns.max(1);
        let rows: usize = self
            .drawn
            .iter()
            .map(|width| width.div_ceil(columns).max(1))
            .sum();
        // The cursor stands in the first column of the last line, thus on the first of its rows.
        let last = self
            .drawn
            .last()
            .map_or(1, |width| width.div_ceil(columns).max(1));
        bytes.push('\r');
        if rows > last {
            let _ = write!(bytes, "\u{1b}[{}A", rows - last);
        }
        // Rows that a resize broke stay joined for the terminal until they are cleared as a whole.
        if size.columns != self.drawn_columns {
            bytes.push_str(CLEAR_BELOW);
        }
    }
}

#[cfg(test)]
mod tests;
