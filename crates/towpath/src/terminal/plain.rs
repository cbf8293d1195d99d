//! The plain form of progress, for a pipe or an automation: one line for each finished job, and a
//! heartbeat that names what still runs. Nothing written is ever changed.

use std::time::Duration;

use towpath_report::RunEvent;

use super::layout::roughly;
use super::line::Line;
use super::progress::{Header, Progress};
use super::style::{Paint, Style};

/// Time between two heartbeats.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(30);

/// Plain progress of a run.
#[derive(Debug)]
pub(super) struct Plain {
    progress: Progress,
    last_beat: Duration,
}

impl Plain {
    pub(super) fn new(style: Style, header: Header, is_verbose: bool) -> Self {
        Self {
            progress: Progress::new(style, header, is_verbose, false),
            last_beat: Duration::ZERO,
        }
    }

    /// Takes an event in; returns what is to be written because of it.
    pub(super) fn hear(&mut self, event: &RunEvent, now: Duration) -> String {
        let lines = self.progress.hear(event, now);
        let mut text = self.render(&lines);
        text.push_str(&self.tick(now));
        text
    }

    /// Returns the heartbeat when it is due, else nothing.
    pub(super) fn tick(&mut self, now: Duration) -> String {
        if now.saturating_sub(self.last_beat) < HEARTBEAT_EVERY || self.progress.running.is_empty()
        {
            return String::new();
        }
        self.last_beat = now;
        let line = self.heartbeat(now);
        self.render(&[line])
    }

    /// Returns what was not yet said.
    pub(super) fn end(&mut self) -> String {
        let lines = self.progress.close();
        self.render(&lines)
    }

    fn heartbeat(&self, now: Duration) -> Line {
        let progress = &self.progress;
        let name = |running: &super::progress::Running| {
            let elapsed = now.saturating_sub(running.since).as_millis() as u64;
            format!("{} ({})", running.name, roughly(elapsed))
        };
        let names: Vec<String> = progress.running.iter().map(name).collect();
        let elapsed = roughly(now.as_millis() as u64);
        Line::new().painted(
            Paint::Faint,
            format!(
                "  … {elapsed}, {} of {} done, running: {}",
                progress.done,
                progress.jobs,
                names.join(", ")
            ),
        )
    }

    fn render(&self, lines: &[Line]) -> String {
        let style = self.progress.layout.style;
        lines
            .iter()
            .map(|line| line.render(&style) + "\n")
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use towpath_report::ExpectedJob;

    use super::*;

    #[test]
    fn heartbeat_names_what_still_runs_every_30_seconds() {
        let style = Style {
            color: false,
            unicode: true,
            columns: 80,
        };
        let mut plain = Plain::new(style, Header::default(), false);
        let at = |seconds| Duration::from_secs(seconds);
        let jobs = ["docs", "tests 3.12"].map(|name| ExpectedJob {
            name: name.to_owned(),
            needs: Vec::new(),
        });
        let jobs = jobs.to_vec();
        plain.hear(&RunEvent::RunStarted { jobs }, at(0));
        for (job, second) in [("docs", 0), ("tests 3.12", 18)] {
            let started = RunEvent::JobStarted {
                job: job.to_owned(),
                estimate_ms: 0,
                left_ms: 0,
            };
            plain.hear(&started, at(second));
        }
        let beats: Vec<String> = (19..=61).map(|second| plain.tick(at(second))).collect();
        let beats: Vec<&str> = beats
            .iter()
            .map(String::as_str)
            .filter(|beat| !beat.is_empty())
            .collect();
        assert_eq!(
            beats,
            [
                "  … 30 s, 0 of 2 done, running: docs (30 s), tests 3.12 (12 s)\n",
                "  … 60 s, 0 of 2 done, running: docs (60 s), tests 3.12 (42 s)\n",
            ]
        );
        let jobs = vec![ExpectedJob {
            name: "what follows".to_owned(),
            needs: Vec::new(),
        }];
        let beat = plain.hear(&RunEvent::RunStarted { jobs }, at(90));
        assert_eq!(
            beat,
            "  … 90 s, 0 of 3 done, running: docs (90 s), tests 3.12 (72 s)\n"
        );
    }
}
