//! Makefiles: targets, prerequisites, recipes and the variables that stand as plain text.
//! Functions of make (`$(shell …)`) stay as they are written; nothing is executed.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::automation::model::AutomationKind;
use crate::automation::options;
use crate::automation::paths;
use crate::automation::walk::{Scene, TaskRunner, Walker};

/// A makefile with what it includes.
#[derive(Debug, Default)]
struct Makefile {
    path: String,
    rules: Vec<Rule>,
    variables: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
struct Rule {
    targets: Vec<String>,
    prerequisites: Vec<String>,
    recipe: Vec<RecipeLine>,
}

#[derive(Debug, Clone)]
struct RecipeLine {
    text: String,
    line: u32,
}

const NAMES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];
const DEEPEST: u32 = 20;
const VALUED: &[&str] = &[
    "-C",
    "--directory",
    "-f",
    "--file",
    "--makefile",
    "-j",
    "-l",
    "-o",
    "-W",
    "-I",
];

impl Makefile {
    fn parse(path: &str, text: &str) -> Self {
        let mut makefile = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        let mut rule: Option<Rule> = None;
        let mut in_define = false;
        for (number, line) in logical_lines(text) {
            if let Some(recipe) = line.strip_prefix('\t').filter(|_| rule.is_some()) {
                if let Some(rule) = &mut rule {
                    rule.recipe.push(RecipeLine {
                        text: recipe.trim().to_owned(),
                        line: number,
                    });
                }
                continue;
            }
            let line = line
                .split_once(" #")
                .map_or(line.as_str(), |(line, _)| line)
                .trim();
            in_define = (in_define || line.starts_with("define ")) && line != "endef";
            let is_directive = [
                "ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "endef", "#",
            ];
            if in_define
                || line.is_empty()
                || is_directive.iter().any(|word| line.starts_with(word))
            {
                continue;
            }
            if makefile.assign(line) {
                continue;
            }
            makefile.rules.extend(rule.take());
            rule = makefile.rule(line, number);
        }
        makefile.rules.extend(rule);
        makefile
    }

    /// Reads `NAME = value` in all its forms; returns whether the line was one.
    fn assign(&mut self, line: &str) -> bool {
        let line = line
            .strip_prefix("export ")
            .or_else(|| line.strip_prefix("override "))
            .unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            return false;
        };
        let operator = name
            .chars()
            .last()
            .filter(|c| matches!(c, '?' | '+' | ':' | '!'));
        let name = name.trim_end_matches(['?', '+', ':', '!']).trim();
        if name.is_empty() || name.contains([' ', ':', '\t', '$', '(']) {
            // `target: NAME = value` is a variable of a target.
            return name
                .split_once(':')
                .is_some_and(|(_, rest)| !rest.trim().is_empty() && !rest.contains('$'));
        }
        let value = value.trim().to_owned();
        match operator {
            Some('?') => {
                self.variables.entry(name.to_owned()).or_insert(value);
            }
            Some('+') => {
                let entry = self.variables.entry(name.to_owned()).or_default();
                entry.push(' ');
                entry.push_str(&value);
            }
            Some('!') => {}
            _ => {
                self.variables.insert(name.to_owned(), value);
            }
        }
        true
    }

    fn rule(&self, line: &str, number: u32) -> Option<Rule> {
        let (targets, rest) = line.split_once(':')?;
        let rest = rest.trim_start_matches(':');
        let (prerequisites, inline) = rest
            .split_once(';')
            .map_or((rest, None), |(before, recipe)| (before, Some(recipe)));
        let words = |text: &str| -> Vec<String> {
            self.expand(text, "", 0)
                .split_whitespace()
                .filter(|word| *word != "|")
                .map(str::to_owned)
                .collect()
        };
        let recipe = inline.map(|text| RecipeLine {
            text: text.trim().to_owned(),
            line: number,
        });
        Some(Rule {
            targets: words(targets),
            prerequisites: words(prerequisites),
            recipe: recipe.into_iter().collect(),
        })
    }

    /// Replaces the variables that are plain text; `$$` is a dollar for the shell.
    fn expand(&self, text: &str, target: &str, depth: u32) -> String {
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            result.push_str(before);
            let after = from.get(1..).unwrap_or_default();
            let Some(next) = after.chars().next() else {
                result.push('$');
                return result;
            };
            let (name, length) = match next {
                '$' => {
                    result.push('$');
                    rest = after.get(1..).unwrap_or_default();
                    continue;
                }
                '(' => bracketed(after, '(', ')'),
                '{' => bracketed(after, '{', '}'),
                c => (after.get(..c.len_utf8()).unwrap_or_default(), c.len_utf8()),
            };
            match self.variable(name, target, depth) {
                Some(value) => result.push_str(&value),
                None => result.push_str(from.get(..=length).unwrap_or(from)),
            }
            rest = after.get(length..).unwrap_or_default();
        }
        result.push_str(rest);
        result
    }

    fn variable(&self, name: &str, target: &str, depth: u32) -> Option<String> {
        if name == "@" {
            return Some(target.to_owned());
        }
        if name.contains('$') && depth < DEEPEST {
            return self.variable(&self.expand(name, target, depth + 1), target, depth + 1);
        }
        if let Some((_, default)) = name
            .strip_prefix("or ")
            .and_then(|rest| rest.rsplit_once(','))
        {
            return Some(self.expand(default.trim(), target, depth + 1));
        }
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let Some(value) = self.variables.get(name) else {
            // What nothing sets is empty for make; these it sets itself.
            let is_own = matches!(
                name,
                "MAKE" | "CURDIR" | "PWD" | "HOME" | "PYTHON" | "PIP" | "SHELL"
            );
            return (is_plain && !is_own && !name.is_empty()).then(String::new);
        };
        (depth < DEEPEST).then(|| self.expand(value, target, depth + 1))
    }

    /// Returns whether a target is declared to be no file: make tries no patterns for one.
    fn is_phony(&self, target: &str) -> bool {
        self.rules
            .iter()
            .filter(|rule| rule.targets.iter().any(|name| name == ".PHONY"))
            .any(|rule| rule.prerequisites.iter().any(|name| name == target))
    }

    /// Returns the rules that make a target: those that name it, else a pattern.
    fn rules_for(&self, target: &str) -> Vec<&Rule> {
        let named: Vec<&Rule> = self
            .rules
            .iter()
            .filter(|rule| rule.targets.iter().any(|name| name == target))
            .collect();
        if !named.is_empty() || self.is_phony(target) {
            return named;
        }
        let fits = |pattern: &String| {
            pattern.split_once('%').is_some_and(|(head, tail)| {
                target.len() >= head.len() + tail.len()
                    && target.starts_with(head)
                    && target.ends_with(tail)
            })
        };
        self.rules
            .iter()
            .filter(|rule| rule.targets.iter().any(fits))
            .take(1)
            .collect()
    }

    fn default_target(&self) -> Option<&str> {
        if let Some(goal) = self.variables.get(".DEFAULT_GOAL") {
            return Some(goal);
        }
        let targets = self.rules.iter().flat_map(|rule| &rule.targets);
        targets
            .map(String::as_str)
            .find(|target| !target.starts_with('.') && !target.contains('%'))
    }
}

