//! The value of an expression. Bounded in memory; bounded in depth by the parser.

use std::cmp::Ordering;

use super::error::Error;
use super::functions::BuiltIn;
use super::memory::Memory;
use super::tree::{Comparison, Expression, Function, Node};
use super::value::{Object, Value};

/// Answers a function that is handed in; an `Err` is the reason of a failure.
pub type Call<'a> = dyn Fn(Function, &[Value]) -> Result<Value, String> + 'a;

/// What an expression is evaluated with.
pub struct Scope<'a> {
    /// The contexts by name; one that is legal but not here is `null`.
    pub contexts: &'a Object,
    /// Answers the functions that are handed in.
    pub call: &'a Call<'a>,
}

impl Expression {
    /// Returns the value.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Error> {
        let evaluator = Evaluator {
            scope,
            memory: Memory::new(),
        };
        self.root
            .as_ref()
            .map_or(Ok(Value::Null), |root| evaluator.value(root))
    }
}

struct Evaluator<'a> {
    scope: &'a Scope<'a>,
    memory: Memory,
}

impl Evaluator<'_> {
    fn value(&self, node: &Node) -> Result<Value, Error> {
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Context(name) => Ok(self
                .scope
                .contexts
                .get(name)
                .cloned()
                .unwrap_or(Value::Null)),
            Node::Property(of, name) => self.select(&self.value(of)?, &Value::from(name.as_str())),
            Node::Index(of, index) => self.select(&self.value(of)?, &self.value(index)?),
            Node::Wildcard(of) => self.members(&self.value(of)?),
            Node::Not(operand) => Ok(Value::from(!self.value(operand)?.is_truthy())),
            Node::Compare(comparison, left, right) => Ok(Value::from(compare(
                *comparison,
                &self.value(left)?,
                &self.value(right)?,
            ))),
            Node::And(operands) => self.first(operands, |value| !value.is_truthy()),
            Node::Or(operands) => self.first(operands, Value::is_truthy),
            Node::BuiltIn(BuiltIn::Case, arguments) => self.case(arguments),
            Node::BuiltIn(function, arguments) => {
                function.call(&self.values(arguments)?, &self.memory)
            }
            Node::Given(function, arguments) => {
                (self.scope.call)(*function, &self.values(arguments)?).map_err(Error::evaluation)
            }
        }
    }

    fn values(&self, nodes: &[Node]) -> Result<Vec<Value>, Error> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    /// Returns the first operand that decides, else the last.
    fn first(&self, operands: &[Node], decides: fn(&Value) -> bool) -> Result<Value, Error> {
        let mut last = Value::Null;
        for operand in operands {
            last = self.value(operand)?;
            if decides(&last) {
                break;
            }
        }
        Ok(last)
    }

    fn case(&self, arguments: &[Node]) -> Result<Value, Error> {
        for pair in arguments.chunks(2) {
            match pair {
                [predicate, result] => match self.value(predicate)? {
                    Value::Boolean(true) => return self.value(result),
                    Value::Boolean(false) => {}
                    _ => {
                        return Err(Error::evaluation(
                            "case predicate must evaluate to a boolean value",
                        ));
                    }
                },
                [default] => return self.value(default),
                _ => {}
            }
        }
        Ok(Value::Null)
    }

    fn select(&self, of: &Value, index: &Value) -> Result<Value, Error> {
        match of {
            Value::Filtered(items) => {
                let selected: Vec<Value> = items
                    .iter()
                    .filter_map(|item| item_at(item, index))
                    .cloned()
                    .collect();
                self.filtered(selected)
            }
            _ => Ok(item_at(of, index).cloned().unwrap_or(Value::Null)),
        }
    }

    fn members(&self, of: &Value) -> Result<Value, Error> {
        let members: Vec<Value> = match of {
            Value::Filtered(items) => items.iter().flat_map(direct_members).cloned().collect(),
            _ => direct_members(of).cloned().collect(),
        };
        self.filtered(members)
    }

    fn filtered(&self, items: Vec<Value>) -> Result<Value, Error> {
        self.memory.count(items.len() * size_of::<Value>())?;
        Ok(Value::Filtered(items.into()))
    }
}

fn direct_members(of: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match of {
        Value::Array(items) | Value::Filtered(items) => Box::new(items.iter()),
        Value::Object(object) => Box::new(object.0.iter().map(|(_, value)| value)),
        _ => Box::new(std::iter::empty()),
    }
}

fn item_at<'a>(of: &'a Value, index: &Value) -> Option<&'a Value> {
    match of {
        Value::Object(object) if index.is_primitive() => object.get(&index.to_text()),
        Value::Array(items) | Value::Filtered(items) => {
            let position = index.to_number();
            (position >= 0.0 && position <= f64::from(i32::MAX))
                .then(|| items.get(position as usize))?
        }
        _ => None,
    }
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> bool {
    let order = || left.compare(right);
    match comparison {
        Comparison::Equal => left.equals(right),
        Comparison::NotEqual => !left.equals(right),
        Comparison::Less => order() == Some(Ordering::Less),
        Comparison::Greater => order() == Some(Ordering::Greater),
        Comparison::LessOrEqual => left.equals(right) || order() == Some(Ordering::Less),
        Comparison::GreaterOrEqual => left.equals(right) || order() == Some(Ordering::Greater),
    }
}
