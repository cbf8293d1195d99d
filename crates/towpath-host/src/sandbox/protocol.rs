//! What a supervisor and its parent say to each other: frames over two pipes.
//!
//! A frame is one byte for its kind, four for the length of its payload (little endian), and the payload.
//! Requests and events are JSON; output is bytes, so that invalid UTF-8 passes through.

use std::io::{self, Read};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::error::Refusal;
use super::model::{CommandOutcome, CommandSpec, JobSandbox, Observation};

/// The largest payload that is accepted; the observation of a very large tree fits in.
const LARGEST_PAYLOAD: usize = 1 << 30;
const HEADER: usize = 5;
const MESSAGE: u8 = b'm';
const OUTPUT: u8 = b'o';

/// What the parent asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Leave the host's namespaces and start yourself again as the first process of new ones.
    Unshare { network: bool },
    /// Build this sandbox and wait for commands.
    Build(Box<JobSandbox>),
    /// Run a command.
    Run(Box<CommandSpec>),
    /// End the running command, kindly.
    Interrupt,
    /// End the running command at once.
    Kill,
    /// Tell what was seen, and end.
    Finish,
}

/// What the supervisor tells.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Event {
    /// The sandbox is built.
    Ready,
    /// The sandbox cannot be built as described.
    Refused(Refusal),
    /// A step of building failed.
    Failed { step: String, reason: String },
    /// The running command ended.
    Ended(CommandOutcome),
    /// The last event.
    Finished(Box<Observation>),
}

/// One frame from the supervisor.
pub(super) enum Frame {
    Output(Vec<u8>),
    Event(Event),
}

/// Returns the bytes of a request.
pub(super) fn request_frame(request: &Request) -> io::Result<Vec<u8>> {
    message(request)
}

/// Returns the bytes of an event.
pub(super) fn event_frame(event: &Event) -> io::Result<Vec<u8>> {
    message(event)
}

/// Returns the header of a frame of output; `length` bytes follow it.
pub(super) fn output_header(length: usize) -> [u8; HEADER] {
    header(OUTPUT, length)
}

/// Reads one request, exactly and no byte more; `None` when the parent is gone.
pub(super) fn read_request(from: &mut impl Read) -> io::Result<Option<Request>> {
    match read_raw(from)? {
        None => Ok(None),
        Some((MESSAGE, payload)) => parse(&payload).map(Some),
        Some((kind, _)) => Err(unknown(kind)),
    }
}

/// Reads one frame of the supervisor; `None` when it is gone.
pub(super) fn read_frame(from: &mut impl Read) -> io::Result<Option<Frame>> {
    match read_raw(from)? {
        None => Ok(None),
        Some((OUTPUT, payload)) => Ok(Some(Frame::Output(payload))),
        Some((MESSAGE, payload)) => Ok(Some(Frame::Event(parse(&payload)?))),
        Some((kind, _)) => Err(unknown(kind)),
    }
}

/// Takes the first request out of what was read so far; `None` when it is not whole yet.
pub(super) fn take_request(buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
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
    let request = parse(payload)?;
    buffer.drain(..HEADER + length);
    Ok(Some(request))
}

fn message(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; HEADER];
    serde_json::to_writer(&mut frame, value).map_err(io::Error::from)?;
    let head = header(MESSAGE, frame.len() - HEADER);
    for (byte, value) in frame.iter_mut().zip(head) {
        *byte = value;
    }
    Ok(frame)
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
    fn requests_pass_whole_and_one_at_a_time() {
        let mut bytes = request_frame(&Request::Unshare { network: true }).unwrap();
        bytes.extend(request_frame(&Request::Kill).unwrap());
        let mut reader = bytes.as_slice();
        assert!(matches!(
            read_request(&mut reader).unwrap(),
            Some(Request::Unshare { network: true })
        ));
        let mut buffer = reader.to_vec();
        let last = buffer.pop().unwrap();
        assert!(take_request(&mut buffer).unwrap().is_none());
        buffer.push(last);
        assert!(matches!(
            take_request(&mut buffer).unwrap(),
            Some(Request::Kill)
        ));
        assert!(buffer.is_empty());
    }

    #[test]
    fn output_keeps_its_bytes() {
        let mut bytes = output_header(3).to_vec();
        bytes.extend(b"\xff\x00\n");
        let frame = read_frame(&mut bytes.as_slice()).unwrap();
        assert!(matches!(frame, Some(Frame::Output(output)) if output == b"\xff\x00\n"));
        assert!(read_frame(&mut [].as_slice()).unwrap().is_none());
    }

    #[test]
    fn refuses_what_is_no_frame() {
        assert!(read_frame(&mut b"GET / HTTP/1.1".as_slice()).is_err());
        assert!(read_frame(&mut b"x\x00\x00\x00\x00".as_slice()).is_err());
    }
}
