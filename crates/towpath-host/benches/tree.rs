//! Compares a snapshot of 20,000 files with what `git status` and `find` need for the same tree.
//!
//! Runs the contestants in turn, several rounds, and prints the median of each and the ratios.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use towpath_host::tree::{SnapshotOptions, snapshot};

const FOLDERS: usize = 1000;
const FILES_PER_FOLDER: usize = 20;
const ROUNDS: usize = 21;

type Contestant<'a> = (&'static str, Box<dyn Fn() + 'a>);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("repository");
    make_repository(&root);
    // Files that were changed just now would be hashed again, as git does.
    std::thread::sleep(Duration::from_millis(100));
    let index_file = folder.path().join("index");
    let cold = folder.path().join("no index");
    let time = |name: &str, verify, index_file: &Path| {
        let started = Instant::now();
        let tree = take(&root, index_file, verify);
        let walked = started.elapsed();
        tree.compute_digests();
        tree.save_index().expect("a folder that may be written");
        println!(
            "{name}: walk {walked:.1?}, with contents {:.1?}",
            started.elapsed()
        );
    };
    time("first snapshot, nothing remembered", false, &index_file);
    time("second snapshot", false, &index_file);
    time("verify", true, &cold);

    let contestants: Vec<Contestant<'_>> = vec![
        (
            "snapshot",
            Box::new(|| drop(take(&root, &index_file, false))),
        ),
        (
            "snapshot with digests",
            Box::new(|| take(&root, &index_file, false).compute_digests()),
        ),
        (
            "git status",
            Box::new(|| run(&root, "git", &["status", "--porcelain"])),
        ),
        (
            "find",
            Box::new(|| run(&root, "find", &[".", "-newermt", "2100-01-01"])),
        ),
    ];
    let mut times = vec![Vec::new(); contestants.len()];
    for _ in 0..ROUNDS {
        for ((_, work), times) in contestants.iter().zip(&mut times) {
            let started = Instant::now();
            work();
            times.push(started.elapsed());
        }
    }
    let medians: Vec<Duration> = times.iter_mut().map(|times| median(times)).collect();
    for ((name, _), time) in contestants.iter().zip(&medians) {
        let ratio = medians[0].as_secs_f64() / time.as_secs_f64();
        println!("{name:22} {time:8.1?}   snapshot takes {ratio:.2} of it");
    }
}

fn take(root: &Path, index_file: &Path, verify: bool) -> towpath_host::Tree {
    let tree = snapshot(&SnapshotOptions {
        root,
        index_file,
        verify,
    })
    .expect("a readable tree");
    assert_eq!(tree.files().len(), FOLDERS * FILES_PER_FOLDER + 1);
    tree
}

fn make_repository(root: &Path) {
    for folder in 0..FOLDERS {
        let folder = root.join(format!("package_{}/module_{}", folder / 25, folder % 25));
        std::fs::create_dir_all(&folder).expect("a folder");
        for file in 0..FILES_PER_FOLDER {
            let text = format!("NAME = {file}\n").repeat(100);
            std::fs::write(folder.join(format!("file_{file}.py")), text).expect("a file");
        }
    }
    std::fs::write(root.join(".gitignore"), "*.pyc\n/build/\n__pycache__/\n").expect("a file");
    run(root, "git", &["init", "-q"]);
    run(root, "git", &["add", "."]);
    let author = ["-c", "user.name=a", "-c", "user.email=a@b"];
    run(
        root,
        "git",
        &[&author[..], &["commit", "-q", "-m", "all"]].concat(),
    );
}

fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null());
    assert!(command.status().expect("a program that starts").success());
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
