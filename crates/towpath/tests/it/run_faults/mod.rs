//! What goes wrong within `towpath run`, staged for real: the run ends in time, says what happened, tells no
//! secret, leaves nothing running, and the next one works.

mod durability;
mod input;
mod output;
mod process;
mod secrets;

use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

use crate::faults::files_below;
use crate::interruption::{is_running, wait_until};
use crate::world::{Run, World};

/// A workflow of one job with these steps, each a script that may have several lines.
fn with_steps(steps: &[&str]) -> World {
    let world = World::offline();
    let mut text = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n".to_owned();
    for script in steps {
        text += "      - run: |\n";
        for line in script.lines() {
            text += &format!("          {line}\n");
        }
    }
    with_workflow(world, &text)
}

fn with_workflow(world: World, text: &str) -> World {
    world.write(".github/workflows/faults.yml", text);
    world.commit("add a workflow");
    world
}

fn run(world: &World) -> Run {
    world.recorded(&["run", "faults.yml"])
}

/// Returns what was kept of the output of all jobs.
fn log(world: &World) -> String {
    let logs = files_below(&world.folder().join("state"));
    let logs = logs.iter().filter(|path| path.ends_with("log.txt"));
    logs.map(|path| String::from_utf8_lossy(&fs_err::read(path).expect("a log")).into_owned())
        .collect()
}

/// A number of seconds to sleep that tells a test's processes from all others.
fn seconds(test: u32) -> String {
    format!("77{test}.{}", std::process::id())
}

/// Starts a run and waits until it sleeps.
fn sleeping(world: &World, time: &str) -> Child {
    let towpath = world.started(&["run", "faults.yml"]);
    wait_until("the step sleeps", || is_running(time));
    towpath
}

fn send(towpath: &Child, signal: Signal) {
    let id = i32::try_from(towpath.id()).expect("a process id");
    kill_process(Pid::from_raw(id).expect("no zero"), signal).expect("it runs");
}
