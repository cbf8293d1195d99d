//! From the axes of a matrix to its combinations, by GitHub's rules. Pure; what expressions use is
//! handed in.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::expression::{Scope, Template, is_insert};
use crate::legal::Legal;
use crate::syntax::{Dynamic, Matrix, MatrixAxes, MatrixCell, MatrixCells, Text};

/// Most copies that one matrix may give.
pub const MAX_COPIES: usize = 256;

/// Most combinations that are looked at, excluded ones among them.
const MAX_LOOKED_AT: usize = 1_000_000;

/// A matrix whose expressions are evaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatrixValues {
    /// The axes in order, each with its values.
    pub axes: Vec<(String, Vec<Value>)>,
    /// Combinations to extend or add.
    pub include: Vec<MatrixCell>,
    /// Combinations to leave out.
    pub exclude: Vec<MatrixCell>,
}

/// Why a matrix has no combinations.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// There is no axis and no `include`.
    #[error("the matrix defines no axis")]
    Empty,
    /// An axis has no values.
    #[error("the matrix axis `{0}` has no values")]
    EmptyAxis(String),
    /// `exclude` names a key that is no axis.
    #[error("`exclude` names `{0}`, which is not an axis of the matrix")]
    UnknownExclude(String),
    /// An item of `include` or `exclude` names nothing.
    #[error("an item of `{0}` is empty")]
    EmptyCell(&'static str),
    /// There are too many copies.
    #[error("the matrix gives more than {MAX_COPIES} jobs")]
    TooMany,
    /// The value has not the form of a matrix.
    #[error("{0}")]
    Form(String),
}

impl Error {
    /// Returns what to do.
    pub fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Empty => {
                "add an axis such as `python-version: [\"3.12\"]`, or remove `matrix`".to_owned()
            }
            Self::EmptyAxis(name) => {
                format!("give `{name}` at least one value, or skip the job with `if`")
            }
            Self::UnknownExclude(_) => {
                "exclude by the names of the axes; `include` adds other keys".to_owned()
            }
            Self::EmptyCell(_) => "name an axis with a value, or remove the item".to_owned(),
            Self::TooMany => "split the job, or exclude combinations".to_owned(),
            Self::Form(_) => {
                "a matrix is a mapping of axes to lists, with lists `include` and `exclude`"
                    .to_owned()
            }
        }]
    }
}

impl MatrixValues {
    /// Returns a matrix in which there is no expression; none where there is one.
    pub fn written(axes: &MatrixAxes) -> Option<Self> {
        let cells = |cells: &MatrixCells| -> Option<Vec<MatrixCell>> {
            let cells = cells.value()?.iter();
            cells.map(|cell| cell.value().cloned()).collect()
        };
        let values = Self {
            axes: axes
                .axes
                .iter()
                .map(|(name, axis)| Some((name.clone(), axis.value()?.clone())))
                .collect::<Option<_>>()?,
            include: cells(&axes.include)?,
            exclude: cells(&axes.exclude)?,
        };
        let in_axes = values
            .axes
            .iter()
            .any(|(name, axis)| name.contains("${{") || axis.iter().any(has_expression));
        let mut cells = values.include.iter().chain(&values.exclude);
        (!in_axes && !cells.any(cell_has_expression)).then_some(values)
    }

    /// Evaluates every expression of a matrix: the whole, an axis, a list, an item, or a name or text in one.
    pub fn evaluated(matrix: &Matrix, scope: &Scope<'_>) -> Result<Self, Error> {
        let axes = match matrix {
            Dynamic::Value(axes) => axes,
            Dynamic::Expression(text) => return Self::from_value(&evaluate_text(text, scope)?),
        };
        let mut whole = Map::new();
        for (name, axis) in &axes.axes {
            let values = match axis {
                Dynamic::Value(values) => evaluate(&Value::Array(values.clone()), scope)?,
                Dynamic::Expression(text) => evaluate_text(text, scope)?,
            };
            put(&mut whole, name, values, scope)?;
        }
        for (name, cells) in [("include", &axes.include), ("exclude", &axes.exclude)] {
            if *cells != MatrixCells::default() {
                put(&mut whole, name, evaluate_cells(cells, scope)?, scope)?;
            }
        }
        Self::from_value(&Value::Object(whole))
    }

