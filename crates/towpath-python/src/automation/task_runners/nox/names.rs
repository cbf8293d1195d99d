//! What the names of a noxfile stand for, and with them the values of its expressions.

use std::collections::BTreeMap;

use ruff_python_ast::{
    BoolOp, CmpOp, Expr, ExprAttribute, ExprCall, FStringPart, InterpolatedStringElement, Number,
    Operator, UnaryOp,
};
use ruff_text_size::Ranged;

use super::value::Value;
use crate::automation::paths;
use crate::automation::tables::Node;

/// What names stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Names<'a> {
    pub(super) source: &'a str,
    pub(super) values: BTreeMap<String, Value>,
    /// The Python of the session, and its name.
    pub(super) python: Option<String>,
    pub(super) session: String,
    pub(super) posargs: Vec<String>,
    /// The `pyproject.toml` beside the noxfile.
    pub(super) manifest: Option<&'a Node>,
}

impl Names<'_> {
    /// Evaluates an expression.
    pub(super) fn evaluate(&self, expression: &Expr) -> Value {
        self.known(expression).unwrap_or_else(|| {
            let range = std::ops::Range::<usize>::from(expression.range());
            let source = self.source.get(range).unwrap_or_default();
            Value::Unknown(source.split_whitespace().collect::<Vec<_>>().join(" "))
        })
    }

    fn known(&self, expression: &Expr) -> Option<Value> {
        match expression {
            Expr::StringLiteral(literal) => Some(Value::Text(literal.value.to_str().to_owned())),
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(number) => number.as_i64().map(Value::Number),
                Number::Float(number) => Some(Value::Text(number.to_string())),
                Number::Complex { .. } => None,
            },
            Expr::BooleanLiteral(literal) => Some(Value::Boolean(literal.value)),
            Expr::NoneLiteral(_) => Some(Value::None),
            Expr::List(list) => Some(self.items(&list.elts)),
            Expr::Tuple(tuple) => Some(self.items(&tuple.elts)),
            Expr::Set(set) => Some(self.items(&set.elts)),
            Expr::Dict(dictionary) => {
                let mut entries = Vec::new();
                for item in &dictionary.items {
                    match &item.key {
                        Some(key) => {
                            let key = self.evaluate(key).words().join(" ");
                            entries.push((key, self.evaluate(&item.value)));
                        }
                        None => match self.evaluate(&item.value) {
                            Value::Dictionary(inner) => entries.extend(inner),
                            _ => return None,
                        },
                    }
                }
                Some(Value::Dictionary(entries))
            }
            Expr::Name(name) => self.values.get(name.id.as_str()).cloned(),
            Expr::FString(text) => Some(Value::Text(self.f_string(text.value.as_slice()))),
            Expr::Attribute(attribute) => self.attribute(attribute),
            Expr::BinOp(operation) => {
                self.operation(operation.op, &operation.left, &operation.right)
            }
            Expr::BoolOp(operation) => self.boolean(operation.op, &operation.values),
            Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => self
                .evaluate(&operation.operand)
                .truth()
                .map(|truth| Value::Boolean(!truth)),
            Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
                ([op], [right]) => self.compare(*op, &compare.left, right),
                _ => None,
            },
            Expr::If(choice) => {
                let holds = self.evaluate(&choice.test).truth()?;
                Some(self.evaluate(if holds { &choice.body } else { &choice.orelse }))
            }
            Expr::Subscript(subscript) => self.subscript(&subscript.value, &subscript.slice),
            Expr::ListComp(list) => self.comprehension(&list.elt, &list.generators),
            Expr::Generator(list) => self.comprehension(&list.elt, &list.generators),
            Expr::SetComp(list) => self.comprehension(&list.elt, &list.generators),
            Expr::Call(call) => self.call(call),
            Expr::Named(named) => Some(self.evaluate(&named.value)),
            _ => None,
        }
    }

    /// Evaluates items of a list; `*other` is spread.
    pub(super) fn items(&self, items: &[Expr]) -> Value {
        let mut values = Vec::new();
        for item in items {
            match item {
                Expr::Starred(starred) => match self.evaluate(&starred.value) {
                    Value::List(inner) => values.extend(inner),
                    Value::Dictionary(entries) => {
                        values.extend(entries.into_iter().map(|(key, _)| Value::Text(key)));
                    }
                    Value::Text(text) => {
                        values.extend(text.chars().map(|c| Value::Text(c.to_string())));
                    }
                    other => values.push(other),
                },
                item => values.push(self.evaluate(item)),
            }
        }
        Value::List(values)
    }

    fn f_string(&self, parts: &[FStringPart]) -> String {
        let mut text = String::new();
        for part in parts {
            match part {
                FStringPart::Literal(literal) => text.push_str(literal.as_str()),
                FStringPart::FString(inner) => {
                    for element in &inner.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => {
                                text.push_str(&literal.value);
                            }
                            InterpolatedStringElement::Interpolation(element) => {
                                text.push_str(
                                    &self.evaluate(&element.expression).words().join(" "),
                                );
                            }
                        }
                    }
                }
            }
        }
        text
    }

    fn attribute(&self, attribute: &ExprAttribute) -> Option<Value> {
        // towpath runs on Linux.
        match (&*attribute.value, attribute.attr.as_str()) {
            (Expr::Name(module), "platform") if module.id.as_str() == "sys" => {
                return Some(Value::Text("linux".to_owned()));
            }
            (Expr::Name(module), "name") if module.id.as_str() == "os" => {
                return Some(Value::Text("posix".to_owned()));
            }
            _ => {}
        }
        match self.evaluate(&attribute.value) {
            Value::Session => {}
            Value::Text(path) => return path_attribute(&path, attribute.attr.as_str()),
            _ => return None,
        }
        match attribute.attr.as_str() {
            "python" => Some(self.python.clone().map_or(Value::None, Value::Text)),
            "posargs" => Some(Value::List(
                self.posargs.iter().cloned().map(Value::Text).collect(),
            )),
            "name" => Some(Value::Text(self.session.clone())),
            "interactive" => Some(Value::Boolean(false)),
            _ => None,
        }
    }

    fn operation(&self, operator: Operator, left: &Expr, right: &Expr) -> Option<Value> {
        match (operator, self.evaluate(left), self.evaluate(right)) {
            (Operator::Add, Value::Text(left), Value::Text(right)) => {
                Some(Value::Text(left + &right))
            }
            (Operator::Add, Value::List(mut left), Value::List(right)) => {
                left.extend(right);
                Some(Value::List(left))
            }
            (Operator::Div, left, right) => {
                let path = |value: &Value| value.words().join("/");
                let (left, right) = (path(&left), path(&right));
                Some(Value::Text(if left.is_empty() || left == "." {
                    right
                } else {
                    format!("{left}/{right}")
                }))
            }
            (Operator::Mod, Value::Text(text), Value::Text(value)) => {
                Some(Value::Text(text.replacen("%s", &value, 1)))
            }
            _ => None,
        }
    }

    fn boolean(&self, operator: BoolOp, values: &[Expr]) -> Option<Value> {
        let mut last = None;
        for value in values {
            let value = self.evaluate(value);
            let truth = value.truth()?;
            if truth == (operator == BoolOp::Or) {
                return Some(value);
            }
            last = Some(value);
        }
        last
    }

    fn compare(&self, operator: CmpOp, left: &Expr, right: &Expr) -> Option<Value> {
        let (left, right) = (self.evaluate(left), self.evaluate(right));
        let is_known = |value: &Value| !matches!(value, Value::Unknown(_));
        if !is_known(&left) || !is_known(&right) {
            return None;
        }
        let within = || match &right {
            Value::List(items) if items.iter().all(is_known) => Some(items.contains(&left)),
            Value::Text(text) => left.words().first().map(|part| text.contains(part)),
            Value::Dictionary(entries) => left
                .words()
                .first()
                .map(|key| entries.iter().any(|(name, _)| name == key)),
            _ => None,
        };
        let result = match operator {
            CmpOp::Eq | CmpOp::Is => left == right,
            CmpOp::NotEq | CmpOp::IsNot => left != right,
            CmpOp::In => within()?,
            CmpOp::NotIn => !within()?,
            _ => return None,
        };
        Some(Value::Boolean(result))
    }

    fn subscript(&self, value: &Expr, key: &Expr) -> Option<Value> {
        let value = self.evaluate(value);
        if let (Value::List(items), Expr::Slice(slice)) = (&value, key) {
            let bound = |bound: Option<&Expr>| match bound.map(|bound| self.evaluate(bound)) {
                Some(Value::Number(number)) => Some(Some(number)),
                None => Some(None),
                _ => None,
            };
            let length = items.len() as i64;
            let place = |bound: i64| {
                (if bound < 0 { length + bound } else { bound }).clamp(0, length) as usize
            };
            let start = bound(slice.lower.as_deref())?.map_or(0, place);
            let end = bound(slice.upper.as_deref())?.map_or(items.len(), place);
            return Some(Value::List(
                items.get(start..end).unwrap_or_default().to_vec(),
            ));
        }
        match (&value, self.evaluate(key)) {
            (Value::List(items), Value::Number(at)) => {
                let at = if at < 0 {
                    items.len().checked_sub(at.unsigned_abs() as usize)?
                } else {
                    at as usize
                };
                items.get(at).cloned()
            }
            (dictionary, Value::Text(key)) => dictionary.entry(&key).cloned(),
            _ => None,
        }
    }

    fn comprehension(
        &self,
        element: &Expr,
        generators: &[ruff_python_ast::Comprehension],
    ) -> Option<Value> {
        let [generator] = generators else { return None };
        let (Expr::Name(name), Value::List(items)) =
            (&generator.target, self.evaluate(&generator.iter))
        else {
            return None;
        };
        let mut values = Vec::new();
        for item in items {
            let mut inner = self.clone();
            inner.values.insert(name.id.to_string(), item);
            let keeps = generator
                .ifs
                .iter()
                .all(|test| inner.evaluate(test).truth() != Some(false));
            if keeps {
                values.push(inner.evaluate(element));
            }
        }
        Some(Value::List(values))
    }

    fn call(&self, call: &ExprCall) -> Option<Value> {
        let first = call
            .arguments
            .args
            .first()
            .map(|argument| self.evaluate(argument));
        match &*call.func {
            Expr::Name(name) => match (name.id.as_str(), first) {
                ("str" | "Path" | "PurePath", Some(value)) => {
                    Some(Value::Text(value.words().join(" ")))
                }
                ("list" | "tuple" | "sorted" | "set", Some(Value::List(items))) => {
                    Some(Value::List(items))
                }
                ("list" | "tuple" | "set", None) => Some(Value::List(Vec::new())),
                ("range", _) => self.range(&call.arguments.args),
                _ => None,
            },
            // `nox.param(value, id="name")` stands for the value, or for those of several parameters.
            Expr::Attribute(attribute) if is_named(&attribute.value, "nox") => {
                let values = &call.arguments.args;
                match (attribute.attr.as_str(), values.len()) {
                    ("param", 1) => first,
                    ("param", _) => Some(Value::List(
                        values.iter().map(|value| self.evaluate(value)).collect(),
                    )),
                    _ => None,
                }
            }
            Expr::Attribute(attribute) => self.method(attribute, first, call),
            _ => None,
        }
    }

    fn range(&self, arguments: &[Expr]) -> Option<Value> {
        let numbers: Vec<i64> = arguments
            .iter()
            .map(|argument| match self.evaluate(argument) {
                Value::Number(number) => Some(number),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let (start, end) = match numbers.as_slice() {
            [end] => (0, *end),
            [start, end] => (*start, *end),
            _ => return None,
        };
        (end - start < 100).then(|| Value::List((start..end).map(Value::Number).collect()))
    }

    fn method(
        &self,
        attribute: &ExprAttribute,
        first: Option<Value>,
        call: &ExprCall,
    ) -> Option<Value> {
        let of_project =
            matches!(&*attribute.value, Expr::Attribute(inner) if inner.attr.as_str() == "project");
        if of_project {
            return self.project(attribute.attr.as_str(), &call.arguments.args);
        }
        let second = || call.arguments.args.get(1).map(|second| self.evaluate(second));
        match self.evaluate(&attribute.value) {
            Value::Text(text) => text_method(&text, attribute.attr.as_str(), first, second),
            dictionary @ Value::Dictionary(_) => {
                dictionary_method(dictionary, attribute.attr.as_str(), first, second)
            }
            list @ Value::List(_) if attribute.attr.as_str() == "copy" => Some(list),
            _ => None,
        }
    }

    /// `nox.project.…` reads `pyproject.toml`.
    fn project(&self, method: &str, arguments: &[Expr]) -> Option<Value> {
        match method {
            "load_toml" => self.manifest.map(Value::from_table),
            "python_versions" => {
                let classifiers = self.manifest?.at(&["project", "classifiers"])?.strings();
                let versions = classifiers
                    .iter()
                    .filter_map(|text| text.strip_prefix("Programming Language :: Python :: 3."));
                Some(Value::List(
                    versions
                        .map(|minor| Value::Text(format!("3.{minor}")))
                        .collect(),
                ))
            }
            "dependency_groups" => {
                let names = arguments
                    .get(1..)?
                    .iter()
                    .flat_map(|argument| self.evaluate(argument).words());
                let groups = self.manifest?.get("dependency-groups")?;
                Some(Value::List(
                    names
                        .flat_map(|name| group(groups, &name, 0))
                        .map(Value::Text)
                        .collect(),
                ))
            }
            _ => None,
        }
    }
}

/// Returns what a method of a text gives.
fn text_method(
    text: &str,
    method: &str,
    first: Option<Value>,
    second: impl Fn() -> Option<Value>,
) -> Option<Value> {
    let list = |words: &mut dyn Iterator<Item = &str>| {
        Value::List(words.map(|word| Value::Text(word.to_owned())).collect())
    };
    let value = match (method, first) {
        ("split", None) => list(&mut text.split_whitespace()),
        ("split", Some(Value::Text(at))) if !at.is_empty() => list(&mut text.split(&at)),
        ("join", Some(words @ Value::List(_))) => Value::Text(words.words().join(text)),
        ("format", Some(value)) => Value::Text(text.replacen("{}", &value.words().join(" "), 1)),
        ("replace", Some(Value::Text(from))) => match second()? {
            Value::Text(to) => Value::Text(text.replace(&from, &to)),
            _ => return None,
        },
        ("startswith", Some(Value::Text(start))) => Value::Boolean(text.starts_with(&start)),
        ("endswith", Some(Value::Text(end))) => Value::Boolean(text.ends_with(&end)),
        ("strip" | "resolve" | "absolute" | "as_posix" | "relative_to", _) => {
            Value::Text(text.trim().to_owned())
        }
        ("joinpath", Some(Value::Text(part))) => Value::Text(format!("{text}/{part}")),
        _ => return None,
    };
    Some(value)
}

fn is_named(expression: &Expr, name: &str) -> bool {
    matches!(expression, Expr::Name(found) if found.id.as_str() == name)
}

/// Returns what an attribute of a path gives, as seen from the folder of the noxfile.
fn path_attribute(path: &str, attribute: &str) -> Option<Value> {
    let value = match (attribute, paths::parent(path)) {
        ("parent", "") if matches!(path, "." | "") => "..",
        ("parent", "") => ".",
        ("parent", folder) => folder,
        ("name", _) => path.rsplit('/').next()?,
        _ => return None,
    };
    Some(Value::Text(value.to_owned()))
}

/// Returns what a method of a dictionary gives.
fn dictionary_method(
    dictionary: Value,
    method: &str,
    first: Option<Value>,
    second: impl Fn() -> Option<Value>,
) -> Option<Value> {
    if let ("get", Some(Value::Text(key))) = (method, &first) {
        let found = dictionary.entry(key).cloned();
        return Some(found.unwrap_or_else(|| second().unwrap_or(Value::None)));
    }
    let (Value::Dictionary(entries), None) = (dictionary, first) else {
        return None;
    };
    let of_entry: fn((String, Value)) -> Value = match method {
        "keys" => |(key, _)| Value::Text(key),
        "values" => |(_, value)| value,
        "items" => |(key, value)| Value::List(vec![Value::Text(key), value]),
        _ => return None,
    };
    Some(Value::List(entries.into_iter().map(of_entry).collect()))
}

/// Returns the requirements of a dependency group with those that it includes.
fn group(groups: &Node, name: &str, depth: u32) -> Vec<String> {
    let items = groups.get(name).map(Node::list).unwrap_or_default();
    let mut requirements = Vec::new();
    for item in items {
        match item.get("include-group").and_then(Node::text) {
            Some(included) if depth < 10 => requirements.extend(group(groups, included, depth + 1)),
            _ => requirements.extend(item.text().map(str::to_owned)),
        }
    }
    requirements
}
