//! Walks a script as a shell would and lists its commands: variables, loops over words, functions,
//! `cd`, and above all whose failure counts.

use std::collections::BTreeMap;

use super::lex::{self, Part, Piece, Word};
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
            Node::Simple { words, line, output } => {
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
            Node::If { conditions, branches } => self.conditional(conditions, branches, state, weight),
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
            rest.iter().skip(at).find(|(join, _)| *join == Join::Or).map(|(_, node)| self.fallback(node))
        };
        let weights: Vec<Weight> = (0..=rest.len())
            .map(|at| match fallback_after(at) {
                Some(Fallback::Swallows) => Weight::Never,
                Some(Fallback::Exits) => Weight::Always,
                Some(Fallback::Other) => weight,
                // `set -e` overlooks what fails before `&&`.
                None if at < rest.len() && weight == Weight::Middle => {
                    if state.errexit { Weight::Never } else { Weight::Middle }
                }
                None => weight,
            })
            .collect();
        let nodes = std::iter::once(first).chain(rest.iter().map(|(_, node)| node));
        for (node, weight) in nodes.zip(weights) {
            self.visit(node, state, weight);
        }
    }

    fn conditional(&mut self, conditions: &[Node], branches: &[Node], state: &mut State, weight: Weight) {
        let exits = branches.iter().any(|branch| self.fallback(branch) == Fallback::Exits);
        let condition_weight =
            if exits && weight != Weight::Never { Weight::Always } else { Weight::Never };
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

    fn for_loop(&mut self, name: &str, words: &[Word], body: &Node, state: &mut State, weight: Weight) {
        let values: Vec<String> = words.iter().flat_map(|word| expand(word, state)).collect();
        let is_known = !values.is_empty() && values.iter().all(|value| !value.contains(['$', '*', '?']));
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
        let count = words.iter().take_while(|word| assignment(word).is_some()).count();
        let (assignments, words) = words.split_at(count);
        let assigned: Vec<(String, String)> = assignments
            .iter()
            .filter_map(assignment)
            .map(|(name, value)| (name, expand(&value, state).join(" ")))
            .collect();
        let words: Vec<String> = words.iter().flat_map(|word| expand(word, state)).collect();
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
        if !matches!(output.source().as_str(), "$GITHUB_ENV" | "${GITHUB_ENV}" | "$env:GITHUB_ENV") {
            return;
        }
        let words: Vec<String> = words.iter().flat_map(|word| expand(word, state)).collect();
        if let Some((program, texts)) = words.split_first()
            && matches!(program.as_str(), "echo" | "printf")
            && let Some((name, value)) = texts.join(" ").split_once('=')
        {
            self.script.exported.insert(name.trim().to_owned(), value.to_owned());
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
        let body = words.first().and_then(|name| self.functions.get(name)).cloned();
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
        self.script.commands.push(Command { words, environment, folder: state.folder.clone(), line, can_fail });
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
                if exits { Fallback::Exits } else { Fallback::Other }
            }
            Node::If { branches, .. } | Node::Case(branches) => {
                let exits = branches.iter().any(|node| self.fallback(node) == Fallback::Exits);
                if exits { Fallback::Exits } else { Fallback::Other }
            }
            _ => Fallback::Other,
        }
    }

    fn simple_fallback(&self, words: &[Word]) -> Fallback {
        let texts: Vec<String> = words.iter().map(Word::source).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        match texts.as_slice() {
            ["exit" | "return" | "sys.exit", "0", ..] => Fallback::Swallows,
            ["exit" | "return" | "false", ..] => Fallback::Exits,
            ["true" | ":" | "echo" | "printf" | "cat" | "continue" | "break", ..] => Fallback::Swallows,
            [name, ..] if self.functions.contains_key(*name) => {
                self.functions.get(*name).map_or(Fallback::Other, |body| match body {
                    Node::Function { .. } => Fallback::Other,
                    body => self.fallback(body),
                })
            }
            _ if words.iter().all(|word| assignment(word).is_some()) => {
                if self.keeps_status { Fallback::Exits } else { Fallback::Swallows }
            }
            _ => Fallback::Other,
        }
    }
}

