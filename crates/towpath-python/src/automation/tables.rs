//! TOML as a plain tree whose nodes know their lines. Knows nothing of what the keys mean.

use toml_edit::{Document, Item, Table, Value as TomlValue};

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Line where it starts, from 1; 0 for what has no place of its own.
    pub(super) line: u32,
    pub(super) value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Boolean(bool),
    /// Numbers and dates, which automation does not use.
    Other(String),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

/// Reads a file; `None` for what is no TOML.
pub(super) fn parse(text: &str) -> Option<Node> {
    let document = Document::parse(text).ok()?;
    let reader = Reader { text };
    Some(reader.table(document.as_table()))
}

impl Node {
    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.table()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// Returns the node at the end of a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns the entries of a table; none for anything else.
    pub(super) fn table(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a list; none for anything else.
    pub(super) fn list(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Returns a string.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        self.value == Value::Boolean(true)
    }

    /// Returns a string, or the strings of a list.
    pub(super) fn strings(&self) -> Vec<String> {
        match &self.value {
            Value::Text(text) => vec![text.clone()],
            Value::List(items) => items
                .iter()
                .filter_map(Self::text)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn line(&self, span: Option<std::ops::Range<usize>>) -> u32 {
        let before = span.and_then(|span| self.text.get(..span.start));
        before.map_or(0, |text| text.matches('\n').count() as u32 + 1)
    }

    fn table(&self, table: &Table) -> Node {
        let entries = table
            .iter()
            .map(|(key, item)| (key.to_owned(), self.item(item)))
            .collect();
        Node {
            line: self.line(table.span()),
            value: Value::Table(entries),
        }
    }

    fn item(&self, item: &Item) -> Node {
        match item {
            Item::Value(value) => self.value(value),
            Item::Table(table) => self.table(table),
            Item::ArrayOfTables(tables) => Node {
                line: self.line(tables.span()),
                value: Value::List(tables.iter().map(|table| self.table(table)).collect()),
            },
            Item::None => Node {
                line: 0,
                value: Value::Other(String::new()),
            },
        }
    }

    fn value(&self, value: &TomlValue) -> Node {
        let read = match value {
            TomlValue::String(text) => Value::Text(text.value().clone()),
            TomlValue::Boolean(boolean) => Value::Boolean(*boolean.value()),
            TomlValue::Array(items) => {
                Value::List(items.iter().map(|item| self.value(item)).collect())
            }
            TomlValue::InlineTable(table) => Value::Table(
                table
                    .iter()
                    .map(|(key, value)| (key.to_owned(), self.value(value)))
                    .collect(),
            ),
            other => Value::Other(other.to_string().trim().to_owned()),
        };
        Node {
            line: self.line(value.span()),
            value: read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tables_with_lines() {
        let node = parse("a = 1\n[b.c]\nd = ['x',\n 'y']\n[[e]]\nf = true\n").unwrap();
        let list = node.at(&["b", "c", "d"]).unwrap();
        assert_eq!(
            (list.line, list.strings()),
            (3, vec!["x".to_owned(), "y".to_owned()])
        );
        assert_eq!(list.list()[1].line, 4);
        assert!(
            node.at(&["e"]).unwrap().list()[0]
                .get("f")
                .unwrap()
                .is_true()
        );
        assert!(parse("a =").is_none());
    }
}
