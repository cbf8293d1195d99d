//! Gathers a stream of output into whole lines, without growing with them.
//!
//! Works on bytes: what is no UTF-8 passes through unchanged. Nothing is cut here, since a secret could lie
//! across the cut; that is [`LineCut`](super::LineCut), behind the masker.

use super::line_cut::LONGEST_LINE;

/// Collects output until lines are whole. A line over 1 MiB is passed on in pieces.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    /// Whether the beginning of the present line was passed on.
    is_within: bool,
}

impl Lines {
    /// Takes a piece of output and passes on the lines that are whole with it, several at a time.
    pub(crate) fn push(&mut self, piece: &[u8], output: &mut dyn FnMut(&[u8])) {
        let Some(last_newline) = piece.iter().rposition(|&byte| byte == b'\n') else {
            self.extend(piece, output);
            return;
        };
        let (mut whole, rest) = piece.split_at(last_newline + 1);
        if self.is_within || !self.partial.is_empty() {
            let end = whole.iter().position(|&byte| byte == b'\n').unwrap_or(0);
            let (first, others) = whole.split_at(end);
            self.extend(first, output);
            self.partial.push(b'\n');
            output(&self.partial);
            self.partial.clear();
            self.is_within = false;
            whole = others.get(1..).unwrap_or_default();
        }
        if !whole.is_empty() {
            output(whole);
        }
        self.extend(rest, output);
    }

    /// Passes on a last line without an end.
    pub(crate) fn finish(self, output: &mut dyn FnMut(&[u8])) {
        if !self.partial.is_empty() {
            output(&self.partial);
        }
    }

    fn extend(&mut self, piece: &[u8], output: &mut dyn FnMut(&[u8])) {
        let mut piece = piece;
        if !self.is_within {
            let room = LONGEST_LINE.saturating_sub(self.partial.len());
            let (kept, others) = piece.split_at(room.min(piece.len()));
            self.partial.extend_from_slice(kept);
            if others.is_empty() {
                return;
            }
            output(&self.partial);
            self.partial.clear();
            self.is_within = true;
            piece = others;
        }
        if !piece.is_empty() {
            output(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut got = Vec::new();
        let mut lines = Lines::default();
        for piece in pieces {
            lines.push(piece, &mut |line| got.push(line.to_vec()));
        }
        lines.finish(&mut |line| got.push(line.to_vec()));
        got
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
            assert_eq!(passed(pieces), expected, "{pieces:?}");
        }
    }

    #[test]
    fn passes_a_long_line_in_pieces_and_what_follows_whole() {
        let long = vec![b'x'; LONGEST_LINE];
        let whole: &[u8] = &[&long, &b"\n"[..]].concat();
        assert_eq!(passed(&[&long, b"\nafter\n"]), [whole, b"after\n"]);
        assert_eq!(
            passed(&[&long, b"y", b"zz\nafter\nlast"]),
            [&long, &b"y"[..], b"zz", b"\n", b"after\n", b"last"]
        );
        assert_eq!(passed(&[&long, b"y"]), [&long, &b"y"[..]]);
    }
}
