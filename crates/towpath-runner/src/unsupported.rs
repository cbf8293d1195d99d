//! What towpath cannot run of a plan, told before anything runs: containers, actions that are not here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use towpath_report::{Place, Problem};
use towpath_workflow::Sources;
use towpath_workflow::expression::Object;
use towpath_workflow::syntax::{
    Argument, CallJob, Dynamic, JobWork, Runs, Step, StepWork, StepsJob,
};

use crate::action::{Action, Actions};
use crate::action_folder::{
    MAX_ACTION_DEPTH, is_local, metadata_file, read_metadata, repository_path, too_deep,
};
use crate::evaluate::reads_any;
use crate::known::{Needs, copy_contexts, holds, job_holds, known_copies, known_labels};
use crate::plan::{Frame, Plan, PlannedJob, called_frame, jobs_of};
use crate::platforms::Platforms;
use crate::refusals::{containers, in_container, no_node, not_here, outside, placed};
use crate::request::{FetchedActions, FindEngine};

/// What is here to run a plan with.
pub struct Means<'a> {
    /// The user's checkout.
    pub repository: &'a Path,
    /// Built-in actions.
    pub actions: &'a Actions<'a>,
    /// Texts of the workflows that jobs call, by what follows `uses:`.
    pub sources: &'a Sources,
    /// Actions of other repositories.
    pub fetched: &'a dyn FetchedActions,
    /// The runners that this machine can stand for.
    pub platforms: &'a Platforms,
    /// Finds what runs containers.
    pub engine: &'a FindEngine<'a>,
    /// Whether Node.js is there, for JavaScript actions.
    pub has_node: bool,
}

/// Returns everything in the jobs of a plan that cannot run here, each once, with its place. What is known
/// not to run is left out: jobs and steps whose condition is false, and jobs for other machines.
pub fn unsupported(plan: &Plan, means: &Means<'_>) -> Vec<Problem> {
    let mut problems = of_jobs(&plan.frames, &plan.jobs, &["needs"], means);
    let mut told = BTreeSet::new();
    problems.retain(|problem| told.insert((problem.message.clone(), problem.place.clone())));
    problems
}

/// `late` are the contexts that are not known yet.
fn of_jobs(
    frames: &[Arc<Frame>],
    jobs: &[PlannedJob],
    late: &[&str],
    means: &Means<'_>,
) -> Vec<Problem> {
    let mut skipped = BTreeSet::new();
    let mut problems = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let frame = &frames[job.frame];
        let definition = &frame.workflow.jobs[job.definition];
        let needs = if job.needs.is_empty() {
            Needs::None
        } else if job.needs.iter().any(|need| skipped.contains(need)) {
            Needs::Skipped
        } else {
            Needs::Open
        };
        if job_holds(definition, frame, late, needs) == Some(false) {
            skipped.insert(index);
        } else {
            problems.extend(of_job(frame, job, late, means));
        }
    }
    problems
}

fn of_job(frame: &Frame, job: &PlannedJob, late: &[&str], means: &Means<'_>) -> Vec<Problem> {
    let definition = &frame.workflow.jobs[job.definition];
    let place = definition.origin.0.as_ref();
    let copies = if job.copy.is_some() {
        Ok(Some(vec![job.clone()]))
    } else {
        known_copies(frame, 0, job.definition, late, &mut BTreeSet::new())
    };
    let of_matrix: Vec<&str> = late.iter().copied().chain(["matrix", "strategy"]).collect();
    let (copies, late) = match copies {
        Ok(Some(copies)) => (copies, late),
        Ok(None) => (vec![job.clone()], of_matrix.as_slice()),
        Err(error) => return vec![placed(error.to_problem(), place)],
    };
    let wanted = copies.iter().filter(|copy| frame.wants(copy));
    wanted
        .flat_map(|copy| match &definition.work {
            JobWork::Steps(work) => {
                let contexts = copy_contexts(frame, copy);
                of_copy(work, place, &contexts, late, means)
            }
            JobWork::Call(call) => of_call(frame, copy, call, late, means)
                .into_iter()
                .map(|problem| placed(problem, place))
                .collect(),
        })
        .collect()
}

/// Contexts that a step has and that are not known before its job runs.
const OF_STEPS: [&str; 6] = ["secrets", "steps", "job", "runner", "env", "jobs"];

