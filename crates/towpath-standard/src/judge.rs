//! How findings become a verdict: what blocks, and the ratchet under which counts may fall, never rise.

use std::collections::BTreeMap;

use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding};

use crate::facts::Facts;
use crate::ratchet::Baseline;

/// Marks the findings of a check that block, given that `would_block` says which would without a ratchet,
/// and says what the ratchet did.
pub(crate) fn judge(
    facts: &Facts<'_>,
    check: &str,
    result: &mut CheckResult,
    would_block: &dyn Fn(&Finding) -> bool,
) {
    let ratchet = facts.settings.ratchet(check);
    let baseline = if ratchet.baseline {
        facts.baseline().map(Some)
    } else {
        Ok(None)
    };
    match baseline {
        Ok(baseline) => {
            let baseline = baseline.as_ref().map(|baseline| (check, baseline));
            let said = mark(
                &mut result.findings,
                ratchet.max_warnings,
                baseline,
                would_block,
            );
            result.notes.extend(said);
        }
        Err(problem) => result.errors.push(problem),
    }
    result.failed = result.findings.iter().any(|finding| finding.blocking);
}

/// Marks the findings that block. Under a check's baseline the first findings of a file and rule are
/// tolerated up to their number. Returns a sentence about the ratchet where one is in force.
fn mark(
    findings: &mut [Finding],
    max_warnings: Option<usize>,
    baseline: Option<(&str, &Baseline)>,
    would_block: &dyn Fn(&Finding) -> bool,
) -> Option<String> {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut tolerated = 0;
    for finding in findings.iter_mut() {
        finding.blocking = would_block(finding);
        if let Some((check, baseline)) = baseline {
            let path = finding
                .place
                .as_ref()
                .map_or("", |place| place.path.as_str());
            let count = seen
                .entry((path.to_owned(), finding.rule.clone()))
                .or_default();
            *count += 1;
            finding.blocking = *count > baseline.allowed(check, path, &finding.rule);
            tolerated += usize::from(!finding.blocking);
        }
    }
    if let Some(most) = max_warnings {
        let blocks = findings.len() > most;
        for finding in findings.iter_mut() {
            finding.blocking = blocks;
        }
        return Some(format!(
            "{} of the {most} that `max-warnings` admits",
            counted(findings.len(), "finding")
        ));
    }
    (tolerated > 0).then(|| {
        format!(
            "{} that the baseline holds {} not block",
            counted(tolerated, "finding"),
            if tolerated == 1 { "does" } else { "do" }
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_report::{Place, Severity};

    fn finding(path: &str, rule: &str) -> Finding {
        Finding {
            tool: "ruff".to_owned(),
            rule: rule.to_owned(),
            rule_url: None,
            message: String::new(),
            place: Some(Place::at(path, 1, 1)),
            severity: Severity::Error,
            fixable: false,
            blocking: false,
        }
    }

    #[test]
    fn baseline_tolerates_as_many_as_it_counts() {
        let baseline = Baseline::default().with("lint", &[finding("a.py", "F401")]);
        let mut findings = [
            finding("a.py", "F401"),
            finding("a.py", "F401"),
            finding("b.py", "F401"),
        ];
        mark(&mut findings, None, Some(("lint", &baseline)), &|_| true);
        assert_eq!(
            findings.each_ref().map(|finding| finding.blocking),
            [false, true, true]
        );
    }

    #[test]
    fn too_many_warnings_block_and_as_many_as_allowed_do_not() {
        let mut one = [finding("a.py", "F401")];
        mark(&mut one, Some(1), None, &|_| true);
        assert!(!one[0].blocking);
        let mut two = [finding("a.py", "F401"), finding("a.py", "E501")];
        mark(&mut two, Some(1), None, &|_| false);
        assert!(two.iter().all(|finding| finding.blocking));
    }
}
