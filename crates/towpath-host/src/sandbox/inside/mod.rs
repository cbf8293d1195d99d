//! The supervisor's side: what `towpath __supervise` does, in two processes.
//!
//! The outer one leaves the host's namespaces and waits; the inner one is the first process of the new
//! namespaces, builds the root and serves requests. Without namespaces there is the inner one only.
//! Both are single-threaded until the root is built, as user namespaces demand.

mod build;
mod capabilities;
mod command;
mod devices;
mod mountinfo;
mod mounts;
mod namespaces;
mod network;
mod observe;
mod outbox;
mod overlay;
mod processes;
mod restrict;
mod root;
mod running;
mod serve;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use build::BuildError;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signalfd::SignalFd;

use super::model::{JobSandbox, Level};
use super::protocol::{Event, Request};
use crate::process::{frames, inner, reaper};
use serve::Server;

/// Runs a supervisor: reads its requests from standard input, tells events on standard output, and
/// returns when it is asked to finish or its parent is gone.
///
/// This is the whole of the hidden command `towpath __supervise`. Call it before any thread is started.
pub fn supervise() -> ExitCode {
    match play_role() {
        Ok(code) => code,
        Err(error) => {
            // The parent keeps the last words; when it is gone, nobody wants them.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn play_role() -> io::Result<ExitCode> {
    inner::close_inherited();
    // Not the buffered handle: it would swallow what the inner process has to read.
    let mut requests = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut events = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    match frames::read_message(&mut requests)? {
        Some(Request::Unshare { network }) => match namespaces::leave(network) {
            Ok(()) => inner::wait_for_inner(),
            Err(error) => tell_failure(&mut events, error),
        },
        Some(Request::Build(sandbox)) => match prepare(&sandbox) {
            Ok(prepared) => Server::new(requests, events, prepared)?.serve(),
            Err(error) => tell_failure(&mut events, error),
        },
        Some(_) => Err(io::Error::other("a request out of turn")),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn tell_failure(events: &mut File, error: BuildError) -> io::Result<ExitCode> {
    events.write_all(&frames::message(&Event::from(error))?)?;
    Ok(ExitCode::FAILURE)
}

/// Everything that serving needs once the sandbox is built.
struct Prepared {
    scratch: File,
    ended_processes: SignalFd,
    launcher: command::Launcher,
    observer: Option<observe::Observer>,
    network: Option<network::Counters>,
    harvests: Vec<overlay::Harvest>,
}

/// Builds the sandbox around the calling process.
fn prepare(sandbox: &JobSandbox) -> Result<Prepared, BuildError> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(build::step("switch off core dumps"))?;
    processes::limit_user(sandbox.processes).map_err(build::step("limit the processes"))?;
    let scratch = File::open(&sandbox.scratch)
        .map_err(build::step_at("open the scratch folder", &sandbox.scratch))?;
    let mut harvests = Vec::new();
    let mut network = None;
    if sandbox.level == Level::Namespaces {
        namespaces::settle()?;
        if !sandbox.network {
            network::raise_loopback().map_err(build::step("raise the loopback interface"))?;
        }
        let owns_mounts = capabilities::owns(&sandbox.mounts);
        harvests = root::enter(sandbox)?;
        capabilities::drop_for_commands(owns_mounts).map_err(build::step("give up privileges"))?;
        if !sandbox.network {
            network = Some(network::Counters::read());
        }
    } else {
        reaper::adopt_orphans().map_err(build::step("adopt orphaned processes"))?;
    }
    reaper::handle_endings().map_err(build::step("handle signals"))?;
    // Before any other thread is there, which would take the signals.
    let ended_processes =
        reaper::watch_ended().map_err(build::step("watch for ended processes"))?;
    let observer = observe::Observer::start(&sandbox.observe, &sandbox.observe_folders)
        .map_err(build::step("observe opened files"))?;
    Ok(Prepared {
        launcher: command::Launcher::new(sandbox)?,
        scratch,
        ended_processes,
        observer,
        network,
        harvests,
    })
}
