//! Replaces secrets in a stream of bytes, whatever pieces it arrives in.
//!
//! Bytes are held back only while they may be the beginning of a secret, so a live log is not delayed
//! by more than that. Memory is bounded by the longest form of a secret, and each byte is looked at once.

use std::collections::BTreeSet;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

use super::{Secret, encodings};

/// What stands where a secret stood.
const MASK: &[u8] = b"***";

/// Masks one stream. Cloning gives a masker for another stream with the same secrets.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    /// `None` where there are no secrets.
    patterns: Option<Arc<Patterns>>,
    /// Secrets that came since, and are looked for from the next byte on.
    added: Vec<Secret>,
    /// Whether there are more secrets than can be looked for: nothing is told then.
    is_silent: bool,
    /// What the last bytes may be the beginning of.
    state: StateID,
    held: Vec<u8>,
    /// Where secrets stand in the held bytes: those that overlap as one, ascending.
    secrets: Vec<Range<usize>>,
    /// Whether the mask of the first of them was written already.
    is_begun: bool,
}

impl Masker {
    /// Makes a masker for the secrets, each with its lines and encodings.
    pub fn new(secrets: &[Secret]) -> Self {
        let mut masker = Self::default();
        masker.add(secrets);
        masker
    }

    /// Adds secrets; they are masked from here on, in this stream and in those of later clones.
    pub fn add(&mut self, secrets: &[Secret]) {
        self.added.extend_from_slice(secrets);
    }

    /// Makes the patterns for all secrets anew: once for as many as came one after the other.
    fn take_added(&mut self) {
        if self.added.is_empty() {
            return;
        }
        let known = self.patterns.as_ref().map(|patterns| &patterns.forms);
        let mut forms = known.cloned().unwrap_or_default();
        let before = forms.len();
        for secret in mem::take(&mut self.added) {
            forms.extend(encodings::forms(secret.expose()));
        }
        if forms.len() == before {
            return;
        }
        self.patterns = Patterns::new(forms).map(Arc::new);
        self.is_silent |= self.patterns.is_none();
        self.state = self.start();
        // What is held may be the beginning of a new one.
        let held = mem::take(&mut self.held);
        self.hold(&held);
    }

    /// Takes the next bytes of the stream and appends to `output` what can be told of it.
    pub fn mask(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        self.take_added();
        self.hold(bytes);
        let patterns = self.patterns.as_ref();
        let open = patterns.map_or(0, |patterns| patterns.depth(self.state));
        self.write(self.held.len().saturating_sub(open), output);
    }

    /// Ends the stream and appends the rest to `output`. The masker can be used for another stream.
    pub fn finish(&mut self, output: &mut Vec<u8>) {
        self.take_added();
        self.write(self.held.len(), output);
        self.state = self.start();
    }

    /// Masks a whole text.
    pub fn mask_text(&self, text: &str) -> String {
        let mut masker = Self {
            patterns: self.patterns.clone(),
            added: self.added.clone(),
            is_silent: self.is_silent,
            state: self.start(),
            ..Self::default()
        };
        masker.take_added();
        masker.look_at(text.as_bytes());
        if masker.secrets.is_empty() && !masker.is_silent {
            return text.to_owned();
        }
        masker.held = text.as_bytes().to_vec();
        let mut output = Vec::with_capacity(text.len());
        masker.finish(&mut output);
        String::from_utf8_lossy(&output).into_owned()
    }

    fn start(&self) -> StateID {
        let patterns = self.patterns.as_ref();
        patterns.map_or_else(StateID::default, |patterns| patterns.start)
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.look_at(bytes);
        self.held.extend_from_slice(bytes);
    }

