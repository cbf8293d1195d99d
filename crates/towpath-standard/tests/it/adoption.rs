//! Whose findings block where a tree holds no automation.

use towpath_report::{Finding, Place, Severity};
use towpath_standard::Partial;

use crate::repository::{verdict_of, work_of};

const MODULE: (&str, &str) = ("pkg/__init__.py", "");
const RELEASED: (&str, &str) = ("PKG-INFO", "Metadata-Version: 2.1\n");

fn manifest(rest: &str) -> String {
    format!("[project]\nname = \"pkg\"\nversion = \"1\"\n{rest}")
}

fn unused_import() -> Finding {
    Finding {
        tool: "ruff".to_owned(),
        rule: "F401".to_owned(),
        rule_url: None,
        message: String::new(),
        place: Some(Place::at("pkg/__init__.py", 1, 1)),
        severity: Severity::Error,
        fixable: false,
        blocking: false,
    }
}

/// Returns whether a finding of a tool blocks in a young repository, and in the archive of a release.
#[track_caller]
fn blocks(check: &str, tool: &str, rule: &str, manifest_rest: &str) -> (bool, bool) {
    let manifest = manifest(manifest_rest);
    let finding = Finding {
        tool: tool.to_owned(),
        rule: rule.to_owned(),
        ..unused_import()
    };
    let in_tree = |files: &[(&str, &str)]| {
        let found = Partial {
            findings: vec![finding.clone()],
            ..Partial::default()
        };
        verdict_of(check, files, found).failed
    };
    let young = [("pyproject.toml", manifest.as_str()), MODULE];
    (in_tree(&young), in_tree(&[young[0], young[1], RELEASED]))
}

#[test]
fn release_says_less_than_a_young_repository() {
    let declared = |tool: &str| format!("[dependency-groups]\ndev = [\"{tool}\"]\n");
    for (check, tool, rule, rest, expected) in [
        (
            "lint",
            "ruff",
            "F401",
            "[tool.ruff]\n".to_owned(),
            (true, true),
        ),
        (
            "lint",
            "ruff",
            "B006",
            "[tool.ruff]\n".to_owned(),
            (true, false),
        ),
        (
            "lint",
            "ruff",
            "B006",
            format!("[tool.ruff]\n{}", declared("ruff==0.9")),
            (true, true),
        ),
        ("lint", "flake8", "E275", declared("flake8"), (true, false)),
        ("lint", "pylint", "C0114", declared("pylint"), (true, false)),
        (
            "format",
            "black",
            "unformatted",
            "[tool.black]\n".to_owned(),
            (true, false),
        ),
        (
            "format",
            "black",
            "unformatted",
            format!("[tool.black]\n{}", declared("black==24.1.0")),
            (true, true),
        ),
        (
            "types",
            "mypy",
            "arg-type",
            "[tool.mypy]\n".to_owned(),
            (true, false),
        ),
        (
            "types",
            "mypy",
            "arg-type",
            format!("[tool.mypy]\n{}", declared("mypy==1.19.1")),
            (true, false),
        ),
        ("lint", "flake8", "F821", declared("pytest"), (true, true)),
        ("lint", "flake8", "F401", declared("pytest"), (false, false)),
    ] {
        assert_eq!(
            blocks(check, tool, rule, &rest),
            expected,
            "{tool} {rule} under {rest}"
        );
    }
}

#[test]
fn release_does_not_tell_what_flake8_is_handed() {
    let fails = |pinned: &str, rule: &str, path: &str, more: &[(&str, &str)]| {
        let manifest = manifest(&format!(
            "[project.optional-dependencies]\nqa = [\"{pinned}\"]\n"
        ));
        let files = [
            ("pyproject.toml", manifest.as_str()),
            ("setup.cfg", "[flake8]\nmax-line-length = 100\n"),
            MODULE,
            ("pkg/a.py", ""),
            ("tests/test_a.py", ""),
        ];
        let found = Partial {
            findings: vec![Finding {
                tool: "flake8".to_owned(),
                rule: rule.to_owned(),
                place: Some(Place::at(path, 1, 1)),
                ..unused_import()
            }],
            ..Partial::default()
        };
        verdict_of("lint", &[&files, more].concat(), found).failed
    };
    for (pinned, rule, path, expected) in [
        ("flake8", "F401", "pkg/a.py", true),
        ("flake8", "F401", "pkg/__init__.py", false),
        ("flake8", "F401", "tests/test_a.py", false),
        ("flake8", "E999", "tests/test_a.py", false),
        ("flake8==7.0.0", "E265", "pkg/__init__.py", true),
        ("flake8==7.0.0", "E265", "tests/test_a.py", false),
    ] {
        assert!(
            fails(pinned, rule, path, &[]),
            "{rule} in {path} of a repository"
        );
        let found = fails(pinned, rule, path, &[RELEASED]);
        assert_eq!(found, expected, "{pinned}: {rule} in {path}");
    }
}

