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
        let room = (size.rows / 3).saturating_sub(lines.len());
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
mod tests {
    use towpath_report::{CheckResult, Conclusion, JobRecord};

    use super::*;

    const SIZE: Size = Size {
        columns: 80,
        rows: 24,
    };
    const STYLE: Style = Style {
        color: false,
        unicode: true,
        columns: 80,
    };

    /// As much of a terminal as the board uses: lines that never wrap, a cursor, clearing.
    #[derive(Default)]
    struct Terminal {
        lines: Vec<String>,
        row: usize,
        column: usize,
        has_hidden_cursor: bool,
    }

    impl Terminal {
        fn write(&mut self, bytes: &str) {
            let mut rest = bytes;
            while let Some(character) = rest.chars().next() {
                let taken = match character {
                    '\u{1b}' => self.escape(rest),
                    '\r' => {
                        self.column = 0;
                        1
                    }
                    '\n' => {
                        self.row += 1;
                        1
                    }
                    other => self.put(other),
                };
                rest = &rest[taken..];
            }
        }

        fn put(&mut self, character: char) -> usize {
            while self.lines.len() <= self.row {
                self.lines.push(String::new());
            }
            let mut line: Vec<char> = self.lines[self.row].chars().collect();
            line.resize(line.len().max(self.column + 1), ' ');
            line[self.column] = character;
            self.lines[self.row] = line.into_iter().collect();
            self.column += 1;
            character.len_utf8()
        }

        fn escape(&mut self, text: &str) -> usize {
            let end = text[2..]
                .find(|c: char| c.is_ascii_alphabetic())
                .expect("a final byte")
                + 3;
            match &text[2..end] {
                "K" => {
                    if let Some(line) = self.lines.get_mut(self.row) {
                        *line = line.chars().take(self.column).collect();
                    }
                }
                "J" => {
                    if let Some(line) = self.lines.get_mut(self.row) {
                        *line = line.chars().take(self.column).collect();
                    }
                    self.lines.truncate(self.row + 1);
                }
                "?25l" => self.has_hidden_cursor = true,
                "?25h" => self.has_hidden_cursor = false,
                "?7l" | "?7h" => {}
                up => {
                    self.row -= up
                        .trim_end_matches('A')
                        .parse::<usize>()
                        .expect("rows to go up");
                }
            }
            end
        }

        fn text(&self) -> Vec<&str> {
            self.lines.iter().map(|line| line.trim_end()).collect()
        }
    }

    fn started(job: &str) -> RunEvent {
        RunEvent::JobStarted {
            job: job.to_owned(),
            estimate_ms: 0,
        }
    }

    fn finished(job: &str, conclusion: Conclusion) -> RunEvent {
        let record = JobRecord {
            name: job.to_owned(),
            group: job.to_owned(),
            project: String::new(),
            conclusion,
            reason: String::new(),
            advisory: false,
            result: CheckResult {
                summary: "25 files".to_owned(),
                ..CheckResult::default()
            },
            reused: None,
            started_ms: 0,
            duration_ms: 400,
            cpu_ms: 0,
            commands: Vec::new(),
        };
        RunEvent::JobFinished {
            record: Box::new(record),
        }
    }

    fn run_started(jobs: usize) -> RunEvent {
        RunEvent::RunStarted {
            jobs: vec!["x".to_owned(); jobs],
            estimate_ms: 9_000,
        }
    }

    fn board() -> Board {
        let header = Header {
            title: "humanize · Python 3.12".to_owned(),
            ..Header::default()
        };
        Board::new(STYLE, header, false)
    }

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn finished_jobs_scroll_and_running_ones_stay_below() {
        let (mut board, mut terminal) = (board(), Terminal::default());
        terminal.write(&board.hear(&run_started(3), at(0), SIZE));
        terminal.write(&board.hear(&started("lint"), at(0), SIZE));
        terminal.write(&board.hear(&started("types"), at(0), SIZE));
        let said = RunEvent::JobOutput {
            job: "types".to_owned(),
            line: "\u{1b}[1mmypy\u{1b}[0m src".to_owned(),
        };
        terminal.write(&board.hear(&said, at(200), SIZE));
        assert!(terminal.has_hidden_cursor);
        terminal.write(&board.hear(&finished("lint", Conclusion::Failure), at(1_000), SIZE));
        assert_eq!(
            terminal.text(),
            [
                "humanize · Python 3.12",
                "",
                "  ✗ lint             25 files                                    0.4 s",
                "",
                "  1 of 3 done · 1 failed · 1 running · about 8 s left",
                "  ⠋ types            mypy src                                    1.0 s",
            ]
        );
        terminal.write(&board.hear(&finished("types", Conclusion::Success), at(1_100), SIZE));
        terminal.write(&board.end(SIZE));
        assert!(!terminal.has_hidden_cursor);
        assert_eq!(
            terminal.text()[2..],
            [
                "  ✗ lint             25 files                                    0.4 s",
                "  ✓ types            25 files                                    0.4 s",
                "",
            ]
        );
    }

    #[test]
    fn redraws_at_most_ten_times_a_second() {
        let mut board = board();
        board.hear(&run_started(1), at(0), SIZE);
        board.hear(&started("lint"), at(0), SIZE);
        let output = RunEvent::JobOutput {
            job: "lint".to_owned(),
            line: "src".to_owned(),
        };
        let drawn = (0..1_000)
            .filter(|now| !board.hear(&output, at(*now), SIZE).is_empty())
            .count();
        assert!((9..=10).contains(&drawn), "{drawn} redraws");
    }

    #[test]
    fn block_takes_a_third_of_the_screen_at_most() {
        let (mut board, mut terminal) = (board(), Terminal::default());
        board.hear(&run_started(20), at(0), SIZE);
        for number in 0..20 {
            terminal.write(&board.hear(&started(&format!("tests {number}")), at(0), SIZE));
        }
        terminal.write(&board.tick(at(150), SIZE));
        let text = terminal.text();
        assert_eq!(text[2..].len(), SIZE.rows / 3, "{text:?}");
        assert_eq!(text.last(), Some(&"    and 15 more"));
    }

    #[test]
    fn interrupted_jobs_are_told_as_such() {
        let (mut board, mut terminal) = (board(), Terminal::default());
        terminal.write(&board.hear(&run_started(2), at(0), SIZE));
        terminal.write(&board.hear(&started("lint"), at(0), SIZE));
        terminal.write(&board.hear(&RunEvent::Stopping { running: 1 }, at(300), SIZE));
        terminal.write(&board.hear(&finished("lint", Conclusion::Cancelled), at(400), SIZE));
        terminal.write(&board.hear(&finished("docs", Conclusion::Cancelled), at(400), SIZE));
        assert_eq!(
            terminal.text()[2..],
            [
                "^C Stopping: 1 job asked to end, 10 s at most …",
                "  – lint             interrupted after 0.4 s",
                "",
            ]
        );
    }

    #[test]
    fn narrower_terminal_gets_lines_that_fit() {
        let (mut board, mut terminal) = (board(), Terminal::default());
        terminal.write(&board.hear(&run_started(2), at(0), SIZE));
        terminal.write(&board.hear(
            &started("tests 3.12 (packages/a-package-with-a-long-name)"),
            at(0),
            SIZE,
        ));
        let mut narrow = Terminal {
            row: 10,
            ..Terminal::default()
        };
        narrow.write(&board.hear(
            &finished("lint", Conclusion::Success),
            at(300),
            Size {
                columns: 45,
                rows: 24,
            },
        ));
        for line in narrow.text() {
            assert!(line.chars().count() <= 45, "{line}");
        }
    }
}
