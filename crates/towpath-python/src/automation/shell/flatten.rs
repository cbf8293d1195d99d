//! Walks a script as a shell would and lists its commands: variables, loops over words, functions,
//! `cd`, and above all whose failure counts.

use std::collections::BTreeMap;

use super::expand::{assignment, expand};
use super::lex::{self, Word};
use super::parse::{self, Join, Node};
use super::{Command, Script, Shell};

/// Returns what a script does, in order. Both branches of a condition are taken.
pub(in crate::automation) fn read(text: &str, shell: &Shell) -> Script {
    let tree = parse::parse(&lex::tokens(text));
    let mut walk = Walk {
        script: Script::default(),
        functions: BTreeMap::new(),
        depth: 0,
        keeps_status: text.contains("exit $") || text.contains("exit \"$"),
    };
    let mut state = State {
        errexit: shell.errexit,
        pipefail: shell.pipefail,
        variables: shell.variables.clone(),
        environment: BTreeMap::new(),
        folder: String::new(),
        stack: Vec::new(),
    };
    walk.visit(&tree, &mut state, Weight::Last);
    walk.script
}

/// Whether a failure counts, by where the command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Its failure is swallowed.
    Never,
    /// It counts where `set -e` is on.
    Middle,
    /// It is the script's status.
    Last,
    /// It makes the script exit, whatever the settings.
    Always,
}

/// What happens when the left side of `||` fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fallback {
    Swallows,
    Exits,
    Other,
}

#[derive(Clone)]
struct State {
    errexit: bool,
    pipefail: bool,
    variables: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    folder: String,
    stack: Vec<String>,
}

struct Walk {
    script: Script,
    functions: BTreeMap<String, Node>,
    depth: u32,
    keeps_status: bool,
}

/// A script may not list more commands than this.
const MOST_COMMANDS: usize = 2_000;
const MOST_ROUNDS: usize = 30;
const DEEPEST_CALL: u32 = 12;

impl Walk {
    fn visit(&mut self, node: &Node, state: &mut State, weight: Weight) {
        if self.script.commands.len() >= MOST_COMMANDS {
            return;
        }
        match node {
            Node::Simple {
                words,
                line,
                output,
            } => {
                if let Some(output) = output {
                    self.exported(words, output, state);
                }
                self.simple(words, *line, state, weight);
            }
            Node::Sequence(nodes) => self.sequence(nodes, state, weight),
            Node::Group(body) => self.visit(body, state, weight),
            Node::Subshell(body) => self.visit(body, &mut state.clone(), weight),
            Node::Background(body) => self.visit(body, &mut state.clone(), Weight::Never),
            Node::Pipeline { parts, negated } => self.pipeline(parts, *negated, state, weight),
            Node::List { first, rest } => self.list(first, rest, state, weight),
            Node::If {
                conditions,
                branches,
            } => self.conditional(conditions, branches, state, weight),
            Node::For { name, words, body } => self.for_loop(name, words, body, state, weight),
            Node::While { condition, body } => {
                self.visit(condition, state, Weight::Never);
                self.visit(body, state, inner(weight));
            }
            Node::Case(arms) => {
                for arm in arms {
                    self.visit(arm, &mut state.clone(), weight);
                }
            }
            Node::Function { name, body } => {
                self.functions.insert(name.clone(), (**body).clone());
            }
        }
    }

    fn sequence(&mut self, nodes: &[Node], state: &mut State, weight: Weight) {
        for (at, node) in nodes.iter().enumerate() {
            let is_last = at + 1 == nodes.len();
            self.visit(node, state, if is_last { weight } else { inner(weight) });
        }
    }

    fn pipeline(&mut self, parts: &[Node], negated: bool, state: &mut State, weight: Weight) {
        for (at, part) in parts.iter().enumerate() {
            // `if ! a; then exit 1; fi` is where a turned status counts after all.
            let is_turned = negated && weight != Weight::Always;
            let counts = !is_turned && (state.pipefail || at + 1 == parts.len());
            let weight = if counts { weight } else { Weight::Never };
            if parts.len() == 1 {
                self.visit(part, state, weight);
            } else {
                self.visit(part, &mut state.clone(), weight);
            }
        }
    }

    fn list(&mut self, first: &Node, rest: &[(Join, Node)], state: &mut State, weight: Weight) {
        let fallback_after = |at: usize| {
            rest.iter()
                .skip(at)
                .find(|(join, _)| *join == Join::Or)
                .map(|(_, node)| self.fallback(node))
        };
        let weights: Vec<Weight> = (0..=rest.len())
            .map(|at| match fallback_after(at) {
                _ if weight == Weight::Never => Weight::Never,
                Some(Fallback::Swallows) => Weight::Never,
                Some(Fallback::Exits) => Weight::Always,
                // `set -e` overlooks what fails before `&&`.
                None if at < rest.len() && weight == Weight::Middle && state.errexit => {
                    Weight::Never
                }
                Some(Fallback::Other) | None => weight,
            })
            .collect();
        let nodes = std::iter::once(first).chain(rest.iter().map(|(_, node)| node));
        for (node, weight) in nodes.zip(weights) {
            self.visit(node, state, weight);
        }
    }

