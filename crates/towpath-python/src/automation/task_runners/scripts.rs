//! Named scripts of a project: `[tool.poe]`, `[tool.pdm.scripts]`, `[tool.taskipy]`,
//! `[tool.rye.scripts]` and the `[scripts]` of a Pipfile.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::automation::model::AutomationKind;
use crate::automation::options;
use crate::automation::paths;
use crate::automation::tables::{self, Node, Value};
use crate::automation::tools::{self, Tool};
use crate::automation::walk::{Scene, TaskRunner, Walker};

/// The scripts of one folder.
#[derive(Debug, Default)]
struct Scripts {
    folder: String,
    /// By what runs them: `poe`, `pdm`, `task`, `rye`, `pipenv`.
    tables: BTreeMap<&'static str, (String, Node)>,
}

/// What runs scripts, the file and table they lie in, and the kind of source.
const PLACES: &[(&str, &str, &[&str])] = &[
    ("poe", "poe_tasks.toml", &["tool", "poe", "tasks"]),
    ("poe", "poe_tasks.toml", &["tasks"]),
    ("poe", "pyproject.toml", &["tool", "poe", "tasks"]),
    ("pdm", "pyproject.toml", &["tool", "pdm", "scripts"]),
    ("task", "pyproject.toml", &["tool", "taskipy", "tasks"]),
    ("rye", "pyproject.toml", &["tool", "rye", "scripts"]),
    ("pipenv", "Pipfile", &["scripts"]),
];

/// Whatever runs the scripts of a project by name.
pub(super) struct Runner;

impl TaskRunner for Runner {
    fn programs(&self) -> &'static [&'static str] {
        &["poe", "task", "pdm", "rye"]
    }

    fn read(&self, walker: &mut Walker<'_>, folder: &str) {
        walker.read_scripts(folder);
    }

    fn follow(&self, walker: &mut Walker<'_>, program: &str, arguments: &[String], scene: &Scene) {
        match tools::base_name(program).as_str() {
            "poe" | "task" => walker.follow_task(program, arguments, scene),
            _ => walker.follow_manager(program, arguments, scene),
        }
    }

    fn follow_named(
        &self,
        walker: &mut Walker<'_>,
        manager: &str,
        name: &str,
        arguments: &[String],
        scene: &Scene,
    ) -> bool {
        walker.follow_script(manager, name, arguments, scene)
    }
}