/// Returns what stands in brackets at the start, and the length with them.
fn bracketed(text: &str, open: char, close: char) -> (&str, usize) {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
        }
        if depth == 0 {
            return (text.get(1..at).unwrap_or_default(), at + 1);
        }
    }
    (text.get(1..).unwrap_or_default(), text.len())
}

/// Lines joined where they end in a backslash, each with the number of its first.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut lines: Vec<(u32, String)> = Vec::new();
    let mut continues = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        let stripped = line.strip_suffix('\\');
        let part = stripped.unwrap_or(line);
        match lines.last_mut().filter(|_| continues) {
            Some((_, last)) => {
                last.truncate(last.trim_end().len());
                last.push(' ');
                last.push_str(part.trim());
            }
            None => lines.push((number, part.to_owned())),
        }
        continues = stripped.is_some();
    }
    lines
}

/// make, under all names that it has on the machines of a CI.
pub(super) struct Runner;

impl TaskRunner for Runner {
    fn programs(&self) -> &'static [&'static str] {
        &["make", "gmake", "$(MAKE)", "${MAKE}", "mingw32-make"]
    }

    fn read(&self, walker: &mut Walker<'_>, folder: &str) {
        walker.read_make(folder);
    }

    fn follow(&self, walker: &mut Walker<'_>, _program: &str, arguments: &[String], scene: &Scene) {
        walker.follow_make(arguments, scene);
    }
}

