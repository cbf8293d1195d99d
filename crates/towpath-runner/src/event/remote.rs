//! Where a repository lives, read from the address of its remote.

/// Where a repository lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remote {
    /// The forge's address, such as `https://github.com`.
    pub(super) server: String,
    /// The owner; on forges with groups within groups all of them, joined by `/`.
    pub(super) owner: String,
    /// The name.
    pub(super) name: String,
}

/// The forge of repositories that name none.
pub(super) const GITHUB: &str = "https://github.com";

impl Remote {
    /// Reads an address: `https://host/owner/name.git`, `ssh://git@host:22/owner/name`,
    /// `git@host:owner/name.git`. None for a folder, or where there is no owner.
    pub(super) fn parse(address: &str) -> Option<Self> {
        let (server, path) = match address.split_once("://") {
            Some(("file", _)) => return None,
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_once('/')?;
                (server(scheme, authority)?, path)
            }
            // The form of scp; a colon behind a slash is part of a path.
            None => {
                let (authority, path) = address.split_once(':')?;
                if authority.contains('/') {
                    return None;
                }
                (server("ssh", authority)?, path)
            }
        };
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let (owner, name) = path.rsplit_once('/')?;
        let is_whole = !owner.is_empty() && !name.is_empty();
        is_whole.then(|| Self {
            server,
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// Returns the address of the web pages of a forge, which ports and hosts for git alone are not part of.
fn server(scheme: &str, authority: &str) -> Option<String> {
    let host = authority
        .rsplit('@')
        .next()
        .filter(|host| !host.is_empty())?;
    if matches!(scheme, "http" | "https") {
        return Some(format!("{scheme}://{host}"));
    }
    let host = host.split(':').next().unwrap_or(host);
    Some(match host {
        "ssh.github.com" => GITHUB.to_owned(),
        _ => format!("https://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_address() {
        for (address, expected) in [
            (
                "https://github.com/python/cpython.git",
                Some(("https://github.com", "python", "cpython")),
            ),
            (
                "https://github.com/a/b/",
                Some(("https://github.com", "a", "b")),
            ),
            (
                "https://me:secret@host.example:8443/a/b",
                Some(("https://host.example:8443", "a", "b")),
            ),
            (
                "git@github.com:a/b.git",
                Some(("https://github.com", "a", "b")),
            ),
            ("host:a/b", Some(("https://host", "a", "b"))),
            (
                "ssh://git@ssh.github.com:443/a/b.git",
                Some(("https://github.com", "a", "b")),
            ),
            (
                "ssh://git@gitlab.com/group/part/b.git",
                Some(("https://gitlab.com", "group/part", "b")),
            ),
            ("git://host/a/b.c", Some(("https://host", "a", "b.c"))),
            ("/srv/git/b.git", None),
            ("./a:b/c", None),
            ("file:///srv/git/b.git", None),
            ("https://host/b.git", None),
            ("", None),
        ] {
            let remote = Remote::parse(address);
            let found = remote
                .as_ref()
                .map(|remote| (&*remote.server, &*remote.owner, &*remote.name));
            assert_eq!(found, expected, "{address}");
        }
    }
}
