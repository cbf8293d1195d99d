//! GitHub's workflows: jobs with their matrices, steps, composite actions and reusable workflows of
//! the same repository.

mod step_scene;
mod triggers;

use std::collections::BTreeMap;

use towpath_workflow::yaml::Node;

use self::step_scene::{AtPath, StepScene};
use self::triggers::Triggers;
use super::conditions::{self, Known};
use super::{actions, image_python, matrix, variables};
use crate::automation::model::AutomationKind;
use crate::automation::paths;
use crate::automation::shell::Shell;
use crate::automation::walk::{Scene, Text, Walker};
use crate::automation::yaml::{line_of, strings};

const FOLDER: &str = ".github/workflows/";

/// Reads all workflows.
pub(super) fn read(walker: &mut Walker<'_>) {
    let is_workflow = |path: &&String| {
        path.strip_prefix(FOLDER).is_some_and(|name| {
            !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"))
        })
    };
    let paths: Vec<String> = walker
        .tree
        .files()
        .keys()
        .filter(is_workflow)
        .cloned()
        .collect();
    for path in paths {
        walker.ci_source("github", &path);
        if let Some(file) = File::read(walker, &path) {
            let triggers = Triggers::of(&file.root);
            if !triggers.only_called {
                let mut reader = Reader {
                    walker,
                    file: &file,
                    triggers: &triggers,
                };
                reader.workflow(&Known::new(), None);
            }
        }
    }
}

/// A workflow or action file.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) root: Node,
}

impl File {
    fn read(walker: &mut Walker<'_>, path: &str) -> Option<Self> {
        let text = walker.read(path)?;
        let root = walker.yaml(path, &text)?;
        Some(Self {
            path: path.to_owned(),
            text,
            root,
        })
    }
}

/// When something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Never,
    Sometimes,
    OnChange,
}

struct Reader<'walk, 'tree, 'file> {
    walker: &'walk mut Walker<'tree>,
    file: &'file File,
    triggers: &'file Triggers,
}