impl Walker<'_> {
    /// Reads the targets of a folder that nothing need call.
    fn read_make(&mut self, folder: &str) {
        let Some(makefile) = self.makefile_in(folder) else {
            return;
        };
        self.source("make", &makefile.path);
        let targets: BTreeSet<&str> = makefile
            .rules
            .iter()
            .flat_map(|rule| &rule.targets)
            .map(String::as_str)
            .filter(|target| !target.starts_with('.') && !target.contains(['%', '$']))
            .collect();
        for target in targets {
            let mut scene = self.root_scene(AutomationKind::Make, &makefile.path);
            folder.clone_into(&mut scene.folder);
            self.make_target(&makefile, target, &scene);
        }
    }

    /// Follows `make …`.
    fn follow_make(&mut self, arguments: &[String], scene: &Scene) {
        let read = options::all(arguments, VALUED);
        if read.has(&["-n", "--dry-run", "--version", "-h", "--help"]) {
            return;
        }
        let mut inner = scene.clone();
        for folder in read.values(&["-C", "--directory"]) {
            inner.folder = paths::join(&inner.folder, folder);
        }
        let file = read
            .value(&["-f", "--file", "--makefile"])
            .map(|file| paths::join(&inner.folder, file));
        let found = match &file {
            Some(path) => self.makefile_at(path),
            None => self.makefile_in(&inner.folder),
        };
        let Some(makefile) = found else {
            // A folder that a run makes holds nothing to read.
            if inner.folder.contains(['$', '{']) {
                return;
            }
            let folder = if inner.folder.is_empty() {
                "."
            } else {
                &inner.folder
            };
            let what = format!("`make` is called in `{folder}`, where no makefile is");
            self.unreadable(scene, &what);
            return;
        };
        let (assignments, targets): (Vec<&String>, Vec<&String>) =
            read.operands.iter().partition(|word| word.contains('='));
        let makefile = with_variables(&makefile, &assignments);
        self.source("make", &makefile.path);
        inner.can_fail &= !read.has(&["-i", "--ignore-errors", "-k", "--keep-going"])
            || !read.has(&["-i", "--ignore-errors"]);
        let targets: Vec<String> = match targets.as_slice() {
            [] => makefile
                .default_target()
                .map(str::to_owned)
                .into_iter()
                .collect(),
            targets => targets.iter().map(|target| (*target).clone()).collect(),
        };
        for target in targets {
            self.make_target(&makefile, &target, &inner);
        }
    }

    fn make_target(&mut self, makefile: &Rc<Makefile>, target: &str, scene: &Scene) {
        let rules: Vec<Rule> = makefile.rules_for(target).into_iter().cloned().collect();
        if rules.is_empty()
            || !self.enter(
                format!("make {} {} {target}", makefile.path, scene.folder),
                scene,
            )
        {
            return;
        }
        let mut inner = scene.inside(
            AutomationKind::Make,
            &makefile.path,
            format!("make target `{target}`"),
        );
        inner.folder.clone_from(&scene.folder);
        for prerequisite in rules.iter().flat_map(|rule| &rule.prerequisites) {
            self.make_target(makefile, prerequisite, &inner);
        }
        for line in rules.iter().flat_map(|rule| &rule.recipe) {
            let text = makefile.expand(&line.text, target, 0);
            let command = text.trim_start_matches(['@', '-', '+', ' ']);
            let prefix = text.get(..text.len() - command.len()).unwrap_or_default();
            let mut at = inner.at_line(line.line);
            at.can_fail &= !prefix.contains('-');
            self.recipe_line(command, &at);
        }
        self.leave();
    }

    fn makefile_in(&mut self, folder: &str) -> Option<Rc<Makefile>> {
        NAMES
            .iter()
            .find_map(|name| self.makefile_at(&paths::join(folder, name)))
    }

    fn makefile_at(&mut self, path: &str) -> Option<Rc<Makefile>> {
        self.once(path, |walker| {
            let text = walker.with_includes(path, &walker.read(path)?, 0);
            Some(Makefile::parse(path, &text))
        })
    }

    /// Puts included files at the end, so that the lines of the first keep their numbers.
    fn with_includes(&self, path: &str, text: &str, depth: u32) -> String {
        let mut whole = text.to_owned();
        for line in text.lines().filter(|_| depth < 4) {
            let files = line
                .strip_prefix("include ")
                .or_else(|| line.strip_prefix("-include "));
            for file in files.unwrap_or_default().split_whitespace() {
                let file = paths::join(paths::parent(path), file);
                if let Some(text) = self.read(&file) {
                    whole.push('\n');
                    whole.push_str(&self.with_includes(&file, &text, depth + 1));
                }
            }
        }
        whole
    }
}

/// Returns the makefile with the variables of the command line.
fn with_variables(makefile: &Rc<Makefile>, assignments: &[&String]) -> Rc<Makefile> {
    if assignments.is_empty() {
        return Rc::clone(makefile);
    }
    let mut variables = makefile.variables.clone();
    variables.extend(
        assignments
            .iter()
            .filter_map(|word| word.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    Rc::new(Makefile {
        path: makefile.path.clone(),
        rules: makefile.rules.clone(),
        variables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rules_and_variables() {
        let text = "SRC := src tests # both\nOPTS ?= -q\nall: lint test\n.PHONY: all\nlint:\n\t@ruff check \\\n\t  $(SRC)\n\t-mypy ${SRC}\ntest: ; pytest $(OPTS) $$HOME\n%.html: x\n\tmake $@\n";
        let makefile = Makefile::parse("Makefile", text);
        assert_eq!(makefile.default_target(), Some("all"));
        let lint = makefile.rules_for("lint");
        let lines: Vec<(String, u32)> = lint[0]
            .recipe
            .iter()
            .map(|line| (makefile.expand(&line.text, "lint", 0), line.line))
            .collect();
        assert_eq!(
            lines,
            [
                ("@ruff check src tests".to_owned(), 6),
                ("-mypy src tests".to_owned(), 8)
            ]
        );
        let test = makefile.rules_for("test");
        assert_eq!(
            makefile.expand(&test[0].recipe[0].text, "test", 0),
            "pytest -q $HOME"
        );
        assert_eq!(makefile.rules_for("a.html").len(), 1);
        let sphinx = ".PHONY: help Makefile\n%: Makefile\n\t@sphinx-build -M $@ . out\n";
        let sphinx = Makefile::parse("Makefile", sphinx);
        assert_eq!(sphinx.rules_for("html").len(), 1);
        assert!(sphinx.rules_for("Makefile").is_empty());
        assert!(makefile.rules_for("nothing").is_empty());
    }
}
