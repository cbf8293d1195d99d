//! A verdict is taken again exactly when nothing that it depends on changed, and `towpath explain`
//! says what did.

use towpath_report::{Conclusion, Verdict};

use crate::world::World;

const ALL: [&str; 11] = [
    "build",
    "coverage",
    "format",
    "lint",
    "secrets",
    "security",
    "tests",
    "types",
    "version",
    "wheel",
    "workflows",
];

#[test]
fn index_green_and_red_verdicts_are_reused() {
    let world = World::with_index("sound");
    let green = world.ci(&[]);
    assert_eq!((green.fresh(), green.code), (ALL.to_vec(), Some(0)));
    let again = world.ci(&[]);
    assert_eq!((again.fresh(), again.code), (vec![], Some(0)));

    world.replace("tests/test_demo.py", "== 4", "== 5");
    let red = world.ci(&[]);
    assert_eq!((red.red(), red.code), (vec!["tests", "wheel"], Some(1)));
    let again = world.ci(&[]);
    assert_eq!((again.fresh(), again.code), (vec![], Some(1)));
    assert_eq!(again.record.verdict, Verdict::Failed);
    assert_eq!(again.failed_tests(), red.failed_tests());
    assert_eq!(again.findings(), red.findings());
}

#[test]
fn index_job_is_reused_whatever_other_jobs_a_run_has() {
    let world = World::with_index("sound");
    let python = world.python().to_string();
    assert_eq!(world.ci(&[]).code, Some(0));
    let one = world.recorded(&["check", "tests", "--python", &python]);
    assert_eq!(one.fresh(), Vec::<&str>::new());
    let all = world.recorded(&["check", "tests"]);
    let fresh = all.fresh_jobs();
    let job = format!("tests {python}");
    assert!(!fresh.contains(&job.as_str()), "{fresh:?}");
}

#[test]
fn index_force_runs_everything_and_failed_runs_what_failed() {
    let world = World::with_index("sound");
    world.replace(
        "src/demo/__init__.py",
        "\n\n\ndef",
        "\n\nimport os\n\n\ndef",
    );
    let first = world.ci(&[]);
    assert_eq!(first.red(), ["lint"], "{}", first.stderr);
    let again = world.ci(&["--failed"]);
    assert_eq!(again.fresh(), ["lint"], "though nothing changed");

    // Another check in between takes nothing away.
    assert_eq!(world.recorded(&["check", "version"]).code, Some(0));
    assert_eq!(world.ci(&["--failed"]).fresh(), ["lint"]);

    world.replace("src/demo/__init__.py", "import os\n\n\n", "");
    let failed = world.ci(&["--failed"]);
    let jobs: Vec<&str> = failed
        .record
        .jobs
        .iter()
        .map(|job| job.name.as_str())
        .collect();
    assert_eq!((jobs, failed.code), (vec!["lint"], Some(0)));

    let whole = world.ci(&[]);
    assert!(!whole.fresh().contains(&"lint"), "{:?}", whole.fresh());
    assert_eq!(world.ci(&["--force"]).fresh(), ALL);
}

#[test]
fn index_readme_is_no_input_of_tests_and_a_data_file_is() {
    let world = World::with_index("sound");
    world.write("tests/answer.txt", "4");
    world.replace(
        "tests/test_demo.py",
        "    assert double(2) == 4",
        "    assert double(2) == int(Path(__file__).with_name(\"answer.txt\").read_text())",
    );
    world.replace(
        "tests/test_demo.py",
        "from demo",
        "from pathlib import Path\n\nfrom demo",
    );
    let first = world.check("tests");
    assert_eq!(first.code, Some(0), "{:#?}", first.job("tests"));

    world.append("README.md", "More words.\n");
    let readme = world.ci(&[]);
    assert!(!readme.fresh().contains(&"tests"), "{:?}", readme.fresh());
    assert!(
        !readme.fresh().contains(&"lint") || readme.fresh().contains(&"build"),
        "{:?}",
        readme.fresh()
    );

    world.write("tests/answer.txt", "5");
    let told = world.towpath(&["explain", first.job("tests").name.as_str()]);
    assert!(
        told.stdout.contains("  changed  tests/answer.txt\n"),
        "{told}"
    );
    let changed = world.check("tests");
    assert_eq!((changed.fresh(), changed.code), (vec!["tests"], Some(1)));
}

#[test]
fn index_new_file_that_tests_would_find_runs_them_again() {
    let world = World::with_index("sound");
    assert_eq!(world.check("tests").fresh(), ["tests"]);
    world.write("tests/conftest.py", "raise SystemExit(\"no\")\n");
    let added = world.check("tests");
    assert_eq!(added.fresh(), ["tests"]);
    assert_ne!(added.code, Some(0));
    world.remove("tests/conftest.py");
    assert_eq!(world.check("tests").code, Some(0));
}

#[test]
fn index_judgement_depends_on_the_files_that_it_reads() {
    let world = World::with_index("sound");
    world.append(
        "pyproject.toml",
        "\n[tool.towpath.lint]\nbaseline = true\n\n[tool.towpath.security]\nadvisories = \"advisory.json\"\n",
    );
    world.replace(
        "src/demo/__init__.py",
        "\n\n\ndef",
        "\n\nimport os\n\n\ndef",
    );
    world.write(
        "towpath-baseline.json",
        r#"{"lint": {"src/demo/__init__.py": {"F401": 1}}}"#,
    );
    world.write("requirements.txt", HASHED);
    world.write("advisory.json", advisory("1.0"));
    let first = world.ci(&[]);
    assert_eq!(
        first.findings(),
        ["lint F401 src/demo/__init__.py:3"],
        "{:#?}",
        first.record.jobs
    );
    assert_eq!(first.job("lint").conclusion, Conclusion::Neutral);

    world.write("towpath-baseline.json", "{}");
    world.write("advisory.json", advisory("1.1.2"));
    let second = world.ci(&[]);
    assert_eq!(second.red(), ["lint"], "{:#?}", second.record.jobs);
    let found = [
        "lint F401 src/demo/__init__.py:3",
        "security PYSEC-0000-1 requirements.txt:1",
    ];
    assert_eq!(second.findings(), found);
}

