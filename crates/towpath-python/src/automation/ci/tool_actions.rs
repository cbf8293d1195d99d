//! Actions of the marketplace that run one tool, as the command that they run.

use super::inputs::{With, input};
use Part::{Each, Flag, Words};

/// An action that runs one tool.
pub(super) struct ToolAction {
    /// Its names, in lower case.
    names: &'static [&'static str],
    /// The command that it runs.
    tool: &'static str,
    /// What its inputs add to the command, in order.
    parts: &'static [Part],
    /// The input that holds the tool's version.
    pub(super) version: Option<&'static str>,
}

/// A part of a command that an input makes.
enum Part {
    /// The first of these inputs as it stands, else these words.
    Words(&'static [&'static str], &'static str),
    /// An input after an option, where it is given.
    Flag(&'static str, &'static str),
    /// Each word of an input after an option.
    Each(&'static str, &'static str),
}

impl Part {
    fn text(&self, with: With<'_>) -> String {
        match self {
            Words(names, default) => input(with, names).unwrap_or(default).to_owned(),
            Flag(name, option) => {
                input(with, &[name]).map_or(String::new(), |value| format!("{option} {value}"))
            }
            Each(name, option) => {
                let words = input(with, &[name]).unwrap_or_default().split_whitespace();
                let each: Vec<String> = words.map(|word| format!("{option} {word}")).collect();
                each.join(" ")
            }
        }
    }
}

const ACTIONS: &[ToolAction] = &[
    ToolAction {
        names: &["astral-sh/ruff-action", "chartboost/ruff-action"],
        tool: "ruff",
        parts: &[Words(&["args"], "check"), Words(&["src"], ".")],
        version: Some("version"),
    },
    ToolAction {
        names: &["psf/black", "lgeiger/black-action"],
        tool: "black",
        parts: &[
            Words(&["options", "args"], "--check --diff"),
            Words(&["src"], "."),
        ],
        version: Some("version"),
    },
    ToolAction {
        names: &["rickstaa/action-black"],
        tool: "black",
        parts: &[Words(&["black_args"], ". --check")],
        version: None,
    },
    ToolAction {
        names: &["jakebailey/pyright-action"],
        tool: "pyright",
        parts: &[Flag("project", "--project"), Words(&["extra-args"], "")],
        version: Some("version"),
    },
    ToolAction {
        names: &["py-actions/flake8", "theforgephoto/flake8-action"],
        tool: "flake8",
        parts: &[
            Flag("max-line-length", "--max-line-length"),
            Flag("ignore", "--ignore"),
            Flag("exclude", "--exclude"),
            Words(&["args"], ""),
            Words(&["path"], "."),
        ],
        version: Some("flake8-version"),
    },
    ToolAction {
        names: &["isort/isort-action", "jamescurtin/isort-action"],
        tool: "isort",
        parts: &[
            Words(&["configuration"], "--check-only --diff"),
            Words(&["sort-paths", "sortpaths", "sortPaths"], "."),
        ],
        version: Some("isort-version"),
    },
    ToolAction {
        names: &["pycqa/bandit-action"],
        tool: "bandit -r",
        parts: &[Words(&["targets"], "."), Flag("configfile", "-c")],
        version: None,
    },
    ToolAction {
        names: &["pypa/gh-action-pip-audit"],
        tool: "pip-audit",
        parts: &[Each("inputs", "-r")],
        version: None,
    },
    ToolAction {
        names: &["codespell-project/actions-codespell"],
        tool: "codespell",
        parts: &[
            Flag("skip", "--skip"),
            Flag("ignore_words_list", "-L"),
            Flag("ignore_words_file", "-I"),
            Words(&["path"], "."),
        ],
        version: None,
    },
    ToolAction {
        names: &["crate-ci/typos"],
        tool: "typos",
        parts: &[Words(&["files"], ".")],
        version: None,
    },
    ToolAction {
        names: &[
            "rhysd/actionlint",
            "raven-actions/actionlint",
            "devops-actions/actionlint",
        ],
        tool: "actionlint",
        parts: &[],
        version: None,
    },
    ToolAction {
        names: &["zizmorcore/zizmor-action", "woodruffw/zizmor-action"],
        tool: "zizmor",
        parts: &[Words(&["inputs"], ".")],
        version: Some("version"),
    },
    ToolAction {
        names: &["fsfe/reuse-action"],
        tool: "reuse lint",
        parts: &[],
        version: None,
    },
    ToolAction {
        names: &["ludeeus/action-shellcheck"],
        tool: "shellcheck .",
        parts: &[],
        version: None,
    },
    ToolAction {
        names: &["davidanson/markdownlint-cli2-action"],
        tool: "markdownlint-cli2",
        parts: &[Words(&["globs"], "'*.md'")],
        version: None,
    },
    ToolAction {
        names: &["ibiqlik/action-yamllint"],
        tool: "yamllint",
        parts: &[Words(&["file_or_dir"], ".")],
        version: None,
    },
    ToolAction {
        names: &["lycheeverse/lychee-action"],
        tool: "lychee",
        parts: &[Words(&["args"], ".")],
        version: None,
    },
    ToolAction {
        names: &["super-linter/super-linter", "github/super-linter"],
        tool: "super-linter",
        parts: &[],
        version: None,
    },
    ToolAction {
        names: &["oxsecurity/megalinter"],
        tool: "megalinter",
        parts: &[],
        version: None,
    },
];

impl ToolAction {
    /// Returns the action of this name, in lower case.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.names.contains(&name))
    }

    /// Returns the command that it runs with these inputs.
    pub(super) fn command(&self, with: With<'_>) -> String {
        let parts = self.parts.iter().map(|part| part.text(with));
        let words = std::iter::once(self.tool.to_owned()).chain(parts);
        let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_make_the_command() {
        for (action, with, expected) in [
            ("psf/black", &[][..], "black --check --diff ."),
            (
                "psf/black",
                &[("options", "-q"), ("src", "src")],
                "black -q src",
            ),
            (
                "jakebailey/pyright-action",
                &[("project", "x.json")],
                "pyright --project x.json",
            ),
            (
                "pypa/gh-action-pip-audit",
                &[("inputs", "a.txt b.txt")],
                "pip-audit -r a.txt -r b.txt",
            ),
            (
                "py-actions/flake8",
                &[("exclude", "docs"), ("path", "src")],
                "flake8 --exclude docs src",
            ),
            ("fsfe/reuse-action", &[("args", "x")], "reuse lint"),
        ] {
            let with: Vec<(String, String)> = with
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let command = ToolAction::find(action).unwrap().command(&with);
            assert_eq!(command, expected, "{action}");
        }
        assert!(ToolAction::find("actions/checkout").is_none());
    }
}
