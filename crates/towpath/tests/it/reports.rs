//! Every report of one red run is written, and other programs can read it.

use std::path::Path;

use towpath_report::writers;

use crate::world::World;

const FORMATS: [&str; 7] = [
    "json",
    "junit",
    "sarif",
    "markdown",
    "html",
    "github",
    "coverage-xml",
];

fn red_world() -> World {
    let world = World::with_index("sound");
    world.replace("tests/test_demo.py", "== 4", "== 5");
    world.replace(
        "src/demo/__init__.py",
        "\n\n\ndef",
        "\n\nimport os\n\n\ndef",
    );
    world
}

#[test]
fn index_every_format_is_written_and_can_be_read() {
    let world = red_world();
    let out = world.folder().join("out");
    let targets: Vec<String> = FORMATS
        .iter()
        .map(|format| format!("{format}={}", out.join(format).display()))
        .collect();
    let python = world.python().to_string();
    let mut arguments = vec!["ci", "--python", &python];
    arguments.extend(
        targets
            .iter()
            .flat_map(|target| ["--report", target.as_str()]),
    );
    let output = world.towpath(&arguments);
    assert_eq!(output.code, Some(1), "{output}");
    let read = |format: &str| fs_err::read_to_string(out.join(format)).expect("it was written");

    let record = writers::json::read(read("json").as_bytes()).expect("a record");
    assert_eq!(record.jobs.len(), 13);
    let sarif: serde_json::Value = serde_json::from_str(&read("sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert!(read("sarif").contains("\"F401\""));
    let counts = "import sys, xml.etree.ElementTree as tree\n\
                  cases = list(tree.parse(sys.argv[1]).iter('testcase'))\n\
                  print(*sorted(case.get('name') for case in cases if case.find('failure') is not None))";
    let junit = out.join("junit").display().to_string();
    let counted = world.run(Path::new("python3"), &["-c", counts, &junit]);
    let failures: Vec<&str> = counted
        .stdout
        .split_whitespace()
        .filter(|name| name.contains("test_double"))
        .collect();
    assert_eq!(
        failures.len(),
        2,
        "once from the tree, once against the wheel: {counted}"
    );
    assert!(
        read("coverage-xml").contains("line-rate=\"1\""),
        "{}",
        read("coverage-xml")
    );
    for format in ["markdown", "html", "github"] {
        assert!(read(format).contains("F401"), "{format}");
    }
    assert!(read("html").trim_end().ends_with("</html>"));

    let kept =
        find(&world.folder().join("state"), "coverage.xml").expect("coverage is kept with the run");
    let lines = "import sys, xml.etree.ElementTree as tree\nprint(tree.parse(sys.argv[1]).getroot().get('line-rate'))";
    let rate = world.run(
        Path::new("python3"),
        &["-c", lines, &kept.display().to_string()],
    );
    assert_eq!(rate.stdout.trim().trim_end_matches(".0"), "1", "{rate}");
    assert!(kept.with_file_name("htmlcov").join("index.html").exists());
}

#[test]
fn index_coverage_is_left_in_the_current_folder_and_explained() {
    let world = World::with_index("sound");
    let python = world.python().to_string();
    let output = world.towpath(&["check", "coverage", "--python", &python]);
    assert_eq!(output.code, Some(0), "{output}");
    assert!(world.read("coverage.xml").contains("<coverage "));
    assert!(world.read("htmlcov/index.html").contains("</html>"));
    let told = world.towpath(&["explain", "coverage"]);
    assert!(
        told.stdout.contains("\nruns because   it combines"),
        "{told}"
    );
    assert!(told.stdout.contains("(passed)"), "{told}");
    let logs = world.towpath(&["logs"]);
    assert!(logs.stdout.contains("coverage\n"), "{logs}");
}

#[test]
fn index_run_on_github_annotates_and_writes_the_summary() {
    let mut world = red_world();
    let summary = world.folder().join("summary.md");
    world.set("GITHUB_ACTIONS", "true");
    world.set("GITHUB_STEP_SUMMARY", &summary.display().to_string());
    fs_err::write(&summary, "before\n").expect("the temporary folder");
    let python = world.python().to_string();
    let output = world.towpath(&["ci", "--python", &python]);
    assert_eq!(output.code, Some(1), "{output}");
    assert!(
        output
            .stdout
            .contains("::error file=src/demo/__init__.py,line=3"),
        "{output}"
    );
    assert!(
        output
            .stdout
            .contains("::error file=tests/test_demo.py,line=5,endLine=5,title=tests::test_double"),
        "{output}"
    );
    assert!(
        output.stdout.starts_with("::group::") && output.stdout.contains("\n::endgroup::\n"),
        "{output}"
    );
    let json = world.towpath(&["check", "lint", "--format", "json"]);
    let parsed = writers::json::read(json.stdout.as_bytes());
    assert!(parsed.is_ok() && json.stderr.contains("::error "), "{json}");
    let summary = fs_err::read_to_string(&summary).expect("it was written");
    assert!(
        summary.starts_with("before\n") && summary.contains("**F401**"),
        "{summary}"
    );
}

fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    let entries: Vec<_> = fs_err::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    let here = entries
        .iter()
        .find(|path| path.file_name().is_some_and(|own| own == name))
        .cloned();
    here.or_else(|| {
        entries
            .iter()
            .filter(|path| path.is_dir())
            .find_map(|path| find(path, name))
    })
}
