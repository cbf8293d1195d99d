//! What somebody did where the parser stopped: wrong indentation, a second colon in a line, an open
//! quote or bracket, a tab, a reserved character. Named in the words of the parser below GitHub's own
//! tools, and placed where it places them. Knows nothing of what keys mean.

use std::ops::Range;

use granit_parser::ErrorKind;

/// A mistake: its bytes, and what is said of it without its place.
type Told = (Range<usize>, String);

const NESTED: &str = "Nested mappings are not allowed in compact mappings";
const ONE_LINE: &str = "Implicit keys need to be on a single line";
const NO_VALUE: &str = "Implicit map keys need to be followed by map values";
const OTHER_COLUMN: &str = "All mapping items must start at the same column";

/// Returns what is said of an error that was found at `at`; nothing where the words are not known.
pub(super) fn told(text: &str, at: usize, kind: &ErrorKind) -> Vec<Told> {
    let lines = Lines { text };
    match kind {
        ErrorKind::MappingValueNotAllowed => lines.second_value(at),
        ErrorKind::ExpectedBlockMappingKey => lines.other_column(at),
        ErrorKind::CommentInterceptedScalar => lines
            .following(at)
            .map_or_else(Vec::new, |line| lines.other_column(lines.content(line))),
        ErrorKind::ExpectedBlockSequenceEntry => lines.no_item(at),
        ErrorKind::SimpleKeyExpected => vec![lines.no_colon(at)],
        ErrorKind::BlockSequenceEntryNotAllowed => lines.item_after_key(at),
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => lines.tabs(at),
        ErrorKind::InvalidQuotedScalarIndent | ErrorKind::UnclosedQuotedScalar => {
            lines.open_quote(at)
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            vec![told_at(
                at..lines.end(at),
                "Unexpected scalar at node end".to_owned(),
            )]
        }
        ErrorKind::UnclosedFlowCollection { open } => lines.open_bracket(at, *open),
        ErrorKind::UnexpectedCharacter { character } => vec![reserved(at, *character)],
        ErrorKind::MisplacedFlowCollectionEnd => lines.lone_bracket(at),
        ErrorKind::UnknownQuotedScalarEscape => lines.escape(at),
        ErrorKind::InvalidBlockScalarHeader => {
            let header = text[at..lines.end(at)].trim_end();
            let message = format!("Block scalar header includes extra characters: {header}");
            vec![at_point(at + 1, &message)]
        }
        ErrorKind::ExpectedFlowMappingSeparator if text[at..].starts_with("{{") => lines.braces(at),
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement => lines.left_bracket(at),
        _ => Vec::new(),
    }
}

fn told_at(range: Range<usize>, message: String) -> Told {
    (range, message)
}

fn at_point(at: usize, message: &str) -> Told {
    (at..at + 1, message.to_owned())
}

fn reserved(at: usize, character: char) -> Told {
    let what = match character {
        '%' => "directive indicator",
        ',' => "flow indicator",
        _ => "reserved",
    };
    at_point(
        at,
        &format!("Plain value cannot start with {what} character {character}"),
    )
}

/// The text, looked at line by line.
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
}

