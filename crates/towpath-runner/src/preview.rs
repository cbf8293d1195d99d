//! What a workflow would do, as far as that is known before anything runs. Pure.

use serde_json::Value as Json;
use towpath_workflow::expression::{Condition, Function, Names, Object, Scope, Template, Value};
use towpath_workflow::matrix::{self, MatrixValues, expand_matrix};
use towpath_workflow::syntax::{
    Dynamic, Environment, Job, JobWork, MatrixCell, RunsOn, Strategy, Text, Workflow,
};

use crate::event::{Approval, RunContext};
use crate::platforms::Platforms;

/// What one job would do.
#[derive(Debug, Clone, PartialEq)]
pub struct JobPreview {
    /// Its id.
    pub id: String,
    /// The jobs that it needs.
    pub needs: Vec<String>,
    /// The workflow that it calls.
    pub calls: Option<String>,
    /// What its condition says.
    pub condition: Option<ConditionPreview>,
    /// The deployment environment that it uses.
    pub environment: Option<EnvironmentPreview>,
    /// Its copies.
    pub copies: Copies,
}

/// The copies of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Copies {
    /// These; one for a job without a matrix.
    Known(Vec<CopyPreview>),
    /// What other jobs give decides.
    FromNeeds,
    /// The matrix has no combinations, and why.
    Wrong(matrix::Error),
}

/// One copy of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyPreview {
    /// Its name as GitHub shows it.
    pub name: String,
    /// Its combination of the matrix.
    pub matrix: MatrixCell,
    /// The labels of the runner that it asks for; empty for a called workflow.
    pub labels: Vec<String>,
    /// Those of them that this machine does not answer to.
    pub refused: Vec<String>,
}

/// The deployment environment of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentPreview {
    /// Its name, or the expression that gives it when the job starts.
    pub name: String,
    /// Whether its jobs may start.
    pub approval: Approval,
}

/// What the condition of a job says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionPreview {
    /// The condition as written.
    pub text: String,
    /// Whether it holds as long as every job succeeds; none where the results of other jobs decide.
    pub holds: Option<bool>,
}

/// What previews are made with.
#[derive(Debug, Clone, Copy)]
pub struct PreviewScope<'a> {
    /// What the run knows.
    pub context: &'a RunContext,
    /// Which runners this machine stands for.
    pub platforms: &'a Platforms,
}

/// Returns what each job of a workflow would do, in the order of the file.
pub fn preview(workflow: &Workflow, scope: PreviewScope<'_>) -> Vec<JobPreview> {
    workflow.jobs.iter().map(|job| of_job(job, scope)).collect()
}

const NEEDS: &[&str] = &["github", "inputs", "vars", "needs"];
const MATRIX: &[&str] = &["github", "inputs", "vars", "needs", "strategy", "matrix"];

fn of_job(job: &Job, scope: PreviewScope<'_>) -> JobPreview {
    let (calls, environment) = match &job.work {
        JobWork::Call(call) => (Some(call.uses.clone()), None),
        JobWork::Steps(work) => (None, work.environment.as_ref()),
    };
    let copies = copies(job, scope);
    let first = match &copies {
        Copies::Known(copies) => copies.first().map(|copy| copy.matrix.clone()),
        _ => None,
    };
    JobPreview {
        id: job.id.to_string(),
        needs: job.needs.iter().map(ToString::to_string).collect(),
        calls,
        condition: job.condition.as_ref().map(|text| condition(text, scope)),
        environment: environment
            .map(|environment| of_environment(environment, &first.unwrap_or_default(), scope)),
        copies,
    }
}

fn copies(job: &Job, scope: PreviewScope<'_>) -> Copies {
    let cells = match matrix_of(job, scope) {
        Ok(None) => vec![MatrixCell::default()],
        Ok(Some(values)) => match expand_matrix(&values) {
            Ok(cells) => cells,
            Err(error) => return Copies::Wrong(error),
        },
        Err(other) => return other,
    };
    Copies::Known(
        cells
            .into_iter()
            .map(|cell| copy(job, cell, scope))
            .collect(),
    )
}

