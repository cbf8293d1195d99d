//! Where the output of a job goes: masked first, then to its log, its summary and whoever watches.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fs_err as fs;
use towpath_host::process::LineCut;
use towpath_host::secret::{Masker, Secret};
use towpath_report::Problem;

use crate::action::Progress;

/// Name of the file that keeps what a job printed.
pub(super) const LOG: &str = "log.txt";
/// Name of the file that keeps the summaries of a job's steps.
const SUMMARY: &str = "summary.md";
/// A log is cut behind this many bytes.
const LONGEST_LOG: u64 = 64 << 20;
/// What stands where it is cut.
const CUT: &[u8] = b"[the log is cut here: a job has 64 MiB, and 1 MiB for each later step]\n";
/// Where it is cut, steps that come later have this many bytes each.
const LATER_STEP: u64 = 1 << 20;
/// How many of the last lines are kept, to be told when a step fails.
const TAIL: usize = 12;
/// A line is shown to who watches at most this often.
const PAUSE: Duration = Duration::from_millis(50);
/// The part of a line that is shown to who watches, in bytes.
const SHOWN: usize = 400;

/// Where whoever watches is told what happens.
#[derive(Clone)]
struct Watched<'a> {
    progress: &'a dyn Progress,
    /// The step that speaks, where it is not the one in turn.
    speaker: String,
}

impl Watched<'_> {
    fn spoken(&self, text: &str) -> String {
        if self.speaker.is_empty() {
            return text.to_owned();
        }
        format!("{}: {text}", self.speaker)
    }
}

/// Passes on what an action tells, without the secrets in it.
pub(super) struct MaskedProgress<'a> {
    watched: Watched<'a>,
    masker: Masker,
    hidden: Arc<Hidden>,
    /// How many of the hidden values the masker knows.
    known: usize,
}

impl MaskedProgress<'_> {
    fn spoken(&self, text: &str) -> String {
        let masked = self.hidden.masked(text, &self.masker, self.known);
        self.watched.spoken(&masked)
    }
}

impl Progress for MaskedProgress<'_> {
    fn doing(&self, text: &str) {
        self.watched.progress.doing(&self.spoken(text));
    }

    fn output(&self, line: &str) {
        self.watched.progress.output(&self.spoken(line));
    }
}

/// What steps asked to hide: steps that run at the same time hide it as well.
#[derive(Default)]
struct Hidden {
    secrets: Mutex<Vec<Secret>>,
    count: AtomicUsize,
}

impl Hidden {
    fn add(&self, secret: Secret) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.push(secret);
        self.count.store(secrets.len(), Ordering::Release);
    }

    /// Returns a text with its secrets masked: those of a masker, which has the first `known` hidden ones, and
    /// those behind.
    fn masked(&self, text: &str, masker: &Masker, known: usize) -> String {
        let new = self.since(known);
        if new.is_empty() {
            return masker.mask_text(text);
        }
        let mut masker = masker.clone();
        masker.add(&new);
        masker.mask_text(text)
    }

    /// Returns those behind the first `known`.
    fn since(&self, known: usize) -> Vec<Secret> {
        if self.count.load(Ordering::Acquire) == known {
            return Vec::new();
        }
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.get(known..).unwrap_or_default().to_vec()
    }
}

/// Takes the output of a job, or of a step that runs beside the others.
pub(super) struct Sink<'a> {
    watched: Watched<'a>,
    masker: Masker,
    hidden: Arc<Hidden>,
    /// How many of the hidden values the masker knows.
    known: usize,
    folder: PathBuf,
    file: PathBuf,
    masked: Vec<u8>,
    cut: LineCut,
    /// What is masked and cut, and waits for the end of its line.
    line: Vec<u8>,
    log: io::BufWriter<fs::File>,
    written: u64,
    /// How many bytes the log may have.
    limit: u64,
    failed: Option<io::Error>,
    summary: PathBuf,
    tail: VecDeque<String>,
    told: Instant,
}

impl<'a> Sink<'a> {
    /// Opens the log of a job in its folder.
    pub(super) fn new(
        folder: &Path,
        secrets: &[Secret],
        progress: &'a dyn Progress,
    ) -> io::Result<Self> {
        let watched = Watched {
            progress,
            speaker: String::new(),
        };
        let masker = Masker::new(secrets);
        Self::open(folder, ["", LOG, SUMMARY], watched, masker, Arc::default())
    }

    /// Opens a log for a step that runs beside the others; [`Sink::take_over`] adds it to theirs.
    pub(super) fn beside(&mut self, number: usize, speaker: &str) -> io::Result<Self> {
        // What waits in the masker belongs here.
        self.flush();
        let begin = format!("background{number}-");
        let watched = Watched {
            progress: self.watched.progress,
            speaker: self.masked(speaker),
        };
        let hidden = Arc::clone(&self.hidden);
        let mut sink = Self::open(
            &self.folder,
            [&begin, LOG, SUMMARY],
            watched,
            self.masker.clone(),
            hidden,
        )?;
        sink.known = self.known;
        Ok(sink)
    }

