//! Operators on the values of `setup.py`: elements, sums, paths, comparisons.

use ruff_python_ast::{CmpOp, Operator};

use super::value::Value;
use crate::PythonVersion;
use crate::folder;

/// The longest text that is built, in bytes.
pub(super) const LONGEST: usize = 1 << 18;

pub(super) fn element(value: &Value, key: &Value) -> Value {
    let found = match (value, key) {
        (Value::PythonVersion, Value::Number(0)) => Some(Value::Number(3)),
        (Value::List(items), Value::Number(index)) => {
            position(*index, items.len()).and_then(|index| items.get(index).cloned())
        }
        (Value::Groups(groups), Value::Number(index)) => position(*index, groups.len())
            .and_then(|index| groups.get(index).cloned().flatten())
            .map(Value::Text),
        (table, Value::Text(key)) => table.get(key).cloned(),
        _ => None,
    };
    found.unwrap_or(Value::Unknown)
}

fn position(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 {
        index.checked_add(i64::try_from(length).ok()?)?
    } else {
        index
    };
    usize::try_from(index).ok()
}

pub(super) fn combine(operator: Operator, left: Value, right: Value) -> Value {
    match (operator, left, right) {
        (Operator::Add, Value::Text(left), Value::Text(right))
            if left.len() + right.len() <= LONGEST =>
        {
            Value::Text(left + &right)
        }
        (Operator::Add, Value::List(mut left), Value::List(right)) => {
            left.extend(right);
            Value::List(left)
        }
        // Half a list of requirements is better than none.
        (Operator::Add, Value::List(known), _) | (Operator::Add, _, Value::List(known)) => {
            Value::List(known)
        }
        (Operator::Div, Value::Text(folder), Value::Text(path)) => {
            Value::Text(folder::join(&folder, &path))
        }
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
        if text.len() > LONGEST {
            return Value::Unknown;
        }
        if parts.peek().is_some() {
            match arguments.next() {
                Some(Value::Text(argument)) => text.push_str(argument),
                Some(Value::Number(number)) => text.push_str(&number.to_string()),
                _ => return Value::Unknown,
            }
        }
    }
    if text.contains('%') {
        Value::Unknown
    } else {
        Value::Text(text)
    }
}

pub(super) fn compare_values(left: &Value, operator: CmpOp, right: &Value) -> Option<bool> {
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
    let Value::List(items) = right else {
        return None;
    };
    let numbers: Vec<i64> = items
        .iter()
        .map_while(|item| {
            if let Value::Number(number) = item {
                Some(*number)
            } else {
                None
            }
        })
        .collect();
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
