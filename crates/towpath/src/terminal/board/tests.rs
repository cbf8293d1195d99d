//! The board on a small terminal of its own.

use std::sync::Arc;

use towpath_report::{CheckResult, Conclusion, ExpectedJob, JobRecord};

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
        left_ms: 8_000,
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
        result: Arc::new(CheckResult {
            summary: "25 files".to_owned(),
            ..CheckResult::default()
        }),
        reused: None,
        last_pass: None,
        started_ms: 0,
        duration_ms: 400,
        cpu_ms: 0,
        commands: Vec::new(),
        outputs: std::collections::BTreeMap::new(),
        steps: Vec::new(),
    };
    RunEvent::JobFinished {
        record: Box::new(record),
    }
}

fn run_started(jobs: &[(&str, &[&str])]) -> RunEvent {
    let expected = |(name, needs): &(&str, &[&str])| ExpectedJob {
        name: (*name).to_owned(),
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
    };
    RunEvent::RunStarted {
        jobs: jobs.iter().map(expected).collect(),
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
    terminal.write(&board.hear(
        &run_started(&[("lint", &[]), ("types", &[]), ("coverage", &["types"])]),
        at(0),
        SIZE,
    ));
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
            "  1 of 3 done · 1 failed · 1 running · about 7 s left",
            "  ⠋ types            mypy src                                    1.0 s",
            "    waiting: coverage for types",
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
    board.hear(&run_started(&[("lint", &[])]), at(0), SIZE);
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
    let names: Vec<String> = (0..22).map(|number| format!("tests {number}")).collect();
    let jobs: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
    board.hear(&run_started(&jobs), at(0), SIZE);
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
    terminal.write(&board.hear(&run_started(&[("lint", &[]), ("docs", &[])]), at(0), SIZE));
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
    terminal.write(&board.hear(&run_started(&[("lint", &[]), ("docs", &[])]), at(0), SIZE));
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
