//! Statements of `setup.py`: assignments, imports, conditions, loops over what is known.

use ruff_python_ast::{Expr, Stmt, StmtFor, StmtIf, StmtImport, StmtTry, StmtWith};

use super::evaluate::{Flow, Module};
use super::operators::combine;
use super::value::Value;

impl<'a> Module<'a, '_> {
    pub(super) fn block(&mut self, body: &'a [Stmt]) -> Flow {
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
                let value = result
                    .value
                    .as_ref()
                    .map_or(Value::Nothing, |value| self.expression(value));
                return Flow::Return(value);
            }
            Stmt::FunctionDef(function) => {
                self.functions.insert(function.name.to_string(), function);
            }
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map(ToString::to_string);
                self.import_from(
                    &module.unwrap_or_default(),
                    import.level as usize,
                    &import.names,
                );
            }
            Stmt::If(branch) => return self.branch(branch),
            Stmt::With(with) => return self.with(with),
            Stmt::Try(attempt) => return self.attempt(attempt),
            Stmt::For(repeat) => return self.repeat(repeat),
            _ => {}
        }
        Flow::Next
    }

    fn import(&mut self, import: &'a StmtImport) {
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

    fn with(&mut self, with: &'a StmtWith) -> Flow {
        for item in &with.items {
            let value = self.expression(&item.context_expr);
            if let Some(target) = &item.optional_vars {
                self.assign(target, value);
            }
        }
        self.block(&with.body)
    }

    /// The handlers are for what does not happen here.
    fn attempt(&mut self, attempt: &'a StmtTry) -> Flow {
        for body in [&attempt.body, &attempt.orelse, &attempt.finalbody] {
            if let Flow::Return(value) = self.block(body) {
                return Flow::Return(value);
            }
        }
        Flow::Next
    }

    fn repeat(&mut self, repeat: &'a StmtFor) -> Flow {
        let items = self.expression(&repeat.iter);
        for item in self.items(&items).into_iter().flatten() {
            self.assign(&repeat.target, item);
            if let Flow::Return(value) = self.block(&repeat.body) {
                return Flow::Return(value);
            }
        }
        Flow::Next
    }

    fn branch(&mut self, branch: &'a StmtIf) -> Flow {
        let first = std::iter::once((Some(branch.test.as_ref()), &branch.body));
        let rest = branch
            .elif_else_clauses
            .iter()
            .map(|clause| (clause.test.as_ref(), &clause.body));
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

    pub(super) fn assign(&mut self, target: &'a Expr, value: Value) {
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
                    *table = std::mem::replace(table, Value::Unknown).bounded();
                }
            }
            _ => {}
        }
    }
}
