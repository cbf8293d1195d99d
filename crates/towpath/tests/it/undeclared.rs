//! The same undeclared reads, planted in every check that runs code of the project: none succeeds, and what
//! can be read is an input.

use std::net::TcpListener;

use towpath_report::Conclusion;

use crate::soundness::{key_parts, verdicts};
use crate::world::{Run, World};

/// Tries all that no verdict may depend on, and ends with an error where anything could be read, or where
/// the repository asks for one.
const PROBE: &str = r#"
import os, pathlib, socket

def is_named(path):
    return os.path.isfile(path) and open(path).read() != "localhost\n"

reads = {
    "a file beside the repository": lambda: open("OUTSIDE").read(),
    "the home folder": lambda: (pathlib.Path.home() / "answer").read_text(),
    "a variable of the shell": lambda: os.environ.get("ANSWER"),
    "the name of the machine": lambda: socket.gethostname() != "localhost",
    "the file of that name": lambda: is_named("/etc/hostname"),
    "the network": lambda: socket.create_connection(("127.0.0.1", PORT), timeout=5),
}
found = []
for name, read in reads.items():
    try:
        if read():
            found.append(name)
    except OSError:
        pass
if found:
    raise AssertionError("could read " + ", ".join(found))
if CHECK in pathlib.Path(ROOT, "switch.txt").read_text().split():
    raise AssertionError("asked for")
"#;

/// Every check that runs code of the project and is reused.
const CHECKS: [&str; 8] = [
    "build", "docs", "lint", "own", "secrets", "tests", "types", "wheel",
];

/// Returns code that runs the probe; both are expressions of Python.
fn probe(root: &str, check: &str) -> String {
    format!("exec(open({root} + '/probe.txt').read(), {{'ROOT': {root}, 'CHECK': {check}}})")
}

fn plant(world: &World) {
    let here = |check: &str| probe("'.'", &format!("'{check}'"));
    world.append(
        ".github/workflows/ci.yml",
        "      - run: mkdocs build --strict\n",
    );
    world.replace(".github/workflows/ci.yml", "ruff check\n", "pylint src\n");
    world.write("mkdocs.yml", "site_name: demo\nhooks: [hook.py]\n");
    world.write("docs/index.md", "# demo\n");
    world.write(
        "hook.py",
        format!("def on_config(config):\n    {}\n", here("docs")),
    );
    world.write(".pylintrc", format!("[MAIN]\ninit-hook={}\n", here("lint")));
    world.replace(
        "pyproject.toml",
        "strict = true",
        "strict = true\nplugins = [\"plugin.py\"]",
    );
    world.write(
        "plugin.py",
        format!(
            "from mypy.plugin import Plugin\n\n{}\n\n\ndef plugin(version):\n    return Plugin\n",
            here("types")
        ),
    );
    world.append(
        "pyproject.toml",
        &format!(
            "\n[tool.hatch.build.hooks.custom]\n\n[tool.towpath.checks.own]\ncommand = [\"python\", \"-c\", \"{}\"]\n",
            here("own")
        ),
    );
    let baseline = r#"{"version": "1.5.0", "filters_used": [], "results": {},
        "plugins_used": [{"name": "Planted", "path": "file://detector.py"}]}"#;
    world.write(".secrets.baseline", baseline);
    world.write(
        "detector.py",
        format!(
            "import re\n\nfrom detect_secrets.plugins.base import RegexBasedDetector\n\n{}\n\n\n\
             class Planted(RegexBasedDetector):\n    secret_type = 'Planted'\n    \
             denylist = [re.compile('no-[s]uch-text')]\n",
            here("secrets")
        ),
    );
    // The project is installed for editing by the same backend, which is none of the check's.
    world.write(
        "hatch_build.py",
        format!(
            "from hatchling.builders.hooks.plugin.interface import BuildHookInterface\n\n\n\
             class Hook(BuildHookInterface):\n    def initialize(self, version, build_data):\n        \
             if version == 'standard':\n            {}\n",
            probe("self.root", "'build'")
        ),
    );
    world.write(
        "tests/test_planted.py",
        format!(
            "import pathlib\n\nimport demo\n\nROOT = str(pathlib.Path(__file__).parents[1])\n\n\n\
             def test_planted():\n    check = 'wheel' if 'site-packages' in demo.__file__ else 'tests'\n    {}\n",
            probe("ROOT", "check")
        ),
    );
}

