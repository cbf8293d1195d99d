//! The settings a user writes for towpath: `[tool.towpath]` of `pyproject.toml`, or `towpath.toml`.
//!
//! Owns the form of a declaration, the values with their places, and every problem of the table.
//! Does not know which settings exist: each crate declares its own as data and hands them in, so the
//! same declarations make the reader, the schema, the help and the reference page.

mod files;
mod problems;
mod reader;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use towpath_report::Place;

pub use files::{read_settings, read_settings_of};
pub use reader::parse_settings;

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SettingKind {
    /// `true` or `false`.
    Boolean,
    /// A whole number, both ends included.
    Integer {
        /// The smallest value.
        min: i64,
        /// The largest value; `i64::MAX` for no end.
        max: i64,
    },
    /// A number, both ends included.
    Number {
        /// The smallest value.
        min: f64,
        /// The largest value; `f64::INFINITY` for no end.
        max: f64,
    },
    /// Any text but the empty one.
    Text,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A list of single values, possibly empty.
    List(&'static SettingKind),
    /// A list of Python versions, each as `3.12`.
    Pythons,
    /// Names with a text each, such as environment variables.
    Table,
}

/// One declared setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// The table below `[tool.towpath]`; empty for that table itself, `checks.*` for tables that the
    /// user names.
    pub table: &'static str,
    /// The key in its table.
    pub key: &'static str,
    /// What values it takes.
    pub kind: SettingKind,
    /// What holds when it is not set, as shown to the user.
    pub default: &'static str,
    /// What it does: whole sentences, the first one is the summary.
    pub doc: &'static str,
}

impl Setting {
    /// Returns whether the setting belongs to a table, given as the names on the way to it.
    pub fn is_in(&self, path: &[&str]) -> bool {
        let pattern = segments(self.table);
        pattern.len() == path.len() && matches(&pattern, path)
    }
}

/// The names on the way to a declared table.
fn segments(table: &str) -> Vec<&str> {
    table
        .split('.')
        .filter(|segment| !segment.is_empty())
        .collect()
}

/// Whether a pattern with `*` for free names fits the names of `path`, as far as the shorter goes.
fn matches(pattern: &[&str], path: &[&str]) -> bool {
    pattern
        .iter()
        .zip(path)
        .all(|(wanted, name)| *wanted == "*" || wanted == name)
}

/// A value that was read and fits its declaration.
#[derive(Debug, Clone, PartialEq)]
enum RawValue {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<String>),
    Table(BTreeMap<String, String>),
}

/// The settings that a user wrote, each with its place. What is wrong is not in here but among the
/// problems that were returned with it.
///
/// A table is named as its header without `tool.towpath`: empty, `tests`, `checks.spelling`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawSettings {
    values: BTreeMap<(String, String), (RawValue, Place)>,
    tables: BTreeSet<Vec<String>>,
    /// Where the table itself stands; `None` where nobody wrote one.
    header: Option<Place>,
}

impl RawSettings {
    /// Returns a switch, or `None` where it is not set.
    pub fn boolean(&self, table: &str, key: &str) -> Option<bool> {
        match self.value(table, key)? {
            RawValue::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns a whole number, or `None` where it is not set.
    pub fn integer(&self, table: &str, key: &str) -> Option<i64> {
        match self.value(table, key)? {
            RawValue::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns a number, whole or not, or `None` where it is not set.
    pub fn number(&self, table: &str, key: &str) -> Option<f64> {
        match self.value(table, key)? {
            RawValue::Number(value) => Some(*value),
            RawValue::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// Returns a text or the word of a choice, or `None` where it is not set.
    pub fn text(&self, table: &str, key: &str) -> Option<&str> {
        match self.value(table, key)? {
            RawValue::Text(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the items of a list or the Python versions, in the order written, or `None` where it
    /// is not set. Numbers and switches are given as they are written in TOML.
    pub fn list(&self, table: &str, key: &str) -> Option<Vec<String>> {
        match self.value(table, key)? {
            RawValue::List(items) => Some(items.clone()),
            _ => None,
        }
    }

    /// Returns names with their texts, or `None` where it is not set.
    pub fn map(&self, table: &str, key: &str) -> Option<&BTreeMap<String, String>> {
        match self.value(table, key)? {
            RawValue::Table(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the names of the tables directly below `prefix`, sorted: those under `checks` for
    /// `[tool.towpath.checks.NAME]`, those of `[tool.towpath]` for an empty prefix.
    pub fn tables(&self, prefix: &str) -> Vec<String> {
        let prefix = segments(prefix);
        let below = |path: &&Vec<String>| {
            path.len() == prefix.len() + 1
                && path
                    .iter()
                    .zip(&prefix)
                    .all(|(name, wanted)| name == wanted)
        };
        self.tables
            .iter()
            .filter(below)
            .filter_map(|path| path.last().cloned())
            .collect()
    }

    /// Returns where a value was written, or `None` where it is not set.
    pub fn place(&self, table: &str, key: &str) -> Option<Place> {
        self.values
            .get(&(table.to_owned(), key.to_owned()))
            .map(|(_, place)| place.clone())
    }

    /// Returns where the settings stand, a file at least, or `None` where nobody wrote any.
    pub fn header(&self) -> Option<&Place> {
        self.header.as_ref()
    }

    fn value(&self, table: &str, key: &str) -> Option<&RawValue> {
        self.values
            .get(&(table.to_owned(), key.to_owned()))
            .map(|(value, _)| value)
    }
}

impl SettingKind {
    /// Returns the values in words, to follow "must be": `true or false`, `a number from 0 to 100`.
    pub fn expected(&self) -> String {
        match self {
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer { min, max: i64::MAX } => format!("a whole number of at least {min}"),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Number { min, max } if max.is_infinite() => format!("a number of at least {min}"),
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Text => "a text".to_owned(),
            Self::Choice(words) => one_of(words),
            Self::List(SettingKind::Text) => "a list of texts".to_owned(),
            Self::List(item) => format!("a list, each item {}", item.expected()),
            Self::Pythons => "a list of Python versions such as \"3.12\"".to_owned(),
            Self::Table => "a table of names with a text each".to_owned(),
        }
    }
}

/// Joins words as `a`, `b` or `c`.
fn one_of(words: &[&str]) -> String {
    match words {
        [] => "no value".to_owned(),
        [only] => format!("`{only}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}
