//! Frames on a byte stream between towpath and the processes that hold its commands.
//!
//! A frame is one byte for its kind, four for the length of its payload (little endian), and the payload.
//! Messages are JSON; output is bytes, so that invalid UTF-8 passes through.

use std::io::{self, Read};

use serde::{Serialize, de::DeserializeOwned};

/// The largest payload that is accepted; the observation of a very large tree fits in.
const LARGEST_PAYLOAD: usize = 1 << 30;
const HEADER: usize = 5;
const MESSAGE: u8 = b'm';
const OUTPUT: u8 = b'o';

/// One frame.
pub(crate) enum Frame<M> {
    Output(Vec<u8>),
    Message(M),
}

/// Returns the bytes of a message.
pub(crate) fn message(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; HEADER];
    serde_json::to_writer(&mut frame, value).map_err(io::Error::from)?;
    let head = header(MESSAGE, frame.len() - HEADER);
    for (byte, value) in frame.iter_mut().zip(head) {
        *byte = value;
    }
    Ok(frame)
}

/// Returns the header of a frame of output; `length` bytes follow it.
pub(crate) fn output_header(length: usize) -> [u8; HEADER] {
    header(OUTPUT, length)
}

/// Reads one message, exactly and no byte more; `None` when the other side is gone.
pub(crate) fn read_message<M: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<M>> {
    match read_raw(from)? {
        None => Ok(None),
        Some((MESSAGE, payload)) => parse(&payload).map(Some),
        Some((kind, _)) => Err(unknown(kind)),
    }
}

/// Reads one frame; `None` when the other side is gone.
pub(crate) fn read_frame<M: DeserializeOwned>(
    from: &mut impl Read,
) -> io::Result<Option<Frame<M>>> {
    match read_raw(from)? {
        None => Ok(None),
        Some((OUTPUT, payload)) => Ok(Some(Frame::Output(payload))),
        Some((MESSAGE, payload)) => Ok(Some(Frame::Message(parse(&payload)?))),
        Some((kind, _)) => Err(unknown(kind)),
    }
}

/// Takes the first message out of what was read so far; `None` when it is not whole yet.
pub(crate) fn take_message<M: DeserializeOwned>(buffer: &mut Vec<u8>) -> io::Result<Option<M>> {
    let Some((&header, rest)) = buffer.split_first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let (kind, length) = opened(header)?;
    let Some(payload) = rest.get(..length) else {
        return Ok(None);
    };
    if kind != MESSAGE {
        return Err(unknown(kind));
    }
    let message = parse(payload)?;
    buffer.drain(..HEADER + length);
    Ok(Some(message))
}

fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    [kind, a, b, c, d]
}

fn opened([kind, a, b, c, d]: [u8; HEADER]) -> io::Result<(u8, usize)> {
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > LARGEST_PAYLOAD {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a frame of {length} bytes"),
        ));
    }
    Ok((kind, length))
}

fn read_raw(from: &mut impl Read) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut head = [0; HEADER];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (kind, length) = opened(head)?;
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    Ok(Some((kind, payload)))
}

fn parse<T: DeserializeOwned>(payload: &[u8]) -> io::Result<T> {
    serde_json::from_slice(payload).map_err(io::Error::from)
}

fn unknown(kind: u8) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("a frame of the unknown kind {kind}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_pass_whole_and_one_at_a_time() {
        let mut bytes = message(&"first").unwrap();
        bytes.extend(message(&"second").unwrap());
        let mut reader = bytes.as_slice();
        let first: Option<String> = read_message(&mut reader).unwrap();
        assert_eq!(first.as_deref(), Some("first"));
        let mut buffer = reader.to_vec();
        let last = buffer.pop().unwrap();
        assert_eq!(take_message::<String>(&mut buffer).unwrap(), None);
        buffer.push(last);
        let second = take_message::<String>(&mut buffer).unwrap();
        assert_eq!(second.as_deref(), Some("second"));
        assert!(buffer.is_empty());
    }

    #[test]
    fn output_keeps_its_bytes() {
        let mut bytes = output_header(3).to_vec();
        bytes.extend(b"\xff\x00\n");
        let frame = read_frame::<String>(&mut bytes.as_slice()).unwrap();
        assert!(matches!(frame, Some(Frame::Output(output)) if output == b"\xff\x00\n"));
        assert!(read_frame::<String>(&mut [].as_slice()).unwrap().is_none());
    }

    #[test]
    fn refuses_what_is_no_frame() {
        for bytes in [b"GET / HTTP/1.1".as_slice(), b"x\x00\x00\x00\x00"] {
            assert!(read_frame::<String>(&mut &*bytes).is_err());
        }
    }
}