fn of_copy(
    work: &StepsJob,
    place: Option<&Place>,
    contexts: &Object,
    late: &[&str],
    means: &Means<'_>,
) -> Vec<Problem> {
    let labels = known_labels(&work.runs_on, contexts, late);
    if labels.is_some_and(|labels| !means.platforms.refused(&labels).is_empty()) {
        return Vec::new();
    }
    let mut problems: Vec<Problem> = containers(work, place, means.engine).into_iter().collect();
    let late: Vec<&str> = late.iter().copied().chain(OF_STEPS).collect();
    for step in work.each_step() {
        if holds(step.condition.as_ref(), contexts, &late, Needs::Open) != Some(false) {
            let place = step.origin.0.as_ref();
            if let (Some(_), StepWork::Uses { action, .. }) = (&work.container, &step.work)
                && means
                    .actions
                    .find(action)
                    .is_some_and(Action::gives_programs)
            {
                problems.push(placed(outside(action), place));
            }
            problems.extend(of_step(step, place, means, 0, &mut BTreeSet::new()));
        }
    }
    problems
}

/// Returns the problems of the workflow that a copy calls.
fn of_call(
    frame: &Frame,
    copy: &PlannedJob,
    call: &CallJob,
    late: &[&str],
    means: &Means<'_>,
) -> Vec<Problem> {
    let is_late = match &call.with {
        Dynamic::Value(with) => with
            .values()
            .any(|argument| matches!(argument, Argument::Text(text) if reads_any(text, late))),
        Dynamic::Expression(text) => reads_any(text, late),
    };
    let mut call = call.clone();
    let mut inside = vec!["needs"];
    if is_late {
        call.with = Dynamic::Value(BTreeMap::new());
        inside.push("inputs");
    }
    let mut contexts = copy_contexts(frame, copy);
    let secrets = frame.context.secrets_context();
    contexts.0.push(("secrets".to_owned(), secrets.into()));
    let definition = &frame.workflow.jobs[copy.definition];
    let called = called_frame(
        frame,
        definition,
        &call,
        &copy.name,
        contexts,
        means.sources,
    );
    let called = match called {
        Ok(called) => called,
        Err(problem) => return vec![frame.context.masked(problem)],
    };
    match jobs_of(&called, 0, 0, &mut BTreeSet::new()) {
        Ok(jobs) => of_jobs(&[Arc::new(called)], &jobs, &inside, means),
        // What depends on inputs that come later is told when they have come.
        Err(_) if is_late => Vec::new(),
        Err(error) => vec![error.to_problem()],
    }
}

/// The actions that a step was seen to use, with how deep.
type Seen = BTreeSet<(String, usize)>;

fn of_step(
    step: &Step,
    place: Option<&Place>,
    means: &Means<'_>,
    depth: usize,
    seen: &mut Seen,
) -> Vec<Problem> {
    let StepWork::Uses { action, .. } = &step.work else {
        return Vec::new();
    };
    let problems = of_action(action, place, means, depth, seen);
    let problems = problems.into_iter();
    problems.map(|problem| placed(problem, place)).collect()
}

