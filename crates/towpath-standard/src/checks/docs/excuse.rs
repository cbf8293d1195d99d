//! What of a broken documentation cannot be told here: inventories of other projects that are out of
//! reach, files that the archive of a release leaves out, a git history where there is none, and
//! libraries of the system that are not installed.

use towpath_report::Finding;

use crate::facts::Facts;

/// Words of tools that look for a git history.
const WANTS_GIT: [&str; 5] = [
    "not a git repository",
    "no git repository",
    "notgitrepository",
    "invalidgitrepository",
    "unable to detect version for",
];

/// Words of sphinx, docutils, myst and mkdocs for a file that is not there.
const WANTS_FILE: [&str; 10] = [
    "No such file or directory",
    "not found or reading it failed",
    "file not readable",
    "file not found",
    "nonexisting document",
    "didn't match any documents",
    "does not exist",
    "isn't an existing directory",
    "not found in the documentation files",
    "not found among documentation files",
];

/// Words of loaders for a library of the system that is not installed.
const WANTS_LIBRARY: [&str; 3] = [
    "library was not found",
    "cannot load library",
    "cannot open shared object file",
];

/// What excuses findings of one build.
pub(super) struct Excuses {
    lacks_inventories: bool,
    lacks_git: bool,
    is_release: bool,
    /// Whether a page or a part of one is not there, so that what refers to it leads nowhere.
    lacks_pages: bool,
}

impl Excuses {
    /// Returns what excuses the findings of a build.
    pub(super) fn of(facts: &Facts<'_>, findings: &[Finding]) -> Self {
        let is_release = facts.is_release();
        Self {
            lacks_inventories: findings.iter().any(is_unreachable),
            lacks_git: facts.git_state.is_empty(),
            is_release,
            lacks_pages: is_release && findings.iter().any(wants_file),
        }
    }

    /// Returns whether a finding may be none where everything is at hand.
    pub(super) fn cover(&self, finding: &Finding) -> bool {
        is_unreachable(finding)
            || self.are_here(finding)
            || ((self.lacks_inventories || self.lacks_pages) && is_reference(finding))
    }

    /// Returns whether a finding says nothing but that something is not here.
    pub(super) fn are_here(&self, finding: &Finding) -> bool {
        (self.lacks_git && wants_git(finding))
            || (self.is_release && wants_file(finding))
            || wants_library(finding)
    }

    /// Returns why one build cannot be judged, where something that is not here breaks it.
    pub(super) fn unjudged(&self, findings: &[Finding]) -> Option<String> {
        let mut missed = findings
            .iter()
            .filter(|finding| finding.blocking && self.are_here(finding));
        let first = missed.next()?;
        if wants_library(first) {
            let said = first.message.lines().next().unwrap_or_default();
            return Some(format!("it needs a library of the system: {said}"));
        }
        if wants_git(first) {
            return Some("its build needs a git history, which is not here".to_owned());
        }
        let name = last_quoted(&first.message).map(|name| format!("`{name}`"));
        let name = name.unwrap_or_else(|| "a file".to_owned());
        Some(format!("it needs {name}, which the release leaves out"))
    }
}

/// Returns whether references that would block were looked up without the inventories of other projects.
pub(super) fn lacks_inventories(findings: &[Finding]) -> bool {
    let doubtful = |finding: &Finding| finding.blocking && is_reference(finding);
    findings.iter().any(is_unreachable) && findings.iter().any(doubtful)
}

/// An inventory of another project that this machine cannot fetch is no fault of the documentation.
fn is_unreachable(finding: &Finding) -> bool {
    finding
        .message
        .contains("failed to reach any of the inventories")
        || finding.message.contains("intersphinx inventory")
        || finding.message.contains("Couldn't load inventory")
}

/// Returns whether a finding is a reference that could not be resolved: without the inventories of
/// other projects nobody can tell a wrong one from one that leads there.
fn is_reference(finding: &Finding) -> bool {
    let says = |words: &str| finding.message.contains(words);
    finding.rule.starts_with("ref.")
        || finding.rule.starts_with("intersphinx.")
        || matches!(
            finding.rule.as_str(),
            "myst.xref_missing" | "myst.iref_missing"
        )
        || says("reference target not found")
        || says("Could not find cross-reference target")
        || says("undefined label")
        || says("unknown document")
        || says("term not in glossary")
        || says("unknown option")
}

fn wants_git(finding: &Finding) -> bool {
    let message = finding.message.to_ascii_lowercase();
    WANTS_GIT.iter().any(|words| message.contains(words))
}

fn wants_library(finding: &Finding) -> bool {
    let says = |words: &&str| finding.message.contains(*words);
    finding.rule == "build-failed" && WANTS_LIBRARY.iter().any(says)
}

fn wants_file(finding: &Finding) -> bool {
    WANTS_FILE
        .iter()
        .any(|words| finding.message.contains(words))
}

/// Returns the last word in quotes: messages end with the name of the file.
fn last_quoted(message: &str) -> Option<&str> {
    let (rest, _) = message.rsplit_once('\'')?;
    let (_, name) = rest.rsplit_once('\'')?;
    (!name.is_empty() && !name.contains(' ')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_report::readers::mkdocs;

    #[test]
    fn references_of_mkdocs_are_excused_where_inventories_are_out_of_reach() {
        const INVENTORY: &str = "WARNING -  mkdocstrings: Couldn't load inventory https://x/objects.inv through handler 'python': <urlopen error>\n";
        const OTHERS: &str = "WARNING -  mkdocs_autorefs: a.md: Could not find cross-reference target 'typing'\n\
                              WARNING -  Doc file 'a.md' contains a link 'b.md', but the target is not found.\n";
        for (log, expected) in [
            ([INVENTORY, OTHERS].concat(), vec![true, true, false]),
            (OTHERS.to_owned(), vec![false, false]),
        ] {
            let findings = mkdocs::read(log.as_bytes(), "docs");
            let excuses = Excuses {
                lacks_inventories: findings.iter().any(is_unreachable),
                lacks_git: false,
                is_release: false,
                lacks_pages: false,
            };
            let covered: Vec<bool> = findings.iter().map(|one| excuses.cover(one)).collect();
            assert_eq!(covered, expected, "{log}");
        }
    }
}
