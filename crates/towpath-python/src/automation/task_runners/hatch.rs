//! hatch: the scripts of its environments, `hatch run`, `hatch test`, `hatch fmt`.
//! Reads `pyproject.toml` and `hatch.toml`; creates no environment.

use std::rc::Rc;

use crate::automation::installs::Draft;
use crate::automation::model::AutomationKind;
use crate::automation::options;
use crate::automation::paths;
use crate::automation::tables::{self, Node};
use crate::automation::tools::Tool;
use crate::automation::walk::{Scene, TaskRunner, Walker};
use crate::PythonVersion;

/// hatch's table in one folder.
#[derive(Debug)]
struct Hatch {
    path: String,
    folder: String,
    root: Node,
}

impl Hatch {
    fn environments(&self) -> &[(String, Node)] {
        self.root.get("envs").map(Node::table).unwrap_or_default()
    }

    /// The tables of an environment, its own first, then its template's, `default` last.
    fn chain(&self, name: &str) -> Vec<&Node> {
        let envs = self.root.get("envs");
        let mut chain: Vec<&Node> = Vec::new();
        let mut name = name.to_owned();
        while let Some(table) = envs.and_then(|envs| envs.get(&name)) {
            if chain.len() > 8 {
                break;
            }
            chain.push(table);
            let is_base = name == "default" || table.get("detached").is_some_and(Node::is_true);
            let template = table.get("template").and_then(Node::text);
            if is_base || template == Some(name.as_str()) {
                break;
            }
            name = template.unwrap_or("default").to_owned();
        }
        chain
    }

    fn find(&self, environment: &str, path: &[&str]) -> Option<&Node> {
        self.chain(environment)
            .into_iter()
            .find_map(|table| table.at(path))
    }

    fn pythons(&self, environment: &str) -> Vec<PythonVersion> {
        let matrix = self
            .chain(environment)
            .first()
            .and_then(|table| table.get("matrix"));
        let rows = matrix.map(Node::list).unwrap_or_default();
        let of_matrix = rows
            .iter()
            .filter_map(|row| row.get("python").or_else(|| row.get("py")))
            .flat_map(Node::strings);
        let own = self
            .find(environment, &["python"])
            .and_then(Node::text)
            .map(str::to_owned);
        let mut pythons: Vec<PythonVersion> = of_matrix
            .chain(own)
            .filter_map(|text| text.parse().ok())
            .collect();
        pythons.sort_unstable();
        pythons.dedup();
        pythons
    }
}

/// hatch.
pub(super) struct Runner;

impl TaskRunner for Runner {
    fn programs(&self) -> &'static [&'static str] {
        &["hatch"]
    }

    fn read(&self, walker: &mut Walker<'_>, folder: &str) {
        walker.read_hatch(folder);
    }

    fn follow(&self, walker: &mut Walker<'_>, _program: &str, arguments: &[String], scene: &Scene) {
        walker.follow_hatch(arguments, scene);
    }
}

