//! The project itself, laid over an environment that is shared and never changed: from a wheel, or for
//! editing from the tree. What a layer is and depends on is known to `towpath_python`; here builds run.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use serde::Deserialize;
use towpath_host::Digest;
use towpath_python::environments::{
    Editable, EditableOutput, EditableRequest, Wheel, editable_build, editable_key, keep_editable,
    kept_editable, lay_wheel,
};
use towpath_report::readers::compiler;
use towpath_report::{ArtifactRecord, Problem};
use towpath_runner::JobContext;
use towpath_standard::{
    Command, EnvironmentNeed, Inputs, Output, Partial, ProjectInstall, PythonChoice, ToolWork,
    TreeUse,
};

use super::Subject;
use super::execute::Options;
use super::executed::Executed;
use super::folders::OUT;
use super::prepared::Prepared;
use super::session::{Session, problem};

/// A build that asks git for a version makes it compare the whole tree with the index. By these settings git
/// trusts size and time, which a copy of the tree shares with it, and opens no file that did not change: what
/// is opened then is what the build reads.
const GIT_BY_SIZE_AND_TIME: [(&str, &str); 5] = [
    ("GIT_CONFIG_COUNT", "2"),
    ("GIT_CONFIG_KEY_0", "core.checkStat"),
    ("GIT_CONFIG_VALUE_0", "minimal"),
    ("GIT_CONFIG_KEY_1", "core.trustctime"),
    ("GIT_CONFIG_VALUE_1", "false"),
];

/// What the driver of the build answers.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    wheel: Option<String>,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    error: Option<String>,
}

/// Which Pythons an editable build serves.
#[derive(Debug, Clone, Copy)]
enum Serves {
    /// Every one; the newest that the project is run with builds it.
    All,
    /// Only the one that builds it, since it compiles.
    One(PythonChoice),
}

impl Serves {
    fn of(subject: &Subject<'_>, need: &EnvironmentNeed) -> Self {
        if subject.facts.project.has_native_sources {
            Self::One(need.python)
        } else {
            Self::All
        }
    }

    /// Returns the Python that builds.
    fn python(self, subject: &Subject<'_>) -> PythonChoice {
        let newest = subject.facts.pythons.run.last();
        match self {
            Self::One(python) => python,
            Self::All => newest.map_or(PythonChoice::ForTools, |python| {
                PythonChoice::Exactly(*python)
            }),
        }
    }
}

