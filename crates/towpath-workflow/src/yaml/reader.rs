//! From the events of the YAML parser to the tree, within limits and with every problem placed.

mod causes;
mod syntax;
mod tags;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, StructureStyle, Tag};
use towpath_report::{Problem, Source};

use super::{Dialect, Limits, Node, Style, Value, schema};
use crate::problem::{BYTE_ORDER_MARK, error_at};

/// The key that stands for the entries of another mapping.
const MERGE_KEY: &str = "<<";

/// More problems than anybody reads; the file is something else then.
pub(super) const MAX_PROBLEMS: usize = 500;

const TOO_DEEP: &str = "nest fewer collections";

/// Reads the document of a file; `Null` for an empty one.
pub fn parse(source: &Source<'_>, limits: &Limits) -> Result<Node, Vec<Problem>> {
    if source.text.len() > limits.bytes {
        let message = format!(
            "the file has {} bytes, more than {}",
            source.text.len(),
            limits.bytes
        );
        return Err(vec![Problem {
            place: Some(towpath_report::Place::file(source.path)),
            ..Problem::error(message)
                .with_hint("split the file, or move long scripts into files of their own")
        }]);
    }
    let text = source
        .text
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(source.text);
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits.depth + 1,
        block_nesting_limit: limits.depth + 1,
        simple_key_max_lookahead: 1024,
    };
    options.set_emit_comments(false);
    let mut reader = Reader {
        source,
        limits,
        events: Parser::new_from_str_with_options(text, options),
        offset: source.text.len() - text.len(),
        anchors: HashMap::new(),
        size: Size::default(),
        problems: Vec::new(),
    };
    match reader.stream() {
        Ok(node) if reader.problems.is_empty() => Ok(node),
        _ => Err(reader.problems),
    }
}

/// A problem was noted after which nothing more can be read.
struct Stop;

#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

struct Anchored {
    node: Node,
    size: Size,
    depth: usize,
}