    /// Notes the secrets that end in bytes which come behind those that are held.
    fn look_at(&mut self, bytes: &[u8]) {
        let Some(patterns) = &self.patterns else {
            return;
        };
        let mut state = self.state;
        for (position, &byte) in bytes.iter().enumerate() {
            state = patterns.automaton.next_state(Anchored::No, state, byte);
            if patterns.automaton.is_match(state) {
                let end = self.held.len() + position + 1;
                note(&mut self.secrets, end - patterns.longest_at(state)..end);
            }
        }
        self.state = state;
    }

    /// Writes what is held before `end`; a secret that goes on behind it leaves its mask, and is
    /// remembered as begun.
    fn write(&mut self, end: usize, output: &mut Vec<u8>) {
        if self.is_silent {
            self.held.clear();
            output.extend_from_slice(MASK);
            return;
        }
        let mut position = 0;
        for range in self.secrets.iter().take_while(|range| range.start < end) {
            if !(self.is_begun && range.start == 0) {
                output.extend_from_slice(self.held.get(position..range.start).unwrap_or_default());
                output.extend_from_slice(MASK);
            }
            position = range.end.min(end);
        }
        output.extend_from_slice(self.held.get(position..end).unwrap_or_default());
        self.held.drain(..end);
        if end > 0 {
            self.secrets.retain(|range| range.end > end);
            self.is_begun = self.secrets.first().is_some_and(|range| range.start < end);
            for range in &mut self.secrets {
                *range = range.start.saturating_sub(end)..range.end - end;
            }
        }
    }
}

/// Adds a secret that ends behind all others.
fn note(secrets: &mut Vec<Range<usize>>, mut found: Range<usize>) {
    while let Some(last) = secrets.pop_if(|last| found.start < last.end) {
        found.start = found.start.min(last.start);
    }
    secrets.push(found);
}

#[derive(Debug)]
struct Patterns {
    forms: BTreeSet<Vec<u8>>,
    automaton: NFA,
    start: StateID,
    /// How many bytes lead to each state, ascending by state.
    depths: Vec<(StateID, usize)>,
}

impl Patterns {
    /// `None` where the forms are more than an automaton has states for.
    fn new(forms: BTreeSet<Vec<u8>>) -> Option<Self> {
        let automaton = NFA::builder()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(&forms)
            .ok()?;
        let start = automaton.start_state(Anchored::No).ok()?;
        let mut depths = Vec::new();
        for form in &forms {
            let mut state = start;
            for (index, &byte) in form.iter().enumerate() {
                state = automaton.next_state(Anchored::No, state, byte);
                depths.push((state, index + 1));
            }
        }
        depths.sort_unstable();
        depths.dedup();
        Some(Self {
            forms,
            automaton,
            start,
            depths,
        })
    }

    /// Returns how many of the last bytes may be the beginning of a secret.
    fn depth(&self, state: StateID) -> usize {
        let index = self
            .depths
            .binary_search_by_key(&state, |(known, _)| *known);
        index
            .ok()
            .and_then(|index| self.depths.get(index))
            .map_or(0, |(_, depth)| *depth)
    }

