//! Tags of scalars: what the core schema has, and what does not fit it.

use std::ops::Range;

use granit_parser::{Span, Tag};

use super::{Dialect, Reader, Style, Value};
use crate::yaml::schema;

/// What is wrong with a tag.
enum Mistake<'t> {
    /// It is none of the core schema.
    Foreign,
    /// The text is no value of it.
    Value(&'t str),
    /// Only text stands in quotes or blocks of lines.
    Style(Style),
}

impl Reader<'_> {
    /// Returns the value of a scalar with a tag.
    pub(super) fn tagged(&mut self, text: &str, style: Style, tag: &Tag, span: &Span) -> Value {
        let string = || Value::String(text.to_owned());
        let is_lenient = self.limits.dialect == Dialect::Lenient;
        match tag.core_suffix() {
            Some("str") => string(),
            Some(kind @ ("null" | "bool" | "int" | "float")) => {
                if style != Style::Plain && !is_lenient {
                    return self.wrong_tag(&Mistake::Style(style), tag, span);
                }
                schema::of_kind(kind, text)
                    .unwrap_or_else(|| self.wrong_tag(&Mistake::Value(text), tag, span))
            }
            // `! text` is the non-specific tag: a string whatever it looks like.
            None if tag.original() == "!" => string(),
            _ if is_lenient => string(),
            _ => self.wrong_tag(&Mistake::Foreign, tag, span),
        }
    }

    /// Notes a tag of a collection that the core schema has not.
    pub(super) fn foreign_tag(&mut self, tag: &Tag, span: &Span) {
        self.wrong_tag(&Mistake::Foreign, tag, span);
    }

    fn wrong_tag(&mut self, mistake: &Mistake<'_>, tag: &Tag, span: &Span) -> Value {
        let tag_range = self.range(&span.tag_span().unwrap_or(*span));
        if self.limits.dialect == Dialect::Verbatim {
            let message = self.official(mistake, tag, &tag_range);
            self.problem_at(tag_range, message, "a tag");
            return Value::Null;
        }
        let name = tag.original();
        let (range, message, label, hint) = match mistake {
            Mistake::Foreign => (
                tag_range,
                format!("the tag `{name}` is not supported"),
                "a tag",
                "remove the tag, or quote the text if `!` is meant",
            ),
            Mistake::Value(text) => (
                self.range(span),
                format!("`{text}` is not what its tag `{name}` says"),
                "does not fit the tag",
                "remove the tag",
            ),
            Mistake::Style(_) => (
                self.range(span),
                format!("text in quotes, or a block of it, with the tag `{name}`"),
                "does not fit the tag",
                "remove the tag, or write the value without quotes",
            ),
        };
        self.problem_at(range, message, label)
            .hints
            .push(hint.to_owned());
        Value::Null
    }

    /// Returns what GitHub's own parser says; its place is that of the tag.
    fn official(&self, mistake: &Mistake<'_>, tag: &Tag, range: &Range<usize>) -> String {
        let name = format!("{}{}", tag.handle(), tag.suffix());
        let place = self.source.place(range.clone());
        let place = format!("on line {} and column {}", place.line, place.column);
        match mistake {
            Mistake::Foreign => format!("Unexpected tag '{name}'"),
            Mistake::Value(text) => {
                format!("The value '{text}' {place} is invalid for the type '{name}'")
            }
            Mistake::Style(style) => {
                format!("The scalar style '{style:?}' {place} is not valid with the tag '{name}'")
            }
        }
    }
}
