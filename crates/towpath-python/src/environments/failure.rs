//! Reads why uv failed: what kind of failure it is, and the words that matter.
//!
//! uv tells these apart only in its text; the phrases are those of its releases since 0.5, in both of its
//! layouts (`error:` with `cause:` lines, and `×` with `╰─▶`).

use crate::Machine;
use crate::uv::{Indexes, empty_index};

/// What kind of failure it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// No set of versions fulfils all requirements.
    NoSolution,
    /// No version of a package works with this Python.
    Python,
    /// No index has a package of this name.
    NotFound,
    /// An index did not answer; its address.
    Unreachable(String),
    /// The certificate of an index is not trusted; its address.
    Untrusted(String),
    /// An index answers nothing: it wants to know who asks, or is broken; its address.
    Closed(String),
    /// What is asked lies at an address that is no index.
    NoIndex(String),
    /// An index refused one file; its address.
    Refused(String),
    /// Something is not in the cache, and the network must not be used.
    Offline,
    /// A file is not the one whose hash is locked.
    Hash,
    /// A package could not be built from its source.
    Build,
    /// The disk is full.
    DiskFull,
    /// Something else.
    Other,
}

impl FailureKind {
    /// Returns the address of an index that fails every question alike.
    pub(super) fn failing_index(&self) -> Option<&str> {
        match self {
            Self::Unreachable(url)
            | Self::Untrusted(url)
            | Self::Closed(url)
            | Self::NoIndex(url) => Some(url),
            _ => None,
        }
    }
}

/// A failure of uv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    /// What uv said, shortened to what matters.
    pub(super) words: String,
    /// What to do about it.
    pub(super) hints: Vec<String>,
}

impl Failure {
    /// Returns the failure, or, where a package is missing because the configured index has none at all, that.
    pub(super) fn of_indexes(self, machine: &Machine<'_>, indexes: &Indexes) -> Self {
        let is_missing = match self.kind {
            FailureKind::NotFound => true,
            FailureKind::NoSolution => self.words.contains("there is no version of"),
            _ => false,
        };
        let empty = is_missing.then(|| empty_index(machine, indexes)).flatten();
        let Some(url) = empty else { return self };
        let kind = FailureKind::NoIndex(url);
        Self {
            hints: hints_for(&kind, ""),
            words: "there is nothing, not even `pip`, so it seems to be no package index"
                .to_owned(),
            kind,
        }
    }
}

/// Longest explanation of a conflict that is shown; the end of it names the user's own requirements.
const LONGEST: usize = 900;
/// Lines shown of a failed build.
const BUILD_LINES: usize = 8;

/// Reads the standard error of a call that failed.
pub(super) fn read(stderr: &str) -> Failure {
    let text = plain(stderr);
    let kind = kind_of(&text);
    let words = match kind {
        FailureKind::Build => build_words(&text),
        FailureKind::Unreachable(_) => last_cause(&text),
        FailureKind::Untrusted(_) => certificate_words(&last_cause(&text)),
        FailureKind::Closed(_) => status_words(&text),
        _ => shorten(&explanation(&text)),
    };
    let hints = hints_for(&kind, &text);
    Failure { kind, words, hints }
}

/// Removes what draws the layout, and what is said before the error.
fn plain(stderr: &str) -> String {
    let lines = stderr
        .lines()
        .map(|line| line.trim_start_matches(['×', '╰', '─', '▶', '├', '│', ' ', '\t']));
    let is_start = |line: &&str| {
        line.starts_with("error:")
            || line.starts_with("No solution found")
            || line.starts_with("Failed to ")
    };
    let all: Vec<&str> = lines.collect();
    let start = all.iter().position(is_start).unwrap_or(0);
    all.get(start..).unwrap_or_default().join("\n")
}

fn kind_of(text: &str) -> FailureKind {
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if has(&["No space left on device", "os error 28"]) {
        FailureKind::DiskFull
    } else if has(&[
        "network was disabled",
        "network connectivity is disabled",
        "was not found in the cache",
    ]) {
        FailureKind::Offline
    } else if has(&["Hash mismatch", "--require-hashes"]) {
        FailureKind::Hash
    } else if let Some(status) = status_of(text) {
        match status {
            401 | 407 | 500.. => FailureKind::Closed(address(text)),
            _ => FailureKind::Refused(address(text)),
        }
    } else if has(&["invalid peer certificate"]) {
        FailureKind::Untrusted(address(text))
    } else if has(&[
        "error sending request",
        "Request failed",
        "dns error",
        "operation timed out",
    ]) {
        FailureKind::Unreachable(address(text))
    } else if has(&[
        "Failed to build",
        "build backend returned an error",
        "Failed to resolve requirements from",
    ]) {
        FailureKind::Build
    } else if has(&[
        "not found in the package registry",
        "was not found in the provided",
    ]) {
        FailureKind::NotFound
    } else if has(&[
        "does not satisfy Python",
        "no wheels with a matching Python",
        "does not support Python",
    ]) {
        FailureKind::Python
    } else if has(&["No solution found", "requirements are unsatisfiable"]) {
        FailureKind::NoSolution
    } else {
        FailureKind::Other
    }
}

