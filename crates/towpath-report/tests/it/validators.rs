//! Independent validators, installed by the tests into a temporary folder. They need a package index,
//! hence their names.

use std::path::{Path, PathBuf};
use std::process::Command;

use towpath_report::writers::{cobertura, json, junit, sarif};

use crate::hostile::hostile;
use crate::run::{coverage, run};

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