    /// Reads what `fromJSON` gave for a whole matrix.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let Value::Object(entries) = value else {
            return Err(Error::Form("the matrix is not a mapping".to_owned()));
        };
        let mut matrix = Self::default();
        for (name, value) in entries {
            match name.to_ascii_lowercase().as_str() {
                "include" => matrix.include = cells(name, value)?,
                "exclude" => matrix.exclude = cells(name, value)?,
                _ => match value {
                    Value::Array(values) => matrix.axes.push((name.clone(), values.clone())),
                    _ => {
                        return Err(Error::Form(format!(
                            "the matrix axis `{name}` is not a list"
                        )));
                    }
                },
            }
        }
        Ok(matrix)
    }
}

/// Returns the combinations of a matrix in the order in which GitHub starts them: the last axis
/// changes fastest, combinations that only `include` adds come last.
pub fn expand_matrix(matrix: &MatrixValues) -> Result<Vec<MatrixCell>, Error> {
    check(matrix)?;
    let originals = product(matrix)?;
    let mut cells = originals.clone();
    let mut added = Vec::new();
    for include in &matrix.include {
        let mut is_used = false;
        for (original, cell) in originals.iter().zip(&mut cells) {
            if include
                .iter()
                .all(|(name, value)| lookup(original, name).is_none_or(|own| equal(own, value)))
            {
                is_used = true;
                for (name, value) in include {
                    if lookup(original, name).is_none() {
                        cell.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        if !is_used {
            added.push(include.clone());
        }
    }
    cells.append(&mut added);
    if cells.len() > MAX_COPIES {
        return Err(Error::TooMany);
    }
    Ok(cells)
}

fn evaluate_cells(cells: &MatrixCells, scope: &Scope<'_>) -> Result<Value, Error> {
    let cells = match cells {
        Dynamic::Value(cells) => cells,
        Dynamic::Expression(text) => return evaluate_text(text, scope),
    };
    let mut all = Vec::with_capacity(cells.len());
    for cell in cells {
        match cell {
            Dynamic::Value(cell) => all.push(evaluate(&Value::Object(cell.clone()), scope)?),
            Dynamic::Expression(text) => extend(&mut all, evaluate_text(text, scope)?),
        }
    }
    Ok(Value::Array(all))
}

/// Adds what an item of a list gave: a list stands for its items.
fn extend(all: &mut Vec<Value>, given: Value) {
    match given {
        Value::Array(items) => all.extend(items),
        value => all.push(value),
    }
}

/// Adds an entry to a mapping: its name may be an expression, and `${{ insert }}` stands for the entries
/// of its value.
fn put(all: &mut MatrixCell, name: &str, value: Value, scope: &Scope<'_>) -> Result<(), Error> {
    let entries = if is_insert(name) {
        let Value::Object(entries) = value else {
            return Err(Error::Form(format!("`{name}` of the matrix is no mapping")));
        };
        entries
    } else {
        Map::from_iter([(evaluate_name(name, scope)?, value)])
    };
    for (name, value) in entries {
        if lookup(all, &name).is_some() {
            return Err(Error::Form(format!("the matrix defines `{name}` twice")));
        }
        all.insert(name, value);
    }
    Ok(())
}

fn evaluate_name(name: &str, scope: &Scope<'_>) -> Result<String, Error> {
    if !name.contains("${{") {
        return Ok(name.to_owned());
    }
    match evaluate_text(&Text::from(name), scope)? {
        Value::String(name) => Ok(name),
        Value::Array(_) | Value::Object(_) => {
            Err(Error::Form(format!("`{name}` gives no name in the matrix")))
        }
        Value::Null => Ok(String::new()),
        value => Ok(value.to_string()),
    }
}

/// Evaluates the texts in a value, however deep they lie.
fn evaluate(value: &Value, scope: &Scope<'_>) -> Result<Value, Error> {
    match value {
        Value::String(text) if text.contains("${{") => {
            evaluate_text(&Text::from(text.as_str()), scope)
        }
        Value::Array(items) => {
            let mut all = Vec::with_capacity(items.len());
            for item in items {
                let given = evaluate(item, scope)?;
                if item.is_string() {
                    extend(&mut all, given);
                } else {
                    all.push(given);
                }
            }
            Ok(Value::Array(all))
        }
        Value::Object(entries) => {
            let mut all = Map::new();
            for (name, value) in entries {
                put(&mut all, name, evaluate(value, scope)?, scope)?;
            }
            Ok(Value::Object(all))
        }
        _ => Ok(value.clone()),
    }
}

fn evaluate_text(text: &Text, scope: &Scope<'_>) -> Result<Value, Error> {
    let template = Template::parse(text.source.trim(), &Legal::STRATEGY.names());
    let value = template
        .map_err(|errors| errors.into_iter().next())
        .and_then(|template| template.evaluate(scope).map_err(Some));
    match value {
        Ok(value) => Ok(Value::from(&value)),
        Err(error) => Err(Error::Form(format!(
            "`{}` has no value: {}",
            text.source.trim(),
            error.map_or_else(String::new, |error| error.message)
        ))),
    }
}

fn has_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${{"),
        Value::Array(items) => items.iter().any(has_expression),
        Value::Object(entries) => cell_has_expression(entries),
        _ => false,
    }
}

fn cell_has_expression(cell: &MatrixCell) -> bool {
    cell.iter()
        .any(|(name, value)| name.contains("${{") || has_expression(value))
}

fn cells(name: &str, value: &Value) -> Result<Vec<MatrixCell>, Error> {
    let form = || Error::Form(format!("`{name}` of the matrix is not a list of mappings"));
    let Value::Array(items) = value else {
        return Err(form());
    };
    items
        .iter()
        .map(|item| item.as_object().cloned().ok_or_else(form))
        .collect()
}

fn check(matrix: &MatrixValues) -> Result<(), Error> {
    if matrix.axes.is_empty() && matrix.include.is_empty() {
        return Err(Error::Empty);
    }
    if let Some((name, _)) = matrix.axes.iter().find(|(_, values)| values.is_empty()) {
        return Err(Error::EmptyAxis(name.clone()));
    }
    for (list, cells) in [("include", &matrix.include), ("exclude", &matrix.exclude)] {
        if cells.iter().any(MatrixCell::is_empty) {
            return Err(Error::EmptyCell(list));
        }
    }
    let is_axis = |name: &str| {
        matrix
            .axes
            .iter()
            .any(|(axis, _)| axis.eq_ignore_ascii_case(name))
    };
    match matrix
        .exclude
        .iter()
        .flat_map(|cell| cell.keys())
        .find(|name| !is_axis(name))
    {
        Some(name) => Err(Error::UnknownExclude(name.clone())),
        None => Ok(()),
    }
}

/// Walks the cross product without building what is excluded.
fn product(matrix: &MatrixValues) -> Result<Vec<MatrixCell>, Error> {
    let mut cells = Vec::new();
    if matrix.axes.is_empty() {
        return Ok(cells);
    }
    let mut positions = vec![0_usize; matrix.axes.len()];
    for _ in 0..MAX_LOOKED_AT {
        let cell: MatrixCell = matrix
            .axes
            .iter()
            .zip(&positions)
            .filter_map(|((name, values), position)| {
                Some((name.clone(), values.get(*position)?.clone()))
            })
            .collect();
        if !matrix
            .exclude
            .iter()
            .any(|exclude| is_excluded(&cell, exclude))
        {
            cells.push(cell);
            if cells.len() > MAX_COPIES {
                return Err(Error::TooMany);
            }
        }
        if !advance(&mut positions, &matrix.axes) {
            return Ok(cells);
        }
    }
    Err(Error::TooMany)
}

/// Moves to the next combination; tells whether there was one.
fn advance(positions: &mut [usize], axes: &[(String, Vec<Value>)]) -> bool {
    for (position, (_, values)) in positions.iter_mut().zip(axes).rev() {
        *position += 1;
        if *position < values.len() {
            return true;
        }
        *position = 0;
    }
    false
}

fn is_excluded(cell: &MatrixCell, exclude: &MatrixCell) -> bool {
    exclude
        .iter()
        .all(|(name, value)| lookup(cell, name).is_some_and(|own| equal(own, value)))
}

fn lookup<'a>(cell: &'a MatrixCell, name: &str) -> Option<&'a Value> {
    cell.iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Compares by value: `1` and `1.0` are the same number, and a listed key of an object must match.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| {
                    lookup(right, name).is_some_and(|other| equal(value, other))
                })
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests;
