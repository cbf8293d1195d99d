//! Parcels: short messages between towpath and its keeper that carry open files.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// More files than this are never in one parcel.
const MOST_FILES: usize = 2;
/// What is said in a parcel is at most one sentence.
const LONGEST: usize = 4096;

/// What a parcel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To the keeper: start yourself again as the first process of a process namespace.
    Unshare,
    /// To the keeper: hold processes.
    Hold,
    /// To the keeper: one end of a conversation, and where there is a command, the writing end of its output.
    Converse,
    /// To the keeper: the reading end of output that nobody wants any more, but that somebody may still write.
    Discard,
    /// From the keeper: what it was ordered is done.
    Ready,
    /// From the keeper: it cannot; why.
    Failed,
}

const KINDS: [(u8, Kind); 6] = [
    (b'u', Kind::Unshare),
    (b'h', Kind::Hold),
    (b'c', Kind::Converse),
    (b'd', Kind::Discard),
    (b'r', Kind::Ready),
    (b'f', Kind::Failed),
];

/// What arrived.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) files: Vec<OwnedFd>,
}

/// Returns the two ends of a way for parcels.
pub(super) fn way() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

/// Sends a parcel, whole.
pub(super) fn send(
    way: impl AsFd,
    kind: Kind,
    text: &str,
    files: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let letter = KINDS.iter().find(|(_, known)| *known == kind);
    let letter = [letter.map_or(0, |(letter, _)| *letter)];
    let text = text.get(..LONGEST - 1).unwrap_or(text);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !files.is_empty() && !control.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::Error::other("too many files for one parcel"));
    }
    let pieces = [IoSlice::new(&letter), IoSlice::new(text.as_bytes())];
    sendmsg(way, &pieces, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for a parcel; `None` when the other side is gone.
pub(super) fn receive(way: impl AsFd) -> io::Result<Option<Parcel>> {
    let mut bytes = [0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        way,
        &mut [IoSliceMut::new(&mut bytes)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let Some((letter, text)) = bytes.get(..received.bytes).and_then(<[u8]>::split_first) else {
        return Ok(None);
    };
    let kind = KINDS.iter().find(|(known, _)| known == letter);
    let Some((_, kind)) = kind else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a parcel of the unknown kind {letter}"),
        ));
    };
    let mut files = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(sent) = message {
            files.extend(sent);
        }
    }
    Ok(Some(Parcel {
        kind: *kind,
        text: String::from_utf8_lossy(text).into_owned(),
        files,
    }))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn carries_words_and_files() {
        let (here, there) = way().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        send(&here, Kind::Failed, "why", &[writer.as_fd()]).unwrap();
        drop((here, writer));
        let mut parcel = receive(&there).unwrap().unwrap();
        assert_eq!((parcel.kind, parcel.text.as_str()), (Kind::Failed, "why"));
        File::from(parcel.files.pop().unwrap())
            .write_all(b"through")
            .unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
        assert!(receive(&there).unwrap().is_none());
    }
}