    fn conditional(
        &mut self,
        conditions: &[Node],
        branches: &[Node],
        state: &mut State,
        weight: Weight,
    ) {
        let exits = branches
            .iter()
            .any(|branch| self.fallback(branch) == Fallback::Exits);
        let condition_weight = if exits && weight != Weight::Never {
            Weight::Always
        } else {
            Weight::Never
        };
        for condition in conditions {
            self.visit(condition, state, condition_weight);
        }
        let before = state.clone();
        for branch in branches {
            let mut inside = before.clone();
            self.visit(branch, &mut inside, weight);
            // What a branch sets may hold afterwards; where it changes folder, it is taken to return.
            state.variables.extend(inside.variables);
            state.environment.extend(inside.environment);
            (state.errexit, state.pipefail) = (inside.errexit, inside.pipefail);
        }
    }

    fn for_loop(
        &mut self,
        name: &str,
        words: &[Word],
        body: &Node,
        state: &mut State,
        weight: Weight,
    ) {
        let values: Vec<String> = words
            .iter()
            .flat_map(|word| expand(word, &state.variables))
            .collect();
        let is_known =
            !values.is_empty() && values.iter().all(|value| !value.contains(['$', '*', '?']));
        if !is_known {
            state.variables.remove(name);
            self.visit(body, state, inner(weight));
            return;
        }
        for value in values.into_iter().take(MOST_ROUNDS) {
            state.variables.insert(name.to_owned(), value);
            self.visit(body, state, inner(weight));
        }
    }

    fn simple(&mut self, words: &[Word], line: u32, state: &mut State, weight: Weight) {
        let count = words
            .iter()
            .take_while(|word| assignment(word).is_some())
            .count();
        let (assignments, words) = words.split_at(count);
        let assigned: Vec<(String, String)> = assignments
            .iter()
            .filter_map(assignment)
            .map(|(name, value)| (name, expand(&value, &state.variables).join(" ")))
            .collect();
        let words: Vec<String> = words
            .iter()
            .flat_map(|word| expand(word, &state.variables))
            .collect();
        if words.is_empty() {
            for (name, value) in assigned {
                state.assign(name, value);
            }
            return;
        }
        if state.builtin(&words) {
            return;
        }
        self.call_or_record(words, assigned, line, state, weight);
    }

    /// `echo "NAME=value" >> "$GITHUB_ENV"` sets a variable for the steps that follow.
    fn exported(&mut self, words: &[Word], output: &Word, state: &State) {
        if !matches!(
            output.source().as_str(),
            "$GITHUB_ENV" | "${GITHUB_ENV}" | "$env:GITHUB_ENV"
        ) {
            return;
        }
        let words: Vec<String> = words
            .iter()
            .flat_map(|word| expand(word, &state.variables))
            .collect();
        if let Some((program, texts)) = words.split_first()
            && matches!(program.as_str(), "echo" | "printf")
            && let Some((name, value)) = texts.join(" ").split_once('=')
        {
            self.script
                .exported
                .insert(name.trim().to_owned(), value.to_owned());
        }
    }

    fn call_or_record(
        &mut self,
        words: Vec<String>,
        assigned: Vec<(String, String)>,
        line: u32,
        state: &mut State,
        weight: Weight,
    ) {
        let body = words
            .first()
            .and_then(|name| self.functions.get(name))
            .cloned();
        if let Some(body) = body.filter(|_| self.depth < DEEPEST_CALL) {
            let outer = state.variables.clone();
            state.positional(words.get(1..).unwrap_or_default());
            self.depth += 1;
            self.visit(&body, state, weight);
            self.depth -= 1;
            state.variables = outer;
            return;
        }
        let mut environment = state.environment.clone();
        environment.extend(assigned);
        let can_fail = match weight {
            Weight::Never => false,
            Weight::Middle => state.errexit || self.keeps_status,
            Weight::Last | Weight::Always => true,
        };
        self.script.commands.push(Command {
            words,
            environment,
            folder: state.folder.clone(),
            line,
            can_fail,
        });
    }

    /// Judges what stands after `||` or in a branch: does the script go on as if nothing happened?
    fn fallback(&self, node: &Node) -> Fallback {
        match node {
            Node::Simple { words, .. } => self.simple_fallback(words),
            Node::Group(body) | Node::Subshell(body) => self.fallback(body),
            Node::Sequence(nodes) => {
                let all: Vec<Fallback> = nodes.iter().map(|node| self.fallback(node)).collect();
                if all.contains(&Fallback::Exits) {
                    Fallback::Exits
                } else if all.last() == Some(&Fallback::Other) {
                    Fallback::Other
                } else {
                    Fallback::Swallows
                }
            }
            Node::List { first, rest } => {
                let exits = std::iter::once(&**first)
                    .chain(rest.iter().map(|(_, node)| node))
                    .any(|node| self.fallback(node) == Fallback::Exits);
                if exits {
                    Fallback::Exits
                } else {
                    Fallback::Other
                }
            }
            Node::If { branches, .. } | Node::Case(branches) => {
                let exits = branches
                    .iter()
                    .any(|node| self.fallback(node) == Fallback::Exits);
                if exits {
                    Fallback::Exits
                } else {
                    Fallback::Other
                }
            }
            _ => Fallback::Other,
        }
    }

