//! YAML 1.2 as a tree in which every node knows its place in the file.
//!
//! Aliases are expanded within [`Limits`]; duplicate keys and broken structure are problems with a
//! place. Values follow the core schema: `on` and `yes` are strings, `010` is ten. Knows nothing of
//! what the keys mean.

mod position;
mod reader;
mod schema;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use reader::parse;

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What the node holds.
    pub value: Value,
    /// Bytes of the file: the scalar with its quotes, or a collection from its first to its last
    /// entry. A node that came through an alias has the place of its anchor.
    pub span: Range<usize>,
    /// How a scalar is written; `Plain` for collections.
    pub style: Style,
    /// Text of a scalar that is not a string.
    source_text: String,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, also `.inf` and `.nan`.
    Number(f64),
    /// Anything else that is no collection.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys, always scalars, with their values in the order of the file.
    Mapping(Vec<(Node, Node)>),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'`.
    SingleQuoted,
    /// In `"`, with escapes.
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// Which YAML is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// As GitHub reads workflows: one document, keys unique without regard to case, no merge keys, no
    /// tags but those of the core schema.
    Workflow,
    /// The same, but repeated keys and merge keys stay where they stand, for a reader that has its own
    /// words for them.
    Verbatim,
    /// As most other programs read their files: the last document counts, a repeated key replaces the
    /// earlier one, `<<` merges, and unknown tags are ignored.
    Lenient,
}

/// What a file may cost, and which YAML it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Nodes after aliases are expanded.
    pub nodes: usize,
    /// Collections within collections.
    pub depth: usize,
    /// Bytes of all scalars after aliases are expanded.
    pub expanded_bytes: usize,
    /// Which YAML is read.
    pub dialect: Dialect,
}

impl Limits {
    /// The limits of a workflow file.
    pub const WORKFLOW: Self = Self {
        bytes: 1 << 20,
        nodes: 1_000_000,
        depth: 100,
        expanded_bytes: 10 << 20,
        dialect: Dialect::Workflow,
    };

    /// The same limits for a file of which every key is kept.
    pub const VERBATIM: Self = Self {
        dialect: Dialect::Verbatim,
        ..Self::WORKFLOW
    };

    /// The same limits for the files of other programs.
    pub const LENIENT: Self = Self {
        dialect: Dialect::Lenient,
        ..Self::WORKFLOW
    };
}

impl Node {
    /// Returns the value of a key of a mapping, compared exactly.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// Returns the text of a string; other scalars are none.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items of a sequence.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the entries of a mapping, in the order of the file.
    pub fn as_mapping(&self) -> Option<&[(Self, Self)]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns a scalar as it is written, without quotes: `3.10`, not `3.1`. None for collections.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Sequence(_) | Value::Mapping(_) => None,
            _ => Some(&self.source_text),
        }
    }

    /// Tells whether `${{` stands anywhere in the node.
    pub fn has_expression(&self) -> bool {
        match &self.value {
            Value::String(text) => text.contains("${{"),
            Value::Sequence(items) => items.iter().any(Self::has_expression),
            Value::Mapping(entries) => entries
                .iter()
                .any(|(key, value)| key.has_expression() || value.has_expression()),
            _ => false,
        }
    }

    /// Tells whether the node is `null` or nothing.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// Returns what the node is, for messages: `a sequence`, `a number`.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Boolean(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Sequence(_) => "a sequence",
            Value::Mapping(_) => "a mapping",
        }
    }
}
