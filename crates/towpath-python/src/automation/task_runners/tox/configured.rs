//! tox configured in the form of ini: `tox.ini`, `setup.cfg`, `legacy_tox_ini`.

use std::collections::BTreeMap;

use super::names;
use super::substitution;
use super::environment::{Arguments, Environment, ToxCommand};
use crate::automation::shell;
use crate::ini::{Entry, Ini, Line, Section};

/// tox's sections in one file.
#[derive(Debug, Clone)]
pub(super) struct Configured {
    pub(super) ini: Ini,
    /// `tox`, or `tox:tox` in `setup.cfg`.
    pub(super) core: &'static str,
}

const DEEPEST: u32 = 12;

impl Configured {
    /// Returns the environments of `env_list`.
    pub(super) fn environments(&self) -> Vec<String> {
        let key = self
            .ini
            .section(self.core)
            .and_then(|core| core.entry(&["env_list", "envlist"]));
        let lines = key.map(Entry::lines).unwrap_or_default();
        let text: Vec<&str> = lines
            .iter()
            .map(|line| without_comment(&line.text))
            .collect();
        names::expand_all(&text.join("\n"))
    }

    /// Returns every environment that has a section of its own.
    pub(super) fn declared(&self) -> Vec<String> {
        let headings = self
            .ini
            .sections
            .iter()
            .filter_map(|section| section.name.strip_prefix("testenv:"));
        headings.flat_map(names::expand_all).collect()
    }

    /// Returns the environments to run for a Python, by `[gh-actions]` of the plugin.
    pub(super) fn for_github(&self, python: &str) -> Option<Vec<String>> {
        let section = self
            .ini
            .section("gh-actions")
            .or_else(|| self.ini.section("gh"))?;
        let key = section.entry(&["python"])?;
        let line = key.lines().iter().find_map(|line| {
            let (version, factors) = line.text.split_once([':', '='])?;
            (version.trim() == python).then(|| factors.trim().to_owned())
        })?;
        let wanted = names::expand_all(&line);
        let all = self.environments();
        Some(
            all.into_iter()
                .filter(|name| wanted.iter().any(|factor| names::holds(factor, name)))
                .collect(),
        )
    }

    /// Reads one environment.
    pub(super) fn environment(&self, name: &str, arguments: &Arguments) -> Environment {
        let reader = Reader {
            configured: self,
            name,
            arguments,
        };
        let flag = |keys: &[&str]| {
            reader
                .first(keys)
                .is_some_and(|text| text.eq_ignore_ascii_case("true"))
        };
        let mut commands = Vec::new();
        for key in ["commands_pre", "commands", "commands_post"] {
            commands.extend(reader.commands(key));
        }
        let core_flag = |keys: &[&str]| {
            let key = self.ini.section(self.core).and_then(|core| core.entry(keys));
            let lines = key.map(Entry::lines).unwrap_or_default();
            lines
                .first()
                .is_some_and(|line| line.text.eq_ignore_ascii_case("true"))
        };
        let package = reader.first(&["package"]).unwrap_or_default();
        Environment {
            commands,
            deps: reader.list(&["deps"]),
            extras: reader.split(&["extras"]),
            groups: reader.split(&["dependency_groups"]),
            installs_project: !flag(&["skip_install"])
                && package != "skip"
                && !core_flag(&["skipsdist", "no_package", "skip_sdist"]),
            editable: flag(&["usedevelop", "use_develop"]) || package.starts_with("editable"),
            variables: reader.variables(),
            folder: reader
                .first(&["change_dir", "changedir"])
                .unwrap_or_default(),
            base_python: reader.first(&["base_python", "basepython"]),
            ignores_outcome: flag(&["ignore_outcome"]),
        }
    }
}

struct Reader<'a> {
    configured: &'a Configured,
    name: &'a str,
    arguments: &'a Arguments,
}

