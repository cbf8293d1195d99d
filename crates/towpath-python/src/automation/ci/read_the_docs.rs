//! Read the Docs builds the documentation for every change, and a broken build is seen.
//! It is no CI of a forge: it says nothing about tests and linters.

use towpath_workflow::yaml::Node;

use super::pythons_in;
use crate::automation::installs::Draft;
use crate::automation::paths;
use crate::automation::tools::Tool;
use crate::automation::walk::{Scene, Walker};
use crate::automation::yaml::{line_of, strings};

const FILES: [&str; 4] = [
    ".readthedocs.yaml",
    ".readthedocs.yml",
    "readthedocs.yml",
    "readthedocs.yaml",
];

/// Reads the configuration.
pub(super) fn read(walker: &mut Walker<'_>) {
    let Some((path, text)) = FILES
        .iter()
        .find_map(|path| Some((*path, walker.read(path)?)))
    else {
        return;
    };
    walker.source("readthedocs", path);
    let Some(root) = walker.yaml(path, &text) else {
        return;
    };
    let mut scene = walker.ci_scene(path, "");
    let build = root.get("build");
    let python = build
        .and_then(|build| build.get("tools")?.get("python"))
        .and_then(Node::text);
    scene.pythons = pythons_in(python.unwrap_or_default());
    walker
        .apt_packages
        .extend(strings(build.and_then(|build| build.get("apt_packages"))));
    install(walker, &root, &scene);
    if let Some(commands) = build.and_then(|build| build.get("commands")) {
        walker.ci_script(commands, &text, &scene, &|text| text.to_owned());
        return;
    }
    let jobs = build
        .and_then(|build| build.get("jobs"))
        .and_then(Node::as_mapping)
        .unwrap_or_default();
    let mut builds_itself = false;
    for (name, script) in jobs {
        let scripts: Vec<&Node> = match script.as_mapping() {
            Some(formats) => formats.iter().map(|(_, script)| script).collect(),
            None => vec![script],
        };
        builds_itself |= name.text() == Some("build");
        for script in scripts {
            walker.ci_script(script, &text, &scene, &|text| text.to_owned());
        }
    }
    if !builds_itself {
        for key in ["sphinx", "mkdocs"] {
            if let Some(table) = root.get(key) {
                scene.place.line = line_of(&text, table.span.start);
                build_docs(walker, key, table, &scene);
            }
        }
    }
}

fn build_docs(walker: &mut Walker<'_>, tool: &str, table: &Node, scene: &Scene) {
    let strict = table.get("fail_on_warning").and_then(Node::text) == Some("true");
    let configuration = table
        .get("configuration")
        .and_then(Node::text)
        .unwrap_or_default();
    let tool = if tool == "sphinx" {
        let folder = paths::parent(configuration);
        let folder = if folder.is_empty() && configuration.is_empty() {
            "docs"
        } else {
            folder
        };
        let mut arguments: Vec<String> = ["-T", "-b", "html"].map(str::to_owned).to_vec();
        if strict {
            arguments.extend(["-W", "--keep-going"].map(str::to_owned));
        }
        let folder = if folder.is_empty() { "." } else { folder };
        arguments.extend([folder.to_owned(), "_build/html".to_owned()]);
        Tool {
            name: "sphinx-build".to_owned(),
            arguments,
        }
    } else {
        let mut arguments = vec!["build".to_owned()];
        if !configuration.is_empty() && configuration != "mkdocs.yml" {
            arguments.extend(["-f".to_owned(), configuration.to_owned()]);
        }
        if strict {
            arguments.push("--strict".to_owned());
        }
        Tool {
            name: "mkdocs".to_owned(),
            arguments,
        }
    };
    walker.record(tool, &[], scene);
}

fn install(walker: &mut Walker<'_>, root: &Node, scene: &Scene) {
    let items = root
        .get("python")
        .and_then(|python| python.get("install"))
        .and_then(Node::as_sequence);
    for item in items.unwrap_or_default() {
        let path = item.get("path").and_then(Node::text);
        let draft = Draft {
            installer: "pip",
            requirement_files: strings(item.get("requirements")),
            extras: [
                strings(item.get("extra_requirements")),
                strings(item.get("extras")),
            ]
            .concat(),
            groups: strings(item.get("groups")),
            project: path.is_some(),
            folder: path.map(|path| paths::join("", path)).unwrap_or_default(),
            ..Draft::default()
        };
        walker.install(draft, scene);
    }
}
