//! Which of the automation's commands speak for the project: CI before pre-commit before the rest.
//! Knows the rule of adoption; does not know what a tool does, nor which checks towpath offers.

use super::model::{Automation, AutomationKind, Invocation, VersionPin};
use super::tools;

/// Whose word counts, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// CI runs it for a push or a pull request.
    Ci,
    /// Only pre-commit runs it.
    PreCommit,
    /// CI runs it by schedule, tag or hand.
    CiSometimes,
    /// tox, nox, make or a script describes it, and nothing seen calls it.
    Rest,
}

fn standing(invocation: &Invocation) -> Standing {
    match (invocation.reached_from_ci, invocation.on_change) {
        (true, true) => Standing::Ci,
        (true, false) if invocation.kind != AutomationKind::PreCommit => Standing::CiSometimes,
        _ if invocation.kind == AutomationKind::PreCommit => Standing::PreCommit,
        _ => Standing::Rest,
    }
}

impl Automation {
    /// Returns every command that the automation gives, for all tools, where its word counts:
    /// what tox, nox, make and scripts describe uncalled counts only where CI is absent or could
    /// not be followed whole.
    pub fn speaking(&self) -> impl Iterator<Item = &Invocation> {
        self.invocations
            .iter()
            .filter(|invocation| standing(invocation) != Standing::Rest || !self.ci_is_whole)
    }

    /// Returns whether a command is run without being asked for by name. Where CI exists, what it asks
    /// for is what counts, and what of that cannot be read may be anything.
    pub fn runs_unasked(&self, invocation: &Invocation) -> bool {
        self.has_ci || invocation.by_default
    }

    /// Returns the commands by which the project runs a tool: those of the best standing that can
    /// fail, else those of the best standing that cannot. Empty where nothing runs it.
    pub fn chosen(&self, tool: &str) -> Vec<&Invocation> {
        let mut chosen: Vec<&Invocation> = self
            .speaking()
            .filter(|invocation| invocation.tool == tool)
            .collect();
        // A command in a folder that only a run knows is mostly about another project.
        let is_here = |invocation: &&Invocation| !invocation.folder.contains(['$', '{', '~']);
        if chosen.iter().any(is_here) {
            chosen.retain(is_here);
        }
        if chosen.iter().any(|invocation| invocation.can_fail) {
            chosen.retain(|invocation| invocation.can_fail);
        }
        if let Some(best) = chosen.iter().map(|invocation| standing(invocation)).min() {
            chosen.retain(|invocation| standing(invocation) == best);
        }
        chosen
    }

    /// Returns the version of a package that is pinned where its tools are run, by the best standing that
    /// pins one.
    pub fn pin(&self, package: &str) -> Option<&VersionPin> {
        let pins = self
            .speaking()
            .filter(|invocation| tools::package(&invocation.tool) == package)
            .filter_map(|invocation| Some((standing(invocation), invocation.version.as_ref()?)));
        pins.min_by_key(|(standing, _)| *standing)
            .map(|(_, pin)| pin)
    }

    /// Returns what the automation checks beyond the tools that towpath knows, each command once.
    /// Programs that prepare, move or publish things are no checks.
    pub fn other_checks(&self) -> Vec<&Invocation> {
        let mut others: Vec<&Invocation> = Vec::new();
        for invocation in self.speaking() {
            let is_same = |other: &&Invocation| {
                other.tool == invocation.tool
                    && (other.arguments == invocation.arguments
                        || other.place == invocation.place
                        || tools::is_named(&other.tool))
            };
            if is_other_check(invocation) && !others.iter().any(is_same) {
                others.push(invocation);
            }
        }
        others
    }
}

/// Whether a command is a check that no check of towpath does. Of what nothing calls, only tools
/// known as checks count, since scripts of developers do many things.
fn is_other_check(invocation: &Invocation) -> bool {
    let builds_docs = invocation
        .via
        .first()
        .is_some_and(|via| via.contains("readthedocs"));
    let counts = match standing(invocation) {
        Standing::Ci | Standing::PreCommit => true,
        Standing::CiSometimes => false,
        Standing::Rest => tools::is_named(&invocation.tool),
    };
    counts && invocation.can_fail && !builds_docs && !tools::is_covered(&invocation.tool)
}

/// Returns the command by which the project runs a tool, or `None` where nothing runs it.
/// A tool whose command has `can_fail` is adopted; without it the tool is only advice.
pub fn adoption<'a>(automation: &'a Automation, tool: &str) -> Option<&'a Invocation> {
    automation.chosen(tool).into_iter().next()
}

