//! What a check can read is what its verdict depends on: an undeclared read fails, or the verdict is
//! not taken again.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use towpath_report::{Conclusion, writers};

use crate::world::{Run, TOWPATH, World};

/// Runs the tests of the sound project with one more, whose body is given.
fn check_tests(world: &World, body: &str) -> Run {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    let imports = "import os\nimport socket\nfrom pathlib import Path\n\n\n";
    world.write(
        "tests/test_planted.py",
        format!("{imports}def test_planted():\n{body}"),
    );
    world.check("tests")
}

/// Asserts that the planted test failed where the verdict without the read would be green.
fn assert_planted_failed(run: &Run) {
    let failed = run.failed_tests();
    assert_eq!(run.code, Some(1), "{}\n{:#?}", run.stderr, run.record.jobs);
    assert!(
        failed.len() == 1 && failed[0].starts_with("tests tests/test_planted.py:"),
        "{failed:?}"
    );
}

/// Writes a file beside the repository and returns its path.
fn outside(world: &World, name: &str, text: &str) -> String {
    let path = world.folder().join(name);
    fs_err::write(&path, text).expect("the temporary folder can be written");
    fs_err::canonicalize(path)
        .expect("it was just written")
        .display()
        .to_string()
}

#[test]
fn index_tests_cannot_read_the_home_folder() {
    let world = World::with_index("sound");
    fs_err::write(world.folder().join("home/answer"), "42").expect("the home folder");
    assert_planted_failed(&check_tests(
        &world,
        "assert (Path.home() / \"answer\").read_text() == \"42\"",
    ));
    let path = world.folder().join("home/answer");
    assert_planted_failed(&check_tests(
        &world,
        &format!("assert Path({path:?}).read_text() == \"42\""),
    ));
}

/// Returns a file of whoever runs the tests, where there is one.
fn file_at_home() -> Option<PathBuf> {
    let entries = fs_err::read_dir(std::env::home_dir()?).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.into_iter().find(|path| path.is_file())
}

#[test]
fn index_tests_cannot_tell_the_machine() {
    let world = World::with_index("sound");
    let mut places = ["/var/log", "/run/utmp", "/srv", "/sys"]
        .map(PathBuf::from)
        .to_vec();
    places.extend(file_at_home());
    let body = format!(
        "assert not [path for path in {places:?} if os.path.exists(path)]\n\
         hostname = Path(\"/etc/hostname\")\n\
         assert not hostname.is_file() or hostname.read_text() == \"localhost\\n\"\n\
         assert socket.gethostname() == \"localhost\"\n\
         assert socket.gethostbyname(\"localhost\") == \"127.0.0.1\""
    );
    let run = check_tests(&world, &body);
    assert_eq!(run.code, Some(0), "{:#?}", run.job("tests").result.tests);
}

#[test]
fn index_tests_cannot_read_beside_the_repository() {
    let world = World::with_index("sound");
    let path = outside(&world, "answer", "42");
    assert_planted_failed(&check_tests(
        &world,
        &format!("assert Path({path:?}).read_text() == \"42\""),
    ));
    let relative = "assert Path(__file__, \"../../../answer\").resolve().read_text() == \"42\"";
    assert_planted_failed(&check_tests(&world, relative));
}

#[test]
fn index_tests_see_no_variable_of_the_shell() {
    let mut world = World::with_index("sound");
    world.set("ANSWER", "42");
    assert_planted_failed(&check_tests(
        &world,
        "assert os.environ.get(\"ANSWER\") == \"42\"",
    ));
    world.append(
        "pyproject.toml",
        "\n[tool.towpath.tests.environment]\nANSWER = \"42\"\n",
    );
    assert_eq!(world.check("tests").code, Some(0));
    world.replace("pyproject.toml", "ANSWER = \"42\"", "ANSWER = \"43\"");
    assert_planted_failed(&world.check("tests"));
}

#[test]
fn index_tests_that_reach_the_network_are_not_reused() {
    let world = World::with_index("sound");
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("an address").port();
    let body = format!(
        "try:\n    socket.create_connection((\"192.0.2.1\", 9), timeout=0.2)\nexcept OSError:\n    pass\n\
         socket.create_connection((\"127.0.0.1\", {port}), timeout=5)"
    );
    let first = check_tests(&world, &body);
    let job = first.job("tests");
    assert_eq!(job.conclusion, Conclusion::Success, "{job:#?}");
    assert!(
        job.result.notes.iter().any(|note| note.contains("network")),
        "{:?}",
        job.result.notes
    );
    assert_eq!(world.check("tests").fresh(), ["tests"]);
}

