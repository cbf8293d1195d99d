//! Findings kept file by file, for tools that look at each file alone and take long: only files whose
//! contents were not seen before are scanned again.

use std::collections::BTreeMap;

use towpath_host::Digest;
use towpath_report::Finding;
use towpath_runner::Key;
use towpath_standard::Scan;

use super::session::Session;

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

    /// Takes over what the tool found in the files that it looked at.
    pub(crate) fn add(&mut self, found: &[Finding]) {
        for path in std::mem::take(&mut self.remaining) {
            let Some((_, digest)) = self.current.iter().find(|(name, _)| *name == path) else {
                continue;
            };
            let is_here = |finding: &&Finding| {
                let place = finding.place.as_ref();
                place.is_some_and(|place| place.path == path)
            };
            let own = found.iter().filter(is_here).cloned().collect();
            let version = BTreeMap::from([(digest.to_string(), own)]);
            self.known.insert(path, version);
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
