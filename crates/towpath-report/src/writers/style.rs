//! How text for a terminal may look. Knows no terminal: what it can do is handed in.

/// What the reader's terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour.
    pub colour: bool,
    /// Whether lines may be drawn with characters outside of ASCII.
    pub unicode: bool,
    /// Columns; 0 for no limit.
    pub width: usize,
}

/// The colours of a report: each stands beside a word or a shape that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Error,
    Warning,
    Hint,
    Path,
    Dim,
    Bold,
}

impl Style {
    /// Returns the text in a colour, or as it is.
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Error => "1;31",
            Ink::Warning => "1;33",
            Ink::Hint => "1;36",
            Ink::Path => "36",
            Ink::Dim => "2",
            Ink::Bold => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Returns the line between a number and its source.
    pub(super) fn gutter(self) -> char {
        if self.unicode { '│' } else { '|' }
    }
}