#[test]
fn index_tests_have_their_own_loopback() {
    let world = World::with_index("sound");
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("an address").port();
    let body = format!(
        "server = socket.create_server((\"127.0.0.1\", 0))\n\
         socket.create_connection(server.getsockname(), timeout=5)\n\
         try:\n    socket.create_connection((\"127.0.0.1\", {port}), timeout=5)\n\
         except ConnectionRefusedError:\n    return\n\
         raise AssertionError(\"the machine's own loopback\")"
    );
    let run = check_tests(&world, &body);
    assert_eq!(run.code, Some(0), "{:#?}", run.job("tests").result.tests);
    assert!(world.check("tests").fresh().is_empty());
}

#[test]
fn index_what_tests_write_stays_out_of_the_tree() {
    let world = World::with_index("sound");
    let body = "Path(\"written.txt\").write_text(\"1\")\nPath(__file__).with_name(\"beside.txt\").write_text(\"1\")";
    assert_eq!(check_tests(&world, body).code, Some(0));
    assert!(!world.root().join("written.txt").exists());
    assert!(!world.root().join("tests/beside.txt").exists());
    assert!(!world.root().join("tests/__pycache__").exists());
    assert!(world.check("tests").fresh().is_empty());
}

#[test]
fn index_build_cannot_read_beside_the_repository() {
    let world = World::with_index("sound");
    let path = outside(&world, "secret.py", "NAME = 'x'\n");
    world.append("pyproject.toml", "\n[tool.hatch.build.hooks.custom]\n");
    let hook = format!(
        "from hatchling.builders.hooks.plugin.interface import BuildHookInterface\n\n\n\
         class Hook(BuildHookInterface):\n    def initialize(self, version, build_data):\n        open({path:?}).read()\n"
    );
    world.write("hatch_build.py", hook);
    let run = world.check("build");
    assert_eq!(
        (run.red(), run.code),
        (vec!["build"], Some(1)),
        "{:#?}",
        run.record.jobs
    );
    assert!(
        run.job("build").result.findings[0]
            .message
            .contains("No such file")
    );
}

#[test]
fn index_docs_cannot_read_beside_the_repository() {
    let world = World::with_index("sound");
    let path = outside(&world, "secret.py", "");
    world.write("mkdocs.yml", "site_name: demo\nhooks: [hook.py]\n");
    world.write("docs/index.md", "# demo\n");
    world.write(
        "hook.py",
        format!("def on_config(config):\n    open({path:?}).read()\n"),
    );
    world.append(
        ".github/workflows/ci.yml",
        "      - run: mkdocs build --strict\n",
    );
    let run = world.check("docs");
    assert_ne!(run.code, Some(0), "{:#?}", run.record.jobs);
    assert_eq!(run.red(), ["docs"]);
}

#[test]
fn index_linters_cannot_read_beside_the_repository() {
    let world = World::with_index("sound");
    let path = outside(&world, "ruff.toml", "lint.ignore = [\"F401\"]\n");
    world.replace(
        "src/demo/__init__.py",
        "\n\n\ndef",
        "\n\nimport os\n\n\ndef",
    );
    assert_eq!(world.check("lint").red(), ["lint"]);
    world.replace(
        "pyproject.toml",
        "[tool.ruff]",
        &format!("[tool.ruff]\nextend = {path:?}"),
    );
    for check in ["lint", "format"] {
        let run = world.check(check);
        assert_eq!(run.red(), [check], "{:#?}", run.record.jobs);
        assert_ne!(run.code, Some(0));
    }
}

#[test]
fn index_type_checkers_cannot_read_beside_the_repository() {
    let world = World::with_index("sound");
    let path = outside(&world, "elsewhere.py", "ANSWER: int = 42\n");
    let folder = path.trim_end_matches("/elsewhere.py");
    world.replace(
        "pyproject.toml",
        "strict = true",
        &format!("strict = true\nmypy_path = {folder:?}"),
    );
    world.append(
        "src/demo/__init__.py",
        "\n\nfrom elsewhere import ANSWER  # noqa\n\nprint(ANSWER)\n",
    );
    let run = world.check("types");
    assert_eq!(
        (run.red(), run.code),
        (vec!["types"], Some(1)),
        "{:#?}",
        run.record.jobs
    );
    assert_eq!(
        run.findings(),
        ["types import-not-found src/demo/__init__.py:9"]
    );
}

