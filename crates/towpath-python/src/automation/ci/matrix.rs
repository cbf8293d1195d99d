//! The cells of a job's matrix on GitHub: the product, `exclude`, `include`. A matrix that only a
//! run can know has no cells here but one in which every key is unknown.

use std::collections::BTreeMap;

use towpath_workflow::yaml::Node;

use super::cells::{MOST_CELLS, product};
use super::conditions::{self, Known};

/// One cell: what each top key stands for, flattened to `matrix.key` and `matrix.key.inner`.
type Cell = BTreeMap<String, Known>;

/// Returns the cells, reduced to the keys that `source`, the text of the job, mentions.
pub(super) fn cells(job: &Node, source: &str, known: &Known) -> Vec<Known> {
    let Some(matrix) = job
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"))
    else {
        return vec![Known::new()];
    };
    let mut is_whole = matrix.as_mapping().is_some();
    let mut cells: Vec<Cell> = vec![Cell::new()];
    let mut keys: Vec<&str> = Vec::new();
    for (key, values) in matrix.as_mapping().unwrap_or_default() {
        let Some(key) = key
            .text()
            .filter(|key| !matches!(*key, "include" | "exclude"))
        else {
            continue;
        };
        let Some(values) = values_of(key, values, known) else {
            is_whole = false;
            continue;
        };
        keys.push(key);
        cells = product(&cells, &values, |cell, value| {
            cell.insert(key.to_owned(), value.clone());
        });
    }
    let entries = |name: &str| {
        matrix
            .get(name)
            .and_then(Node::as_sequence)
            .unwrap_or_default()
    };
    is_whole &= ["include", "exclude"].iter().all(|name| {
        matrix
            .get(name)
            .is_none_or(|node| node.as_sequence().is_some())
    });
    let excluded: Vec<Cell> = entries("exclude").iter().map(entry).collect();
    let fits = |cell: &Cell, other: &Cell| {
        other
            .iter()
            .all(|(key, value)| cell.get(key) == Some(value))
    };
    cells.retain(|cell| !excluded.iter().any(|other| fits(cell, other)));
    if keys.is_empty() {
        cells.clear();
    }
    for include in entries("include") {
        add(&mut cells, &keys, &entry(include));
    }
    reduced(cells, source, is_whole)
}

/// Drops what the job does not mention, and the cells that are then the same.
fn reduced(cells: Vec<Cell>, source: &str, is_whole: bool) -> Vec<Known> {
    let mut reduced: Vec<Known> = Vec::new();
    for cell in cells {
        let mentioned = cell
            .into_iter()
            .filter(|(key, _)| source.contains(key.as_str()));
        let mut known: Known = mentioned.flat_map(|(_, flat)| flat).collect();
        if !is_whole {
            known.insert("matrix.*".to_owned(), String::new());
        }
        if !reduced.contains(&known) {
            reduced.push(known);
        }
    }
    if reduced.is_empty() {
        reduced.push(Known::from([("matrix.*".to_owned(), String::new())]));
    }
    reduced
}

/// Returns what a key stands for in turn; `None` where only a run can know it.
fn values_of(key: &str, values: &Node, known: &Known) -> Option<Vec<Known>> {
    let name = format!("matrix.{key}");
    if let Some(items) = values.as_sequence() {
        return Some(items.iter().map(|item| flat(&name, item)).collect());
    }
    // `${{ fromJSON('["3.11", "3.12"]') }}`
    let text = conditions::substitute(values.text()?.trim(), known);
    let list: Vec<serde_json::Value> = serde_json::from_str(&text).ok()?;
    let text_of = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let texts: Option<Vec<String>> = list.into_iter().map(text_of).collect();
    Some(
        texts?
            .into_iter()
            .map(|text| Known::from([(name.clone(), text)]))
            .collect(),
    )
}

fn entry(node: &Node) -> Cell {
    let entries = node.as_mapping().unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, value)| {
            Some((
                key.text()?.to_owned(),
                flat(&format!("matrix.{}", key.text()?), value),
            ))
        })
        .collect()
}

/// Adds an entry of `include` to the cells that it fits, else as a cell of its own.
fn add(cells: &mut Vec<Cell>, keys: &[&str], include: &Cell) {
    let mut fits_any = false;
    for cell in cells.iter_mut() {
        let fits = keys.iter().all(|key| {
            include
                .get(*key)
                .is_none_or(|value| cell.get(*key) == Some(value))
        });
        if fits && !keys.is_empty() && keys.iter().all(|key| cell.contains_key(*key)) {
            fits_any = true;
            for (key, value) in include {
                cell.insert(key.clone(), value.clone());
            }
        }
    }
    if !fits_any && cells.len() < MOST_CELLS {
        cells.push(include.clone());
    }
}

/// Flattens a value: mappings by their keys, sequences to their texts.
fn flat(name: &str, node: &Node) -> Known {
    let mut known = Known::new();
    if let Some(entries) = node.as_mapping() {
        for (key, value) in entries {
            known.extend(flat(
                &format!("{name}.{}", key.text().unwrap_or_default()),
                value,
            ));
        }
    } else if let Some(items) = node.as_sequence() {
        let texts: Vec<&str> = items.iter().filter_map(Node::text).collect();
        known.insert(name.to_owned(), texts.join(" "));
    } else {
        let text = if node.is_null() {
            ""
        } else {
            node.text().unwrap_or_default()
        };
        known.insert(name.to_owned(), text.to_owned());
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_report::Source;
    use towpath_workflow::yaml::{Limits, parse};

    fn check(matrix: &str, expected: &[&str]) {
        let text = format!("strategy:\n  matrix: {matrix}\n# python os tox a b name\n");
        let node = parse(
            &Source {
                path: "x",
                text: &text,
            },
            &Limits::LENIENT,
        )
        .unwrap();
        let cells: Vec<String> = cells(&node, &text, &Known::new())
            .iter()
            .map(|cell| {
                cell.iter()
                    .map(|(key, value)| format!("{}={value}", key.trim_start_matches("matrix.")))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        assert_eq!(cells, expected, "{matrix}");
    }

    #[test]
    fn makes_cells() {
        check(
            "{python: [3.9, '3.10'], os: [a, b], exclude: [{python: 3.9, os: b}]}",
            &["os=a python=3.9", "os=a python=3.10", "os=b python=3.10"],
        );
        check(
            "{python: [3.9], include: [{python: 3.9, tox: x}, {python: 3.8}]}",
            &["python=3.9 tox=x", "python=3.8"],
        );
        check(
            "{include: [{name: a, tox: b}, {name: c}]}",
            &["name=a tox=b", "name=c"],
        );
        check("{a: [{b: 1, c: 2}]}", &["a.b=1 a.c=2"]);
        check("${{ fromJson(needs.x.outputs.y) }}", &["*="]);
        check("{python: '${{ fromJson(x) }}', os: [a]}", &["*= os=a"]);
        check(
            r#"{python: "${{ fromJson(inputs.a || '[\"3.9\", \"3.10\"]') }}"}"#,
            &["python=3.9", "python=3.10"],
        );
    }
}
