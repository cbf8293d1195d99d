//! GitLab CI: jobs with `extends`, `default`, `parallel: matrix`, and files included from here.

use towpath_workflow::yaml::{Node, Value};

use super::cells::product;
use super::{image_python, variables};
use crate::automation::walk::{Scene, Walker};
use crate::automation::yaml::{line_of, strings};

const FILE: &str = ".gitlab-ci.yml";
/// Keys of the top that are no jobs.
const KEYWORDS: [&str; 14] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "types",
    "spec",
    "pages:deploy",
    "name",
];

/// A job's tables, its own first, then those that it extends.
type Chain<'a> = Vec<&'a Node>;

/// Reads the pipeline.
pub(super) fn read(walker: &mut Walker<'_>) {
    let mut files = vec![FILE.to_owned()];
    let mut roots: Vec<(String, String, Node)> = Vec::new();
    while let Some(path) = files.pop() {
        if roots.iter().any(|(known, ..)| *known == path) || roots.len() > 20 {
            continue;
        }
        let Some(text) = walker.read(&path) else {
            continue;
        };
        walker.ci_source("gitlab", &path);
        let Some(root) = walker.yaml(&path, &text) else {
            continue;
        };
        files.extend(included(walker, &path, &root));
        roots.push((path, text, root));
    }
    for (path, text, root) in &roots {
        for (name, job) in root.as_mapping().unwrap_or_default() {
            let Some(name) = name
                .text()
                .filter(|name| !name.starts_with('.') && !KEYWORDS.contains(name))
            else {
                continue;
            };
            if job.as_mapping().is_some() {
                let all: Vec<&Node> = roots.iter().map(|(_, _, root)| root).collect();
                let mut scene = walker.ci_scene(path, name);
                scene.place.line = line_of(text, job.span.start);
                job_of(walker, &all, job, text, scene);
            }
        }
    }
}

/// Returns the included files of this repository and notes the others.
fn included(walker: &mut Walker<'_>, path: &str, root: &Node) -> Vec<String> {
    let include = root.get("include");
    let single = include.filter(|node| node.as_sequence().is_none());
    let items = include
        .and_then(Node::as_sequence)
        .unwrap_or_default()
        .iter()
        .chain(single);
    let mut files = Vec::new();
    for item in items {
        let local = item
            .text()
            .or_else(|| item.get("local")?.text())
            .filter(|text| !text.contains("://"));
        if let Some(file) = local {
            files.push(file.trim_start_matches('/').to_owned());
        } else {
            let scene = walker.ci_scene(path, "");
            walker.unreadable(&scene, "an included file lies in another repository");
        }
    }
    files
}

fn chain<'a>(roots: &[&'a Node], job: &'a Node) -> Chain<'a> {
    let mut chain = vec![job];
    let mut at = 0;
    while let Some(table) = chain.get(at) {
        for name in strings(table.get("extends")) {
            let found = roots.iter().find_map(|root| root.get(&name));
            if let Some(found) = found.filter(|_| chain.len() < 20) {
                chain.push(found);
            }
        }
        at += 1;
    }
    chain.extend(roots.iter().filter_map(|root| root.get("default")));
    chain.extend(roots);
    chain
}

fn find<'a>(chain: &Chain<'a>, key: &str) -> Option<&'a Node> {
    chain.iter().find_map(|table| table.get(key))
}

fn job_of(walker: &mut Walker<'_>, roots: &[&Node], job: &Node, text: &str, mut scene: Scene) {
    let chain = chain(roots, job);
    if find(&chain, "when").and_then(Node::text) == Some("never") {
        return;
    }
    scene.on_change = find(&chain, "when").and_then(Node::text) != Some("manual")
        && !only_tags(find(&chain, "only"));
    // `allow_failure: {exit_codes: …}` still fails for the others.
    scene.can_fail =
        find(&chain, "allow_failure").is_none_or(|node| node.value != Value::Boolean(true));
    for table in chain.iter().rev() {
        scene.environment.extend(variables(table.get("variables")));
    }
    let image = find(&chain, "image");
    let image = image
        .and_then(Node::text)
        .or_else(|| image?.get("name")?.text())
        .map(str::to_owned);
    for cell in cells(find(&chain, "parallel")) {
        let mut inner = scene.clone();
        inner.scope = walker.new_scope();
        inner.environment.extend(cell);
        let image = image.as_deref().map(|image| expand(image, &inner));
        inner.pythons = image
            .as_deref()
            .and_then(image_python)
            .into_iter()
            .collect();
        if inner.pythons.len() == 1 {
            let pythons = inner.pythons.clone();
            walker.note_pythons(&pythons, &inner);
        }
        for key in ["before_script", "script"] {
            if let Some(script) = find(&chain, key) {
                walker.ci_script(script, text, &inner, &|text| text.to_owned());
            }
        }
    }
}

fn only_tags(only: Option<&Node>) -> bool {
    let names = strings(only);
    !names.is_empty()
        && names
            .iter()
            .all(|name| matches!(name.as_str(), "tags" | "schedules" | "web" | "triggers"))
}

/// Replaces `$NAME` and `${NAME}` by the variables of the job.
fn expand(text: &str, scene: &Scene) -> String {
    let mut text = text.to_owned();
    for (name, value) in &scene.environment {
        text = text
            .replace(&format!("${{{name}}}"), value)
            .replace(&format!("${name}"), value);
    }
    text
}

/// The variables of each cell of `parallel: matrix:`.
fn cells(parallel: Option<&Node>) -> Vec<Vec<(String, String)>> {
    let rows = parallel
        .and_then(|parallel| parallel.get("matrix"))
        .and_then(Node::as_sequence)
        .unwrap_or_default();
    let mut all = Vec::new();
    for row in rows {
        let mut cells: Vec<Vec<(String, String)>> = vec![Vec::new()];
        for (name, values) in row.as_mapping().unwrap_or_default() {
            let name = name.text().unwrap_or_default();
            let values = strings(Some(values));
            cells = product(&cells, &values, |cell, value| {
                cell.push((name.to_owned(), value.clone()));
            });
        }
        all.extend(cells);
    }
    if all.is_empty() {
        vec![Vec::new()]
    } else {
        all
    }
}
