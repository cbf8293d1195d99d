//! One request, and the answer to it.

use std::fs::File;
use std::io::{self, Read};

use serde_json::{Value as Json, json};
use tiny_http::{Header, Method, Request, Response, StatusCode};

/// Most bytes of a question in JSON.
const MOST: u64 = 1 << 20;

/// What is asked.
pub(super) struct Asked<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    query: Vec<(String, String)>,
    pub(super) authorization: String,
    pub(super) content_range: String,
    pub(super) body: &'a mut dyn Read,
}

impl<'a> Asked<'a> {
    pub(super) fn read(request: &'a mut Request) -> io::Result<Self> {
        let header = |name: &'static str| {
            let found = request
                .headers()
                .iter()
                .find(|header| header.field.equiv(name));
            found
                .map(|header| header.value.as_str().to_owned())
                .unwrap_or_default()
        };
        let (authorization, content_range) = (header("Authorization"), header("Content-Range"));
        let method = request.method().clone();
        let url = request.url().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let query = query.split('&').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((decode(name), decode(value)))
        });
        Ok(Self {
            method,
            path: decode(path),
            query: query.collect(),
            authorization,
            content_range,
            body: request.as_reader(),
        })
    }

    /// Returns a part of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the body as JSON.
    pub(super) fn json(&mut self) -> Result<Question, Answer> {
        let mut bytes = Vec::new();
        let read = (&mut *self.body).take(MOST).read_to_end(&mut bytes);
        read.ok()
            .and_then(|_| serde_json::from_slice(&bytes).ok())
            .map(Question)
            .ok_or_else(|| Answer::error(400, "the body is no JSON"))
    }
}

/// A question in JSON, whose names may be written with `_` or in capitals.
pub(super) struct Question(Json);

impl Question {
    pub(super) fn text(&self, name: &str) -> &str {
        self.field(name).and_then(Json::as_str).unwrap_or_default()
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let list = self.field(name).and_then(Json::as_array);
        let texts = list.into_iter().flatten().filter_map(Json::as_str);
        texts.map(str::to_owned).collect()
    }

    fn field(&self, name: &str) -> Option<&Json> {
        self.0.get(name).or_else(|| {
            let mut capital = String::new();
            for (index, part) in name.split('_').enumerate() {
                let (first, rest) = part.split_at(usize::from(index > 0).min(part.len()));
                capital.push_str(&first.to_ascii_uppercase());
                capital.push_str(rest);
            }
            self.0.get(&capital)
        })
    }
}

/// What is answered.
pub(super) enum Answer {
    Json(u16, Json),
    Empty(u16),
    File(File),
}

impl Answer {
    pub(super) fn ok(json: Json) -> Self {
        Self::Json(200, json)
    }

    /// An error in the form of Twirp, which other clients understand too.
    pub(super) fn error(status: u16, message: &str) -> Self {
        let code = match status {
            400 => "invalid_argument",
            401 => "unauthenticated",
            403 => "permission_denied",
            404 => "not_found",
            409 => "already_exists",
            _ => "internal",
        };
        Self::Json(
            status,
            json!({"code": code, "msg": message, "message": message}),
        )
    }

    pub(super) fn send(self, request: Request) -> io::Result<()> {
        match self {
            Self::Json(status, json) => {
                let response = Response::from_string(json.to_string())
                    .with_status_code(StatusCode(status))
                    .with_header(header("Content-Type", "application/json"));
                request.respond(response)
            }
            Self::Empty(status) => {
                // What Azure's client expects of a blob that it wrote.
                let response = Response::empty(StatusCode(status))
                    .with_header(header("ETag", "\"0\""))
                    .with_header(header("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT"))
                    .with_header(header("x-ms-request-server-encrypted", "true"));
                request.respond(response)
            }
            Self::File(file) => {
                let response = Response::from_file(file)
                    .with_header(header("Content-Type", "application/octet-stream"));
                request.respond(response)
            }
        }
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("the names and values are written here, in ASCII")
}

/// Undoes the escapes of an address.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let (b'%', Some(byte)) = (first, escaped) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        for (text, expected) in [
            ("a%2Cb%20c", "a,b c"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("a+b", "a+b"),
            ("%C3%A4", "ä"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }

    #[test]
    fn fields_have_either_name() {
        for text in [
            r#"{"signed_upload_url": "x"}"#,
            r#"{"signedUploadUrl": "x"}"#,
        ] {
            let question = Question(serde_json::from_str(text).unwrap());
            assert_eq!(question.text("signed_upload_url"), "x", "{text}");
        }
    }
}
