//! Azure Pipelines: script steps of stages, jobs and templates of the same repository.

use std::collections::BTreeMap;

use towpath_workflow::yaml::Node;

use super::{pythons_in, variables};
use crate::automation::paths;
use crate::automation::walk::{Scene, Walker};
use crate::automation::yaml::line_of;

const FILES: [&str; 4] = [
    "azure-pipelines.yml",
    ".azure-pipelines.yml",
    ".azure-pipelines/azure-pipelines.yml",
    "azure-pipelines.yaml",
];

type Variables = BTreeMap<String, String>;

/// Reads the pipeline.
pub(super) fn read(walker: &mut Walker<'_>) {
    for path in FILES {
        if let Some(text) = walker.read(path) {
            walker.ci_source("azure", path);
            let scene = walker.ci_scene(path, "");
            file(walker, path, &text, &Variables::new(), &scene);
        }
    }
}

fn file(walker: &mut Walker<'_>, path: &str, text: &str, variables: &Variables, scene: &Scene) {
    let Some(root) = walker.yaml(path, text) else {
        return;
    };
    if walker.enter(format!("azure {path}"), scene) {
        let mut inner = scene.clone();
        path.clone_into(&mut inner.place.path);
        Reader { walker, path, text }.block(&root, variables, &inner);
        walker.leave();
    }
}

struct Reader<'walk, 'tree, 'file> {
    walker: &'walk mut Walker<'tree>,
    path: &'file str,
    text: &'file str,
}

impl Reader<'_, '_, '_> {
    /// Reads whatever holds stages, jobs or steps.
    fn block(&mut self, node: &Node, outer: &Variables, scene: &Scene) {
        let mut known = outer.clone();
        known.extend(variables(node.get("variables")));
        for key in ["stages", "jobs"] {
            for item in node
                .get(key)
                .and_then(Node::as_sequence)
                .unwrap_or_default()
            {
                self.item(item, &known, scene);
            }
        }
        let mut inner = scene.clone();
        for step in node
            .get("steps")
            .and_then(Node::as_sequence)
            .unwrap_or_default()
        {
            self.step(step, &known, &mut inner);
        }
    }

    fn item(&mut self, item: &Node, known: &Variables, scene: &Scene) {
        if item.get("template").is_some() {
            self.template(item, known, scene);
            return;
        }
        let is_job = item.get("job").is_some() || item.get("steps").is_some();
        for cell in cells(item) {
            let mut inner = scene.clone();
            if is_job {
                inner.scope = self.walker.new_scope();
                let name = item.get("job").and_then(Node::text).unwrap_or_default();
                let file = self.path.rsplit('/').next().unwrap_or(self.path);
                inner.via = vec![format!("{file} job `{name}`")];
            }
            inner.can_fail &= item.get("continueOnError").and_then(Node::text) != Some("true");
            let mut known = known.clone();
            known.extend(cell);
            self.block(item, &known, &inner);
        }
    }

    fn template(&mut self, item: &Node, known: &Variables, scene: &Scene) {
        let name = item
            .get("template")
            .and_then(Node::text)
            .unwrap_or_default();
        let path = match name.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None => paths::join(paths::parent(self.path), name),
        };
        let Some(text) = self.walker.read(&path).filter(|_| !name.contains('@')) else {
            self.walker
                .unreadable(scene, &format!("the template `{name}` is not here"));
            return;
        };
        let mut known = known.clone();
        known.extend(
            variables(item.get("parameters"))
                .into_iter()
                .map(|(name, value)| (format!("parameters.{name}"), value)),
        );
        file(self.walker, &path, &text, &known, scene);
    }

    fn step(&mut self, step: &Node, known: &Variables, scene: &mut Scene) {
        if step.get("template").is_some() {
            self.template(step, known, scene);
            return;
        }
        let task = step.get("task").and_then(Node::text).unwrap_or_default();
        let inputs = step.get("inputs");
        if task.starts_with("UsePythonVersion") {
            let version = inputs
                .and_then(|inputs| inputs.get("versionSpec"))
                .and_then(Node::text)
                .unwrap_or_default();
            scene.pythons = pythons_in(&substitute(version, known));
            let pythons = scene.pythons.clone();
            self.walker.note_pythons(&pythons, scene);
            return;
        }
        let mut inner = scene.clone();
        inner.place.line = line_of(self.text, step.span.start);
        inner.can_fail &= step.get("continueOnError").and_then(Node::text) != Some("true");
        inner.environment.extend(
            known
                .iter()
                .filter(|(name, _)| !name.contains('.'))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        inner.environment.extend(
            variables(step.get("env"))
                .into_iter()
                .map(|(name, value)| (name, substitute(&value, known))),
        );
        if let Some(folder) = step.get("workingDirectory").and_then(Node::text) {
            inner.folder = paths::join("", &substitute(folder, known));
        }
        let script = ["script", "bash", "pwsh", "powershell"]
            .iter()
            .find_map(|key| step.get(key));
        let of_task = inputs
            .filter(|_| task.starts_with("Bash") || task.starts_with("CmdLine"))
            .and_then(|inputs| inputs.get("script"));
        if let Some(script) = script.or(of_task) {
            self.walker
                .ci_script(script, self.text, &inner, &|text| substitute(text, known));
        }
    }
}

/// The variables of each entry of `strategy: matrix:`.
fn cells(item: &Node) -> Vec<Variables> {
    let matrix = item
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"))
        .and_then(Node::as_mapping);
    let cells: Vec<Variables> = matrix
        .unwrap_or_default()
        .iter()
        .map(|(_, cell)| variables(Some(cell)).into_iter().collect())
        .collect();
    if cells.is_empty() {
        vec![Variables::new()]
    } else {
        cells
    }
}

/// Replaces `$(name)`, `${{ parameters.name }}` and `${{ variables.name }}`.
fn substitute(text: &str, known: &Variables) -> String {
    let mut text = text.to_owned();
    for (name, value) in known {
        for form in [
            format!("$({name})"),
            format!("${{{{ {name} }}}}"),
            format!("${{{{ variables.{name} }}}}"),
        ] {
            text = text.replace(&form, value);
        }
    }
    text
}
