//! The parent's side: starts a supervisor, hands it commands and passes on what it tells.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::thread;

use super::error::{Error, Refusal};
use super::model::{CommandOutcome, CommandSpec, JobSandbox, Level, Mount, Observation};
use super::protocol::{Event, Request};
use crate::process::frames::{self, Frame};
use crate::process::{Cancel, LineCut, Lines, Listener, Stop};

/// The hidden command of the binary under which [`supervise`](super::supervise) runs.
const COMMAND: &str = "__supervise";
const PIPE_SIZE: usize = 64 * 1024;

/// A running sandbox. Dropping it ends it and everything in it.
#[derive(Debug)]
pub struct Supervisor {
    /// Present until it is handed over to be collected.
    child: Option<Child>,
    has_finished: bool,
    requests: Arc<File>,
    events: BufReader<ChildStdout>,
    complaints: Option<ChildStderr>,
    overlay_work: Vec<PathBuf>,
}

impl Supervisor {
    /// Starts `program __supervise` and returns when the sandbox is built.
    pub fn start(program: &Path, sandbox: &JobSandbox) -> Result<Self, Error> {
        check(sandbox).map_err(Error::Refused)?;
        let mut supervisor = Self::spawn(program, sandbox).map_err(|source| Error::Start {
            program: program.to_owned(),
            source,
        })?;
        if sandbox.level == Level::Namespaces {
            supervisor.send(&Request::Unshare {
                network: sandbox.network,
            })?;
        }
        supervisor.send(&Request::Build(Box::new(sandbox.clone())))?;
        match supervisor.receive()? {
            Frame::Message(Event::Ready) => Ok(supervisor),
            Frame::Message(Event::Refused(refusal)) => Err(Error::Refused(refusal)),
            Frame::Message(Event::Failed { step, reason }) => Err(Error::Setup { step, reason }),
            _ => Err(out_of_turn()),
        }
    }

    /// Runs one command and returns when it and everything it started has ended.
    ///
    /// `output` gets standard output and standard error, several whole lines at a time, each line at most
    /// 1 MiB; only the very last one may lack its newline.
    pub fn run(
        &mut self,
        command: &CommandSpec,
        cancel: &Cancel,
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<CommandOutcome, Error> {
        self.send(&Request::Run(Box::new(command.clone())))?;
        let _listening = cancel.listen(teller(&self.requests));
        let (mut cut, mut lines) = (LineCut::default(), Lines::default());
        loop {
            match self.receive()? {
                Frame::Output(piece) => cut.pass(&piece, &mut |kept| lines.push(kept, output)),
                Frame::Message(Event::Ended(outcome)) => {
                    cut.end(&mut |note| lines.push(note, output));
                    lines.finish(output);
                    return Ok(outcome);
                }
                Frame::Message(_) => return Err(out_of_turn()),
            }
        }
    }

    /// Ends the sandbox and returns what was seen in it. No command's process is left then; the system
    /// may go on for a moment to take the namespaces down.
    pub fn finish(mut self) -> Result<Observation, Error> {
        self.send(&Request::Finish)?;
        let Frame::Message(Event::Finished(observation)) = self.receive()? else {
            return Err(out_of_turn());
        };
        self.has_finished = true;
        Ok(*observation)
    }

    fn spawn(program: &Path, sandbox: &JobSandbox) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(COMMAND)
            // Commands could read it there, and it is the user's.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(requests), Some(events)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the supervisor has no pipes"));
        };
        Ok(Self {
            requests: Arc::new(File::from(OwnedFd::from(requests))),
            events: BufReader::with_capacity(PIPE_SIZE, events),
            complaints: child.stderr.take(),
            overlay_work: overlay_work(sandbox),
            child: Some(child),
            has_finished: false,
        })
    }

    fn send(&mut self, request: &Request) -> Result<(), Error> {
        let frame = frames::message(request).map_err(Error::Protocol)?;
        match (&*self.requests).write_all(&frame) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.lost()),
        }
    }

    fn receive(&mut self) -> Result<Frame<Event>, Error> {
        match frames::read_frame(&mut self.events) {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(self.lost()),
            Err(error) => Err(Error::Protocol(error)),
        }
    }

    fn kill(&mut self) {
        // It fails only when the supervisor is gone already, which is what is wanted.
        if let Some(Err(error)) = self.child.as_mut().map(Child::kill) {
            tracing::debug!(%error, "the supervisor is gone already");
        }
    }

    /// Gathers the last words of a supervisor that is gone.
    fn lost(&mut self) -> Error {
        // A supervisor that still lives is of no use any more, and would let the reading below wait.
        self.kill();
        let mut words = Vec::new();
        if let Some(complaints) = self.complaints.take()
            && let Err(error) = complaints.take(PIPE_SIZE as u64).read_to_end(&mut words)
        {
            tracing::debug!(%error, "the supervisor's last words are lost");
        }
        Error::Lost(String::from_utf8_lossy(&words).trim().to_owned())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if !self.has_finished {
            self.kill();
        }
        if let Some(child) = self.child.take() {
            collect(child, self.has_finished);
        }
        for folder in &self.overlay_work {
            remove_overlay_work(folder);
        }
    }
}

