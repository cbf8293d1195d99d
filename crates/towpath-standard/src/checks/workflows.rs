//! `workflows`: whether the forge would take the repository's own workflow files. What it would refuse
//! blocks; what is only unwise is advice.

use towpath_python::PythonVersion;
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding, Place, Problem, Severity, Source};
use towpath_workflow::{Sources, parse_workflow};

use super::{Check, Scope, gathered};
use crate::facts::{Facts, NeededCheck};
use crate::work::{Applies, NativeWork, Partial, Work};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "workflows"
    }

    fn about(&self) -> &'static str {
        "asks whether the forge would take the repository's workflow files"
    }

    fn scope(&self) -> Scope {
        Scope::Repository
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        _python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let paths: Vec<String> = facts
            .tree
            .files()
            .keys()
            .filter(|path| is_workflow(path))
            .cloned()
            .collect();
        if paths.is_empty() {
            return Applies::Skip("no workflow files".to_owned());
        }
        let texts: Vec<(String, String)> = facts
            .tree
            .files()
            .keys()
            .filter(|path| path.starts_with(".github/") && is_yaml(path))
            .filter_map(|path| Some((path.clone(), facts.tree.read_text(path).ok()?)))
            .collect();
        let files = texts.iter().map(|(path, _)| path.clone()).collect();
        Applies::Work(Box::new(Work::Native(NativeWork {
            files,
            key: Vec::new(),
            asks_index: false,
            run: Box::new(move |_| validate(&paths, &texts)),
        })))
    }

    fn conclude(&self, _facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        gathered(found)
    }
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

fn is_workflow(path: &str) -> bool {
    path.strip_prefix(".github/workflows/")
        .is_some_and(|name| !name.contains('/') && is_yaml(name))
}

fn validate(paths: &[String], texts: &[(String, String)]) -> CheckResult {
    let mut result = CheckResult::default();
    let called: Sources = texts
        .iter()
        .map(|(path, text)| (format!("./{path}"), text.clone()))
        .collect();
    for path in paths {
        let Some((_, text)) = texts.iter().find(|(name, _)| name == path) else {
            continue;
        };
        let (_, problems) = parse_workflow(&Source { path, text }, &called);
        // What is wrong with a called file is told where that file is looked at itself.
        let own = problems.into_iter().filter(|problem| {
            problem
                .place
                .as_ref()
                .is_none_or(|place| place.path == *path)
        });
        result
            .findings
            .extend(own.map(|problem| finding(path, problem)));
    }
    let blocking = result
        .findings
        .iter()
        .filter(|finding| finding.blocking)
        .count();
    result.failed = blocking > 0;
    result.summary = match blocking {
        0 => counted(paths.len(), "workflow"),
        number => counted(number, "problem"),
    };
    result
}

fn finding(path: &str, problem: Problem) -> Finding {
    let hint = problem
        .hints
        .first()
        .map(|hint| format!(" ({hint})"))
        .unwrap_or_default();
    Finding {
        tool: "workflows".to_owned(),
        rule: String::new(),
        rule_url: None,
        message: format!("{}{hint}", problem.message),
        place: Some(problem.place.unwrap_or_else(|| Place::file(path))),
        severity: problem.severity,
        fixable: false,
        blocking: problem.severity == Severity::Error,
    }
}
