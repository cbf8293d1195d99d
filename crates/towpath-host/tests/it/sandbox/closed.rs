//! What a job can and cannot reach.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::PathBuf;

use towpath_host::sandbox::{CommandEnd, Error, Level, Mount, Refusal, Supervisor};

use super::support::{Bench, need_namespaces, program};

#[test]
fn shows_the_system_and_nothing_of_a_home() {
    need_namespaces!();
    let bench = Bench::new(Level::Namespaces);
    let secret = bench.file("secret.txt", "secret");
    let script = format!(
        "cat {} && echo readable; head -c4 /etc/passwd && echo; ls -A / /tmp /home/job /root /var",
        secret.display()
    );
    let (outcome, output, _) = bench.shell(&script);
    assert!(output.contains("No such file"), "{output}");
    assert!(!output.contains("readable"), "{output}");
    assert!(output.contains("root\n"), "{output}");
    assert!(output.contains("/home/job:\n\n"), "{output}");
    assert!(output.contains("/tmp:\n\n"), "{output}");
    assert!(output.contains("/var:\ntmp\n"), "{output}");
    assert_eq!(outcome.end, CommandEnd::Exited(2), "no /root: {output}");
}

#[test]
fn writes_only_where_it_may() {
    need_namespaces!();
    let mut bench = Bench::new(Level::Namespaces);
    let (sources, results) = (bench.folder("sources"), bench.folder("results"));
    bench.file("sources/a.py", "a");
    bench.sandbox.mounts = vec![
        Mount::ReadOnly {
            source: sources.clone(),
            target: PathBuf::from("/home/job/sources"),
        },
        Mount::Writable {
            source: results.clone(),
            target: results.clone(),
        },
        Mount::Tmp {
            target: PathBuf::from("/var/cache"),
        },
    ];
    let script = format!(
        "for place in /home/job/sources/b /home/job/sources/a.py /etc/x /usr/x /x /dev/x /proc/sys/kernel/hostname; do
             (echo 1 > $place) 2>/dev/null && echo wrote $place
         done
         mount -o remount,rw /usr 2>/dev/null && echo remounted
         for place in /home/job/x /tmp/x /var/tmp/x /var/cache/x /dev/shm/x /dev/null {}/x; do
             echo 1 > $place || echo refused $place
         done; cat /home/job/sources/a.py",
        results.display()
    );
    let (_, output, _) = bench.shell(&script);
    assert_eq!(output, "a");
    assert_eq!(fs::read_to_string(results.join("x")).unwrap(), "1\n");
    assert_eq!(fs::read_dir(&sources).unwrap().count(), 1);
}

#[test]
fn permissions_bind_root_too_but_not_in_files_of_others() {
    need_namespaces!();
    let script =
        "echo 1 > $HOME/closed; chmod 0 $HOME/closed; cat $HOME/closed 2>/dev/null || echo refused";
    let mut bench = Bench::new(Level::Namespaces);
    let folder = bench.folder("checkout");
    bench.sandbox.mounts = vec![Mount::Writable {
        source: folder.clone(),
        target: folder.clone(),
    }];
    assert_eq!(bench.shell(script).1, "refused\n");
    if chown(&folder, Some(65534), Some(65534)).is_ok() {
        assert_eq!(bench.shell(script).1, "1\n");
    }
}

#[test]
fn has_devices_processes_and_terminals_of_its_own() {
    need_namespaces!();
    let script = "head -c3 /dev/zero | od -An -c; echo $$; ls /proc | grep -c '^[0-9]'; \
                  echo words > /dev/stderr; hostname; : < /dev/tty";
    let (_, output, _) = Bench::new(Level::Namespaces).shell(script);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0].trim(), r"\0  \0  \0");
    assert!(lines[1].parse::<u32>().unwrap() < 10, "{output}");
    assert!(lines[2].parse::<u32>().unwrap() < 10, "{output}");
    assert_eq!(lines[3..5], ["words", "localhost"]);
    assert!(lines[5].contains("/dev/tty"), "{output}");
}

#[test]
fn keeps_writes_of_an_overlay_apart() {
    need_namespaces!();
    let mut bench = Bench::new(Level::Namespaces);
    bench.file("project, a:b/kept", "1");
    let project = bench.file("project, a:b/changed", "1");
    let project = project.parent().unwrap().to_owned();
    let upper = bench.overlay(&project);
    let script = format!(
        "cd '{0}' && echo 2 > changed && echo 3 > new && mkdir -p sub/sub && rm kept && ls",
        project.display()
    );
    let (outcome, output, _) = bench.shell(&script);
    assert_eq!(outcome.end, CommandEnd::Exited(0), "{output}");
    assert_eq!(output, "changed\nnew\nsub\n");
    assert_eq!(fs::read_to_string(project.join("changed")).unwrap(), "1");
    assert!(project.join("kept").exists() && !project.join("new").exists());
    assert_eq!(fs::read_to_string(upper.join("changed")).unwrap(), "2\n");
    assert_eq!(fs::read_to_string(upper.join("new")).unwrap(), "3\n");
    assert!(upper.join("sub/sub").is_dir());
    fs::remove_dir_all(bench.folder.path()).unwrap();
}

