//! Which tools a project configures, and where. Does not know what the settings mean, nor whether
//! anything runs the tool.

use crate::files::ProjectFiles;
use crate::{Project, ToolConfigured};

/// Files of a tool's own.
const FILES: &[(&str, &[&str])] = &[
    ("ruff", &["ruff.toml", ".ruff.toml"]),
    ("flake8", &[".flake8"]),
    ("isort", &[".isort.cfg"]),
    ("mypy", &["mypy.ini", ".mypy.ini"]),
    ("pyright", &["pyrightconfig.json"]),
    ("basedpyright", &["basedpyrightconfig.json"]),
    ("ty", &["ty.toml"]),
    (
        "pylint",
        &[".pylintrc", "pylintrc", ".pylintrc.toml", "pylintrc.toml"],
    ),
    (
        "bandit",
        &[
            ".bandit",
            "bandit.yaml",
            "bandit.yml",
            ".bandit.yml",
            ".bandit.yaml",
            "bandit.toml",
        ],
    ),
    ("yapf", &[".style.yapf"]),
    ("detect-secrets", &[".secrets.baseline"]),
    ("coverage", &[".coveragerc", ".coveragerc.toml"]),
    (
        "pytest",
        &["pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"],
    ),
    (
        "pre-commit",
        &[".pre-commit-config.yaml", ".pre-commit-config.yml"],
    ),
    ("tox", &["tox.toml"]),
    ("nox", &["noxfile.py"]),
    ("codespell", &[".codespellrc"]),
    (
        "yamllint",
        &[".yamllint", ".yamllint.yml", ".yamllint.yaml"],
    ),
    ("commitizen", &[".cz.toml", "cz.toml"]),
    ("towncrier", &["towncrier.toml"]),
    ("pydocstyle", &[".pydocstyle", ".pydocstyle.ini"]),
    ("pyre", &[".pyre_configuration"]),
    ("pyrefly", &["pyrefly.toml"]),
    ("import-linter", &[".importlinter"]),
];
/// Sections of `setup.cfg` and `tox.ini`, and the tool that reads them.
const SECTIONS: &[(&str, &str)] = &[
    ("flake8", "flake8"),
    ("isort", "isort"),
    ("isort", "tool:isort"),
    ("mypy", "mypy"),
    ("pylint", "pylint.MAIN"),
    ("pylint", "pylint.MASTER"),
    ("pylint", "pylint"),
    ("bandit", "bandit"),
    ("yapf", "yapf"),
    ("autopep8", "autopep8"),
    ("pycodestyle", "pycodestyle"),
    ("pycodestyle", "pep8"),
    ("pydocstyle", "pydocstyle"),
    ("coverage", "coverage:run"),
    ("coverage", "coverage:report"),
    ("pytest", "tool:pytest"),
    ("pytest", "pytest"),
    ("nose", "nosetests"),
    ("codespell", "codespell"),
    ("tox", "tox"),
    ("check-manifest", "check-manifest"),
];

/// Returns the tools that are configured, sorted by name, file and table.
pub(crate) fn read(project: &Project, files: &ProjectFiles<'_>) -> Vec<ToolConfigured> {
    let mut tools = Vec::new();
    let mut add = |tool: &str, file: String, table: &str| {
        tools.push(ToolConfigured {
            tool: tool.to_owned(),
            file,
            table: table.to_owned(),
        });
    };
    for (tool, names) in FILES {
        for name in names.iter().filter(|name| files.has(name)) {
            add(tool, files.path(name), "");
        }
    }
    let manifest = files.path("pyproject.toml");
    for name in files
        .table(&["tool"])
        .into_iter()
        .flat_map(toml::Table::keys)
        .filter(|name| is_tool(name))
    {
        add(name, manifest.clone(), &format!("tool.{name}"));
    }
    if files.table(&["tool", "pytest", "ini_options"]).is_some() {
        tools.retain(|tool: &ToolConfigured| tool.table != "tool.pytest");
        tools.push(ToolConfigured {
            tool: "pytest".into(),
            file: manifest.clone(),
            table: "tool.pytest.ini_options".into(),
        });
    }
    for (name, ini) in [("setup.cfg", &files.setup_cfg), ("tox.ini", &files.tox_ini)] {
        let Some(ini) = ini else { continue };
        for (tool, section) in SECTIONS
            .iter()
            .filter(|(_, section)| ini.section(section).is_some())
        {
            tools.push(ToolConfigured {
                tool: (*tool).to_owned(),
                file: files.path(name),
                table: (*section).to_owned(),
            });
        }
    }
    if !project.root.is_empty() {
        inherit_ruff(files, &mut tools);
    }
    tools.sort_unstable();
    tools.dedup();
    tools
}

/// ruff takes the nearest configuration above a file; a project in a folder without one of its own is
/// linted by the repository's.
fn inherit_ruff(files: &ProjectFiles<'_>, tools: &mut Vec<ToolConfigured>) {
    if tools.iter().any(|tool| tool.tool == "ruff") {
        return;
    }
    let mut folder = files.root;
    while !folder.is_empty() {
        folder = crate::folder::parent(folder);
        let own = ["ruff.toml", ".ruff.toml"]
            .iter()
            .map(|name| crate::folder::join(folder, name));
        if let Some(file) = own.into_iter().find(|path| files.tree.contains(path)) {
            tools.push(ToolConfigured {
                tool: "ruff".into(),
                file,
                table: String::new(),
            });
            return;
        }
        let manifest = crate::folder::join(folder, "pyproject.toml");
        let table = crate::files::read_toml(files.tree, &manifest, &mut Vec::new());
        if table.is_some_and(|table| {
            table
                .get("tool")
                .and_then(|tool| tool.get("ruff"))
                .is_some()
        }) {
            tools.push(ToolConfigured {
                tool: "ruff".into(),
                file: manifest,
                table: "tool.ruff".into(),
            });
            return;
        }
    }
}

/// Tables of `[tool]` that belong to packaging rather than to a tool that checks.
fn is_tool(name: &str) -> bool {
    !matches!(
        name,
        "poetry"
            | "setuptools"
            | "setuptools_scm"
            | "setuptools-scm"
            | "flit"
            | "uv"
            | "hatch"
            | "pdm"
            | "towpath"
            | "maturin"
            | "poetry-dynamic-versioning"
            | "scikit-build"
            | "meson-python"
            | "cibuildwheel"
            | "distutils"
            | "versioningit"
            | "versioneer"
            | "wheel"
    )
}
