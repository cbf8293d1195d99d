//! Cirrus CI: the `…_script` keys of tasks.

use towpath_workflow::yaml::Node;

use super::{image_python, variables};
use crate::automation::walk::Walker;
use crate::automation::yaml::strings;

const FILE: &str = ".cirrus.yml";

/// Reads the configuration.
pub(super) fn read(walker: &mut Walker<'_>) {
    let Some(text) = walker.read(FILE) else {
        return;
    };
    walker.ci_source("cirrus", FILE);
    let Some(root) = walker.yaml(FILE, &text) else {
        return;
    };
    let global = variables(root.get("env"));
    for (name, task) in root.as_mapping().unwrap_or_default() {
        let Some(name) = name
            .text()
            .filter(|name| *name == "task" || name.ends_with("_task"))
        else {
            continue;
        };
        let title = task.get("name").and_then(Node::text).unwrap_or(name);
        let container = task.get("container").or_else(|| task.get("docker_builder"));
        let rows = container
            .and_then(|container| container.get("matrix"))
            .and_then(Node::as_sequence)
            .unwrap_or_default();
        let own = container.and_then(|container| container.get("image"));
        let mut images: Vec<String> = rows
            .iter()
            .filter_map(|row| row.get("image")?.text())
            .map(str::to_owned)
            .collect();
        images.extend(strings(own));
        let mut scene = walker.ci_scene(FILE, title);
        scene.environment.extend(global.clone());
        scene.environment.extend(variables(task.get("env")));
        scene.can_fail = task.get("allow_failures").and_then(Node::text) != Some("true");
        scene.pythons = images
            .iter()
            .filter_map(|image| image_python(image))
            .collect();
        scene.pythons.sort_unstable();
        let pythons = scene.pythons.clone();
        walker.note_pythons(&pythons, &scene);
        for (key, script) in task.as_mapping().unwrap_or_default() {
            if key
                .text()
                .is_some_and(|key| key == "script" || key.ends_with("_script"))
            {
                walker.ci_script(script, &text, &scene, &|text| text.to_owned());
            }
        }
    }
}
