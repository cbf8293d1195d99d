//! Travis CI: the phases of a build, for each Python, variable and included job.

use towpath_workflow::yaml::{Node, Value};

use super::pythons_in;
use crate::automation::shell;
use crate::automation::walk::Walker;
use crate::automation::yaml::strings;

const FILE: &str = ".travis.yml";
const PHASES: [&str; 4] = ["before_install", "install", "before_script", "script"];

/// Reads the configuration.
pub(super) fn read(walker: &mut Walker<'_>) {
    let Some(text) = walker.read(FILE) else {
        return;
    };
    walker.ci_source("travis", FILE);
    let Some(root) = walker.yaml(FILE, &text) else {
        return;
    };
    let apt = root
        .get("addons")
        .and_then(|addons| addons.get("apt"))
        .and_then(|apt| apt.get("packages"));
    walker.apt_packages.extend(strings(apt));
    let jobs = root.get("jobs").or_else(|| root.get("matrix"));
    let included = jobs
        .and_then(|jobs| jobs.get("include"))
        .and_then(Node::as_sequence)
        .unwrap_or_default();
    let env = root.get("env");
    let matrix = env
        .and_then(|env| env.get("matrix").or_else(|| env.get("jobs")))
        .or(env.filter(|env| env.as_mapping().is_none()));
    let global = env.and_then(|env| env.get("global"));
    for python in once_or(strings(root.get("python"))) {
        for line in once_or(strings(matrix)) {
            let environments = [strings(global), vec![line]].concat();
            build(walker, &root, &root, &text, &python, &environments);
        }
    }
    for job in included {
        let mut environments = strings(global);
        environments.extend(strings(job.get("env")));
        let python = strings(job.get("python")).join(" ");
        build(walker, &root, job, &text, &python, &environments);
    }
}

fn once_or(list: Vec<String>) -> Vec<String> {
    if list.is_empty() {
        vec![String::new()]
    } else {
        list
    }
}

fn build(
    walker: &mut Walker<'_>,
    root: &Node,
    job: &Node,
    text: &str,
    python: &str,
    environments: &[String],
) {
    let name = job.get("name").and_then(Node::text).unwrap_or_default();
    let mut scene = walker.ci_scene(FILE, name);
    scene.pythons = pythons_in(python);
    let pythons = scene.pythons.clone();
    walker.note_pythons(&pythons, &scene);
    for line in environments {
        let pairs = shell::words(line);
        scene.environment.extend(
            pairs
                .iter()
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
    }
    for phase in PHASES {
        let script = job.get(phase).or_else(|| root.get(phase));
        if let Some(script) = script.filter(|script| !matches!(script.value, Value::Boolean(_))) {
            walker.ci_script(script, text, &scene, &|text| text.to_owned());
        }
    }
}
