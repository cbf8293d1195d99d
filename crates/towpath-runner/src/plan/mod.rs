//! The plan of a run: workflows with their matrices expanded, their needs resolved and their inputs
//! filled in, as far as that can be known before the run. Pure; starts nothing and looks at nothing but
//! the workflows and what their run knows.
//!
//! A job whose copies or condition depend on other jobs, and a job that calls a workflow, stands in the
//! plan once, for all that it will come to; [`jobs_of`] and [`copies`] are asked again when it is ready.

mod calls;
mod copies;
mod granted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use towpath_report::Problem;
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::matrix;
use towpath_workflow::needs;
use towpath_workflow::syntax::{Job, MatrixCell, Workflow};

use crate::action::StepInputs;
use crate::event::RunContext;

pub(crate) use calls::called_frame;
pub(crate) use copies::copies;
use copies::{is_known, unique};
pub use granted::Granted;
pub(crate) use granted::granted;

/// The jobs of a run, each after those that it needs.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The jobs.
    pub jobs: Vec<PlannedJob>,
    /// The workflows that they belong to.
    pub frames: Vec<Arc<Frame>>,
}

/// A workflow in a run: one that the event started, or one that a job of another calls.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// Its file, for messages; empty for a workflow that was never written.
    pub file: String,
    /// The workflow.
    pub workflow: Arc<Workflow>,
    /// What its jobs see.
    pub context: Arc<RunContext>,
    /// Stands before the names of its jobs: `caller / `.
    pub prefix: String,
    /// How many workflows call one another to come here, the first one included.
    pub depth: usize,
    /// Values of the matrix that its copies must have to be wanted, by the key of the matrix.
    pub wanted: BTreeMap<String, Vec<String>>,
    /// What the job that calls it may do; none where an event started it.
    pub granted: Option<Granted>,
}

/// One job: a copy for one combination of the matrix, or what stands for all of them until they are known.
#[derive(Debug, Clone, PartialEq)]
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
    /// Its steps, where all of them use actions with inputs that are known; else none.
    pub steps: Vec<PlannedStep>,
    /// The workflow that it belongs to, as its position in the plan.
    pub frame: usize,
    /// Its position among the jobs of that workflow.
    pub definition: usize,
    /// Which copy it is; `None` while it stands for all of them.
    pub copy: Option<JobCopy>,
}

/// One of the copies that a strategy makes of a job.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobCopy {
    /// Its combination of the matrix.
    pub cell: MatrixCell,
    /// Its number among the copies, from 0.
    pub index: usize,
    /// How many copies there are.
    pub total: usize,
    /// Whether the failure of one copy cancels the others.
    pub fail_fast: bool,
    /// How many of the copies may run at once.
    pub max_parallel: usize,
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
    /// An expression has no value.
    #[error("job `{job}`: {}", problem.message)]
    Expression {
        /// The job.
        job: String,
        /// What is wrong with it.
        problem: Box<Problem>,
    },
    /// Two jobs cannot be told apart.
    #[error("two jobs have the id `{0}`")]
    Duplicate(String),
}

impl Error {
    /// Returns what to do.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Needs(error) => error.hints(),
            Self::Matrix { source, .. } => source.hints(),
            Self::Expression { problem, .. } => problem.hints.clone(),
            Self::Duplicate(_) => vec!["give each job an id of its own".to_owned()],
        }
    }

    /// Returns it as a problem, with its place where it has one.
    pub(crate) fn to_problem(&self) -> Problem {
        let mut problem = Problem::error(self.to_string());
        problem.hints = self.hints();
        if let Self::Expression { problem: inner, .. } = self {
            problem.place.clone_from(&inner.place);
        }
        problem
    }
}

impl Frame {
    /// Returns the frame of a workflow made here, of which nothing but itself is known.
    pub fn of(workflow: &Workflow) -> Self {
        Self {
            workflow: Arc::new(workflow.clone()),
            depth: 1,
            ..Self::default()
        }
    }

    /// Tells whether a copy has the values of the matrix that are wanted; a key that it lacks may be any.
    pub(crate) fn wants(&self, job: &PlannedJob) -> bool {
        let Some(copy) = &job.copy else {
            return true;
        };
        self.wanted.iter().all(|(key, wanted)| {
            copy.cell.get(key).is_none_or(|value| {
                let value = Value::from(value).to_text();
                wanted.contains(&value)
            })
        })
    }

    /// Returns the contexts that every expression of the workflow may use: `github`, `inputs`, `vars`.
    pub(crate) fn contexts(&self) -> Object {
        let context = &self.context;
        let variables = context.variables.iter();
        let variables = variables.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        Object(vec![
            ("github".to_owned(), context.github.clone().into()),
            ("inputs".to_owned(), context.inputs.clone().into()),
            ("vars".to_owned(), Object(variables.collect()).into()),
        ])
    }
}

