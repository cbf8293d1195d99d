//! What a sandbox costs beyond its command: `cargo bench -p towpath-host --bench sandbox`.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use towpath_host::sandbox::{
    Cancel, CommandSpec, JobSandbox, Level, Mount, Supervisor, detect, most_processes,
};

const ROUNDS: usize = 50;

fn main() {
    let program = Path::new(env!("CARGO_BIN_EXE_supervise-for-tests"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (tree, folders) = make_tree(folder.path());
    let best = detect(program);
    println!(
        "{:<40} {:>8} {:>8}",
        format!("level {best}"),
        "wall ms",
        "cpu ms"
    );
    show("detect", |_| assert_eq!(detect(program), best));
    show("bare spawn of `true`", |_| spawn_bare());
    for level in [Level::None, Level::LandlockSeccomp, best] {
        show(&format!("{level}: `true`"), |round| {
            run(program, &describe(folder.path(), level, round));
        });
    }
    if best != Level::Namespaces {
        return;
    }
    let with_overlay = |round| {
        let mut sandbox = describe(folder.path(), best, round);
        sandbox.mounts = overlay(folder.path(), &tree, round);
        sandbox
    };
    show("with an overlay of 2,000 folders", |round| {
        run(program, &with_overlay(round));
    });
    show("which are found and observed", |round| {
        let mut sandbox = with_overlay(round);
        sandbox.observe = vec![tree.clone()];
        run(program, &sandbox);
    });
    show("which are named and observed", |round| {
        let mut sandbox = with_overlay(round);
        sandbox.observe_folders.clone_from(&folders);
        run(program, &sandbox);
    });
}

/// Prints the median time and the mean processor time of some work.
fn show(name: &str, mut work: impl FnMut(usize)) {
    let mut walls = Vec::new();
    let cpu_before = cpu();
    for round in 0..ROUNDS {
        let started = Instant::now();
        work(round);
        walls.push(started.elapsed());
    }
    walls.sort();
    let wall = walls[ROUNDS / 2].as_secs_f64() * 1e3;
    let cpu = cpu().saturating_sub(cpu_before).as_secs_f64() * 1e3 / ROUNDS as f64;
    println!("{name:<40} {wall:>8.2} {cpu:>8.2}");
}

fn cpu() -> Duration {
    [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN]
        .into_iter()
        .map(|who| getrusage(who).expect("the usage of this process"))
        .flat_map(|usage| [usage.user_time(), usage.system_time()])
        .map(|time| Duration::new(time.tv_sec().unsigned_abs(), time.tv_usec() as u32 * 1000))
        .sum()
}

fn spawn_bare() {
    Command::new("/bin/true").status().expect("`true` runs");
}

fn run(program: &Path, sandbox: &JobSandbox) {
    let command = CommandSpec {
        arguments: vec!["/bin/true".to_owned()],
        environment: BTreeMap::new(),
        folder: PathBuf::from("/"),
        stdout_file: None,
        timeout: None,
    };
    let mut supervisor = Supervisor::start(program, sandbox).expect("a sandbox");
    supervisor
        .run(&command, &Cancel::new(), &mut |_| {})
        .expect("a command");
    let observation = supervisor.finish().expect("an observation");
    assert!(observation.complete);
}

fn describe(folder: &Path, level: Level, round: usize) -> JobSandbox {
    JobSandbox {
        level,
        mounts: Vec::new(),
        network: false,
        processes: most_processes(),
        home: PathBuf::from("/home/job"),
        observe: Vec::new(),
        observe_folders: Vec::new(),
        scratch: make(folder, &format!("scratch-{level}-{round}")),
    }
}

fn overlay(folder: &Path, tree: &Path, round: usize) -> Vec<Mount> {
    let name = |what: &str| format!("{what}-{round}");
    vec![Mount::Overlay {
        lower: vec![tree.to_owned()],
        upper: make(folder, &name("upper")),
        work: make(folder, &name("work")),
        target: tree.to_owned(),
    }]
}

/// Makes a tree and returns it with its folders.
fn make_tree(folder: &Path) -> (PathBuf, Vec<PathBuf>) {
    let tree = make(folder, "tree");
    let mut folders = vec![tree.clone()];
    for outer in 0..40 {
        for inner in 0..50 {
            let path = make(&tree, &format!("{outer}/{inner}"));
            fs::write(path.join("file"), "text").expect("a file");
            folders.push(path);
        }
    }
    (tree, folders)
}

fn make(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(&path).expect("a folder");
    path
}
