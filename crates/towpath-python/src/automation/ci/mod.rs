//! Files of CI services: which commands their jobs run, for which Pythons.
//! One module for each service and one line in the table.

mod actions;
mod appveyor;
mod azure;
mod cells;
mod circleci;
mod cirrus;
mod conditions;
mod github;
mod gitlab;
mod inputs;
mod matrix;
mod presence;
mod read_the_docs;
#[cfg(test)]
mod tests;
mod tool_actions;
mod travis;

use towpath_workflow::yaml::{Node, Style};

use super::model::AutomationKind;
use super::shell::Shell;
use super::walk::{Scene, Text, Walker};
use super::yaml::line_of;
use crate::PythonVersion;

/// Every service whose files are read.
const SERVICES: &[fn(&mut Walker<'_>)] = &[
    github::read,
    gitlab::read,
    circleci::read,
    travis::read,
    azure::read,
    cirrus::read,
    appveyor::read,
    presence::read,
    read_the_docs::read,
];

/// Reads the files of all services.
pub(super) fn read(walker: &mut Walker<'_>) {
    walker.automation.ci_is_whole = true;
    for service in SERVICES {
        service(walker);
    }
}

impl Walker<'_> {
    /// Notes a file of CI.
    fn ci_source(&mut self, kind: &str, path: &str) {
        self.source(kind, path);
        self.automation.has_ci = true;
    }

    /// Returns the scene of a job that runs for changes.
    fn ci_scene(&mut self, path: &str, job: &str) -> Scene {
        let mut scene = self.root_scene(AutomationKind::Ci, path);
        scene.from_ci = true;
        scene.on_change = true;
        let file = path.rsplit('/').next().unwrap_or(path);
        scene.via.push(if job.is_empty() {
            file.to_owned()
        } else {
            format!("{file} job `{job}`")
        });
        scene
    }

    /// Follows the script in a node: a text, or a list of texts that run one after the other.
    fn ci_script(
        &mut self,
        node: &Node,
        source: &str,
        scene: &Scene,
        change: &dyn Fn(&str) -> String,
    ) {
        if let Some(items) = node.as_sequence() {
            for item in items {
                self.ci_script(item, source, scene, change);
            }
            return;
        }
        let Some(text) = node.text().filter(|_| !node.is_null()) else {
            return;
        };
        let block = matches!(node.style, Style::Literal);
        let header = matches!(node.style, Style::Literal | Style::Folded);
        let start = source.get(node.span.start..).unwrap_or_default();
        // The span of a block starts at its `|` or at its first line.
        let is_marked = header && start.trim_start().starts_with(['|', '>']);
        let line = line_of(source, node.span.start) + u32::from(is_marked);
        let shell = Shell {
            errexit: true,
            pipefail: false,
            variables: std::collections::BTreeMap::new(),
        };
        let text = change(text);
        self.script(
            Text {
                script: &text,
                line,
                keeps_lines: block,
            },
            &shell,
            scene,
        );
    }

    /// Notes Pythons of a matrix.
    fn note_pythons(&mut self, pythons: &[PythonVersion], scene: &Scene) {
        for python in pythons {
            self.matrix_pythons
                .entry(*python)
                .or_insert_with(|| scene.place.clone());
        }
    }
}

/// Reads versions of Python out of a text: `3.12`, `['3.11', '3.12']`, several lines. PyPy has none.
fn pythons_in(text: &str) -> Vec<PythonVersion> {
    let words = text
        .split([',', '\n', ' ', '[', ']', '"', '\''])
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let mut pythons: Vec<PythonVersion> = words
        .filter(|word| !word.contains('<') && !word.contains('$'))
        .map(|word| {
            word.trim_start_matches(['>', '=', '~', '^'])
                .trim_start_matches("python")
                .trim_start_matches("cp")
        })
        .filter_map(|word| word.parse().ok())
        .collect();
    pythons.sort_unstable();
    pythons.dedup();
    pythons
}

/// Returns the Python of a container image: `python:3.12-slim`, `cimg/python:3.12`.
fn image_python(image: &str) -> Option<PythonVersion> {
    let (name, tag) = image.rsplit_once(':')?;
    name.contains("python")
        .then(|| tag.split('-').next()?.parse().ok())
        .flatten()
}

/// Returns the texts of the variables in a mapping.
fn variables(node: Option<&Node>) -> Vec<(String, String)> {
    let entries = node.and_then(Node::as_mapping).unwrap_or_default();
    entries
        .iter()
        .filter_map(|(name, value)| Some((name.text()?.to_owned(), value.text()?.to_owned())))
        .collect()
}
