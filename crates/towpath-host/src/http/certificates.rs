//! Whose certificates are trusted: those that the environment names, else the system's, else Mozilla's
//! as they were when towpath was built.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use super::Error;

/// Where distributions keep the system's certificates.
const SYSTEM: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

pub(super) fn roots(environment: &BTreeMap<String, String>) -> Result<RootCerts, Error> {
    let named = |name| {
        environment
            .get(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let mut certificates = Vec::new();
    for (variable, is_folder) in [("SSL_CERT_FILE", false), ("SSL_CERT_DIR", true)] {
        let Some(path) = named(variable) else {
            continue;
        };
        let read = if is_folder {
            read_folder(&path)
        } else {
            read_file(&path)
        };
        let read = read.map_err(|source| Error::Certificates {
            variable,
            path,
            source,
        })?;
        certificates.extend(read);
    }
    if certificates.is_empty() {
        let system = SYSTEM
            .iter()
            .find_map(|path| read_file(Path::new(path)).ok());
        certificates = system.unwrap_or_default();
    }
    if certificates.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

fn read_file(path: &Path) -> io::Result<Vec<Certificate<'static>>> {
    let certificates = in_pem(&fs_err::read(path)?);
    if certificates.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it holds no PEM certificate",
        ));
    }
    Ok(certificates)
}

/// Reads all files of a folder; those that hold no certificate are passed over, as OpenSSL does.
fn read_folder(path: &Path) -> io::Result<Vec<Certificate<'static>>> {
    let mut certificates = Vec::new();
    for entry in fs_err::read_dir(path)? {
        if let Ok(bytes) = std::fs::read(entry?.path()) {
            certificates.extend(in_pem(&bytes));
        }
    }
    Ok(certificates)
}

fn in_pem(bytes: &[u8]) -> Vec<Certificate<'static>> {
    let items = parse_pem(bytes).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_must_hold_certificates() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let environment = BTreeMap::from([("SSL_CERT_FILE".to_owned(), path)]);
        let error = roots(&environment).unwrap_err();
        assert!(
            error.to_string().contains("which `SSL_CERT_FILE` names"),
            "{error}"
        );
    }
}
