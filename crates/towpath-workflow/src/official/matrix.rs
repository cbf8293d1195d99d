//! What the official parser says of a matrix that is written out. Parts with expressions are left alone.

use super::check::Checker;
use crate::yaml::Node;

/// Checks the matrix of a job.
pub(super) fn check(checker: &mut Checker<'_>, matrix: &Node) {
    let Some(entries) = matrix.as_mapping() else {
        return;
    };
    let mut axes = Vec::new();
    let mut has_cells = false;
    for (key, value) in entries {
        let name = key.text().unwrap_or_default();
        match name {
            "include" => has_cells = value.has_expression() || !is_empty(value),
            "exclude" => {}
            _ => {
                axes.push(name);
                if !value.has_expression() && is_empty(value) {
                    checker.mistake(
                        value,
                        format!("Matrix vector '{name}' does not contain any values"),
                    );
                }
            }
        }
    }
    if axes.is_empty() && !has_cells {
        checker.mistake(matrix, "Matrix must define at least one vector");
    }
    if !matrix.has_expression() {
        check_cells(checker, matrix, &axes);
    }
}

fn check_cells(checker: &mut Checker<'_>, matrix: &Node, axes: &[&str]) {
    let cells = |key: &str| {
        matrix
            .get(key)
            .and_then(Node::as_sequence)
            .unwrap_or_default()
    };
    for cell in cells("include").iter().filter(|cell| is_empty(cell)) {
        checker.mistake(cell, "Matrix include mapping does not contain any values");
    }
    for cell in cells("exclude") {
        if is_empty(cell) {
            checker.mistake(cell, "Matrix exclude filter must not be empty");
        }
        for (key, _) in cell.as_mapping().unwrap_or_default() {
            let name = key.text().unwrap_or_default();
            if !axes.iter().any(|axis| axis.eq_ignore_ascii_case(name)) {
                checker.mistake(
                    key,
                    format!("Matrix exclude key '{name}' does not match any key within the matrix"),
                );
            }
        }
    }
}

fn is_empty(node: &Node) -> bool {
    node.as_sequence().is_some_and(<[Node]>::is_empty)
        || node.as_mapping().is_some_and(<[(Node, Node)]>::is_empty)
}