fn of_action(
    action: &str,
    place: Option<&Place>,
    means: &Means<'_>,
    depth: usize,
    seen: &mut Seen,
) -> Vec<Problem> {
    if !seen.insert((action.to_owned(), depth)) {
        return Vec::new();
    }
    if let Some(built_in) = means.actions.find(action) {
        let version = action.split_once('@').map_or("", |(_, version)| version);
        let refused = built_in.accepts(version).err();
        return refused
            .map(|reason| Problem::error(format!("`{action}`: {reason}")))
            .into_iter()
            .collect();
    }
    if action.starts_with("docker://") {
        return in_container(action, means.engine).into_iter().collect();
    }
    let folder = if is_local(action) {
        // One that is not in the repository may be made by an earlier step.
        let folder = means.repository.join(&action[2..]);
        if metadata_file(&folder).is_none() {
            return Vec::new();
        }
        folder
    } else {
        match means.fetched.folder(action) {
            Some(folder) => repository_path(&folder, action),
            None => return vec![not_here(action)],
        }
    };
    match read_metadata(&folder, action) {
        Err(problem) => vec![problem],
        Ok(metadata) => match metadata.runs {
            Runs::Composite { .. } if depth >= MAX_ACTION_DEPTH => vec![too_deep(action)],
            Runs::Composite { steps } => steps
                .iter()
                .flat_map(|step| of_step(step, place, means, depth + 1, seen))
                .collect(),
            Runs::JavaScript { .. } if means.has_node => Vec::new(),
            Runs::JavaScript { .. } => vec![no_node(action)],
            Runs::Docker { .. } => in_container(action, means.engine).into_iter().collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use towpath_report::Source;
    use towpath_testing::TestContext;
    use towpath_workflow::expression::Value;
    use towpath_workflow::parse_workflow;

    use super::*;
    use crate::event::RunContext;
    use crate::plan::plan_frames;

    struct Nothing;

    impl FetchedActions for Nothing {
        fn folder(&self, _: &str) -> Option<PathBuf> {
            None
        }
    }

    /// Returns what cannot run of jobs that a push starts; their steps use actions that are not here.
    fn told(jobs: &str, sources: &Sources) -> Vec<String> {
        told_in(Path::new("/nowhere"), jobs, sources)
    }

    /// The same in a checkout.
    fn told_in(repository: &Path, jobs: &str, sources: &Sources) -> Vec<String> {
        let text = format!("on: push\njobs:\n{jobs}");
        let source = Source {
            path: "x.yml",
            text: &text,
        };
        let (workflow, problems) = parse_workflow(&source, &Sources::new());
        assert_eq!(problems, [], "{text}");
        let github = Object(vec![("event_name".to_owned(), Value::from("push"))]);
        let frame = Frame {
            workflow: Arc::new(workflow.unwrap()),
            context: Arc::new(RunContext {
                github,
                ..RunContext::default()
            }),
            depth: 1,
            ..Frame::default()
        };
        let means = Means {
            repository,
            actions: &Actions(&[]),
            sources,
            fetched: &Nothing,
            platforms: &Platforms::new("linux", "x86_64", []),
            engine: &|| Err("there is none".to_owned()),
            has_node: true,
        };
        let problems = unsupported(&plan_frames(vec![frame]).unwrap(), &means);
        problems
            .into_iter()
            .map(|problem| problem.message)
            .collect()
    }

    #[test]
    fn what_is_known_not_to_run_is_not_refused() {
        let uses = "steps: [{uses: o/a@v1}]";
        for (jobs, refused) in [
            (format!("  a: {{runs-on: ubuntu-latest, {uses}}}\n"), true),
            (format!("  a: {{if: github.event_name == 'release', runs-on: ubuntu-latest, {uses}}}\n"), false),
            (
                format!("  a: {{if: github.event_name == 'release', runs-on: ubuntu-latest, steps: [{{run: x}}]}}\n  b: {{needs: a, runs-on: ubuntu-latest, {uses}}}\n"),
                false,
            ),
            (
                format!("  a: {{strategy: {{matrix: {{os: [windows-latest, macos-latest]}}}}, runs-on: '${{{{ matrix.os }}}}', {uses}}}\n"),
                false,
            ),
            (
                format!("  a: {{strategy: {{matrix: {{os: [windows-latest, ubuntu-latest]}}}}, runs-on: '${{{{ matrix.os }}}}', {uses}}}\n"),
                true,
            ),
            (format!("  a: {{runs-on: \"${{{{ github.event_name == 'push' && 'windows-latest' || 'ubuntu-latest' }}}}\", {uses}}}\n"), false),
            ("  a: {runs-on: ubuntu-latest, steps: [{if: github.event_name != 'push', uses: o/a@v1}]}\n".to_owned(), false),
            ("  a: {runs-on: ubuntu-latest, steps: [{if: failure(), uses: o/a@v1}]}\n".to_owned(), true),
        ] {
            assert_eq!(!told(&jobs, &Sources::new()).is_empty(), refused, "{jobs}");
        }
    }

    #[test]
    fn called_workflows_are_looked_into() {
        let call = |with: &str| format!("  a: {{uses: o/r/.github/workflows/c.yml@v1{with}}}\n");
        let missing = told(&call(""), &Sources::new());
        assert_eq!(
            missing,
            ["the called workflow `o/r/.github/workflows/c.yml@v1` is not here"]
        );
        let text = "on: {workflow_call: {inputs: {deep: {type: boolean}}}}\njobs:\n  a: {if: inputs.deep, runs-on: ubuntu-latest, steps: [{uses: o/a@v1}]}\n";
        let sources =
            Sources::from([("o/r/.github/workflows/c.yml@v1".to_owned(), text.to_owned())]);
        assert_eq!(told(&call(""), &sources), Vec::<String>::new());
        assert_eq!(
            told(&call(", with: {deep: true}"), &sources),
            ["the action `o/a@v1` is not on this machine"]
        );
    }

    #[test]
    fn an_action_may_be_made_by_an_earlier_step() {
        let checkout = TestContext::without_git();
        checkout.write("a/helper.sh", "");
        let jobs = "  a: {runs-on: ubuntu-latest, steps: [{run: cp x action.yml}, {uses: ./}, {uses: ./a}]}\n";
        assert_eq!(
            told_in(checkout.root(), jobs, &Sources::new()),
            Vec::<String>::new()
        );
        checkout.write("a/action.yml", "name: a\n");
        assert_ne!(
            told_in(checkout.root(), jobs, &Sources::new()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_action_that_uses_itself_is_told_at_once() {
        let checkout = TestContext::without_git();
        let steps = "    - uses: ./a\n".repeat(100);
        let text = format!("name: a\nruns:\n  using: composite\n  steps:\n{steps}");
        checkout.write("a/action.yml", text);
        let jobs = "  a: {runs-on: ubuntu-latest, steps: [{uses: ./a}]}\n";
        assert_eq!(
            told_in(checkout.root(), jobs, &Sources::new()),
            ["actions use one another more than 10 deep at `./a`"]
        );
    }
}
