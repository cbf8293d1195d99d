//! Which files are looked through for secrets, and what the findings depend on.

use towpath_standard::{Applies, Work, check};

use crate::repository::with_facts;

/// Returns whether code of the project runs, and the key of the findings of single files.
fn depends_on(baseline: &str, other: &str) -> (bool, Vec<String>) {
    let files = [
        ("pkg.py", ""),
        ("detector.py", other),
        (".secrets.baseline", baseline),
    ];
    with_facts(&files, |facts| {
        let check = check("secrets").expect("there is such a check");
        let Applies::Work(work) = check.work(facts, None, &[]) else {
            panic!("there are files");
        };
        let Work::Tool(work) = *work else {
            panic!("detect-secrets looks at them");
        };
        (work.executes_project, work.scan.expect("by files").key)
    })
}

#[test]
fn plugins_and_filters_of_the_project_are_its_code() {
    let own = |what: &str| format!(r#"{{"plugins_used": [{what}], "filters_used": [{what}]}}"#);
    let shipped = own(r#"{"name": "AWSKeyDetector"}"#);
    assert!(!depends_on(&shipped, "").0);
    assert_eq!(
        depends_on(&shipped, "").1,
        depends_on(&shipped, "x = 1\n").1
    );
    for what in [
        r#"{"name": "Own", "path": "file://detector.py"}"#,
        r#"{"path": "file://detector.py::is_known"}"#,
        r#"{"path": "detect_secrets.filters.wordlist.should_exclude_secret", "file_name": "detector.py"}"#,
    ] {
        let baseline = own(what);
        assert!(depends_on(&baseline, "").0, "{what}");
        assert_ne!(
            depends_on(&baseline, "").1,
            depends_on(&baseline, "x = 1\n").1,
            "{what}"
        );
    }
}

/// Returns the files that are scanned and what is said of others, for a hook with some lines.
fn scanned(hook: &str) -> (String, Vec<String>) {
    let hook = format!(
        "repos:\n  - repo: https://github.com/Yelp/detect-secrets\n    rev: v1.5.0\n    hooks:\n      - id: detect-secrets\n{hook}"
    );
    let large = "x".repeat(2 * 1024 * 1024 + 1);
    let files = [
        (".pre-commit-config.yaml", hook.as_str()),
        ("ci/baseline.json", "{}"),
        ("docs/a.md", ""),
        ("data.csv", &large),
        (
            "pyproject.toml",
            "[project]\nname = \"pkg\"\nversion = \"1\"\n",
        ),
        ("tests/test_a.py", ""),
    ];
    with_facts(&files, |facts| {
        let secrets = check("secrets").expect("there is such a check");
        let Applies::Work(work) = secrets.work(facts, None, &[]) else {
            panic!("it applies");
        };
        let Work::Tool(work) = *work else {
            panic!("it runs a tool");
        };
        let scan = work.scan.expect("files are scanned");
        (scan.files.join(" "), work.notes)
    })
}

#[test]
fn hook_says_what_is_looked_at() {
    for (hook, expected) in [
        (
            "",
            ".pre-commit-config.yaml ci/baseline.json docs/a.md pyproject.toml tests/test_a.py",
        ),
        (
            "        exclude: ^(tests|docs)/\n",
            ".pre-commit-config.yaml ci/baseline.json pyproject.toml",
        ),
        (
            "        args: [--baseline, ci/baseline.json, --exclude-files, '.*\\.md$', --exclude-files=^tests/]\n",
            ".pre-commit-config.yaml pyproject.toml",
        ),
    ] {
        let (files, notes) = scanned(hook);
        assert_eq!(files, expected, "{hook}");
        assert_eq!(notes, ["1 file of more than 2 MiB is not looked at"]);
    }
}
