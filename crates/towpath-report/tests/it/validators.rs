//! Independent validators, installed by the tests into a temporary folder. They need a package index,
//! hence their names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use towpath_report::readers::{Paths, pytest};
use towpath_report::writers::{cobertura, coverage_html, html, json, junit, sarif};
use towpath_report::{TestCase, TestOutcome};

use crate::hostile::hostile;
use crate::run::{LISTS, coverage, run};

fn check(command: &mut Command) -> String {
    let output = command.output().expect("the program is installed");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{command:?} failed:\n{text}");
    text
}

/// Makes an environment with packages and returns its Python.
fn python_with(folder: &Path, packages: &[&str]) -> PathBuf {
    let environment = folder.join("environment");
    check(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
    );
    let python = environment.join("bin/python");
    check(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(packages),
    );
    python
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

#[test]
fn index_junit_is_accepted_by_xmlschema_and_junitparser() {
    let folder = tempfile::tempdir().expect("a folder");
    let python = python_with(folder.path(), &["xmlschema", "junitparser"]);
    for (name, text) in [
        ("run.xml", junit::write(&run())),
        ("hostile.xml", junit::write(&hostile())),
    ] {
        let path = write(folder.path(), name, &text);
        let program = "import sys, xmlschema, junitparser\n\
            xmlschema.XMLSchema(sys.argv[1]).validate(sys.argv[2])\n\
            xml = junitparser.JUnitXml.fromfile(sys.argv[2])\n\
            cases = [case for suite in xml for case in suite]\n\
            assert xml.tests == len(cases), (xml.tests, len(cases))\n\
            print(xml.tests, xml.failures, xml.errors)\n";
        let counts = check(
            Command::new(&python)
                .args(["-c", program])
                .arg(fixture("junit.xsd"))
                .arg(path),
        );
        assert!(!counts.trim().is_empty());
    }
}

#[test]
fn index_cobertura_is_accepted_by_its_dtd_and_pycobertura() {
    let folder = tempfile::tempdir().expect("a folder");
    let python = python_with(folder.path(), &["lxml", "pycobertura"]);
    let path = write(
        folder.path(),
        "coverage.xml",
        &cobertura::write(&coverage(), 1_795_256_400_000, &["."]),
    );
    let program = "import sys\nfrom lxml import etree\nfrom pycobertura import Cobertura\n\
        dtd = etree.DTD(sys.argv[1])\n\
        assert dtd.validate(etree.parse(sys.argv[2])), dtd.error_log\n\
        report = Cobertura(sys.argv[2])\n\
        print(report.files(), report.total_statements(), report.total_misses(), report.missed_lines('src/humanize/lists.py'))\n";
    let text = check(
        Command::new(&python)
            .args(["-c", program])
            .arg(fixture("coverage-04.dtd"))
            .arg(path),
    );
    assert_eq!(
        text.trim(),
        "['src/humanize/__init__.py', 'src/humanize/lists.py'] 46 3 [(6, 'partial'), (7, 'miss'), (8, 'miss')]"
    );
}

#[test]
fn index_json_is_accepted_by_its_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let python = python_with(folder.path(), &["jsonschema"]);
    let schema = write(folder.path(), "schema.json", json::SCHEMA);
    let path = write(
        folder.path(),
        "run.json",
        &json::write(&run()).expect("written"),
    );
    let program = "import json, sys, jsonschema\n\
        schema, run = (json.load(open(path)) for path in sys.argv[1:])\n\
        jsonschema.Draft202012Validator.check_schema(schema)\n\
        jsonschema.Draft202012Validator(schema).validate(run)\n";
    check(
        Command::new(&python)
            .args(["-c", program])
            .arg(schema)
            .arg(path),
    );
}

#[test]
fn index_sarif_is_accepted_by_the_multitool() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    check(
        Command::new("npm")
            .args(["install", "--silent", "--no-fund", "--no-audit", "--prefix"])
            .arg(at)
            .arg("@microsoft/sarif-multitool"),
    );
    for (name, text) in [
        ("run.sarif", sarif::write(&run())),
        ("hostile.sarif", sarif::write(&hostile())),
    ] {
        let path = write(at, name, &text);
        let output = at.join(format!("{name}.checked"));
        // The tool fails for errors only; warnings and notes are in its own log.
        check(
            Command::new(at.join("node_modules/.bin/sarif-multitool"))
                .arg("validate")
                .arg(&path)
                .arg("--output")
                .arg(&output)
                .arg("--log")
                .arg("ForceOverwrite")
                .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1"),
        );
        let log: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&output).expect("a log")).expect("well-formed");
        let results = log["runs"][0]["results"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        // SARIF2005 asks for the tools' versions and home pages, which a record does not hold.
        let bad: Vec<_> = results
            .iter()
            .filter(|result| result["level"] != "note" && result["ruleId"] != "SARIF2005")
            .collect();
        assert!(bad.is_empty(), "{name}: {bad:#?}");
    }
}

