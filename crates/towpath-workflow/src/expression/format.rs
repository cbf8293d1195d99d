//! The text of `format`: `{0}` is the first argument, `{{` and `}}` are braces.

/// A piece of a format text.
pub(super) enum Piece<'a> {
    Text(&'a str),
    Argument(usize),
}

/// Returns the pieces of `text`; an error if its braces or numbers are wrong.
pub(super) fn pieces(text: &str, arguments: usize) -> Result<Vec<Piece<'_>>, String> {
    let invalid = || format!("The following format string is invalid: {text}");
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        pieces.push(Piece::Text(before));
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            pieces.push(Piece::Text(&from[..1]));
            rest = after;
            continue;
        }
        let (number, after) = from
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
            .ok_or_else(invalid)?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        match number.parse::<u8>().map(usize::from) {
            Err(_) => return Err(invalid()),
            Ok(index) if index < arguments => pieces.push(Piece::Argument(index)),
            Ok(_) => {
                return Err(format!(
                    "The following format string references more arguments than were supplied: {text}"
                ));
            }
        }
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// Checks a format text that is known before evaluation; GitHub itself waits until it evaluates.
pub(super) fn check(text: &str, arguments: usize) -> Result<(), String> {
    pieces(text, arguments).map(|_| ())
}
