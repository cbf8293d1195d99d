//! Downloads and questions over HTTP: proxies and certificates as the environment says, with time limits, and
//! again when the failure may pass. Sends nothing but `GET`, and JSON by `POST`.

mod certificates;
mod error;
mod proxy;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use base64::Engine;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};

pub use error::Error;
use proxy::Proxies;

const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Time for finding the host and connecting.
const CONNECT: Duration = Duration::from_secs(10);
/// Time for the first piece of an answer.
const ANSWER: Duration = Duration::from_secs(20);
/// Time between two pieces of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// A host that let this time pass without an answer is not asked again.
const PATIENCE: Duration = Duration::from_secs(15);
/// Size of the largest answer to a `get` that is read, in bytes.
const LIMIT: u64 = 1 << 30;

/// An HTTP client for one environment.
#[derive(Debug)]
pub struct Client {
    proxies: Proxies,
    roots: RootCerts,
    user_agent: String,
}

/// What is sent to an address. It may be sent several times.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Headers by name.
    pub headers: &'a [(&'a str, &'a str)],
    /// JSON that is sent by `POST`; without it the address is fetched by `GET`.
    pub json: Option<&'a [u8]>,
    /// Size of the largest answer that is read, in bytes.
    pub limit: u64,
}

/// A successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status, below 400.
    pub status: u16,
    /// The headers by lower-case name; of repeated ones the last.
    pub headers: BTreeMap<String, String>,
    /// The body, with any transfer compression undone.
    pub body: Vec<u8>,
}

impl Client {
    /// Makes a client that obeys the proxy and certificate variables of `environment`.
    pub fn new(environment: &BTreeMap<String, String>) -> Result<Self, Error> {
        Ok(Self {
            proxies: Proxies::of(environment),
            roots: certificates::roots(environment)?,
            user_agent: format!("towpath/{}", env!("CARGO_PKG_VERSION")),
        })
    }

    /// Fetches an address. A user and password in it are sent as basic authentication, also after a
    /// redirect on the same host. Tries up to three times when the failure may pass.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response, Error> {
        let request = Request {
            headers,
            json: None,
            limit: LIMIT,
        };
        self.send(url, &request)
    }

    /// Sends a request, in all else as [`Client::get`] does.
    pub fn send(&self, url: &str, request: &Request<'_>) -> Result<Response, Error> {
        let address = Address::parse(url)?;
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let (error, wish) = match self.attempt(&address, request) {
                Ok(response) if response.status < 400 => return Ok(response),
                Ok(response) => {
                    let status = response.status;
                    (
                        Error::Status {
                            url: address.url.clone(),
                            status,
                        },
                        retry_after(&response),
                    )
                }
                Err(error) => (error, None),
            };
            let is_silent = error.is_timeout() && start.elapsed() > PATIENCE;
            if attempt == ATTEMPTS || is_silent || !error.is_passing() {
                return Err(error);
            }
            tracing::debug!(%error, attempt, "trying again");
            std::thread::sleep(wish.unwrap_or_else(|| jittered(pause)).min(LONGEST_PAUSE));
            pause *= 3;
            attempt += 1;
        }
    }

    fn attempt(&self, address: &Address, request: &Request<'_>) -> Result<Response, Error> {
        let proxy = self
            .proxies
            .choose(address.is_secure, &address.host, address.port)?
            .map(|(_, proxy)| proxy);
        let agent = Agent::new_with_config(
            Agent::config_builder()
                .proxy(proxy.clone())
                .tls_config(TlsConfig::builder().root_certs(self.roots.clone()).build())
                .timeout_resolve(Some(CONNECT))
                .timeout_connect(Some(CONNECT))
                .timeout_send_request(Some(CONNECT))
                .timeout_recv_response(Some(ANSWER))
                .timeout_per_read(Some(SILENCE))
                .http_status_as_error(false)
                .user_agent(&self.user_agent)
                .build(),
        );
        let explain = |error| address.explain(error, proxy.as_ref());
        let mut sent = ureq::http::Request::builder().uri(&address.url);
        for (name, value) in request.headers {
            sent = sent.header(*name, *value);
        }
        if let Some(authorization) = &address.authorization {
            sent = sent.header("authorization", authorization);
        }
        let answered = match request.json {
            None => sent.body(()).map(|sent| agent.run(sent)),
            Some(json) => {
                let sent = sent
                    .method("POST")
                    .header("content-type", "application/json");
                sent.body(json).map(|sent| agent.run(sent))
            }
        };
        let answered = answered.map_err(|error| explain(error.into()))?;
        let mut response = answered.map_err(explain)?;
        let headers = response.headers().iter().map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        let headers = headers.collect();
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(request.limit)
            .read_to_vec()
            .map_err(explain)?;
        Ok(Response {
            status,
            headers,
            body,
        })
    }
}

/// Returns the proxy that a request for an address takes in an environment, as the variable that names it
/// and its host and port; `None` for a direct connection.
pub fn proxy_of(environment: &BTreeMap<String, String>, url: &str) -> Option<(String, String)> {
    let address = Address::parse(url).ok()?;
    let proxies = Proxies::of(environment);
    let (variable, proxy) = proxies
        .choose(address.is_secure, &address.host, address.port)
        .ok()??;
    Some((variable, format!("{}:{}", proxy.host(), proxy.port())))
}

/// An address, with the user and password taken out.
struct Address {
    url: String,
    is_secure: bool,
    host: String,
    port: Option<u16>,
    authorization: Option<String>,
}

