//! Reads `detect-secrets scan` and compares it with a baseline, as `detect-secrets-hook` does.
//! Never knows a secret: both hold hashes only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Paths, ReadError, json};
use crate::{Finding, Place, Severity};

#[derive(Deserialize)]
struct Scan {
    results: BTreeMap<String, Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    hashed_secret: String,
    #[serde(default)]
    line_number: u32,
    #[serde(default)]
    is_secret: Option<bool>,
}

/// What a scan found, set against a baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Secrets that the baseline does not hold, in the order of place.
    pub new: Vec<Finding>,
    /// Secrets still there that an audit of the baseline confirmed (`"is_secret": true`).
    pub confirmed: Vec<Finding>,
    /// How many others the baseline knows, those audited as harmless (`"is_secret": false`) included.
    pub known: usize,
}

/// Returns the secrets of a scan, set against a baseline (the text of `.secrets.baseline`) where the
/// project has one. As in detect-secrets, a secret is known by file, type and hash, not by its line;
/// two types of the same secret on one line are one finding.
pub fn read(scan: &[u8], baseline: Option<&[u8]>, paths: &Paths<'_>) -> Result<Secrets, ReadError> {
    let scan: Scan = json::parse("detect-secrets", scan)?;
    let baseline: Option<Scan> = baseline
        .map(|text| json::parse("detect-secrets", text))
        .transpose()?;
    let known = baseline.as_ref().map(audited).unwrap_or_default();
    let mut secrets = Secrets::default();
    for (file, found) in &scan.results {
        let path = paths.relative(file);
        let mut seen = BTreeSet::new();
        for secret in found {
            let key = (
                path_key(file),
                secret.kind.as_str(),
                secret.hashed_secret.as_str(),
            );
            match known.get(&key).map(|audit| audit.or(secret.is_secret)) {
                None if secret.is_secret == Some(false) => secrets.known += 1,
                None => add(
                    &mut secrets.new,
                    &mut seen,
                    secret,
                    &path,
                    "possible secret",
                ),
                Some(Some(true)) => {
                    add(
                        &mut secrets.confirmed,
                        &mut seen,
                        secret,
                        &path,
                        "secret confirmed by audit",
                    );
                }
                Some(_) => secrets.known += 1,
            }
        }
    }
    Ok(secrets)
}

type Key<'a> = (String, &'a str, &'a str);

fn audited(baseline: &Scan) -> BTreeMap<Key<'_>, Option<bool>> {
    let mut known = BTreeMap::new();
    for (file, secrets) in &baseline.results {
        for secret in secrets {
            let key = (
                path_key(file),
                secret.kind.as_str(),
                secret.hashed_secret.as_str(),
            );
            known.insert(key, secret.is_secret);
        }
    }
    known
}

/// A baseline made on Windows or with `scan .` must fit a scan made otherwise.
fn path_key(file: &str) -> String {
    let path = file.replace('\\', "/");
    path.strip_prefix("./").unwrap_or(&path).to_owned()
}

fn add(
    findings: &mut Vec<Finding>,
    seen: &mut BTreeSet<(u32, String)>,
    secret: &Entry,
    path: &str,
    words: &str,
) {
    if !seen.insert((secret.line_number, secret.hashed_secret.clone())) {
        return;
    }
    findings.push(Finding {
        tool: "detect-secrets".to_owned(),
        rule: secret.kind.clone(),
        rule_url: None,
        message: format!("{words}: {}", secret.kind),
        place: Some(Place::at(path, secret.line_number, 0)),
        severity: Severity::Error,
        fixable: false,
        blocking: false,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCAN: &str = r#"{"results": {
        "a.py": [{"type": "AWS Access Key", "hashed_secret": "aa", "line_number": 10},
                 {"type": "Secret Keyword", "hashed_secret": "aa", "line_number": 10},
                 {"type": "Secret Keyword", "hashed_secret": "bb", "line_number": 6}]}}"#;

    #[test]
    fn without_baseline_everything_is_new() {
        let secrets = read(SCAN.as_bytes(), None, &Paths::at_root("/r")).expect("valid");
        assert_eq!(
            secrets.new.len(),
            2,
            "one secret of two types is one finding"
        );
        assert_eq!(secrets.new[0].message, "possible secret: AWS Access Key");
    }

    #[test]
    fn compares_by_file_type_and_hash() {
        for (entry, new, confirmed, known) in [
            (
                r#"{"type": "Secret Keyword", "hashed_secret": "bb", "line_number": 99}"#,
                1,
                0,
                1,
            ),
            (
                r#"{"type": "Secret Keyword", "hashed_secret": "bb", "is_secret": false}"#,
                1,
                0,
                1,
            ),
            (
                r#"{"type": "Secret Keyword", "hashed_secret": "bb", "is_secret": true}"#,
                1,
                1,
                0,
            ),
            (r#"{"type": "Other", "hashed_secret": "bb"}"#, 2, 0, 0),
        ] {
            let baseline = format!(r#"{{"results": {{"./a.py": [{entry}]}}}}"#);
            let secrets = read(
                SCAN.as_bytes(),
                Some(baseline.as_bytes()),
                &Paths::at_root("/r"),
            )
            .expect("valid");
            assert_eq!(
                (secrets.new.len(), secrets.confirmed.len(), secrets.known),
                (new, confirmed, known),
                "{entry}"
            );
        }
    }

    #[test]
    fn a_broken_baseline_is_an_error() {
        assert!(read(SCAN.as_bytes(), Some(b"{"), &Paths::at_root("/r")).is_err());
    }
}