impl Lines<'_> {
    /// Returns where the line of a byte begins.
    pub(super) fn start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |at| at + 1)
    }

    /// Returns where the line of a byte ends.
    pub(super) fn end(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let line = rest.split('\n').next().unwrap_or(rest);
        at + line.trim_end_matches('\r').len()
    }

    /// Returns where the first character of a line stands that is no blank.
    fn content(&self, start: usize) -> usize {
        let line = &self.text[start..self.end(start)];
        start + line.len() - line.trim_start_matches(' ').len()
    }

    fn indent(&self, start: usize) -> usize {
        self.content(start) - start
    }

    /// Returns where the next line with content begins.
    fn following(&self, at: usize) -> Option<usize> {
        let mut start = at;
        loop {
            start += self.text[start..].find('\n')? + 1;
            if self.has_content(start) {
                return Some(start);
            }
        }
    }

    /// Returns where the line with content before begins.
    fn preceding(&self, at: usize) -> Option<usize> {
        let mut start = self.start(at);
        loop {
            start = self.start(start.checked_sub(1)?);
            if self.has_content(start) {
                return Some(start);
            }
        }
    }

    fn has_content(&self, start: usize) -> bool {
        let line = self.text[start..self.end(start)].trim_start();
        !line.is_empty() && !line.starts_with('#')
    }

    /// Returns where the text of a line begins after the dashes of items.
    fn after_dashes(&self, start: usize) -> usize {
        let mut at = self.content(start);
        while self.text[at..self.end(start)].starts_with("- ") {
            at = at + 1 + (self.content(at + 1) - (at + 1));
        }
        at
    }

    /// Returns where the value of a line of the form `key: value` begins.
    fn value(&self, start: usize) -> Option<usize> {
        let key = self.after_dashes(start);
        let colon = self.text[key..self.end(start)].find(": ")?;
        let value = self.content(key + colon + 1);
        (value < self.end(start) && !self.text[value..].starts_with('#')).then_some(value)
    }

    fn is_key(&self, start: usize) -> bool {
        let line = self.text[start..self.end(start)].trim_end();
        line.ends_with(':') || line.contains(": ")
    }

    /// A colon where the key of a mapping has its value already.
    fn second_value(&self, colon: usize) -> Vec<Told> {
        let start = self.start(colon);
        if let Some(value) = self.value(start).filter(|value| *value <= colon) {
            let mut told = vec![at_point(value, NESTED)];
            let mut rest = colon;
            while let Some(next) = self.text[rest + 1..self.end(rest)].find(": ") {
                told.push(at_point(self.content(rest + 1), NESTED));
                rest = rest + 1 + next;
            }
            return told;
        }
        let mut first = start;
        while let Some(line) = self.preceding(first) {
            if let Some(value) = self.value(line) {
                return self.chain(line, value);
            }
            if self.is_key(line) {
                break;
            }
            first = line;
        }
        vec![at_point(self.after_dashes(first), ONE_LINE)]
    }

    /// A plain value that goes on in a line which is a key, and what follows at its column.
    fn chain(&self, line: usize, value: usize) -> Vec<Told> {
        let mut told = Vec::new();
        if let Some(next) = self.following(line) {
            let base = (self.after_dashes(line) - line, self.indent(next));
            self.region(next, base, Some(value), &mut told);
        }
        told
    }

    /// Tells of the lines further right than the column of the mapping they follow: plain values that
    /// go on in a key, and keys at the column where the first of these lines stands.
    fn region(
        &self,
        first: usize,
        (outer, base): (usize, usize),
        mut value: Option<usize>,
        told: &mut Vec<Told>,
    ) {
        // A value goes on in lines further right than what is read as its mapping.
        let mut column = if value.is_some() { Some(outer) } else { None };
        let mut line = Some(first);
        while let Some(start) = line.filter(|start| self.indent(*start) > outer) {
            let indent = self.indent(start);
            // Items at the column of their key belong to it.
            let is_item = self.text[self.content(start)..].starts_with("- ");
            match value.filter(|_| column.is_some_and(|column| indent > column)) {
                Some(at) if self.is_key(start) => {
                    told.extend([at_point(at, NESTED), at_point(self.scalar(at), ONE_LINE)]);
                    value = self.plain_value(start);
                }
                None if indent == base && !is_item => {
                    told.push(at_point(self.with_comments(start), OTHER_COLUMN));
                    if !self.is_key(start) {
                        self.no_key(start, outer, told);
                        return;
                    }
                    column = Some(base);
                    value = self.plain_value(start);
                }
                Some(_) | None => {}
            }
            line = self.following(start);
            // What follows a key without a value at its own column is its value.
            let is_empty = self.is_key(start) && self.value(start).is_none();
            if is_empty && line.is_some_and(|line| self.indent(line) == indent.min(base)) {
                return;
            }
        }
    }

    /// Text where a key is awaited.
    fn no_key(&self, start: usize, outer: usize, told: &mut Vec<Told>) {
        let at = self.content(start);
        let next = self.following(start);
        let goes_on = next.is_some_and(|next| self.indent(next) > outer);
        if goes_on && !self.text[at..].starts_with(['"', '\'']) {
            told.push(at_point(at, ONE_LINE));
        }
        told.push(told_at(at..self.end(at), NO_VALUE.to_owned()));
    }

    /// Returns the value of a line that may go on in the next.
    fn plain_value(&self, start: usize) -> Option<usize> {
        self.value(start).filter(|value| {
            !self.text[self.scalar(*value)..].starts_with(['"', '\'', '[', '{', '|', '>', '*'])
        })
    }

    /// Returns where the comments before a line begin.
    fn with_comments(&self, mut start: usize) -> usize {
        while start > 0 {
            let before = self.start(start - 1);
            if !self.text[before..start].trim_start().starts_with('#') {
                break;
            }
            start = before;
        }
        start
    }

    /// Returns where a value begins after its tag and anchor.
    fn scalar(&self, mut at: usize) -> usize {
        while self.text[at..].starts_with(['!', '&']) {
            match self.text[at..self.end(at)].find(' ') {
                Some(length) => at = self.content(at + length),
                None => break,
            }
        }
        at
    }

    /// A key that stands further left or right than those before.
    fn other_column(&self, at: usize) -> Vec<Told> {
        let start = self.start(at);
        let first = self.content(start);
        if self.text[first..].starts_with("- ") {
            return self.items_for_key(start);
        }
        let indent = self.indent(start);
        let outer = self.mapping_before(start).unwrap_or(indent);
        let mut told = Vec::new();
        self.region(
            start,
            (outer.min(indent.saturating_sub(1)), indent),
            None,
            &mut told,
        );
        told
    }

    /// Returns the column of the nearest mapping before that stands further left than a line.
    fn mapping_before(&self, start: usize) -> Option<usize> {
        let indent = self.indent(start);
        let mut line = self.preceding(start)?;
        while self.after_dashes(line) - line >= indent {
            line = self.preceding(line)?;
        }
        Some(self.after_dashes(line) - line)
    }

    /// Items of a sequence where a key is awaited.
    fn items_for_key(&self, start: usize) -> Vec<Told> {
        let indent = self.indent(start);
        if indent > 0 {
            let dash = self.content(start);
            return vec![
                at_point(
                    start,
                    "A block sequence may not be used as an implicit map key",
                ),
                at_point(dash, ONE_LINE),
                at_point(dash, NO_VALUE),
            ];
        }
        let mut told = Vec::new();
        let mut line = Some(start);
        while let Some(start) = line.filter(|start| self.text[*start..].starts_with("- ")) {
            told.extend([
                at_point(start, ONE_LINE),
                at_point(start, "Unexpected block-seq-ind on same line with key"),
                at_point(start, NO_VALUE),
            ]);
            line = self.following(start);
        }
        told
    }

    /// No dash where the next item of a sequence is awaited.
    fn no_item(&self, at: usize) -> Vec<Told> {
        let start = self.start(at);
        let first = self.content(start);
        if self.text[first..].starts_with("- ") {
            return vec![at_point(
                first,
                "All sequence items must start at the same column",
            )];
        }
        let indent = self.indent(start);
        let mut above = self.preceding(start);
        while let Some(line) = above {
            let is_item = self.text[self.content(line)..].starts_with('-');
            if is_item && self.indent(line) <= indent {
                return if self.indent(line) == indent {
                    self.other_column(at)
                } else {
                    vec![at_point(start, "Sequence item without - indicator")]
                };
            }
            above = self.preceding(line);
        }
        Vec::new()
    }

    /// A line without a colon among keys.
    fn no_colon(&self, at: usize) -> Told {
        let column = at - self.start(at);
        let is_plain = !self.text[at..].starts_with(['"', '\'']);
        let goes_on = self
            .following(at)
            .is_some_and(|line| self.indent(line) >= column && self.is_key(line));
        if is_plain && goes_on {
            return at_point(at, ONE_LINE);
        }
        told_at(at..self.end(at), NO_VALUE.to_owned())
    }

    fn item_after_key(&self, dash: usize) -> Vec<Told> {
        let mut told = vec![at_point(
            dash,
            "Unexpected block-seq-ind on same line with key",
        )];
        let item = self.content(dash + 1);
        if !self.text[item..self.end(item)].contains(": ") {
            told.push(told_at(item..self.end(item), NO_VALUE.to_owned()));
        }
        told
    }

    fn tabs(&self, at: usize) -> Vec<Told> {
        let mut told = Vec::new();
        let mut line = Some(self.start(at));
        while let Some(start) = line {
            let content = self.content(start);
            let rest = &self.text[content..self.end(content)];
            let tabs = rest.len() - rest.trim_start().len();
            if tabs > 0 {
                let message = "Tabs are not allowed as indentation".to_owned();
                told.push(told_at(content..content + tabs, message));
            }
            line = self.following(start);
        }
        told
    }

    /// A quote that is not closed, or only after text that is no part of the value.
    fn open_quote(&self, at: usize) -> Vec<Told> {
        let mut line = Some(self.start(at));
        let opened = loop {
            let Some(start) = line else {
                return Vec::new();
            };
            let value = self.value(start).unwrap_or(self.after_dashes(start));
            if value < at && self.text[value..].starts_with(['"', '\'']) {
                break value;
            }
            line = self.preceding(start);
        };
        let quote = &self.text[opened..=opened];
        let is_closed = self.text[opened + 1..].contains(quote);
        let end = if is_closed {
            self.preceding(at).map_or(at, |line| self.end(line))
        } else {
            self.text.len()
        };
        vec![at_point(end, &format!("Missing closing {quote}quote"))]
    }

    fn escape(&self, at: usize) -> Vec<Told> {
        let rest = self.text[at..].char_indices();
        let mut pairs = rest.clone().zip(rest.skip(1));
        while let Some(((start, character), (_, next))) = pairs.next() {
            if character != '\\' {
                continue;
            }
            if !"0abetnvfrxuUNLP_ \"/\\\t\n".contains(next) {
                let start = at + start;
                let message = format!("Invalid escape sequence \\{next}");
                return vec![told_at(start..start + 1 + next.len_utf8(), message)];
            }
            pairs.next();
        }
        Vec::new()
    }

    /// A key where a list or mapping in brackets goes on: the bracket of a line before is open.
    fn left_bracket(&self, at: usize) -> Vec<Told> {
        let line = self.start(at);
        let Some(before) = self.preceding(line) else {
            return Vec::new();
        };
        let opened = self.value(before).filter(|value| {
            self.text[*value..].starts_with(['[', '{'])
                && self.indent(line) <= self.after_dashes(before) - before
        });
        opened.map_or_else(Vec::new, |opened| {
            let open = if self.text[opened..].starts_with('[') {
                '['
            } else {
                '{'
            };
            self.open_bracket(opened, open)
        })
    }

    /// `${{ }}` without quotes in a mapping in braces, where its own braces count.
    fn braces(&self, at: usize) -> Vec<Told> {
        let end = self.end(at);
        let line = &self.text[self.start(at)..at];
        let count = |brackets: [char; 2]| line.matches(brackets).count();
        let mut depth = count(['{', '[']).saturating_sub(count(['}', ']']));
        let inner = self.content(at + 2);
        let Some(length) = self.text[inner..end].find("}}") else {
            return Vec::new();
        };
        let closed = inner + length;
        let source = self.text[inner..closed].trim_end();
        // Anything but names and dots is more than one token.
        let is_plain =
            |text: &str| !text.is_empty() && !text.contains(['\'', '"', ',', ':', '{', '[']);
        if !is_plain(source) || self.text[closed..end].contains(['\'', '"', '{', '[', '#']) {
            return Vec::new();
        }
        let scalar = "Unexpected scalar at node end".to_owned();
        let mut told = vec![
            at_point(at, "Unexpected flow-map-start at node end"),
            at_point(at + 1, "Unexpected flow-map-start at node end"),
            told_at(inner..inner + source.len(), scalar),
        ];
        let mut rest = closed;
        while rest < end {
            let length = self.text[rest..end].find([',', ':', '}', ']', ' ']);
            let length = length.map_or(end - rest, |length| length.max(1));
            let token = &self.text[rest..rest + length];
            let name = match token {
                "}" => "flow-map-end",
                "]" => "flow-seq-end",
                "," => "comma",
                ":" => "map-value-ind",
                _ => "scalar",
            };
            if depth > 0 && matches!(token, "}" | "]") {
                depth -= 1;
            } else if depth == 0 && token != " " {
                let message = format!("Unexpected {name} token in YAML stream: \"{token}\"");
                told.push(told_at(rest..rest + length, message));
            }
            rest += length;
        }
        told
    }

    fn open_bracket(&self, at: usize, open: char) -> Vec<Told> {
        let (what, close) = match open {
            '[' => ("sequence", ']'),
            _ => ("map", '}'),
        };
        let start = self.start(at);
        if self.content(start) == at && start == at {
            let message = format!("Flow {what} must end with a {close}");
            return vec![at_point(self.text.len(), &message)];
        }
        let indent = self.after_dashes(start) - start;
        let mut line = self.following(at);
        while let Some(start) = line.filter(|start| self.indent(*start) > indent) {
            line = self.following(start);
        }
        let message = format!(
            "Flow {what} in block collection must be sufficiently indented and end with a {close}"
        );
        vec![at_point(line.unwrap_or(self.text.len()), &message)]
    }

    fn lone_bracket(&self, at: usize) -> Vec<Told> {
        let (name, bracket) = if self.text[at..].starts_with(']') {
            ("flow-seq-end", ']')
        } else {
            ("flow-map-end", '}')
        };
        let message = format!("Unexpected {name} token in YAML stream: \"{bracket}\"");
        vec![at_point(at, &message)]
    }
}