    fn open(
        folder: &Path,
        [begin, log, summary]: [&str; 3],
        watched: Watched<'a>,
        masker: Masker,
        hidden: Arc<Hidden>,
    ) -> io::Result<Self> {
        let file = folder.join(format!("{begin}{log}"));
        let log = fs::File::create(&file)?;
        let summary = folder.join(format!("{begin}{summary}"));
        match fs::remove_file(&summary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Self {
            watched,
            masker,
            hidden,
            known: 0,
            folder: folder.to_owned(),
            file,
            masked: Vec::new(),
            cut: LineCut::default(),
            line: Vec::new(),
            log: io::BufWriter::with_capacity(64 << 10, log),
            written: 0,
            limit: LONGEST_LOG,
            failed: None,
            summary,
            tail: VecDeque::new(),
            told: Instant::now(),
        })
    }

    /// Hides a value from now on.
    pub(super) fn hide(&mut self, secret: Secret) {
        self.hidden.add(secret);
        self.learn();
    }

    /// Hides what steps that run at the same time asked to hide.
    fn learn(&mut self) {
        let new = self.hidden.since(self.known);
        if !new.is_empty() {
            self.masker.add(&new);
            self.known += new.len();
        }
    }

    /// Tells whether a text holds a secret.
    pub(super) fn hides(&self, text: &str) -> bool {
        self.masked(text) != text
    }

    /// Returns a text with its secrets masked.
    pub(super) fn masked(&self, text: &str) -> String {
        self.hidden.masked(text, &self.masker, self.known)
    }