/// Returns the matrix with its expressions evaluated; none for a job without one.
fn matrix_of(job: &Job, scope: PreviewScope<'_>) -> Result<Option<MatrixValues>, Copies> {
    let needs = |text: &Text| reads_needs(&text.source, NEEDS);
    let strategy = match &job.strategy {
        None => return Ok(None),
        Some(Dynamic::Value(strategy)) => strategy.clone(),
        Some(Dynamic::Expression(text)) if needs(text) => return Err(Copies::FromNeeds),
        Some(Dynamic::Expression(text)) => {
            let matrix =
                evaluated(text, NEEDS, &contexts(scope, None)).map(|value| Json::from(&value));
            let matrix = matrix.and_then(|strategy| strategy.get("matrix").cloned());
            let Some(matrix) = matrix else {
                return Ok(None);
            };
            return MatrixValues::from_value(&matrix)
                .map(Some)
                .map_err(Copies::Wrong);
        }
    };
    let Strategy {
        matrix: Some(matrix),
        ..
    } = strategy
    else {
        return Ok(None);
    };
    let written = serde_json::to_value(&matrix).unwrap_or_default();
    if mentions_needs(&written) {
        return Err(Copies::FromNeeds);
    }
    let contexts = contexts(scope, None);
    let scope = Scope {
        contexts: &contexts,
        call: &no_call,
    };
    MatrixValues::evaluated(&matrix, &scope)
        .map(Some)
        .map_err(Copies::Wrong)
}

fn copy(job: &Job, cell: MatrixCell, scope: PreviewScope<'_>) -> CopyPreview {
    let contexts = contexts(scope, Some(&cell));
    let labels = match &job.work {
        JobWork::Call(_) => Vec::new(),
        JobWork::Steps(work) => labels(&work.runs_on, &contexts),
    };
    let written = job
        .name
        .as_ref()
        .and_then(|name| evaluated(name, MATRIX, &contexts));
    let written = written
        .map(|name| name.to_text())
        .filter(|name| !name.is_empty());
    CopyPreview {
        name: match (written, &job.name) {
            // GitHub adds the combination to a name that does not use it.
            (Some(name), Some(text)) if text.has_expression() => name,
            (name, _) => with_matrix(name.unwrap_or_else(|| job.id.to_string()), &cell),
        },
        refused: scope
            .platforms
            .refused(&labels)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        labels,
        matrix: cell,
    }
}

fn labels(runs_on: &RunsOn, contexts: &Object) -> Vec<String> {
    let values = runs_on.labels.iter().map(|label| {
        let value = evaluated(label, MATRIX, contexts);
        value.unwrap_or_else(|| Value::from(label.source.as_str()))
    });
    let of = |value: Value| match value.as_array() {
        Some(items) => items.iter().map(Value::to_text).collect(),
        // A group with labels may be given whole.
        None => match &value {
            Value::Object(object) => match object.get("labels") {
                Some(Value::Array(items)) => items.iter().map(Value::to_text).collect(),
                Some(label) => vec![label.to_text()],
                None => Vec::new(),
            },
            _ => vec![value.to_text()],
        },
    };
    values.flat_map(of).collect()
}

/// Returns the name of a copy: `test (3.12, ubuntu-latest)`.
fn with_matrix(name: String, cell: &MatrixCell) -> String {
    let texts: Vec<String> = cell
        .values()
        .filter(|value| !value.is_object() && !value.is_array())
        .map(|value| Value::from(value).to_text())
        .filter(|text| !text.is_empty())
        .collect();
    if texts.is_empty() {
        name
    } else {
        format!("{name} ({})", texts.join(", "))
    }
}