#[test]
fn overlays_several_folders_and_names_a_missing_one() {
    need_namespaces!();
    let mut bench = Bench::new(Level::Namespaces);
    bench.file("first/a", "first");
    bench.file("second/a", "second");
    bench.file("second/b", "second");
    let folder = |name: &str| bench.folder.path().join(name);
    let (first, second, missing) = (folder("first"), folder("second"), folder("missing"));
    let mut overlay = |lower: Vec<PathBuf>| {
        bench.sandbox.mounts = vec![Mount::Overlay {
            lower,
            upper: bench.folder("upper"),
            work: bench.folder("work"),
            target: PathBuf::from("/home/user/project"),
        }];
        Supervisor::start(program(), &bench.sandbox).map(drop)
    };
    overlay(vec![first.clone(), second]).unwrap();
    let error = overlay(vec![first, missing]).unwrap_err();
    assert!(
        matches!(&error, Error::Refused(Refusal::OverlayRefused { target, .. })
            if target == &PathBuf::from("/home/user/project")),
        "{error}"
    );
}

#[test]
fn hides_a_file_of_an_overlay_and_no_other() {
    need_namespaces!();
    let mut bench = Bench::new(Level::Namespaces);
    let project = bench.folder("project");
    bench.file("project/module.py", "source");
    bench.file("project/setup.py", "setup");
    bench.overlay(&project);
    for name in ["module.py", "absent.py"] {
        let target = project.join(name);
        bench.sandbox.mounts.push(Mount::Hidden { target });
    }
    let (_, output, _) = bench.shell(&format!("ls {}", project.display()));
    assert_eq!(output, "setup.py\n");
    assert!(project.join("module.py").exists());
}

#[test]
fn has_loopback_and_no_other_network() {
    need_namespaces!();
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = host.local_addr().unwrap().port();
    let script = format!(
        "import socket
with socket.create_server(('127.0.0.1', 0)) as server:
    socket.create_connection(server.getsockname(), 5).close()
    print('loopback works', socket.gethostbyname(socket.gethostname()))
try:
    socket.create_connection(('127.0.0.1', {port}), 5)
except ConnectionRefusedError:
    print('the host is not there')
"
    );
    let (_, output, observation) = python(&Bench::new(Level::Namespaces), &script);
    assert_eq!(output, "loopback works 127.0.0.1\nthe host is not there\n");
    assert!(!observation.network_tried);
}

#[test]
fn tells_of_attempts_to_reach_the_network() {
    need_namespaces!();
    let attempts = [
        "socket.create_connection(('192.0.2.1', 80), 5)",
        "socket.create_connection(('2001:db8::1', 80), 5)",
        "socket.getaddrinfo('example.org', 80)",
    ];
    for attempt in attempts {
        let script = format!(
            "import socket\ntry:\n    {attempt}\nexcept OSError as error:\n    print(error)\n"
        );
        let (_, output, observation) = python(&Bench::new(Level::Namespaces), &script);
        assert!(observation.network_tried, "{attempt}: {output}");
    }
}

#[test]
fn has_the_hosts_network_when_asked() {
    need_namespaces!();
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = host.local_addr().unwrap().port();
    let mut bench = Bench::new(Level::Namespaces);
    bench.sandbox.network = true;
    let script = format!(
        "import os, socket\nsocket.create_connection(('127.0.0.1', {port}), 5)\nprint(os.path.isfile('/etc/resolv.conf') or not os.path.islink('/etc/resolv.conf'))"
    );
    let (_, output, observation) = python(&bench, &script);
    assert_eq!(output, "True\n");
    assert!(!observation.network_tried);
}

#[test]
fn says_what_cannot_be_mounted() {
    need_namespaces!();
    let mut bench = Bench::new(Level::Namespaces);
    bench.sandbox.mounts = vec![Mount::ReadOnly {
        source: PathBuf::from("/nowhere/at/all"),
        target: PathBuf::from("/x"),
    }];
    let error = Supervisor::start(program(), &bench.sandbox).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot build the sandbox: find `/nowhere/at/all`: No such file or directory (os error 2)"
    );
}

/// Runs a script with the system's own Python.
fn python(
    bench: &Bench,
    script: &str,
) -> (
    towpath_host::sandbox::CommandOutcome,
    String,
    towpath_host::sandbox::Observation,
) {
    let mut job = bench.start();
    let (outcome, output) = job.run(&super::support::command(&[
        "/usr/bin/python3",
        "-c",
        script,
    ]));
    (outcome, output, job.0.finish().unwrap())
}
