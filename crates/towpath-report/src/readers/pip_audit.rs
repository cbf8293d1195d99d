//! Reads `pip-audit --format json`.

use serde::Deserialize;

use super::{ReadError, json};
use crate::{Finding, Place, Severity};

/// What pip-audit is asked with.
pub const ARGUMENTS: &[&str] = &["--format", "json", "--progress-spinner", "off"];

#[derive(Deserialize)]
#[serde(untagged)]
enum Output {
    New {
        dependencies: Vec<Dependency>,
    },
    /// Before 2.0.
    Old(Vec<Dependency>),
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    vulns: Vec<Vulnerability>,
    skip_reason: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: String,
    #[serde(default)]
    fix_versions: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    description: Option<String>,
}

/// What pip-audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Known vulnerabilities, each at the place handed in.
    pub findings: Vec<Finding>,
    /// Packages that were not audited, each with its reason.
    pub skipped: Vec<String>,
    /// How many packages were audited.
    pub audited: usize,
}

/// Returns the vulnerabilities of `pip-audit --format json`; `place` is the lock or manifest audited.
pub fn read(output: &[u8], place: Option<&Place>) -> Result<Audit, ReadError> {
    let (Output::New { dependencies } | Output::Old(dependencies)) =
        json::parse("pip-audit", output)?;
    let mut audit = Audit::default();
    for dependency in dependencies {
        match &dependency.skip_reason {
            Some(reason) => audit.skipped.push(format!("{}: {reason}", dependency.name)),
            None => audit.audited += 1,
        }
        for vulnerability in &dependency.vulns {
            audit
                .findings
                .push(finding(&dependency, vulnerability, place));
        }
    }
    Ok(audit)
}

fn finding(
    dependency: &Dependency,
    vulnerability: &Vulnerability,
    place: Option<&Place>,
) -> Finding {
    Finding {
        tool: "pip-audit".to_owned(),
        rule: vulnerability.id.clone(),
        rule_url: Some(format!(
            "https://osv.dev/vulnerability/{}",
            vulnerability.id
        )),
        message: super::osv::vulnerable(
            &dependency.name,
            &dependency.version,
            vulnerability.description.as_deref().unwrap_or_default(),
            &vulnerability.aliases,
            &vulnerability.fix_versions,
        ),
        place: place.cloned(),
        severity: Severity::Error,
        fixable: false,
        blocking: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_vulnerabilities_and_what_was_not_audited() {
        let output = br#"No known issues
{"dependencies": [{"name": "jinja2", "version": "2.10", "vulns": [{"id": "PYSEC-2019-217",
            "fix_versions": ["2.10.1"], "aliases": ["CVE-2019-10906"], "description": "Sandbox escape.\nMore."}]},
            {"name": "idna", "version": "3", "vulns": []},
            {"name": "local", "skip_reason": "not found on PyPI"}], "fixes": []}"#;
        let audit = read(output, Some(&Place::file("uv.lock"))).expect("valid");
        assert_eq!(audit.audited, 2);
        assert_eq!(audit.skipped, ["local: not found on PyPI"]);
        assert_eq!(
            audit.findings[0].message,
            "jinja2 2.10: Sandbox escape. (CVE-2019-10906), fixed in 2.10.1"
        );
    }
}
