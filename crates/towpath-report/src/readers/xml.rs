//! What the readers of XML share: elements as a stream of starts, ends and text.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::ReadError;

/// One piece of a document. An empty element is a start and an end.
pub(super) enum Piece {
    Start(Element),
    End(String),
    Text(String),
}

/// The start of an element.
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// Returns an attribute; empty where there is none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// Returns an attribute as a number; the type's zero where there is none.
    pub(super) fn number<T: std::str::FromStr + Default>(&self, name: &str) -> T {
        self.attribute(name).parse().unwrap_or_default()
    }
}

/// Calls `take` with each piece of a document, in order. Entities other than XML's own are dropped;
/// none is ever fetched.
pub(super) fn walk(
    tool: &'static str,
    document: &[u8],
    mut take: impl FnMut(Piece),
) -> Result<(), ReadError> {
    let document = String::from_utf8_lossy(document);
    let mut reader = Reader::from_str(&document);
    loop {
        let event = reader
            .read_event()
            .map_err(|source| ReadError::xml(tool, &document, source))?;
        match event {
            Event::Eof => return Ok(()),
            Event::Start(start) => take(Piece::Start(element(&start))),
            Event::Empty(start) => {
                let element = element(&start);
                let name = element.name.clone();
                take(Piece::Start(element));
                take(Piece::End(name));
            }
            Event::End(end) => take(Piece::End(end.name().as_ref().to_owned())),
            Event::Text(text) => take(Piece::Text(text.xml10_content().into_owned())),
            Event::CData(text) => take(Piece::Text(text.xml10_content().into_owned())),
            Event::GeneralRef(reference) => {
                let character = reference
                    .resolve_char_ref()
                    .ok()
                    .flatten()
                    .map(String::from);
                let name = reference.xml10_content();
                let known = quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned);
                take(Piece::Text(character.or(known).unwrap_or_default()));
            }
            _ => {}
        }
    }
}

fn element(start: &BytesStart<'_>) -> Element {
    let attributes = start
        .attributes()
        .with_checks(false)
        .flatten()
        .map(|attribute| {
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .unwrap_or_default()
                .into_owned();
            (attribute.key.as_ref().to_owned(), value)
        })
        .collect();
    Element {
        name: start.name().as_ref().to_owned(),
        attributes,
    }
}
