//! What is known of a run while it goes on, and the lines that scroll by for good.
//! Both forms of progress, moving and plain, are made from this; it writes nothing itself.

use std::time::Duration;

use towpath_report::{Conclusion, JobRecord, RunEvent};

use super::layout::{Layout, count};
use super::line::{Line, sanitize, wrap};
use super::style::{Paint, Style};

/// The lines above the jobs.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// Name, build backend, layout and Pythons, joined by ` · `.
    pub title: String,
    /// Further lines: Pythons declared but not here.
    pub notes: Vec<String>,
    /// What changed since the last run, such as `tests/test_lists.py changed`; `None` where that is not
    /// known or too much to say. Reused jobs are then only counted.
    pub changed: Option<String>,
}

/// A job that runs.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) name: String,
    pub(super) since: Duration,
    /// The newest thing it said.
    pub(super) doing: String,
}

/// A run so far.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) layout: Layout,
    header: Header,
    is_verbose: bool,
    header_shown: bool,
    /// Jobs that needed no work, until it is known whether any job does.
    held_back: Vec<JobRecord>,
    pub(super) running: Vec<Running>,
    pub(super) jobs: usize,
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) estimate_ms: u64,
    pub(super) is_stopping: bool,
    /// Whether this is for a person's terminal, which breaks long lines and echoes Ctrl-C.
    is_live: bool,
}

impl Progress {
    pub(super) fn new(style: Style, header: Header, is_verbose: bool, is_live: bool) -> Self {
        Self {
            layout: Layout::new(style, &[]),
            header,
            is_verbose,
            header_shown: false,
            held_back: Vec::new(),
            running: Vec::new(),
            jobs: 0,
            done: 0,
            failed: 0,
            estimate_ms: 0,
            is_stopping: false,
            is_live,
        }
    }

    /// Takes an event in, at a time after the start; returns the lines that scroll because of it.
    pub(super) fn hear(&mut self, event: &RunEvent, now: Duration) -> Vec<Line> {
        match event {
            RunEvent::RunStarted { jobs, estimate_ms } => {
                self.jobs = jobs.len();
                self.estimate_ms = *estimate_ms;
                self.layout = Layout::new(self.layout.style, jobs);
                if self.is_verbose {
                    self.open()
                } else {
                    Vec::new()
                }
            }
            RunEvent::JobStarted { job, .. } => {
                self.running.push(Running {
                    name: job.clone(),
                    since: now,
                    doing: String::new(),
                });
                self.open()
            }
            RunEvent::JobProgress { job, text } | RunEvent::JobOutput { job, line: text } => {
                let text = sanitize(text);
                let running = self.running.iter_mut().find(|running| running.name == *job);
                if let (Some(running), false) = (running, text.trim().is_empty()) {
                    text.trim().clone_into(&mut running.doing);
                }
                Vec::new()
            }
            RunEvent::JobFinished { record } => self.finish(record),
            RunEvent::Stopping { running } => {
                self.is_stopping = true;
                let mut lines = self.open();
                lines.push(stopping_line(self.is_live, *running));
                lines
            }
            RunEvent::RunFinished { .. } => self.close(),
        }
    }

    fn finish(&mut self, record: &JobRecord) -> Vec<Line> {
        let has_run = self
            .running
            .iter()
            .any(|running| running.name == record.name);
        self.running.retain(|running| running.name != record.name);
        if record.conclusion == Conclusion::Cancelled && !has_run {
            return Vec::new();
        }
        if record.conclusion != Conclusion::Cancelled {
            self.done += 1;
        }
        if is_failed(record) {
            self.failed += 1;
        }
        if !has_run && !self.header_shown {
            self.held_back.push(record.clone());
            return Vec::new();
        }
        if has_run || self.shows_unworked(record) {
            self.job_lines(record)
        } else {
            Vec::new()
        }
    }

    /// The header and what was held back, once some job does work.
    fn open(&mut self) -> Vec<Line> {
        if self.header_shown {
            return Vec::new();
        }
        self.header_shown = true;
        let mut lines = match &self.header.changed {
            Some(changed) if !self.is_verbose => self.change_header(changed),
            _ => self.full_header(),
        };
        for record in std::mem::take(&mut self.held_back) {
            if self.shows_unworked(&record) {
                lines.extend(self.job_lines(&record));
            }
        }
        lines
    }