    /// Returns the length of the longest secret that ends at a state.
    fn longest_at(&self, state: StateID) -> usize {
        let lengths = (0..self.automaton.match_len(state)).map(|index| {
            let pattern = self.automaton.match_pattern(state, index);
            self.automaton.pattern_len(pattern)
        });
        lengths.max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masker(secrets: &[&str]) -> Masker {
        Masker::new(
            &secrets
                .iter()
                .map(|secret| Secret::new(*secret))
                .collect::<Vec<_>>(),
        )
    }

    fn mask_in_pieces(masker: &Masker, pieces: &[&[u8]]) -> Vec<u8> {
        let mut masker = masker.clone();
        let mut output = Vec::new();
        for piece in pieces {
            masker.mask(piece, &mut output);
        }
        masker.finish(&mut output);
        output
    }

    const CASES: &[(&[&str], &str, &str)] = &[
        (&[], "nothing to hide", "nothing to hide"),
        (
            &["hunter2"],
            "the password is hunter2.",
            "the password is ***.",
        ),
        (&["hunter2"], "hunterhunter2hunter", "hunter***hunter"),
        (&["hunter2"], "aHVudGVyMg== ends", "*** ends"),
        (&["abcd", "cdef"], "xabcdefx", "x***x"),
        (&["abcd", "abcdefgh"], "abcdefg abcdefgh", "***efg ***"),
        (&["aaaa"], "baaaaaaaaaaab", "b***b"),
        (&["abab"], "ababababab!", "***!"),
        (&["one line\nanother line"], "got: another line", "got: ***"),
        (&["tail"], "ta", "ta"),
        (&["x y&z"], "q=x%20y%26z&r=1", "q=***&r=1"),
    ];

    #[test]
    fn masks_whatever_the_pieces() {
        for (secrets, text, expected) in CASES {
            let masker = masker(secrets);
            let bytes = text.as_bytes();
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    let output = mask_in_pieces(&masker, &pieces);
                    assert_eq!(
                        String::from_utf8_lossy(&output),
                        *expected,
                        "{first} {second}"
                    );
                }
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(mask_in_pieces(&masker, &single), expected.as_bytes());
        }
    }

    #[test]
    fn every_form_is_masked_at_every_border() {
        let secret = "p\"ss <w>rd's & $1/é\\";
        let masker = masker(&[secret]);
        for form in encodings::forms(secret) {
            let text = [b"[", form.as_slice(), b"]"].concat();
            for border in 0..=text.len() {
                let output = mask_in_pieces(&masker, &[&text[..border], &text[border..]]);
                let leaks = output.windows(form.len()).any(|window| window == form);
                assert!(!leaks, "{:?} at {border}", String::from_utf8_lossy(&form));
                assert_eq!((output.first(), output.last()), (Some(&b'['), Some(&b']')));
            }
        }
    }

    #[test]
    fn holds_back_only_what_may_be_a_secret() {
        let mut masker = masker(&["hunter2"]);
        let mut output = Vec::new();
        masker.mask(b"progress 50%\r", &mut output);
        assert_eq!(output, b"progress 50%\r");
        masker.mask(b"now hun", &mut output);
        assert_eq!(output, b"progress 50%\rnow ");
        masker.mask(b"dred\xff\0", &mut output);
        assert_eq!(output, b"progress 50%\rnow hundred\xff\0");
    }

    #[test]
    fn a_secret_may_be_added_while_a_stream_runs() {
        let mut masker = masker(&["hunter2"]);
        let mut output = Vec::new();
        masker.mask(b"other hunt", &mut output);
        masker.add(&[Secret::new("other"), Secret::new("untold")]);
        masker.mask(b"old other hunter2 hu", &mut output);
        masker.add(&[]);
        masker.mask(b"nter2 unto", &mut output);
        let mut later = masker.clone();
        masker.finish(&mut output);
        assert_eq!(output, b"other h*** *** *** *** unto");
        output.clear();
        later.mask(b"ld", &mut output);
        later.finish(&mut output);
        assert_eq!(output, b"***");
        assert_eq!(later.mask_text("an untold other"), "an *** ***");
    }

    #[test]
    fn nothing_is_told_where_not_every_secret_can_be_looked_for() {
        let mut masker = masker(&["hunter2"]);
        masker.is_silent = true;
        let mut output = Vec::new();
        masker.mask(b"other text", &mut output);
        assert_eq!(output, b"***");
        assert_eq!(masker.mask_text("other"), "***");
    }

    #[test]
    fn memory_stays_bounded() {
        let mut masker = masker(&["aaaaaaaa"]);
        let mut output = Vec::new();
        for _ in 0..1000 {
            masker.mask(&[b'a'; 1000], &mut output);
            assert!(masker.held.len() < 64);
        }
        masker.finish(&mut output);
        assert_eq!(output, b"***");
    }
}
