//! Files that the build of a project for editing was seen to read: inputs of its layer beside those that
//! are known before it is ever built.
//!
//! The text of readme and licences is left out: it ends up in the metadata's description, which no
//! program reads while it runs.

use std::collections::BTreeSet;

use towpath_host::Digest;
use towpath_python::environments::is_prose;

use super::Subject;
use super::session::Session;

/// Kind of the entries that list the files that a build read.
const READS: &str = "editable-reads";

impl Session<'_> {
    /// Returns the identity of a layer: what it is known to depend on, and the contents of the files that
    /// its last build read.
    pub(crate) fn with_reads(&self, base: &Digest) -> Digest {
        let kept = self.store.entry(READS, base.as_str()).ok().flatten();
        let reads: Vec<String> = kept
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let mut text = format!("{} {base}", self.build);
        for path in reads {
            text.push_str(&format!("\n{path} {:?}", self.tree.digest(&path)));
        }
        Digest::of(text.as_bytes())
    }

    /// Keeps which files a build read; where not all of them were seen it may have been any.
    pub(crate) fn keep_reads(
        &self,
        subject: &Subject<'_>,
        base: &Digest,
        opened: Option<&BTreeSet<String>>,
    ) {
        let reads: Vec<&String> = match opened {
            Some(opened) => opened.iter().collect(),
            None => self.tree.files().keys().collect(),
        };
        // Of the manifest those tables count that a backend reads, and they are in the base as well.
        let manifest = subject.facts.project.path("pyproject.toml");
        let counts = |path: &&String| !is_prose(path) && **path != manifest;
        let reads: Vec<&String> = reads.into_iter().filter(counts).collect();
        let kept = serde_json::to_vec(&reads)
            .map(|bytes| self.store.put_entry(READS, base.as_str(), &bytes));
        if let Ok(Err(error)) = kept {
            tracing::debug!("what the build read was not kept: {error}");
        }
    }
}