impl JobCopy {
    /// Returns the contexts `matrix` and `strategy` of the copy.
    pub(crate) fn contexts(&self) -> [(String, Value); 2] {
        let matrix = if self.cell.is_empty() {
            Value::Null
        } else {
            Value::from(&serde_json::Value::Object(self.cell.clone()))
        };
        let strategy = Object(vec![
            ("fail-fast".to_owned(), Value::from(self.fail_fast)),
            ("job-index".to_owned(), Value::from(self.index as f64)),
            ("job-total".to_owned(), Value::from(self.total as f64)),
            (
                "max-parallel".to_owned(),
                Value::from(self.max_parallel as f64),
            ),
        ]);
        [
            ("matrix".to_owned(), matrix),
            ("strategy".to_owned(), strategy.into()),
        ]
    }

    /// The copy of a job that is not copied.
    fn only() -> Self {
        Self {
            total: 1,
            fail_fast: true,
            max_parallel: 1,
            ..Self::default()
        }
    }

    /// Returns the values of the matrix that are shown behind a name: ` (3.12, linux)`.
    fn suffix(&self) -> String {
        let shown: Vec<String> = self
            .cell
            .values()
            .filter(|value| !value.is_array() && !value.is_object())
            .map(|value| Value::from(value).to_text())
            .collect();
        if shown.is_empty() {
            return String::new();
        }
        format!(" ({})", shown.join(", "))
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
            frames: self.frames.clone(),
        }
    }

    /// Returns the definition of a job.
    pub fn definition(&self, job: &PlannedJob) -> &Job {
        &self.frames[job.frame].workflow.jobs[job.definition]
    }
}

/// Plans one workflow of which nothing but itself is known.
pub fn plan(workflow: &Workflow) -> Result<Plan, Error> {
    plan_frames(vec![Frame::of(workflow)])
}

/// Plans workflows that one event starts together.
pub fn plan_frames(frames: Vec<Frame>) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let mut names = BTreeSet::new();
    for frame in frames {
        let position = plan.frames.len();
        let jobs = jobs_of(&frame, position, plan.jobs.len(), &mut names)?;
        plan.jobs.extend(jobs);
        plan.frames.push(Arc::new(frame));
    }
    Ok(plan)
}

/// Returns the jobs of a workflow that becomes the frame at `position`; the first of them comes to stand
/// at `offset` of the plan. `names` are those that are taken.
pub(crate) fn jobs_of(
    frame: &Frame,
    position: usize,
    offset: usize,
    names: &mut BTreeSet<String>,
) -> Result<Vec<PlannedJob>, Error> {
    let definitions = &frame.workflow.jobs;
    refuse_duplicates(definitions)?;
    let needs = needs::resolve(definitions)?;
    let mut jobs: Vec<PlannedJob> = Vec::new();
    let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for definition in needs::order(definitions)? {
        let needed: Vec<usize> = needs[definition]
            .iter()
            .filter_map(|need| places.get(need))
            .flatten()
            .copied()
            .collect();
        let known = if is_known(&definitions[definition]) {
            let mut copies = copies(frame, position, definition, &Object::default(), names)?;
            copies.retain(|copy| frame.wants(copy));
            copies
        } else {
            vec![PlannedJob {
                name: unique(
                    &format!("{}{}", frame.prefix, definitions[definition].id),
                    names,
                ),
                group: definitions[definition].id.to_string(),
                project: String::new(),
                needs: Vec::new(),
                always: false,
                advisory: false,
                steps: Vec::new(),
                frame: position,
                definition,
                copy: None,
            }]
        };
        for mut job in known {
            job.needs.clone_from(&needed);
            places
                .entry(definition)
                .or_default()
                .push(offset + jobs.len());
            jobs.push(job);
        }
    }
    Ok(jobs)
}

/// Ids that differ by case alone are the same.
fn refuse_duplicates(jobs: &[Job]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for job in jobs {
        let id = job.id.as_str().to_ascii_lowercase();
        if seen.contains(&id) {
            return Err(Error::Duplicate(id));
        }
        seen.insert(id);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_workflow::syntax::{Dynamic, MatrixAxes, Step, Strategy};

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
    fn jobs_with_one_id_are_refused() {
        let workflow = Workflow {
            jobs: vec![job("a", &[]), job("A", &[])],
            ..Workflow::default()
        };
        let error = plan(&workflow).expect_err("they are the same");
        assert_eq!(error.to_string(), "two jobs have the id `a`");
    }

    // Reports and folders know jobs by their names.
    #[test]
    fn names_are_told_apart() {
        let named = |id: &str| {
            let mut job = job(id, &[]);
            job.name = Some("x".into());
            job
        };
        let workflow = Workflow {
            jobs: vec![named("a"), named("b")],
            ..Workflow::default()
        };
        let plan = plan(&workflow).expect("the workflow can be planned");
        let names: Vec<&str> = plan.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["x", "x 2"]);
    }
}
