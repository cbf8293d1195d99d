//! What the token of a run may do: its scopes, and what a called workflow asks beyond its caller.

use crate::syntax::{Access, Permissions};

/// Scopes that take `read`, `write` and `none`.
pub(crate) const SCOPES: &[&str] = &[
    "actions",
    "artifact-metadata",
    "attestations",
    "checks",
    "code-quality",
    "contents",
    "deployments",
    "discussions",
    "drives",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "security-events",
    "statuses",
];
/// Scopes that take only `write` and `none`.
pub(crate) const WRITE_SCOPES: &[&str] = &["copilot-requests", "id-token"];
/// Scopes that take only `read` and `none`.
pub(crate) const READ_SCOPES: &[&str] = &["models", "vulnerability-alerts"];

/// What `cache-mode` lets a job do with GitHub's cache.
pub(crate) const CACHE_MODES: &[&str] = &["read", "write", "write-only", "none"];

/// The scopes that `read-all` and `write-all` are told to stand for, in the order of GitHub's messages.
pub(crate) const TOLD: &[&str] = &[
    "actions",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "statuses",
    "security-events",
    "id-token",
];

/// Returns what a token may do where nothing is said and the repository leaves GitHub's own default.
pub(crate) fn restricted() -> Permissions {
    let read = |scope: &str| (scope.to_owned(), Access::Read);
    Permissions::Scopes(["contents", "packages"].map(read).into())
}

/// A scope of which more is asked than may be given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excess {
    pub(crate) scope: String,
    pub(crate) asked: Access,
    pub(crate) allowed: Access,
}

/// Returns every scope of which `asked` has more than `allowed`.
pub(crate) fn excess(asked: &Permissions, allowed: &Permissions) -> Vec<Excess> {
    scopes(asked)
        .into_iter()
        .map(|scope| Excess {
            asked: access(asked, &scope),
            allowed: access(allowed, &scope),
            scope,
        })
        .filter(|excess| excess.asked > excess.allowed)
        .collect()
}

fn scopes(permissions: &Permissions) -> Vec<String> {
    let told = TOLD.iter().map(|scope| (*scope).to_owned());
    match permissions {
        Permissions::ReadAll | Permissions::WriteAll => told.collect(),
        Permissions::Scopes(scopes) => {
            let others = scopes
                .keys()
                .filter(|scope| !TOLD.contains(&scope.as_str()));
            told.filter(|scope| scopes.contains_key(scope))
                .chain(others.cloned())
                .collect()
        }
    }
}

fn access(permissions: &Permissions, scope: &str) -> Access {
    match permissions {
        Permissions::ReadAll => Access::Read,
        Permissions::WriteAll => Access::Write,
        Permissions::Scopes(scopes) => scopes.get(scope).copied().unwrap_or(Access::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Naming one scope takes all others away; a called workflow can only get less than its caller has.
    #[test]
    fn finds_what_is_asked_beyond() {
        let scopes = |pairs: &[(&str, Access)]| {
            Permissions::Scopes(
                pairs
                    .iter()
                    .map(|(scope, access)| ((*scope).to_owned(), *access))
                    .collect(),
            )
        };
        let found = |asked: &Permissions, allowed: &Permissions| -> Vec<String> {
            excess(asked, allowed)
                .into_iter()
                .map(|excess| excess.scope)
                .collect()
        };
        let read = scopes(&[("contents", Access::Read)]);
        let write = scopes(&[("packages", Access::Write), ("contents", Access::Write)]);
        assert_eq!(found(&read, &Permissions::ReadAll), Vec::<String>::new());
        assert_eq!(found(&write, &Permissions::WriteAll), Vec::<String>::new());
        assert_eq!(found(&write, &read), ["contents", "packages"]);
        assert_eq!(found(&write, &restricted()), ["contents", "packages"]);
        assert_eq!(
            found(&scopes(&[("models", Access::Read)]), &restricted()),
            ["models"]
        );
        assert_eq!(
            found(&Permissions::WriteAll, &Permissions::ReadAll).len(),
            13
        );
        assert_eq!(found(&Permissions::ReadAll, &read).len(), 12);
    }
}
