//! Modules of `setup.py` and their expressions. Follows assignments, appends, loops over known lists,
//! imports of the project's own modules; takes the side of conditions that Linux and a current Python
//! would take.

use std::collections::BTreeMap;

use ruff_python_ast::{
    BoolOp, Comprehension, Expr, ExprCall, FStringPart, InterpolatedStringElement, Number, Stmt,
    StmtFunctionDef, UnaryOp,
};

use super::operators::{LONGEST, combine, compare_values, element};
use super::value::Value;
use crate::files::ProjectFiles;
use crate::python_source;

/// The most expressions and statements that are looked at, over all modules.
const MOST_STEPS: usize = 50_000;
/// The deepest nesting of calls and expressions.
const DEEPEST: usize = 60;

/// Returns the arguments of the last call of `setup()`, and the files that were read for them.
pub(super) fn setup_arguments(
    files: &ProjectFiles<'_>,
    text: &str,
) -> (Vec<(String, Value)>, Vec<String>) {
    let found = python_source::with_large_stack(|| {
        let body = python_source::parse(text)?;
        let mut effects = Effects::default();
        let mut module = Module::new(files, "setup.py", &mut effects, 0);
        module.run(&body);
        Some((effects.setup, effects.read))
    });
    found.flatten().unwrap_or_default()
}

/// What evaluation leaves behind, over all modules.
#[derive(Default)]
pub(super) struct Effects {
    setup: Vec<(String, Value)>,
    pub(super) read: Vec<String>,
    steps: usize,
}

/// What comes after a statement.
pub(super) enum Flow {
    Next,
    Return(Value),
}

/// One module, or one call of a function in it.
pub(super) struct Module<'a, 'e> {
    pub(super) files: &'e ProjectFiles<'e>,
    /// Path of the module, relative to the project.
    pub(super) path: String,
    pub(super) names: BTreeMap<String, Value>,
    pub(super) functions: BTreeMap<String, &'a StmtFunctionDef>,
    pub(super) effects: &'e mut Effects,
    depth: usize,
    /// How many modules were imported to come here.
    pub(super) imports: usize,
}

impl<'a, 'e> Module<'a, 'e> {
    pub(super) fn new(
        files: &'e ProjectFiles<'e>,
        path: &str,
        effects: &'e mut Effects,
        imports: usize,
    ) -> Self {
        let names = BTreeMap::from([
            ("__file__".to_owned(), Value::Text(path.to_owned())),
            ("__name__".to_owned(), Value::Text("__main__".to_owned())),
        ]);
        Self {
            files,
            path: path.to_owned(),
            names,
            functions: BTreeMap::new(),
            effects,
            depth: 0,
            imports,
        }
    }

    pub(super) fn may_go_on(&mut self) -> bool {
        self.effects.steps += 1;
        self.effects.steps < MOST_STEPS && self.depth < DEEPEST
    }

    pub(super) fn run(&mut self, body: &'a [Stmt]) {
        let _ = self.block(body);
    }

