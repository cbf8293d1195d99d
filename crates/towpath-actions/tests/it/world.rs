//! A repository, and a job with a workspace in which actions run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use towpath_host::sandbox::Cancel;
use towpath_report::Conclusion;
use towpath_runner::{Action, JobContext, Outcome, Progress, StepContext, StepInputs};
use towpath_testing::TestContext;
use towpath_workflow::expression::{Object, Value};

/// Where actions run.
pub(crate) struct World {
    pub(crate) context: TestContext,
    pub(crate) github: Vec<(String, Value)>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) job_status: &'static str,
    said: Said,
}

#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl Progress for Said {
    fn doing(&self, _text: &str) {}

    fn output(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

impl World {
    pub(crate) fn new(context: TestContext) -> Self {
        let environment = context.environment().clone();
        let world = Self {
            context,
            github: Vec::new(),
            environment,
            job_status: "success",
            said: Said::default(),
        };
        for folder in ["workspace", "temp", "tools", "run", "cache"] {
            std::fs::create_dir_all(world.folder(folder)).unwrap();
        }
        world
    }

    /// A repository with one commit, and the run that a push of it starts.
    pub(crate) fn pushed(files: &[(&str, &str)]) -> Self {
        let context = TestContext::new();
        for (path, text) in files {
            context.write(path, text);
        }
        let commit = context.commit("first");
        let mut world = Self::new(context);
        for (name, value) in [
            ("repository", "me/project"),
            ("server_url", "https://github.com"),
            ("ref", "refs/heads/main"),
            ("ref_name", "main"),
            ("sha", commit.as_str()),
        ] {
            world.github.push((name.to_owned(), Value::from(value)));
        }
        world
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.context.folder().join(name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder("workspace")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.workspace().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.workspace().join(path)).ok()
    }

    /// Runs an action and returns what came of it and what it said.
    pub(crate) fn run(&self, action: &dyn Action, inputs: &[(&str, &str)]) -> (Outcome, String) {
        let mut outcome = None;
        let said = self.call(&BTreeMap::new(), |context| {
            outcome = Some(action.run(&inputs_of(inputs), context));
        });
        (outcome.unwrap(), said)
    }

    /// Runs an action that succeeds, and returns its outputs.
    pub(crate) fn succeed(
        &self,
        action: &dyn Action,
        inputs: &[(&str, &str)],
    ) -> BTreeMap<String, String> {
        let (outcome, said) = self.run(action, inputs);
        assert_eq!(outcome.conclusion, Conclusion::Success, "{said}");
        outcome.effects.outputs
    }

    /// Runs an action that fails, and returns what it says of it and what to do.
    pub(crate) fn fail(&self, action: &dyn Action, inputs: &[(&str, &str)]) -> String {
        let (outcome, said) = self.run(action, inputs);
        assert_eq!(outcome.conclusion, Conclusion::Failure, "{said}");
        let [problem] = outcome.result.errors.as_slice() else {
            panic!("one problem: {:?}", outcome.result.errors);
        };
        format!("{}\n{}", problem.message, problem.hints.join("\n"))
    }

    /// Runs the post part of an action after its main part left this state.
    pub(crate) fn post(
        &self,
        action: &dyn Action,
        inputs: &[(&str, &str)],
        state: &BTreeMap<String, String>,
    ) -> Option<Outcome> {
        let mut outcome = None;
        self.call(state, |context| {
            outcome = action.post(&inputs_of(inputs), context);
        });
        outcome
    }

    fn call(&self, state: &BTreeMap<String, String>, work: impl FnOnce(&JobContext<'_>)) -> String {
        let github = Object(self.github.clone());
        let folder = |name: &str| self.folder(name);
        let (workspace, temp, tools) = (folder("workspace"), folder("temp"), folder("tools"));
        let (run, cache) = (folder("run"), folder("cache"));
        let step = StepContext {
            repository: self.context.root(),
            workspace: &workspace,
            temp: &temp,
            tool_cache: &tools,
            run_folder: &run,
            cache_folder: &cache,
            environment: &self.environment,
            github: &github,
            state,
            job_status: self.job_status,
        };
        let context = JobContext {
            job: "job",
            needs: &[],
            cancel: &Cancel::new(),
            progress: &self.said,
            folder: Path::new("/"),
            step: Some(&step),
        };
        work(&context);
        std::mem::take(&mut *self.said.0.lock().unwrap()).join("\n")
    }
}

fn inputs_of(inputs: &[(&str, &str)]) -> StepInputs {
    let inputs = inputs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    StepInputs(inputs.collect())
}