impl Address {
    fn parse(url: &str) -> Result<Self, Error> {
        let (plain, credentials) = split_credentials(url);
        let bad = |what: &str| Error::BadRequest {
            url: plain.clone(),
            what: what.to_owned(),
        };
        let uri: Uri = plain.parse().map_err(|_| bad("it is no URL"))?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad("only `http` and `https` are known")),
        };
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| bad("it has no host"))?;
        let encode = |text| base64::engine::general_purpose::STANDARD.encode(text);
        Ok(Self {
            is_secure,
            host: host.to_owned(),
            port: uri.port_u16(),
            authorization: credentials.map(|text| format!("Basic {}", encode(text))),
            url: plain,
        })
    }

    fn explain(&self, error: ureq::Error, proxy: Option<&ureq::Proxy>) -> Error {
        let host = match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        };
        let proxy = proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port()));
        match error {
            ureq::Error::Timeout(_) => Error::Timeout { host, proxy },
            ureq::Error::HostNotFound => Error::Unreachable {
                host,
                proxy,
                what: "there is no such host".to_owned(),
            },
            ureq::Error::Tls(what) => Error::Untrusted {
                host,
                what: what.to_owned(),
            },
            ureq::Error::Rustls(error) => Error::Untrusted {
                host,
                what: error.to_string(),
            },
            ureq::Error::BodyExceedsLimit(limit) => Error::TooLarge {
                url: self.url.clone(),
                limit,
            },
            // A certificate that is not trusted arrives as an I/O error around the library's own.
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Error::Untrusted {
                    host,
                    what: error.to_string(),
                }
            }
            ureq::Error::Io(error) => Error::Unreachable {
                host,
                proxy,
                what: error.to_string(),
            },
            ureq::Error::Http(error) => Error::BadRequest {
                url: self.url.clone(),
                what: error.to_string(),
            },
            ureq::Error::BadUri(what) => Error::BadRequest {
                url: self.url.clone(),
                what,
            },
            error => Error::Unreachable {
                host,
                proxy,
                what: error.to_string(),
            },
        }
    }
}

/// Returns the address without its `user:password@`, and that part with its percent codes undone.
fn split_credentials(url: &str) -> (String, Option<Vec<u8>>) {
    let whole = || (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else {
        return whole();
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let Some((credentials, host)) = authority.rsplit_once('@') else {
        return whole();
    };
    let credentials = if credentials.contains(':') {
        credentials.to_owned()
    } else {
        format!("{credentials}:")
    };
    (
        format!("{scheme}://{host}{path}"),
        Some(percent_decode(&credentials)),
    )
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| {
                after
                    .get(..2)
                    .and_then(|digits| std::str::from_utf8(digits).ok())
            })
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() {
            after.get(2..).unwrap_or_default()
        } else {
            after
        };
    }
    bytes
}

fn retry_after(response: &Response) -> Option<Duration> {
    response
        .headers
        .get("retry-after")?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}

/// Returns between half of and the whole pause, so that many clients do not come back at once.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) % 1000;
    pause / 2 + pause.mul_f64(random as f64 / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Answers one connection with each of the texts, and returns the requests it got.
    fn serve(answers: Vec<&'static str>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let thread = std::thread::spawn(move || {
            let answer = |answer: &str| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 4096];
                let count = stream.read(&mut buffer).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                String::from_utf8_lossy(&buffer[..count]).into_owned()
            };
            answers.into_iter().map(answer).collect()
        });
        (address, thread)
    }

    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
    const BUSY: &str =
        "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const MISSING: &str = "HTTP/1.1 404 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

    fn client(variables: &[(&str, &str)]) -> Client {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Client::new(&variables.iter().map(owned).collect()).unwrap()
    }

    #[test]
    fn sends_the_password_of_the_address_as_basic_authentication() {
        let (address, server) = serve(vec![OK]);
        let response = client(&[]).get(
            &format!("http://a%40b:c@{address}/x?y"),
            &[("accept", "*/*")],
        );
        assert_eq!(response.unwrap().body, b"hello");
        let request = server.join().unwrap().remove(0).to_lowercase();
        assert!(request.starts_with("get /x?y http/1.1"), "{request}");
        assert!(
            request.contains("authorization: basic yubiomm="),
            "{request}"
        );
    }

    #[test]
    fn tries_again_when_the_failure_may_pass() {
        let (address, server) = serve(vec![BUSY, BUSY, OK]);
        assert_eq!(
            client(&[])
                .get(&format!("http://{address}/"), &[])
                .unwrap()
                .status,
            200
        );
        assert_eq!(server.join().unwrap().len(), 3);
    }

    #[test]
    fn gives_up_at_once_when_it_may_not() {
        let (address, _server) = serve(vec![MISSING]);
        let error = client(&[])
            .get(&format!("http://u:secret@{address}/a"), &[])
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`http://{address}/a` answered with status 404")
        );
    }

    #[test]
    fn names_the_host_that_cannot_be_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let error = client(&[])
            .get(&format!("http://{address}/"), &[])
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("cannot reach `{address}`: ")),
            "{error}"
        );
        let proxy = format!("http://{address}");
        let error = client(&[("http_proxy", &proxy)])
            .get("http://example.org/", &[])
            .unwrap_err();
        let expected = format!("cannot reach `example.org` by way of the proxy `{address}`: ");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }

    #[test]
    fn refuses_what_is_no_http_address() {
        for url in [
            "",
            "pypi.org",
            "file:///etc/passwd",
            "https://",
            "http://a b/",
        ] {
            let error = client(&[]).get(url, &[]).unwrap_err();
            assert!(matches!(error, Error::BadRequest { .. }), "{url}: {error}");
        }
    }
}