fn of_environment(
    environment: &Environment,
    cell: &MatrixCell,
    scope: PreviewScope<'_>,
) -> EnvironmentPreview {
    let text = &environment.name;
    let is_open = reads_needs(&text.source, MATRIX);
    let name = (!is_open).then(|| evaluated(text, MATRIX, &contexts(scope, Some(cell))));
    let name = name.flatten().map(|name| name.to_text());
    let name = name.unwrap_or_else(|| text.source.clone());
    EnvironmentPreview {
        approval: scope.context.environment(&name).approval,
        name,
    }
}

fn condition(text: &Text, scope: PreviewScope<'_>) -> ConditionPreview {
    let names = Names {
        contexts: NEEDS,
        functions: &Function::STATUS,
        status_takes_jobs: true,
    };
    let contexts = contexts(scope, None);
    let as_if_all_is_well = |function: Function, _: &[Value]| {
        Ok(Value::from(matches!(
            function,
            Function::Success | Function::Always
        )))
    };
    let holds = || {
        let scope = Scope {
            contexts: &contexts,
            call: &as_if_all_is_well,
        };
        Condition::parse(&text.source, &names)
            .ok()?
            .evaluate(&scope)
            .ok()
    };
    ConditionPreview {
        text: text.source.trim().to_owned(),
        holds: if condition_reads_needs(&text.source, &names) {
            None
        } else {
            holds()
        },
    }
}

fn condition_reads_needs(text: &str, names: &Names<'_>) -> bool {
    let whole = if text.contains("${{") {
        text.to_owned()
    } else {
        format!("${{{{ {text} }}}}")
    };
    Template::parse(&whole, names).is_ok_and(|template| {
        template.expressions().any(|part| {
            let mut paths = part.paths().into_iter();
            paths.any(|path| {
                path.first()
                    .is_some_and(|name| name.eq_ignore_ascii_case("needs"))
            })
        })
    })
}

fn reads_needs(text: &str, contexts: &[&str]) -> bool {
    let names = Names {
        contexts,
        functions: &[],
        status_takes_jobs: false,
    };
    text.contains("${{") && condition_reads_needs(text, &names)
}

fn mentions_needs(written: &Json) -> bool {
    match written {
        Json::String(text) => reads_needs(text, NEEDS),
        Json::Array(items) => items.iter().any(mentions_needs),
        Json::Object(entries) => entries.values().any(mentions_needs),
        _ => false,
    }
}

fn contexts(scope: PreviewScope<'_>, cell: Option<&MatrixCell>) -> Object {
    let context = scope.context;
    let variables = context
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let mut all = vec![
        ("github".to_owned(), Value::from(context.github.clone())),
        ("inputs".to_owned(), Value::from(context.inputs.clone())),
        ("vars".to_owned(), Value::from(Object(variables.collect()))),
    ];
    if let Some(cell) = cell {
        let cell = Json::Object(cell.clone());
        all.push(("matrix".to_owned(), Value::from(&cell)));
    }
    Object(all)
}

/// Returns the value of a text; none where it reads what only other jobs give, or has none.
fn evaluated(text: &Text, names: &[&str], contexts: &Object) -> Option<Value> {
    if !text.has_expression() {
        return Some(Value::from(text.source.as_str()));
    }
    if reads_needs(&text.source, names) {
        return None;
    }
    let names = Names {
        contexts: names,
        functions: &[],
        status_takes_jobs: false,
    };
    let scope = Scope {
        contexts,
        call: &no_call,
    };
    Template::parse(text.source.trim(), &names)
        .ok()?
        .evaluate(&scope)
        .ok()
}

fn no_call(function: Function, _: &[Value]) -> Result<Value, String> {
    Err(format!(
        "`{}` has no answer before the run",
        function.name()
    ))
}

#[cfg(test)]
mod tests {
    use towpath_report::Source;
    use towpath_workflow::{Sources, parse_workflow};

    use super::*;