/// The weight of what is not last in its list.
fn inner(weight: Weight) -> Weight {
    if weight == Weight::Last { Weight::Middle } else { weight }
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
            self.variables.insert((at + 1).to_string(), argument.clone());
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
            "true" | ":" | "false" | "exit" | "return" | "break" | "continue" | "shift" | "[" | "[["
            | "test" | "echo" | "printf" | "trap" | "shopt" | "ulimit" | "umask" | "wait" | "read"
            | "type" | "hash" | "alias" | "let" | "then" | "fi" | "done" | "esac" => {}
            _ => return false,
        }
        true
    }

    fn change_folder(&mut self, arguments: &[String]) {
        let target = arguments.iter().find(|argument| !argument.starts_with('-') || *argument == "-");
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
                Some(letters) if letters.contains('e') && !letters.starts_with('-') => self.errexit = true,
                _ => {}
            }
            if flags.strip_prefix('+').is_some_and(|letters| letters.contains('e')) {
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

/// Reads a word of the form `NAME=value`.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let Piece { part: Part::Text(text), quoted: false } = word.0.first()? else { return None };
    let (name, value) = text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = name.chars().enumerate().all(|(at, c)| {
        c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit())
    });
    if name.is_empty() || !is_name {
        return None;
    }
    let mut pieces = vec![Piece { part: Part::Text(value.to_owned()), quoted: true }];
    pieces.extend(word.0.iter().skip(1).cloned().map(|piece| Piece { quoted: true, ..piece }));
    Some((name.to_owned(), Word(pieces)))
}

/// Expands a word into none, one or more.
fn expand(word: &Word, state: &State) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    let mut current: Option<String> = None;
    for piece in &word.0 {
        let (value, splits) = value(piece, state);
        if !splits {
            current.get_or_insert_default().push_str(&value);
            continue;
        }
        let mut parts = value.split_whitespace();
        if value.starts_with(char::is_whitespace) {
            fields.extend(current.take());
        }
        if let Some(first) = parts.next() {
            current.get_or_insert_default().push_str(first);
        }
        for part in parts {
            fields.extend(current.replace(part.to_owned()));
        }
        if value.ends_with(char::is_whitespace) {
            fields.extend(current.take());
        }
    }
    // `"$@"` without arguments is no word at all, not an empty one.
    let is_list = |piece: &Piece| matches!(&piece.part, Part::Variable { name, .. } if name == "@");
    if current.as_deref() != Some("") || !word.0.iter().any(is_list) {
        fields.extend(current);
    }
    if word.plain().is_some() { fields.iter().flat_map(|field| braces(field)).collect() } else { fields }
}

/// Returns a piece's value and whether it is split at white space.
fn value(piece: &Piece, state: &State) -> (String, bool) {
    match &piece.part {
        Part::Text(text) => (text.clone(), false),
        Part::Variable { name, default, source } => {
            let known = state.variables.get(name).cloned().or_else(|| default.clone());
            let is_list = name == "@" || name == "*";
            match known {
                Some(value) => {
                    let is_known = !value.contains("$(") && !value.contains("${");
                    (value, is_list || (is_known && !piece.quoted))
                }
                None if is_list => (String::new(), true),
                None => (source.clone(), false),
            }
        }
        Part::Substitution(text) => match substituted(text, state) {
            Some(value) => (value, !piece.quoted),
            None => (format!("$({text})"), false),
        },
    }
}

/// Evaluates the few command substitutions that are pure text: `echo 3.12 | tr -d .`, `pwd`.
fn substituted(text: &str, state: &State) -> Option<String> {
    let expand_all = |words: &[Word]| -> Vec<String> {
        words.iter().flat_map(|word| expand(word, state)).collect()
    };
    let parts = match parse::parse(&lex::tokens(text)) {
        Node::Sequence(mut nodes) if nodes.len() == 1 => match nodes.pop()? {
            Node::Sequence(mut inner) if inner.len() == 1 => match inner.pop()? {
                Node::Pipeline { parts, negated: false } => parts,
                single => vec![single],
            },
            _ => return None,
        },
        _ => return None,
    };
    let mut value = None;
    for part in parts {
        let Node::Simple { words, .. } = part else { return None };
        let words = expand_all(&words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        value = match (words.as_slice(), value) {
            (["echo", rest @ ..], None) if !rest.iter().any(|word| word.contains('$')) => {
                Some(rest.join(" "))
            }
            (["pwd"], None) => Some(".".to_owned()),
            (["tr", "-d", set], Some(text)) => Some(text.replace(|c: char| set.contains(c), "")),
            (["sed", rule], Some(text)) => Some(without_dots(rule, &text)?),
            _ => return None,
        };
    }
    value
}

/// `sed 's/\.//'` is the other usual way from `3.12` to `312`.
fn without_dots(rule: &str, text: &str) -> Option<String> {
    matches!(rule, r"s/\.//" | r"s/\.//g" | "s/[.]//" | "s/[.]//g").then(|| text.replace('.', ""))
}

/// Expands `a{b,c}`; a single level is all that scripts use.
fn braces(text: &str) -> Vec<String> {
    let expanded = || {
        let (head, rest) = text.split_once('{')?;
        let (inner, tail) = rest.split_once('}')?;
        if head.ends_with('$') || !inner.contains(',') || inner.contains(['{', ' ']) {
            return None;
        }
        Some(inner.split(',').flat_map(|part| braces(&format!("{head}{part}{tail}"))).collect())
    };
    expanded().unwrap_or_else(|| vec![text.to_owned()])
}
