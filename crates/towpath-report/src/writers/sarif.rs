//! Findings and failing tests as SARIF 2.1.0: one SARIF run for each tool.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::text::{cut, json_shown, strip_ansi};
use crate::{Cause, CauseKind, Finding, Place, RunRecord, Severity, causes};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const MESSAGE: usize = 16 * 1024;

struct Entry<'a> {
    rule: String,
    rule_url: Option<&'a str>,
    level: &'static str,
    message: String,
    place: Option<&'a Place>,
    cause: &'a Cause,
}

/// Returns the causes of a run as SARIF. A cause found by several jobs is one result that names them.
pub fn write(run: &RunRecord) -> String {
    let causes = causes(run);
    let mut tools: BTreeMap<String, Vec<Entry<'_>>> = BTreeMap::new();
    for cause in &causes {
        let (tool, entry) = entry(cause);
        tools.entry(tool).or_default().push(entry);
    }
    let mut runs: Vec<Value> = tools
        .iter()
        .map(|(tool, entries)| tool_run(tool, entries, run))
        .collect();
    if runs.is_empty() {
        runs.push(tool_run("towpath", &[], run));
    }
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs });
    json_shown(format!("{log:#}\n"))
}

fn entry(cause: &Cause) -> (String, Entry<'_>) {
    let level = |severity: Severity| match severity {
        _ if cause.blocking => "error",
        Severity::Error | Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let new = |rule: &str, level, message: String| Entry {
        rule: if rule.is_empty() {
            "finding".to_owned()
        } else {
            rule.to_owned()
        },
        rule_url: None,
        level,
        message,
        place: cause.place.as_ref(),
        cause,
    };
    match &cause.kind {
        CauseKind::Finding(finding) => {
            let entry = new(
                &finding.rule,
                level(finding.severity),
                finding.message.clone(),
            );
            (
                finding.tool.clone(),
                Entry {
                    rule_url: finding.rule_url.as_deref(),
                    ..entry
                },
            )
        }
        CauseKind::Tests { cases, .. } => {
            let message = cases.first().map_or("", |case| case.message.as_str());
            let words = [cause.title.as_str(), &cause.extent, message];
            let words: Vec<&str> = words
                .into_iter()
                .filter(|words| !words.is_empty())
                .collect();
            (
                "towpath".to_owned(),
                new("failing-test", level(Severity::Error), words.join(", ")),
            )
        }
        CauseKind::Problem(problem) => {
            let message = std::iter::once(&problem.message).chain(&problem.hints);
            let message = message.map(String::as_str).collect::<Vec<_>>().join("; ");
            (
                "towpath".to_owned(),
                new("problem", level(problem.severity), message),
            )
        }
        CauseKind::Job => (
            "towpath".to_owned(),
            new(
                "failed-job",
                "error",
                format!("{}: {}", cause.group, cause.title),
            ),
        ),
    }
}

fn tool_run(tool: &str, entries: &[Entry<'_>], run: &RunRecord) -> Value {
    let mut rules: Vec<Value> = Vec::new();
    let mut indexes: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        indexes.entry(&entry.rule).or_insert_with(|| {
            rules.push(rule(entry));
            rules.len() - 1
        });
    }
    let mut prints = BTreeMap::new();
    let results: Vec<Value> = entries
        .iter()
        .map(|entry| {
            result(
                tool,
                entry,
                indexes.get(entry.rule.as_str()).copied().unwrap_or(0),
                &mut prints,
            )
        })
        .collect();
    let mut driver = Map::new();
    driver.insert("name".into(), tool.into());
    driver.insert("rules".into(), rules.into());
    if tool == "towpath" {
        driver.insert("version".into(), run.towpath.clone().into());
    }
    json!({
        "tool": { "driver": driver },
        "automationDetails": { "id": format!("towpath/{tool}/") },
        "originalUriBaseIds": {
            "SRCROOT": { "description": { "text": "The root of the repository." } }
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
    })
}

fn rule(entry: &Entry<'_>) -> Value {
    let mut rule = Map::new();
    rule.insert("id".into(), entry.rule.clone().into());
    let words = match &entry.cause.kind {
        CauseKind::Finding(finding) => rule_words(finding),
        CauseKind::Tests { .. } => "A test fails.".to_owned(),
        CauseKind::Problem(_) => "towpath could not do the work.".to_owned(),
        CauseKind::Job => "A job failed.".to_owned(),
    };
    rule.insert("shortDescription".into(), json!({ "text": words }));
    if let Some(url) = entry.rule_url.filter(|url| url.starts_with("http")) {
        rule.insert("helpUri".into(), url.into());
    }
    Value::Object(rule)
}

fn rule_words(finding: &Finding) -> String {
    if finding.rule.is_empty() {
        return format!("A finding of {}.", finding.tool);
    }
    format!("{} of {}.", finding.rule, finding.tool)
}

fn result(
    tool: &str,
    entry: &Entry<'_>,
    rule_index: usize,
    prints: &mut BTreeMap<(String, String, String), usize>,
) -> Value {
    let path = entry.place.map_or("", |place| place.path.as_str());
    let plain = strip_ansi(&entry.message);
    let message = cut(&plain, MESSAGE);
    // Lines move; tool, rule, file, message and the how-manieth of the same stay.
    let count = prints
        .entry((entry.rule.clone(), path.to_owned(), message.to_string()))
        .or_default();
    *count += 1;
    let identity = [tool, &entry.rule, path, &message, &count.to_string()].join("\u{1f}");
    let mut result = json!({
        "ruleId": entry.rule,
        "ruleIndex": rule_index,
        "level": entry.level,
        "message": { "text": if message.is_empty() { entry.rule.as_str().into() } else { message } },
        "suppressions": [],
        "partialFingerprints": { "towpathIdentity/v1": fingerprint(&identity) },
        "properties": { "jobs": entry.cause.jobs, "blocking": entry.cause.blocking },
    });
    if let (Some(place), Some(object)) = (entry.place, result.as_object_mut()) {
        object.insert("locations".into(), json!([location(place)]));
    }
    result
}

fn location(place: &Place) -> Value {
    let mut physical = Map::new();
    // An absolute path lies outside of the repository, so it has no base.
    let uri = uri(&place.path);
    let artifact = if place.path.starts_with('/') {
        json!({ "uri": format!("file://{uri}") })
    } else {
        json!({ "uri": uri, "uriBaseId": "SRCROOT" })
    };
    physical.insert("artifactLocation".into(), artifact);
    if place.line > 0 {
        let mut region = Map::new();
        region.insert("startLine".into(), place.line.into());
        if place.column > 0 {
            region.insert("startColumn".into(), place.column.into());
        }
        if place.end_line > place.line
            || (place.end_line == place.line && place.end_column > place.column)
        {
            region.insert("endLine".into(), place.end_line.into());
            if place.end_column > 0 {
                region.insert("endColumn".into(), place.end_column.into());
            }
        }
        physical.insert("region".into(), region.into());
    }
    json!({ "physicalLocation": physical })
}

/// Returns a path as the path of a URI.
pub(super) fn uri(path: &str) -> String {
    let encoded = path.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
            String::from(byte as char)
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// FNV-1a, 64 bits: it tells findings apart, it guards nothing.
pub(super) fn fingerprint(identity: &str) -> String {
    let hash = identity
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_paths_as_uris() {
        assert_eq!(
            uri("src/a b/größe#1.py"),
            "src/a%20b/gr%C3%B6%C3%9Fe%231.py"
        );
        assert_eq!(fingerprint(""), "cbf29ce484222325");
    }
}
