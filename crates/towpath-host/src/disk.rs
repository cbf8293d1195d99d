//! How much room there is, and reading files that somebody else may have replaced by something that is none.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// With less room than this something may have failed to be written, in bytes.
const TOO_LITTLE: u64 = 1024 * 1024;

/// Returns whether the file system that holds a folder is full, or nearly. One that cannot tell is not.
pub fn is_full(folder: &Path) -> bool {
    rustix::fs::statvfs(folder)
        .is_ok_and(|system| system.f_bavail.saturating_mul(system.f_frsize) < TOO_LITTLE)
}

/// Reads a file of at most this many bytes. What is no file (a pipe would be waited for, a device has no end)
/// is an error, and so is a longer one.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let name = path.display();
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(format!("`{name}` is no file")));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!(
            "`{name}` is longer than {most} bytes"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "text").unwrap();
        assert_eq!(read_regular(&file, 4).unwrap(), b"text");
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let zero = folder.path().join("zero");
        std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
        for path in [&pipe, &zero, folder.path()] {
            let error = read_regular(path, 4).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{}` is no file", path.display())
            );
        }
        assert!(read_regular(&file, 3).is_err());
        let absent = read_regular(&folder.path().join("absent"), 4).unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_is_not_there_is_not_full() {
        assert!(!is_full(Path::new("/no/such/folder")));
    }
}
