//! Statements and expressions of `setup.py`. Follows assignments, appends, loops over known lists,
//! imports of the project's own modules; takes the side of conditions that Linux and a current Python
//! would take.

use std::collections::BTreeMap;

use ruff_python_ast::{BoolOp, CmpOp, Comprehension, Expr, ExprCall, InterpolatedStringElement, Number, Operator, Stmt, StmtFunctionDef, UnaryOp};
use ruff_python_ast::FStringPart;

use super::value::Value;
use crate::files::{ProjectFiles, read_optional};
use crate::folder;
use crate::{PythonVersion, python_source};

/// The most expressions and statements that are looked at, over all modules.
const MOST_STEPS: usize = 50_000;
/// The deepest nesting of calls and expressions.
const DEEPEST: usize = 60;
/// The deepest chain of modules.
const DEEPEST_MODULE: usize = 4;
/// The longest text and list that is built.
const LONGEST: usize = 1 << 20;

/// Returns the arguments of the last call of `setup()`, and the files that were read for them.
pub(super) fn setup_arguments(files: &ProjectFiles<'_>, text: &str) -> (Vec<(String, Value)>, Vec<String>) {
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

/// One module, or one call of a function in it.
pub(super) struct Module<'a, 'e> {
    pub(super) files: &'e ProjectFiles<'e>,
    /// Path of the module, relative to the project.
    pub(super) path: String,
    pub(super) names: BTreeMap<String, Value>,
    functions: BTreeMap<String, &'a StmtFunctionDef>,
    pub(super) effects: &'e mut Effects,
    depth: usize,
    module_depth: usize,
}

enum Flow {
    Next,
    Return(Value),
}

impl<'a, 'e> Module<'a, 'e> {
    pub(super) fn new(files: &'e ProjectFiles<'e>, path: &str, effects: &'e mut Effects, module_depth: usize) -> Self {
        let names = BTreeMap::from([
            ("__file__".to_owned(), Value::Text(path.to_owned())),
            ("__name__".to_owned(), Value::Text("__main__".to_owned())),
        ]);
        Self { files, path: path.to_owned(), names, functions: BTreeMap::new(), effects, depth: 0, module_depth }
    }

    fn may_go_on(&mut self) -> bool {
        self.effects.steps += 1;
        self.effects.steps < MOST_STEPS && self.depth < DEEPEST
    }

    pub(super) fn run(&mut self, body: &'a [Stmt]) {
        let _ = self.block(body);
    }

    fn block(&mut self, body: &'a [Stmt]) -> Flow {
        for statement in body {
            if !self.may_go_on() {
                break;
            }
            if let Flow::Return(value) = self.statement(statement) {
                return Flow::Return(value);
            }
        }
        Flow::Next
    }

    fn statement(&mut self, statement: &'a Stmt) -> Flow {
        match statement {
            Stmt::Assign(assign) => {
                let value = self.expression(&assign.value);
                for target in &assign.targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.expression(value);
                    self.assign(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => {
                let left = self.expression(&assign.target);
                let right = self.expression(&assign.value);
                let value = combine(assign.op, left, right);
                self.assign(&assign.target, value);
            }
            Stmt::Expr(expression) => {
                self.expression(&expression.value);
            }
            Stmt::Return(result) => {
                let value = result.value.as_ref().map_or(Value::Nothing, |value| self.expression(value));
                return Flow::Return(value);
            }
            Stmt::FunctionDef(function) => {
                self.functions.insert(function.name.to_string(), function);
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let whole = alias.name.to_string();
                    let first = whole.split('.').next().unwrap_or_default().to_owned();
                    let (name, module) = match &alias.asname {
                        Some(name) => (name.to_string(), whole),
                        None => (first.clone(), first),
                    };
                    self.names.insert(name, Value::Module(module));
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
                self.import_from(&module, import.level as usize, &import.names);
            }
            Stmt::If(branch) => return self.branch(branch),
            Stmt::With(with) => {
                for item in &with.items {
                    let value = self.expression(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, value);
                    }
                }
                return self.block(&with.body);
            }
            // The handlers are for what does not happen here.
            Stmt::Try(attempt) => {
                for body in [&attempt.body, &attempt.orelse, &attempt.finalbody] {
                    if let Flow::Return(value) = self.block(body) {
                        return Flow::Return(value);
                    }
                }
            }
            Stmt::For(repeat) => {
                let items = self.expression(&repeat.iter);
                for item in self.items(&items).into_iter().flatten() {
                    self.assign(&repeat.target, item);
                    if let Flow::Return(value) = self.block(&repeat.body) {
                        return Flow::Return(value);
                    }
                }
            }
            _ => {}
        }
        Flow::Next
    }

    fn branch(&mut self, branch: &'a ruff_python_ast::StmtIf) -> Flow {
        let first = std::iter::once((Some(branch.test.as_ref()), &branch.body));
        let rest = branch.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
        for (test, body) in first.chain(rest) {
            let truth = test.map_or(Some(true), |test| self.expression(test).truth());
            if truth != Some(false)
                && let Flow::Return(value) = self.block(body)
            {
                return Flow::Return(value);
            }
            // Where a condition is unknown the first side stands, and what it leaves open is looked
            // for in no other.
            if truth != Some(false) {
                break;
            }
        }
        Flow::Next
    }

    fn assign(&mut self, target: &'a Expr, value: Value) {
        match target {
            Expr::Name(name) => {
                self.names.insert(name.id.to_string(), value);
            }
            Expr::Tuple(tuple) => {
                let items = self.items(&value).unwrap_or_default();
                for (index, target) in tuple.elts.iter().enumerate() {
                    self.assign(target, items.get(index).cloned().unwrap_or(Value::Unknown));
                }
            }
            Expr::Subscript(subscript) => {
                let key = self.expression(&subscript.slice);
                if let (Expr::Name(name), Some(key)) = (subscript.value.as_ref(), key.text())
                    && let Some(table) = self.names.get_mut(name.id.as_str())
                {
                    table.set(key, value);
                }
            }
            _ => {}
        }
    }

    pub(super) fn expression(&mut self, expression: &'a Expr) -> Value {
        if !self.may_go_on() {
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.expression_inner(expression);
        self.depth -= 1;
        value
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
                    return if value == Value::PythonVersion && slice.lower.is_none() { value } else { Value::Unknown };
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
                    (UnaryOp::Not, value) => value.truth().map_or(Value::Unknown, |truth| Value::Truth(!truth)),
                    (UnaryOp::USub, Value::Number(number)) => Value::Number(number.saturating_neg()),
                    _ => Value::Unknown,
                }
            }
            Expr::BoolOp(operation) => self.boolean(operation.op, &operation.values),
            Expr::Compare(compare) => self.compare(compare),
            Expr::If(choice) => match self.expression(&choice.test).truth() {
                Some(false) => self.expression(&choice.orelse),
                _ => self.expression(&choice.body),
            },
            Expr::ListComp(list) => self.comprehension(&list.elt, &list.generators),
            Expr::SetComp(list) => self.comprehension(&list.elt, &list.generators),
            Expr::Generator(list) => self.comprehension(&list.elt, &list.generators),
            Expr::Call(call) => self.call(call),
            Expr::Starred(starred) => self.expression(&starred.value),
            _ => Value::Unknown,
        }
    }

    fn name(&self, name: &str) -> Value {
        self.names.get(name).cloned().unwrap_or(Value::Unknown)
    }

    fn list(&mut self, elements: &'a [Expr]) -> Value {
        let mut items = Vec::new();
        for element in elements {
            let value = self.expression(element);
            match (element, value) {
                (Expr::Starred(_), value) => items.extend(self.items(&value).unwrap_or_default()),
                (_, value) => items.push(value),
            }
        }
        Value::List(items)
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
                        entries.into_iter().for_each(|(key, entry)| value.set(&key, entry));
                    }
                }
            }
        }
        value
    }

    fn format_string(&mut self, parts: &'a [FStringPart]) -> Value {
        let mut text = String::new();
        for part in parts {
            match part {
                FStringPart::Literal(literal) => text.push_str(literal.as_str()),
                FStringPart::FString(format) => {
                    for element in &format.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => text.push_str(&literal.value),
                            InterpolatedStringElement::Interpolation(inner) => match self.expression(&inner.expression) {
                                Value::Text(inner) => text.push_str(&inner),
                                Value::Number(number) => text.push_str(&number.to_string()),
                                _ => return Value::Unknown,
                            },
                        }
                    }
                }
            }
        }
        Value::Text(text)
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
        let ([operator], [right]) = (compare.ops.as_ref(), compare.comparators.as_ref()) else { return Value::Unknown };
        let right = self.expression(right);
        compare_values(&left, *operator, &right).map_or(Value::Unknown, Value::Truth)
    }

    fn comprehension(&mut self, element: &'a Expr, generators: &'a [Comprehension]) -> Value {
        let [generator] = generators else { return Value::Unknown };
        let source = self.expression(&generator.iter);
        let Some(items) = self.items(&source) else { return Value::Unknown };
        let mut result = Vec::new();
        for item in items {
            self.assign(&generator.target, item);
            let is_left_out = generator.ifs.iter().any(|test| self.expression(test).truth() == Some(false));
            if !is_left_out {
                result.push(self.expression(element));
            }
        }
        Value::List(result)
    }

    /// Returns what a loop over a value sees; `None` where that is unknown.
    pub(super) fn items(&mut self, value: &Value) -> Option<Vec<Value>> {
        match value {
            Value::List(items) => Some(items.clone()),
            Value::Table(entries) => Some(entries.iter().map(|(key, _)| Value::Text(key.clone())).collect()),
            Value::File(path) => {
                let text = self.read(path)?;
                Some(text.split_inclusive('\n').map(|line| Value::Text(line.to_owned())).collect())
            }
            _ => None,
        }
    }

    /// Reads a file of the project and notes it.
    pub(super) fn read(&mut self, path: &str) -> Option<String> {
        let relative = folder::resolve("", path)?;
        let text = read_optional(self.files.tree, &self.files.path(&relative)).filter(|text| text.len() <= LONGEST)?;
        crate::requirement::append(&mut self.effects.read, [relative]);
        Some(text)
    }

    /// Returns the dotted name that an expression stands for, through imports: `os.path.join`.
    pub(super) fn dotted(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Name(name) => match self.names.get(name.id.as_str()) {
                Some(Value::Module(module)) => Some(module.clone()),
                Some(_) => None,
                None => Some(name.id.to_string()),
            },
            Expr::Attribute(attribute) => Some(format!("{}.{}", self.dotted(&attribute.value)?, attribute.attr)),
            _ => None,
        }
    }

    fn attribute(&mut self, expression: &'a Expr) -> Value {
        let Expr::Attribute(attribute) = expression else { return Value::Unknown };
        if let Some(dotted) = self.dotted(expression) {
            return match dotted.as_str() {
                "sys.version_info" => Value::PythonVersion,
                "sys.version_info.major" => Value::Number(3),
                "sys.platform" => Value::Text("linux".to_owned()),
                "os.name" => Value::Text("posix".to_owned()),
                "os.sep" | "os.path.sep" => Value::Text("/".to_owned()),
                "os.environ" => Value::Table(Vec::new()),
                "sys.argv" => Value::List(vec![Value::Text("setup.py".to_owned())]),
                _ => self.module_attribute(&dotted),
            };
        }
        match (self.expression(&attribute.value), attribute.attr.as_str()) {
            (Value::PythonVersion, "major") => Value::Number(3),
            (Value::Text(path), "parent") => Value::Text(folder::parent(&path).to_owned()),
            (Value::Text(path), "name") => Value::Text(folder::file_name(&path).to_owned()),
            // What pip's `parse_requirements` yields.
            (Value::Text(text), "req" | "requirement") => Value::Text(text),
            _ => Value::Unknown,
        }
    }

    /// An attribute of a module of the project, such as `pkg.__version__`.
    fn module_attribute(&mut self, dotted: &str) -> Value {
        let Some((module, name)) = dotted.rsplit_once('.') else { return Value::Unknown };
        match self.module_names(module, 0) {
            Some(names) => names.get(name).cloned().unwrap_or(Value::Unknown),
            None => Value::Module(dotted.to_owned()),
        }
    }

    fn import_from(&mut self, module: &str, level: usize, aliases: &[ruff_python_ast::Alias]) {
        let names = self.module_names(module, level);
        for alias in aliases {
            let imported = alias.name.to_string();
            let target = alias.asname.as_ref().map_or_else(|| imported.clone(), ToString::to_string);
            let value = match &names {
                Some(names) if imported == "*" => {
                    let public = names.iter().filter(|(name, _)| !name.starts_with('_'));
                    self.names.extend(public.map(|(name, value)| (name.clone(), value.clone())));
                    continue;
                }
                Some(names) => names.get(&imported).cloned().unwrap_or_else(|| Value::Module(format!("{module}.{imported}"))),
                None => Value::Module(format!("{module}.{imported}")),
            };
            self.names.insert(target, value);
        }
    }

    /// Returns the names of a module of the project; `None` where it is no module of the project.
    fn module_names(&mut self, module: &str, level: usize) -> Option<BTreeMap<String, Value>> {
        let path = module.replace('.', "/");
        let bases: Vec<String> = if level == 0 {
            ["", "src", "lib"].map(str::to_owned).to_vec()
        } else {
            let mut base = folder::parent(&self.path);
            for _ in 1..level {
                base = folder::parent(base);
            }
            vec![base.to_owned()]
        };
        let candidates = bases.iter().map(|base| folder::join(base, &path));
        let file = candidates
            .flat_map(|path| [format!("{path}/__init__.py"), format!("{path}.py")])
            .find(|path| self.files.has(path) && *path != "setup.py")?;
        self.run_file(&file)
    }

    /// Reads another file of the project as a module and returns its names.
    pub(super) fn run_file(&mut self, path: &str) -> Option<BTreeMap<String, Value>> {
        if self.module_depth >= DEEPEST_MODULE {
            return None;
        }
        let text = self.read(path)?;
        let body = python_source::parse(&text)?;
        let mut module = Module::new(self.files, path, self.effects, self.module_depth + 1);
        module.names.insert("__name__".to_owned(), Value::Text(path.trim_end_matches(".py").replace('/', ".")));
        module.run(&body);
        Some(std::mem::take(&mut module.names))
    }

    /// Calls a function of the module with evaluated arguments.
    pub(super) fn call_function(&mut self, name: &str, arguments: &[Value], keywords: &[(String, Value)]) -> Option<Value> {
        let function = *self.functions.get(name)?;
        let outer = self.names.clone();
        let parameters = function.parameters.args.iter().chain(&function.parameters.kwonlyargs).chain(&function.parameters.posonlyargs);
        for (index, parameter) in parameters.enumerate() {
            let name = parameter.parameter.name.to_string();
            let given = keywords.iter().find(|(keyword, _)| *keyword == name).map(|(_, value)| value.clone());
            let value = given.or_else(|| arguments.get(index).cloned());
            let value = value.unwrap_or_else(|| parameter.default.as_ref().map_or(Value::Unknown, |value| self.expression(value)));
            self.names.insert(name, value);
        }
        if let Some(rest) = &function.parameters.vararg {
            let taken = function.parameters.args.len().min(arguments.len());
            let rest_values = arguments.get(taken..).unwrap_or_default().to_vec();
            self.names.insert(rest.name.to_string(), Value::List(rest_values));
        }
        self.depth += 1;
        let flow = if self.may_go_on() { self.block(&function.body) } else { Flow::Next };
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

fn element(value: &Value, key: &Value) -> Value {
    let found = match (value, key) {
        (Value::PythonVersion, Value::Number(0)) => Some(Value::Number(3)),
        (Value::List(items), Value::Number(index)) => position(*index, items.len()).and_then(|index| items.get(index).cloned()),
        (Value::Groups(groups), Value::Number(index)) => {
            position(*index, groups.len()).and_then(|index| groups.get(index).cloned().flatten()).map(Value::Text)
        }
        (table, Value::Text(key)) => table.get(key).cloned(),
        _ => None,
    };
    found.unwrap_or(Value::Unknown)
}

fn position(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
    usize::try_from(index).ok()
}

fn combine(operator: Operator, left: Value, right: Value) -> Value {
    match (operator, left, right) {
        (Operator::Add, Value::Text(left), Value::Text(right)) if left.len() + right.len() <= LONGEST => Value::Text(left + &right),
        (Operator::Add, Value::List(mut left), Value::List(right)) if left.len() + right.len() <= LONGEST => {
            left.extend(right);
            Value::List(left)
        }
        // Half a list of requirements is better than none.
        (Operator::Add, Value::List(known), _) | (Operator::Add, _, Value::List(known)) => Value::List(known),
        (Operator::Div, Value::Text(folder), Value::Text(path)) => Value::Text(folder::join(&folder, &path)),
        (Operator::Mod, Value::Text(format), argument) => percent(&format, &argument),
        _ => Value::Unknown,
    }
}

/// `'%s-%s' % (a, b)` with texts.
fn percent(format: &str, argument: &Value) -> Value {
    let arguments = match argument {
        Value::List(items) => items.clone(),
        single => vec![single.clone()],
    };
    let mut text = String::new();
    let mut arguments = arguments.iter();
    let mut parts = format.split("%s").peekable();
    while let Some(part) = parts.next() {
        text.push_str(part);
        if parts.peek().is_some() {
            match arguments.next() {
                Some(Value::Text(argument)) => text.push_str(argument),
                Some(Value::Number(number)) => text.push_str(&number.to_string()),
                _ => return Value::Unknown,
            }
        }
    }
    if text.contains('%') { Value::Unknown } else { Value::Text(text) }
}

fn compare_values(left: &Value, operator: CmpOp, right: &Value) -> Option<bool> {
    if *left == Value::PythonVersion {
        return compare_python(operator, right);
    }
    match (left, operator, right) {
        (Value::Unknown | Value::Module(_), ..) | (.., Value::Unknown | Value::Module(_)) => None,
        (Value::Text(part), CmpOp::In, Value::Text(text)) => Some(text.contains(part.as_str())),
        (Value::Text(part), CmpOp::NotIn, Value::Text(text)) => Some(!text.contains(part.as_str())),
        (item, CmpOp::In, Value::List(items)) => Some(items.contains(item)),
        (item, CmpOp::NotIn, Value::List(items)) => Some(!items.contains(item)),
        (Value::Text(key), CmpOp::In, table @ Value::Table(_)) => Some(table.get(key).is_some()),
        (Value::Text(key), CmpOp::NotIn, table @ Value::Table(_)) => Some(table.get(key).is_none()),
        (left, CmpOp::Eq | CmpOp::Is, right) => Some(left == right),
        (left, CmpOp::NotEq | CmpOp::IsNot, right) => Some(left != right),
        (Value::Number(left), operator, Value::Number(right)) => Some(match operator {
            CmpOp::Lt => left < right,
            CmpOp::LtE => left <= right,
            CmpOp::Gt => left > right,
            CmpOp::GtE => left >= right,
            _ => return None,
        }),
        _ => None,
    }
}

/// Compares `sys.version_info` with a tuple: known where every Python from 3.10 on agrees.
fn compare_python(operator: CmpOp, right: &Value) -> Option<bool> {
    let Value::List(items) = right else { return None };
    let numbers: Vec<i64> = items.iter().map_while(|item| if let Value::Number(number) = item { Some(*number) } else { None }).collect();
    let newest = i64::from(PythonVersion::NEWEST_RELEASED.minor) + 1;
    let answers: Vec<Option<bool>> = [vec![3, 10, 5], vec![3, newest, 5]]
        .into_iter()
        .map(|version| match operator {
            CmpOp::Lt => Some(version < numbers),
            CmpOp::LtE => Some(version <= numbers),
            CmpOp::Gt => Some(version > numbers),
            CmpOp::GtE => Some(version >= numbers),
            CmpOp::Eq | CmpOp::Is => Some(version.starts_with(&numbers)),
            CmpOp::NotEq | CmpOp::IsNot => Some(!version.starts_with(&numbers)),
            _ => None,
        })
        .collect();
    match answers.as_slice() {
        [first, second] if first == second => *first,
        _ => None,
    }
}
