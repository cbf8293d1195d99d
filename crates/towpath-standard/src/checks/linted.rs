//! How the findings of linters, formatters and type checkers are judged.

use std::collections::BTreeMap;

use towpath_python::AutomationKind;
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding, Problem, Severity};

use super::{gathered, not_blocking};
use crate::adoption::{Adoption, HandedOver, ToolRun};
use crate::facts::Facts;
use crate::ignored::IgnoreRules;
use crate::judge::judge;
use crate::linter_output::{COULD_NOT_RUN, STOPPED, UNPROVEN, is_error, not_done};
use crate::work::Partial;

/// Returns what the judgement depends on beside the findings.
pub(crate) fn policy(facts: &Facts<'_>, runs: &[ToolRun]) -> String {
    let stands: BTreeMap<&str, &Adoption> = runs
        .iter()
        .map(|run| (run.tool.as_str(), &run.adoption))
        .collect();
    let patterns: Vec<_> = runs
        .iter()
        .filter_map(|run| run.invocation.as_ref())
        .map(|invocation| (&invocation.files_pattern, &invocation.exclude_pattern))
        .collect();
    format!(
        "{stands:?} {patterns:?} standard={} git={}",
        facts.settings.standard,
        !facts.git_state.is_empty()
    )
}

/// Judges the findings of linters: those of adopted tools block; of others only what cannot be code
/// that works.
pub(crate) fn conclude(
    facts: &Facts<'_>,
    check: &str,
    runs: &[ToolRun],
    found: Vec<Partial>,
) -> CheckResult {
    let found = in_scope(facts, runs, found);
    let idle: Vec<String> = found
        .iter()
        .filter_map(|partial| partial.facts.get(COULD_NOT_RUN))
        .cloned()
        .collect();
    let mut result = gathered(found);
    let blocks = |finding: &Finding| {
        let of_tool = |run: &&ToolRun| {
            run.tool == finding.tool || run.tool.split(' ').next() == Some(&finding.tool)
        };
        let blocks_for = |run: &ToolRun| {
            run.blocks_for(finding)
                && (!run.lacks_command_line(facts)
                    || (is_in_package(facts, finding) && !is_export(finding)))
        };
        let adopted =
            finding.severity != Severity::Note && runs.iter().filter(of_tool).any(blocks_for);
        adopted || facts.settings.standard || cannot_work(facts, finding)
    };
    judge(facts, check, &mut result, &blocks);
    let mut tools: Vec<&str> = runs.iter().map(|run| run.tool.as_str()).collect();
    tools.dedup();
    result.summary = match result
        .findings
        .iter()
        .filter(|finding| finding.blocking)
        .count()
    {
        0 if !idle.is_empty() => format!("{} could not run, not blocking", idle.join(", ")),
        0 if result.findings.is_empty() => tools.join(", "),
        0 => not_blocking(&result.findings, "finding"),
        number => counted(number, "problem"),
    };
    result
}

/// Which files the project's automation hands to its tools.
struct Handed<'a> {
    facts: &'a Facts<'a>,
    /// What hooks of pre-commit are handed, by tool.
    by_hooks: Vec<(&'a str, HandedOver)>,
    ignored: IgnoreRules<'a>,
}

/// Leaves out findings in files that the project's automation never sees.
pub(super) fn in_scope(facts: &Facts<'_>, runs: &[ToolRun], found: Vec<Partial>) -> Vec<Partial> {
    let hook = |run: &'_ ToolRun| {
        let invocation = run.invocation.as_ref()?;
        let is_hook = invocation.kind == AutomationKind::PreCommit;
        is_hook.then(|| HandedOver::by(invocation))
    };
    let handed = Handed {
        facts,
        by_hooks: runs
            .iter()
            .filter_map(|run| Some((run.tool.split(' ').next()?, hook(run)?)))
            .collect(),
        ignored: IgnoreRules::of(facts.tree),
    };
    let seen = |partial| handed.seen_of(partial);
    found.into_iter().map(seen).collect()
}