impl Walker<'_> {
    /// Reads the scripts of a folder that nothing need call.
    fn read_scripts(&mut self, folder: &str) {
        let scripts = self.scripts_in(folder);
        for (runner, (path, table)) in &scripts.tables {
            let kind = if *runner == "task" {
                "taskipy"
            } else {
                *runner
            };
            self.source(kind, path);
            for (name, _) in table.table() {
                let mut scene = self.root_scene(AutomationKind::Script, path);
                folder.clone_into(&mut scene.folder);
                self.follow_script(runner, name, &[], &scene);
            }
        }
    }

    /// Follows `poe NAME` and `task NAME`.
    fn follow_task(&mut self, program: &str, arguments: &[String], scene: &Scene) {
        let runner = if program.ends_with("task") {
            "task"
        } else {
            "poe"
        };
        let read = options::leading(arguments, &["-C", "--directory", "-e", "--executor"]);
        let Some((name, rest)) = read.operands.split_first() else {
            return;
        };
        let mut inner = scene.clone();
        if let Some(folder) = read.value(&["-C", "--directory"]) {
            inner.folder = paths::join(&scene.folder, folder);
        }
        if !self.follow_script(runner, name, rest, &inner) {
            self.unreadable(
                scene,
                &format!("the task `{name}` of `{program}` is not found"),
            );
        }
    }

    /// Follows `pdm NAME`, `rye lint` and the like, which need no `run`.
    fn follow_manager(&mut self, program: &str, arguments: &[String], scene: &Scene) {
        let Some((name, rest)) = arguments.split_first() else {
            return;
        };
        let manager = if program == "rye" { "rye" } else { "pdm" };
        match (manager, name.as_str()) {
            ("rye", "lint") => self.record(
                Tool {
                    name: "ruff".to_owned(),
                    arguments: rest.to_vec(),
                },
                &[],
                scene,
            ),
            ("rye", "fmt") => self.record(
                Tool {
                    name: "ruff format".to_owned(),
                    arguments: rest.to_vec(),
                },
                &[],
                scene,
            ),
            ("rye", "test") => self.record(
                Tool {
                    name: "pytest".to_owned(),
                    arguments: rest.to_vec(),
                },
                &[],
                scene,
            ),
            (_, "build") => self.record(
                Tool {
                    name: "build".to_owned(),
                    arguments: rest.to_vec(),
                },
                &[],
                scene,
            ),
            _ => {
                self.follow_script(manager, name, rest, scene);
            }
        }
    }

    /// Follows a script by its name; returns whether there is one.
    fn follow_script(
        &mut self,
        runner: &str,
        name: &str,
        arguments: &[String],
        scene: &Scene,
    ) -> bool {
        let found = paths::upwards(&scene.folder)
            .into_iter()
            .find_map(|folder| {
                let scripts = self.scripts_in(folder);
                let known = scripts
                    .tables
                    .get(runner)
                    .is_some_and(|(_, table)| table.get(name).is_some());
                known.then_some(scripts)
            });
        let Some(scripts) = found else { return false };
        let Some((path, table)) = scripts.tables.get(runner) else {
            return false;
        };
        if !self.enter(format!("{runner} {path} {name}"), scene) {
            return true;
        }
        let mut inner = scene.inside(
            AutomationKind::Script,
            path,
            format!("{runner} script `{name}`"),
        );
        inner.folder.clone_from(&scripts.folder);
        let runs = Runs { runner, arguments };
        for name in [
            format!("pre_{name}"),
            name.to_owned(),
            format!("post_{name}"),
        ] {
            if let Some(script) = table.get(&name) {
                self.script_node(&runs, script, &inner);
            }
        }
        self.leave();
        true
    }

    fn script_node(&mut self, runs: &Runs<'_>, node: &Node, scene: &Scene) {
        let mut at = scene.at_line(node.line);
        match &node.value {
            Value::Text(text) => self.script_line(runs, text, &at),
            // A list is a sequence for poe and rye's `chain`, the words of one command for pdm and rye.
            Value::List(items) if runs.runner == "poe" => {
                for item in items {
                    self.script_item(runs, item, &at);
                }
            }
            Value::List(_) => self.command(&node.strings(), &at),
            Value::Table(_) => {
                let passes = ["ignore_fail", "keep_going"]
                    .iter()
                    .any(|key| node.get(key).is_some_and(Node::is_true));
                at.can_fail &= !passes;
                if let Some(folder) = ["cwd", "working_dir"]
                    .iter()
                    .find_map(|key| node.get(key))
                    .and_then(Node::text)
                {
                    at.folder = paths::join(&at.folder, folder);
                }
                let environment = node.get("env").map(Node::table).unwrap_or_default();
                at.environment.extend(
                    environment
                        .iter()
                        .filter_map(|(name, value)| Some((name.clone(), value.text()?.to_owned()))),
                );
                self.script_table(runs, node, &at);
            }
            _ => {}
        }
    }

    fn script_table(&mut self, runs: &Runs<'_>, node: &Node, scene: &Scene) {
        for dependency in node.get("deps").map(Node::strings).unwrap_or_default() {
            self.script_reference(runs, &dependency, scene);
        }
        for key in ["cmd", "shell"] {
            match node.get(key) {
                Some(list) if !list.list().is_empty() => {
                    self.command(&list.strings(), &scene.at_line(list.line));
                }
                Some(text) => {
                    if let Some(line) = text.text() {
                        self.script_line(runs, line, &scene.at_line(text.line));
                    }
                }
                None => {}
            }
        }
        for key in ["sequence", "composite", "chain", "parallel"] {
            for item in node.get(key).map(Node::list).unwrap_or_default() {
                self.script_item(runs, item, scene);
            }
        }
        if let Some(name) = node.get("ref").and_then(Node::text) {
            self.script_reference(runs, name, scene);
        }
        for case in node.get("switch").map(Node::list).unwrap_or_default() {
            self.script_node(runs, case, scene);
        }
    }

    /// An item of a sequence: a string names another script where there is one of that name.
    fn script_item(&mut self, runs: &Runs<'_>, item: &Node, scene: &Scene) {
        match item.text() {
            Some(text) => self.script_reference(runs, text, &scene.at_line(item.line)),
            None => self.script_node(runs, item, scene),
        }
    }

    fn script_reference(&mut self, runs: &Runs<'_>, text: &str, scene: &Scene) {
        let words = crate::automation::shell::words(text);
        let Some((name, rest)) = words.split_first() else {
            return;
        };
        if !self.follow_script(runs.runner, name, rest, scene) {
            self.script_line(runs, text, scene);
        }
    }

    fn script_line(&mut self, runs: &Runs<'_>, text: &str, scene: &Scene) {
        let mut text = text.replace("{args}", &runs.arguments.join(" "));
        if !runs.arguments.is_empty() && !text.contains('\n') {
            text.push(' ');
            text.push_str(&runs.arguments.join(" "));
        }
        self.line(&text, scene);
    }

    fn scripts_in(&mut self, folder: &str) -> Rc<Scripts> {
        let scripts = self.once(folder, |walker| {
            let mut scripts = Scripts {
                folder: folder.to_owned(),
                ..Scripts::default()
            };
            for (runner, file, keys) in PLACES {
                let path = paths::join(folder, file);
                let table = walker
                    .read(&path)
                    .and_then(|text| tables::parse(&text)?.at(keys).cloned());
                if let Some(table) = table {
                    scripts.tables.entry(runner).or_insert((path, table));
                }
            }
            Some(scripts)
        });
        scripts.unwrap_or_default()
    }
}

/// What runs a script, and with which arguments.
struct Runs<'a> {
    runner: &'a str,
    arguments: &'a [String],
}
