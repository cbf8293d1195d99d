//! Replaces secrets in a stream of bytes, whatever pieces it arrives in.
//!
//! Bytes are held back only while they may be the beginning of a secret, so a live log is not delayed
//! by more than that. Memory is bounded by the longest form of a secret.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Secret, encodings};

/// What stands where a secret stood.
const MASK: &[u8] = b"***";

/// Masks one stream. Cloning gives a masker for another stream with the same secrets.
#[derive(Debug, Clone)]
pub struct Masker {
    /// `None` where there are no secrets.
    patterns: Option<Arc<Patterns>>,
    held: Vec<u8>,
    /// How many of the first held bytes belong to a secret whose mask was written already.
    masked: usize,
}

#[derive(Debug)]
struct Patterns {
    automaton: AhoCorasick,
    /// By first byte, so that most bytes are seen at once not to begin a secret.
    by_first_byte: Vec<Vec<Box<[u8]>>>,
    longest: usize,
}

impl Masker {
    /// Makes a masker for the secrets, each with its lines and encodings.
    pub fn new(secrets: &[Secret]) -> Self {
        let forms: BTreeSet<Vec<u8>> = secrets
            .iter()
            .flat_map(|secret| encodings::forms(secret.expose()))
            .collect();
        Self {
            patterns: Patterns::new(forms).map(Arc::new),
            held: Vec::new(),
            masked: 0,
        }
    }

    /// Takes the next bytes of the stream and appends to `output` what can be told of it.
    pub fn mask(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        let Some(patterns) = self.patterns.clone() else {
            output.extend_from_slice(bytes);
            return;
        };
        self.held.extend_from_slice(bytes);
        let open = patterns.first_open(&self.held);
        self.write(&patterns, open, output);
    }

    /// Ends the stream and appends the rest to `output`. The masker can be used for another stream.
    pub fn finish(&mut self, output: &mut Vec<u8>) {
        if let Some(patterns) = self.patterns.clone() {
            self.write(&patterns, self.held.len(), output);
        }
        self.held.clear();
        self.masked = 0;
    }

    /// Masks a whole text.
    pub fn mask_text(&self, text: &str) -> String {
        let mut masker = Self {
            patterns: self.patterns.clone(),
            held: Vec::new(),
            masked: 0,
        };
        let mut output = Vec::with_capacity(text.len());
        masker.mask(text.as_bytes(), &mut output);
        masker.finish(&mut output);
        String::from_utf8_lossy(&output).into_owned()
    }

    /// Writes what is held before `end`; a secret that goes on behind it leaves its mask, and is
    /// remembered as begun.
    fn write(&mut self, patterns: &Patterns, end: usize, output: &mut Vec<u8>) {
        if end == 0 {
            return;
        }
        let mut position = 0;
        let mut masked_after = 0;
        for range in patterns.secrets(&self.held, self.masked) {
            if range.start >= end {
                break;
            }
            let is_begun = self.masked > 0 && range.start == 0;
            if !is_begun {
                output.extend_from_slice(&self.held[position..range.start]);
                output.extend_from_slice(MASK);
            }
            position = range.end.min(end);
            masked_after = range.end.saturating_sub(end);
        }
        if position < end {
            output.extend_from_slice(&self.held[position..end]);
        }
        self.held.drain(..end);
        self.masked = masked_after;
    }
}

impl Patterns {
    fn new(forms: BTreeSet<Vec<u8>>) -> Option<Self> {
        let longest = forms.iter().map(Vec::len).max()?;
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&forms)
            .ok()?;
        let mut by_first_byte = vec![Vec::new(); 256];
        for form in forms {
            if let Some(list) = form
                .first()
                .and_then(|byte| by_first_byte.get_mut(usize::from(*byte)))
            {
                list.push(form.into_boxed_slice());
            }
        }
        Some(Self {
            automaton,
            by_first_byte,
            longest,
        })
    }

    /// Returns the first position from which the bytes up to the end may begin a longer secret.
    fn first_open(&self, bytes: &[u8]) -> usize {
        let start = bytes.len().saturating_sub(self.longest - 1);
        let is_open = |position: &usize| {
            let tail = bytes.get(*position..).unwrap_or_default();
            let forms = tail
                .first()
                .and_then(|byte| self.by_first_byte.get(usize::from(*byte)));
            forms.is_some_and(|forms| {
                forms
                    .iter()
                    .any(|form| form.len() > tail.len() && form.starts_with(tail))
            })
        };
        (start..bytes.len()).find(is_open).unwrap_or(bytes.len())
    }

    /// Returns the ranges of secrets, those that overlap as one, ascending; the first `masked` bytes are
    /// part of one.
    fn secrets(&self, bytes: &[u8], masked: usize) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = self
            .automaton
            .find_overlapping_iter(bytes)
            .map(|found| found.range())
            .collect();
        if masked > 0 {
            found.push(0..masked);
        }
        found.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
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