#[cfg(test)]
mod tests {
    use crate::automation::adoption;
    use crate::automation::testing::{automation, line};

    const CI: &str = ".github/workflows/ci.yml";
    const HOOKS: &str = ".pre-commit-config.yaml";

    fn steps(steps: &[&str]) -> String {
        let steps = steps.join("\n      - ");
        format!("on: push\njobs:\n  t:\n    runs-on: x\n    steps:\n      - {steps}\n")
    }

    fn hooks(ids: &[&str]) -> String {
        let hooks = ids.join("\n      - id: ");
        format!("repos:\n  - repo: https://x\n    rev: v1.2\n    hooks:\n      - id: {hooks}\n")
    }

    #[test]
    fn prefers_ci_to_pre_commit_to_the_rest() {
        let tox = "[testenv]\ncommands =\n  ruff check tox\n  mypy tox\n  flake8 tox\n  pytest\n";
        let ci = steps(&[
            "run: pip install ruff==0.5",
            "run: ruff check ci",
            "run: pytest",
        ]);
        let files = [
            (CI, ci.as_str()),
            (HOOKS, &hooks(&["ruff", "mypy"])),
            ("tox.ini", tox),
        ];
        let found = automation(&files);
        let of = |tool: &str| adoption(&found, tool).map(line);
        assert_eq!(
            of("ruff").as_deref(),
            Some("ruff ci ==0.5 @.github/workflows/ci.yml:7")
        );
        assert_eq!(
            of("mypy").as_deref(),
            Some(
                "mypy --ignore-missing-imports --scripts-are-modules ==1.2 @.pre-commit-config.yaml:6"
            )
        );
        assert_eq!(of("flake8"), None, "CI is whole and calls no tox");
        let found = automation(&files[1..]);
        assert_eq!(
            adoption(&found, "flake8").map(line).as_deref(),
            Some("flake8 tox @tox.ini:5"),
            "without CI tox counts"
        );
    }

    #[test]
    fn knows_what_a_bare_call_of_a_task_runner_runs() {
        let tox = "[tox]\nenvlist = py312\n[testenv]\ncommands = pytest\n[testenv:docs]\ncommands =\n  sphinx-build docs out\n  pytest --docs\n";
        let nox = "import nox\nnox.options.sessions = ['types']\n@nox.session\ndef types(session):\n    session.run('mypy')\n@nox.session\ndef lint(session):\n    session.run('flake8')\n";
        let far = "on: push\njobs:\n  t:\n    uses: a/b/.github/workflows/x.yml@main\n";
        let unasked = |files: &[(&str, &str)], tool: &str| -> Vec<bool> {
            let found = automation(files);
            let chosen = found.chosen(tool).into_iter();
            chosen.map(|one| found.runs_unasked(one)).collect()
        };
        let both = [("tox.ini", tox), ("noxfile.py", nox)];
        assert_eq!(unasked(&both, "sphinx-build"), [false]);
        assert_eq!(unasked(&both, "pytest"), [true, false]);
        assert_eq!(unasked(&both, "mypy"), [true]);
        assert_eq!(unasked(&both, "flake8"), [false]);
        let with_ci = [both[0], (CI, far)];
        assert_eq!(
            unasked(&with_ci, "sphinx-build"),
            [true],
            "CI may ask for it"
        );
        let no_list = [(
            "tox.ini",
            "[testenv:docs]\ncommands = sphinx-build docs out\n",
        )];
        assert_eq!(unasked(&no_list, "sphinx-build"), [true]);
    }

    #[test]
    fn lets_the_rest_count_where_ci_cannot_be_followed() {
        let tox = "[testenv]\ncommands = flake8 tox\n";
        let far = "on: push\njobs:\n  t:\n    uses: a/b/.github/workflows/x.yml@main\n";
        let found = automation(&[(CI, far), ("tox.ini", tox)]);
        assert!(adoption(&found, "flake8").is_some());
    }

    #[test]
    fn prefers_what_can_fail() {
        let ci = steps(&["run: mypy || true", "run: black .", "run: pytest"]);
        let found = automation(&[(CI, &ci), (HOOKS, &hooks(&["black"]))]);
        assert!(
            adoption(&found, "black").unwrap().can_fail,
            "a rewriting hook fails"
        );
        assert!(!adoption(&found, "mypy").unwrap().can_fail);
        assert!(adoption(&found, "ruff").is_none());
    }

