//! At which line a file began to differ since a failing job passed. Known only where git still has the
//! file exactly as that run saw it.

use towpath_host::{Digest, Git};
use towpath_report::{JobRecord, LastPass, RunRecord};
use towpath_runner::Ledger;

use crate::repository::Repository;

/// How many files are looked at for one job; a report names fewer.
const LOOKED_AT: usize = 3;

/// Puts the line to each changed file of the jobs that passed before.
pub(crate) fn fill(record: &mut RunRecord, repository: &Repository, ledger: &Ledger<'_>) {
    let Some(git) = &repository.git else { return };
    for JobRecord {
        name, last_pass, ..
    } in &mut record.jobs
    {
        let Some(pass) = last_pass else { continue };
        let Ok(Some(last)) = ledger.last(name) else {
            continue;
        };
        let kept = last.last_pass().and_then(|last| last.dependencies.as_ref());
        let Some(Ok(Some(seen))) = kept.map(|kept| ledger.dependencies(kept)) else {
            continue;
        };
        let LastPass {
            commit, changed, ..
        } = pass;
        for place in changed.iter_mut().take(LOOKED_AT) {
            let before = seen.files.get(&place.path).and_then(Option::as_ref);
            let before = before.and_then(|digest| text_as_seen(git, commit, &place.path, digest));
            let now = repository.tree.read_text(&place.path).ok();
            if let Some((before, now)) = before.zip(now) {
                place.line = first_difference(&before, &now);
                place.end_line = place.line;
            }
        }
    }
}

/// Returns a file of a commit if it is the one that a run saw.
fn text_as_seen(git: &Git, commit: &str, path: &str, seen: &Digest) -> Option<String> {
    if commit.is_empty() {
        return None;
    }
    let bytes = git.show(commit, path).ok()??;
    if Digest::of(&bytes) != *seen {
        return None;
    }
    String::from_utf8(bytes).ok()
}

/// Returns the first line of `now` that differs from `before`; its last where only lines at the end are
/// gone.
fn first_difference(before: &str, now: &str) -> u32 {
    let same = before
        .lines()
        .zip(now.lines())
        .take_while(|(before, now)| before == now)
        .count();
    let line = (same + 1).min(now.lines().count().max(1));
    u32::try_from(line).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_line_that_differs() {
        for (before, now, line) in [
            ("a\nb\nc\n", "a\nx\nc\n", 2),
            ("a\nb\n", "a\nb\nc\n", 3),
            ("a\nb\nc\n", "a\nb\n", 2),
            ("a\n", "", 1),
        ] {
            assert_eq!(first_difference(before, now), line, "{before:?} {now:?}");
        }
    }
}
