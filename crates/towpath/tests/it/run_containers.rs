//! `towpath run` with containers, by a program that stands for Docker: it notes what it is asked and answers
//! as Docker does. No engine runs on every machine that runs these tests, and none has images without a
//! network.

use std::os::unix::fs::PermissionsExt;

use crate::world::World;

const DOCKER: &str = r#"#!/bin/sh
echo "$@" | sed 's/github_[0-9a-f]*_[0-9]*_[0-9]*/JOB/g' >> "$CALLS"
case "$1" in
  port) echo '6379/tcp -> 0.0.0.0:49153' ;;
  image) exit 1 ;;
  inspect)
    case "$3" in
      *Health*) echo healthy ;;
      *) echo PATH=/image/bin ;;
    esac ;;
  exec|run) echo "in the container: $GREETING" ;;
esac
"#;

const WORKFLOW: &str = "\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    container: {image: 'python:3.12', env: {A: b}}
    services:
      redis: {image: redis, ports: [6379], options: '--health-cmd \"redis-cli ping\"'}
    steps:
      - run: echo ${{ job.services.redis.ports['6379'] }}
        env: {GREETING: hello}
      - uses: docker://alpine:3
        with: {args: echo 1}
";

fn world(docker: &str) -> World {
    let mut world = World::offline();
    let folder = world.folder().join("programs");
    fs_err::create_dir(&folder).expect("a folder");
    for name in ["docker", "podman"] {
        let file = folder.join(name);
        fs_err::write(&file, docker).expect("a file");
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a file");
    }
    let path = format!("{}:{}", folder.display(), world.environment()["PATH"]);
    let calls = world.folder().join("calls").display().to_string();
    world.set("PATH", &path);
    world.set("CALLS", &calls);
    world.write(".github/workflows/ci.yml", WORKFLOW);
    world.commit("first");
    world
}

#[test]
fn job_has_its_container_and_services_until_it_ends() {
    let world = world(DOCKER);
    let run = world.towpath(&["run"]);
    assert_eq!(run.code, Some(0), "{run}");
    let log = world.towpath(&["logs", "test"]).stdout;
    assert!(
        log.contains("echo 49153\nin the container: hello\n"),
        "{log}"
    );
    let calls = fs_err::read_to_string(world.folder().join("calls")).expect("calls");
    let begins = |call: &str| -> String {
        let words = call.split(' ').take(3);
        words.collect::<Vec<_>>().join(" ")
    };
    let calls: Vec<String> = calls.lines().map(begins).collect();
    assert_eq!(
        calls,
        [
            "version",
            "network create JOB",
            "image inspect redis",
            "pull redis",
            "create --name JOB_redis",
            "start JOB_redis",
            "port JOB_redis",
            "image inspect python:3.12",
            "pull python:3.12",
            "create --name JOB_job",
            "start JOB_job",
            "inspect --format {{range",
            "inspect --format {{if",
            "exec -i --workdir",
            "image inspect alpine:3",
            "pull alpine:3",
            "run --rm --name",
            "rm --force --volumes",
            "rm --force --volumes",
            "network rm JOB",
        ]
    );
}

#[test]
fn containers_are_refused_where_nothing_runs_them() {
    let world = world("#!/bin/sh\necho 'cannot reach the daemon' >&2\nexit 1\n");
    let run = world.towpath(&["run"]);
    assert_eq!(run.code, Some(2), "{run}");
    for said in [
        "the job has `container`, and podman does not work: cannot reach the daemon",
        "`docker://alpine:3` runs in a container, and podman does not work",
        ".github/workflows/ci.yml:5:24",
    ] {
        assert!(run.stderr.contains(said), "{said}\n{run}");
    }
}