    #[test]
    fn follows_make_scripts_and_runners_from_ci() {
        let make = "SRC = src\nlint: types\n\tuv run ruff check $(SRC)\n\t-flake8\ntypes:\n\t$(MAKE) -C sub deep\n";
        let sub = "deep:\n\tpoetry run mypy .\n";
        let script = "#!/bin/sh -e\nhatch run test:cov \"$@\"\npoe all\n";
        let manifest = "[tool.hatch.envs.test]\ndependencies = ['pytest==8.1']\n[tool.hatch.envs.test.scripts]\ncov = ['run {args:tests}', '- codespell']\nrun = 'pytest -q {args}'\n[tool.poe.tasks]\nall = ['style', 'rest']\nstyle = 'black --check .'\nrest.shell = 'isort -c . || true'\n";
        let ci = steps(&["run: make lint", "run: ./ci/test.sh unit", "run: just fmt"]);
        let just = "fmt:\n  npx pyright@1.1\n";
        let files = [
            (CI, ci.as_str()),
            ("Makefile", make),
            ("sub/Makefile", sub),
            ("ci/test.sh", script),
            ("pyproject.toml", manifest),
            ("justfile", just),
        ];
        let found = automation(&files);
        let lines: Vec<String> = found
            .invocations
            .iter()
            .filter(|one| one.reached_from_ci)
            .map(line)
            .collect();
        assert_eq!(
            lines,
            [
                "mypy . in sub @sub/Makefile:2",
                "ruff src @Makefile:3",
                "flake8 (cannot fail) @Makefile:4",
                "pytest -q unit ==8.1 @pyproject.toml:5",
                "codespell (cannot fail) @pyproject.toml:4",
                "black --check . @pyproject.toml:8",
                "isort -c . (cannot fail) @pyproject.toml:9",
                "pyright ==1.1 @justfile:2",
            ]
        );
        let mypy = adoption(&found, "mypy").unwrap();
        assert_eq!(
            mypy.via,
            [
                "ci.yml job `t`",
                "make target `lint`",
                "make target `types`",
                "make target `deep`"
            ]
        );
        assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
    }

    #[test]
    fn follows_scripts_with_a_prefix_of_their_own() {
        let check = "#!/bin/sh -e\nexport PREFIX=\"\"\nif [ -d venv ] ; then\n    export PREFIX=\"venv/bin/\"\nfi\nexport SOURCES=\"pkg tests\"\nset -x\n${PREFIX}black --check $SOURCES\n";
        let test = "#!/bin/sh\nset -ex\nif [ -z $GITHUB_ACTIONS ]; then\n    scripts/check\nfi\nARGS=\"\"\n${PREFIX}coverage run -p -m pytest ${ARGS} \"$@\"\n";
        let ci = steps(&["run: scripts/test", "run: cd $TMP && pytest --pyargs other"]);
        let found = automation(&[
            (CI, ci.as_str()),
            ("scripts/check", check),
            ("scripts/test", test),
        ]);
        let lines: Vec<String> = found.invocations.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                "black --check pkg tests @scripts/check:8",
                "pytest @scripts/test:7",
                "coverage run -p -m pytest @scripts/test:7",
                "pytest --pyargs other in $TMP @.github/workflows/ci.yml:7",
            ]
        );
        assert_eq!(found.chosen("pytest").len(), 1);
    }

    #[test]
    fn lists_other_checks_once_and_as_they_are_written() {
        let ci = steps(&[
            "run: codespell src",
            "run: codespell docs",
            "run: python ci/check.py",
            "run: A=1 uv run python -W error -m scripts.links --all",
            "run: ./ci/style src",
            "run: git diff",
            "run: pytest",
            "run: pip-audit",
            "run: yapf --diff -r .",
            "run: ruff check",
        ]);
        let found = automation(&[
            (CI, &ci),
            (HOOKS, &hooks(&["codespell", "check-yaml", "ruff"])),
        ]);
        let others: Vec<String> = found
            .other_checks()
            .iter()
            .map(|one| one.written())
            .collect();
        assert_eq!(
            others,
            [
                "codespell src",
                "python ci/check.py",
                "python -m scripts.links --all",
                "./ci/style src",
                "pip-audit",
                "check-yaml"
            ]
        );
    }

    #[test]
    fn ends_where_automation_calls_itself() {
        let make = "a: b\n\tmake b\n\ttox\nb: a\n\tnox\n";
        let tox = "[testenv]\ncommands =\n  make a\n  pytest\n";
        let nox = "import nox\n@nox.session\ndef x(session):\n    session.run('make', 'a')\n    session.notify('x')\n    session.run('mypy')\n";
        let found = automation(&[("Makefile", make), ("tox.ini", tox), ("noxfile.py", nox)]);
        assert!(found.chosen("pytest").len() == 1 && found.chosen("mypy").len() == 1);
    }
}
