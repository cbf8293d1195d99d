//! Groups what a run found by cause: the same test failing on four Pythons and in the wheel is one
//! cause, the same finding in several jobs is one. Decides the order in which a reader meets them;
//! does not know how they are drawn.

use std::collections::{BTreeMap, BTreeSet};

use crate::comparison::{Comparison, comparison};
use crate::extent::{extent, wording};
use crate::text::counted;
use crate::{
    Conclusion, Finding, JobRecord, LastPass, Place, Problem, RunRecord, Severity, TestCase,
    TestOutcome,
};

/// One thing that is wrong, with every job that says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Name of the check without its matrix: `tests`, `lint`.
    pub group: String,
    /// The project it concerns, relative to the repository; empty for the root.
    pub project: String,
    /// What is wrong, on one line: `F401 … imported but unused`, `test_natural_list`.
    pub title: String,
    /// How far it reaches, to follow the title: `3 of 8 cases, on every Python and in the wheel`;
    /// empty where one job found one thing.
    pub extent: String,
    /// Where a reader should look first.
    pub place: Option<Place>,
    /// Names of the jobs that found it, in the order they ended.
    pub jobs: Vec<String>,
    /// Whether it makes the run fail.
    pub blocking: bool,
    /// Whether `towpath fix` can mend it.
    pub fixable: bool,
    /// What is behind it.
    pub kind: CauseKind,
}

/// What is behind a cause.
#[derive(Debug, Clone, PartialEq)]
pub enum CauseKind {
    /// A finding of a tool.
    Finding(Finding),
    /// Cases of a test that fail, or tests that fail with the same message before they run.
    Tests {
        /// The cases that fail, each once, in the order they ran: the first in full.
        cases: Vec<TestCase>,
        /// How many cases there are in all.
        of: usize,
        /// What the first case says was wanted and what it got.
        comparison: Option<Comparison>,
        /// When the first case passed last, where that is known.
        last_pass: Option<LastPass>,
    },
    /// towpath could not do the work.
    Problem(Problem),
    /// A job failed without saying why in a form that towpath reads; its summary is the title.
    Job,
}

/// Returns the causes of a run: first those that block, in the order of the jobs, then the others.
/// Findings that only note something (`Severity::Note`) and do not block are causes too.
pub fn causes(run: &RunRecord) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut builder = Builder {
        run,
        causes: &mut causes,
        known: BTreeMap::new(),
        seen: BTreeSet::new(),
    };
    for job in &run.jobs {
        builder.add_errors(job);
        builder.add_findings(job);
        builder.add_tests(job);
        builder.add_silent_failure(job);
    }
    for cause in &mut causes {
        let words = extent(run, &cause.group, &cause.project, &cause.jobs);
        cause.extent = wording(&cases_text(&cause.kind), &words);
    }
    causes.sort_by_key(|cause| !cause.blocking);
    causes
}

struct Builder<'a, 'c> {
    run: &'a RunRecord,
    causes: &'c mut Vec<Cause>,
    /// Where the cause of a key stands.
    known: BTreeMap<Vec<String>, usize>,
    /// Test cases that a cause holds already: the cause's place and the case's id.
    seen: BTreeSet<(usize, &'a str)>,
}

impl<'a> Builder<'a, '_> {
    /// Adds a cause, or the job to the cause of the same key.
    fn add(&mut self, key: Vec<String>, job: &JobRecord, new: impl FnOnce() -> Cause) {
        let index = *self.known.entry(key).or_insert_with(|| {
            self.causes.push(new());
            self.causes.len() - 1
        });
        if let Some(cause) = self.causes.get_mut(index)
            && cause.jobs.last() != Some(&job.name)
        {
            cause.jobs.push(job.name.clone());
        }
    }

    fn add_errors(&mut self, job: &'a JobRecord) {
        for problem in &job.result.errors {
            let key = vec![
                "error".to_owned(),
                problem.message.clone(),
                place_key(problem.place.as_ref()),
            ];
            self.add(key, job, || Cause {
                // What follows are the words of a program, which the whole problem holds.
                title: problem
                    .message
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                place: problem.place.clone(),
                blocking: !job.advisory && problem.severity == Severity::Error,
                kind: CauseKind::Problem(problem.clone()),
                ..empty(job)
            });
        }
    }

    fn add_findings(&mut self, job: &'a JobRecord) {
        for finding in &job.result.findings {
            let blocking = finding.blocking && !job.advisory;
            let key = vec![
                "finding".to_owned(),
                finding.tool.clone(),
                finding.rule.clone(),
                finding.message.clone(),
                place_key(finding.place.as_ref()),
                blocking.to_string(),
            ];
            self.add(key, job, || Cause {
                title: title(finding),
                place: finding.place.clone(),
                blocking,
                fixable: finding.fixable,
                kind: CauseKind::Finding(finding.clone()),
                ..empty(job)
            });
        }
    }

