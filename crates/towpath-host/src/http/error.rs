//! Why a download failed, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why a download failed. Addresses are told without passwords.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host could not be reached, or the connection broke.
    #[error("cannot reach `{host}`{}: {what}", by_way_of(proxy.as_ref()))]
    Unreachable {
        /// The host, with its port if one was given.
        host: String,
        /// The proxy that was used.
        proxy: Option<String>,
        /// What went wrong, in the words of the system.
        what: String,
    },
    /// The host did not answer in time.
    #[error("`{host}`{} did not answer in time", by_way_of(proxy.as_ref()))]
    Timeout {
        /// The host.
        host: String,
        /// The proxy that was used.
        proxy: Option<String>,
    },
    /// The host's certificate is not trusted, or no secure connection could be made.
    #[error("no secure connection to `{host}`: {what}")]
    Untrusted {
        /// The host.
        host: String,
        /// What is wrong with it.
        what: String,
    },
    /// The host refused.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer was larger than what is read.
    #[error("`{url}` sent more than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The address or a header is malformed.
    #[error("`{url}` cannot be asked for: {what}")]
    BadRequest {
        /// The address.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// A proxy variable is malformed.
    #[error("the proxy in `{variable}` is not understood")]
    BadProxy {
        /// The variable.
        variable: String,
    },
    /// The file of trusted certificates could not be read.
    #[error("cannot read the certificates in `{}`, which `{variable}` names", path.display())]
    Certificates {
        /// The variable.
        variable: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        let network = "check the network; behind a proxy, set `HTTPS_PROXY` (and `NO_PROXY`)";
        match self {
            Self::Unreachable { proxy: Some(_), .. } | Self::Timeout { proxy: Some(_), .. } => {
                vec!["check `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`".to_owned()]
            }
            Self::Unreachable { .. } | Self::Timeout { .. } => vec![network.to_owned()],
            Self::Untrusted { .. } => vec![
                "if your organisation uses certificates of its own, set `SSL_CERT_FILE` to a file that holds \
                 them"
                    .to_owned(),
            ],
            Self::Status {
                status: 401 | 403, ..
            } => {
                vec!["check the user and password for this address".to_owned()]
            }
            Self::Status {
                status: 404 | 410, ..
            }
            | Self::BadRequest { .. } => {
                vec!["check the address".to_owned()]
            }
            Self::Status { status: 500.., .. } => vec!["try again later".to_owned()],
            Self::Status { .. } | Self::TooLarge { .. } => {
                vec!["check that the address leads to what you expect".to_owned()]
            }
            Self::BadProxy { variable } => vec![format!(
                "write it as `{variable}=http://user:password@host:port`; SOCKS is not supported"
            )],
            Self::Certificates { variable, .. } => {
                vec![format!(
                    "set `{variable}` to a readable file of PEM certificates, or unset it"
                )]
            }
        }
    }

    /// Returns whether the host let the time pass.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Returns whether the same request may succeed when it is sent again.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}

fn by_way_of(proxy: Option<&String>) -> String {
    proxy.map_or_else(String::new, |proxy| {
        format!(" by way of the proxy `{proxy}`")
    })
}