impl Session<'_> {
    /// Returns what the project's own layer depends on; empty where the project is not installed for
    /// editing. Without a context nothing is started, and `None` means that it is not known.
    pub(crate) fn layer_key(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        context: Option<&JobContext<'_>>,
    ) -> Result<Option<String>, Problem> {
        if need.project != ProjectInstall::Editable {
            return Ok(Some(String::new()));
        }
        let key = self.editable_key(subject, Serves::of(subject, need), context)?;
        Ok(key.map(|key| key.to_string()))
    }

    /// Lays a wheel over an environment.
    pub(crate) fn lay_wheel(
        &self,
        prepared: &mut Prepared<'_>,
        wheel: &ArtifactRecord,
    ) -> Result<(), Problem> {
        let bytes = self.artifact(wheel).map_err(|error| {
            Problem::error(format!("cannot install `{}`: {error}", wheel.name))
                .with_hint("`towpath check build --force` builds it again")
        })?;
        let wheel = Wheel {
            name: &wheel.name,
            bytes: &bytes,
            edits: None,
        };
        let layer = lay_wheel(self.machine.cache, &wheel, &prepared.environment)
            .map_err(|error| problem(&error, error.hints()))?;
        prepared.over_environment.push(layer);
        Ok(())
    }

    /// Builds the project for editing, or finds it built, and lays it over an environment and the tree.
    /// Returns what the layer depends on, to which belongs what the backend asked for meanwhile.
    pub(crate) fn lay_editable(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        prepared: &mut Prepared<'_>,
        context: &JobContext<'_>,
    ) -> Result<String, Vec<Problem>> {
        let serves = Serves::of(subject, need);
        let one = Serves::One(need.python);
        let is_for_all = matches!(serves, Serves::All);
        let (built, key) = match self.built(subject, serves, context) {
            Ok((built, key)) if is_for_all && !built.is_pure() => {
                (self.built(subject, one, context)?.0, key)
            }
            Ok(both) => both,
            // An old backend may not know the newest Python, and yet serve this one.
            Err(_) if is_for_all && need.python != serves.python(subject) => {
                let (built, _) = self.built(subject, one, context)?;
                let key = self.editable_key(subject, serves, Some(context));
                let unknown = || failed(subject, "what builds it is not known");
                let key = key.and_then(|key| key.ok_or_else(unknown));
                (built, key.map_err(|problem| vec![problem])?)
            }
            Err(problems) => return Err(problems),
        };
        let request = self.editable_request(subject);
        let layer = built
            .lay(self.machine.cache, &request, &prepared.environment)
            .map_err(|error| vec![problem(&error, error.hints())])?;
        prepared.over_environment.push(layer);
        prepared.over_tree.extend(built.tree);
        Ok(key.to_string())
    }

    /// Returns the editable build of a project and its key: the one that is kept, else a new one.
    fn built(
        &self,
        subject: &Subject<'_>,
        serves: Serves,
        context: &JobContext<'_>,
    ) -> Result<(Editable, Digest), Vec<Problem>> {
        let alone = |problem: Problem| vec![problem];
        let cache = self.machine.cache;
        let lock = self.lock(&format!(
            "editable {} {serves:?}",
            subject.facts.project.root
        ));
        let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let key = || {
            let key = self
                .editable_key(subject, serves, Some(context))
                .map_err(alone)?;
            key.ok_or_else(|| alone(failed(subject, "what builds it is not known")))
        };
        let known = key()?;
        if let Some(kept) = kept_editable(cache, &known) {
            return Ok((kept, known));
        }
        context.progress.doing("building the project for editing");
        let written = self.scratch().map_err(|error| {
            let text = format!("cannot prepare the folder of a build: {error}");
            alone(Problem::error(text).with_hint("check that the cache folder may be written"))
        })?;
        let kept = written.path().join("tree");
        let mut options = Options {
            scan: None,
            online: false,
            keep_tree: Some(&kept),
        };
        let work = self.editable_work(subject, serves);
        let mut executed = self.execute(subject, &work, &options, context)?;
        if executed.network_tried && !executed.cancelled && !has_wheel(&executed) {
            context
                .progress
                .doing("building once more with the network, which the build tried to reach");
            options.online = true;
            executed = self.execute(subject, &work, &options, context)?;
        }
        if let Some(problem) = executed.errors.into_iter().next() {
            return Err(vec![problem]);
        }
        let said = executed.found.first();
        let said = |name: &str| said.and_then(|partial| partial.facts.get(name));
        if let Some(error) = said("error") {
            return Err(alone(failed(subject, error)));
        }
        let wheel = said("wheel").ok_or_else(|| alone(failed(subject, "it built no wheel")))?;
        let output = EditableOutput {
            wheel: &context.folder.join(OUT).join("dist").join(wheel),
            written: options.keep_tree.filter(|folder| folder.exists()),
        };
        if let Some(base) = self
            .editable_base(subject, serves, Some(context))
            .map_err(alone)?
        {
            self.keep_reads(subject, &base, executed.opened.as_ref());
        }
        let key = key()?;
        keep_editable(cache, &key, &self.editable_request(subject), &output)
            .map(|kept| (kept, key))
            .map_err(|error| alone(problem(&error, error.hints())))
    }

    /// Returns the key of a build: what it is known to depend on, and what the last one read.
    fn editable_key(
        &self,
        subject: &Subject<'_>,
        serves: Serves,
        context: Option<&JobContext<'_>>,
    ) -> Result<Option<Digest>, Problem> {
        let base = self.editable_base(subject, serves, context)?;
        Ok(base.map(|base| self.with_reads(&base)))
    }

    fn editable_base(
        &self,
        subject: &Subject<'_>,
        serves: Serves,
        context: Option<&JobContext<'_>>,
    ) -> Result<Option<Digest>, Problem> {
        let work = self.editable_work(subject, serves);
        let need = &self.completed(&work).environment;
        let resolved = self.looked_up(subject, need, context)?;
        Ok(resolved.map(|resolved| {
            let one = matches!(serves, Serves::One(_)).then_some(resolved.interpreter);
            let key = editable_key(&self.editable_request(subject), &resolved.resolution, one);
            let rust = self.rust().map_or("", |rust| rust.identity.as_str());
            // What a build compiles may name the folder that it ran in.
            Digest::of_parts([
                key.as_str().as_bytes(),
                self.level.to_string().as_bytes(),
                rust.as_bytes(),
            ])
        }))
    }

    fn editable_request<'s>(&'s self, subject: &Subject<'s>) -> EditableRequest<'s> {
        EditableRequest {
            source: self.root(),
            tree: self.tree,
            project: subject.facts.project,
            git: &subject.facts.git_state,
            variables: &self.build_variables,
        }
    }

    fn editable_work(&self, subject: &Subject<'_>, serves: Serves) -> ToolWork {
        let build = editable_build(&self.editable_request(subject));
        let command = Command {
            tool: "editable install".to_owned(),
            arguments: build.arguments,
            environment: GIT_BY_SIZE_AND_TIME
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            folder: subject.facts.project.root.clone(),
            reads_stdout: true,
            read: read_answer,
            hint: String::new(),
        };
        ToolWork {
            tree: TreeUse::Private,
            inputs: Inputs {
                names: false,
                ..Inputs::opened()
            },
            executes_project: true,
            builds: true,
            may_require: true,
            support_files: build.files,
            ..ToolWork::of(
                EnvironmentNeed::of(serves.python(subject), build.requirements),
                vec![command],
            )
        }
    }
}