#[test]
fn index_scanners_follow_no_link_out_of_the_repository() {
    let world = World::with_index("sound");
    let key = ["AKIA", "IOSFODNN7", "EXAMPLF"].concat();
    let path = outside(
        &world,
        "linked.py",
        &format!("import os, pickle  # {key}\npickle.loads(b'')\n"),
    );
    std::os::unix::fs::symlink(path, world.root().join("src/demo/linked.py")).expect("a link");
    for check in ["lint", "format", "types", "security", "secrets"] {
        let run = world.check(check);
        let read: Vec<String> = run
            .findings()
            .into_iter()
            .filter(|finding| {
                ["F401", "B403", "B301", "AWS", "unformatted"]
                    .iter()
                    .any(|rule| finding.contains(rule))
            })
            .collect();
        assert_eq!(
            read,
            Vec::<String>::new(),
            "{check}: {:#?}",
            run.record.jobs
        );
    }
}

#[test]
fn index_own_checks_read_the_repository_and_nothing_else() {
    let world = World::with_index("sound");
    let path = outside(&world, "answer", "42");
    let mut settings = fs_err::OpenOptions::new()
        .append(true)
        .open(world.root().join("pyproject.toml"))
        .expect("the manifest");
    writeln!(
        settings,
        "\n[tool.towpath.checks.inside]\ncommand = [\"python\", \"-c\", \"open('README.md').read()\"]\n\n\
         [tool.towpath.checks.outside]\ncommand = [\"python\", \"-c\", \"open('{path}').read()\"]"
    )
    .expect("the manifest can be written");
    assert_eq!(world.check("inside").code, Some(0));
    assert_eq!(world.check("outside").code, Some(1));
    assert!(world.check("inside").fresh().is_empty());
    world.append("README.md", "More words.\n");
    assert_eq!(world.check("inside").fresh(), ["inside"]);
}

#[test]
fn index_without_a_sandbox_nothing_is_reused() {
    let world = World::with_index("sound");
    let lint = |arguments: &[&str]| world.recorded(&[&["check", "lint"], arguments].concat());
    assert_eq!(lint(&["--no-sandbox"]).fresh(), ["lint"]);
    assert_eq!(lint(&["--no-sandbox"]).fresh(), ["lint"]);
    assert_eq!(lint(&[]).fresh(), ["lint"]);
    assert!(lint(&[]).fresh().is_empty());
}

/// Answers every question for the time with the same hour of the next day.
const TOMORROW: &str = r"
#define _GNU_SOURCE
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    int answer = syscall(SYS_clock_gettime, clock, time);
    if (answer == 0 && clock == CLOCK_REALTIME) time->tv_sec += 24 * 60 * 60;
    return answer;
}
";

/// Lets the commands that follow live one day later.
fn move_to_tomorrow(world: &mut World) {
    let source = outside(world, "tomorrow.c", TOMORROW);
    let library = source.replace(".c", ".so");
    let mut compiler = world.command(Path::new("cc"));
    compiler.args(["-shared", "-fPIC", "-o", &library, &source]);
    let status = compiler
        .status()
        .expect("a C compiler, which Rust links with");
    assert!(status.success(), "the library is compiled");
    world.set("LD_PRELOAD", &library);
}

#[test]
fn index_what_can_read_the_clock_runs_again_on_another_day() {
    let mut world = World::with_index("sound");
    let first = world.ci(&[]);
    assert_eq!(first.code, Some(0), "{:#?}", first.record.jobs);
    assert_eq!(world.ci(&[]).fresh(), Vec::<&str>::new());
    move_to_tomorrow(&mut world);
    let tomorrow = world.ci(&[]);
    let fresh = tomorrow.fresh();
    for check in ["build", "coverage", "tests", "types", "wheel"] {
        assert!(fresh.contains(&check), "{check} of {fresh:?}");
    }
    assert!(!fresh.contains(&"workflows"), "{fresh:?}");
    assert_eq!(world.ci(&[]).fresh(), Vec::<&str>::new());
}

