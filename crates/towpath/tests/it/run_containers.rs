//! `towpath run` with containers, by a program that stands for Docker: it notes what it is asked and answers
//! as Docker does. No engine runs on every machine that runs these tests, and none has images without a
//! network.

use std::os::unix::fs::PermissionsExt;

use crate::interruption::{is_running, wait_until};
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
            "network create --label",
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

/// Stands for Docker as well, and runs what is to run in a container on this machine, with the paths turned
/// back. It knows what was made and is not removed.
const ENGINE: &str = r#"#!/usr/bin/python3 -IS
import json, os, sys
words, place = sys.argv[1:], os.environ["CALLS"] + ".json"
try:
    state = json.load(open(place))
except FileNotFoundError:
    state = {"mounts": [], "left": {}}
values = lambda option: [words[i + 1] for i, word in enumerate(words) if word == option]
kind = " ".join(words[:2]) if words[0] == "network" else words[0]
if kind in ("create", "network create"):
    name = (values("--name") + words[-1:])[0]
    state["left"][name] = [kind, values("--label")[0]]
    state["mounts"] += [mount.split(":")[:2] for mount in values("-v")]
elif kind in ("ps", "network ls"):
    made, label = {"ps": "create"}.get(kind, "network create"), values("--filter")[0][len("label="):]
    print(*[name for name, own in state["left"].items() if own == [made, label]], sep="\n")
elif kind in ("rm", "network rm"):
    for word in words:
        state["left"].pop(word, None)
elif kind == "inspect":
    print("PATH=" + os.environ["PATH"])
elif kind == "exec":
    def outside(text):
        for here, there in sorted(state["mounts"], key=lambda pair: -len(pair[1])):
            text = text.replace(there, here)
        return text
    end = 2
    while words[end] in ("-e", "--workdir"):
        end += 2
    words, command = words[:end], words[end + 1:]
    given = [word.split("=", 1) if "=" in word else [word, os.environ[word]] for word in values("-e")]
    own = {name: outside(value) for name, value in given}
    os.chdir(outside(values("--workdir")[0]))
    os.execvpe(outside(command[0]), [outside(word) for word in command], {"PATH": os.environ["PATH"], **own})
with open(place, "w") as file:
    json.dump(state, file)
"#;

#[test]
fn node_actions_run_in_the_container_of_their_job() {
    let world = world(ENGINE);
    world.write(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    container: 'node:20'\n    steps:\n      \
         - uses: actions/checkout@v4\n      - id: act\n        uses: ./act\n        with: {some name: value}\n      \
         - run: echo \"out=${{ steps.act.outputs.out }}, var=$FROM_ACTION, $(cat left)\"\n",
    );
    world.write(
        "act/action.yml",
        "name: act\ninputs: {some name: {}}\nruns: {using: node20, main: main.js, post: post.js}\n",
    );
    world.write(
        "act/main.js",
        "const fs = require('fs');\nconst env = process.env;\n\
         fs.appendFileSync(env.GITHUB_OUTPUT, 'out=' + env.INPUT_SOME_NAME + '\\n');\n\
         fs.appendFileSync(env.GITHUB_ENV, 'FROM_ACTION=told\\n');\n\
         fs.appendFileSync(env.GITHUB_STATE, 'kept=' + (process.cwd() === env.GITHUB_WORKSPACE) + '\\n');\n\
         fs.writeFileSync('left', 'a file');\n",
    );
    world.write(
        "act/post.js",
        "console.log('kept ' + process.env.STATE_kept);\n",
    );
    world.commit("an action");
    let run = world.towpath(&["run"]);
    let log = world.towpath(&["logs", "test"]).stdout;
    assert_eq!(run.code, Some(0), "{run}\n{log}");
    assert!(log.contains("\nout=value, var=told, a file\n"), "{log}");
    assert!(log.contains("\nkept true\n"), "{log}");
    let left = fs_err::read_to_string(world.folder().join("calls.json")).expect("a state");
    assert!(left.contains(r#""left": {}"#), "{left}");
}

#[test]
fn containers_of_a_killed_run_go_with_the_next() {
    let world = world(ENGINE);
    let file = ".github/workflows/ci.yml";
    world.write(
        file,
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    container: 'node:20'\n    \
         services: {redis: {image: redis}}\n    steps:\n      - run: sleep 300.0451\n",
    );
    let left = || fs_err::read_to_string(world.folder().join("calls.json")).expect("a state");
    let mut towpath = world.started(&["run"]);
    wait_until("the step sleeps", || is_running("300.0451"));
    towpath.kill().expect("it runs");
    towpath.wait().expect("it ends");
    wait_until("the sleeping ends", || !is_running("300.0451"));
    assert_eq!(left().matches("_job").count(), 1, "{}", left());
    let strange = r#""left": {"strange": ["create", "towpath.run=1"]"#;
    let also = left().replace(r#""left": {"#, &format!("{strange}, "));
    fs_err::write(world.folder().join("calls.json"), also).expect("a state");
    world.replace(file, "    container: 'node:20'\n", "");
    world.replace(file, "    services: {redis: {image: redis}}\n", "");
    world.replace(file, "sleep 300.0451", "true");
    assert_eq!(world.towpath(&["run"]).code, Some(0));
    assert!(left().contains(&format!("{strange}}}")), "{}", left());
}
