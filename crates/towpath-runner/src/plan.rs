//! The plan of a run: a workflow with its matrix expanded, its needs resolved and its inputs filled in.
//! Pure; starts nothing and looks at nothing but the workflow.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use towpath_workflow::matrix::{self, MatrixValues, expand_matrix};
use towpath_workflow::needs;
use towpath_workflow::syntax::{Dynamic, Job, JobWork, MatrixCell, Step, StepWork, Text, Workflow};

use crate::action::StepInputs;

/// The jobs of a run, each after those that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The jobs.
    pub jobs: Vec<PlannedJob>,
}

/// One job: a copy for one combination of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedJob {
    /// Display name, unique in the plan.
    pub name: String,
    /// Input `check` of its only step, else its id.
    pub group: String,
    /// Input `project` of its only step, else empty.
    pub project: String,
    /// Positions in the plan of the jobs that it needs, all before its own.
    pub needs: Vec<usize>,
    /// Whether it runs whatever became of its needs: `if: always()`.
    pub always: bool,
    /// Whether its failure leaves the run green: `continue-on-error`.
    pub advisory: bool,
    /// Its steps.
    pub steps: Vec<PlannedStep>,
}

/// One step, ready to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The action.
    pub uses: String,
    /// Its inputs.
    #[serde(skip)]
    pub inputs: StepInputs,
}

/// Why a workflow cannot be planned.
#[derive(Debug, Error)]
pub enum Error {
    /// The needs have no order.
    #[error(transparent)]
    Needs(#[from] needs::Error),
    /// A matrix has no combinations.
    #[error("job `{job}`: {source}")]
    Matrix {
        /// The job.
        job: String,
        /// Why.
        #[source]
        source: matrix::Error,
    },
    /// Two jobs cannot be told apart.
    #[error("two jobs have the {what} `{name}`")]
    Duplicate {
        /// What they share.
        what: &'static str,
        /// Its text.
        name: String,
    },
    /// The workflow uses what this planner does not plan.
    #[error("job `{job}` has {what}, which is not supported here")]
    Unsupported {
        /// The job.
        job: String,
        /// What it has.
        what: String,
    },
}

impl Error {
    /// Returns what to do.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Needs(error) => error.hints(),
            Self::Matrix { source, .. } => source.hints(),
            Self::Duplicate { what, .. } => vec![format!("give each job a {what} of its own")],
            Self::Unsupported { .. } => {
                vec!["leave it to the forge that the file is written for".to_owned()]
            }
        }
    }
}

impl Plan {
    /// Returns the part of the plan that holds some jobs and all that they need.
    #[must_use]
    pub fn with_needs(&self, wanted: &BTreeSet<usize>) -> Self {
        let mut kept = wanted.clone();
        // Needs come before their dependents, so one pass from the end finds them all.
        for index in (0..self.jobs.len()).rev() {
            if kept.contains(&index) {
                kept.extend(self.jobs[index].needs.iter().copied());
            }
        }
        let position = |index: &usize| kept.iter().position(|kept| kept == index);
        let jobs = kept.iter().map(|index| {
            let mut job = self.jobs[*index].clone();
            job.needs = job.needs.iter().filter_map(position).collect();
            job
        });
        Self {
            jobs: jobs.collect(),
        }
    }
}

/// Plans a workflow whose steps all use actions and whose expressions are `${{ matrix.NAME }}`.
pub fn plan(workflow: &Workflow) -> Result<Plan, Error> {
    let ids = workflow.jobs.iter().map(|job| job.id.as_str());
    // Ids that differ by case alone are the same.
    refuse_duplicates("id", ids.map(str::to_ascii_lowercase))?;
    let needs = needs::resolve(&workflow.jobs)?;
    let mut plan = Plan::default();
    let mut copies: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in needs::order(&workflow.jobs)? {
        let job = &workflow.jobs[index];
        let needed: Vec<usize> = needs[index]
            .iter()
            .filter_map(|need| copies.get(need))
            .flatten()
            .copied()
            .collect();
        for cell in cells(job)? {
            copies.entry(index).or_default().push(plan.jobs.len());
            plan.jobs.push(planned(job, &cell, needed.clone())?);
        }
    }
    refuse_duplicates("name", plan.jobs.iter().map(|job| job.name.clone()))?;
    Ok(plan)
}

fn refuse_duplicates(what: &'static str, names: impl Iterator<Item = String>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        if seen.contains(&name) {
            return Err(Error::Duplicate { what, name });
        }
        seen.insert(name);
    }
    Ok(())
}

fn cells(job: &Job) -> Result<Vec<MatrixCell>, Error> {
    let dynamic = || unsupported(job, "a matrix made by an expression");
    let Some(strategy) = &job.strategy else {
        return Ok(vec![MatrixCell::default()]);
    };
    let Some(matrix) = &strategy.value().ok_or_else(dynamic)?.matrix else {
        return Ok(vec![MatrixCell::default()]);
    };
    let values = matrix
        .value()
        .and_then(MatrixValues::written)
        .ok_or_else(dynamic)?;
    expand_matrix(&values).map_err(|source| Error::Matrix {
        job: job.id.to_string(),
        source,
    })
}

