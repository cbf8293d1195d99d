//! The tree of an expression, and what can be told of it without a value: the functions it calls, the contexts it reads.

use super::format;
use super::functions::BuiltIn;
use super::value::Value;

/// A function that is handed in, because its answer is not in the expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `always()`.
    Always,
    /// `success()`.
    Success,
    /// `failure()`.
    Failure,
    /// `cancelled()`.
    Cancelled,
    /// `hashFiles(pattern, …)`.
    HashFiles,
}

impl Function {
    /// The functions that a condition may use to ask how things stand.
    pub const STATUS: [Self; 4] = [Self::Always, Self::Success, Self::Failure, Self::Cancelled];

    /// Returns the name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::HashFiles => "hashFiles",
        }
    }

    pub(super) const fn parameters(self, takes_jobs: bool) -> (usize, usize) {
        match self {
            Self::HashFiles => (1, 255),
            Self::Success | Self::Failure if takes_jobs => (0, usize::MAX),
            _ => (0, 0),
        }
    }
}

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expression {
    pub(super) root: Option<Node>,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    Literal(Value),
    Context(String),
    Property(Box<Self>, String),
    Index(Box<Self>, Box<Self>),
    Wildcard(Box<Self>),
    Not(Box<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    BuiltIn(BuiltIn, Vec<Self>),
    Given(Function, Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Expression {
    /// Returns the text if the expression is nothing but a text in quotes.
    pub(super) fn quoted_text(&self) -> Option<&str> {
        match &self.root {
            Some(Node::Literal(Value::String(text))) => Some(text),
            _ => None,
        }
    }

    /// Tells whether a function is called anywhere in the expression.
    pub fn calls(&self, functions: &[Function]) -> bool {
        let mut found = false;
        self.walk(&mut |node| {
            found |= matches!(node, Node::Given(function, _) if functions.contains(function));
        });
        found
    }

    /// Returns every context that is read, with the constant properties that follow it:
    /// `needs.build.outputs[x]` is `["needs", "build", "outputs"]`.
    pub fn paths(&self) -> Vec<Vec<&str>> {
        let mut paths = Vec::new();
        self.walk(&mut |node| {
            if let Some(path) = path(node) {
                paths.push(path);
            }
        });
        // A longer path was seen before its own beginnings.
        let mut kept: Vec<Vec<&str>> = Vec::new();
        let mut skip = 0;
        for path in paths {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = path.len() - 1;
            kept.push(path);
        }
        kept
    }

    /// Returns what is wrong with the texts of `format` that are written out: they fail when evaluated.
    pub(crate) fn wrong_formats(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        self.walk(&mut |node| {
            if let Node::BuiltIn(BuiltIn::Format, arguments) = node
                && let Some((Node::Literal(Value::String(text)), rest)) = arguments.split_first()
            {
                wrong.extend(format::check(text, rest.len()).err());
            }
        });
        wrong
    }

    fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        let mut waiting: Vec<&Node> = self.root.iter().collect();
        while let Some(node) = waiting.pop() {
            visit(node);
            match node {
                Node::Literal(_) | Node::Context(_) => {}
                Node::Property(of, _) | Node::Wildcard(of) | Node::Not(of) => waiting.push(of),
                Node::Index(left, right) | Node::Compare(_, left, right) => {
                    waiting.extend([&**right, &**left]);
                }
                Node::And(all) | Node::Or(all) | Node::BuiltIn(_, all) | Node::Given(_, all) => {
                    waiting.extend(all.iter().rev());
                }
            }
        }
    }
}

fn path(node: &Node) -> Option<Vec<&str>> {
    match node {
        Node::Context(name) => Some(vec![name]),
        Node::Property(of, name) => {
            let mut path = path(of)?;
            path.push(name);
            Some(path)
        }
        Node::Index(of, index) => match &**index {
            Node::Literal(Value::String(name)) => {
                let mut path = path(of)?;
                path.push(name);
                Some(path)
            }
            _ => None,
        },
        _ => None,
    }
}