    fn change_header(&self, changed: &str) -> Vec<Line> {
        let needed = self.jobs.saturating_sub(self.done);
        let jobs = count(self.jobs, "job");
        let counted = self.wrapped(&format!("{changed}: {needed} of {jobs} need it"));
        let mut lines = self.short_title();
        lines.extend(
            counted
                .into_iter()
                .map(|part| Line::new().plain("  ").plain(part)),
        );
        lines
    }

    fn full_header(&self) -> Vec<Line> {
        let mut lines = self.title();
        for note in &self.header.notes {
            let parts = self.wrapped(note).into_iter();
            lines.extend(parts.map(|part| Line::new().painted(Paint::Faint, part)));
        }
        lines.push(Line::new());
        lines
    }

    /// What is left to say when the run ends and no job did any work: the failures among the reused.
    pub(super) fn close(&mut self) -> Vec<Line> {
        if self.header_shown || self.jobs == 0 {
            return Vec::new();
        }
        self.header_shown = true;
        let mut lines = self.short_title();
        for record in std::mem::take(&mut self.held_back) {
            if is_failed(&record) {
                lines.extend(self.job_lines(&record));
            }
        }
        lines
    }

    /// Whether a job that did no work has a line of its own.
    fn shows_unworked(&self, record: &JobRecord) -> bool {
        self.is_verbose || self.header.changed.is_none() || is_failed(record)
    }

    fn job_lines(&self, record: &JobRecord) -> Vec<Line> {
        let mut lines = vec![self.layout.finished(record)];
        if self.is_verbose {
            let note = |note: &String| {
                Line::new()
                    .plain("      ")
                    .painted(Paint::Faint, sanitize(note))
            };
            lines.extend(record.result.notes.iter().map(note));
        }
        lines
    }

    fn title(&self) -> Vec<Line> {
        self.header_lines(&self.header.title)
    }

    /// The name and the Pythons alone.
    fn short_title(&self) -> Vec<Line> {
        let title = self.header.title.as_str();
        let Some((name, rest)) = title.split_once(" · ") else {
            return self.title();
        };
        let last = rest.rsplit_once(" · ").map_or(rest, |(_, last)| last);
        let pythons = last.strip_prefix("testing on ").unwrap_or(last);
        self.header_lines(&format!("{name} · {pythons}"))
    }

    fn header_lines(&self, title: &str) -> Vec<Line> {
        let name_end = title.find(" · ").unwrap_or(title.len());
        let mut lines = Vec::new();
        for part in self.wrapped(title) {
            let at = if lines.is_empty() {
                name_end.min(part.len())
            } else {
                0
            };
            let (name, rest) = part.split_at(at);
            lines.push(Line::new().painted(Paint::Strong, name).plain(rest));
        }
        lines
    }

    /// Breaks text between words on a terminal; what reads a pipe breaks lines itself.
    fn wrapped(&self, text: &str) -> Vec<String> {
        let columns = if self.is_live {
            self.layout.style.columns.saturating_sub(2)
        } else {
            usize::MAX
        };
        wrap(text, columns)
    }

    /// Returns the line that counts jobs, shorter on a narrow terminal.
    pub(super) fn count_line(&self, now: Duration) -> Line {
        let is_narrow = self.layout.style.is_narrow();
        let done = if is_narrow { "" } else { " done" };
        let mut line = Line::new().plain(format!("  {} of {}{done}", self.done, self.jobs));
        if self.failed > 0 {
            line = line
                .plain(" · ")
                .painted(Paint::Bad, format!("{} failed", self.failed));
        }
        line = line.plain(format!(" · {} running", self.running.len()));
        let left_ms = self.estimate_ms.saturating_sub(now.as_millis() as u64);
        if left_ms > 0 && !self.is_stopping {
            let about = if is_narrow { "" } else { "about " };
            line = line.plain(format!(
                " · {about}{} left",
                super::layout::roughly(left_ms)
            ));
        }
        line
    }
}

/// Whether a job counts as failed: its conclusion blocks.
pub(super) fn is_failed(record: &JobRecord) -> bool {
    matches!(record.conclusion, Conclusion::Failure | Conclusion::Error) && !record.advisory
}

fn stopping_line(is_live: bool, running: usize) -> Line {
    Line::new()
        .plain(if is_live { "^C " } else { "" })
        .painted(Paint::Doubtful, "Stopping:")
        .plain(format!(
            " {} asked to end, 10 s at most …",
            count(running, "job")
        ))
}