fn planned(job: &Job, cell: &MatrixCell, needs: Vec<usize>) -> Result<PlannedJob, Error> {
    let JobWork::Steps(work) = &job.work else {
        return Err(unsupported(job, "a called workflow"));
    };
    let always = match job.condition.as_ref().map(|text| text.source.trim()) {
        None => false,
        Some("always()" | "${{ always() }}") => true,
        Some(_) => return Err(unsupported(job, "a condition")),
    };
    let advisory = work.continue_on_error.value().copied();
    let steps = work
        .steps
        .iter()
        .map(|step| planned_step(job, step, cell))
        .collect::<Result<Vec<_>, _>>()?;
    let input = |name: &str| match steps.as_slice() {
        [step] => step.inputs.get(name).to_owned(),
        _ => String::new(),
    };
    let name = match &job.name {
        Some(name) => filled(job, name, cell)?,
        None => job.id.to_string(),
    };
    Ok(PlannedJob {
        group: Some(input("check"))
            .filter(|check| !check.is_empty())
            .unwrap_or_else(|| job.id.to_string()),
        project: input("project"),
        name,
        needs,
        always,
        advisory: advisory
            .ok_or_else(|| unsupported(job, "`continue-on-error` by an expression"))?,
        steps,
    })
}

fn planned_step(job: &Job, step: &Step, cell: &MatrixCell) -> Result<PlannedStep, Error> {
    let StepWork::Uses { action, with } = &step.work else {
        return Err(unsupported(job, "a step that uses no action"));
    };
    let Dynamic::Value(with) = with else {
        return Err(unsupported(job, "inputs made by an expression"));
    };
    let mut inputs = BTreeMap::new();
    for (name, text) in with {
        inputs.insert(name.clone(), filled(job, text, cell)?);
    }
    Ok(PlannedStep {
        uses: action.clone(),
        inputs: StepInputs(inputs),
    })
}

/// Returns a text with each `${{ matrix.NAME }}` replaced; a missing name is empty, as on GitHub.
fn filled(job: &Job, text: &Text, cell: &MatrixCell) -> Result<String, Error> {
    let mut result = String::new();
    let mut rest = text.source.as_str();
    while let Some((before, after)) = rest.split_once("${{") {
        let other = || unsupported(job, "an expression other than `${{ matrix.NAME }}`");
        let (expression, behind) = after.split_once("}}").ok_or_else(other)?;
        let name = expression
            .trim()
            .strip_prefix("matrix.")
            .ok_or_else(other)?;
        result.push_str(before);
        match cell.get(name) {
            Some(serde_json::Value::String(value)) => result.push_str(value),
            Some(serde_json::Value::Null) | None => {}
            Some(value) => result.push_str(&value.to_string()),
        }
        rest = behind;
    }
    result.push_str(rest);
    Ok(result)
}

fn unsupported(job: &Job, what: &str) -> Error {
    Error::Unsupported {
        job: job.id.to_string(),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_workflow::syntax::{MatrixAxes, Strategy};

    fn job(id: &str, needs: &[&str]) -> Job {
        let mut job = Job::of_steps(
            id,
            "ubuntu-latest",
            vec![Step::uses("towpath/check@v1", &[("check", id)])],
        );
        job.needs = needs.iter().map(|need| (*need).into()).collect();
        job
    }

    #[test]
    fn copies_of_a_matrix_are_needed_one_and_all() {
        let mut tests = job("tests", &[]);
        tests.name = Some("tests ${{ matrix.python-version }}".into());
        tests.strategy = Some(Dynamic::Value(Strategy {
            matrix: Some(
                MatrixAxes::of_axis("python-version", vec!["3.10".into(), "3.12".into()]).into(),
            ),
            fail_fast: Dynamic::Value(false),
            max_parallel: None,
        }));
        let workflow = Workflow {
            jobs: vec![job("coverage", &["tests"]), tests],
            ..Workflow::default()
        };
        let plan = plan(&workflow).expect("the workflow can be planned");
        let names: Vec<&str> = plan.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["tests 3.10", "tests 3.12", "coverage"]);
        assert_eq!(plan.jobs[2].needs, [0, 1]);
    }

    #[test]
    fn unknown_need_is_refused() {
        let workflow = Workflow {
            jobs: vec![job("a", &["b"])],
            ..Workflow::default()
        };
        let error = plan(&workflow).expect_err("there is no job b");
        assert_eq!(
            error.to_string(),
            "job `a` needs `b`, which no job is called"
        );
    }
    #[test]
    fn jobs_that_cannot_be_told_apart_are_refused() {
        let named = |id: &str, name: &str| {
            let mut job = job(id, &[]);
            job.name = Some(name.into());
            job
        };
        for (jobs, expected) in [
            (
                [named("a", "x"), named("A", "y")],
                "two jobs have the id `a`",
            ),
            (
                [named("a", "x"), named("b", "x")],
                "two jobs have the name `x`",
            ),
        ] {
            let workflow = Workflow {
                jobs: jobs.to_vec(),
                ..Workflow::default()
            };
            let error = plan(&workflow).expect_err("they are the same");
            assert_eq!(error.to_string(), expected);
        }
    }
}
