//! The hooks of pre-commit that projects use most: which tool each is and what its repository
//! makes it run. Only a table.

/// A hook that is known by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The command line of the hook's `entry`.
    pub(super) entry: &'static str,
    /// The hook's default `args`, which `args` in a configuration replace.
    pub(super) arguments: &'static [&'static str],
    /// Whether `rev` of its repository is the version of the tool.
    pub(super) is_version: bool,
}

const fn known(entry: &'static str, arguments: &'static [&'static str]) -> Known {
    Known {
        entry,
        arguments,
        is_version: true,
    }
}

/// Hooks by id. Those of `pre-commit-hooks` are checks of its own and stand for themselves.
const HOOKS: &[(&str, Known)] = &[
    ("ruff", known("ruff check --force-exclude", &[])),
    ("ruff-check", known("ruff check --force-exclude", &[])),
    ("ruff-format", known("ruff format --force-exclude", &[])),
    ("black", known("black", &[])),
    ("black-jupyter", known("black", &[])),
    ("isort", known("isort", &["--filter-files"])),
    ("flake8", known("flake8", &[])),
    (
        "mypy",
        known(
            "mypy",
            &["--ignore-missing-imports", "--scripts-are-modules"],
        ),
    ),
    ("pyright", known("pyright", &[])),
    ("basedpyright", known("basedpyright", &[])),
    ("ty", known("ty check", &[])),
    ("pylint", known("pylint", &[])),
    ("pycodestyle", known("pycodestyle", &[])),
    ("pyflakes", known("pyflakes", &[])),
    (
        "autopep8",
        Known {
            entry: "autopep8",
            arguments: &["-i"],
            is_version: true,
        },
    ),
    ("yapf", known("yapf --in-place", &["-p"])),
    ("bandit", known("bandit", &[])),
    ("pip-audit", known("pip-audit", &[])),
    (
        "python-safety-dependencies-check",
        Known {
            entry: "safety check",
            arguments: &[],
            is_version: false,
        },
    ),
    ("detect-secrets", known("detect-secrets-hook", &[])),
    ("pyupgrade", known("pyupgrade", &[])),
    ("autoflake", known("autoflake", &[])),
    ("docformatter", known("docformatter", &["-i"])),
    ("pydocstyle", known("pydocstyle", &[])),
    ("pydoclint", known("pydoclint", &[])),
    (
        "pydoclint-flake8",
        Known {
            entry: "flake8 --select=DOC",
            arguments: &[],
            is_version: false,
        },
    ),
    ("interrogate", known("interrogate", &[])),
    ("vulture", known("vulture", &[])),
    ("codespell", known("codespell", &[])),
    (
        "typos",
        known("typos", &["--write-changes", "--force-exclude"]),
    ),
    ("blacken-docs", known("blacken-docs", &[])),
    ("add-trailing-comma", known("add-trailing-comma", &[])),
    (
        "reorder-python-imports",
        known("reorder-python-imports", &[]),
    ),
    ("setup-cfg-fmt", known("setup-cfg-fmt", &[])),
    ("pyproject-fmt", known("pyproject-fmt", &[])),
    ("tox-ini-fmt", known("tox-ini-fmt", &[])),
    ("validate-pyproject", known("validate-pyproject", &[])),
    ("check-manifest", known("check-manifest", &[])),
    ("rst-lint", known("rst-lint", &[])),
    ("rstcheck", known("rstcheck", &[])),
    ("doc8", known("doc8", &[])),
    ("markdownlint", known("markdownlint", &[])),
    ("markdownlint-cli2", known("markdownlint-cli2", &[])),
    ("mdformat", known("mdformat", &[])),
    (
        "prettier",
        Known {
            entry: "prettier --write --list-different --ignore-unknown",
            arguments: &[],
            is_version: false,
        },
    ),
    ("yamllint", known("yamllint", &[])),
    ("yamlfmt", known("yamlfmt", &[])),
    ("shellcheck", known("shellcheck", &[])),
    ("shfmt", known("shfmt", &["-w", "-s"])),
    ("hadolint", known("hadolint", &[])),
    ("taplo-format", known("taplo format", &[])),
    ("taplo-lint", known("taplo lint", &[])),
    ("toml-sort-fix", known("toml-sort --in-place", &[])),
    (
        "check-github-workflows",
        known(
            "check-jsonschema --builtin-schema vendor.github-workflows",
            &[],
        ),
    ),
    (
        "check-github-actions",
        known(
            "check-jsonschema --builtin-schema vendor.github-actions",
            &[],
        ),
    ),
    (
        "check-dependabot",
        known("check-jsonschema --builtin-schema vendor.dependabot", &[]),
    ),
    (
        "check-readthedocs",
        known("check-jsonschema --builtin-schema vendor.readthedocs", &[]),
    ),
    ("check-jsonschema", known("check-jsonschema", &[])),
    ("actionlint", known("actionlint", &[])),
    ("zizmor", known("zizmor", &[])),
    (
        "gitleaks",
        known("gitleaks git --pre-commit --redact --staged --verbose", &[]),
    ),
    ("nbstripout", known("nbstripout", &[])),
    ("nbqa-ruff", known("nbqa ruff", &[])),
    ("nbqa-black", known("nbqa black", &[])),
    ("nbqa-isort", known("nbqa isort", &[])),
    ("poetry-check", known("poetry check", &[])),
    ("poetry-lock", known("poetry lock", &[])),
    ("uv-lock", known("uv lock", &[])),
    (
        "uv-export",
        known("uv export", &["--frozen", "--output-file=requirements.txt"]),
    ),
    ("pip-compile", known("uv pip compile", &[])),
    ("slotscheck", known("slotscheck", &[])),
    ("import-linter", known("lint-imports", &[])),
    ("deptry", known("deptry", &[])),
    ("sphinx-lint", known("sphinx-lint", &[])),
    ("cython-lint", known("cython-lint", &[])),
    ("clang-format", known("clang-format", &[])),
    ("reuse", known("reuse lint", &[])),
];

/// Returns what is known of a hook; older ids of the same hook included.
pub(super) fn find(id: &str) -> Option<Known> {
    let id = match id {
        "python-bandit-vulnerability-check" => "bandit",
        "mirrors-mypy" => "mypy",
        "seed-isort-config" => return None,
        id => id,
    };
    HOOKS
        .iter()
        .find(|(name, _)| *name == id)
        .map(|(_, known)| *known)
}