    fn jobs(text: &str) -> Vec<JobPreview> {
        let text = format!("on: push\njobs:\n{text}");
        let source = Source {
            path: "x.yml",
            text: &text,
        };
        let (workflow, problems) = parse_workflow(&source, &Sources::new());
        assert_eq!(problems, [], "{text}");
        let github = Object(vec![("ref".to_owned(), Value::from("refs/heads/topic"))]);
        let context = RunContext {
            github,
            ..RunContext::default()
        };
        let platforms = Platforms::new("linux", "x86_64", []);
        let scope = PreviewScope {
            context: &context,
            platforms: &platforms,
        };
        preview(&workflow.unwrap(), scope)
    }

    #[test]
    fn copies_are_named_and_matched_with_this_machine() {
        let jobs = jobs(
            "  a:\n    strategy: {matrix: {os: [ubuntu-latest, windows-latest], python: ['3.12', 3.9]}}\n    \
             runs-on: ${{ matrix.os }}\n    steps: [{run: x}]\n  \
             b:\n    name: Tests on ${{ matrix.python }}\n    strategy: {matrix: {python: ['3.12']}}\n    \
             runs-on: [self-hosted, gpu]\n    steps: [{run: x}]\n",
        );
        let told = |job: &JobPreview| match &job.copies {
            Copies::Known(copies) => copies
                .iter()
                .map(|copy| format!("{} {}", copy.name, copy.refused.join(",")))
                .collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        assert_eq!(
            told(&jobs[0]),
            [
                "a (ubuntu-latest, 3.12) ",
                "a (ubuntu-latest, 3.9) ",
                "a (windows-latest, 3.12) windows-latest",
                "a (windows-latest, 3.9) windows-latest",
            ]
        );
        assert_eq!(told(&jobs[1]), ["Tests on 3.12 gpu"]);
    }

    #[test]
    fn what_other_jobs_give_is_not_known() {
        let jobs = jobs(
            "  a: {runs-on: x, outputs: {m: '1'}, steps: [{run: x}]}\n  \
             b: {needs: a, runs-on: x, strategy: {matrix: {x: '${{ fromJSON(needs.a.outputs.m) }}'}}, steps: [{run: x}]}\n  \
             c: {runs-on: x, strategy: {matrix: {x: '${{ fromJSON(''[1, 2]'') }}'}}, steps: [{run: x}]}\n",
        );
        assert_eq!(jobs[1].copies, Copies::FromNeeds);
        let Copies::Known(copies) = &jobs[2].copies else {
            panic!("the matrix is known")
        };
        assert_eq!(copies[1].name, "c (2)");
    }

    #[test]
    fn conditions_hold_as_long_as_all_is_well() {
        for (condition, holds) in [
            ("github.ref == 'refs/heads/topic'", Some(true)),
            ("${{ github.ref == 'refs/heads/main' }}", Some(false)),
            ("always() && github.ref == 'x'", Some(false)),
            ("failure()", Some(false)),
            ("success() || needs.x.result == 'skipped'", None),
            ("${{ needs.x.outputs.go == 'true' }}", None),
        ] {
            let jobs = jobs(&format!(
                "  x: {{runs-on: x, steps: [{{run: x}}]}}\n  a:\n    needs: x\n    if: {condition}\n    runs-on: x\n    steps: [{{run: x}}]\n"
            ));
            let told = jobs[1].condition.as_ref().unwrap();
            assert_eq!((told.text.as_str(), told.holds), (condition, holds));
        }
    }

    #[test]
    fn environments_are_named_with_their_approval() {
        let jobs = jobs(
            "  a: {runs-on: x, environment: testpypi, steps: [{run: x}]}\n  \
             b: {runs-on: x, environment: {name: \"${{ github.ref == 'x' && 'test' || 'prod' }}\"}, steps: [{run: x}]}\n",
        );
        let told: Vec<(&str, Approval)> = jobs
            .iter()
            .filter_map(|job| job.environment.as_ref())
            .map(|environment| (environment.name.as_str(), environment.approval))
            .collect();
        assert_eq!(
            told,
            [
                ("testpypi", Approval::NotNeeded),
                ("prod", Approval::Needed)
            ]
        );
    }
}
