//! Cuts long lines of a stream, so that whoever reads on has lines of bounded length.
//!
//! Comes behind the masker: a secret that lies across the cut would show in part.

/// A line is no longer than this, its note included.
pub const LONGEST_LINE: usize = 1 << 20;
/// A longer line is cut here, and its rest is replaced by a note.
const KEPT: usize = LONGEST_LINE - 64;

/// Cuts the lines of one stream.
#[derive(Debug, Default)]
pub struct LineCut {
    /// How long the present line is so far.
    length: usize,
}

impl LineCut {
    /// Takes a piece of the stream and passes on what stays of it.
    pub fn pass(&mut self, piece: &[u8], output: &mut dyn FnMut(&[u8])) {
        if self.length + piece.len() <= KEPT {
            let last_newline = piece.iter().rposition(|&byte| byte == b'\n');
            self.length =
                last_newline.map_or(self.length + piece.len(), |last| piece.len() - last - 1);
            output(piece);
            return;
        }
        for line in piece.split_inclusive(|&byte| byte == b'\n') {
            let text = line.strip_suffix(b"\n");
            self.extend(text.unwrap_or(line), output);
            if text.is_some() {
                self.end(output);
                output(b"\n");
            }
        }
    }

    /// Ends a last line without an end.
    pub fn end(&mut self, output: &mut dyn FnMut(&[u8])) {
        if let Some(more) = self.length.checked_sub(KEPT + 1) {
            output(format!(" [line cut: {} more bytes]", more + 1).as_bytes());
        }
        self.length = 0;
    }

    fn extend(&mut self, text: &[u8], output: &mut dyn FnMut(&[u8])) {
        let room = KEPT.saturating_sub(self.length);
        if let Some(kept) = text.get(..room.min(text.len()))
            && !kept.is_empty()
        {
            output(kept);
        }
        self.length += text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_long_lines_whatever_the_pieces() {
        let long = "x".repeat(KEPT);
        let text = format!("short\n{long}\n{long}yy\nafter\n\n{long}z");
        let expected = format!(
            "short\n{long}\n{long} [line cut: 2 more bytes]\nafter\n\n{long} [line cut: 1 more bytes]"
        );
        for size in [1000, KEPT - 1, KEPT + 1, text.len()] {
            let mut cut = LineCut::default();
            let mut output = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                cut.pass(piece, &mut |kept| output.extend_from_slice(kept));
            }
            cut.end(&mut |note| output.extend_from_slice(note));
            assert!(output == expected.as_bytes(), "pieces of {size} bytes");
        }
    }
}
