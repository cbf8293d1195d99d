//! Calls in `setup.py`: `setup()` itself, files, paths, texts, lists, and the idioms that read a
//! version or a list of requirements.

use regex_lite::Regex;
use ruff_python_ast::{Expr, ExprCall};

use super::evaluate::Module;
use super::operators::LONGEST;
use super::value::Value;
use crate::folder;
use crate::manifests::requirements;

impl<'a> Module<'a, '_> {
    pub(super) fn call(&mut self, call: &'a ExprCall) -> Value {
        let dotted = self.dotted(&call.func);
        if let Some(name) = &dotted
            && matches!(name.rsplit('.').next(), Some("setup"))
            && !name.starts_with("self.")
        {
            self.note_setup(call);
            return Value::Nothing;
        }
        let mut arguments = Vec::new();
        for argument in &call.arguments.args {
            let value = self.expression(argument);
            match argument {
                Expr::Starred(_) => arguments.extend(self.items(&value).unwrap_or_default()),
                _ => arguments.push(value),
            }
        }
        let keywords: Vec<(String, Value)> = call
            .arguments
            .keywords
            .iter()
            .map(|keyword| {
                (
                    keyword
                        .arg
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                    self.expression(&keyword.value),
                )
            })
            .collect();
        if let Some(name) = dotted {
            if let Some(value) = self.call_function(&name, &arguments, &keywords) {
                return value;
            }
            if let Some(value) = self.known_function(&name, &arguments, &keywords, call) {
                return value;
            }
        }
        self.method(call, &arguments)
    }

    fn known_function(
        &mut self,
        name: &str,
        arguments: &[Value],
        keywords: &[(String, Value)],
        call: &'a ExprCall,
    ) -> Option<Value> {
        let first = arguments.first();
        let text = first.and_then(Value::text);
        Some(match name {
            "compile" => Value::Text(text?.to_owned()),
            "open" | "io.open" | "codecs.open" | "tokenize.open" => Value::File(text?.to_owned()),
            "os.path.join" | "posixpath.join" => join(arguments)?,
            "os.path.dirname" => Value::Text(folder::parent(text?).to_owned()),
            "os.path.basename" => Value::Text(folder::file_name(text?).to_owned()),
            "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.path.expanduser"
            | "os.fspath" | "str" | "pathlib.Path" | "Path" | "pathlib.PurePath" => match first {
                Some(Value::Text(text)) => Value::Text(text.clone()),
                Some(Value::Number(number)) => Value::Text(number.to_string()),
                None => Value::Text(String::new()),
                Some(_) => Value::Unknown,
            },
            "os.getcwd" | "pathlib.Path.cwd" | "Path.cwd" => Value::Text(String::new()),
            "os.path.exists" | "os.path.isfile" => Value::Truth(self.files.has(text?)),
            "os.path.isdir" => Value::Truth(self.files.has_folder(text?)),
            "os.environ.get" | "os.getenv" => arguments.get(1).cloned().unwrap_or(Value::Nothing),
            "platform.system" => Value::Text("Linux".to_owned()),
            "platform.python_implementation" => Value::Text("CPython".to_owned()),
            "list" | "tuple" | "set" | "sorted" | "frozenset" => match first {
                None => Value::List(Vec::new()),
                Some(value) => Value::List(self.items(value)?),
            },
            "dict" => {
                let mut table = first.cloned().unwrap_or_else(|| Value::Table(Vec::new()));
                for (key, value) in keywords {
                    table.set(key, value.clone());
                }
                table
            }
            "sum" | "itertools.chain.from_iterable" => concatenate(&self.items(first?)?),
            "itertools.chain" | "chain" => concatenate(arguments),
            "filter" => Value::List(
                self.items(arguments.get(1)?)?
                    .into_iter()
                    .filter(|item| item.truth() != Some(false))
                    .collect(),
            ),
            "map" => self.items(arguments.get(1)?).map(Value::List)?,
            "re.compile" => Value::Pattern(text?.to_owned()),
            "re.search" | "re.match" => search(text?, arguments.get(1)?.text()?),
            "re.findall" => find_all(text?, arguments.get(1)?.text()?)?,
            "ast.literal_eval" | "eval" => literal(text?)?,
            "runpy.run_path" => Value::Table(self.run_file(text?)?.into_iter().collect()),
            "exec" | "six.exec_" => self.execute(call)?,
            _ if name.ends_with("find_packages") || name.ends_with("find_namespace_packages") => {
                let keyword = |name: &str| {
                    keywords
                        .iter()
                        .find(|(key, _)| key == name)
                        .map(|(_, value)| value)
                };
                let folder = keyword("where")
                    .and_then(Value::text)
                    .or(text)
                    .unwrap_or_default();
                let exclude = keyword("exclude")
                    .or(arguments.get(1))
                    .map(Value::strings)
                    .unwrap_or_default();
                Value::FoundPackages {
                    folder: folder::resolve("", folder).unwrap_or_default(),
                    exclude,
                }
            }
            _ if name.ends_with("parse_requirements") => self.parse_requirements(first?)?,
            _ => return None,
        })
    }

    /// `exec(open(path).read(), about)` runs a file of the project into a table or this module. The
    /// text has lost its path by then, so the argument is looked at again for the file that it reads.
    fn execute(&mut self, call: &'a ExprCall) -> Option<Value> {
        let path = self.file_in(call.arguments.args.first()?)?;
        let names = self.run_file(&path)?;
        match call.arguments.args.get(1) {
            Some(Expr::Name(target)) => {
                let table = self.names.get_mut(target.id.as_str())?;
                for (name, value) in names {
                    table.set(&name, value);
                }
            }
            _ => self.names.extend(
                names
                    .into_iter()
                    .filter(|(name, _)| !matches!(name.as_str(), "__file__" | "__name__")),
            ),
        }
        Some(Value::Nothing)
    }

    /// The file that an expression reads: of `f.read()`, `open(p).read()`, `Path(p).read_text()`,
    /// `compile(…)`.
    fn file_in(&mut self, expression: &'a Expr) -> Option<String> {
        let Expr::Call(call) = expression else {
            return None;
        };
        if let Expr::Attribute(attribute) = call.func.as_ref() {
            match (self.expression(&attribute.value), attribute.attr.as_str()) {
                (Value::File(path), "read") | (Value::Text(path), "read_text") => {
                    return Some(path);
                }
                _ => {}
            }
        }
        call.arguments
            .args
            .first()
            .and_then(|argument| self.file_in(argument))
    }

    fn parse_requirements(&mut self, file: &Value) -> Option<Value> {
        let requirements = match file {
            Value::Text(path) if !path.contains('\n') && self.files.has(path) => {
                self.read(path)?;
                requirements::read(self.files.tree, &self.files.path(path)).requirements
            }
            Value::Text(_) => file.strings(),
            Value::File(path) => {
                self.read(path)?;
                requirements::read(self.files.tree, &self.files.path(path)).requirements
            }
            other => other.strings(),
        };
        Some(Value::List(
            requirements.into_iter().map(Value::Text).collect(),
        ))
    }

    fn method(&mut self, call: &'a ExprCall, arguments: &[Value]) -> Value {
        let Expr::Attribute(attribute) = call.func.as_ref() else {
            return Value::Unknown;
        };
        let method = attribute.attr.as_str();
        if let Expr::Name(name) = attribute.value.as_ref()
            && self.mutate(name.id.as_str(), method, arguments)
        {
            return Value::Nothing;
        }
        let receiver = self.expression(&attribute.value);
        let value = match &receiver {
            Value::File(path) => match method {
                "read" => self.read(path).map(Value::Text),
                "readlines" => self.items(&receiver).map(Value::List),
                "readline" => self
                    .items(&receiver)
                    .and_then(|lines| lines.first().cloned()),
                _ => None,
            },
            Value::Text(text) => self.text_method(text, method, arguments),
            Value::Pattern(pattern) => match (method, arguments.first().and_then(Value::text)) {
                ("search" | "match", Some(text)) => Some(search(pattern, text)),
                ("findall", Some(text)) => find_all(pattern, text),
                _ => None,
            },
            Value::Groups(groups) => match (method, arguments.first()) {
                ("groups", _) => Some(Value::Groups(groups.get(1..).unwrap_or_default().to_vec())),
                ("group", Some(Value::Number(index))) => usize::try_from(*index)
                    .ok()
                    .and_then(|index| groups.get(index).cloned().flatten())
                    .map(Value::Text),
                // A named group; these patterns rarely have a second one.
                ("group", Some(_)) => groups.get(1).cloned().flatten().map(Value::Text),
                ("group", None) => groups.first().cloned().flatten().map(Value::Text),
                _ => None,
            },
            Value::Table(entries) => match (method, arguments.first()) {
                ("get", Some(Value::Text(key))) => Some(
                    receiver
                        .get(key)
                        .cloned()
                        .unwrap_or_else(|| arguments.get(1).cloned().unwrap_or(Value::Nothing)),
                ),
                ("values", _) => Some(Value::List(
                    entries.iter().map(|(_, value)| value.clone()).collect(),
                )),
                ("keys", _) => self.items(&receiver).map(Value::List),
                ("items", _) => Some(Value::List(
                    entries
                        .iter()
                        .map(|(key, value)| {
                            Value::List(vec![Value::Text(key.clone()), value.clone()])
                        })
                        .collect(),
                )),
                ("copy", _) => Some(receiver.clone()),
                _ => None,
            },
            Value::List(_) if method == "copy" => Some(receiver.clone()),
            _ => None,
        };
        value.unwrap_or(Value::Unknown)
    }

    /// Methods that change a variable; returns whether it was one.
    fn mutate(&mut self, name: &str, method: &str, arguments: &[Value]) -> bool {
        let added = match (method, arguments) {
            ("append" | "add", [item]) | ("insert", [_, item]) => vec![item.clone()],
            ("extend", [items]) => self.items(items).unwrap_or_default(),
            _ => Vec::new(),
        };
        match (self.names.get_mut(name), method, arguments) {
            (Some(Value::List(list)), "append" | "add" | "insert" | "extend", _) => {
                list.extend(added);
            }
            (Some(Value::List(list)), "update", [Value::List(items)]) => {
                list.extend(items.iter().cloned());
            }
            (Some(Value::List(list)), "remove", [item]) => list.retain(|known| known != item),
            (Some(table @ Value::Table(_)), "update", [Value::Table(entries)]) => {
                for (key, value) in entries {
                    table.set(key, value.clone());
                }
            }
            _ => return false,
        }
        if let Some(value) = self.names.get_mut(name) {
            *value = std::mem::replace(value, Value::Unknown).bounded();
        }
        true
    }
}