#[test]
fn index_pages_are_accepted_by_a_strict_parser() {
    let folder = tempfile::tempdir().expect("a folder");
    let python = python_with(folder.path(), &["html5lib"]);
    let sources = BTreeMap::from([("src/humanize/lists.py".to_owned(), LISTS.to_owned())]);
    let logs = BTreeMap::from([(
        "lint".to_owned(),
        "one\n\u{1b}[31mtwo\u{1b}[0m\0\n".to_owned(),
    )]);
    let mut pages = coverage_html::write("humanize", &coverage(), &sources);
    for (name, run) in [("run.html", run()), ("hostile.html", hostile())] {
        let material = html::Material {
            sources: &sources,
            logs: &logs,
        };
        pages.insert(name.to_owned(), html::write(&run, material));
    }
    let program = "import sys, html5lib\n\
        for path in sys.argv[1:]:\n    html5lib.HTMLParser(strict=True).parse(open(path, encoding='utf-8').read())\n";
    let paths: Vec<PathBuf> = pages
        .iter()
        .map(|(name, page)| write(folder.path(), name, page))
        .collect();
    check(Command::new(&python).args(["-c", program]).args(paths));
}

/// Runs pytest with the plugin over a folder and returns what both the plugin and JUnit say.
fn run_pytest(
    python: &Path,
    folder: &Path,
    options: &[&str],
) -> (pytest::PytestRun, Vec<TestCase>) {
    let plugin = folder.join("plugin");
    std::fs::create_dir_all(&plugin).expect("a folder");
    write(&plugin, pytest::PLUGIN_FILE, pytest::PLUGIN);
    let events = folder.join("events.jsonl");
    let report = folder.join("report.xml");
    let _ = std::fs::remove_file(&events);
    Command::new(python)
        .args(["-m", "pytest", "-p", "no:cacheprovider", "--junitxml"])
        .arg(&report)
        .args(pytest::ARGUMENTS)
        .args(options)
        .arg("tests")
        .current_dir(folder)
        .env("PYTHONPATH", &plugin)
        .env(pytest::EVENTS_VARIABLE, &events)
        .env(pytest::ROOT_VARIABLE, folder)
        .env("FORCE_COLOR", "1")
        .output()
        .expect("pytest ran");
    let root = folder.to_string_lossy().into_owned();
    let paths = Paths::at_root(&root);
    let events = pytest::read(&std::fs::read(&events).expect("events"), &paths);
    let cases =
        towpath_report::readers::junit::read(&std::fs::read(&report).expect("a report"), &paths);
    (events, cases.expect("valid"))
}

#[test]
fn index_pytest_plugin_agrees_with_junit_alone_and_in_parallel() {
    const TESTS: &str = "import os\nimport pytest\n\n\n\
        @pytest.mark.parametrize('n', range(20))\ndef test_many(n):\n    assert n % 7, 'seven'\n\n\n\
        @pytest.fixture\ndef broken():\n    raise RuntimeError('no database')\n\n\n\
        def test_setup(broken):\n    pass\n\n\n\
        @pytest.mark.skip(reason='not today')\ndef test_skip():\n    pass\n\n\n\
        def test_environment():\n    assert not [name for name in os.environ if name.startswith('TOWPATH')]\n";
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().canonicalize().expect("a real folder");
    let python = python_with(&folder, &["pytest", "pytest-xdist"]);
    std::fs::create_dir(folder.join("tests")).expect("a folder");
    write(&folder.join("tests"), "test_many.py", TESTS);
    for options in [&[][..], &["-n", "2"], &["-p", "no:terminal"]] {
        let (run, cases) = run_pytest(&python, &folder, options);
        assert_eq!(
            (run.collected, run.exit_status, run.tests.len()),
            (23, Some(1), 23),
            "{options:?}"
        );
        assert_eq!(run.internal_errors, []);
        let count = |cases: &[TestCase], outcome| {
            cases.iter().filter(|case| case.outcome == outcome).count()
        };
        for outcome in [
            TestOutcome::Passed,
            TestOutcome::Failed,
            TestOutcome::Error,
            TestOutcome::Skipped,
        ] {
            assert_eq!(
                count(&run.tests, outcome),
                count(&cases, outcome),
                "{outcome:?} with {options:?}"
            );
        }
        let failed = run
            .tests
            .iter()
            .find(|case| case.id == "tests/test_many.py::test_many[7]")
            .expect("there");
        assert_eq!(
            (failed.path.as_str(), failed.line),
            ("tests/test_many.py", 5)
        );
        assert_eq!(failed.message, "AssertionError: seven");
    }
}