const HASHED: &str = "iniconfig==1.1.1 --hash=sha256:011e24c64b7f47f6ebd835bb12a743f2fbe9a26d4cecaa7f53bc4f35ee9da8b3\n";

fn advisory(fixed: &str) -> String {
    format!(
        r#"{{"id": "PYSEC-0000-1", "summary": "it leaks", "affected": [{{
            "package": {{"ecosystem": "PyPI", "name": "iniconfig"}},
            "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}]}}"#
    )
}

#[test]
fn index_edit_in_a_leaf_runs_only_what_depends_on_it() {
    let world = World::with_index("workspace");
    let first = world.ci(&[]);
    assert_eq!(
        first.code,
        Some(0),
        "{}\n{:#?}",
        first.stderr,
        first.record.jobs
    );

    let tests = |run: &crate::world::Run| -> Vec<String> {
        let fresh = run.fresh_jobs();
        fresh
            .iter()
            .filter(|name| name.starts_with("tests"))
            .map(|name| (*name).to_owned())
            .collect()
    };
    let python = world.python();
    let job = |member: &str| format!("tests {python} (packages/{member})");
    assert_eq!(tests(&first), [job("base"), job("top")]);

    world.append("packages/top/src/top/__init__.py", "\nWORD = \"top\"\n");
    assert_eq!(tests(&world.ci(&[])), [job("top")]);
    world.append("packages/base/src/base/__init__.py", "\nWORD = \"base\"\n");
    assert_eq!(tests(&world.ci(&[])), [job("base"), job("top")]);
    assert_eq!(world.ci(&[]).fresh_jobs(), Vec::<&str>::new());
}

/// A change, and how it is made.
type Change = (&'static str, fn(&World));

/// Returns the checks of a run of `ci --changed-since HEAD`.
fn affected(world: &World) -> Vec<String> {
    let run = world.ci(&["--changed-since", "HEAD"]);
    let groups = run.record.jobs.iter().map(|job| job.group.clone());
    groups.collect()
}

#[test]
fn index_changed_since_runs_what_a_change_can_affect() {
    let world = World::with_index("sound");
    world.write("src/demo/words.py", "WORD = 1\n");
    world.commit("start");
    assert_eq!(world.ci(&[]).code, Some(0));
    assert_eq!(affected(&world), Vec::<String>::new());

    world.append("README.md", "More words.\n");
    let readme = affected(&world);
    for check in ["tests", "types", "lint"] {
        assert!(!readme.contains(&check.to_owned()), "{check} of {readme:?}");
    }
    world.commit("a readme");

    let changes: [Change; 5] = [
        ("a requirement", |world| {
            world.replace(
                "pyproject.toml",
                "\"coverage\", ",
                "\"coverage\", \"iniconfig\", ",
            );
        }),
        ("an untracked file", |world| {
            world.commit("a requirement");
            world.write(
                "tests/test_more.py",
                "def test_more() -> None:\n    assert True\n",
            );
        }),
        ("a new file", |world| {
            world.git(&["add", "."]);
        }),
        ("another name", |world| {
            world.commit("a new file");
            world.git(&["mv", "src/demo/words.py", "src/demo/terms.py"]);
        }),
        ("a file that is gone", |world| {
            world.commit("another name");
            world.remove("src/demo/terms.py");
        }),
    ];
    for (what, change) in changes {
        change(&world);
        let affected = affected(&world);
        for check in ["tests", "types", "lint", "coverage"] {
            assert!(
                affected.contains(&check.to_owned()),
                "{what}: {check} of {affected:?}"
            );
        }
    }
    let unknown = world.towpath(&["ci", "--changed-since", "no-such-branch"]);
    assert_eq!(unknown.code, Some(2), "{unknown}");
    assert!(
        unknown.stderr.contains("no revision `no-such-branch`"),
        "{unknown}"
    );
}

#[test]
fn index_file_that_was_not_scanned_again_is_still_an_input() {
    let world = World::with_index("sound");
    world.write("src/demo/other.py", "WORD = 1\n");
    assert_eq!(world.check("security").findings(), Vec::<String>::new());
    world.append("src/demo/other.py", "NAME = 2\n");
    assert_eq!(world.check("security").fresh(), ["security"]);
    world.append("src/demo/__init__.py", "\n\neval(\"1\")\n");
    let found = ["security B307 src/demo/__init__.py:9"];
    assert_eq!(world.check("security").findings(), found);
}

#[test]
fn index_verdict_made_of_kept_findings_is_reused() {
    let mut world = World::with_index("sound");
    for check in ["security", "secrets"] {
        assert_eq!(world.check(check).fresh(), [check]);
    }
    // With other settings of uv the resolution is asked again, and comes to the same packages.
    world.set("UV_NO_PROGRESS", "1");
    for check in ["security", "secrets"] {
        let kept = world.check(check);
        assert_eq!((kept.fresh(), kept.job(check).cpu_ms), (vec![check], 0));
        assert_eq!(world.check(check).fresh(), Vec::<&str>::new(), "{check}");
    }
    world.append("README.md", "More words.\n");
    assert_eq!(
        world.check("security").fresh(),
        Vec::<&str>::new(),
        "bandit reads no README"
    );
}
