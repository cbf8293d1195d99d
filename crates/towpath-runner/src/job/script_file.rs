//! The file that holds the script of a step. To make a file costs far more than to write it, so one file
//! serves all steps of a job, and the jobs after it.

use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use fs_err as fs;

/// Writes a script into the file that waits, under its new name.
pub(super) fn write(spare: &Path, file: &Path, script: &str) -> io::Result<()> {
    if !is_own(spare) || fs::rename(spare, file).is_err() {
        // Whatever a step put there is not written into.
        let _ = fs::remove_file(file);
        return fs::write(file, script);
    }
    let mut written = fs::OpenOptions::new().write(true).open(file)?;
    written.write_all(script.as_bytes())?;
    written.set_len(script.len() as u64)
}

/// Lets the file wait for the next script, without the one that it held.
pub(super) fn put_away(file: &Path, spare: &Path) {
    let emptied = || -> io::Result<()> {
        if !is_own(file) {
            return Err(io::Error::other("it is no longer the step's file"));
        }
        let mut emptied = fs::OpenOptions::new().write(true).open(file)?;
        // One that is cut to nothing is brought to the disk at once by some file systems.
        emptied.write_all(b"\n")?;
        emptied.set_len(1)?;
        fs::rename(file, spare)
    };
    if emptied().is_err() {
        let _ = fs::remove_file(file);
    }
}

/// Tells whether a file is one that was made here, and nothing else that a step put in its place.
pub(super) fn is_own(file: &Path) -> bool {
    fs::symlink_metadata(file)
        .is_ok_and(|data| data.is_file() && data.nlink() == 1 && data.mode() & 0o600 == 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_testing::TestContext;

    #[test]
    fn one_file_serves_all_scripts_and_keeps_none() {
        let folder = TestContext::without_git();
        let [spare, first, second] = ["spare", "1.sh", "2.sh"].map(|name| folder.root().join(name));
        write(&spare, &first, "echo a long script\n").unwrap();
        let inode = fs::metadata(&first).unwrap().ino();
        put_away(&first, &spare);
        assert!(!first.exists());
        assert_eq!(fs::read_to_string(&spare).unwrap(), "\n");
        write(&spare, &second, "short\n").unwrap();
        assert_eq!(fs::read_to_string(&second).unwrap(), "short\n");
        assert_eq!(fs::metadata(&second).unwrap().ino(), inode);
    }

    #[test]
    fn nothing_is_written_into_what_a_step_put_there() {
        let folder = TestContext::without_git();
        folder.write("other", "stays");
        let [spare, script, other] =
            ["spare", "1.sh", "other"].map(|name| folder.root().join(name));
        std::os::unix::fs::symlink(&other, &spare).unwrap();
        std::os::unix::fs::symlink(&other, &script).unwrap();
        write(&spare, &script, "true\n").unwrap();
        assert_eq!(fs::read_to_string(&script).unwrap(), "true\n");
        fs::remove_file(&script).unwrap();
        std::os::unix::fs::symlink(&other, &script).unwrap();
        put_away(&script, &spare);
        assert_eq!(fs::read_to_string(&other).unwrap(), "stays");
        assert!(!script.exists());
    }
}