    /// Returns the way to who watches, for actions that tell by themselves what they do.
    pub(super) fn progress(&self) -> MaskedProgress<'a> {
        MaskedProgress {
            watched: self.watched.clone(),
            masker: self.masker.clone(),
            hidden: Arc::clone(&self.hidden),
            known: self.known,
        }
    }

    /// Takes output in pieces of any length.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.learn();
        self.masker.mask(bytes, &mut self.masked);
        self.pass_on();
    }

    /// Writes a line of towpath's own.
    pub(super) fn note(&mut self, line: &str) {
        self.take(line.as_bytes());
        self.take(b"\n");
    }

    /// Lets nothing wait: what may be the beginning of a secret is passed on as it is.
    pub(super) fn flush(&mut self) {
        self.masker.finish(&mut self.masked);
        self.pass_on();
        if !self.line.is_empty() {
            self.masked.push(b'\n');
            self.pass_on();
        }
    }

    /// Forgets the last lines, as a new step begins.
    pub(super) fn begin(&mut self) {
        self.tail.clear();
    }

    /// Writes the headline of a new step, which has room in the log however much was printed before it.
    pub(super) fn headline(&mut self, name: &str) {
        self.make_room();
        self.note(&format!("## {name}"));
        self.begin();
    }

    fn make_room(&mut self) {
        if self.written > self.limit {
            self.limit = self.written + LATER_STEP;
        }
    }

    /// Adds the log and the summary of a step that ran beside the others; they are masked already.
    pub(super) fn take_over(&mut self, mut other: Self) -> Result<(), Problem> {
        other.close()?;
        let failed = |error: io::Error| {
            Problem::error(format!("the log of a step could not be kept: {error}"))
                .with_hint("free space on the disk")
        };
        self.flush();
        self.make_room();
        let mut log = fs::File::open(&other.file).map_err(failed)?;
        let mut piece = vec![0; 64 << 10];
        loop {
            let length = log.read(&mut piece).map_err(failed)?;
            if length == 0 {
                break;
            }
            self.write(piece.get(..length).unwrap_or_default());
        }
        fs::remove_file(&other.file).map_err(failed)?;
        match fs::read(&other.summary) {
            Ok(summary) => {
                self.append_summary(&summary).map_err(failed)?;
                fs::remove_file(&other.summary).map_err(failed)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns the last lines.
    pub(super) fn tail(&self) -> Vec<String> {
        self.tail.iter().cloned().collect()
    }

    /// Adds to the job's summary.
    pub(super) fn summarize(&mut self, text: &str) -> io::Result<()> {
        let mut masked = self.masked(text);
        if !masked.ends_with('\n') {
            masked.push('\n');
        }
        self.append_summary(masked.as_bytes())
    }

    fn append_summary(&self, masked: &[u8]) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        let mut file = options.create(true).append(true).open(&self.summary)?;
        file.write_all(masked)
    }

    /// Ends the log; tells what kept it from being whole.
    pub(super) fn close(&mut self) -> Result<(), Problem> {
        self.flush();
        let flushed = self.log.flush();
        match self.failed.take().map_or(flushed, Err) {
            Ok(()) => Ok(()),
            Err(error) => {
                let hint = if error.kind() == io::ErrorKind::FileTooLarge {
                    "raise the limit of the size of files (`ulimit -f`)"
                } else {
                    "free space on the disk"
                };
                let message = format!("the log could not be written: {error}");
                Err(Problem::error(message).with_hint(hint))
            }
        }
    }

    fn pass_on(&mut self) {
        let (before, line) = (self.line.len(), &mut self.line);
        let mut keep = |kept: &[u8]| line.extend_from_slice(kept);
        self.cut.pass(&self.masked, &mut keep);
        self.masked.clear();
        let added = self.line.get(before..).unwrap_or_default();
        let Some(end) = added.iter().rposition(|byte| *byte == b'\n') else {
            return;
        };
        let rest = self.line.split_off(before + end + 1);
        let lines = std::mem::replace(&mut self.line, rest);
        self.write(&lines);
        for line in lines
            .rsplit(|byte| *byte == b'\n')
            .skip(1)
            .take(TAIL)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            if self.tail.len() == TAIL {
                self.tail.pop_front();
            }
            self.tail.push_back(shown(line));
        }
        if self.told.elapsed() >= PAUSE
            && let Some(line) = self.tail.back()
        {
            self.watched.progress.output(&self.watched.spoken(line));
            self.told = Instant::now();
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.failed.is_some() || self.written > self.limit {
            return;
        }
        self.written += bytes.len() as u64;
        let written = if self.written > self.limit {
            self.log.write_all(CUT)
        } else {
            self.log.write_all(bytes)
        };
        self.failed = written.err();
    }
}

fn shown(line: &[u8]) -> String {
    let end = line.len().min(SHOWN);
    String::from_utf8_lossy(&line[..end]).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use towpath_host::process::LONGEST_LINE;

    use super::*;

    struct Nobody;

    impl Progress for Nobody {
        fn doing(&self, _: &str) {}

        fn output(&self, _: &str) {}
    }

    /// What lies across the cut is masked whole, and the cut is where the masked line is too long.
    #[test]
    fn no_length_of_a_line_and_no_piece_shows_a_part_of_a_secret() {
        let context = towpath_testing::TestContext::without_git();
        let secret = "s3cr3t-hunter2&more";
        let encoded = [
            "czNjcjN0LWh1bnRlcjImbW9yZQ==",
            "s3cr3t-hunter2%26more",
            secret,
        ];
        for (form, before) in encoded
            .iter()
            .zip([LONGEST_LINE - 80, LONGEST_LINE - 64, 7])
        {
            for shift in 0..form.len() {
                let line = format!("{}{}\n", "x".repeat(before + shift), form.repeat(9));
                let mut sink = Sink::new(context.root(), &[Secret::new(secret)], &Nobody).unwrap();
                let size = 1000 + 77 * shift;
                line.as_bytes()
                    .chunks(size)
                    .for_each(|piece| sink.take(piece));
                sink.note("after");
                sink.close().unwrap();
                let log = fs::read_to_string(context.root().join(LOG)).unwrap();
                let told = log.trim_start_matches('x');
                let told = told.split(" [line cut: ").next().unwrap();
                let rest = told.trim_start_matches('*').trim_end_matches("\nafter\n");
                assert_eq!(rest, "", "{before} {shift}");
                assert!(log.ends_with("\nafter\n"), "{before} {shift}");
            }
        }
    }

    // What comes at the same time as a piece of a line neither shows the piece nor ends the line.
    #[test]
    fn secret_that_another_step_hides_meanwhile_breaks_no_line() {
        let context = towpath_testing::TestContext::without_git();
        let mut sink = Sink::new(context.root(), &[Secret::new("hunter2-more")], &Nobody).unwrap();
        sink.take(b"before hunter2");
        let mut beside = sink.beside(1, "beside").unwrap();
        sink.take(b"hunter2");
        beside.hide(Secret::new("another"));
        let progress = sink.progress();
        assert_eq!(progress.spoken("another"), "***");
        sink.take(b"-more another after\n");
        sink.close().unwrap();
        let log = fs::read_to_string(context.root().join(LOG)).unwrap();
        assert_eq!(log, "before hunter2\n*** *** after\n");
    }

    #[test]
    fn a_flood_takes_no_later_step_its_log() {
        let context = towpath_testing::TestContext::without_git();
        let mut sink = Sink::new(context.root(), &[], &Nobody).unwrap();
        let line = format!("{}\n", "x".repeat(1023));
        sink.headline("first");
        for _ in 0..3 {
            sink.take(line.repeat(40 << 10).as_bytes());
        }
        sink.headline("second");
        sink.note("said by the second");
        for _ in 0..3 {
            sink.take(line.repeat(1 << 10).as_bytes());
        }
        sink.headline("third");
        sink.close().unwrap();
        let log = fs::read_to_string(context.root().join(LOG)).unwrap();
        assert!(log.len() as u64 <= LONGEST_LOG + 3 * LATER_STEP);
        assert!(log.contains("\n## second\nsaid by the second\n") && log.ends_with("## third\n"));
        assert_eq!(log.matches("[the log is cut here").count(), 2);
    }
}
