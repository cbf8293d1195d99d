//! The program itself as an input of what it concludes: two builds of one version may judge differently.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::{Digest, Store, digest_file};

/// Kind of the entries that tell a program's digest by its stat.
const KIND: &str = "program";

/// Returns the digest of a program's bytes. It is computed once for each file that the program lies in:
/// while path, inode, size and times stay, the store answers.
pub fn digest(program: &Path, store: &Store) -> io::Result<Digest> {
    let data = fs_err::metadata(program)?;
    let stat = format!(
        "{} {} {} {}.{} {}.{}",
        program.display(),
        data.ino(),
        data.size(),
        data.mtime(),
        data.mtime_nsec(),
        data.ctime(),
        data.ctime_nsec()
    );
    let known = store.entry(KIND, &stat).ok().flatten();
    let known = known.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    if let Some(digest) = known {
        return Ok(digest);
    }
    let digest = digest_file(program)?;
    if let Err(error) = store.put_entry(KIND, &stat, digest.as_str().as_bytes()) {
        tracing::debug!("the digest of the program was not kept: {error}");
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_has_another_digest() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&folder.path().join("store")).expect("a store");
        let program = folder.path().join("program");
        let digest_of = |content: &str| {
            // A linker writes a new file and puts it in the old one's place.
            let next = folder.path().join("next");
            fs_err::write(&next, content).expect("a file");
            fs_err::rename(&next, &program).expect("a file");
            digest(&program, &store).expect("a program")
        };
        let first = digest_of("one");
        assert_eq!(first, Digest::of(b"one"));
        assert_eq!(digest(&program, &store).expect("a program"), first);
        assert_eq!(digest_of("two"), Digest::of(b"two"));
        assert_eq!(digest_of("one"), first);
    }
}
