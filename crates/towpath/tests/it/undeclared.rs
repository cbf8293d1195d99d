//! The same undeclared reads, planted in every check that runs code of the project: none succeeds, and what
//! can be read is an input.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

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

/// Every check that runs in a sandbox and is reused. What is planted is code of the project, or a tool that
/// the project pins.
const CHECKS: [&str; 11] = [
    "build", "coverage", "docs", "format", "lint", "own", "secrets", "security", "tests", "types",
    "wheel",
];

/// Makes wheels of tools that find nothing, but run the probe: package, module, code before it, code behind
/// it.
const WHEELS: &str = r#"
import sys, zipfile

for name, check, before, after in [
    ("black", "format", "", ""),
    ("bandit", "security", "", "print('{\"errors\": [], \"metrics\": {}, \"results\": []}')"),
    ("covdefaults", "coverage", "if 'combine_coverage' not in sys.argv[0]: return", ""),
]:
    probe = "exec(open('probe.txt').read(), {'ROOT': '.', 'CHECK': '%s'})" % check
    body = "".join(f"    {line}\n" for line in (before, probe, after) if line)
    code = f"import sys\n\n\ndef main(*_):\n{body}\n\ncoverage_init = main\n"
    info = f"{name}-99.0.dist-info/"
    files = {
        f"{name}.py": code,
        info + "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n",
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        info + "entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    files[info + "RECORD"] = "".join(f"{path},,\n" for path in [*files, info + "RECORD"])
    with zipfile.ZipFile(f"{sys.argv[1]}/{name}-99.0-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
"#;

/// Lets the project use the tools of [`WHEELS`].
fn plant_tools(world: &mut World) {
    let folder = world.folder().join("wheels");
    fs_err::create_dir(&folder).expect("the temporary folder can be written");
    let mut python = world.command(Path::new("/usr/bin/python3"));
    let made = python.args(["-c", WHEELS]).arg(&folder).status();
    assert!(made.expect("Python starts").success());
    world.set("UV_FIND_LINKS", &folder.display().to_string());
    world.replace(
        ".github/workflows/ci.yml",
        "ruff format --check\n",
        "black --check .\n      - run: bandit -r src\n",
    );
    world.replace(
        "pyproject.toml",
        "dev = [",
        "dev = [\"bandit==99.0\", \"black==99.0\", \"covdefaults==99.0\", ",
    );
    world.append(
        "pyproject.toml",
        "\n[tool.coverage.run]\nplugins = [\"covdefaults\"]\n",
    );
}

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
    plant_tools(&mut world);

    let run = world.ci(&[]);
    assert_eq!(red(&run), Vec::<&str>::new(), "{:#?}", run.record.jobs);
    for check in CHECKS {
        assert!(
            key_parts(&world, &run.job(check).name).contains(&"date".to_owned()),
            "{check}"
        );
    }
    assert_eq!(world.ci(&[]).fresh(), Vec::<&str>::new());

    let others = CHECKS.into_iter().filter(|check| *check != "build");
    let others: Vec<&str> = others.collect();
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

/// Answers every question of a package index with one file, and tells its address.
fn index_with(file: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let body = format!("<a href=\"{file}\">{file}</a>");
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            );
        }
    });
    format!("http://{address}/simple")
}

/// The two checks that towpath does itself: they read the index that is set, and the files that they name.
#[test]
fn checks_of_its_own_depend_on_what_they_read() {
    let mut world = World::offline();
    world.write(
        "pyproject.toml",
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\
         [project]\nname = \"demo\"\nversion = \"1.0\"\n",
    );
    world.write("demo.py", "");
    let check = |world: &World, name: &str| world.recorded(&["check", name]);
    for (file, summary) in [
        ("demo-1.0.tar.gz", "1.0 is in the index"),
        ("demo-2.0.tar.gz", "1.0 is not in the index"),
    ] {
        world.set("UV_DEFAULT_INDEX", &index_with(file));
        let run = check(&world, "version");
        assert_eq!(run.job("version").result.summary, summary, "{}", run.stderr);
        assert_eq!(run.fresh(), ["version"]);
        assert_eq!(check(&world, "version").fresh(), Vec::<&str>::new());
    }

    let good = "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n";
    world.write(".github/workflows/ci.yml", good);
    let outside = world.folder().join("outside.yml");
    fs_err::write(&outside, good).expect("the temporary folder can be written");
    std::os::unix::fs::symlink(&outside, world.root().join(".github/workflows/linked.yml"))
        .expect("a link");
    let first = check(&world, "workflows");
    assert_eq!(check(&world, "workflows").fresh(), Vec::<&str>::new());
    fs_err::write(&outside, "on: [").expect("the temporary folder can be written");
    let second = check(&world, "workflows");
    assert_eq!(
        verdicts(&second),
        verdicts(&first),
        "what lies outside is not read"
    );
    world.write(".github/workflows/ci.yml", good.replace("steps", "stops"));
    assert_eq!(check(&world, "workflows").red(), ["workflows"]);
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