/// Waits for a supervisor that ends: aside when it ends by itself, because the system takes long to take a
/// mount namespace down and nothing of it is needed any more.
fn collect(mut child: Child, aside: bool) {
    let mut wait = move || {
        if let Err(error) = child.wait() {
            tracing::debug!(%error, "the supervisor cannot be awaited");
        }
    };
    if !aside {
        return wait();
    }
    let waiter = thread::Builder::new().name("collect".to_owned());
    if let Err(error) = waiter.spawn(wait) {
        tracing::debug!(%error, "the supervisor stays uncollected");
    }
}

/// Sends each wish as one write, which a pipe keeps whole. A supervisor that is gone needs no telling.
fn teller(requests: &Arc<File>) -> Listener {
    let requests = Arc::clone(requests);
    Arc::new(move |stop: Stop| {
        if let Ok(frame) = frames::message(&Request::Stop(stop))
            && let Err(error) = (&*requests).write_all(&frame)
        {
            tracing::debug!(%error, "the supervisor is gone already");
        }
    })
}

/// Removes what the system leaves in an overlay's work folder: folders without any permission, which
/// stop an ordinary removal.
fn remove_overlay_work(work: &Path) {
    for name in ["work", "index"] {
        let folder = work.join(name);
        let opened = fs_err::set_permissions(&folder, PermissionsExt::from_mode(0o700));
        match opened.and_then(|()| fs_err::remove_dir_all(&folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::debug!(%error, "an overlay's work folder stays");
            }
            _ => {}
        }
    }
}

fn overlay_work(sandbox: &JobSandbox) -> Vec<PathBuf> {
    let work = |mount: &Mount| match mount {
        Mount::Overlay { work, .. } => Some(work.clone()),
        _ => None,
    };
    sandbox.mounts.iter().filter_map(work).collect()
}

fn out_of_turn() -> Error {
    Error::Protocol(io::Error::new(
        io::ErrorKind::InvalidData,
        "an event out of turn",
    ))
}

/// Checks what can be said without trying.
fn check(sandbox: &JobSandbox) -> Result<(), Refusal> {
    let own = [&sandbox.home, &sandbox.scratch];
    let observed = sandbox.observe.iter().chain(&sandbox.observe_folders);
    for path in own.into_iter().chain(observed) {
        check_path(path)?;
    }
    for mount in &sandbox.mounts {
        check_mount(mount, sandbox.level)?;
    }
    Ok(())
}

fn check_mount(mount: &Mount, level: Level) -> Result<(), Refusal> {
    check_path(mount.target())?;
    match mount {
        Mount::ReadOnly { source, target } | Mount::Writable { source, target } => {
            check_path(source)?;
            if level != Level::Namespaces && source != target {
                return Err(Refusal::Moved(source.clone()));
            }
        }
        Mount::Overlay {
            lower,
            upper,
            work,
            target,
        } => {
            for path in lower.iter().chain([upper, work]) {
                check_path(path)?;
            }
            if level != Level::Namespaces {
                return Err(Refusal::Overlay(target.clone()));
            }
        }
        Mount::Tmp { target } | Mount::Hidden { target } => {
            if level != Level::Namespaces {
                return Err(Refusal::Moved(target.clone()));
            }
        }
    }
    Ok(())
}

fn check_path(path: &Path) -> Result<(), Refusal> {
    let climbs = path
        .components()
        .any(|component| component == Component::ParentDir);
    if path.is_absolute() && !climbs && path.to_str().is_some() {
        Ok(())
    } else {
        Err(Refusal::Path(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(level: Level, mount: &Mount) -> Result<(), Refusal> {
        check_mount(mount, level)
    }

    #[test]
    fn refuses_what_cannot_be_built() {
        let overlay = |target: &str| Mount::Overlay {
            lower: vec!["/a".into()],
            upper: "/u".into(),
            work: "/w".into(),
            target: target.into(),
        };
        let moved = Mount::ReadOnly {
            source: "/a".into(),
            target: "/b".into(),
        };
        assert_eq!(mount(Level::Namespaces, &overlay("/p")), Ok(()));
        assert_eq!(
            mount(Level::LandlockSeccomp, &overlay("/p")),
            Err(Refusal::Overlay("/p".into()))
        );
        assert_eq!(
            mount(Level::Namespaces, &overlay("p")),
            Err(Refusal::Path("p".into()))
        );
        assert_eq!(
            mount(Level::Namespaces, &overlay("/p/../q")),
            Err(Refusal::Path("/p/../q".into()))
        );
        assert_eq!(mount(Level::Namespaces, &moved), Ok(()));
        assert_eq!(mount(Level::None, &moved), Err(Refusal::Moved("/a".into())));
    }
}