impl Walker<'_> {
    /// Reads the scripts of a folder that nothing need call.
    fn read_hatch(&mut self, folder: &str) {
        let Some(hatch) = self.hatch_in(folder) else {
            return;
        };
        self.source("hatch", &hatch.path);
        for (environment, table) in hatch.environments() {
            let scripts = table.get("scripts").map(Node::table).unwrap_or_default();
            for (script, _) in scripts {
                let mut scene = self.root_scene(AutomationKind::Script, &hatch.path);
                folder.clone_into(&mut scene.folder);
                self.hatch_environment(&hatch, environment, std::slice::from_ref(script), &scene);
            }
        }
    }

    /// Follows `hatch …`.
    fn follow_hatch(&mut self, arguments: &[String], scene: &Scene) {
        let global = options::leading(
            arguments,
            &[
                "-e",
                "--env",
                "-p",
                "--project",
                "--config",
                "--data-dir",
                "--cache-dir",
            ],
        );
        let Some((command, rest)) = global.operands.split_first() else {
            return;
        };
        let hatch = paths::upwards(&scene.folder)
            .iter()
            .find_map(|folder| self.hatch_in(folder));
        match command.as_str() {
            "run" => {
                let words = options::leading(rest, &["-e", "--env"]).operands;
                let environment = global.value(&["-e", "--env"]).map(str::to_owned);
                self.hatch_run(hatch.as_ref(), environment, &words, scene);
            }
            "env" if rest.first().is_some_and(|word| word == "run") => {
                let read = options::leading(
                    rest.get(1..).unwrap_or_default(),
                    &[
                        "-e",
                        "--env",
                        "-i",
                        "--include",
                        "-x",
                        "--exclude",
                        "-f",
                        "--filter",
                    ],
                );
                let environment = read.value(&["-e", "--env"]).map(str::to_owned);
                self.hatch_run(hatch.as_ref(), environment, &read.operands, scene);
            }
            "fmt" => self.hatch_format(rest, scene),
            "test" => self.hatch_test(hatch.as_ref(), rest, scene),
            "build" => self.record(
                Tool {
                    name: "build".to_owned(),
                    arguments: rest.to_vec(),
                },
                &[],
                scene,
            ),
            _ => {}
        }
    }

    fn hatch_run(
        &mut self,
        hatch: Option<&Rc<Hatch>>,
        environment: Option<String>,
        words: &[String],
        scene: &Scene,
    ) {
        let mut words = words.to_vec();
        let mut inner = scene.clone();
        // `+py=3.12` selects within the matrix.
        words.retain(|word| {
            let Some(selection) = word.strip_prefix('+') else {
                return !word.starts_with("-py");
            };
            let versions = selection
                .split_once('=')
                .map_or("", |(_, versions)| versions);
            inner.pythons = versions
                .split(',')
                .filter_map(|version| version.parse().ok())
                .collect();
            false
        });
        let Some(first) = words.first_mut() else {
            return;
        };
        let mut environment = environment.unwrap_or_else(|| "default".to_owned());
        if let Some((name, command)) = first.clone().split_once(':') {
            // `test.py3.12:run` names one cell of a matrix.
            let (name, cell) = name.split_once('.').unwrap_or((name, ""));
            if let Some(python) = cell
                .strip_prefix("py")
                .and_then(|text| text.split('-').next()?.parse().ok())
            {
                inner.pythons = vec![python];
            }
            name.clone_into(&mut environment);
            command.clone_into(first);
        }
        match hatch {
            Some(hatch) => self.hatch_environment(hatch, &environment, &words, &inner),
            None => self.command(&words, &inner),
        }
    }

    fn hatch_environment(
        &mut self,
        hatch: &Rc<Hatch>,
        environment: &str,
        words: &[String],
        scene: &Scene,
    ) {
        self.source("hatch", &hatch.path);
        let mut inner = scene.clone();
        inner.scope = self.new_scope();
        inner.folder.clone_from(&hatch.folder);
        if inner.pythons.is_empty() || !scene.from_ci {
            let pythons = hatch.pythons(environment);
            if !pythons.is_empty() {
                inner.pythons = pythons;
            }
        }
        if let Some(variables) = hatch.find(environment, &["env-vars"]) {
            let texts = variables
                .table()
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.text()?.to_owned())));
            inner.environment.extend(texts);
        }
        self.hatch_install(hatch, environment, &inner);
        self.hatch_words(hatch, environment, words, &inner);
    }

    fn hatch_words(
        &mut self,
        hatch: &Rc<Hatch>,
        environment: &str,
        words: &[String],
        scene: &Scene,
    ) {
        let Some((name, arguments)) = words.split_first() else {
            return;
        };
        let Some(script) = hatch.find(environment, &["scripts", name]).cloned() else {
            self.command(words, scene);
            return;
        };
        if !self.enter(format!("hatch {} {environment} {name}", hatch.path), scene) {
            return;
        }
        let via = if environment == "default" {
            format!("hatch script `{name}`")
        } else {
            format!("hatch script `{environment}:{name}`")
        };
        let inner = scene.inside(AutomationKind::Script, &hatch.path, via);
        let lines: Vec<(&str, u32)> = match script.list() {
            [] => script
                .text()
                .map(|text| (text, script.line))
                .into_iter()
                .collect(),
            items => items
                .iter()
                .filter_map(|item| Some((item.text()?, item.line)))
                .collect(),
        };
        for (line, number) in lines {
            let (text, passes) = line
                .strip_prefix("- ")
                .map_or((line, false), |rest| (rest, true));
            let mut at = inner.at_line(number);
            at.can_fail &= !passes;
            let text = expanded(text, arguments, environment);
            let words = crate::automation::shell::words(&text);
            let is_script = words
                .first()
                .is_some_and(|first| hatch.find(environment, &["scripts", first]).is_some());
            if is_script && !text.contains("&&") {
                self.hatch_words(hatch, environment, &words, &at);
            } else {
                self.line(&text, &at);
            }
        }
        self.leave();
    }

    fn hatch_install(&mut self, hatch: &Rc<Hatch>, environment: &str, scene: &Scene) {
        let list = |key: &str| {
            hatch
                .find(environment, &[key])
                .map(Node::strings)
                .unwrap_or_default()
        };
        let flag = |key: &str| hatch.find(environment, &[key]).is_some_and(Node::is_true);
        let own = |key: &str| {
            let table = hatch.chain(environment).first().copied();
            table
                .and_then(|table| table.get(key))
                .map(Node::strings)
                .unwrap_or_default()
        };
        let mut requirements = list("dependencies");
        requirements.extend(own("extra-dependencies"));
        let project = !flag("skip-install") && !flag("detached");
        let dev_mode = hatch
            .find(environment, &["dev-mode"])
            .is_none_or(Node::is_true);
        let draft = Draft {
            installer: "hatch",
            requirements,
            extras: list("features"),
            groups: list("dependency-groups"),
            project,
            editable: project && dev_mode,
            ..Draft::default()
        };
        self.install(draft, scene);
    }

    /// `hatch fmt` lints and formats with ruff; without `--check` the formatter cannot fail.
    fn hatch_format(&mut self, arguments: &[String], scene: &Scene) {
        let read = options::all(arguments, &[]);
        let checks = read.has(&["--check"]);
        let (lints, formats) = (
            read.has(&["-l", "--linter"]),
            read.has(&["-f", "--formatter"]),
        );
        let arguments = |checks: bool, flag: &str| -> Vec<String> {
            let mut all = read.operands.clone();
            if checks != (flag == "--fix") {
                all.push(flag.to_owned());
            }
            all.extend(read.after.iter().cloned());
            all
        };
        let mut inner = scene.clone();
        inner.via.push("hatch fmt".to_owned());
        if lints || !formats {
            self.record(
                Tool {
                    name: "ruff".to_owned(),
                    arguments: arguments(checks, "--fix"),
                },
                &[],
                &inner,
            );
        }
        if formats || !lints {
            self.record(
                Tool {
                    name: "ruff format".to_owned(),
                    arguments: arguments(checks, "--check"),
                },
                &[],
                &inner,
            );
        }
    }

    fn hatch_test(&mut self, hatch: Option<&Rc<Hatch>>, arguments: &[String], scene: &Scene) {
        let read = options::all(
            arguments,
            &["-py", "--python", "-i", "--include", "-x", "--exclude"],
        );
        let mut inner = scene.clone();
        inner.scope = self.new_scope();
        inner.via.push("hatch test".to_owned());
        if let Some(python) = read
            .value(&["-py", "--python"])
            .and_then(|text| text.parse().ok())
        {
            inner.pythons = vec![python];
        } else if let Some(hatch) = hatch.filter(|_| read.has(&["-a", "--all"])) {
            inner.pythons = hatch.pythons("hatch-test");
        }
        if let Some(hatch) = hatch {
            inner.folder.clone_from(&hatch.folder);
            self.hatch_install(hatch, "hatch-test", &inner);
        }
        let mut own: Vec<String> = hatch
            .and_then(|hatch| hatch.find("hatch-test", &["extra-args"]))
            .map(Node::strings)
            .unwrap_or_default();
        own.extend(if read.operands.is_empty() && read.after.is_empty() {
            vec!["tests".to_owned()]
        } else {
            read.operands.clone()
        });
        own.extend(read.after.iter().cloned());
        self.record(
            Tool {
                name: "pytest".to_owned(),
                arguments: own,
            },
            &[],
            &inner,
        );
    }

    fn hatch_in(&mut self, folder: &str) -> Option<Rc<Hatch>> {
        self.once(folder, |walker| {
            let read = |name: &str, keys: &[&str]| {
                let path = paths::join(folder, name);
                let root = tables::parse(&walker.read(&path)?)?;
                let root = root.at(keys)?.clone();
                root.get("envs")?;
                Some(Hatch {
                    path,
                    folder: folder.to_owned(),
                    root,
                })
            };
            read("hatch.toml", &[]).or_else(|| read("pyproject.toml", &["tool", "hatch"]))
        })
    }
}

/// Replaces `{args:default}` and the fields that are plain text.
fn expanded(text: &str, arguments: &[String], environment: &str) -> String {
    let mut text = text
        .replace("{root}/", "")
        .replace("{root}", ".")
        .replace("{env_name}", environment);
    while let Some((head, rest)) = text.split_once("{args") {
        let Some((default, tail)) = rest.split_once('}') else {
            break;
        };
        let value = if arguments.is_empty() {
            default.trim_start_matches(':').to_owned()
        } else {
            arguments.join(" ")
        };
        text = format!("{head}{value}{tail}");
    }
    text
}