    pub(super) fn expression(&mut self, expression: &'a Expr) -> Value {
        if !self.may_go_on() {
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.expression_inner(expression);
        self.depth -= 1;
        value.bounded()
    }

    fn expression_inner(&mut self, expression: &'a Expr) -> Value {
        match expression {
            Expr::StringLiteral(text) => Value::Text(text.value.to_str().to_owned()),
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(number) => number.as_i64().map_or(Value::Unknown, Value::Number),
                _ => Value::Unknown,
            },
            Expr::BooleanLiteral(truth) => Value::Truth(truth.value),
            Expr::NoneLiteral(_) => Value::Nothing,
            Expr::FString(text) => self.format_string(text.value.as_slice()),
            Expr::List(list) => self.list(&list.elts),
            Expr::Tuple(list) => self.list(&list.elts),
            Expr::Set(list) => self.list(&list.elts),
            Expr::Dict(table) => self.table(table),
            Expr::Name(name) => self.name(name.id.as_str()),
            Expr::Attribute(_) => self.attribute(expression),
            Expr::Subscript(subscript) => {
                let value = self.expression(&subscript.value);
                if let Expr::Slice(slice) = subscript.slice.as_ref() {
                    return if value == Value::PythonVersion && slice.lower.is_none() {
                        value
                    } else {
                        Value::Unknown
                    };
                }
                let key = self.expression(&subscript.slice);
                element(&value, &key)
            }
            Expr::BinOp(operation) => {
                let left = self.expression(&operation.left);
                let right = self.expression(&operation.right);
                combine(operation.op, left, right)
            }
            Expr::UnaryOp(operation) => {
                let value = self.expression(&operation.operand);
                match (operation.op, &value) {
                    (UnaryOp::Not, value) => value
                        .truth()
                        .map_or(Value::Unknown, |truth| Value::Truth(!truth)),
                    (UnaryOp::USub, Value::Number(number)) => {
                        Value::Number(number.saturating_neg())
                    }
                    _ => Value::Unknown,
                }
            }
            Expr::BoolOp(operation) => self.boolean(operation.op, &operation.values),
            Expr::Compare(compare) => self.compare(compare),
            Expr::If(choice) => match self.expression(&choice.test).truth() {
                Some(false) => self.expression(&choice.orelse),
                _ => self.expression(&choice.body),
            },
            Expr::ListComp(list) => self.comprehension(&list.generators, &list.elt),
            Expr::SetComp(list) => self.comprehension(&list.generators, &list.elt),
            Expr::Generator(list) => self.comprehension(&list.generators, &list.elt),
            Expr::DictComp(table) => self.table_comprehension(table),
            Expr::Call(call) => self.call(call),
            Expr::Starred(starred) => self.expression(&starred.value),
            _ => Value::Unknown,
        }
    }

    fn name(&self, name: &str) -> Value {
        self.names.get(name).cloned().unwrap_or(Value::Unknown)
    }

    fn list(&mut self, elements: &'a [Expr]) -> Value {
        let items = elements.iter().flat_map(|element| {
            let value = self.expression(element);
            match element {
                Expr::Starred(_) => self.items(&value).unwrap_or_default(),
                _ => vec![value],
            }
        });
        Value::list_of(items)
    }

    fn table(&mut self, table: &'a ruff_python_ast::ExprDict) -> Value {
        let mut value = Value::Table(Vec::new());
        for item in &table.items {
            let entry = self.expression(&item.value);
            match &item.key {
                Some(key) => {
                    if let Value::Text(key) = self.expression(key) {
                        value.set(&key, entry);
                    }
                }
                None => {
                    if let Value::Table(entries) = entry {
                        for (key, entry) in entries {
                            value.set(&key, entry);
                        }
                    }
                }
            }
            value = value.bounded();
        }
        value
    }

    fn format_string(&mut self, parts: &'a [FStringPart]) -> Value {
        let mut text = String::new();
        for part in parts {
            if text.len() > LONGEST {
                return Value::Unknown;
            }
            match part {
                FStringPart::Literal(literal) => text.push_str(literal.as_str()),
                FStringPart::FString(format) => {
                    for element in &format.elements {
                        match self.format_element(element) {
                            Some(part) if text.len() + part.len() <= LONGEST => {
                                text.push_str(&part);
                            }
                            _ => return Value::Unknown,
                        }
                    }
                }
            }
        }
        Value::Text(text)
    }

    fn format_element(&mut self, element: &'a InterpolatedStringElement) -> Option<String> {
        match element {
            InterpolatedStringElement::Literal(literal) => Some(literal.value.to_string()),
            InterpolatedStringElement::Interpolation(inner) => {
                match self.expression(&inner.expression) {
                    Value::Text(inner) => Some(inner),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                }
            }
        }
    }

    fn boolean(&mut self, operator: BoolOp, values: &'a [Expr]) -> Value {
        let mut last = Value::Unknown;
        for value in values {
            last = self.expression(value);
            let decides = match operator {
                BoolOp::And => last.truth() == Some(false),
                BoolOp::Or => last.truth() == Some(true),
            };
            if decides || last.truth().is_none() {
                return last;
            }
        }
        last
    }

