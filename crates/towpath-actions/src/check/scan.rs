//! Findings kept file by file, for tools that look at each file alone and take long: only files whose
//! contents were not seen before are scanned again.

use std::collections::{BTreeMap, BTreeSet};

use towpath_host::Digest;
use towpath_report::Finding;
use towpath_runner::Key;
use towpath_standard::{Partial, Scan};

use super::session::Session;

/// How many bytes of paths one command gets: a quarter of what Linux lets it have by default, which its
/// variables share.
const LARGEST_PORTION: usize = 512 * 1024;

/// Findings of each file, by the digest of its contents.
type Known = BTreeMap<String, BTreeMap<String, Vec<Finding>>>;

/// Which files a scan still has to look at, and what is known of the others.
pub(crate) struct ScanPlan {
    key: String,
    known: Known,
    current: Vec<(String, Digest)>,
    /// Files that the tool must look at.
    pub(crate) remaining: Vec<String>,
}

impl ScanPlan {
    /// Returns the known findings of all files as they are now, in the order of the files.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let of_file = |(path, digest): &(String, Digest)| {
            self.known
                .get(path)
                .and_then(|versions| versions.get(digest.as_str()))
                .cloned()
                .unwrap_or_default()
        };
        self.current.iter().flat_map(of_file).collect()
    }

    /// Returns the files that the tool must look at in portions that fit a command line, each as a path
    /// that cannot be taken for an option.
    pub(crate) fn portions(&self) -> Vec<Vec<String>> {
        let mut portions: Vec<Vec<String>> = Vec::new();
        let mut room = 0;
        for path in &self.remaining {
            if path.len() >= room {
                portions.push(Vec::new());
                room = LARGEST_PORTION;
            }
            room = room.saturating_sub(path.len() + 1);
            let named = if path.starts_with('-') {
                format!("./{path}")
            } else {
                path.clone()
            };
            if let Some(last) = portions.last_mut() {
                last.push(named);
            }
        }
        portions
    }

    /// Takes over what the tool found in the files that it looked at, in one or several portions, and puts
    /// what is known of all files in its place.
    pub(crate) fn add(&mut self, portions: &mut [Partial]) {
        let found: Vec<Finding> = portions
            .iter_mut()
            .flat_map(|portion| std::mem::take(&mut portion.findings))
            .collect();
        self.take_over(&found);
        if let Some(first) = portions.first_mut() {
            first.findings = self.findings();
        }
    }

    fn take_over(&mut self, found: &[Finding]) {
        let mut found_in: BTreeMap<&str, Vec<Finding>> = BTreeMap::new();
        for finding in found {
            if let Some(place) = &finding.place {
                found_in
                    .entry(&place.path)
                    .or_default()
                    .push(finding.clone());
            }
        }
        let scanned: BTreeSet<String> = std::mem::take(&mut self.remaining).into_iter().collect();
        for (path, digest) in &self.current {
            if scanned.contains(path) {
                let own = found_in.remove(path.as_str()).unwrap_or_default();
                let version = BTreeMap::from([(digest.to_string(), own)]);
                self.known.insert(path.clone(), version);
            }
        }
    }
}

impl Session<'_> {
    /// Returns what a scan still has to do.
    pub(crate) fn scan_plan(&self, key: &Key, scan: &Scan) -> ScanPlan {
        let key = key.digest().to_string();
        let known = if self.keeps_results() {
            let stored = self.store.entry("scan", &key).ok().flatten();
            let known = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            known.unwrap_or_default()
        } else {
            Known::default()
        };
        let current: Vec<(String, Digest)> = scan
            .files
            .iter()
            .filter_map(|path| Some((path.clone(), self.tree.digest(path)?)))
            .collect();
        let is_known = |path: &str, digest: &Digest| {
            known
                .get(path)
                .is_some_and(|versions| versions.contains_key(digest.as_str()))
        };
        let remaining = current
            .iter()
            .filter(|(path, digest)| !is_known(path, digest))
            .map(|(path, _)| path.clone())
            .collect();
        ScanPlan {
            key,
            known,
            current,
            remaining,
        }
    }

    /// Keeps the findings of a scan. A store that cannot be written costs time on the next run, nothing
    /// else.
    pub(crate) fn keep_scan(&self, plan: &ScanPlan) {
        if let Ok(bytes) = serde_json::to_vec(&plan.known)
            && let Err(error) = self.store.put_entry("scan", &plan.key, &bytes)
        {
            tracing::debug!("the scan was not kept: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_portions_that_fit_a_command_line() {
        let mut remaining = vec!["-x.py".to_owned()];
        remaining
            .extend((0..30_000).map(|number| format!("a/folder/with/a/long/name/{number}.py")));
        let plan = ScanPlan {
            key: String::new(),
            known: Known::default(),
            current: Vec::new(),
            remaining: remaining.clone(),
        };
        let portions = plan.portions();
        let size = |portion: &Vec<String>| portion.iter().map(|path| path.len() + 1).sum::<usize>();
        assert!(
            portions
                .iter()
                .all(|portion| (1..=LARGEST_PORTION + 2).contains(&size(portion)))
        );
        assert_eq!(portions.len(), 2);
        remaining[0].insert_str(0, "./");
        assert_eq!(portions.concat(), remaining);
    }
}
