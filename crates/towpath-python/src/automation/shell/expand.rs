//! What a word becomes: variables, substitutions that are pure text, braces, splitting at blanks.
//! A part that only a run can know stays as it is written.

use std::collections::BTreeMap;

use super::lex::{self, Part, Piece, Word};
use super::parse::{self, Node};

/// Reads a word of the form `NAME=value`.
pub(super) fn assignment(word: &Word) -> Option<(String, Word)> {
    let Piece {
        part: Part::Text(text),
        quoted: false,
    } = word.0.first()?
    else {
        return None;
    };
    let (name, value) = text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = name
        .chars()
        .enumerate()
        .all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
    if name.is_empty() || !is_name {
        return None;
    }
    let mut pieces = vec![Piece {
        part: Part::Text(value.to_owned()),
        quoted: true,
    }];
    pieces.extend(word.0.iter().skip(1).cloned().map(|piece| Piece {
        quoted: true,
        ..piece
    }));
    Some((name.to_owned(), Word(pieces)))
}

/// Expands a word into none, one or more.
pub(super) fn expand(word: &Word, variables: &BTreeMap<String, String>) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    let mut current: Option<String> = None;
    for piece in &word.0 {
        let (value, splits) = value(piece, variables);
        if !splits {
            current.get_or_insert_default().push_str(&value);
            continue;
        }
        let mut parts = value.split_whitespace();
        if value.starts_with(char::is_whitespace) {
            fields.extend(current.take());
        }
        if let Some(first) = parts.next() {
            current.get_or_insert_default().push_str(first);
        }
        for part in parts {
            fields.extend(current.replace(part.to_owned()));
        }
        if value.ends_with(char::is_whitespace) {
            fields.extend(current.take());
        }
    }
    // `"$@"` without arguments is no word at all, not an empty one.
    let is_list = |piece: &Piece| matches!(&piece.part, Part::Variable { name, .. } if name == "@");
    if current.as_deref() != Some("") || !word.0.iter().any(is_list) {
        fields.extend(current);
    }
    if word.plain().is_some() {
        fields.iter().flat_map(|field| braces(field)).collect()
    } else {
        fields
    }
}

/// Returns a piece's value and whether it is split at white space.
fn value(piece: &Piece, variables: &BTreeMap<String, String>) -> (String, bool) {
    match &piece.part {
        Part::Text(text) => (text.clone(), false),
        Part::Variable {
            name,
            default,
            source,
        } => {
            let known = variables.get(name).cloned().or_else(|| default.clone());
            let is_list = name == "@" || name == "*";
            match known {
                Some(value) => {
                    let is_known = !value.contains("$(") && !value.contains("${");
                    (value, is_list || (is_known && !piece.quoted))
                }
                None if is_list => (String::new(), true),
                None => (source.clone(), false),
            }
        }
        Part::Substitution(text) => match substituted(text, variables) {
            Some(value) => (value, !piece.quoted),
            None => (format!("$({text})"), false),
        },
    }
}

/// Evaluates the few command substitutions that are pure text: `echo 3.12 | tr -d .`, `pwd`.
fn substituted(text: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let expand_all = |words: &[Word]| -> Vec<String> {
        words
            .iter()
            .flat_map(|word| expand(word, variables))
            .collect()
    };
    let parts = match parse::parse(&lex::tokens(text)) {
        Node::Sequence(mut nodes) if nodes.len() == 1 => match nodes.pop()? {
            Node::Sequence(mut inner) if inner.len() == 1 => match inner.pop()? {
                Node::Pipeline {
                    parts,
                    negated: false,
                } => parts,
                single => vec![single],
            },
            _ => return None,
        },
        _ => return None,
    };
    let mut value = None;
    for part in parts {
        let Node::Simple { words, .. } = part else {
            return None;
        };
        let words = expand_all(&words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        value = match (words.as_slice(), value) {
            (["echo", rest @ ..], None) if !rest.iter().any(|word| word.contains('$')) => {
                Some(rest.join(" "))
            }
            (["pwd"], None) => Some(".".to_owned()),
            (["tr", "-d", set], Some(text)) => Some(text.replace(|c: char| set.contains(c), "")),
            (["sed", rule], Some(text)) => Some(without_dots(rule, &text)?),
            _ => return None,
        };
    }
    value
}

/// `sed 's/\.//'` is the other usual way from `3.12` to `312`.
fn without_dots(rule: &str, text: &str) -> Option<String> {
    matches!(rule, r"s/\.//" | r"s/\.//g" | "s/[.]//" | "s/[.]//g").then(|| text.replace('.', ""))
}

/// Expands `a{b,c}`; a single level is all that scripts use.
fn braces(text: &str) -> Vec<String> {
    let expanded = || {
        let (head, rest) = text.split_once('{')?;
        let (inner, tail) = rest.split_once('}')?;
        if head.ends_with('$') || !inner.contains(',') || inner.contains(['{', ' ']) {
            return None;
        }
        Some(
            inner
                .split(',')
                .flat_map(|part| braces(&format!("{head}{part}{tail}")))
                .collect(),
        )
    };
    expanded().unwrap_or_else(|| vec![text.to_owned()])
}
