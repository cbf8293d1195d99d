//! The rules where namespaces are closed: Landlock for files, seccomp for the network.

use std::fs;

use towpath_host::sandbox::{Error, Level, Mount, Refusal, Supervisor};

use super::support::{Bench, command, levels, not_tried, program};

fn bench() -> Option<Bench> {
    if levels().contains(&Level::LandlockSeccomp) {
        return Some(Bench::new(Level::LandlockSeccomp));
    }
    not_tried("this machine has no Landlock");
    None
}

#[test]
fn reads_and_writes_only_what_is_declared() {
    let Some(mut bench) = bench() else { return };
    let secret = bench.file("secret", "secret");
    let (sources, results) = (bench.folder("sources"), bench.folder("results"));
    bench.file("sources/a", "declared");
    bench.sandbox.mounts = vec![
        Mount::ReadOnly {
            source: sources.clone(),
            target: sources.clone(),
        },
        Mount::Writable {
            source: results.clone(),
            target: results.clone(),
        },
    ];
    let script = format!(
        "cat {0}/a; cat {1} 2>/dev/null && echo undeclared; head -c4 /etc/passwd; echo
         for place in {0}/x /etc/x /tmp/x {1}; do (echo 1 > $place) 2>/dev/null && echo wrote $place; done
         for place in {2}/x $HOME/x $TMPDIR/x /dev/null /dev/shm/towpath-$$; do
             echo 1 > $place || echo refused $place
         done; rm /dev/shm/towpath-$$",
        sources.display(),
        secret.display(),
        results.display()
    );
    let (_, output, observation) = bench.shell(&script);
    assert_eq!(output, "declaredroot\n");
    assert!(results.join("x").exists() && bench.sandbox.scratch.join("home/x").exists());
    assert!(observation.complete && !observation.network_tried);
}

#[test]
fn has_sockets_only_with_network() {
    let Some(mut bench) = bench() else { return };
    let script = "import socket
socket.socketpair()[0].close()
try:
    socket.socket().close()
    print('open')
except PermissionError:
    print('closed')
";
    for (network, expected) in [(false, "closed\n"), (true, "open\n")] {
        bench.sandbox.network = network;
        let (_, output) = bench
            .start()
            .run(&command(&["/usr/bin/python3", "-c", script]));
        assert_eq!(output, expected);
        fs::remove_dir_all(bench.sandbox.scratch.join("home")).unwrap();
    }
}

#[test]
fn refuses_what_needs_namespaces() {
    let mut bench = Bench::new(Level::LandlockSeccomp);
    let project = bench.folder("project");
    bench.overlay(&project);
    let error = Supervisor::start(program(), &bench.sandbox).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::Overlay(_))),
        "{error}"
    );
}