impl Reader<'_> {
    /// The sections in which a key of the environment is looked for, its own first.
    fn sections(&self) -> Vec<&Section> {
        let own = |section: &&Section| {
            section.name.strip_prefix("testenv:").is_some_and(|names| {
                names::expand_all(names)
                    .iter()
                    .any(|name| name == self.name)
            })
        };
        let ini = &self.configured.ini;
        let mut sections: Vec<&Section> = ini.sections.iter().filter(own).collect();
        let bases = sections.iter().find_map(|section| section.entry(&["base"]));
        let bases: Vec<String> = bases
            .iter()
            .flat_map(|key| key.lines())
            .flat_map(|line| names::expand_all(&line.text))
            .collect();
        sections.extend(bases.iter().filter_map(|base| {
            ini.section(base)
                .or_else(|| ini.section(&format!("testenv:{base}")))
        }));
        sections.extend(ini.section("testenv"));
        sections
    }

    /// The lines of a key that apply to the environment, substituted.
    fn lines(&self, keys: &[&str]) -> Vec<Line> {
        let key = self
            .sections()
            .into_iter()
            .find_map(|section| section.entry(keys));
        key.map(|key| self.applying(&key.lines(), 0))
            .unwrap_or_default()
    }

    fn applying(&self, lines: &[Line], depth: u32) -> Vec<Line> {
        let mut applying = Vec::new();
        for line in joined(&self.holding(lines)) {
            let text = &line.text;
            // A line that is one reference stands for the lines it refers to, which have places of
            // their own and conditions.
            if let Some(lines) = self.referenced(text).filter(|_| depth < DEEPEST) {
                applying.extend(self.applying(&lines, depth + 1));
                continue;
            }
            let text = self.substitute(text, depth);
            applying.extend(text.lines().map(|text| Line {
                text: text.trim().to_owned(),
                number: line.number,
            }));
        }
        applying.retain(|line| !line.text.is_empty());
        applying
    }

    /// The lines whose conditions hold, without the conditions. tox asks before it joins lines.
    fn holding(&self, lines: &[Line]) -> Vec<Line> {
        let holds = |line: &Line| match conditional(&line.text) {
            Some((condition, text)) => names::holds(condition, self.name).then(|| Line {
                text: text.to_owned(),
                number: line.number,
            }),
            None => Some(line.clone()),
        };
        lines.iter().filter_map(holds).collect()
    }

    /// The lines that `{[section]key}` refers to.
    fn referenced(&self, text: &str) -> Option<Vec<Line>> {
        let inner = text.trim().strip_prefix("{[")?.strip_suffix('}')?;
        let (section, key) = inner.split_once(']')?;
        if key.contains(['{', '}', ' ']) {
            return None;
        }
        let key = self.configured.ini.section(section)?.entry(&[key])?;
        Some(key.lines())
    }

    fn substitute(&self, text: &str, depth: u32) -> String {
        substitution::substitute(text, &|key| {
            if let Some((section, name)) =
                key.strip_prefix('[').and_then(|rest| rest.split_once(']'))
            {
                let lines = self.configured.ini.section(section)?.entry(&[name])?.lines();
                return self.text_of(&lines, depth);
            }
            substitution::known(key, self.name, self.arguments).or_else(|| {
                let is_own = !matches!(
                    key,
                    "commands" | "envdir" | "envtmpdir" | "env_dir" | "posargs"
                );
                let found = self
                    .sections()
                    .into_iter()
                    .find_map(|section| section.entry(&[key]));
                found
                    .filter(|_| is_own)
                    .and_then(|key| self.text_of(&key.lines(), depth))
            })
        })
    }

    fn text_of(&self, lines: &[Line], depth: u32) -> Option<String> {
        if depth >= DEEPEST {
            return None;
        }
        let lines = self.applying(lines, depth + 1);
        Some(
            lines
                .iter()
                .map(|line| line.text.as_str())
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }

    fn commands(&self, key: &str) -> Vec<ToxCommand> {
        let lines = self.lines(&[key]);
        lines
            .iter()
            .filter_map(|line| ToxCommand::new(shell::words(&line.text), line.number))
            .collect()
    }

    fn first(&self, keys: &[&str]) -> Option<String> {
        self.lines(keys)
            .first()
            .map(|line| without_comment(&line.text).to_owned())
    }

    fn list(&self, keys: &[&str]) -> Vec<String> {
        self.lines(keys)
            .iter()
            .map(|line| without_comment(&line.text).to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    }

    fn split(&self, keys: &[&str]) -> Vec<String> {
        let list = self.list(keys);
        let names = list.iter().flat_map(|line| line.split(',')).map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for line in self.lines(&["set_env", "setenv"]) {
            if let Some((name, value)) = line.text.split_once('=') {
                variables.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        variables
    }
}

/// Joins lines that end in a backslash; a joined line stands where it begins.
fn joined(lines: &[Line]) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    let mut continues = false;
    for line in lines {
        let text = line.text.strip_suffix('\\');
        let part = text.unwrap_or(&line.text);
        match all.last_mut().filter(|_| continues) {
            Some(last) => {
                last.text.push(' ');
                last.text.push_str(part.trim());
            }
            None => all.push(Line {
                text: part.trim().to_owned(),
                number: line.number,
            }),
        }
        continues = text.is_some();
    }
    all
}

/// Splits `py311,lint: text` into condition and text.
fn conditional(line: &str) -> Option<(&str, &str)> {
    let (condition, text) = line.split_once(':')?;
    let is_condition = !condition.is_empty()
        && condition
            .chars()
            .all(|c| c.is_alphanumeric() || "!{},.-_".contains(c))
        && (text.is_empty() || text.starts_with(char::is_whitespace));
    is_condition.then(|| (condition, text.trim()))
}

fn without_comment(text: &str) -> &str {
    text.split_once(" #").map_or(text, |(text, _)| text).trim()
}
