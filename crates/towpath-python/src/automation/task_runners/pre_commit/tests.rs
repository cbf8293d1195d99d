use crate::automation::model::AutomationKind;
use crate::automation::testing::{automation, check_all};

const CONFIGURATION: &str = "exclude: ^vendored/\nrepos:\n  - repo: https://github.com/astral-sh/ruff-pre-commit\n    rev: v0.5.1\n    hooks:\n      - id: ruff\n        args: [--fix]\n        files: ^src/\n      - id: ruff-format\n  - repo: https://github.com/pre-commit/mirrors-mypy\n    rev: 7010b10a09f65cd60a23c207349b539aa36dbec1 # frozen: v1.10.0\n    hooks:\n      - id: mypy\n        additional_dependencies: [types-requests]\n  - repo: https://github.com/pre-commit/pre-commit-hooks\n    rev: v4.6.0\n    hooks:\n      - id: trailing-whitespace\n      - id: check-ast\n        stages: [manual]\n  - repo: local\n    hooks:\n      - id: types\n        name: types\n        entry: uv run --group types pyright\n        language: system\n        types: [python]\n        pass_filenames: false\n      - id: no\n        language: fail\n        entry: never\n  - repo: meta\n    hooks:\n      - id: identity\n";
const FILE: &str = ".pre-commit-config.yaml";

#[test]
fn reads_hooks() {
    check_all(
        &[(FILE, CONFIGURATION)],
        &[
            "ruff --force-exclude --fix ==0.5.1 @.pre-commit-config.yaml:6",
            "ruff format --force-exclude ==0.5.1 @.pre-commit-config.yaml:9",
            "mypy --ignore-missing-imports --scripts-are-modules ==1.10.0 @.pre-commit-config.yaml:13",
            "trailing-whitespace ==4.6.0 @.pre-commit-config.yaml:18",
            "pyright @.pre-commit-config.yaml:23",
            "no @.pre-commit-config.yaml:29",
        ],
    );
    let automation = automation(&[(FILE, CONFIGURATION)]);
    let ruff = automation.chosen("ruff");
    assert_eq!(ruff[0].files_pattern.as_deref(), Some("^src/"));
    assert_eq!(ruff[0].exclude_pattern.as_deref(), Some("^vendored/"));
    assert_eq!(
        (ruff[0].kind, ruff[0].reached_from_ci),
        (AutomationKind::PreCommit, false)
    );
    assert_eq!(
        automation.chosen("mypy")[0].additional_dependencies,
        ["types-requests"]
    );
    assert_eq!(
        automation.chosen("mypy")[0]
            .version
            .as_ref()
            .unwrap()
            .source,
        ".pre-commit-config.yaml:11"
    );
    assert_eq!(automation.chosen("pyright")[0].types, ["python"]);
}

#[test]
fn counts_as_ci_where_ci_calls_it() {
    let reached = |command: &str| {
        let workflow = format!(
            "on: pull_request\njobs:\n  t:\n    runs-on: x\n    steps:\n      - {command}\n"
        );
        let automation = automation(&[
            (FILE, CONFIGURATION),
            (".github/workflows/ci.yml", &workflow),
        ]);
        let tools: Vec<&str> = automation
            .invocations
            .iter()
            .filter(|one| one.reached_from_ci)
            .map(|one| one.tool.as_str())
            .collect();
        tools.join(" ")
    };
    let all = "ruff ruff format mypy trailing-whitespace pyright no";
    for (command, expected) in [
        ("run: pre-commit run --all-files", all),
        ("run: uvx pre-commit run -a", all),
        ("run: pre-commit run ruff -a", "ruff"),
        (
            "run: pre-commit run -a --hook-stage manual check-ast",
            "check-ast",
        ),
        (
            "run: SKIP=mypy,types pre-commit run -a",
            "ruff ruff format trailing-whitespace no",
        ),
        ("uses: pre-commit/action@v3.0.1", all),
        ("run: pre-commit install", ""),
    ] {
        assert_eq!(reached(command), expected, "{command}");
    }
}

#[test]
fn counts_as_ci_where_the_service_is_set_up() {
    let text = format!("ci:\n  skip: [mypy]\n{CONFIGURATION}");
    let automation = automation(&[(FILE, &text)]);
    let reached = |tool: &str| automation.chosen(tool)[0].reached_from_ci;
    assert!(reached("ruff"));
    assert!(!reached("mypy"));
    assert_eq!(automation.chosen("ruff")[0].via, ["pre-commit.ci"]);
    assert!(!automation.has_ci);
}

#[test]
fn says_what_is_broken() {
    let automation = automation(&[(FILE, "repos: [")]);
    assert_eq!(automation.unreadable.len(), 1);
    assert!(
        automation.unreadable[0].starts_with(".pre-commit-config.yaml: "),
        "{:?}",
        automation.unreadable
    );
}