struct Reader<'a> {
    source: &'a Source<'a>,
    limits: &'a Limits,
    events: Parser<'a, StrInput<'a>>,
    offset: usize,
    anchors: HashMap<usize, Anchored>,
    size: Size,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn stream(&mut self) -> Result<Node, Stop> {
        let mut document = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) => {
                    if document.is_some() && self.limits.dialect != Dialect::Lenient {
                        let message = self.second_document(&span);
                        self.problem(&span, &message, "a second document begins here")
                            .hints
                            .push("remove the line `---` and what follows it".to_owned());
                        return Err(Stop);
                    }
                    self.anchors.clear();
                }
                event => document = Some(self.node(event, &span, 0)?.0),
            }
        }
        Ok(document.unwrap_or(Node {
            value: Value::Null,
            span: self.offset..self.offset,
            style: Style::Plain,
            source_text: String::new(),
        }))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                self.syntax_error(&error);
                Err(Stop)
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// Reads the node that begins with `event`; also returns how many collections it nests.
    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<(Node, usize), Stop> {
        let before = self.size;
        let (node, height, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.grow(
                    Size {
                        nodes: 1,
                        bytes: text.len(),
                    },
                    span,
                )?;
                let node = self.scalar(text.into_owned(), style, tag.as_deref(), span);
                (node, 0, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.collection_starts(tag.as_deref(), "seq", span, depth)?;
                let (node, height) = self.sequence(style, span, depth)?;
                (node, height, anchor)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.collection_starts(tag.as_deref(), "map", span, depth)?;
                let (node, height) = self.mapping(style, span, depth)?;
                (node, height, anchor)
            }
            Event::Alias(id) => return self.alias(id, span, depth),
            _ => {
                let message = self.no_anchor(span);
                self.problem(span, &message, "no anchor of this name comes before")
                    .hints
                    .push("define it earlier in the file with `&name`, or quote the text if `*` begins a pattern".to_owned());
                (self.null(span), 0, 0)
            }
        };
        if anchor > 0 {
            let size = Size {
                nodes: self.size.nodes - before.nodes,
                bytes: self.size.bytes - before.bytes,
            };
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    size,
                    depth: height,
                },
            );
        }
        Ok((node, height))
    }

    fn alias(&mut self, id: usize, span: &Span, depth: usize) -> Result<(Node, usize), Stop> {
        let Some(anchored) = self.anchors.get(&id) else {
            self.problem(
                span,
                "an alias inside its own anchor",
                "this would never end",
            );
            return Ok((self.null(span), 0));
        };
        let (size, height) = (anchored.size, anchored.depth);
        self.check_depth(depth + height, span)?;
        self.grow(size, span)?;
        let node = self.anchors.get(&id).map(|anchored| anchored.node.clone());
        Ok((node.unwrap_or_else(|| self.null(span)), height))
    }

    fn sequence(
        &mut self,
        style: StructureStyle,
        start: &Span,
        depth: usize,
    ) -> Result<(Node, usize), Stop> {
        let mut items: Vec<Node> = Vec::new();
        let mut height = 0;
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                let range = self.collection_range(style, start, &span, items.last());
                return Ok((collection(Value::Sequence(items), range), height + 1));
            }
            let (item, item_height) = self.node(event, &span, depth + 1)?;
            height = height.max(item_height);
            items.push(item);
        }
    }

    fn mapping(
        &mut self,
        style: StructureStyle,
        start: &Span,
        depth: usize,
    ) -> Result<(Node, usize), Stop> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut seen = HashSet::new();
        let mut height = 0;
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                let range = self.collection_range(
                    style,
                    start,
                    &span,
                    entries.last().map(|(_, value)| value),
                );
                return Ok((collection(Value::Mapping(entries), range), height + 1));
            }
            let (key, _) = self.node(event, &span, depth + 1)?;
            let (event, span) = self.next()?;
            let is_block = matches!(event, Event::SequenceStart(StructureStyle::Block, ..));
            let (mut value, value_height) = self.node(event, &span, depth + 1)?;
            if is_block {
                value.span.start = self.first_dash(value.span.start);
            }
            height = height.max(value_height);
            self.entry(&mut entries, &mut seen, key, value);
        }
    }

    /// Adds an entry to a mapping, unless it is a merge or its key is wrong.
    fn entry(
        &mut self,
        entries: &mut Vec<(Node, Node)>,
        seen: &mut HashSet<String>,
        mut key: Node,
        value: Node,
    ) {
        // To GitHub `null:` is a key without a name.
        if key.is_null() && self.limits.dialect != Dialect::Lenient {
            key.source_text.clear();
        }
        let Some(name) = key.text() else {
            let message = match self.limits.dialect {
                Dialect::Verbatim => "Expected mapping end".to_owned(),
                _ => format!("a key that is {}", key.kind()),
            };
            self.problem_at(key.span.clone(), message, "keys are plain text")
                .hints
                .push("write the key as one word, or quote it".to_owned());
            return;
        };
        if self.limits.dialect == Dialect::Verbatim {
            entries.push((key, value));
            return;
        }
        if name == MERGE_KEY && key.style == Style::Plain {
            seen.insert(MERGE_KEY.to_owned());
            return self.merge(entries, &key, value);
        }
        let name = name.to_owned();
        self.drop_merged(entries, seen, &name);
        let unique = match self.limits.dialect {
            Dialect::Workflow | Dialect::Verbatim => name.to_ascii_lowercase(),
            Dialect::Lenient => name.clone(),
        };
        if seen.insert(unique) {
            entries.push((key, value));
        } else if self.limits.dialect == Dialect::Lenient {
            if let Some(entry) = entries
                .iter_mut()
                .find(|(earlier, _)| earlier.text() == Some(&name))
            {
                entry.1 = value;
            }
        } else {
            self.duplicate(entries, &key, &name);
        }
    }

    /// A key of its own wins over a merged one, wherever the merge stands.
    fn drop_merged(&self, entries: &mut Vec<(Node, Node)>, seen: &HashSet<String>, name: &str) {
        if self.limits.dialect == Dialect::Lenient
            && seen.contains(MERGE_KEY)
            && !seen.contains(name)
        {
            entries.retain(|(earlier, _)| earlier.text() != Some(name));
        }
    }

    fn merge(&mut self, entries: &mut Vec<(Node, Node)>, key: &Node, value: Node) {
        if self.limits.dialect == Dialect::Workflow {
            self.problem_at(
                key.span.clone(),
                "merge keys are not supported".to_owned(),
                "GitHub does not merge",
            )
            .hints
            .push("write the keys out, or use an alias for the whole value".to_owned());
            return;
        }
        let merged = match value.value {
            Value::Mapping(merged) => merged,
            Value::Sequence(items) => items
                .into_iter()
                .flat_map(|item| match item.value {
                    Value::Mapping(merged) => merged,
                    _ => Vec::new(),
                })
                .collect(),
            _ => Vec::new(),
        };
        for (key, value) in merged {
            if entries
                .iter()
                .all(|(earlier, _)| earlier.text() != key.text())
            {
                entries.push((key, value));
            }
        }
    }

    fn duplicate(&mut self, entries: &[(Node, Node)], key: &Node, name: &str) {
        let first = entries
            .iter()
            .find(|(earlier, _)| {
                earlier
                    .text()
                    .is_some_and(|text| text.eq_ignore_ascii_case(name))
            })
            .map(|(earlier, _)| self.source.place(earlier.span.clone()).line);
        let problem = self.problem_at(
            key.span.clone(),
            format!("the key `{name}` appears twice"),
            "repeated here",
        );
        if let Some(line) = first {
            problem
                .hints
                .push(format!("the first one is in line {line}; keep one of them"));
        }
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Node {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let value = match tag {
            None if style == Style::Plain => schema::resolve(&text),
            None => Value::String(text.clone()),
            Some(tag) => self.tagged(&text, style, tag, span),
        };
        let source_text = if matches!(value, Value::String(_)) {
            String::new()
        } else {
            text
        };
        let range = match (&value, self.range(span)) {
            (Value::Null, range) if range.is_empty() => self.place_of_nothing(range.start),
            (_, range) if matches!(style, Style::Literal | Style::Folded) => {
                self.with_header(range)
            }
            (_, range) => range,
        };
        Node {
            value,
            span: range,
            style,
            source_text,
        }
    }

    /// Returns the range of a block of lines with the `|` or `>` before it.
    fn with_header(&self, range: Range<usize>) -> Range<usize> {
        let before = self.source.text.get(..range.start).unwrap_or_default();
        let before = before.trim_end();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let header = before[line..]
            .match_indices(['|', '>'])
            .find(|(at, _)| is_block_header(&before[line + at + 1..]));
        header.map_or(range.clone(), |(at, _)| line + at..range.end)
    }

    /// Nothing stands where a value would: after the colon of its key and blanks.
    fn place_of_nothing(&self, at: usize) -> Range<usize> {
        let rest = self.source.text.get(at..).unwrap_or_default();
        let after = rest
            .strip_prefix(':')
            .map_or(rest, |rest| rest.trim_start_matches(' '));
        let start = at + rest.len() - after.len();
        start..start
    }

    /// Returns where the dash of the first item of a key's value stands: a sequence that is not
    /// indented further than its key begins after it, to the parser.
    fn first_dash(&self, start: usize) -> usize {
        let before = self.source.text.get(..start).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = self.source.text.get(line..).unwrap_or_default();
        let indent = rest.len() - rest.trim_start_matches(' ').len();
        if rest[indent..].starts_with('-') && line + indent < start {
            line + indent
        } else {
            start
        }
    }

    fn collection_starts(
        &mut self,
        tag: Option<&Tag>,
        core: &str,
        span: &Span,
        depth: usize,
    ) -> Result<(), Stop> {
        self.check_depth(depth + 1, span)?;
        self.grow(Size { nodes: 1, bytes: 0 }, span)?;
        if let Some(tag) =
            tag.filter(|tag| !tag.is_yaml_core_schema_tag(core) && tag.original() != "!")
            && self.limits.dialect != Dialect::Lenient
        {
            self.foreign_tag(tag, span);
        }
        Ok(())
    }

    fn check_depth(&mut self, depth: usize, span: &Span) -> Result<(), Stop> {
        if depth <= self.limits.depth {
            return Ok(());
        }
        let message = self.too_deep();
        self.problem(span, &message, "too deep")
            .hints
            .push(TOO_DEEP.to_owned());
        Err(Stop)
    }

    fn too_deep(&self) -> String {
        match self.limits.dialect {
            Dialect::Verbatim => "Maximum object depth exceeded".to_owned(),
            _ => format!("nested deeper than {} levels", self.limits.depth),
        }
    }

    fn grow(&mut self, by: Size, span: &Span) -> Result<(), Stop> {
        if self.problems.len() >= MAX_PROBLEMS {
            return Err(Stop);
        }
        self.size.nodes = self.size.nodes.saturating_add(by.nodes);
        self.size.bytes = self.size.bytes.saturating_add(by.bytes);
        let limits = self.limits;
        let (message, official) = if self.size.nodes > limits.nodes {
            let message = format!(
                "more than {} values once aliases are expanded",
                limits.nodes
            );
            (message, "Maximum YAML nodes exceeded")
        } else if self.size.bytes > limits.expanded_bytes {
            let bytes = limits.expanded_bytes;
            let message = format!("more than {bytes} bytes once aliases are expanded");
            (message, "Maximum object size exceeded")
        } else {
            return Ok(());
        };
        let message = match limits.dialect {
            Dialect::Verbatim => official,
            _ => &message,
        };
        self.problem(span, message, "the limit is reached here")
            .hints
            .push("use fewer aliases".to_owned());
        Err(Stop)
    }

    fn problem(&mut self, span: &Span, message: &str, label: &str) -> &mut Problem {
        let range = self.range(span);
        self.problem_at(range, message.to_owned(), label)
    }

    fn problem_at(&mut self, range: Range<usize>, message: String, label: &str) -> &mut Problem {
        self.problems
            .push(error_at(self.source, range, message, label));
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or(0..0);
        range.start + self.offset..range.end + self.offset
    }

    fn collection_range(
        &self,
        style: StructureStyle,
        start: &Span,
        end: &Span,
        last: Option<&Node>,
    ) -> Range<usize> {
        let start = self.range(start);
        let end = match style {
            StructureStyle::Flow => self.range(end).end,
            StructureStyle::Block => last.map_or(start.end, |last| last.span.end),
        };
        start.start..end.max(start.start)
    }

    fn null(&self, span: &Span) -> Node {
        Node {
            value: Value::Null,
            span: self.range(span),
            style: Style::Plain,
            source_text: String::new(),
        }
    }
}

fn collection(value: Value, span: Range<usize>) -> Node {
    Node {
        value,
        span,
        style: Style::Plain,
        source_text: String::new(),
    }
}

/// Tells whether this is what follows the `|` or `>` of a block: indentation, chomping, a comment.
fn is_block_header(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['+', '-', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    rest.is_empty() || rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#')
}
