//! `strategy`: the matrix of a job. One that is written out is expanded to see that it works.

use serde_json::Value as Json;

use super::fields::Form;
use super::reader::{Reader, Whole};
use crate::expression::is_insert;
use crate::legal::Legal;
use crate::matrix::{self, MatrixValues, expand_matrix};
use crate::syntax::{Dynamic, Matrix, MatrixAxes, MatrixCells, Strategy};
use crate::yaml::{Node, Value};

impl Reader<'_> {
    pub(super) fn strategy(&mut self, node: &Node) -> Option<Dynamic<Strategy>> {
        let legal = &Legal::STRATEGY;
        match self.whole(node, legal) {
            Whole::Expression(text) => return Some(Dynamic::Expression(text)),
            Whole::Wrong => return None,
            Whole::WrittenOut => {}
        }
        let form = Form {
            keys: &["fail-fast", "max-parallel", "matrix"],
            which: "`strategy`",
            kind: "a strategy",
        };
        let fields = self.fields(node, &form)?;
        let fail_fast = fields
            .get("fail-fast")
            .and_then(|node| self.boolean(node, "`fail-fast`", legal));
        let max_parallel = fields
            .get("max-parallel")
            .and_then(|node| self.number(node, "`max-parallel`", legal));
        let matrix = fields.get("matrix").and_then(|node| self.matrix(node));
        Some(Dynamic::Value(Strategy {
            matrix,
            fail_fast: fail_fast.unwrap_or(Dynamic::Value(true)),
            max_parallel,
        }))
    }

    fn matrix(&mut self, node: &Node) -> Option<Matrix> {
        match self.whole(node, &Legal::STRATEGY) {
            Whole::Expression(text) => return Some(Dynamic::Expression(text)),
            Whole::Wrong => return None,
            Whole::WrittenOut => {}
        }
        let problems_before = self.problem_count();
        let mut axes = MatrixAxes::default();
        self.matrix_entries(node, &mut axes);
        if self.problem_count() == problems_before {
            self.check_matrix(node, &axes);
        }
        Some(Dynamic::Value(axes))
    }

    fn matrix_entries(&mut self, node: &Node, axes: &mut MatrixAxes) {
        for (name, key, value) in self.entries(node, "`matrix`") {
            match name.to_ascii_lowercase().as_str() {
                "include" => axes.include = self.cells(value, name).unwrap_or_default(),
                "exclude" => axes.exclude = self.cells(value, name).unwrap_or_default(),
                _ if is_insert(name) && value.as_mapping().is_some() => {
                    self.matrix_entries(value, axes);
                }
                _ => {
                    self.check_name(key);
                    axes.axes.extend(
                        self.axis(name, value)
                            .map(|values| (name.to_owned(), values)),
                    );
                }
            }
        }
    }

    fn check_name(&mut self, key: &Node) {
        if !key.text().is_some_and(is_insert) {
            self.check_expressions(key, &Legal::STRATEGY);
        }
    }

    fn axis(&mut self, name: &str, node: &Node) -> Option<Dynamic<Vec<Json>>> {
        match self.whole(node, &Legal::STRATEGY) {
            Whole::Expression(text) => return Some(Dynamic::Expression(text)),
            Whole::Wrong => return None,
            Whole::WrittenOut => {}
        }
        let Some(items) = node.as_sequence() else {
            let what = format!("the matrix axis `{name}`");
            self.wrong_kind(node, &what, "a list");
            return None;
        };
        if items.is_empty() {
            let hint = matrix::Error::EmptyAxis(name.to_owned())
                .hints()
                .into_iter()
                .next();
            self.problem(
                node.span.clone(),
                format!("the matrix axis `{name}` has no values"),
                "needs a value",
                hint,
            );
            return None;
        }
        Some(Dynamic::Value(
            items.iter().map(|item| self.json(item)).collect(),
        ))
    }

    fn cells(&mut self, node: &Node, key: &str) -> Option<MatrixCells> {
        match self.whole(node, &Legal::STRATEGY) {
            Whole::Expression(text) => return Some(Dynamic::Expression(text)),
            Whole::Wrong => return None,
            Whole::WrittenOut => {}
        }
        let Some(items) = node.as_sequence() else {
            self.wrong_kind(node, &format!("`{key}`"), "a list of mappings");
            return None;
        };
        let mut cells = Vec::new();
        for item in items {
            match self.whole(item, &Legal::STRATEGY) {
                Whole::Expression(text) => cells.push(Dynamic::Expression(text)),
                Whole::Wrong => {}
                Whole::WrittenOut => match self.json(item) {
                    Json::Object(cell) => cells.push(Dynamic::Value(cell)),
                    _ => self.wrong_kind(item, &format!("an item of `{key}`"), "a mapping"),
                },
            }
        }
        Some(Dynamic::Value(cells))
    }

    /// Returns a value of the matrix with its expressions checked and left in.
    fn json(&mut self, node: &Node) -> Json {
        self.check_expressions(node, &Legal::STRATEGY);
        match &node.value {
            Value::Null => Json::Null,
            Value::Boolean(value) => Json::Bool(*value),
            Value::Number(value) => json_number(*value),
            Value::String(text) => Json::String(text.clone()),
            Value::Sequence(items) => {
                Json::Array(items.iter().map(|item| self.json(item)).collect())
            }
            Value::Mapping(entries) => {
                let entry = |(key, value): &(Node, Node)| {
                    self.check_name(key);
                    Some((key.text()?.to_owned(), self.json(value)))
                };
                Json::Object(entries.iter().filter_map(entry).collect())
            }
        }
    }

    fn check_matrix(&mut self, node: &Node, axes: &MatrixAxes) {
        let Some(values) = MatrixValues::written(axes) else {
            return;
        };
        if let Err(error) = expand_matrix(&values) {
            let hint = error.hints().into_iter().next();
            let label = match error {
                matrix::Error::TooMany => "too many combinations",
                _ => "this matrix",
            };
            self.problem(node.span.clone(), error.to_string(), label, hint);
        }
    }
}

fn json_number(value: f64) -> Json {
    Json::from(&crate::expression::Value::from(value))
}
