//! The matrix of a job, as written: values may still hold expressions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::text::{Dynamic, Text};

/// One combination of a matrix: names with their values, in order.
pub type MatrixCell = Map<String, Value>;

/// What differs between the copies of a job.
pub type Matrix = Dynamic<MatrixAxes>;

/// A matrix that is written out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MatrixAxes {
    /// The axes in the order of the file, each with its values; strings in them may hold expressions.
    pub axes: Vec<(String, Dynamic<Vec<Value>>)>,
    /// Combinations to extend or add.
    pub include: Dynamic<Vec<MatrixCell>>,
    /// Combinations to leave out.
    pub exclude: Dynamic<Vec<MatrixCell>>,
}

impl MatrixAxes {
    /// Returns a matrix of one axis.
    pub fn of_axis(name: &str, values: Vec<Value>) -> Self {
        Self {
            axes: vec![(name.to_owned(), Dynamic::Value(values))],
            ..Self::default()
        }
    }

    /// Returns the expressions that must be evaluated before the matrix is known.
    pub fn expressions(&self) -> Vec<&Text> {
        let axes = self.axes.iter().filter_map(|(_, axis)| match axis {
            Dynamic::Expression(text) => Some(text),
            Dynamic::Value(_) => None,
        });
        let lists = [&self.include, &self.exclude]
            .into_iter()
            .filter_map(|list| match list {
                Dynamic::Expression(text) => Some(text),
                Dynamic::Value(_) => None,
            });
        axes.chain(lists).collect()
    }
}