    fn simple_fallback(&self, words: &[Word]) -> Fallback {
        let texts: Vec<String> = words.iter().map(Word::source).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        match texts.as_slice() {
            ["exit" | "return", "0", ..]
            | [
                "true" | ":" | "echo" | "printf" | "cat" | "continue" | "break",
                ..,
            ] => Fallback::Swallows,
            ["exit" | "return" | "false", ..] => Fallback::Exits,
            [name, ..] if self.functions.contains_key(*name) => {
                self.functions
                    .get(*name)
                    .map_or(Fallback::Other, |body| match body {
                        Node::Function { .. } => Fallback::Other,
                        body => self.fallback(body),
                    })
            }
            _ if words.iter().all(|word| assignment(word).is_some()) => {
                if self.keeps_status {
                    Fallback::Exits
                } else {
                    Fallback::Swallows
                }
            }
            _ => Fallback::Other,
        }
    }
}

/// The weight of what is not last in its list.
fn inner(weight: Weight) -> Weight {
    if weight == Weight::Last {
        Weight::Middle
    } else {
        weight
    }
}

impl State {
    fn assign(&mut self, name: String, value: String) {
        if self.environment.contains_key(&name) {
            self.environment.insert(name.clone(), value.clone());
        }
        self.variables.insert(name, value);
    }

    fn positional(&mut self, arguments: &[String]) {
        self.variables.insert("@".to_owned(), arguments.join(" "));
        self.variables.insert("*".to_owned(), arguments.join(" "));
        for (at, argument) in arguments.iter().enumerate() {
            self.variables
                .insert((at + 1).to_string(), argument.clone());
        }
    }

    /// Follows what changes the shell itself; returns whether the command was such.
    fn builtin(&mut self, words: &[String]) -> bool {
        let arguments = words.get(1..).unwrap_or_default();
        match words.first().map_or("", String::as_str) {
            "cd" => self.change_folder(arguments),
            "pushd" => {
                self.stack.push(self.folder.clone());
                self.change_folder(arguments);
            }
            "popd" => self.folder = self.stack.pop().unwrap_or_default(),
            "set" => self.set(arguments),
            "export" | "local" | "declare" | "readonly" | "typeset" => {
                let exports = words.first().is_some_and(|word| word == "export");
                self.declare(arguments, exports);
            }
            "unset" => {
                for name in arguments {
                    self.variables.remove(name);
                    self.environment.remove(name);
                }
            }
            "true" | ":" | "false" | "exit" | "return" | "break" | "continue" | "shift" | "["
            | "[[" | "test" | "echo" | "printf" | "trap" | "shopt" | "ulimit" | "umask"
            | "wait" | "read" | "type" | "hash" | "alias" | "let" | "then" | "fi" | "done"
            | "esac" => {}
            _ => return false,
        }
        true
    }

    fn change_folder(&mut self, arguments: &[String]) {
        let target = arguments
            .iter()
            .find(|argument| !argument.starts_with('-') || *argument == "-");
        match target.map(String::as_str) {
            None => {}
            Some("-") => self.folder = String::new(),
            Some(target) => {
                self.folder = if self.folder.is_empty() || target.starts_with(['/', '$', '~']) {
                    target.to_owned()
                } else {
                    format!("{}/{target}", self.folder)
                };
            }
        }
    }

    fn set(&mut self, arguments: &[String]) {
        for pair in arguments.windows(2) {
            if let [flags, name] = pair
                && flags.ends_with('o')
            {
                let on = flags.starts_with('-');
                match name.as_str() {
                    "pipefail" => self.pipefail = on,
                    "errexit" => self.errexit = on,
                    _ => {}
                }
            }
        }
        for flags in arguments {
            match flags.strip_prefix('-') {
                Some(letters) if letters.contains('e') && !letters.starts_with('-') => {
                    self.errexit = true;
                }
                _ => {}
            }
            if flags
                .strip_prefix('+')
                .is_some_and(|letters| letters.contains('e'))
            {
                self.errexit = false;
            }
        }
    }

    fn declare(&mut self, arguments: &[String], exports: bool) {
        for argument in arguments {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), self.variables.get(argument).cloned()),
            };
            let Some(value) = value else { continue };
            self.variables.insert(name.to_owned(), value.clone());
            if exports {
                self.environment.insert(name.to_owned(), value);
            }
        }
    }
}