/// Where the answer of an index that is told as an error begins: `(403 Forbidden) for url (…)`, or, where
/// uv went on without it, `(401 Unauthorized)`.
fn status_at(text: &str) -> Option<&str> {
    const LEADS: [&str; 2] = ["HTTP status", "lack of valid authentication credentials"];
    let (_, rest) = LEADS.iter().find_map(|lead| text.split_once(lead))?;
    rest.split_once('(').map(|(_, status)| status)
}

fn status_of(text: &str) -> Option<u16> {
    status_at(text)?.get(..3)?.parse().ok()
}

fn status_words(text: &str) -> String {
    let status = status_at(text).and_then(|rest| rest.split(')').next());
    format!("it answered `{}`", status.unwrap_or_default())
}

/// What is wrong with a certificate, of the words of the library that looked at it.
fn certificate_words(cause: &str) -> String {
    let fault = cause
        .split_once("certificate: ")
        .map_or(cause, |(_, rest)| rest);
    let words = [
        ("certificate expired", "it has expired"),
        ("certificate not valid yet", "it is not valid yet"),
        ("certificate not valid for name", "it is for another name"),
        ("NotValidForName", "it is for another name"),
        ("UnknownIssuer", "nobody trusted has signed it"),
        ("CaUsedAsEndEntity", "it has signed itself"),
        ("Revoked", "it was revoked"),
    ];
    let known = words.iter().find(|(told, _)| fault.contains(told));
    known.map_or(fault, |(_, words)| words).to_owned()
}

fn address(text: &str) -> String {
    let start = text
        .find("http://")
        .or_else(|| text.find("https://"))
        .unwrap_or(text.len());
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.find([')', '`', ' ', '\n']).unwrap_or(rest.len());
    let url = rest.get(..end).unwrap_or_default();
    crate::uv::without_password(url)
}

/// The causes as one text: without the lead, the hints and the line breaks that fit them to a terminal.
fn explanation(text: &str) -> String {
    let is_lead = |line: &str| {
        [
            "error: No solution found",
            "No solution found",
            "hint:",
            "error: Request failed",
        ]
        .iter()
        .any(|lead| line.starts_with(lead))
    };
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines().filter(|line| !is_lead(line)) {
        let line = line
            .trim_start_matches("error:")
            .trim_start_matches("cause:")
            .trim();
        words.extend(line.split_whitespace());
    }
    let text = words.join(" ");
    let text = text.replace(
        ", we can conclude that your requirements are unsatisfiable.",
        "",
    );
    let text = text
        .strip_suffix(" your requirements are unsatisfiable.")
        .unwrap_or(&text);
    text.to_owned()
}

/// Keeps the end, from the beginning of a sentence on.
fn shorten(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let start = text.len() - LONGEST;
    let start = (start..text.len())
        .find(|&index| text.is_char_boundary(index))
        .unwrap_or(0);
    let end = text.get(start..).unwrap_or_default();
    let sentence = ["Because ", "And because "]
        .iter()
        .filter_map(|lead| end.find(lead))
        .min();
    format!("… {}", end.get(sentence.unwrap_or(0)..).unwrap_or_default())
}

/// Why an index is out of reach: the innermost cause, `Connection refused (os error 111)`.
fn last_cause(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let mut causes = lines.filter(|line| !line.is_empty() && !line.starts_with("hint:"));
    let last = causes.next_back().unwrap_or_default();
    last.trim_start_matches("cause:").trim().to_owned()
}

/// Which package failed, and the end of what its build said.
fn build_words(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
        .collect();
    let is_output = |line: &&str| line.trim() == "[stderr]" || line.trim() == "[stdout]";
    let lead = lines
        .first()
        .copied()
        .unwrap_or_default()
        .trim_start_matches("error:")
        .trim();
    let said: Vec<&str> = match lines.iter().rposition(is_output) {
        Some(position) => lines.get(position + 1..).unwrap_or_default().to_vec(),
        None => lines.iter().skip(1).copied().collect(),
    };
    // The first line about a missing header says more than the trace at the end.
    let telling = lines
        .iter()
        .find(|line| line.contains("fatal error:"))
        .copied();
    let last = said
        .iter()
        .skip(said.len().saturating_sub(BUILD_LINES))
        .copied();
    let shown: Vec<&str> = telling
        .into_iter()
        .chain(last.filter(|line| Some(*line) != telling))
        .collect();
    format!("{lead}\n{}", shown.join("\n"))
}

