//! Whether what is configured as an index is one: an address without `/simple`, or of something else, has no
//! package at all, and each that is asked for would be told as missing.

use towpath_host::http;

use super::{Indexes, http_client, without_password};
use crate::Machine;

/// What every index has that serves public packages.
const KNOWN: &str = "pip";

/// Returns the address of the configured index where it does not even know `pip`. One that holds nothing but
/// packages of its own stands beside another, so several are never asked.
pub(crate) fn empty_index(machine: &Machine<'_>, indexes: &Indexes) -> Option<String> {
    if machine.is_offline() || !indexes.find_links().is_empty() {
        return None;
    }
    let addresses = indexes.addresses();
    let [index] = addresses.as_slice() else {
        return None;
    };
    let client = http_client(machine).ok()?;
    let page = format!("{}/{KNOWN}/", index.trim_end_matches('/'));
    match client.get(&page, &[]) {
        Err(http::Error::Status {
            status: 404 | 410, ..
        }) => Some(without_password(index)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::path::Path;

    use super::*;
    use crate::machine::tests::environment;

    /// Answers one request with a status; returns what is said of the index.
    fn told(status: &'static str, more: &[(&str, &str)]) -> Option<String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("{}/simple", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let mut variables = environment(more);
        variables.insert("UV_INDEX_URL".to_owned(), format!("http://u:p@{address}"));
        let machine = Machine {
            environment: &variables,
            home: None,
            cache: Path::new("/cache"),
            offline: false,
        };
        let told = empty_index(&machine, &Indexes::of(&machine));
        told.map(|told| told.replace(&address, "address"))
    }

    #[test]
    fn what_does_not_even_know_pip_is_no_index() {
        assert_eq!(
            told("404 Not Found", &[]).as_deref(),
            Some("http://address")
        );
        assert_eq!(told("200 OK", &[]), None);
        assert_eq!(told("403 Forbidden", &[]), None);
        assert_eq!(told("404 Not Found", &[("UV_FIND_LINKS", "/wheels")]), None);
        let further = ("UV_INDEX", "http://127.0.0.1:9/simple");
        assert_eq!(told("404 Not Found", &[further]), None);
    }
}