impl Reader<'_, '_, '_> {
    fn workflow(&mut self, inputs: &Known, caller: Option<&Scene>) {
        for (id, job) in self
            .file
            .root
            .get("jobs")
            .and_then(Node::as_mapping)
            .unwrap_or_default()
        {
            let id = id.text().unwrap_or_default();
            let source = self.file.text.get(job.span.clone()).unwrap_or_default();
            for cell in matrix::cells(job, source, inputs) {
                let mut known = inputs.clone();
                known.extend(cell);
                self.job(id, job, &known, caller);
            }
        }
    }

    fn when(&self, condition: Option<&Node>, known: &Known, is_on_change: bool) -> When {
        let Some(condition) = condition.and_then(Node::text) else {
            return if is_on_change {
                When::OnChange
            } else {
                When::Sometimes
            };
        };
        if conditions::truth(condition, known) == Some(false) {
            return When::Never;
        }
        let holds = |event: &Known| {
            let mut all = known.clone();
            all.extend(event.clone());
            conditions::truth(condition, &all) != Some(false)
        };
        if is_on_change && self.triggers.changes.iter().any(holds) {
            When::OnChange
        } else {
            When::Sometimes
        }
    }

    fn job(&mut self, id: &str, job: &Node, known: &Known, caller: Option<&Scene>) {
        let is_on_change =
            caller.map_or(!self.triggers.changes.is_empty(), |scene| scene.on_change);
        let when = self.when(job.get("if"), known, is_on_change);
        if when == When::Never {
            return;
        }
        let mut scene = self.walker.ci_scene(&self.file.path, id);
        scene.place.line = line_of(&self.file.text, job.span.start);
        if let Some(caller) = caller {
            scene.via.splice(0..0, caller.via.iter().cloned());
            scene.can_fail = caller.can_fail;
            scene.depth = caller.depth + 1;
        }
        scene.on_change = when == When::OnChange;
        let mut at = StepScene {
            scene,
            known: known.clone(),
            shell: String::new(),
            base: String::new(),
        };
        at.defaults(&self.file.root);
        at.defaults(job);
        at.passes(job);
        let runner = strings(job.get("runs-on")).join(" ");
        at.set_runner(&conditions::substitute(&runner, known));
        let container = job.get("container");
        let image = container
            .and_then(Node::text)
            .or_else(|| container?.get("image")?.text());
        if let Some(image) = image {
            let image = conditions::substitute(image, known);
            at.scene.pythons = image_python(&image).into_iter().collect();
        }
        match job.get("uses").and_then(Node::text) {
            Some(target) => self.called(target, job, &at),
            None => self.steps(job.get("steps"), &mut at),
        }
    }

    /// Follows a reusable workflow of this repository.
    fn called(&mut self, target: &str, job: &Node, at: &StepScene) {
        let Some(path) = target.strip_prefix("./") else {
            self.walker.unreadable(
                &at.scene,
                &format!("the workflow `{target}` lies in another repository"),
            );
            return;
        };
        let Some(file) = File::read(self.walker, path) else {
            self.walker
                .unreadable(&at.scene, &format!("the workflow `{path}` is not here"));
            return;
        };
        if !self.walker.enter(format!("workflow {path}"), &at.scene) {
            return;
        }
        let declared = file.root.at_path(&["on", "workflow_call", "inputs"]);
        let inputs = inputs(declared, job.get("with"), &at.known);
        let mut reader = Reader {
            walker: self.walker,
            file: &file,
            triggers: self.triggers,
        };
        reader.workflow(&inputs, Some(&at.scene));
        self.walker.leave();
    }

    fn steps(&mut self, steps: Option<&Node>, at: &mut StepScene) {
        for step in steps.and_then(Node::as_sequence).unwrap_or_default() {
            let when = self.when(step.get("if"), &at.known, at.scene.on_change);
            if when == When::Never {
                continue;
            }
            if let Some(parallel) = step.get("parallel") {
                self.steps(Some(parallel), at);
                continue;
            }
            let mut inner = at.clone();
            inner.scene.on_change = when == When::OnChange;
            inner.scene.place.line = line_of(&self.file.text, step.span.start);
            inner.passes(step);
            inner.variables(step.get("env"));
            if let Some(folder) = step.get("working-directory").and_then(Node::text) {
                inner.scene.folder = paths::join("", &conditions::substitute(folder, &inner.known));
            }
            if let Some(run) = step.get("run") {
                for (name, value) in self.run(run, step, &inner) {
                    at.variable(&name, &value);
                }
            } else if let Some(target) = step.get("uses").and_then(Node::text) {
                self.uses(target, step, &inner, at);
            }
        }
    }

    fn run(&mut self, run: &Node, step: &Node, at: &StepScene) -> BTreeMap<String, String> {
        let shell = step.get("shell").and_then(Node::text).unwrap_or(&at.shell);
        if shell.starts_with("python") || shell.starts_with("perl") || shell.starts_with("node") {
            return BTreeMap::new();
        }
        let Some(text) = run.text() else {
            return BTreeMap::new();
        };
        let mut text = conditions::substitute(text, &at.known);
        let is_windows = at
            .known
            .get("runner.os")
            .is_some_and(|system| system == "Windows");
        if is_windows && !shell.contains("bash") && !text.contains("\\\n") {
            text = text.replace('\\', "/");
        }
        let start = self.file.text.get(run.span.start..).unwrap_or_default();
        let is_marked = start.starts_with(['|', '>']);
        let line = line_of(&self.file.text, run.span.start) + u32::from(is_marked);
        let keeps_lines = run.style == towpath_workflow::yaml::Style::Literal;
        let options = Shell {
            errexit: !shell.contains("{0}") || shell.contains("-e") || shell.contains("-l"),
            pipefail: shell == "bash" || shell.contains("pipefail"),
            variables: BTreeMap::new(),
        };
        self.walker.script(
            Text {
                script: &text,
                line,
                keeps_lines,
            },
            &options,
            &at.scene,
        )
    }

    /// Follows an action; what it sets up holds for the steps after it.
    fn uses(&mut self, target: &str, step: &Node, at: &StepScene, outer: &mut StepScene) {
        let with = variables(step.get("with"));
        let with: Vec<(String, String)> = with
            .into_iter()
            .map(|(name, value)| (name, conditions::substitute(&value, &at.known)))
            .collect();
        let Some(path) = target.strip_prefix("./") else {
            let raw = step
                .get("with")
                .and_then(|with| self.file.text.get(with.span.clone()))
                .unwrap_or_default();
            let name = target.split('@').next().unwrap_or(target);
            if let Some(mut pythons) = actions::pythons(name, &with) {
                if pythons.is_empty() {
                    pythons = at.mentioned_pythons(raw);
                }
                if raw.contains("matrix.") && at.scene.on_change {
                    self.walker.note_pythons(&pythons, &at.scene);
                }
                outer.scene.pythons = pythons;
            }
            actions::follow(self.walker, name, &with, &at.scene);
            return;
        };
        let path = path.trim_end_matches('/');
        let file = ["action.yml", "action.yaml"]
            .iter()
            .find_map(|name| File::read(self.walker, &paths::join(path, name)));
        let Some(file) = file else {
            self.walker
                .unreadable(&at.scene, &format!("the action `./{path}` is not here"));
            return;
        };
        if !self.walker.enter(format!("action {path}"), &at.scene) {
            return;
        }
        let inputs = inputs(file.root.get("inputs"), step.get("with"), &at.known);
        let mut inner = at.clone();
        inner.known.retain(|name, _| !name.starts_with("inputs."));
        inner.known.extend(inputs);
        inner
            .known
            .insert("github.action_path".to_owned(), path.to_owned());
        inner.scene.place.path.clone_from(&file.path);
        inner.scene.kind = AutomationKind::Ci;
        inner.scene.via.push(format!("action `{path}`"));
        let mut reader = Reader {
            walker: self.walker,
            file: &file,
            triggers: self.triggers,
        };
        reader.steps(file.root.at_path(&["runs", "steps"]), &mut inner);
        self.walker.leave();
        outer.scene.pythons = inner.scene.pythons;
    }
}

/// The inputs of a called workflow or action: what is given, else the defaults.
fn inputs(declared: Option<&Node>, given: Option<&Node>, known: &Known) -> Known {
    let mut inputs = Known::new();
    for (name, input) in declared.and_then(Node::as_mapping).unwrap_or_default() {
        let Some(name) = name.text() else { continue };
        let default = input
            .get("default")
            .and_then(Node::text)
            .unwrap_or_default();
        inputs.insert(format!("inputs.{name}"), default.to_owned());
    }
    for (name, value) in variables(given) {
        let value = conditions::substitute(&value, known);
        if value.contains("${{") {
            inputs.remove(&format!("inputs.{name}"));
            inputs.insert("inputs.*".to_owned(), String::new());
        } else {
            inputs.insert(format!("inputs.{name}"), value);
        }
    }
    inputs
}