    fn compare(&mut self, compare: &'a ruff_python_ast::ExprCompare) -> Value {
        let left = self.expression(&compare.left);
        let ([operator], [right]) = (compare.ops.as_ref(), compare.comparators.as_ref()) else {
            return Value::Unknown;
        };
        let right = self.expression(right);
        compare_values(&left, *operator, &right).map_or(Value::Unknown, Value::Truth)
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], element: &'a Expr) -> Value {
        let mut result = Value::List(Vec::new());
        let is_known = self.each(generators, &mut |module| {
            let value = module.expression(element);
            if let Value::List(items) = &mut result {
                items.push(value);
            }
            result = std::mem::replace(&mut result, Value::Unknown).bounded();
        });
        if is_known { result } else { Value::Unknown }
    }

    fn table_comprehension(&mut self, table: &'a ruff_python_ast::ExprDictComp) -> Value {
        let Some(key) = &table.key else {
            return Value::Unknown;
        };
        let mut result = Value::Table(Vec::new());
        let is_known = self.each(&table.generators, &mut |module| {
            let name = module.expression(key);
            let value = module.expression(&table.value);
            if let Some(name) = name.text() {
                result.set(name, value);
            }
            result = std::mem::replace(&mut result, Value::Unknown).bounded();
        });
        if is_known { result } else { Value::Unknown }
    }

    /// Walks the loops of a comprehension, outermost first; returns whether all of them were known.
    fn each(&mut self, generators: &'a [Comprehension], then: &mut dyn FnMut(&mut Self)) -> bool {
        let Some((generator, rest)) = generators.split_first() else {
            then(self);
            return true;
        };
        let source = self.expression(&generator.iter);
        let Some(items) = self.items(&source) else {
            return false;
        };
        let mut is_known = true;
        for item in items {
            self.assign(&generator.target, item);
            let is_left_out = generator
                .ifs
                .iter()
                .any(|test| self.expression(test).truth() == Some(false));
            is_known &= is_left_out || self.each(rest, then);
        }
        is_known
    }

    /// Returns what a loop over a value sees; `None` where that is unknown.
    pub(super) fn items(&mut self, value: &Value) -> Option<Vec<Value>> {
        match value {
            Value::List(items) => Some(items.clone()),
            Value::Table(entries) => Some(
                entries
                    .iter()
                    .map(|(key, _)| Value::Text(key.clone()))
                    .collect(),
            ),
            Value::File(path) => {
                let text = self.read(path)?;
                let lines = text.split_inclusive('\n');
                Some(lines.map(|line| Value::Text(line.to_owned())).collect())
            }
            _ => None,
        }
    }

    /// Calls a function of the module with evaluated arguments.
    pub(super) fn call_function(
        &mut self,
        name: &str,
        arguments: &[Value],
        keywords: &[(String, Value)],
    ) -> Option<Value> {
        let function = *self.functions.get(name)?;
        let outer = self.names.clone();
        let parameters = function
            .parameters
            .args
            .iter()
            .chain(&function.parameters.kwonlyargs)
            .chain(&function.parameters.posonlyargs);
        for (index, parameter) in parameters.enumerate() {
            let name = parameter.parameter.name.to_string();
            let given = keywords
                .iter()
                .find(|(keyword, _)| *keyword == name)
                .map(|(_, value)| value.clone());
            let value = given.or_else(|| arguments.get(index).cloned());
            let value = value.unwrap_or_else(|| {
                parameter
                    .default
                    .as_ref()
                    .map_or(Value::Unknown, |value| self.expression(value))
            });
            self.names.insert(name, value);
        }
        if let Some(rest) = &function.parameters.vararg {
            let taken = function.parameters.args.len().min(arguments.len());
            let rest_values = arguments.get(taken..).unwrap_or_default().to_vec();
            self.names
                .insert(rest.name.to_string(), Value::List(rest_values));
        }
        self.depth += 1;
        let flow = if self.may_go_on() {
            self.block(&function.body)
        } else {
            Flow::Next
        };
        self.depth -= 1;
        self.names = outer;
        Some(match flow {
            Flow::Return(value) => value,
            Flow::Next => Value::Nothing,
        })
    }

    /// Notes a call of `setup()`.
    pub(super) fn note_setup(&mut self, call: &'a ExprCall) {
        let mut arguments = Vec::new();
        for keyword in &call.arguments.keywords {
            let value = self.expression(&keyword.value);
            match (&keyword.arg, value) {
                (Some(name), value) => arguments.push((name.to_string(), value)),
                (None, Value::Table(entries)) => arguments.extend(entries),
                (None, _) => {}
            }
        }
        self.effects.setup = arguments;
    }
}
