//! The body of a session, read statement by statement: what it installs and what it runs.

use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef, StmtIf};
use ruff_text_size::Ranged;

use super::file::{Nox, Session, bind};
use super::names::Names;
use super::value::Value;
use crate::automation::installs::{self, Draft};
use crate::automation::paths;
use crate::automation::walk::{Scene, Walker};

/// A session that is being read.
pub(super) struct Run<'walk, 'tree> {
    pub(super) walker: &'walk mut Walker<'tree>,
    pub(super) nox: Rc<Nox>,
    pub(super) scene: Scene,
    pub(super) python: Option<String>,
    pub(super) session: Session,
    pub(super) posargs: Vec<String>,
    pub(super) locals: BTreeMap<String, Value>,
    pub(super) depth: u32,
}

/// Whether what follows still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Goes,
    Ends,
}

const DEEPEST: u32 = 8;
const MOST_ROUNDS: usize = 40;

impl Run<'_, '_> {
    /// Reads the function of the session.
    pub(super) fn run(mut self) {
        let Some(function) = self.nox.functions.get(&self.session.function).cloned() else {
            return;
        };
        if let Some(first) = function.parameters.args.first() {
            self.locals
                .insert(first.parameter.name.to_string(), Value::Session);
        }
        self.defaults(&function);
        self.statements(&function.body);
    }

    /// Gives parameters that nothing set their defaults.
    fn defaults(&mut self, function: &StmtFunctionDef) {
        for parameter in function
            .parameters
            .args
            .iter()
            .chain(&function.parameters.kwonlyargs)
        {
            let name = parameter.parameter.name.to_string();
            if let Some(default) = parameter
                .default
                .as_deref()
                .filter(|_| !self.locals.contains_key(&name))
            {
                let value = self.evaluate(default);
                self.locals.insert(name, value);
            }
        }
    }

    fn evaluate(&self, expression: &Expr) -> Value {
        self.names().evaluate(expression)
    }

