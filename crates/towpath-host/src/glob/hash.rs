//! `hashFiles` of expressions.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{Error, GlobOptions, Globs};
use crate::clock::Stopwatch;
use crate::digest::{self, Digest};

const LIMIT: Duration = Duration::from_mins(2);
const FOLLOW: &str = "--follow-symbolic-links";

/// Returns what `hashFiles(patterns…)` gives: the SHA-256 of the binary digests of all files of the
/// workspace that fit, in the order in which they are found; empty where none does. The first pattern may
/// be the option `--follow-symbolic-links`.
pub fn hash_files(
    workspace: &Path,
    home: Option<&Path>,
    patterns: &[String],
) -> Result<String, String> {
    let failed = |error: &Error| {
        let cause = std::error::Error::source(error).map_or_else(String::new, |e| format!(": {e}"));
        format!(
            "hashFiles('{}') failed: {error}{cause}",
            patterns.join("', '")
        )
    };
    let option = patterns.first().filter(|first| first.starts_with("--"));
    if let Some(option) = option.filter(|option| !option.eq_ignore_ascii_case(FOLLOW)) {
        return Err(format!(
            "hashFiles has no option `{option}`, only `{FOLLOW}`"
        ));
    }
    let options = GlobOptions {
        root: workspace,
        home,
        follows_links: option.is_some(),
        descends: true,
        omits_hidden: false,
    };
    let lines = patterns[usize::from(option.is_some())..].join("\n");
    let globs = Globs::new(&lines, options).map_err(|error| failed(&error))?;
    let stopwatch = Stopwatch::start();
    let mut whole = Sha256::new();
    let (mut count, mut is_late) = (0, false);
    let hashed = globs.each(&mut |path, is_folder| {
        is_late |= stopwatch.elapsed() > LIMIT;
        if is_late || is_folder || path == workspace || !path.starts_with(workspace) {
            return Ok(());
        }
        let unreadable = |source| Error::Unreadable {
            path: path.clone(),
            source,
        };
        // A pipe or a device may never end.
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Ok(());
        }
        let mut file = InTime {
            from: File::open(&path).map_err(unreadable)?,
            stopwatch: &stopwatch,
            limit: LIMIT,
        };
        whole.update(digest::hash_reader(&mut file).map_err(unreadable)?);
        count += 1;
        Ok(())
    });
    hashed.map_err(|error| failed(&error))?;
    if is_late {
        return Err(format!(
            "hashFiles('{}') took longer than {} s",
            patterns.join("', '"),
            LIMIT.as_secs()
        ));
    }
    if count == 0 {
        return Ok(String::new());
    }
    Ok(Digest::from_bytes(&whole.finalize().into())
        .as_str()
        .to_owned())
}

/// Reads until a time is over, since a sparse file of any length takes no space.
struct InTime<'a, R> {
    from: R,
    stopwatch: &'a Stopwatch,
    limit: Duration,
}

impl<R: Read> Read for InTime<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stopwatch.elapsed() > self.limit {
            let message = format!("it took longer than {} s", self.limit.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        self.from.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn hash(patterns: &[&str]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (path, content) in [("a.txt", "1"), ("a/x", "2"), ("B.txt", "3"), (".h/y", "4")] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), content).unwrap();
        }
        symlink("a", root.join("link")).unwrap();
        symlink("../a.txt", root.join("a/to-a-file")).unwrap();
        let pipe = root.join("a/pipe");
        mknodat(CWD, pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        symlink("pipe", root.join("a/to-a-pipe")).unwrap();
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.into()).collect();
        hash_files(&root, None, &patterns)
    }

    fn expected(contents: &[&str]) -> String {
        let mut whole = Sha256::new();
        for content in contents {
            whole.update(Sha256::digest(content.as_bytes()));
        }
        Digest::from_bytes(&whole.finalize().into())
            .as_str()
            .to_owned()
    }

    #[test]
    fn hashes_the_digests_of_files_as_they_are_found() {
        for (patterns, contents) in [
            (&["**"][..], &["4", "3", "1", "2", "1"][..]),
            (&["a*"], &["1", "2", "1"]),
            (&["a/pipe"], &[]),
            (&["**/x", "B.txt"], &["3", "2"]),
            (&["**", "!.h", "!a"], &["3", "1"]),
            (&["a.txt\nB.txt"], &["1", "3"]),
            (&["link"], &[]),
            (&["--follow-symbolic-links", "link/*"], &["1", "2"]),
        ] {
            let expected = if contents.is_empty() {
                String::new()
            } else {
                expected(contents)
            };
            assert_eq!(hash(patterns), Ok(expected), "{patterns:?}");
        }
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let mut endless = InTime {
            from: io::repeat(0),
            stopwatch: &Stopwatch::start(),
            limit: Duration::from_millis(20),
        };
        let error = digest::hash_reader(&mut endless).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn nothing_found_is_empty_and_mistakes_are_told() {
        assert_eq!(hash(&["absent"]), Ok(String::new()));
        assert_eq!(hash(&["/etc/hostname"]), Ok(String::new()));
        assert!(hash(&["../x"]).unwrap_err().contains("`../x` is not valid"));
        assert!(
            hash(&["--fast", "x"])
                .unwrap_err()
                .contains("no option `--fast`")
        );
    }
}