fn has_wheel(executed: &Executed) -> bool {
    let mut found = executed.found.iter();
    found.any(|partial| partial.facts.contains_key("wheel"))
}

fn failed(subject: &Subject<'_>, why: &str) -> Problem {
    let project = subject.facts.project;
    let backend = project
        .build_system
        .as_ref()
        .map_or("setuptools", |system| system.backend.as_str());
    Problem::error(format!(
        "{backend} cannot install `{}` for editing: {why}",
        project.display_name()
    ))
    .with_hint(format!(
        "`towpath logs \"{}\"` shows what it said",
        subject.check.name()
    ))
}

fn read_answer(output: &Output<'_>) -> Result<Partial, String> {
    let bytes = (output.file)("editable.json").ok_or("it wrote no answer")?;
    let answer: Answer = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let said = [("wheel", answer.wheel), ("error", answer.error)];
    let mut facts: BTreeMap<String, String> = said
        .into_iter()
        .filter_map(|(name, said)| Some((name.to_owned(), said?)))
        .collect();
    // A backend says only that its compiler failed.
    if let Some(error) = facts.get_mut("error") {
        *error = match compiler::first_error(output.stderr) {
            Some(said) => format!("{}\n{error}", said.message),
            None => output.reason(error),
        };
    }
    Ok(Partial {
        facts,
        requires: answer.requires,
        ..Partial::default()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::*;

    fn git(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn git_opens_no_unchanged_file_of_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let past = SystemTime::UNIX_EPOCH + Duration::from_hours(400_000);
        let write = |text: &str| {
            let path = folder.path().join("a");
            // Another file of the same size and time, as in a copy.
            fs_err::write(path.with_file_name("new"), text).unwrap();
            fs_err::rename(path.with_file_name("new"), &path).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(past).unwrap();
        };
        write("1");
        git(folder.path(), &["init", "--quiet"], &[]);
        git(folder.path(), &["add", "."], &[]);
        git(folder.path(), &["commit", "--quiet", "-m", "a"], &[]);
        write("2");
        // That it takes another content for the same shows that it did not open the file.
        let status = ["--no-optional-locks", "status", "--porcelain"];
        assert_eq!(git(folder.path(), &status, &GIT_BY_SIZE_AND_TIME), "");
        assert_eq!(git(folder.path(), &status, &[]), " M a\n");
    }
}
