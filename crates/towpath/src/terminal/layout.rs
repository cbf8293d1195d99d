//! How one job is told in one line, and how durations are written.
//! Knows the three columns (name, what, result); does not know when a line is shown.

use towpath_report::{Conclusion, JobRecord};
use unicode_width::UnicodeWidthStr;

use super::line::{Line, cut};
use super::style::{Paint, Style};

/// Where the result column ends; the transcripts leave ten columns free on a terminal of 80.
const RESULT_END: usize = 70;

/// Columns of the name where no name is longer.
const NAME_COLUMNS: usize = 17;

/// The columns of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) style: Style,
    name_columns: usize,
}

impl Layout {
    /// Returns the columns for jobs of these names.
    pub(super) fn new<'a>(style: Style, names: impl Iterator<Item = &'a str>) -> Self {
        let longest = names.map(|name| name.width() + 2).max().unwrap_or(0);
        Self {
            style,
            name_columns: longest.max(NAME_COLUMNS),
        }
    }

    /// Returns the columns when jobs of these names come to the others.
    pub(super) fn widened<'a>(self, names: impl Iterator<Item = &'a str>) -> Self {
        let among = Self::new(self.style, names);
        Self {
            name_columns: self.name_columns.max(among.name_columns),
            ..self
        }
    }

    /// Returns the layout for a terminal of another width.
    pub(super) fn with_columns(self, columns: usize) -> Self {
        Self {
            style: Style {
                columns,
                ..self.style
            },
            ..self
        }
    }

    /// Returns the line of a job that has ended.
    pub(super) fn finished(&self, record: &JobRecord) -> Line {
        let (paint, symbol) = self.symbol(record);
        let start = Line::new().plain("  ").painted(paint, symbol).plain(" ");
        match record.conclusion {
            Conclusion::Cancelled => {
                self.in_one_column(start, &record.name, Line::new().plain(cancelled(record)))
            }
            Conclusion::Skipped if self.style.is_narrow() => self.in_one_column(
                start,
                &record.name,
                Line::new().painted(Paint::Faint, "skipped"),
            ),
            Conclusion::Skipped => self.in_one_column(
                start,
                &record.name,
                Line::new()
                    .painted(Paint::Faint, skip_reason(record))
                    .cut(self.rest(&record.name)),
            ),
            _ => {
                let result = if record.reused.is_some() {
                    "reused".to_owned()
                } else {
                    tenths(record.duration_ms)
                };
                self.in_columns(start, &record.name, &summary(record), &result)
            }
        }
    }

    /// Returns the line of a job that runs; it never takes more columns than there are.
    pub(super) fn running(&self, name: &str, doing: &str, elapsed_ms: u64, frame: usize) -> Line {
        let frames: &[&str] = if self.style.unicode {
            &SPINNER
        } else {
            &ASCII_SPINNER
        };
        let symbol = frames[frame % frames.len()];
        let symbol = self.padded(symbol);
        let start = Line::new()
            .plain("  ")
            .painted(Paint::Hint, symbol)
            .plain(" ");
        let line = self.in_columns(start, name, doing, &tenths(elapsed_ms));
        line.cut(self.usable_columns())
    }

    /// Returns the columns that a line may take so that no terminal wraps it.
    pub(super) fn usable_columns(&self) -> usize {
        // The ellipsis of a cut line takes three columns in ASCII.
        self.style
            .columns
            .saturating_sub(if self.style.unicode { 1 } else { 3 })
    }

    fn in_columns(&self, start: Line, name: &str, what: &str, result: &str) -> Line {
        let narrow_end = self.style.text_columns();
        if self.style.is_narrow() {
            let room = narrow_end.saturating_sub(start.width() + result.width() + 2);
            let column = (start.width() + self.name_columns).min(start.width() + room + 1);
            return start
                .plain(cut(name, room))
                .filled_to(column)
                .painted(Paint::Faint, result);
        }
        let column = start.width() + self.name_columns;
        let line = start.plain(name).filled_to(column);
        let room = RESULT_END.saturating_sub(line.width() + result.width() + 1);
        line.plain(cut(what, room))
            .ending_at(RESULT_END, Paint::Faint, result)
    }

    fn in_one_column(&self, start: Line, name: &str, mut rest: Line) -> Line {
        let column = start.width() + self.name_columns;
        let line = start
            .plain(name)
            .filled_to(column.min(self.style.text_columns().saturating_sub(rest.width())));
        rest = rest.cut(self.style.columns.saturating_sub(line.width()));
        line.append(rest)
    }

    /// Columns left for a reason beside a name.
    fn rest(&self, name: &str) -> usize {
        let start = 4 + self.name_columns.max(name.width() + 1);
        self.style.text_columns().saturating_sub(start)
    }

    fn symbol(&self, record: &JobRecord) -> (Paint, String) {
        let (paint, unicode, word) = match record.conclusion {
            Conclusion::Success => (Paint::Good, "✓", "ok"),
            Conclusion::Failure if record.advisory => (Paint::Doubtful, "!", "warn"),
            Conclusion::Failure | Conclusion::Error => (Paint::Bad, "✗", "FAIL"),
            Conclusion::Neutral => (Paint::Doubtful, "!", "warn"),
            Conclusion::Skipped => (Paint::Faint, "–", "skip"),
            Conclusion::Cancelled => (Paint::Doubtful, "–", "stop"),
        };
        (
            paint,
            self.padded(if self.style.unicode { unicode } else { word }),
        )
    }

    /// Words of the ASCII form have up to four letters.
    fn padded(&self, symbol: &str) -> String {
        if self.style.unicode {
            symbol.to_owned()
        } else {
            format!("{symbol:<4}")
        }
    }
}

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const ASCII_SPINNER: [&str; 1] = ["run"];