fn hints_for(kind: &FailureKind, text: &str) -> Vec<String> {
    let hint = match kind {
        FailureKind::NoSolution => "loosen one of the requirements named here".to_owned(),
        FailureKind::Python => {
            "raise `requires-python`, or ask for another version of the package on this Python".to_owned()
        }
        FailureKind::NotFound => {
            "check the spelling, or name the index that has it (`UV_INDEX`, `PIP_EXTRA_INDEX_URL`)".to_owned()
        }
        FailureKind::Unreachable(_) => {
            "check the network; behind a proxy set `HTTPS_PROXY`, for own certificates `SSL_CERT_FILE`; with \
             `--offline` what is in the cache is taken"
                .to_owned()
        }
        FailureKind::Untrusted(_) => {
            "if your organisation uses certificates of its own, set `SSL_CERT_FILE` to a file that holds them"
                .to_owned()
        }
        FailureKind::Closed(_) => match status_of(text) {
            Some(407) => "name user and password of the proxy: `http://user:password@host:port`".to_owned(),
            Some(500..) => "try again later".to_owned(),
            _ => "name its user and password: `https://user:password@host/simple`, or in `~/.netrc`".to_owned(),
        },
        FailureKind::NoIndex(_) => "the address of an index mostly ends with `/simple`".to_owned(),
        FailureKind::Refused(_) => "check the user and password of this index".to_owned(),
        FailureKind::Offline => "run once with the network".to_owned(),
        FailureKind::Hash => "lock again, and check that the index gives the files it gave before".to_owned(),
        FailureKind::Build => return build_hints(text),
        FailureKind::DiskFull => "free some space, for example with `towpath cache clean`".to_owned(),
        FailureKind::Other => return Vec::new(),
    };
    vec![hint]
}

