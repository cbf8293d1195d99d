//! Runs a program to its end and keeps what it said, for programs that towpath itself needs: uv, pip and
//! probes of interpreters. Nothing is inherited but what is given. The project's own code runs in the
//! sandbox, never here.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Why a program could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It did not start, or its output could not be read.
    #[error("cannot run `{}`", program.display())]
    Io {
        /// The program.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It did not end in time and was killed.
    #[error("`{}` did not end within {seconds} s", program.display())]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// The time it had.
        seconds: u64,
    },
}

/// A program, its arguments, its whole environment and the folder it starts in.
#[derive(Debug)]
pub(crate) struct Child<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [String],
    pub(crate) environment: &'a BTreeMap<String, String>,
    pub(crate) folder: &'a Path,
    pub(crate) timeout: Option<Duration>,
}

impl Child<'_> {
    /// Runs the program. Its standard input is empty. It stays in towpath's process group, so that Ctrl-C
    /// reaches it too.
    pub(crate) fn run(&self) -> Result<Output, ChildError> {
        tracing::debug!(program = %self.program.display(), arguments = ?self.arguments, "runs");
        let failed = |source| ChildError::Io {
            program: self.program.to_owned(),
            source,
        };
        let mut child = Command::new(self.program)
            .args(self.arguments)
            .env_clear()
            .envs(self.environment)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let stdout = reader(child.stdout.take());
        let stderr = reader(child.stderr.take());
        let Some((stdout, stderr)) = self.receive(&stdout).zip(self.receive(&stderr)) else {
            child.kill().map_err(failed)?;
            child.wait().map_err(failed)?;
            let seconds = self.timeout.unwrap_or_default().as_secs();
            let program = self.program.to_owned();
            return Err(ChildError::TimedOut { program, seconds });
        };
        let status = child.wait().map_err(failed)?;
        Ok(Output {
            status,
            stdout: stdout.map_err(failed)?,
            stderr: stderr.map_err(failed)?,
        })
    }

    fn receive(&self, output: &mpsc::Receiver<io::Result<String>>) -> Option<io::Result<String>> {
        match self.timeout {
            Some(timeout) => output.recv_timeout(timeout).ok(),
            None => output.recv().ok(),
        }
    }
}

/// Reads a pipe to its end on a thread of its own, so that neither pipe can block the other.
fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes));
        let text = read.map(|_| String::from_utf8_lossy(&bytes).into_owned());
        // Nobody listens any more when the program was killed.
        sender.send(text).ok();
    });
    receiver
}

/// Writes a file under a temporary name and renames it, so that nobody reads half of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs_err::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Option<Duration>) -> Result<Output, ChildError> {
        let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        Child {
            program: Path::new("/bin/sh"),
            arguments: &["-c".to_owned(), script.to_owned()],
            environment: &environment,
            folder: Path::new("/"),
            timeout,
        }
        .run()
    }

    #[test]
    fn both_streams_are_kept_apart_and_nothing_blocks() {
        let script = "yes | head -c 200000; yes | head -c 200000 >&2; echo $HOME; exit 3";
        let output = shell(script, None).unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            (output.stdout.len(), output.stderr.len()),
            (200_001, 200_000)
        );
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let error = shell("exec sleep 60", Some(Duration::from_millis(50))).unwrap_err();
        assert!(matches!(error, ChildError::TimedOut { .. }));
    }

    #[test]
    fn an_absent_program_is_named() {
        let environment = BTreeMap::new();
        let error = Child {
            program: Path::new("/does/not/exist"),
            arguments: &[],
            environment: &environment,
            folder: Path::new("/"),
            timeout: None,
        }
        .run()
        .unwrap_err();
        assert_eq!(error.to_string(), "cannot run `/does/not/exist`");
    }
}
