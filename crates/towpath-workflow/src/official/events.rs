//! What starts a workflow, as the official parser hands it on.

use serde_json::{Map, Value as Json, json};

use super::token::Token;

/// Sets a key if there is a value.
pub(super) fn insert(map: &mut Map<String, Json>, key: &str, value: Option<Json>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}

/// Returns the events with their filters and inputs.
pub(super) fn events(on: &Token) -> Json {
    let mut events = Map::new();
    if on.entries().is_empty() {
        for name in on.items().iter().filter_map(Token::text) {
            events.insert(name.to_owned(), json!({}));
        }
    }
    for (name, event) in on.entries() {
        let Some(name) = name.text() else {
            continue;
        };
        let value = match name {
            "schedule" => Json::Array(event.items().iter().map(plain).collect()),
            "workflow_call" | "workflow_dispatch" => declared(event),
            _ => filters(event),
        };
        events.insert(name.to_owned(), value);
    }
    Json::Object(events)
}

/// Returns the type of every input of a dispatch; nothing where there are none.
pub(super) fn input_types(on: &Token) -> Option<Json> {
    let inputs = on.get("workflow_dispatch")?.get("inputs")?.entries();
    let types = inputs.iter().filter_map(|(name, input)| {
        let kind = input.get("type").map_or_else(|| json!("string"), plain);
        Some((name.text()?.to_owned(), kind))
    });
    let types: Map<String, Json> = types.collect();
    (!types.is_empty()).then_some(Json::Object(types))
}

/// Every filter is a list.
fn filters(event: &Token) -> Json {
    let filter = |(name, patterns): &(Token, Token)| {
        let patterns = patterns.items().iter().map(plain).collect();
        Some((name.text()?.to_owned(), Json::Array(patterns)))
    };
    Json::Object(event.entries().iter().filter_map(filter).collect())
}

fn declared(event: &Token) -> Json {
    let mut declared = Map::new();
    let named = |entries: &[(Token, Token)], build: fn(&Token) -> Json| {
        let one = |(name, value): &(Token, Token)| Some((name.text()?.to_owned(), build(value)));
        Json::Object(entries.iter().filter_map(one).collect())
    };
    if let Some(inputs) = event.get("inputs") {
        declared.insert("inputs".to_owned(), named(inputs.entries(), input));
    }
    if let Some(secrets) = event.get("secrets") {
        declared.insert("secrets".to_owned(), named(secrets.entries(), plain));
    }
    Json::Object(declared)
}

fn input(input: &Token) -> Json {
    let mut built = Map::new();
    built.insert("type".to_owned(), json!("string"));
    for (name, value) in input.entries() {
        // A default that is an expression has no value yet.
        if let Some(name) = name.text()
            && !matches!(value, Token::Expression(_))
        {
            built.insert(name.to_owned(), plain(value));
        }
    }
    Json::Object(built)
}

/// Plain JSON, without the kinds of tokens.
fn plain(token: &Token) -> Json {
    match token {
        Token::Sequence(items) => Json::Array(items.iter().map(plain).collect()),
        Token::Mapping(entries) => {
            let entry =
                |(name, value): &(Token, Token)| Some((name.text()?.to_owned(), plain(value)));
            Json::Object(entries.iter().filter_map(entry).collect())
        }
        Token::Null => json!({}),
        scalar => scalar.json(),
    }
}
