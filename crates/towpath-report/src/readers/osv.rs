//! Reads advisories in the OSV format: single records, arrays of them, and what an OSV service
//! answers. Which versions are affected is told; comparing versions is left to the caller, since it
//! needs PEP 440.

use serde::Deserialize;
use serde_json::Value;

use super::{ReadError, json};
use crate::text;

/// One advisory about one package of the Python package index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory {
    /// Identifier, such as `PYSEC-2019-217`.
    pub id: String,
    /// Other identifiers of the same vulnerability.
    pub aliases: Vec<String>,
    /// One line that says what is wrong.
    pub summary: String,
    /// The package, as the record writes it.
    pub package: String,
    /// Versions that the record lists as affected.
    pub versions: Vec<String>,
    /// Ranges of affected versions.
    pub ranges: Vec<AffectedRange>,
}

/// A range of affected versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedRange {
    /// First affected version; `0` for all from the beginning.
    pub introduced: String,
    /// First version that is not affected any more.
    pub fixed: Option<String>,
    /// Last affected version, where no fix is known.
    pub last_affected: Option<String>,
}

impl Advisory {
    /// Returns the versions that fix it, in the order of the ranges.
    pub fn fixed_versions(&self) -> Vec<String> {
        self.ranges
            .iter()
            .filter_map(|range| range.fixed.clone())
            .collect()
    }

    /// Returns the message of a finding about an installed version.
    pub fn message(&self, version: &str) -> String {
        vulnerable(
            &self.package,
            version,
            &self.summary,
            &self.aliases,
            &self.fixed_versions(),
        )
    }
}

/// Words a finding about a vulnerable package.
pub(super) fn vulnerable(
    name: &str,
    version: &str,
    summary: &str,
    aliases: &[String],
    fixed: &[String],
) -> String {
    let summary = match text::first_line(summary) {
        summary if summary.is_empty() => "known vulnerability".to_owned(),
        summary => summary,
    };
    let alias = aliases.iter().find(|alias| alias.starts_with("CVE-"));
    let alias = alias.map(|alias| format!(" ({alias})")).unwrap_or_default();
    let fixed = match fixed {
        [] => "no fixed version".to_owned(),
        fixed => format!("fixed in {}", fixed.join(" or ")),
    };
    format!("{name} {version}: {summary}{alias}, {fixed}")
}

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    details: String,
    withdrawn: Option<String>,
    #[serde(default)]
    affected: Vec<Affected>,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<Package>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

/// Returns the advisories about packages of the Python package index in a record, an array of records,
/// an answer (`{"vulns": […]}`) or a batch of answers (`{"results": [{"vulns": […]}]}`).
/// Withdrawn records are left out.
pub fn read(records: &[u8]) -> Result<Vec<Advisory>, ReadError> {
    let mut found = Vec::new();
    collect(json::parse("osv", records)?, &mut found)?;
    Ok(found
        .into_iter()
        .filter(|record| record.withdrawn.is_none())
        .flat_map(advisories)
        .collect())
}

fn collect(value: Value, found: &mut Vec<Record>) -> Result<(), ReadError> {
    match value {
        Value::Array(values) => {
            for value in values {
                collect(value, found)?;
            }
        }
        Value::Object(mut object) => {
            if let Some(inner) = object.remove("vulns").or_else(|| object.remove("results")) {
                collect(inner, found)?;
            } else if object.contains_key("id") {
                let record = serde_json::from_value(Value::Object(object))
                    .map_err(|source| ReadError::json("osv", "", source))?;
                found.push(record);
            }
        }
        _ => {}
    }
    Ok(())
}

fn advisories(record: Record) -> Vec<Advisory> {
    let summary = if record.summary.is_empty() {
        &record.details
    } else {
        &record.summary
    };
    let summary = text::cut(&text::first_line(summary), 200).into_owned();
    let mut advisories: Vec<Advisory> = Vec::new();
    for affected in record.affected {
        let Some(package) = affected
            .package
            .filter(|package| package.ecosystem == "PyPI")
        else {
            continue;
        };
        let ranges: Vec<AffectedRange> = affected
            .ranges
            .into_iter()
            .filter(|range| range.kind == "ECOSYSTEM" || range.kind == "SEMVER")
            .flat_map(|range| in_pairs(range.events))
            .collect();
        match advisories
            .iter_mut()
            .find(|advisory| advisory.package == package.name)
        {
            Some(advisory) => {
                advisory.versions.extend(affected.versions);
                advisory.ranges.extend(ranges);
            }
            None => advisories.push(Advisory {
                id: record.id.clone(),
                aliases: record.aliases.clone(),
                summary: summary.clone(),
                package: package.name,
                versions: affected.versions,
                ranges,
            }),
        }
    }
    advisories
}

/// Events of one range come in order: introduced, then what ends it.
fn in_pairs(events: Vec<Event>) -> Vec<AffectedRange> {
    let mut ranges: Vec<AffectedRange> = Vec::new();
    for event in events {
        if let Some(introduced) = event.introduced {
            ranges.push(AffectedRange {
                introduced,
                fixed: None,
                last_affected: None,
            });
        }
        if let Some(last) = ranges.last_mut() {
            last.fixed = last.fixed.take().or(event.fixed);
            last.last_affected = last.last_affected.take().or(event.last_affected);
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"id": "PYSEC-1", "aliases": ["GHSA-x", "CVE-1"], "details": "Bad.\nVery.",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "jinja2"}, "versions": ["2.0"],
          "ranges": [{"type": "GIT", "repo": "r", "events": [{"introduced": "0"}]},
            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}, {"introduced": "3.0"}, {"last_affected": "3.2"}]}]},
          {"package": {"ecosystem": "npm", "name": "other"}}]}"#;

    #[test]
    fn reads_every_wrapping() {
        for text in [
            RECORD.to_owned(),
            format!("[{RECORD}]"),
            format!("{{\"vulns\": [{RECORD}]}}"),
            format!("{{\"results\": [{{}}, {{\"vulns\": [{RECORD}]}}]}}"),
        ] {
            let advisories = read(text.as_bytes()).expect("valid");
            assert_eq!(advisories.len(), 1, "{text}");
            assert_eq!(advisories[0].ranges.len(), 2);
            assert_eq!(
                advisories[0].message("2.0"),
                "jinja2 2.0: Bad. (CVE-1), fixed in 2.1"
            );
        }
    }

    #[test]
    fn leaves_out_withdrawn_records() {
        let record = RECORD.replacen('{', r#"{"withdrawn": "2024-01-01T00:00:00Z", "#, 1);
        assert!(read(record.as_bytes()).expect("valid").is_empty());
    }
}