/// Returns the names of the parts of a job's key.
pub(crate) fn key_parts(world: &World, job: &str) -> Vec<String> {
    let told = world.towpath(&["explain", job, "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    let parts = told["jobs"][0]["depends_on"]["parts"]
        .as_array()
        .expect("a key");
    let name = |part: &serde_json::Value| part["name"].as_str().map(str::to_owned);
    parts.iter().filter_map(name).collect()
}

#[test]
fn index_tests_that_look_at_the_history_run_again_after_a_commit() {
    let world = World::with_index("sound");
    world.commit("start");
    let body = "git = Path(__file__).parent.parent / \".git\"\nassert (git / \"HEAD\").is_file()";
    assert_eq!(check_tests(&world, body).code, Some(0));
    world.commit("nobody looks at the history");
    assert!(world.check("tests").fresh().is_empty());

    let body = format!("{body}\nassert (git / \"HEAD\").read_text() != \"\"");
    assert_eq!(check_tests(&world, &body).code, Some(0));
    assert!(world.check("tests").fresh().is_empty());
    world.commit("somebody looks at the history");
    assert_eq!(world.check("tests").fresh(), ["tests"]);
    assert!(world.check("tests").fresh().is_empty());
    world.append(
        "README.md",
        "Whether the tree is clean is told by all files.\n",
    );
    assert_eq!(world.check("tests").fresh(), ["tests"]);
}

#[test]
fn index_linked_working_tree_has_a_history_too() {
    let world = World::with_index("sound");
    world.commit("start");
    let main = world.folder().join("main");
    fs_err::rename(world.root(), &main).expect("both lie in one folder");
    fs_err::create_dir(world.root()).expect("it was just moved away");
    let (main, linked) = (main.to_string_lossy(), world.root().to_string_lossy());
    let add = ["worktree", "add", "--quiet", "-b", "linked"];
    world.git(&[&["-C", &main][..], &add, &[&linked]].concat());
    let body = "import subprocess\nassert subprocess.check_output([\"git\", \"log\"], cwd=Path(__file__).parent)";
    let first = check_tests(&world, body);
    assert_eq!(first.code, Some(0), "{:#?}", first.job("tests"));
    assert!(world.check("tests").fresh().is_empty());
    world.commit("somebody looks at the history");
    assert_eq!(world.check("tests").fresh(), ["tests"]);
}

#[test]
fn index_what_the_installation_reads_is_an_input_of_tests() {
    let world = World::with_index("sound");
    // What asks git for the version has git look at every file.
    world.write(
        "pyproject.toml",
        "[build-system]\nrequires = [\"setuptools\", \"setuptools-scm\"]\nbuild-backend = \"setuptools.build_meta\"\n",
    );
    let setup = "from setuptools import setup\n\n\
                 words = open(\"keywords.txt\").read().split()\n\
                 setup(name=\"demo\", version=\"1.0\", package_dir={\"\": \"src\"}, packages=[\"demo\"], keywords=words)\n";
    world.write("setup.py", setup);
    world.write("keywords.txt", "one\n");
    world.commit("start");
    let body = "from importlib.metadata import metadata\nassert metadata(\"demo\")[\"Keywords\"] == \"one\"";
    let first = check_tests(&world, body);
    assert_eq!(
        first.code,
        Some(0),
        "{}\n{:#?}",
        first.stderr,
        first.record.jobs
    );
    assert!(world.check("tests").fresh().is_empty());
    world.write("keywords.txt", "two\n");
    assert_planted_failed(&world.check("tests"));
}

#[test]
fn index_tests_leave_nothing_for_the_next_run() {
    let world = World::with_index("sound");
    let body = "mounts = [Path(line.split()[1]) for line in open(\"/proc/self/mounts\")]\n\
                folders = mounts + [Path.home(), Path.cwd(), Path(os.__file__).parent, Path(socket.__file__).parent]\n\
                traces = [folder / \"trace-of-a-test\" for folder in folders if folder.is_dir()]\n\
                assert not [trace for trace in traces if trace.exists()]\n\
                for trace in traces:\n    try:\n        trace.write_text(\"\")\n    except OSError:\n        pass";
    assert_eq!(check_tests(&world, body).code, Some(0));
    let again = world.recorded(&[
        "check",
        "tests",
        "--python",
        &world.python().to_string(),
        "--force",
    ]);
    assert_eq!(
        again.code,
        Some(0),
        "{:#?}",
        again.job("tests").result.tests
    );
}

#[test]
fn index_plugins_of_linters_and_type_checkers_are_code_of_the_project() {
    let world = World::with_index("sound");
    let path = outside(&world, "answer", "42");
    world.replace(
        "pyproject.toml",
        "strict = true",
        "strict = true\nplugins = [\"plugin.py\"]",
    );
    let plugin = |path: &str| {
        format!(
            "from mypy.plugin import Plugin\n\nopen({path:?}).read()\n\n\ndef plugin(version: str) -> type[Plugin]:\n    return Plugin\n"
        )
    };
    world.write("plugin.py", plugin("README.md"));
    let inside = world.check("types");
    assert_eq!(inside.code, Some(0), "{:#?}", inside.record.jobs);
    assert!(key_parts(&world, "types").contains(&"date".to_owned()));
    assert!(world.check("types").fresh().is_empty());
    world.append("README.md", "More words.\n");
    assert_eq!(world.check("types").fresh(), ["types"]);
    world.write("plugin.py", plugin(&path));
    assert_ne!(world.check("types").code, Some(0));

    world.replace(".github/workflows/ci.yml", "ruff check\n", "pylint src\n");
    let hook = |path: &str| format!("[MAIN]\ninit-hook=open({path:?}).read()\n");
    world.write(".pylintrc", hook("README.md"));
    assert_eq!(world.check("lint").code, Some(0));
    assert!(key_parts(&world, "lint").contains(&"date".to_owned()));
    world.append("README.md", "More words.\n");
    assert_eq!(world.check("lint").fresh(), ["lint"]);
    world.write(".pylintrc", hook(&path));
    assert_ne!(world.check("lint").code, Some(0));
}

#[test]
fn index_own_checks_see_neither_variables_nor_network() {
    let mut world = World::with_index("sound");
    world.set("ANSWER", "42");
    let check = |name: &str, code: &str| {
        format!("\n[tool.towpath.checks.{name}]\ncommand = [\"python\", \"-c\", \"{code}\"]\n")
    };
    world.append(
        "pyproject.toml",
        &check("variables", "import os; assert 'ANSWER' not in os.environ"),
    );
    world.append(
        "pyproject.toml",
        &check(
            "network",
            "import socket; socket.create_connection(('192.0.2.1', 9), timeout=2)",
        ),
    );
    assert_eq!(world.check("variables").code, Some(0));
    assert_eq!(world.check("network").code, Some(1));
    assert!(key_parts(&world, "variables").contains(&"date".to_owned()));
}

/// Returns how each job ended, by what, and all findings.
pub(crate) fn verdicts(run: &Run) -> (Vec<String>, Vec<String>) {
    let told = run.record.jobs.iter().map(|job| {
        let result = &job.result;
        let (summary, tests) = (&result.summary, result.tests.len());
        format!("{} {:?} {summary} {tests}", job.name, job.conclusion)
    });
    let mut told: Vec<String> = told.collect();
    told.sort_unstable();
    (told, run.findings())
}

/// Where nothing can be mounted, jobs run on copies; what they find is the same.
#[test]
fn index_verdicts_do_not_depend_on_the_sandbox() {
    let world = World::with_index("sound");
    let python = world.python().to_string();
    let closed = world.ci(&[]);
    let open = world.ci(&["--no-sandbox"]);
    assert_eq!(verdicts(&open), verdicts(&closed), "{}", open.stderr);
    // A user namespace in which no further namespace may be made, as in many containers.
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && \
        echo 0 > /proc/sys/user/max_mnt_namespaces && exec \"$@\"";
    let mut command = world.command(Path::new("unshare"));
    command.args([
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        script,
        "sh",
        TOWPATH,
    ]);
    command.args(["ci", "--python", &python, "--format", "json"]);
    let output = command.output().expect("unshare starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let limited = Run {
        code: output.status.code(),
        record: writers::json::read(&output.stdout).expect(&stderr),
        stderr,
    };
    assert_ne!(limited.record.sandbox, closed.record.sandbox);
    assert_eq!(verdicts(&limited), verdicts(&closed), "{}", limited.stderr);
    for run in [open, limited] {
        let jobs = run.record.jobs.iter();
        let reused = jobs.filter(|job| job.reused.is_some() && !job.commands.is_empty());
        assert_eq!(reused.count(), 0, "{}", run.stderr);
    }
}