#[test]
fn release_without_the_settings_of_a_tool_cannot_be_judged_by_it() {
    let manifest = manifest("");
    let tox = (
        "tox.ini",
        "[tox]\nenvlist = flake8\n[testenv:flake8]\ncommands = flake8 pkg\n",
    );
    let hook = (
        ".pre-commit-config.yaml",
        "repos:\n  - repo: https://x\n    rev: v1\n    hooks:\n      - id: flake8\n",
    );
    let files = [("pyproject.toml", manifest.as_str()), MODULE, tox];
    let fails = |more: &[(&str, &str)]| {
        let found = Partial {
            findings: vec![Finding {
                tool: "flake8".to_owned(),
                ..unused_import()
            }],
            ..Partial::default()
        };
        verdict_of("lint", &[&files, more].concat(), found).failed
    };
    assert!(fails(&[]), "a repository has no settings");
    assert!(!fails(&[RELEASED]), "a release may have lost them");
    assert!(fails(&[RELEASED, (".flake8", "[flake8]\n")]));
    assert!(fails(&[RELEASED, hook]));
}

#[test]
fn tool_that_pytest_runs_is_no_linter_of_its_own() {
    let plugin = manifest("[dependency-groups]\ndev = [\"pycodestyle\", \"pytest-pycodestyle\"]\n");
    let work = work_of("lint", &[("pyproject.toml", &plugin), MODULE]);
    assert!(
        work.contains("ruff") && !work.contains("pycodestyle"),
        "{work}"
    );
}

#[test]
fn hook_gives_way_to_pytest_that_runs_the_tool() {
    let hook = (
        ".pre-commit-config.yaml",
        "repos:\n  - repo: https://github.com/astral-sh/ruff-pre-commit\n    rev: v0.12.0\n    hooks:\n      - id: ruff-check\n",
    );
    for (rest, expected) in [
        ("[dependency-groups]\ndev = [\"pytest-ruff\"]\n", true),
        (
            "[dependency-groups]\ndev = [\"pytest-ruff\"]\n[tool.pytest.ini_options]\naddopts = \"--ruff\"\n",
            false,
        ),
        (
            "[dependency-groups]\ndev = [\"pytest-ruff\", \"pytest-enabler\"]\n",
            false,
        ),
    ] {
        let manifest = manifest(rest);
        let files = [
            ("pyproject.toml", manifest.as_str()),
            MODULE,
            ("tests/test_a.py", ""),
            hook,
        ];
        let found = Partial {
            findings: vec![unused_import()],
            ..Partial::default()
        };
        assert_eq!(verdict_of("lint", &files, found).failed, expected, "{rest}");
    }
}

#[test]
fn coverage_that_pytest_measures_is_measured_once() {
    for (plugins, expected) in [("", true), (", \"pytest-enabler\"", false)] {
        let manifest = manifest(&format!(
            "[dependency-groups]\ndev = [\"pytest-cov\"{plugins}]\n"
        ));
        let files = [
            ("pyproject.toml", manifest.as_str()),
            MODULE,
            ("tests/test_a.py", "def test_a(): pass\n"),
        ];
        let work = work_of("tests", &files);
        assert_eq!(work.contains("-m coverage run"), expected, "{work}");
    }
}

#[test]
fn documentation_is_built_where_nothing_speaks_against_it() {
    let manifest = manifest("");
    let young = [
        ("pyproject.toml", manifest.as_str()),
        MODULE,
        ("docs/conf.py", "extensions = []\n"),
    ];
    let work = work_of("docs", &young);
    assert!(work.contains("-m sphinx"), "{work}");
    assert_eq!(
        work_of("docs", &[young[0], young[1], young[2], RELEASED]),
        "docs skipped: docs/conf.py is configured, but how it is built was left out of the release\n"
    );
}

#[test]
fn submodule_is_no_concern_of_the_linter() {
    let manifest = manifest("[tool.ruff]\n");
    let files = [
        ("pyproject.toml", manifest.as_str()),
        MODULE,
        ("data/.git", "gitdir: ../.git/modules/data\n"),
        ("data/gen.py", "import os\n"),
    ];
    let finding = |path: &str| Finding {
        place: Some(Place::at(path, 1, 1)),
        ..unused_import()
    };
    let found = Partial {
        findings: vec![finding("data/gen.py"), finding("pkg/__init__.py")],
        ..Partial::default()
    };
    let result = verdict_of("lint", &files, found);
    let places: Vec<_> = result
        .findings
        .iter()
        .filter_map(|finding| finding.place.as_ref())
        .collect();
    assert_eq!(places, [&Place::at("pkg/__init__.py", 1, 1)]);
}