impl Handed<'_> {
    /// Leaves out findings in files that are not handed over. A tool that stopped at an error in such a file
    /// looked at nothing else either.
    fn seen_of(&self, mut partial: Partial) -> Partial {
        let mut generated: BTreeMap<String, bool> = BTreeMap::new();
        let mut is_generated = |path: &str| {
            *generated
                .entry(path.to_owned())
                .or_insert_with(|| is_left_by_a_build(self.facts, path))
        };
        let (kept, left_out): (Vec<Finding>, Vec<Finding>) =
            partial.findings.into_iter().partition(|finding| {
                let place = finding.place.as_ref();
                place.is_none_or(|place| {
                    self.holds(&finding.tool, &place.path) && !is_generated(&place.path)
                })
            });
        partial.findings = kept;
        if let Some(hint) = partial.facts.get(STOPPED)
            && !partial.findings.iter().any(is_error)
            && let Some(error) = left_out.into_iter().find(is_error)
        {
            let tool = hint.trim_start_matches(UNPROVEN).to_owned();
            let what = format!(
                "{tool} stopped in a file that is not the project's: {}",
                error.message
            );
            if hint.starts_with(UNPROVEN) {
                partial.findings.push(not_done(&tool, &error.message));
                partial.notes.push(what);
                partial.facts.insert(COULD_NOT_RUN.to_owned(), tool);
            } else {
                partial.errors.push(Problem {
                    place: error.place,
                    ..Problem::error(what).with_hint(format!(
                        "exclude the file in the settings of {tool}, or mend what is wrong with it"
                    ))
                });
            }
        }
        partial
    }

    /// Returns whether a file is the repository's own and handed to a tool. Where the tree is not under git,
    /// what the project's own ignore files leave out is none of it.
    fn holds(&self, tool: &str, path: &str) -> bool {
        let tree = self.facts.tree;
        let is_own = tree.contains(path)
            && !tree.is_of_submodule(path)
            && (!self.facts.git_state.is_empty() || !self.ignored.leave_out(path));
        let mut hooks = self
            .by_hooks
            .iter()
            .filter(|(of, _)| *of == tool)
            .peekable();
        is_own && (hooks.peek().is_none() || hooks.any(|(_, handed)| handed.holds(path)))
    }
}

/// Returns whether a file was written by a build and came along in an archive: in a checkout of the
/// repository such a file is ignored, and no automation ever sees it.
fn is_left_by_a_build(facts: &Facts<'_>, path: &str) -> bool {
    if !facts.git_state.is_empty() && !facts.is_release() {
        return false;
    }
    let writes_setup_py = || {
        let built = facts.project.build_system.as_ref();
        built.is_some_and(|build| build.backend.starts_with("poetry."))
    };
    if facts.is_release() && path == facts.project.path("setup.py") && writes_setup_py() {
        return true;
    }
    let text = facts.tree.read_text(path).unwrap_or_default();
    let head = text
        .lines()
        .take(6)
        .collect::<Vec<_>>()
        .join(" ")
        .to_ascii_lowercase();
    let says = |words: &str| head.contains(words);
    says("@generated")
        || says("track in version control")
        // An sdist's `setup.py` that the author never wrote.
        || says("generated by flit for tools")
        || (says("generated by")
            && (says("do not edit") || says("don't edit") || says("don't change")))
}

/// Names that Python 2 built in: code for both Pythons uses them behind a question for the version.
const BUILT_INTO_PYTHON_2: [&str; 13] = [
    "unicode",
    "basestring",
    "long",
    "xrange",
    "unichr",
    "raw_input",
    "reduce",
    "file",
    "execfile",
    "cmp",
    "reload",
    "buffer",
    "apply",
];

/// Syntax errors and undefined names in modules that are installed.
fn cannot_work(facts: &Facts<'_>, finding: &Finding) -> bool {
    let fatal = ["F821", "E999", "invalid-syntax", "syntax-error"].contains(&finding.rule.as_str());
    let Some(place) = &finding.place else {
        return false;
    };
    let is_defined = finding.rule == "F821"
        && undefined_name(finding).is_some_and(|name| {
            BUILT_INTO_PYTHON_2.contains(&name) || is_submodule(facts, &place.path, name)
        });
    // Nothing of a stub is ever run.
    let is_of_stub = finding.rule == "F821" && place.path.ends_with(".pyi");
    let is_test = place.path.contains("/tests/");
    fatal && !is_defined && !is_of_stub && is_in_package(facts, finding) && !is_test
}

/// Returns whether a finding is an import that a package may hand on, which many command lines leave out.
fn is_export(finding: &Finding) -> bool {
    let place = finding.place.as_ref();
    finding.rule == "F401" && place.is_some_and(|place| place.path.ends_with("__init__.py"))
}

/// Returns whether a finding is in a module that is installed.
fn is_in_package(facts: &Facts<'_>, finding: &Finding) -> bool {
    let mut packages = facts
        .projects
        .iter()
        .flat_map(|project| &project.layout.packages);
    finding
        .place
        .as_ref()
        .is_some_and(|place| packages.any(|package| crate::facts::is_below(&place.path, package)))
}

/// Returns the name in `Undefined name `x``, as ruff quotes it, or flake8.
fn undefined_name(finding: &Finding) -> Option<&str> {
    finding.message.rsplit(['`', '\'']).nth(1)
}

/// Returns whether a name in a package's `__init__.py` is one of its own modules, which Python binds there
/// when the module is imported.
fn is_submodule(facts: &Facts<'_>, path: &str, name: &str) -> bool {
    path.strip_suffix("__init__.py").is_some_and(|folder| {
        [
            format!("{folder}{name}.py"),
            format!("{folder}{name}/__init__.py"),
        ]
        .iter()
        .any(|module| facts.tree.contains(module))
    })
}