fn build_hints(text: &str) -> Vec<String> {
    if let Some(header) = text.lines().find_map(|line| {
        line.split_once("fatal error: ")?
            .1
            .split_once(": No such file")
            .map(|(name, _)| name)
    }) {
        if header == "Python.h" {
            return vec!["install the headers of this Python (on Debian `python3-dev`)".to_owned()];
        }
        return vec![format!("install the system package that holds `{header}`")];
    }
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let hint = if has(&["pkg-config", "pkg_config"]) {
        "install the system library that it looks for with `pkg-config`, with its headers"
    } else if has(&[
        "can't find Rust compiler",
        "cargo, the Rust package manager, is not installed",
        "rustc",
    ]) {
        "install Rust (`cargo` on `PATH`)"
    } else if has(&[
        "command 'gcc' failed: No such file",
        "command 'cc' failed: No such file",
        "No such file or directory: 'gcc'",
        "Unknown compiler",
    ]) {
        "install a C compiler"
    } else {
        "ask for a version of the package that has a wheel for this Python, or install what its build needs"
    };
    vec![hint.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stderr: &str, kind: FailureKind, words: &str) {
        let failure = read(stderr);
        assert_eq!(
            (failure.kind, failure.words.as_str()),
            (kind, words),
            "{stderr}"
        );
    }

    #[test]
    fn conflicts_are_told_without_the_layout() {
        check(
            "Resolved 1 package\nerror: No solution found when resolving dependencies\n  cause: Because there is no \
             version of pytest==99 and you require pytest==99, we can conclude that your requirements are \
             unsatisfiable.\n",
            FailureKind::NoSolution,
            "Because there is no version of pytest==99 and you require pytest==99",
        );
        check(
            "  × No solution found when resolving dependencies:\n  ╰─▶ Because a>=2 depends on b<1 and you\n      \
             require b>=1, we can conclude that your requirements are unsatisfiable.\n",
            FailureKind::NoSolution,
            "Because a>=2 depends on b<1 and you require b>=1",
        );
        check(
            "error: No solution found when resolving dependencies\n  cause: Because xyz was not found in the package \
             registry and you require xyz, we can conclude that your requirements are unsatisfiable.\n",
            FailureKind::NotFound,
            "Because xyz was not found in the package registry and you require xyz",
        );
        check(
            "  × No solution found when resolving dependencies:\n  ╰─▶ Because the current Python version (3.7.16) does \
             not satisfy Python>=3.9 and numpy==2.0 depends on Python>=3.9, we can conclude that numpy==2.0 cannot be \
             used.\n",
            FailureKind::Python,
            "Because the current Python version (3.7.16) does not satisfy Python>=3.9 and numpy==2.0 depends on \
             Python>=3.9, we can conclude that numpy==2.0 cannot be used.",
        );
    }

    #[test]
    fn a_silent_index_is_no_missing_package() {
        check(
            "error: Request failed after 3 retries in 7.7s\n  cause: Failed to fetch: http://u:p@127.0.0.1:9/simple/a/\n  \
             cause: error sending request for url (http://127.0.0.1:9/simple/a/)\n  cause: Connection refused (os \
             error 111)\n\nhint: say it\n",
            FailureKind::Unreachable("http://127.0.0.1:9/simple/a/".to_owned()),
            "Connection refused (os error 111)",
        );
        let offline = "error: No solution found when resolving dependencies\n  cause: Because flask was not found in \
            the cache and you require flask, we can conclude that your requirements are unsatisfiable.\n\nhint: \
            Packages were unavailable because the network was disabled.\n";
        check(
            offline,
            FailureKind::Offline,
            "Because flask was not found in the cache and you require flask",
        );
    }

    #[test]
    fn an_index_that_fails_every_question_is_told_from_one_that_lacks_a_package() {
        let fetch = |url: &str, cause: &str| {
            format!("error: Failed to fetch: {url}six/\n  cause: {cause}\n")
        };
        let (http, https) = ("http://127.0.0.1:9/simple/", "https://127.0.0.1:9/simple/");
        let sent = "error sending request for url (x)\n  cause: client error (Connect)\n  cause: invalid peer certificate";
        check(
            &fetch(
                https,
                &format!(
                    "{sent}: certificate expired: verification time 2 (UNIX), but certificate is not valid after 1 (1 seconds ago)"
                ),
            ),
            FailureKind::Untrusted(format!("{https}six/")),
            "it has expired",
        );
        check(
            &fetch(https, &format!("{sent}: UnknownIssuer")),
            FailureKind::Untrusted(format!("{https}six/")),
            "nobody trusted has signed it",
        );
        check(
            &fetch(https, &format!("{sent}: BadSignature")),
            FailureKind::Untrusted(format!("{https}six/")),
            "BadSignature",
        );
        let status =
            |status: &str| format!("HTTP status server error ({status}) for url ({http}six/)");
        check(
            &fetch(http, &status("500 Internal Server Error")),
            FailureKind::Closed(format!("{http}six/")),
            "it answered `500 Internal Server Error`",
        );
        let refused = read(&fetch(http, &status("403 Forbidden")));
        assert_eq!(refused.kind, FailureKind::Refused(format!("{http}six/")));
        check(
            "error: No solution found when resolving dependencies\n  cause: Because six was not found in the package \
             registry and you require six, we can conclude that your requirements are unsatisfiable.\n\nhint: An index \
             URL (http://127.0.0.1:9/simple) could not be queried due to a lack of valid authentication credentials (401 \
             Unauthorized)\n",
            FailureKind::Closed("http://127.0.0.1:9/simple".to_owned()),
            "it answered `401 Unauthorized`",
        );
    }

    #[test]
    fn a_build_shows_its_end_and_its_missing_header() {
        let stderr = "error: Failed to build `x==1`\n  cause: The build backend returned an error\n\n         [stdout]\n    \
            running build\n\n         [stderr]\n         x.c:1:10: fatal error: libpq-fe.h: No such file or directory\n     \
            compilation terminated.\n         error: command '/usr/bin/gcc' failed with exit code 1\n\nhint: Build \
            failures usually indicate\n";
        check(
            stderr,
            FailureKind::Build,
            "Failed to build `x==1`\nx.c:1:10: fatal error: libpq-fe.h: No such file or directory\ncompilation \
             terminated.\nerror: command '/usr/bin/gcc' failed with exit code 1",
        );
        assert_eq!(
            read(stderr).hints,
            ["install the system package that holds `libpq-fe.h`"]
        );
    }

    #[test]
    fn a_wrong_file_and_a_full_disk_are_told_apart() {
        let hash = "error: Failed to download `a==2.0.0`\n  cause: Hash mismatch for `a==2.0.0`\n\n  Expected:\n";
        assert_eq!(read(hash).kind, FailureKind::Hash);
        let full =
            "error: failed to write to file\n  cause: No space left on device (os error 28)\n";
        assert_eq!(read(full).kind, FailureKind::DiskFull);
        assert_eq!(read("error: oh no\n").words, "oh no");
    }

    #[test]
    fn long_explanations_keep_their_end() {
        let long = format!(
            "{}Because the end names it",
            "And because a depends on b. ".repeat(60)
        );
        let short = shorten(&long);
        assert!(
            short.len() < LONGEST + 8
                && short.starts_with("… And because")
                && short.ends_with("names it")
        );
    }
}
