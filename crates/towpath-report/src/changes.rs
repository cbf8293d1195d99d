//! Which lines a pull request changes, so that reports can put those first.

use std::collections::BTreeMap;

use crate::Place;

/// Lines that were added or changed since a base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// By path relative to the repository: first and last line of each range, from 1. Empty where no
    /// base is known.
    pub files: BTreeMap<String, Vec<(u32, u32)>>,
}

impl Changes {
    /// Returns whether a place lies on changed lines; a whole file does when any of its lines changed.
    pub fn touch(&self, place: &Place) -> bool {
        let Some(ranges) = self.files.get(&place.path) else {
            return false;
        };
        place.line == 0
            || ranges.iter().any(|(first, last)| {
                *first <= place.end_line.max(place.line) && place.line <= *last
            })
    }
}
