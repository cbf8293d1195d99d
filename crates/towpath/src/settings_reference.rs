//! What is made from the declarations of the settings: the help, the JSON Schema and the reference page.
//! Reads no file.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use towpath_python::{Setting, SettingKind};

use crate::settings::DECLARATIONS;

/// A table of settings.
#[derive(Debug, Clone)]
pub struct SettingsTable {
    /// Its name as declared: empty, `tests`, `checks.*`.
    pub name: &'static str,
    /// Its settings, in the order declared.
    pub settings: Vec<&'static Setting>,
}

impl SettingsTable {
    /// Returns the header in `pyproject.toml`: `[tool.towpath.checks.NAME]`.
    pub fn header(&self) -> String {
        let mut header = "[tool.towpath".to_owned();
        for segment in self.name.split('.').filter(|segment| !segment.is_empty()) {
            header.push('.');
            header.push_str(if segment == "*" { "NAME" } else { segment });
        }
        header + "]"
    }

    /// Returns the name that `towpath help config` knows it by; empty for `[tool.towpath]` itself.
    pub fn short_name(&self) -> &'static str {
        self.name.split('.').next().unwrap_or_default()
    }
}

/// Returns all tables in the order of their first declaration, `[tool.towpath]` itself first.
pub fn tables() -> Vec<SettingsTable> {
    let mut tables: Vec<SettingsTable> = Vec::new();
    for setting in DECLARATIONS.iter().copied().flatten() {
        match tables.iter_mut().find(|table| table.name == setting.table) {
            Some(table) => table.settings.push(setting),
            None => tables.push(SettingsTable {
                name: setting.table,
                settings: vec![setting],
            }),
        }
    }
    tables.sort_by_key(|table| !table.name.is_empty());
    tables
}

/// Returns the JSON Schema (draft 2020-12) of `towpath.toml` and of the table `[tool.towpath]`.
pub fn schema() -> Value {
    let mut root = table_schema("Settings of towpath.");
    for table in tables() {
        let mut at = &mut root;
        for segment in table.name.split('.').filter(|segment| !segment.is_empty()) {
            at = if segment == "*" {
                free_table(at)
            } else {
                named_table(at, segment)
            };
        }
        for setting in table.settings {
            insert_property(at, setting.key, setting_schema(setting));
        }
    }
    let mut schema = Map::new();
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!("towpath"));
    if let Value::Object(root) = root {
        schema.extend(root);
    }
    Value::Object(schema)
}

fn table_schema(description: &str) -> Value {
    json!({ "description": description, "type": "object", "additionalProperties": false, "properties": {} })
}

fn insert_property(table: &mut Value, key: &str, schema: Value) {
    if let Some(properties) = table["properties"].as_object_mut() {
        properties.insert(key.to_owned(), schema);
    }
}

fn named_table<'a>(table: &'a mut Value, name: &str) -> &'a mut Value {
    if table["properties"].get(name).is_none() {
        insert_property(table, name, table_schema(&format!("Settings of `{name}`.")));
    }
    &mut table["properties"][name]
}

fn free_table(table: &mut Value) -> &mut Value {
    if table["additionalProperties"] == Value::Bool(false) {
        table["additionalProperties"] = table_schema("A table that you name.");
    }
    &mut table["additionalProperties"]
}

fn setting_schema(setting: &Setting) -> Value {
    let mut schema = kind_schema(&setting.kind);
    schema["description"] = json!(setting.doc);
    let default = match setting.kind {
        SettingKind::Choice(words) if words.contains(&setting.default) => {
            Some(json!(setting.default))
        }
        SettingKind::Choice(_) | SettingKind::Text => None,
        _ => serde_json::from_str(setting.default).ok(),
    };
    if let Some(default) = default {
        schema["default"] = default;
    }
    schema
}

fn kind_schema(kind: &SettingKind) -> Value {
    match kind {
        SettingKind::Boolean => json!({ "type": "boolean" }),
        SettingKind::Integer { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        SettingKind::Integer { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        SettingKind::Number { min, max } if max.is_infinite() => {
            json!({ "type": "number", "minimum": min })
        }
        SettingKind::Number { min, max } => {
            json!({ "type": "number", "minimum": min, "maximum": max })
        }
        SettingKind::Text => json!({ "type": "string", "pattern": "\\S" }),
        SettingKind::Choice(words) => json!({ "type": "string", "enum": words }),
        SettingKind::List(item) => json!({ "type": "array", "items": kind_schema(item) }),
        SettingKind::Pythons => {
            json!({ "type": "array", "items": { "type": "string", "pattern": "^[0-9]{1,2}\\.[0-9]{1,2}$" } })
        }
        SettingKind::Table => {
            json!({ "type": "object", "additionalProperties": { "type": "string" } })
        }
    }
}

/// Returns the reference page of the settings, in Markdown.
pub fn configuration_page() -> String {
    let mut page = "# Configuration\n\n\
        towpath needs no configuration.\n\
        What it should do differently stands in `[tool.towpath]` of `pyproject.toml`, or in `towpath.toml` \
        beside it, where the tables have no prefix: `[tests]` for `[tool.towpath.tests]`.\n\
        Having both is an error, and so are unknown keys, wrong types and impossible values: towpath names \
        each with its line and the nearest name, and runs nothing (exit code 2).\n\n\
        Editors read the same as [JSON Schema](../towpath.schema.json).\n"
        .to_owned();
    for table in tables() {
        let _ = write!(page, "\n## `{}`\n\n", table.header());
        page.push_str("| key | value | default | what it does |\n| --- | --- | --- | --- |\n");
        for setting in table.settings {
            let value = setting.kind.expected().replace('|', "\\|");
            let doc = setting.doc.replace('|', "\\|");
            let _ = writeln!(
                page,
                "| `{}` | {value} | `{}` | {doc} |",
                setting.key, setting.default
            );
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn declarations_are_sound() {
        let mut seen = BTreeSet::new();
        for setting in DECLARATIONS.iter().copied().flatten() {
            let name = format!("{}.{}", setting.table, setting.key);
            assert!(
                seen.insert((setting.table, setting.key)),
                "{name} is declared twice"
            );
            assert!(
                setting.doc.ends_with('.'),
                "{name}: the documentation is whole sentences"
            );
            assert!(!setting.default.is_empty(), "{name}: the default is shown");
        }
    }

    #[test]
    fn schema_holds_every_declaration() {
        let schema = schema();
        for setting in DECLARATIONS.iter().copied().flatten() {
            let mut at = &schema;
            for segment in setting
                .table
                .split('.')
                .filter(|segment| !segment.is_empty())
            {
                at = if segment == "*" {
                    &at["additionalProperties"]
                } else {
                    &at["properties"][segment]
                };
            }
            let property = &at["properties"][setting.key];
            assert_eq!(
                property["description"],
                json!(setting.doc),
                "{}.{}",
                setting.table,
                setting.key
            );
        }
    }

    #[test]
    fn tables_are_named_as_they_are_written() {
        let headers: Vec<String> = tables().iter().map(SettingsTable::header).collect();
        assert_eq!(headers.first().map(String::as_str), Some("[tool.towpath]"));
        assert!(
            headers.contains(&"[tool.towpath.checks.NAME]".to_owned()),
            "{headers:?}"
        );
    }
}
