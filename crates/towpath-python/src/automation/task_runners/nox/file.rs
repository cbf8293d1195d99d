//! A noxfile: its sessions with their Pythons and parameters, its functions and its constants.

use std::collections::BTreeMap;

use ruff_python_ast::{Decorator, Expr, ExprCall, Stmt, StmtFunctionDef};

use super::names::Names;
use super::value::Value;
use crate::automation::tables::Node;

/// A noxfile.
#[derive(Debug)]
pub(super) struct Nox {
    pub(super) path: String,
    pub(super) folder: String,
    pub(super) text: String,
    pub(super) manifest: Option<Node>,
    pub(super) sessions: Vec<Session>,
    pub(super) functions: BTreeMap<String, StmtFunctionDef>,
    pub(super) constants: BTreeMap<String, Value>,
    /// `nox.options.sessions`.
    pub(super) chosen: Option<Vec<String>>,
}

/// A session.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    pub(super) name: String,
    pub(super) function: String,
    pub(super) pythons: Vec<String>,
    /// Each set of parameters that `nox.parametrize` gives; one empty set without it.
    pub(super) parameters: Vec<BTreeMap<String, Value>>,
    pub(super) is_default: bool,
    pub(super) tags: Vec<String>,
    pub(super) requires: Vec<String>,
    /// Whether it has no environment of its own.
    pub(super) shares_environment: bool,
}

const MOST_PARAMETERS: usize = 60;

impl Nox {
    /// Reads a noxfile; `None` for what is no Python.
    pub(super) fn parse(
        path: &str,
        folder: &str,
        text: String,
        manifest: Option<Node>,
    ) -> Option<Self> {
        let module = ruff_python_parser::parse_module(&text).ok()?.into_syntax();
        let mut nox = Self {
            path: path.to_owned(),
            folder: folder.to_owned(),
            text,
            manifest,
            sessions: Vec::new(),
            functions: BTreeMap::new(),
            constants: BTreeMap::from([(
                "__file__".to_owned(),
                Value::Text("noxfile.py".to_owned()),
            )]),
            chosen: None,
        };
        nox.statements(&module.body);
        Some(nox)
    }

    /// Returns the names of the module.
    pub(super) fn names(&self) -> Names<'_> {
        Names {
            source: &self.text,
            values: self.constants.clone(),
            manifest: self.manifest.as_ref(),
            ..Names::default()
        }
    }

    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            match statement {
                Stmt::Assign(assign) => {
                    let value = self.names().evaluate(&assign.value);
                    for target in &assign.targets {
                        self.assign(target, &value);
                    }
                }
                Stmt::AnnAssign(assign) => {
                    if let Some(value) = &assign.value {
                        let value = self.names().evaluate(value);
                        self.assign(&assign.target, &value);
                    }
                }
                Stmt::FunctionDef(function) => self.function(function),
                Stmt::If(choice) => {
                    self.statements(&choice.body);
                    for clause in &choice.elif_else_clauses {
                        self.statements(&clause.body);
                    }
                }
                Stmt::Try(attempt) => self.statements(&attempt.body),
                Stmt::With(with) => self.statements(&with.body),
                _ => {}
            }
        }
    }

    fn assign(&mut self, target: &Expr, value: &Value) {
        match target {
            Expr::Name(name) => {
                self.constants.insert(name.id.to_string(), value.clone());
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "sessions" => {
                self.chosen = Some(value.words());
            }
            _ => {}
        }
    }

    fn function(&mut self, function: &StmtFunctionDef) {
        let name = function.name.to_string();
        self.functions.insert(name.clone(), function.clone());
        let Some(decorator) = function
            .decorator_list
            .iter()
            .find(|decorator| is_call_of(decorator, "session"))
        else {
            return;
        };
        let mut session = Session {
            name: name.clone(),
            function: name,
            is_default: true,
            ..Session::default()
        };
        if let Expr::Call(call) = &decorator.expression {
            self.options(&mut session, call);
        }
        session.parameters = self.parameters(&function.decorator_list);
        self.sessions.push(session);
    }

    fn options(&self, session: &mut Session, call: &ExprCall) {
        let names = self.names();
        for keyword in &call.arguments.keywords {
            let value = names.evaluate(&keyword.value);
            match keyword.arg.as_ref().map_or("", |name| name.as_str()) {
                "python" | "py" => session.pythons = value.words(),
                "name" => session.name = value.words().join(" "),
                "default" => session.is_default = value.truth() != Some(false),
                "tags" => session.tags = value.words(),
                "requires" => session.requires = value.words(),
                "venv_backend" => {
                    session.shares_environment = value == Value::Text("none".to_owned());
                }
                _ => {}
            }
            if keyword.arg.as_ref().is_some_and(|name| name == "python")
                && value == Value::Boolean(false)
            {
                session.shares_environment = true;
            }
        }
        if let Some(pythons) = call.arguments.args.first() {
            session.pythons = names.evaluate(pythons).words();
        }
    }

    /// Multiplies the values of all `nox.parametrize` decorators.
    fn parameters(&self, decorators: &[Decorator]) -> Vec<BTreeMap<String, Value>> {
        let mut sets = vec![BTreeMap::new()];
        for decorator in decorators
            .iter()
            .filter(|decorator| is_call_of(decorator, "parametrize"))
        {
            let Expr::Call(call) = &decorator.expression else {
                continue;
            };
            let [names, values, ..] = &*call.arguments.args else {
                continue;
            };
            let names: Vec<String> = self
                .names()
                .evaluate(names)
                .words()
                .iter()
                .flat_map(|text| text.split(','))
                .map(|name| name.trim().to_owned())
                .collect();
            let Value::List(values) = self.names().evaluate(values) else {
                continue;
            };
            let mut product = Vec::new();
            for set in &sets {
                for value in &values {
                    let mut set: BTreeMap<String, Value> = set.clone();
                    bind(&mut set, &names, value);
                    product.push(set);
                }
            }
            product.truncate(MOST_PARAMETERS);
            if !product.is_empty() {
                sets = product;
            }
        }
        sets
    }
}

/// Binds one name to a value, or several to the items of a list.
pub(super) fn bind(set: &mut BTreeMap<String, Value>, names: &[String], value: &Value) {
    match (names, value) {
        ([name], value) => {
            set.insert(name.clone(), value.clone());
        }
        (names, Value::List(items)) => set.extend(names.iter().cloned().zip(items.iter().cloned())),
        (names, value) => set.extend(names.iter().map(|name| (name.clone(), value.clone()))),
    }
}

/// Returns whether a decorator is `@nox.NAME`, `@NAME` or a call of one.
fn is_call_of(decorator: &Decorator, name: &str) -> bool {
    let function = match &decorator.expression {
        Expr::Call(call) => &*call.func,
        other => other,
    };
    match function {
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == name
                && !matches!(&*attribute.value, Expr::Name(module) if module.id.as_str() == "pytest")
        }
        Expr::Name(function) => {
            let id = function.id.as_str();
            id == name || (name == "session" && id == "nox_session")
        }
        _ => false,
    }
}
