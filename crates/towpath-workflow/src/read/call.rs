//! The call of another workflow by a job, with the places of its parts.

use std::ops::Range;

use crate::syntax::CallJob;
use crate::yaml::Node;

/// A call with the places of its parts.
pub(super) struct Call {
    pub(super) job: CallJob,
    pub(super) id: String,
    pub(super) name: Range<usize>,
    pub(super) uses: Range<usize>,
    pub(super) with: Vec<(String, Range<usize>, Range<usize>)>,
    pub(super) secrets: Vec<(String, Range<usize>)>,
}

impl Call {
    pub(super) fn new(
        job: &CallJob,
        key: &Node,
        uses: &Node,
        with: Option<&Node>,
        secrets: Option<&Node>,
    ) -> Self {
        let entries = |node: Option<&Node>| -> Vec<(String, Range<usize>, Range<usize>)> {
            node.and_then(Node::as_mapping)
                .unwrap_or_default()
                .iter()
                .filter_map(|(key, value)| {
                    Some((key.text()?.to_owned(), key.span.clone(), value.span.clone()))
                })
                .collect()
        };
        Self {
            job: job.clone(),
            id: key.text().unwrap_or_default().to_owned(),
            name: key.span.clone(),
            uses: uses.span.clone(),
            with: entries(with),
            secrets: entries(secrets)
                .into_iter()
                .map(|(name, key, _)| (name, key))
                .collect(),
        }
    }
}