fn summary(record: &JobRecord) -> String {
    if record.conclusion == Conclusion::Error {
        let cause = record
            .result
            .errors
            .first()
            .map(|problem| problem.message.as_str());
        return cause.unwrap_or(&record.reason).to_owned();
    }
    record.result.summary.clone()
}

fn skip_reason(record: &JobRecord) -> String {
    if record.reason.is_empty() {
        "skipped".to_owned()
    } else {
        format!("skipped: {}", record.reason)
    }
}

/// Writes a duration with tenths of seconds: `0.3 s`, `1 min 04 s`, `1 h 02 min`.
pub(super) fn tenths(milliseconds: u64) -> String {
    if milliseconds < 59_950 {
        format!("{:.1} s", milliseconds as f64 / 1_000.0)
    } else {
        longer(milliseconds)
    }
}

/// Writes a duration as [`tenths`] does, but under a tenth of a second with hundredths: `0.08 s`.
pub(super) fn exact(milliseconds: u64) -> String {
    if milliseconds < 95 {
        format!("{:.2} s", milliseconds as f64 / 1_000.0)
    } else {
        tenths(milliseconds)
    }
}

/// Writes a duration that is only a guess: `14 s`, `3 min`.
pub(super) fn roughly(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1_000).max(1);
    if seconds < 100 {
        format!("{seconds} s")
    } else {
        format!("{} min", seconds.div_ceil(60))
    }
}

fn longer(milliseconds: u64) -> String {
    let seconds = (milliseconds + 500) / 1_000;
    if seconds < 3_600 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60)
    }
}

/// Writes a count with its noun: `1 problem`, `2 problems`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Words how a job ended that was asked to: by a signal, or for the sake of another.
fn cancelled(record: &JobRecord) -> String {
    if record.reason.is_empty() {
        format!("interrupted after {}", tenths(record.duration_ms))
    } else {
        format!("cancelled: {}", record.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let cases = [
            (40, "0.0 s", "0.04 s", "1 s"),
            (300, "0.3 s", "0.3 s", "1 s"),
            (14_800, "14.8 s", "14.8 s", "15 s"),
            (59_960, "1 min 00 s", "1 min 00 s", "60 s"),
            (64_200, "1 min 04 s", "1 min 04 s", "65 s"),
            (3_725_000, "1 h 02 min", "1 h 02 min", "63 min"),
        ];
        for (milliseconds, with_tenths, with_hundredths, guess) in cases {
            assert_eq!(tenths(milliseconds), with_tenths);
            assert_eq!(exact(milliseconds), with_hundredths);
            assert_eq!(roughly(milliseconds), guess);
        }
    }
}
