//! The run record as JSON, and back. Its form is described by [`SCHEMA`], a JSON Schema.

use serde_json::Value;

use crate::text::json_shown;
use crate::{RunRecord, SCHEMA_VERSION};

/// The JSON Schema of the form, draft 2020-12.
pub const SCHEMA: &str = include_str!("run_record.schema.json");

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not a run record.
    #[error("not a record of a run")]
    Form(#[source] serde_json::Error),
    /// It was written by a later towpath.
    #[error("the record has schema {found}, this towpath knows {SCHEMA_VERSION}")]
    Version {
        /// The schema of the record.
        found: u64,
    },
}

impl Error {
    /// Returns what a user can do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Form(_) => vec!["write it again with `towpath ci --report json=FILE`".to_owned()],
            Self::Version { .. } => {
                vec!["read it with the towpath that wrote it, or a later one".to_owned()]
            }
        }
    }
}

/// Returns the record as JSON, indented, with a line end.
pub fn write(run: &RunRecord) -> Result<String, Error> {
    let mut text = serde_json::to_string_pretty(run).map_err(Error::Form)?;
    text.push('\n');
    Ok(json_shown(text))
}

/// Returns the record in a JSON text of [`write()`].
pub fn read(text: &[u8]) -> Result<RunRecord, Error> {
    let value: Value = serde_json::from_slice(text).map_err(Error::Form)?;
    match value.get("schema").and_then(Value::as_u64) {
        Some(found) if found > u64::from(SCHEMA_VERSION) => Err(Error::Version { found }),
        _ => serde_json::from_value(value).map_err(Error::Form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_it_cannot_know() {
        assert_eq!(
            read(br#"{"schema": 99}"#).expect_err("later").to_string(),
            "the record has schema 99, this towpath knows 1"
        );
        assert!(matches!(read(b"{}"), Err(Error::Form(_))));
        assert!(matches!(read(b"\0"), Err(Error::Form(_))));
    }
}
