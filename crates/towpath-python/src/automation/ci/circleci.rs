//! CircleCI: `run` steps of jobs and of the commands they use, with parameters that workflows give.

use std::collections::BTreeMap;

use towpath_workflow::yaml::Node;

use super::cells::product;
use super::{image_python, variables};
use crate::automation::paths;
use crate::automation::walk::{Scene, Walker};
use crate::automation::yaml::{line_of, strings};

const FILE: &str = ".circleci/config.yml";

type Parameters = BTreeMap<String, String>;

/// Reads the configuration.
pub(super) fn read(walker: &mut Walker<'_>) {
    let Some(text) = walker.read(FILE) else {
        return;
    };
    walker.ci_source("circleci", FILE);
    let Some(root) = walker.yaml(FILE, &text) else {
        return;
    };
    let mut reader = Reader {
        walker,
        root: &root,
        text: &text,
    };
    let called = reader.called();
    for (name, job) in root
        .get("jobs")
        .and_then(Node::as_mapping)
        .unwrap_or_default()
    {
        let Some(name) = name.text() else { continue };
        let calls: Vec<Parameters> = called
            .iter()
            .filter(|(job, _)| job == name)
            .map(|(_, parameters)| parameters.clone())
            .collect();
        let is_defined_only = calls.is_empty() && !called.is_empty();
        for parameters in if calls.is_empty() {
            vec![Parameters::new()]
        } else {
            calls
        } {
            reader.job(name, job, &parameters, !is_defined_only);
        }
    }
}

struct Reader<'walk, 'tree, 'file> {
    walker: &'walk mut Walker<'tree>,
    root: &'file Node,
    text: &'file str,
}

impl Reader<'_, '_, '_> {
    /// Jobs that workflows call, with their parameters, once for each cell of a matrix.
    fn called(&self) -> Vec<(String, Parameters)> {
        let mut called = Vec::new();
        for (_, workflow) in self
            .root
            .get("workflows")
            .and_then(Node::as_mapping)
            .unwrap_or_default()
        {
            for job in workflow
                .get("jobs")
                .and_then(Node::as_sequence)
                .unwrap_or_default()
            {
                if let Some(name) = job.text() {
                    called.push((name.to_owned(), Parameters::new()));
                }
                for (name, options) in job.as_mapping().unwrap_or_default() {
                    let name = name.text().unwrap_or_default().to_owned();
                    let own: Parameters = variables(Some(options)).into_iter().collect();
                    let matrix = options
                        .get("matrix")
                        .and_then(|matrix| matrix.get("parameters"));
                    called.extend(
                        cells(matrix, &own)
                            .into_iter()
                            .map(|cell| (name.clone(), cell)),
                    );
                }
            }
        }
        called
    }

    fn job(&mut self, name: &str, job: &Node, given: &Parameters, on_change: bool) {
        let parameters = with_defaults(job, given);
        let mut scene = self.walker.ci_scene(FILE, name);
        scene.on_change = on_change;
        let executor = job
            .get("executor")
            .and_then(|node| node.text().or_else(|| node.get("name")?.text()));
        let executor = executor.and_then(|name| self.root.get("executors")?.get(name));
        for table in executor.into_iter().chain([job]) {
            let images = table
                .get("docker")
                .and_then(Node::as_sequence)
                .unwrap_or_default();
            if let Some(image) = images.first().and_then(|image| image.get("image")?.text()) {
                scene.pythons = image_python(&substitute(image, &parameters))
                    .into_iter()
                    .collect();
                let image_environment = images.first().and_then(|image| image.get("environment"));
                scene.environment.extend(variables(image_environment));
            }
            let environment = variables(table.get("environment")).into_iter();
            scene
                .environment
                .extend(environment.map(|(name, value)| (name, substitute(&value, &parameters))));
        }
        let pythons = scene.pythons.clone();
        self.walker.note_pythons(&pythons, &scene);
        if let Some(folder) = job
            .get("working_directory")
            .and_then(Node::text)
            .filter(|text| !text.starts_with(['~', '/']))
        {
            scene.folder = paths::join("", folder);
        }
        self.steps(job.get("steps"), &parameters, &scene, 0);
    }

    fn steps(&mut self, steps: Option<&Node>, parameters: &Parameters, scene: &Scene, depth: u32) {
        for step in steps.and_then(Node::as_sequence).unwrap_or_default() {
            if let Some(name) = step.text() {
                self.command(name, None, parameters, scene, depth);
            }
            for (name, options) in step.as_mapping().unwrap_or_default() {
                match name.text().unwrap_or_default() {
                    "run" => self.run(options, parameters, scene),
                    "when" | "unless" => self.steps(options.get("steps"), parameters, scene, depth),
                    name => self.command(name, Some(options), parameters, scene, depth),
                }
            }
        }
    }

    fn run(&mut self, options: &Node, parameters: &Parameters, scene: &Scene) {
        let mut inner = scene.clone();
        inner.place.line = line_of(self.text, options.span.start);
        inner
            .environment
            .extend(variables(options.get("environment")));
        if let Some(folder) = options.get("working_directory").and_then(Node::text) {
            inner.folder = paths::join(&scene.folder, &substitute(folder, parameters));
        }
        let script = if options.as_mapping().is_some() {
            options.get("command")
        } else {
            Some(options)
        };
        if let Some(script) = script {
            self.walker.ci_script(script, self.text, &inner, &|text| {
                substitute(text, parameters)
            });
        }
    }

    fn command(
        &mut self,
        name: &str,
        options: Option<&Node>,
        outer: &Parameters,
        scene: &Scene,
        depth: u32,
    ) {
        let Some(command) = self
            .root
            .get("commands")
            .and_then(|commands| commands.get(name))
            .filter(|_| depth < 8)
        else {
            return;
        };
        let given = variables(options)
            .into_iter()
            .map(|(name, value)| (name, substitute(&value, outer)))
            .collect();
        let parameters = with_defaults(command, &given);
        self.steps(command.get("steps"), &parameters, scene, depth + 1);
    }
}

fn with_defaults(node: &Node, given: &Parameters) -> Parameters {
    let mut parameters = Parameters::new();
    for (name, declared) in node
        .get("parameters")
        .and_then(Node::as_mapping)
        .unwrap_or_default()
    {
        let default = declared
            .get("default")
            .and_then(Node::text)
            .unwrap_or_default();
        parameters.insert(
            name.text().unwrap_or_default().to_owned(),
            default.to_owned(),
        );
    }
    parameters.extend(given.clone());
    parameters
}

fn substitute(text: &str, parameters: &Parameters) -> String {
    let mut text = text.to_owned();
    for (name, value) in parameters {
        for form in [
            format!("<< parameters.{name} >>"),
            format!("<<parameters.{name}>>"),
        ] {
            text = text.replace(&form, value);
        }
    }
    text
}

fn cells(matrix: Option<&Node>, own: &Parameters) -> Vec<Parameters> {
    let mut cells = vec![own.clone()];
    for (name, values) in matrix.and_then(Node::as_mapping).unwrap_or_default() {
        let name = name.text().unwrap_or_default();
        let values = strings(Some(values));
        cells = product(&cells, &values, |cell, value| {
            cell.insert(name.to_owned(), value.clone());
        });
    }
    cells
}
