//! `coverage`: what all Pythons covered together, and the gates for the total and for changed lines.
//! Computed even when tests failed.

mod excuse;

use std::collections::BTreeMap;

use towpath_host::Digest;
use towpath_python::PythonVersion;
use towpath_report::readers::{Paths, coverage_py};
use towpath_report::{
    Changes, CheckResult, Coverage, Finding, Place, Problem, Severity, TestCase, TestOutcome,
    percent_covered,
};

use self::excuse::{Told, excuse};
use super::tests::{coverage_plugins, coverage_requirement};
use super::{Check, gathered};
use crate::coverage_gate::{Gate, threshold};
use crate::facts::{Facts, NeededCheck};
use crate::settings::Measure;
use crate::work::{
    Applies, Command, EnvironmentNeed, NativeWork, Output, Partial, ToolWork, TreeUse, Work,
};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn about(&self) -> &'static str {
        "combines the coverage of all Pythons and holds it against the thresholds"
    }

    fn needs(&self, _facts: &Facts<'_>) -> &'static [&'static str] {
        &["tests"]
    }

    fn runs_after_failure(&self) -> bool {
        true
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        _python: Option<PythonVersion>,
        needs: &[NeededCheck<'_>],
    ) -> Applies {
        let artifacts: Vec<_> = needs
            .iter()
            .filter(|needed| needed.project == facts.project.root)
            .flat_map(|needed| &needed.result.artifacts)
            .filter(|artifact| artifact.name.starts_with("coverage"))
            .enumerate()
            .map(|(index, artifact)| (format!("data/.coverage.{index}"), artifact.clone()))
            .collect();
        if let Some(problem) = unjudged(facts, needs, artifacts.len()) {
            return Applies::Work(Box::new(Work::Native(NativeWork::without_verdict(problem))));
        }
        if artifacts.is_empty() {
            return Applies::Skip(unmeasured(facts));
        }
        let environment = EnvironmentNeed::of(
            facts.newest_python(),
            vec![coverage_requirement(facts), extra(facts)]
                .into_iter()
                .filter(|text| !text.is_empty())
                .chain(coverage_plugins(facts))
                .collect(),
        );
        let command = Command {
            tool: "coverage".to_owned(),
            arguments: ["{python}", "{out}/combine_coverage.py", "{out}", "{tree}"]
                .map(str::to_owned)
                .to_vec(),
            environment: BTreeMap::new(),
            folder: facts.project.root.clone(),
            reads_stdout: true,
            read: read_coverage,
            hint: excuse::not_judged(needs).to_string(),
        };
        Applies::Work(Box::new(Work::Tool(ToolWork {
            tree: TreeUse::Private,
            // Plugins of coverage.py may be the project's own.
            executes_project: !facts.project.coverage.plugins.is_empty(),
            support_files: vec![(
                "combine_coverage.py".to_owned(),
                include_bytes!("combine_coverage.py").to_vec(),
            )],
            artifacts,
            key: vec![
                ("threshold".to_owned(), format!("{:?}", threshold(facts))),
                (
                    "changed lines gate".to_owned(),
                    percent(facts.settings.changed_lines_gate),
                ),
                (
                    "changed lines".to_owned(),
                    changed_lines_digest(facts.changes.as_ref()),
                ),
            ],
            ..ToolWork::of(environment, vec![command])
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let told = Told::of(&found);
        let mut result = gathered(found);
        let Some(coverage) = &result.coverage else {
            return result;
        };
        if coverage.files.is_empty() {
            result.summary = "nothing was measured".to_owned();
            let changes = facts.changes.as_ref();
            let has_changes = changes.is_none_or(|changes| !changes.files.is_empty());
            if threshold(facts).is_some()
                || (facts.settings.changed_lines_gate.is_some() && has_changes)
            {
                let message =
                    "no file of the project was measured, though a threshold is set".to_owned();
                result.findings.push(gate("total", message));
                result.failed = true;
            }
            return result;
        }
        let percent = coverage.percent();
        // Rounded as coverage.py rounds before it compares: never up to 100.
        let shown = if percent < 100.0 {
            percent.min(99.99)
        } else {
            percent
        };
        result.summary = format!("{shown:.1} %");
        if let Some(wanted) = threshold(facts) {
            result.summary = format!("{shown:.1} %, needs {} %", wanted.needed);
            let missed = missed_total(facts, told, coverage, wanted);
            result.findings.extend(missed);
        }
        if facts.changes.is_none() && facts.settings.changed_lines_gate.is_some() {
            result.errors.push(
                Problem::error(
                    "it is not known which lines changed, which the gate `changed-lines` needs",
                )
                .with_hint(
                    "fetch the base of the change with its history, or name it with `--changed-since REF`",
                ),
            );
            return result;
        }
        if let Some(changed) = changed_lines(facts, coverage).filter(|changed| changed.all > 0) {
            let ChangedLines {
                hit,
                all,
                uncovered,
            } = changed;
            result.summary = format!("{}, new lines {hit} of {all}", result.summary);
            let percent = percent_covered(hit, all);
            if let Some(needed) = facts
                .settings
                .changed_lines_gate
                .filter(|needed| percent + 1e-9 < *needed)
            {
                let message = format!(
                    "{percent:.2} % of the changed lines are covered, the settings want {needed} %"
                );
                result.findings.push(Finding {
                    place: uncovered,
                    ..gate("changed-lines", message)
                });
            }
        }
        result.failed = result.findings.iter().any(|finding| finding.blocking);
        result
    }
}

/// Returns what is to be said of a total below what is wanted.
fn missed_total(
    facts: &Facts<'_>,
    told: Told,
    coverage: &Coverage,
    wanted: Gate,
) -> Option<Finding> {
    let percent = coverage.percent();
    if !wanted.fails(percent) {
        return None;
    }
    let needed = wanted.needed;
    let missed = format!("coverage is {percent:.2} %, the project wants {needed} %");
    Some(match excuse(facts, told, coverage, wanted) {
        None => gate("total", missed),
        Some(why) => Finding {
            blocking: false,
            severity: Severity::Warning,
            ..gate("total", format!("{missed}; not judged, since {why}"))
        },
    })
}

/// Returns why a gate cannot be judged though the tests passed: nobody measured them, or what was measured
/// is not there. `kept` data of them are.
fn unjudged(facts: &Facts<'_>, needs: &[NeededCheck<'_>], kept: usize) -> Option<Problem> {
    let has_gate = threshold(facts).is_some() || facts.settings.changed_lines_gate.is_some();
    if !has_gate || facts.settings.leaves_out("tests") {
        return None;
    }
    let ran = |case: &TestCase| !matches!(case.outcome, TestOutcome::Error | TestOutcome::Skipped);
    let passed = |needed: &&NeededCheck<'_>| {
        let result = needed.result;
        needed.project == facts.project.root && !result.failed && result.tests.iter().any(ran)
    };
    let passed = needs.iter().filter(passed).count();
    let has_tests = facts.projects.iter().any(|project| project.tests.is_some());
    let expected = match facts.settings.measure {
        _ if !has_tests => 1,
        Measure::All => passed,
        Measure::NewestOnly | Measure::None => passed.min(1),
    };
    if kept >= expected {
        return None;
    }
    let problem = Problem::error("a threshold for coverage is set, and coverage was not measured");
    Some(if facts.settings.measure == Measure::None {
        problem.with_hint("take `measure = \"none\"` out of `[tool.towpath.coverage]`, or the threshold out of the settings")
    } else {
        problem.with_hint("`towpath logs tests` shows what became of the data")
    })
}

/// Returns why there is nothing to combine.
fn unmeasured(facts: &Facts<'_>) -> String {
    match threshold(facts) {
        _ if !facts.settings.leaves_out("tests") => "no test measured coverage".to_owned(),
        None => "the tests are in `skip`".to_owned(),
        Some(wanted) => {
            format!(
                "the tests are in `skip`, so nothing is held against {} %",
                wanted.needed
            )
        }
    }
}

/// Writes a threshold for the key.
fn percent(threshold: Option<f64>) -> String {
    threshold.map_or_else(|| "none".to_owned(), |percent| format!("{percent} %"))
}

fn changed_lines_digest(changes: Option<&Changes>) -> String {
    let Some(changes) = changes else {
        return "unknown".to_owned();
    };
    if changes.files.is_empty() {
        return "none".to_owned();
    }
    Digest::of(format!("{:?}", changes.files).as_bytes()).to_string()
}

/// How much of what changed is covered.
#[derive(Default)]
struct ChangedLines {
    /// Changed statements that were executed.
    hit: usize,
    /// Changed statements.
    all: usize,
    /// The first that was not executed.
    uncovered: Option<Place>,
}

/// Returns what is covered of the changed statements; `None` without a base.
fn changed_lines(facts: &Facts<'_>, coverage: &Coverage) -> Option<ChangedLines> {
    let changes = facts.changes.as_ref()?;
    if changes.files.is_empty() {
        return None;
    }
    let mut changed = ChangedLines::default();
    for (path, ranges) in &changes.files {
        let Some(file) = coverage.files.get(path) else {
            continue;
        };
        let is_changed = |line: &&u32| {
            ranges
                .iter()
                .any(|(first, last)| first <= *line && *line <= last)
        };
        let executed = file.executed.iter().filter(is_changed).count();
        let missing: Vec<u32> = file.missing.iter().filter(is_changed).copied().collect();
        changed.hit += executed;
        changed.all += executed + missing.len();
        if changed.uncovered.is_none() {
            changed.uncovered = missing.first().map(|line| Place::at(path, *line, 0));
        }
    }
    Some(changed)
}

/// Reading TOML settings needs a parser that Pythons before 3.11 lack.
fn extra(facts: &Facts<'_>) -> String {
    let from_toml = facts
        .project
        .coverage
        .config_file
        .as_deref()
        .is_some_and(|file| {
            std::path::Path::new(file)
                .extension()
                .is_some_and(|extension| extension == "toml")
        });
    if from_toml {
        "tomli ; python_version < '3.11'".to_owned()
    } else {
        String::new()
    }
}

fn gate(rule: &str, message: String) -> Finding {
    Finding {
        tool: "coverage".to_owned(),
        rule: rule.to_owned(),
        rule_url: None,
        message,
        place: None::<Place>,
        severity: Severity::Error,
        fixable: false,
        blocking: true,
    }
}

fn read_coverage(output: &Output<'_>) -> Result<Partial, String> {
    let bytes = (output.file)("coverage.json").ok_or_else(|| output.last_lines(5))?;
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    let coverage = coverage_py::read(&bytes, &paths).map_err(|error| error.to_string())?;
    let said = (output.file)("other_pythons.txt").unwrap_or_default();
    Ok(Partial {
        coverage: Some(coverage),
        facts: Told::facts(output.hint, &String::from_utf8_lossy(&said)),
        ..Partial::default()
    })
}