pub(super) fn join(parts: &[Value]) -> Option<Value> {
    let parts: Option<Vec<&str>> = parts.iter().map(Value::text).collect();
    let path = parts?
        .into_iter()
        .fold(String::new(), |path, part| folder::join(&path, part));
    Some(Value::Text(folder::resolve("", &path)?))
}

fn concatenate(lists: &[Value]) -> Value {
    let items = lists.iter().flat_map(|list| match list {
        Value::List(items) => items.clone(),
        _ => Vec::new(),
    });
    Value::List(items.collect())
}

/// Applies a Python pattern; what the engine does not know (look-around, back references) is unknown.
fn search(pattern: &str, text: &str) -> Value {
    // The flags are not looked at; `^` at the beginning of a line is what these patterns mean.
    let Ok(regex) = Regex::new(&format!("(?m){pattern}")) else {
        return attribute_in(pattern, text);
    };
    match regex.captures(text) {
        Some(found) => Value::Groups(
            found
                .iter()
                .map(|group| group.map(|group| group.as_str().to_owned()))
                .collect(),
        ),
        None => Value::Nothing,
    }
}

/// The string that `__version__` is assigned, for a pattern that looks for it in a way that cannot be
/// followed.
fn attribute_in(pattern: &str, text: &str) -> Value {
    let names = ["__version__", "VERSION", "version", "__author__"];
    let name = names.into_iter().find(|name| pattern.contains(name));
    let found = name.and_then(|name| crate::manifests::backends::assigned_string(text, name));
    found.map_or(Value::Unknown, |version| {
        Value::Groups(vec![Some(version.clone()), Some(version)])
    })
}

fn find_all(pattern: &str, text: &str) -> Option<Value> {
    let regex = Regex::new(&format!("(?m){pattern}")).ok()?;
    let found = regex.captures_iter(text).filter_map(|found| {
        found
            .get(1)
            .or(found.get(0))
            .map(|group| group.as_str().to_owned())
    });
    Some(Value::List(found.map(Value::Text).collect()))
}

/// A quoted string as a text of Python.
fn literal(text: &str) -> Option<Value> {
    let text = text.trim();
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(Value::Text(inner.to_owned()))
}

/// `'{}-{1}'.format(a, b)` with texts.
pub(super) fn format_positional(text: &str, arguments: &[Value]) -> Option<Value> {
    let mut result = text.to_owned();
    for (index, argument) in arguments.iter().enumerate() {
        let argument = match argument {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let places = 1 + result.matches('{').count();
        if places.saturating_mul(argument.len()) > LONGEST {
            return None;
        }
        result = if result.contains(&format!("{{{index}}}")) {
            result.replace(&format!("{{{index}}}"), &argument)
        } else {
            result.replacen("{}", &argument, 1)
        };
    }
    (!result.contains('{')).then_some(Value::Text(result))
}
