//! Cuts a stream of output into whole lines of bounded length.
//!
//! Works on bytes: what is no UTF-8 passes through unchanged.

/// A longer line is cut, and its rest is replaced by a note.
const LONGEST_LINE: usize = 1 << 20;

/// Collects output until lines are whole.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    /// Bytes of the present line that were thrown away.
    skipped: usize,
    cut: bool,
}

impl Lines {
    /// Takes a piece of output and passes on the lines that are whole with it, several at a time.
    pub(crate) fn push(&mut self, piece: &[u8], output: &mut dyn FnMut(&[u8])) {
        let Some(last_newline) = piece.iter().rposition(|&byte| byte == b'\n') else {
            self.extend(piece);
            return;
        };
        let (whole, rest) = piece.split_at(last_newline + 1);
        if self.partial.is_empty() && self.skipped == 0 {
            output(whole);
        } else {
            let first_end = whole.iter().position(|&byte| byte == b'\n').unwrap_or(0);
            let (first, others) = whole.split_at(first_end);
            self.extend(first);
            self.flush_with_newline(output);
            let others = others.get(1..).unwrap_or_default();
            if !others.is_empty() {
                output(others);
            }
        }
        self.extend(rest);
    }

    /// Passes on a last line without an end, and returns whether any line was cut.
    pub(crate) fn finish(mut self, output: &mut dyn FnMut(&[u8])) -> bool {
        if self.skipped > 0 {
            self.flush_with_newline(output);
        } else if !self.partial.is_empty() {
            output(&self.partial);
        }
        self.cut
    }

    fn extend(&mut self, piece: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.partial.len());
        let (kept, thrown_away) = piece.split_at(room.min(piece.len()));
        self.partial.extend_from_slice(kept);
        self.skipped += thrown_away.len();
        self.cut |= !thrown_away.is_empty();
    }

    fn flush_with_newline(&mut self, output: &mut dyn FnMut(&[u8])) {
        if self.skipped > 0 {
            let note = format!(" [line cut: {} more bytes]", self.skipped);
            self.partial.extend_from_slice(note.as_bytes());
        }
        self.partial.push(b'\n');
        output(&self.partial);
        self.partial.clear();
        self.skipped = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, bool) {
        let mut got = Vec::new();
        let mut lines = Lines::default();
        for piece in pieces {
            lines.push(piece, &mut |line| got.push(line.to_vec()));
        }
        let cut = lines.finish(&mut |line| got.push(line.to_vec()));
        (got, cut)
    }

    #[test]
    fn passes_whole_lines() {
        type Pieces = &'static [&'static [u8]];
        let table: [(Pieces, Pieces); 5] = [
            (&[b"a\nb\n"], &[b"a\nb\n"]),
            (&[b"a", b"b\nc", b"\n"], &[b"ab\n", b"c\n"]),
            (&[b"a", b"\nb\nc\nd"], &[b"a\n", b"b\nc\n", b"d"]),
            (&[b"\xff\xfe", b"\x00\n"], &[b"\xff\xfe\x00\n"]),
            (&[], &[]),
        ];
        for (pieces, expected) in table {
            let (got, cut) = passed(pieces);
            assert_eq!(got, expected, "{pieces:?}");
            assert!(!cut);
        }
    }

    #[test]
    fn cuts_a_long_line_and_keeps_what_follows() {
        let long = vec![b'x'; LONGEST_LINE + 10];
        let (got, cut) = passed(&[&long, b"yy\nafter\n"]);
        assert!(cut);
        assert!(got[0].ends_with(b"x [line cut: 12 more bytes]\n"));
        assert_eq!(got[1], b"after\n");
        let (got, cut) = passed(&[&long]);
        assert!(cut);
        assert!(got[0].ends_with(b"x [line cut: 10 more bytes]\n"));
    }
}
