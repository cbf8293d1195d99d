//! The matrix of a job, as written: values may still hold expressions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::text::Dynamic;

/// One combination of a matrix: names with their values, in order.
pub type MatrixCell = Map<String, Value>;

/// A list of combinations; the list and each of them may be one expression.
pub type MatrixCells = Dynamic<Vec<Dynamic<MatrixCell>>>;

/// What differs between the copies of a job.
pub type Matrix = Dynamic<MatrixAxes>;

/// A matrix that is written out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MatrixAxes {
    /// The axes in the order of the file, each with its values; strings in them may hold expressions.
    pub axes: Vec<(String, Dynamic<Vec<Value>>)>,
    /// Combinations to extend or add.
    pub include: MatrixCells,
    /// Combinations to leave out.
    pub exclude: MatrixCells,
}

impl MatrixAxes {
    /// Returns a matrix of one axis.
    pub fn of_axis(name: &str, values: Vec<Value>) -> Self {
        Self {
            axes: vec![(name.to_owned(), Dynamic::Value(values))],
            ..Self::default()
        }
    }
}
