//! What is known of a run while it goes on, and the lines that scroll by for good.
//! Both forms of progress, moving and plain, are made from this; it writes nothing itself.

use std::time::Duration;

use towpath_report::{Conclusion, ExpectedJob, JobRecord, RunEvent};

use super::layout::{Layout, count, roughly};
use super::line::{Line, sanitize, wrap};
use super::style::{Paint, Style};

/// The lines above the jobs.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// Name, build backend, layout and Pythons, joined by ` · `.
    pub title: String,
    /// Further lines: Pythons declared but not here.
    pub notes: Vec<String>,
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
    /// Which files changed and for how many jobs that counts, where this is why jobs run. Jobs that
    /// need no work are then only counted.
    changed: Option<(Vec<String>, usize)>,
    pub(super) running: Vec<Running>,
    /// Jobs that have neither started nor ended, in the order of the plan.
    waiting: Vec<ExpectedJob>,
    pub(super) jobs: usize,
    pub(super) done: usize,
    pub(super) failed: usize,
    /// When the run is expected to end, after its start; `None` where unknown.
    expected_end: Option<Duration>,
    pub(super) is_stopping: bool,
    /// Whether this is for a person's terminal, which breaks long lines and echoes Ctrl-C.
    is_live: bool,
}

impl Progress {
    pub(super) fn new(style: Style, header: Header, is_verbose: bool, is_live: bool) -> Self {
        Self {
            layout: Layout::new(style, std::iter::empty()),
            header,
            is_verbose,
            header_shown: false,
            held_back: Vec::new(),
            changed: None,
            running: Vec::new(),
            waiting: Vec::new(),
            jobs: 0,
            done: 0,
            failed: 0,
            expected_end: None,
            is_stopping: false,
            is_live,
        }
    }

    /// Takes an event in, at a time after the start; returns the lines that scroll because of it.
    pub(super) fn hear(&mut self, event: &RunEvent, now: Duration) -> Vec<Line> {
        match event {
            RunEvent::RunStarted { jobs } => {
                // A workflow that follows another adds its jobs.
                self.jobs += jobs.len();
                self.waiting.extend(jobs.iter().cloned());
                self.layout = Layout::new(self.layout.style, jobs.iter().map(|job| &*job.name));
                if self.is_verbose {
                    self.open()
                } else {
                    Vec::new()
                }
            }
            RunEvent::FilesChanged { files, jobs } => {
                self.changed = Some((files.clone(), *jobs));
                Vec::new()
            }
            RunEvent::JobExpanded { job, into } => {
                self.jobs = self.jobs.saturating_sub(1) + into.len();
                let place = self.waiting.iter().position(|waiting| waiting.name == *job);
                let place = place.unwrap_or(self.waiting.len());
                let end = (place + 1).min(self.waiting.len());
                self.waiting.splice(place..end, into.iter().cloned());
                self.layout = self.layout.widened(into.iter().map(|job| &*job.name));
                Vec::new()
            }
            RunEvent::JobStarted { job, left_ms, .. } => {
                self.waiting.retain(|waiting| waiting.name != *job);
                self.expected_end = (*left_ms > 0).then(|| now + Duration::from_millis(*left_ms));
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
            RunEvent::JobWaits { job, text } => {
                let mut lines = self.open();
                lines.push(
                    Line::new()
                        .painted(Paint::Doubtful, "Waiting:")
                        .plain(sanitize(&format!(" {job} {text}"))),
                );
                lines
            }
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
        self.waiting.retain(|waiting| waiting.name != record.name);
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
        let mut lines = match &self.changed {
            Some((files, jobs)) if !self.is_verbose => self.change_header(files, *jobs),
            _ => self.full_header(),
        };
        for record in std::mem::take(&mut self.held_back) {
            if self.shows_unworked(&record) {
                lines.extend(self.job_lines(&record));
            }
        }
        lines
    }

    fn change_header(&self, files: &[String], needed: usize) -> Vec<Line> {
        let changed = match files {
            [one, two] => format!("{one} and {two}"),
            [one, two, rest @ ..] => {
                format!("{one}, {two} and {}", count(rest.len(), "more file"))
            }
            few => few.concat(),
        };
        let jobs = count(self.jobs, "job");
        let need = if needed == 1 { "needs" } else { "need" };
        let words = format!("{changed} changed: {needed} of {jobs} {need} it");
        let counted = self.wrapped(&sanitize(&words));
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

    /// What is left to say when the run ends and no job did any work: the failures among the reused, or, where
    /// nothing is reused either, why none did.
    pub(super) fn close(&mut self) -> Vec<Line> {
        if self.header_shown || self.jobs == 0 {
            return Vec::new();
        }
        if self.held_back.iter().all(|record| record.reused.is_none()) {
            return self.open();
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
        self.is_verbose || self.changed.is_none() || is_failed(record)
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
        if let (Some(left), false) = (self.left(now), self.is_stopping) {
            let about = if is_narrow { "" } else { "about " };
            line = line.plain(format!(" · {about}{left} left"));
        }
        line
    }

    /// Returns the time that the run is expected to go on.
    fn left(&self, now: Duration) -> Option<String> {
        let left = self.expected_end?.checked_sub(now)?;
        let left_ms = left.as_millis() as u64;
        (left_ms > 0).then(|| roughly(left_ms))
    }

    /// Returns the line that says for what the other jobs wait; `None` where none does.
    pub(super) fn waiting_line(&self) -> Option<Line> {
        let is_unfinished = |name: &&String| {
            self.running.iter().any(|running| running.name == **name)
                || self.waiting.iter().any(|waiting| waiting.name == **name)
        };
        let mut parts = Vec::new();
        let mut for_slot = 0;
        for job in &self.waiting {
            let needs: Vec<&String> = job.needs.iter().filter(is_unfinished).collect();
            match needs.as_slice() {
                [] => for_slot += 1,
                [one] => parts.push(format!("{} for {one}", job.name)),
                [one, rest @ ..] => parts.push(format!(
                    "{} for {one} and {}",
                    job.name,
                    count(rest.len(), "other")
                )),
            }
        }
        if for_slot > 0 {
            parts.insert(0, format!("{} for a free slot", count(for_slot, "job")));
        }
        if parts.is_empty() || self.is_stopping {
            return None;
        }
        let words = format!("    waiting: {}", parts.join(", "));
        Some(Line::new().painted(Paint::Faint, words))
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
