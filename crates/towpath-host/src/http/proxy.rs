//! Which proxy a request takes, by the variables that curl, pip and uv know.

use std::collections::BTreeMap;

use super::Error;

/// The proxies of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Proxies {
    /// For `http` addresses; variable and value.
    http: Option<(String, String)>,
    /// For `https` addresses; variable and value.
    https: Option<(String, String)>,
    /// What is asked directly.
    direct: Vec<String>,
}

impl Proxies {
    pub(super) fn of(environment: &BTreeMap<String, String>) -> Self {
        let first = |names: &[&str]| {
            names.iter().find_map(|name| {
                let value = environment.get(*name)?;
                (!value.is_empty()).then(|| ((*name).to_owned(), value.clone()))
            })
        };
        // `HTTP_PROXY` in capitals can be set by a request's header in CGI programs; curl ignores it,
        // Python does not outside of CGI.
        let direct = first(&["no_proxy", "NO_PROXY"])
            .map(|(_, value)| value)
            .unwrap_or_default();
        Self {
            http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            direct: direct
                .split([',', ' '])
                .map(|name| name.trim().to_lowercase())
                .collect(),
        }
    }

    /// Returns the proxy for an address with the variable that names it; `None` for a direct connection.
    pub(super) fn choose(
        &self,
        is_secure: bool,
        host: &str,
        port: Option<u16>,
    ) -> Result<Option<(String, ureq::Proxy)>, Error> {
        let proxy = if is_secure { &self.https } else { &self.http };
        let Some((variable, value)) = proxy else {
            return Ok(None);
        };
        if self.is_direct(host, port) {
            return Ok(None);
        }
        let bad = |_| Error::BadProxy {
            variable: variable.clone(),
        };
        let proxy = ureq::Proxy::new(value).map_err(bad)?;
        Ok(Some((variable.clone(), proxy)))
    }

    fn is_direct(&self, host: &str, port: Option<u16>) -> bool {
        let host = host.trim_matches(['[', ']']).to_lowercase();
        self.direct
            .iter()
            .filter(|name| !name.is_empty())
            .any(|name| {
                let (name, wanted) = match name.rsplit_once(':') {
                    Some((name, digits)) if !name.contains(':') => {
                        (name, digits.parse::<u16>().ok())
                    }
                    _ => (name.as_str(), None),
                };
                let name = name.trim_start_matches("*.").trim_start_matches('.');
                let is_host = host == name
                    || host
                        .strip_suffix(name)
                        .is_some_and(|front| front.ends_with('.'));
                name == "*" || (is_host && (wanted.is_none() || wanted == port))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Proxies::of(&variables.iter().map(owned).collect())
    }

    #[test]
    fn chooses_by_scheme_and_host() {
        let proxies = proxies(&[
            ("HTTPS_PROXY", "http://secure:1"),
            ("all_proxy", "http://all:2"),
            (
                "NO_PROXY",
                "localhost, .corp.example,10.0.0.1,other.org:8080,::1",
            ),
        ]);
        let cases = [
            (true, "pypi.org", None, Some("secure")),
            (false, "pypi.org", None, Some("all")),
            (true, "localhost", Some(80), None),
            (true, "corp.example", None, None),
            (true, "a.CORP.example", None, None),
            (true, "notcorp.example", None, Some("secure")),
            (true, "10.0.0.1", None, None),
            (true, "other.org", Some(8080), None),
            (true, "other.org", Some(443), Some("secure")),
            (true, "[::1]", None, None),
        ];
        for (is_secure, host, port, expected) in cases {
            let proxy = proxies.choose(is_secure, host, port).unwrap();
            let host_of = |(_, proxy): &(String, ureq::Proxy)| proxy.host().to_owned();
            assert_eq!(proxy.as_ref().map(host_of).as_deref(), expected, "{host}");
        }
    }

    #[test]
    fn a_proxy_that_is_not_understood_is_an_error() {
        let proxies = proxies(&[("https_proxy", "ftp://x")]);
        let error = proxies.choose(true, "a", None).unwrap_err();
        assert!(matches!(error, Error::BadProxy { variable } if variable == "https_proxy"));
    }
}