    fn names(&self) -> Names<'_> {
        let mut names = self.nox.names();
        names.values.extend(self.locals.clone());
        names.python.clone_from(&self.python);
        names.session.clone_from(&self.session.name);
        names.posargs.clone_from(&self.posargs);
        names
    }

    fn statements(&mut self, statements: &[Stmt]) -> Flow {
        for statement in statements {
            if self.statement(statement) == Flow::Ends {
                return Flow::Ends;
            }
        }
        Flow::Goes
    }

    fn statement(&mut self, statement: &Stmt) -> Flow {
        match statement {
            Stmt::Expr(expression) => return self.expression(&expression.value),
            Stmt::Assign(assign) => {
                self.expression(&assign.value);
                let value = self.evaluate(&assign.value);
                for target in &assign.targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.evaluate(value);
                    self.assign(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => {
                let (old, more) = (self.evaluate(&assign.target), self.evaluate(&assign.value));
                let value = match (old, more) {
                    (Value::List(mut list), Value::List(more)) => {
                        list.extend(more);
                        Value::List(list)
                    }
                    (Value::Text(text), Value::Text(more)) => Value::Text(text + &more),
                    (old, _) => old,
                };
                self.assign(&assign.target, value);
            }
            Stmt::If(choice) => return self.choice(choice),
            Stmt::For(each) => {
                self.for_loop(&each.target, &each.iter, &each.body);
            }
            Stmt::While(repeat) => {
                self.statements(&repeat.body);
            }
            Stmt::With(with) => {
                let folder = self.scene.folder.clone();
                for item in &with.items {
                    self.expression(&item.context_expr);
                }
                let flow = self.statements(&with.body);
                self.scene.folder = folder;
                return flow;
            }
            Stmt::Try(attempt) => {
                let catches = attempt.handlers.iter().all(|handler| {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    !handler.body.iter().any(ends)
                });
                let before = self.scene.can_fail;
                self.scene.can_fail &= attempt.handlers.is_empty() || !catches;
                let flow = self.statements(&attempt.body);
                self.scene.can_fail = before;
                self.statements(&attempt.orelse);
                self.statements(&attempt.finalbody);
                return flow;
            }
            Stmt::Return(value) => {
                if let Some(value) = &value.value {
                    self.expression(value);
                }
                return Flow::Ends;
            }
            Stmt::Raise(_) => return Flow::Ends,
            _ => {}
        }
        Flow::Goes
    }

    fn assign(&mut self, target: &Expr, value: Value) {
        match target {
            Expr::Name(name) => {
                self.locals.insert(name.id.to_string(), value);
            }
            Expr::Tuple(names) => {
                let names: Vec<String> = names.elts.iter().filter_map(name_of).collect();
                bind(&mut self.locals, &names, &value);
            }
            Expr::Subscript(subscript) => {
                let is_environment = matches!(&*subscript.value, Expr::Attribute(attribute) if attribute.attr.as_str() == "env");
                if let (true, [key]) = (
                    is_environment,
                    self.evaluate(&subscript.slice).words().as_slice(),
                ) {
                    self.scene
                        .environment
                        .insert(key.clone(), value.words().join(" "));
                } else if let Expr::Name(name) = &*subscript.value {
                    let key = self.evaluate(&subscript.slice).words().join(" ");
                    if let Some(Value::Dictionary(entries)) = self.locals.get_mut(name.id.as_str())
                    {
                        entries.push((key, value));
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes the branch that holds; both where that is not known.
    fn choice(&mut self, choice: &StmtIf) -> Flow {
        match self.evaluate(&choice.test).truth() {
            Some(true) => return self.statements(&choice.body),
            None => {
                self.statements(&choice.body);
            }
            Some(false) => {}
        }
        for clause in &choice.elif_else_clauses {
            let truth = clause
                .test
                .as_ref()
                .map_or(Some(true), |test| self.evaluate(test).truth());
            match truth {
                Some(true) => {
                    let flow = self.statements(&clause.body);
                    let is_certain = self.evaluate(&choice.test).truth() == Some(false);
                    return if is_certain { flow } else { Flow::Goes };
                }
                None => {
                    self.statements(&clause.body);
                }
                Some(false) => {}
            }
        }
        Flow::Goes
    }

    fn for_loop(&mut self, target: &Expr, items: &Expr, body: &[Stmt]) {
        let names: Vec<String> = match target {
            Expr::Tuple(tuple) => tuple.elts.iter().filter_map(name_of).collect(),
            other => name_of(other).into_iter().collect(),
        };
        match self.evaluate(items) {
            Value::List(items) => {
                for item in items.iter().take(MOST_ROUNDS) {
                    bind(&mut self.locals, &names, item);
                    self.statements(body);
                }
            }
            unknown => {
                bind(
                    &mut self.locals,
                    &names,
                    &Value::Unknown(unknown.words().join(" ")),
                );
                self.statements(body);
            }
        }
    }

    fn expression(&mut self, expression: &Expr) -> Flow {
        match expression {
            Expr::Call(call) => self.call(call),
            Expr::Await(inner) => self.expression(&inner.value),
            Expr::If(choice) => {
                self.expression(&choice.body);
                self.expression(&choice.orelse)
            }
            _ => Flow::Goes,
        }
    }

    fn call(&mut self, call: &ExprCall) -> Flow {
        match &*call.func {
            Expr::Attribute(attribute) if self.evaluate(&attribute.value) == Value::Session => {
                return self.session_method(attribute.attr.as_str(), call);
            }
            Expr::Attribute(attribute) => {
                self.list_method(&attribute.value, attribute.attr.as_str(), call);
            }
            Expr::Name(name) => self.function(name.id.as_str(), call),
            _ => {}
        }
        Flow::Goes
    }

    fn session_method(&mut self, method: &str, call: &ExprCall) -> Flow {
        let words = self.names().items(&call.arguments.args).words();
        let line = 1 + self
            .nox
            .text
            .get(..usize::from(call.range().start()))
            .map_or(0, |text| text.matches('\n').count() as u32);
        let mut scene = self.scene.at_line(line);
        match method {
            "install" => self.install(&words, &scene),
            "run" | "run_always" | "run_install" => {
                self.keywords(call, &mut scene);
                self.walker.command(&words, &scene);
            }
            "chdir" | "cd" => {
                if let Some(folder) = words.first() {
                    self.scene.folder = paths::join(&self.nox.folder, folder);
                }
            }
            "notify" => {
                if let Some(name) = words.first() {
                    let nox = Rc::clone(&self.nox);
                    self.walker
                        .nox_named(&nox, name, &self.posargs, &self.scene);
                }
            }
            "error" | "skip" => return Flow::Ends,
            _ => {}
        }
        Flow::Goes
    }

    fn install(&mut self, words: &[String], scene: &Scene) {
        let mut command = vec!["pip".to_owned(), "install".to_owned()];
        command.extend(words.iter().cloned());
        if let Some(draft) = installs::read(&command) {
            self.walker.install(
                Draft {
                    installer: "nox",
                    ..draft
                },
                scene,
            );
        }
    }

    fn keywords(&mut self, call: &ExprCall, scene: &mut Scene) {
        for keyword in &call.arguments.keywords {
            let value = self.evaluate(&keyword.value);
            match (keyword.arg.as_ref().map_or("", |name| name.as_str()), value) {
                ("env", Value::Dictionary(entries)) => {
                    scene.environment.extend(
                        entries
                            .into_iter()
                            .map(|(name, value)| (name, value.words().join(" "))),
                    );
                }
                ("success_codes", Value::List(codes)) => {
                    scene.can_fail &= !codes.contains(&Value::Number(1));
                }
                _ => {}
            }
        }
    }

    /// `args.append(x)`, `args.extend([…])`, `env.update(…)`.
    fn list_method(&mut self, target: &Expr, method: &str, call: &ExprCall) {
        let (Some(name), Some(argument)) = (name_of(target), call.arguments.args.first()) else {
            return;
        };
        let value = self.evaluate(argument);
        match (self.locals.get_mut(&name), method, value) {
            (Some(Value::List(list)), "append", value) => list.push(value),
            (Some(Value::List(list)), "extend", Value::List(more)) => list.extend(more),
            (Some(Value::List(list)), "insert", Value::Number(0)) => {
                let value = call
                    .arguments
                    .args
                    .get(1)
                    .map(|value| self.nox.names().evaluate(value));
                list.splice(0..0, value);
            }
            (Some(Value::Dictionary(entries)), "update", Value::Dictionary(more)) => {
                entries.extend(more);
            }
            _ => {}
        }
    }

    /// Reads a function of the noxfile that takes part in the session.
    fn function(&mut self, name: &str, call: &ExprCall) {
        let Some(function) = self.nox.functions.get(name).cloned() else {
            return;
        };
        let mut locals = BTreeMap::new();
        let mut takes_session = false;
        for (parameter, argument) in function.parameters.args.iter().zip(&call.arguments.args) {
            let value = self.evaluate(argument);
            takes_session |= value == Value::Session;
            locals.insert(parameter.parameter.name.to_string(), value);
        }
        if let Some(rest) = &function.parameters.vararg {
            let own = call
                .arguments
                .args
                .get(function.parameters.args.len()..)
                .unwrap_or_default();
            locals.insert(rest.name.to_string(), self.names().items(own));
        }
        for keyword in &call.arguments.keywords {
            let value = self.evaluate(&keyword.value);
            takes_session |= value == Value::Session;
            if let Some(name) = &keyword.arg {
                locals.insert(name.to_string(), value);
            }
        }
        if !takes_session || self.depth >= DEEPEST {
            return;
        }
        let outer = std::mem::replace(&mut self.locals, locals);
        self.defaults(&function);
        self.depth += 1;
        self.statements(&function.body);
        self.depth -= 1;
        self.locals = outer;
    }
}

fn name_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        _ => None,
    }
}

/// Returns whether a statement ends the session badly.
fn ends(statement: &Stmt) -> bool {
    match statement {
        Stmt::Raise(_) => true,
        Stmt::Expr(expression) => matches!(&*expression.value, Expr::Call(call)
            if matches!(&*call.func, Expr::Attribute(attribute) if attribute.attr.as_str() == "error")),
        _ => false,
    }
}
