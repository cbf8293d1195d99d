//! Names of files as text, without loss: what is UTF-8 stays as it is, other bytes are written `\xNN`.
//! Knows nothing of the file system.

use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Returns a path as text. Bytes that are no UTF-8 become `\xNN`; in such names, and in names with a
/// backslash, a backslash is written twice.
pub fn encode(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\\') => text.to_owned(),
        _ => escape(bytes),
    }
}

/// Returns the path that [`encode`] made this text from.
pub fn decode(text: &str) -> PathBuf {
    if !text.contains('\\') {
        return PathBuf::from(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(index) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..index]);
        rest = &rest[index + 1..];
        let hexadecimal = rest
            .strip_prefix('x')
            .and_then(|rest| rest.get(..2))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = hexadecimal {
            bytes.push(byte);
            rest = &rest[3..];
        } else {
            bytes.push(b'\\');
            rest = rest.strip_prefix('\\').unwrap_or(rest);
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    PathBuf::from(OsString::from_vec(bytes))
}

fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_every_name() {
        let names: [(&[u8], &str); 6] = [
            (b"src/a.py", "src/a.py"),
            ("src/é.py".as_bytes(), "src/é.py"),
            (b"\xff.py", "\\xff.py"),
            (b"a\\b", "a\\\\b"),
            (b"a\\xff", "a\\\\xff"),
            (b"\\\xc3", "\\\\\\xc3"),
        ];
        for (bytes, text) in names {
            let path = PathBuf::from(OsString::from_vec(bytes.to_vec()));
            assert_eq!(encode(&path), text);
            assert_eq!(decode(text), path);
        }
    }
}
