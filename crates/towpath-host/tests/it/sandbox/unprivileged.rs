//! The sandbox of a user who is not root. Run by root, these tests become `nobody`; run by anybody else,
//! the other tests have tried it already.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use towpath_host::sandbox::{CommandOutcome, CommandSpec, Level, Mount, Observation};

use super::support::{Bench, not_tried, program, shell};

const NOBODY: u32 = 65534;

/// Runs a command as nobody; `None` when that cannot be tried here.
fn as_nobody(
    bench: &Bench,
    command: &CommandSpec,
) -> Option<(String, CommandOutcome, Observation)> {
    let own_program = bench.folder.path().join("towpath");
    fs::copy(program(), &own_program).unwrap();
    let job = bench.as_file(command);
    if !give_away(bench.folder.path()) || detected(&own_program)? != Level::Namespaces.to_string() {
        not_tried("only root becomes nobody, where namespaces are to be had");
        return None;
    }
    let output = nobody(&own_program).arg("run").arg(&job).output().ok()?;
    let complaint = String::from_utf8(output.stderr).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let observation = serde_json::from_str(lines.pop().expect(&complaint)).unwrap();
    let outcome = serde_json::from_str(lines.pop().unwrap()).unwrap();
    Some((lines.join("\n"), outcome, observation))
}

fn detected(program: &Path) -> Option<String> {
    let output = nobody(program).arg("detect").output().ok()?;
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

fn nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(["--inh-caps=-all", "--no-new-privs"])
        .arg(program);
    command
}

/// Makes nobody the owner of a folder and all in it; returns whether that is allowed.
fn give_away(folder: &Path) -> bool {
    let mut folders = vec![folder.to_owned()];
    while let Some(path) = folders.pop() {
        if chown(&path, Some(NOBODY), Some(NOBODY)).is_err() {
            return false;
        }
        if path.is_dir() {
            fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
            folders.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    true
}

#[test]
fn an_ordinary_user_has_the_whole_sandbox() {
    let mut bench = Bench::new(Level::Namespaces);
    bench.file("project/read", "text");
    bench.file("project/removed", "text");
    let project = bench.folder("project");
    let upper = bench.overlay(&project);
    bench.sandbox.observe = vec![project.clone()];
    let script = format!(
        "cd {}; cat read; echo; echo 1 > made; rm removed; ls; id -u; grep -E 'Cap(Prm|Eff|Bnd)|NoNewPrivs' /proc/self/status; \
         (echo 1 > /etc/x) 2>/dev/null || echo closed; cat {} 2>/dev/null || echo absent; \
         echo 1 > /tmp/x; echo 1 > ~/x; setsid sleep 100 &",
        project.display(),
        bench.folder.path().join("job.json").display(),
    );
    let Some((output, outcome, observation)) = as_nobody(&bench, &shell(&script)) else {
        return;
    };
    assert_eq!(
        output.lines().collect::<Vec<_>>(),
        [
            "text",
            "made",
            "read",
            "65534",
            "CapPrm:\t0000000000000000",
            "CapEff:\t0000000000000000",
            "CapBnd:\t0000000000000000",
            "NoNewPrivs:\t1",
            "closed",
            "absent",
        ]
    );
    assert!(outcome.left_behind >= 1);
    assert_eq!(observation.opened, [project.join("read")].into());
    assert!(observation.complete && !observation.network_tried);
    assert_eq!(fs::read_to_string(upper.join("made")).unwrap(), "1\n");
    assert!(project.join("removed").exists());
    assert_eq!(
        fs::read_dir(bench.folder.path().join("work"))
            .unwrap()
            .count(),
        0,
        "an ordinary removal must succeed"
    );
}

#[test]
fn an_ordinary_users_fork_bomb_meets_a_limit() {
    let mut bench = Bench::new(Level::Namespaces);
    bench.sandbox.processes = 400;
    let script = "grep processes /proc/self/limits; i=0; while [ $i -lt 1000 ]; do sleep 100 > /dev/null 2>&1 & i=$((i+1)); done";
    let Some((output, outcome, _)) = as_nobody(&bench, &shell(script)) else {
        return;
    };
    assert!(output.contains(" 400 "), "{output}");
    assert!(outcome.left_behind < 400, "{outcome:?}");
}

#[test]
fn an_ordinary_users_attempt_to_reach_the_network_is_seen() {
    let bench = Bench::new(Level::Namespaces);
    let command = shell("getent ahosts example.org; exit 0");
    if let Some((_, _, observation)) = as_nobody(&bench, &command) {
        assert!(observation.network_tried);
    }
}

/// As in a container, whose own files are an overlay that can hold no other overlay's writes.
#[test]
fn an_overlay_on_an_overlay_is_taken_in_memory_and_copied_out() {
    let mut bench = Bench::new(Level::Namespaces);
    let nest = bench.folder("nest");
    for name in ["scratch", "upper", "work"] {
        bench.folder(&format!("nest/{name}"));
    }
    bench.file("nest/project/kept", "1");
    bench.file("nest/project/removed", "1");
    fs::copy(program(), nest.join("towpath")).unwrap();
    let mut inner = bench.sandbox.clone();
    inner.scratch = nest.join("scratch");
    inner.mounts = vec![Mount::Overlay {
        lower: vec![nest.join("project")],
        upper: nest.join("upper"),
        work: nest.join("work"),
        target: "/home/job/project".into(),
    }];
    let inside = shell(
        "cd ~/project && rm removed && echo 2 > made && mkdir sub && ln -s made sub/link && ls",
    );
    bench.file(
        "nest/inner.json",
        &serde_json::to_string(&(inner, inside)).unwrap(),
    );
    let upper = bench.overlay(&nest);
    let script = format!("{0}/towpath run {0}/inner.json", nest.display());
    let Some((output, ..)) = as_nobody(&bench, &shell(&script)) else {
        return;
    };
    assert!(output.starts_with("kept\nmade\nsub\n"), "{output}");
    assert_eq!(fs::read_to_string(upper.join("upper/made")).unwrap(), "2\n");
    assert_eq!(
        fs::read_link(upper.join("upper/sub/link")).unwrap(),
        Path::new("made")
    );
}
