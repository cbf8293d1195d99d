//! What a command says while it runs: the log of its job, the end of it for readers, and its progress.

use std::path::{Path, PathBuf};

use towpath_report::readers::pytest;

/// How much of standard error is kept for readers, in bytes.
const KEPT_ERRORS: usize = 256 * 1024;

/// How large the log of a job may grow, in bytes.
const LARGEST_LOG: usize = 32 * 1024 * 1024;

/// The last bytes of what a command said.
#[derive(Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            self.bytes.push(b'\n');
        }
        if self.bytes.len() > 2 * KEPT_ERRORS {
            self.bytes.drain(..self.bytes.len() - KEPT_ERRORS);
        }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// The log of a job, cut where it grows too large. A log that cannot be written is no reason to stop.
pub(super) struct Log {
    file: Option<fs_err::File>,
    left: usize,
}

impl Log {
    pub(super) fn open(path: &Path) -> Self {
        Self {
            file: fs_err::File::create(path).ok(),
            left: LARGEST_LOG,
        }
    }

    pub(super) fn line(&mut self, line: &[u8]) {
        use std::io::Write;
        let Some(file) = &mut self.file else { return };
        if line.len() > self.left {
            let _ = writeln!(
                file,
                "… cut: the log is larger than {} MiB",
                LARGEST_LOG / 1_048_576
            );
            self.file = None;
            return;
        }
        self.left -= line.len();
        let end: &[u8] = if line.ends_with(b"\n") { b"" } else { b"\n" };
        if file
            .write_all(line)
            .and_then(|()| file.write_all(end))
            .is_err()
        {
            self.file = None;
        }
    }
}

/// Follows the events of a running pytest.
pub(super) struct Events {
    path: PathBuf,
    offset: u64,
    progress: pytest::Progress,
}

impl Events {
    pub(super) fn of(path: PathBuf) -> Self {
        Self {
            path,
            offset: 0,
            progress: pytest::Progress::default(),
        }
    }

    /// Returns the newest progress since the last call.
    pub(super) fn newest(&mut self) -> Option<String> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = std::fs::File::open(&self.path).ok()?;
        file.seek(SeekFrom::Start(self.offset)).ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let whole = text.rfind('\n')? + 1;
        self.offset += whole as u64;
        let mut newest = None;
        for line in text[..whole].lines() {
            newest = self.progress.take(line).or(newest);
        }
        newest
    }
}
