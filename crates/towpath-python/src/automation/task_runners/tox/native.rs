//! tox configured in native TOML: `tox.toml` or `[tool.tox]`.

use std::collections::BTreeMap;

use super::names;
use super::environment::{Arguments, Environment, ToxCommand};
use crate::automation::tables::{Node, Value};

/// Lists of environments, `env_list` or the default of tox.
pub(super) fn environments(root: &Node) -> Vec<String> {
    root.get("env_list").map(name_list).unwrap_or_default()
}

/// Returns every environment that has a table of its own.
pub(super) fn declared(root: &Node) -> Vec<String> {
    root.get("env")
        .map(|env| env.table().iter().map(|(name, _)| name.clone()).collect())
        .unwrap_or_default()
}

/// Names in a list, also those given as `{ product = [[…], […]] }`.
fn name_list(node: &Node) -> Vec<String> {
    let mut all = Vec::new();
    for item in node.list() {
        match item.text() {
            Some(text) => all.extend(names::expand_all(text)),
            None => all.extend(product(item)),
        }
    }
    all
}

fn product(item: &Node) -> Vec<String> {
    let mut found = vec![String::new()];
    for factors in item.get("product").map(Node::list).unwrap_or_default() {
        let choices = match factors.list() {
            [] => vec![range(factors)],
            items => vec![
                items
                    .iter()
                    .filter_map(Node::text)
                    .map(str::to_owned)
                    .collect(),
            ],
        };
        let choices: Vec<String> = choices.into_iter().flatten().collect();
        found = found
            .iter()
            .flat_map(|head| {
                choices.iter().map(move |tail| {
                    if head.is_empty() {
                        tail.clone()
                    } else {
                        format!("{head}-{tail}")
                    }
                })
            })
            .collect();
    }
    let excluded = item.get("exclude").map(Node::strings).unwrap_or_default();
    found.retain(|name| !name.is_empty() && !excluded.contains(name));
    found
}

/// `{ prefix = "py3", start = 10, stop = 13 }`.
fn range(node: &Node) -> Vec<String> {
    let number = |key: &str| match node.get(key).map(|node| &node.value) {
        Some(Value::Other(text)) => text.parse::<u32>().ok(),
        _ => None,
    };
    let prefix = node.get("prefix").and_then(Node::text).unwrap_or_default();
    match (number("start"), number("stop")) {
        (Some(start), Some(stop)) if start <= stop && stop - start < 100 => (start..=stop)
            .map(|number| format!("{prefix}{number}"))
            .collect(),
        _ => Vec::new(),
    }
}

/// Reads one environment.
pub(super) fn environment(root: &Node, name: &str, arguments: &Arguments) -> Environment {
    let reader = Reader {
        root,
        name,
        arguments,
    };
    let own = root.at(&["env", name]);
    let base = root.get("env_run_base");
    let bases: Vec<&Node> = own
        .and_then(|own| own.get("base"))
        .map(Node::strings)
        .unwrap_or_default()
        .iter()
        .filter_map(|base| root.at(&["env", base]).or_else(|| root.get(base)))
        .collect();
    let find = |keys: &[&str]| -> Option<&Node> {
        own.into_iter()
            .chain(bases.iter().copied())
            .chain(base)
            .find_map(|table| keys.iter().find_map(|key| table.get(key)))
    };
    let flag = |keys: &[&str]| find(keys).is_some_and(Node::is_true);
    let words = |keys: &[&str]| {
        find(keys)
            .map(|node| reader.words(node))
            .unwrap_or_default()
    };
    let mut commands = Vec::new();
    for key in ["commands_pre", "commands", "commands_post"] {
        commands.extend(
            find(&[key])
                .map(|node| reader.commands(node))
                .unwrap_or_default(),
        );
    }
    let package = find(&["package"]).and_then(Node::text).unwrap_or_default();
    Environment {
        commands,
        deps: words(&["deps"])
            .iter()
            .flat_map(|line| line.lines())
            .map(str::trim)
            .map(str::to_owned)
            .collect(),
        extras: words(&["extras"]),
        groups: words(&["dependency_groups"]),
        installs_project: !flag(&["skip_install"])
            && package != "skip"
            && !root.get("no_package").is_some_and(Node::is_true),
        editable: package.starts_with("editable") || flag(&["use_develop", "usedevelop"]),
        variables: find(&["set_env", "setenv"])
            .map(|node| reader.variables(node))
            .unwrap_or_default(),
        folder: words(&["change_dir", "changedir"])
            .first()
            .cloned()
            .unwrap_or_default(),
        base_python: words(&["base_python"]).first().cloned(),
        ignores_outcome: flag(&["ignore_outcome"]),
    }
}

struct Reader<'a> {
    root: &'a Node,
    name: &'a str,
    arguments: &'a Arguments,
}

impl Reader<'_> {
    fn commands(&self, node: &Node) -> Vec<ToxCommand> {
        let mut commands = Vec::new();
        for item in node.list() {
            if item.get("replace").is_some() {
                for target in self.referenced(item) {
                    commands.extend(self.commands(target));
                }
                continue;
            }
            let words = self.words(item);
            commands.extend(ToxCommand::new(words, item.line));
        }
        commands
    }

    /// Reads a list of words, with `{ replace = … }` in it.
    fn words(&self, node: &Node) -> Vec<String> {
        match &node.value {
            Value::Text(text) => vec![self.substitute(text)],
            Value::List(items) => items.iter().flat_map(|item| self.words(item)).collect(),
            Value::Table(_) => self.replaced(node),
            _ => Vec::new(),
        }
    }

    fn replaced(&self, node: &Node) -> Vec<String> {
        let default = || {
            node.get("default")
                .map(|node| self.words(node))
                .unwrap_or_default()
        };
        match node.get("replace").and_then(Node::text) {
            Some("posargs") => self.arguments.posargs.clone().unwrap_or_else(default),
            Some("env") => {
                let name = node.get("name").and_then(Node::text).unwrap_or_default();
                self.arguments
                    .variables
                    .get(name)
                    .map_or_else(default, |value| vec![value.clone()])
            }
            Some("ref") => self
                .referenced(node)
                .iter()
                .flat_map(|target| self.words(target))
                .collect(),
            Some("if") => node
                .get("then")
                .map(|node| self.words(node))
                .unwrap_or_default(),
            _ => default(),
        }
    }

    /// `{ replace = "ref", of = ["env", "x", "deps"] }` or `env = "x", key = "deps"`.
    fn referenced(&self, node: &Node) -> Vec<&Node> {
        let path = node.get("of").map(Node::strings).unwrap_or_default();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let named = || {
            let key = node.get("key").and_then(Node::text)?;
            match node.get("env").and_then(Node::text) {
                Some(env) => self.root.at(&["env", env, key]),
                None => self.root.at(&["env_run_base", key]),
            }
        };
        let found = if path.is_empty() {
            named()
        } else {
            self.root.at(&path)
        };
        found.into_iter().collect()
    }

    fn variables(&self, node: &Node) -> BTreeMap<String, String> {
        let read = |(name, value): &(String, Node)| {
            Some((name.clone(), self.words(value).first()?.clone()))
        };
        node.table().iter().filter_map(read).collect()
    }

    fn substitute(&self, text: &str) -> String {
        super::substitution::substitute(text, &|key| {
            super::substitution::known(key, self.name, self.arguments)
        })
    }
}