/// Returns which of the checks did not pass, sorted.
fn red(run: &Run) -> Vec<&'static str> {
    let is_red = |check: &&str| {
        let job = run.job(check);
        !matches!(job.conclusion, Conclusion::Success | Conclusion::Neutral)
    };
    CHECKS.into_iter().filter(is_red).collect()
}

#[test]
fn index_no_check_reads_what_its_verdict_does_not_depend_on() {
    let mut world = World::with_index("sound");
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("an address").port();
    let outside = world.folder().join("answer");
    fs_err::write(&outside, "42").expect("the temporary folder can be written");
    fs_err::write(world.folder().join("home/answer"), "42").expect("the home folder");
    world.set("ANSWER", "42");
    let probe = PROBE
        .replace("OUTSIDE", &outside.display().to_string())
        .replace("PORT", &port.to_string());
    world.write("probe.txt", probe);
    world.write("switch.txt", "");
    plant(&world);

    let run = world.ci(&[]);
    assert_eq!(red(&run), Vec::<&str>::new(), "{:#?}", run.record.jobs);
    for check in CHECKS {
        assert!(
            key_parts(&world, &run.job(check).name).contains(&"date".to_owned()),
            "{check}"
        );
    }
    assert_eq!(world.ci(&[]).fresh(), Vec::<&str>::new());

    let others = ["docs", "lint", "own", "secrets", "tests", "types", "wheel"];
    world.write("switch.txt", others.join(" "));
    let run = world.ci(&[]);
    assert_eq!(red(&run), others, "{:#?}", run.record.jobs);
    world.write("switch.txt", "build");
    let run = world.ci(&[]);
    // What is not built is not tested.
    assert_eq!(red(&run), ["build", "wheel"], "{:#?}", run.record.jobs);

    // Each of them does look: where nothing is closed, it finds what lies beside the repository.
    world.write("switch.txt", "");
    let open = world.ci(&["--no-sandbox"]);
    assert_eq!(red(&open), CHECKS, "{:#?}", open.record.jobs);
    let tests = &open.job("tests").result.tests;
    let found = "could read a file beside the repository, ";
    let mut messages = tests.iter().map(|case| case.message.as_str());
    assert!(
        messages.any(|message| message.contains(found) && message.contains("the network")),
        "{tests:#?}"
    );
}

#[test]
fn index_nothing_of_the_user_reaches_any_check() {
    let mut world = World::with_index("sound");
    let first = world.ci(&[]);
    assert_eq!(first.code, Some(0), "{:#?}", first.record.jobs);
    // Whatever Python starts with these ends at once.
    let fatal = "raise SystemExit(3)\n";
    let (folder, home) = (world.folder().join("startup"), world.folder().join("home"));
    let version = world.python();
    let own = home.join(format!(".local/lib/python{version}/site-packages"));
    for (folder, name, text) in [
        (folder.clone(), "sitecustomize.py", fatal),
        (own, "usercustomize.py", fatal),
        (home.clone(), ".pydistutils.cfg", "[build_py]\nforce=what\n"),
        (home.clone(), ".mypy.ini", "[mypy\n"),
        (home.clone(), ".gitconfig", "[core\n"),
        (
            home.join(".config/ruff"),
            "ruff.toml",
            "line-length = 'x'\n",
        ),
        (
            home.join(".config"),
            "black",
            "[tool.black]\nline-length = 'x'\n",
        ),
    ] {
        fs_err::create_dir_all(&folder).expect("the temporary folder can be written");
        fs_err::write(folder.join(name), text).expect("the temporary folder can be written");
    }
    world.set("PYTHONPATH", &folder.display().to_string());
    for (name, value) in [
        ("PYTEST_ADDOPTS", "--collect-only"),
        ("PYTHONWARNINGS", "error"),
        ("COVERAGE_RCFILE", "/nowhere"),
        ("MYPYPATH", "/nowhere"),
        ("RUFF_CONFIG", "/nowhere"),
        ("PYLINTRC", "/nowhere"),
    ] {
        world.set(name, value);
    }
    assert_eq!(world.ci(&[]).fresh(), Vec::<&str>::new());
    let again = world.ci(&["--force"]);
    assert_eq!(verdicts(&again), verdicts(&first), "{}", again.stderr);
}
