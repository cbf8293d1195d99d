//! The sandbox's own network: a loopback interface, and counters that tell of attempts to leave it.

use std::fs;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use std::io;
use std::os::fd::AsRawFd;

/// The first interface of every network namespace.
const LOOPBACK: i32 = 1;
const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLMSG_ERROR: u16 = 2;
const IFF_UP: u32 = 1;

/// Raises the loopback interface, which gives it its addresses.
pub(super) fn raise_loopback() -> io::Result<()> {
    let netlink = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let request = raise_request();
    sendto(
        netlink.as_raw_fd(),
        &request,
        &NetlinkAddr::new(0, 0),
        MsgFlags::empty(),
    )?;
    let mut answer = [0; 512];
    let length = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    let answer = answer.get(..length).unwrap_or_default();
    match error_code(answer) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "an answer that is no acknowledgement",
        )),
    }
}

/// Returns a message header and an `ifinfomsg` that sets the interface's flag.
fn raise_request() -> Vec<u8> {
    let mut request = Vec::with_capacity(32);
    request.extend(32_u32.to_ne_bytes());
    request.extend(RTM_NEWLINK.to_ne_bytes());
    request.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    request.extend([0; 8]); // sequence number and port
    request.extend([0; 4]); // family, padding, type
    request.extend(LOOPBACK.to_ne_bytes());
    request.extend(IFF_UP.to_ne_bytes()); // flags
    request.extend(IFF_UP.to_ne_bytes()); // which of them change
    request
}

fn error_code(answer: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(*answer.get(4..)?.first_chunk()?);
    (kind == NLMSG_ERROR)
        .then(|| answer.get(16..)?.first_chunk())
        .flatten()
        .map(|code| i32::from_ne_bytes(*code))
}

/// What the namespace counted so far: packets without a route, and questions to ports where nobody
/// listens, as of a program that resolves a name through a resolver on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    unreachable: u64,
    unanswered: u64,
}

impl Counters {
    /// Reads the counters of this process's namespace.
    pub(super) fn read() -> Self {
        // Without IPv6 there is no second file, and nothing to count.
        let version_4 = fs::read_to_string("/proc/self/net/snmp").unwrap_or_default();
        let version_6 = fs::read_to_string("/proc/self/net/snmp6").unwrap_or_default();
        Self {
            unreachable: table_value(&version_4, "Ip:", "OutNoRoutes")
                + list_value(&version_6, "Ip6OutNoRoutes"),
            unanswered: table_value(&version_4, "Udp:", "NoPorts")
                + list_value(&version_6, "Udp6NoPorts"),
        }
    }
}

/// Finds a value in pairs of lines, of which the first holds names and the second values.
fn table_value(text: &str, protocol: &str, name: &str) -> u64 {
    let mut rows = text.lines().filter(|line| line.starts_with(protocol));
    let (Some(names), Some(values)) = (rows.next(), rows.next()) else {
        return 0;
    };
    names
        .split_whitespace()
        .zip(values.split_whitespace())
        .find(|(column, _)| *column == name)
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0)
}

/// Finds a value in lines of a name and a value.
fn list_value(text: &str, name: &str) -> u64 {
    text.lines()
        .filter_map(|line| line.split_once(char::is_whitespace))
        .find(|(column, _)| *column == name)
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_counters() {
        let snmp = "Ip: Forwarding OutNoRoutes\nIp: 2 7\nUdp: InDatagrams NoPorts\nUdp: 1 3\n";
        assert_eq!(table_value(snmp, "Ip:", "OutNoRoutes"), 7);
        assert_eq!(table_value(snmp, "Udp:", "NoPorts"), 3);
        assert_eq!(table_value(snmp, "Tcp:", "NoPorts"), 0);
        assert_eq!(table_value("", "Ip:", "OutNoRoutes"), 0);
        let snmp6 = "Ip6InReceives  \t0\nIp6OutNoRoutes          \t4\n";
        assert_eq!(list_value(snmp6, "Ip6OutNoRoutes"), 4);
        assert_eq!(list_value(snmp6, "Udp6NoPorts"), 0);
    }

    #[test]
    fn reads_acknowledgements() {
        let mut answer = vec![0; 36];
        assert_eq!(error_code(&answer), None);
        answer[4] = 2;
        assert_eq!(error_code(&answer), Some(0));
        answer[16..20].copy_from_slice(&(-1_i32).to_ne_bytes());
        assert_eq!(error_code(&answer), Some(-1));
        assert_eq!(error_code(&answer[..17]), None);
        assert_eq!(raise_request().len(), 32);
    }
}