    fn add_tests(&mut self, job: &'a JobRecord) {
        let shared = shared_messages(&job.result.tests);
        for case in job.result.tests.iter().filter(|case| case.is_failure()) {
            let by_message =
                case.outcome == TestOutcome::Error && shared.contains(case.message.as_str());
            let name = if by_message {
                &case.message
            } else {
                case.function()
            };
            let key = vec![
                "test".to_owned(),
                job.project.clone(),
                by_message.to_string(),
                name.to_owned(),
            ];
            self.add(key.clone(), job, || new_test_cause(job, case, by_message));
            let Some(index) = self.known.get(&key).copied() else {
                continue;
            };
            let is_new = self.seen.insert((index, case.id.as_str()));
            let Some(cause) = self.causes.get_mut(index) else {
                continue;
            };
            cause.blocking |= !job.advisory;
            if cause.group == "wheel" {
                // The wheel only repeats the tests, though it may end before them.
                cause.group.clone_from(&job.group);
            }
            let CauseKind::Tests {
                cases,
                of,
                last_pass,
                ..
            } = &mut cause.kind
            else {
                continue;
            };
            if is_new {
                cases.push(case.clone());
            }
            if last_pass.is_none() && cases.first().is_some_and(|first| first.id == case.id) {
                *last_pass = job
                    .last_pass
                    .clone()
                    .filter(|pass| pass.tests.contains(&case.id));
            }
            if by_message {
                *of = cases.len();
            } else if *of == 0 {
                *of = cases_of(self.run, &job.project, case.function());
            }
        }
    }

    /// A red job without a blocking cause must still be explained.
    fn add_silent_failure(&mut self, job: &'a JobRecord) {
        let is_red =
            matches!(job.conclusion, Conclusion::Failure | Conclusion::Error) && !job.advisory;
        let is_explained = self
            .causes
            .iter()
            .any(|cause| cause.blocking && cause.jobs.contains(&job.name));
        if !is_red || is_explained {
            return;
        }
        let words = [&job.result.summary, &job.reason]
            .into_iter()
            .find(|words| !words.is_empty());
        let words = words.map_or("failed without saying why", String::as_str);
        let key = vec![
            "job".to_owned(),
            job.group.clone(),
            job.project.clone(),
            words.to_owned(),
        ];
        self.add(key, job, || Cause {
            title: words.to_owned(),
            blocking: true,
            ..empty(job)
        });
    }
}

fn empty(job: &JobRecord) -> Cause {
    Cause {
        group: job.group.clone(),
        project: job.project.clone(),
        title: String::new(),
        extent: String::new(),
        place: None,
        jobs: Vec::new(),
        blocking: false,
        fixable: false,
        kind: CauseKind::Job,
    }
}

fn new_test_cause(job: &JobRecord, case: &TestCase, by_message: bool) -> Cause {
    let name = case.function();
    let short = name.split_once("::").map_or(name, |(_, name)| name);
    let defined = (!case.path.is_empty()).then(|| Place::at(&case.path, case.line, 0));
    // A missing module or fixture is wrong where it is asked for, a failing test where it fails, as
    // long as that is in its own file.
    let failed_at = case
        .failed_at
        .clone()
        .filter(|place| by_message || defined.is_none() || place.path == case.path);
    let place = failed_at.or(defined);
    Cause {
        title: if by_message {
            case.message.clone()
        } else {
            short.to_owned()
        },
        place,
        blocking: !job.advisory,
        kind: CauseKind::Tests {
            cases: Vec::new(),
            of: 0,
            comparison: comparison(&case.details),
            last_pass: None,
        },
        ..empty(job)
    }
}

/// Messages with which two or more tests could not be collected or set up: one missing module is one
/// cause, not a hundred.
fn shared_messages(tests: &[TestCase]) -> BTreeSet<&str> {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in tests
        .iter()
        .filter(|case| case.outcome == TestOutcome::Error && !case.message.is_empty())
    {
        names
            .entry(&case.message)
            .or_default()
            .insert(case.function());
    }
    names
        .into_iter()
        .filter(|(_, names)| names.len() > 1)
        .map(|(message, _)| message)
        .collect()
}

/// Counts the cases of a test over all jobs, since Pythons may differ in what they collect.
fn cases_of(run: &RunRecord, project: &str, function: &str) -> usize {
    let cases = run
        .jobs
        .iter()
        .filter(|job| job.project == project)
        .flat_map(|job| &job.result.tests);
    cases
        .filter(|case| case.function() == function)
        .map(|case| case.id.as_str())
        .collect::<BTreeSet<_>>()
        .len()
}

/// Words how many cases of a test fail: `3 of 8 cases`.
fn cases_text(kind: &CauseKind) -> String {
    let CauseKind::Tests { cases, of, .. } = kind else {
        return String::new();
    };
    let has_functions = cases
        .iter()
        .map(TestCase::function)
        .collect::<BTreeSet<_>>()
        .len()
        > 1;
    match (cases.len(), *of) {
        (failing, _) if has_functions => counted(failing, "test"),
        (_, 0 | 1) => String::new(),
        (failing, of) if failing == of => format!("all {of} cases"),
        (failing, of) => format!("{failing} of {of} cases"),
    }
}

fn title(finding: &Finding) -> String {
    let message = crate::text::first_line(&finding.message);
    if finding.rule.is_empty() {
        message
    } else {
        format!("{} {message}", finding.rule)
    }
}

fn place_key(place: Option<&Place>) -> String {
    place.map(ToString::to_string).unwrap_or_default()
}
