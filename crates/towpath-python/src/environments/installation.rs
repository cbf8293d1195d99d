//! A Python of a job's own: an installation with the standard library of one of the machine's, and
//! packages of its own, pip first.
//!
//! It is no virtual environment: `sys.prefix` is its folder, so that whatever installs into it (also
//! `pip install --user`, `uv pip install --system`) finds what it finds on a runner, and never reaches the
//! user's interpreter. The standard library is linked, the program and the packages are copied.

use std::fs::FileTimes;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;
use towpath_host::cache;
use towpath_host::lock::Lock;

use super::prepare::remove;
use super::resolve::index_arguments;
use super::{Error, failure};
use crate::uv::{Call, Indexes};
use crate::{Interpreter, Machine, PythonVersion, Uv};

/// How long another run may take to make the same installation.
const PATIENCE: Duration = Duration::from_mins(10);
/// What of the machine's installation does not come along.
const OMITTED: [&str; 3] = ["site-packages", "dist-packages", "EXTERNALLY-MANAGED"];
/// The last Python that comes with setuptools.
const LAST_WITH_SETUPTOOLS: PythonVersion = PythonVersion::new(3, 11);

/// Makes an installation of an interpreter in `target`, which must not exist, and returns its program.
/// The first one of an interpreter is kept in the cache and costs an installation of pip; others are
/// copies of it.
pub fn install_python(
    uv: &Uv,
    machine: &Machine<'_>,
    interpreter: &Interpreter,
    target: &Path,
) -> Result<PathBuf, Error> {
    let kept = machine.cache.join("pythons").join(kept_name(interpreter));
    let unwritable = |source| Error::write(&kept, source);
    {
        fs_err::create_dir_all(machine.cache.join("pythons")).map_err(unwritable)?;
        let lock = kept.with_extension("lock");
        let _turn = Lock::exclusive(&lock, "making an installation of Python", PATIENCE)?;
        if !kept.is_dir() {
            let made = kept.with_extension("new");
            remove(&made).map_err(unwritable)?;
            link(interpreter, &made).map_err(unwritable)?;
            add_pip(uv, machine, interpreter, &made)?;
            fs_err::rename(&made, &kept).map_err(unwritable)?;
        }
        cache::note_use(&kept);
    }
    let made = kept.with_extension("new");
    copy(&kept, target).map_err(|source| Error::write(target, source))?;
    lead_scripts(&target.join("bin"), &made, target)
        .map_err(|source| Error::write(target, source))?;
    Ok(program(interpreter, target))
}

fn program(interpreter: &Interpreter, folder: &Path) -> PathBuf {
    folder.join("bin").join(name(interpreter))
}

/// Returns the name of its program and of the folder of its library: `python3.13t`.
fn name(interpreter: &Interpreter) -> String {
    let suffix = if interpreter.is_free_threaded {
        "t"
    } else {
        ""
    };
    format!("python{}{suffix}", interpreter.python)
}

/// Returns the name of the folder in which its installation is kept.
fn kept_name(interpreter: &Interpreter) -> String {
    let identity = interpreter.identity();
    identity.as_str().chars().take(24).collect()
}

/// Makes the installation without packages.
fn link(interpreter: &Interpreter, folder: &Path) -> io::Result<()> {
    let name = name(interpreter);
    let library = folder.join("lib").join(&name);
    fs_err::create_dir_all(folder.join("bin"))?;
    fs_err::create_dir_all(library.join("site-packages"))?;
    fs_err::copy(&interpreter.path, folder.join("bin").join(&name))?;
    for alias in ["python", "python3"] {
        symlink(&name, folder.join("bin").join(alias))?;
    }
    // Debian's Python keeps what pip installs in `local`.
    symlink(".", folder.join("local"))?;
    for entry in fs_err::read_dir(&interpreter.stdlib)? {
        let entry = entry?;
        if !OMITTED.iter().any(|omitted| entry.file_name() == *omitted) {
            symlink(entry.path(), library.join(entry.file_name()))?;
        }
    }
    for shared in ["include", "share"] {
        let path = interpreter.prefix.join(shared);
        if path.is_dir() {
            symlink(path, folder.join(shared))?;
        }
    }
    let Some(libraries) = interpreter.stdlib.parent() else {
        return Ok(());
    };
    for entry in fs_err::read_dir(libraries)? {
        let entry = entry?;
        let of_python = entry.file_name().to_string_lossy().starts_with("libpython");
        if of_python || entry.file_name() == "pkgconfig" {
            symlink(entry.path(), folder.join("lib").join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Installs pip: the newest for this Python, from uv's cache where it is there.
fn add_pip(
    uv: &Uv,
    machine: &Machine<'_>,
    interpreter: &Interpreter,
    folder: &Path,
) -> Result<(), Error> {
    let indexes = Indexes::of(machine);
    let mut arguments = [
        "pip",
        "install",
        "--quiet",
        "--compile-bytecode",
        "--python",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(program(interpreter, folder).display().to_string());
    arguments.extend(index_arguments(&indexes, &[]));
    arguments.push("pip".to_owned());
    if interpreter.python <= LAST_WITH_SETUPTOOLS {
        arguments.push("setuptools".to_owned());
    }
    let call = |offline| Call {
        arguments: arguments.clone(),
        folder,
        offline,
    };
    let mut output = uv.call(machine, &indexes, &call(true))?;
    if !output.status.success() && !machine.is_offline() {
        output = uv.call(machine, &indexes, &call(false))?;
    }
    if output.status.success() {
        return Ok(());
    }
    let doing = format!("install pip for {}", interpreter.title());
    Err(Error::uv(doing, failure::read(&output.stderr), machine))
}

/// Copies a folder; links stay links, and times stay, so that bytecode stays valid.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs_err::create_dir_all(to)?;
    let entries = fs_err::read_dir(from)?.collect::<Result<Vec<_>, _>>()?;
    entries.par_iter().try_for_each(|entry| {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let metadata = fs_err::symlink_metadata(&source)?;
        if metadata.is_dir() {
            return copy(&source, &target);
        }
        if metadata.is_symlink() {
            return symlink(fs_err::read_link(&source)?, &target);
        }
        fs_err::copy(&source, &target)?;
        let times = FileTimes::new().set_modified(metadata.modified()?);
        fs_err::OpenOptions::new()
            .write(true)
            .open(&target)?
            .file()
            .set_times(times)
    })
}

/// Lets the scripts that were installed at `made` start the Python of `target`.
fn lead_scripts(bin: &Path, made: &Path, target: &Path) -> io::Result<()> {
    let start = format!("#!{}/", made.display());
    for entry in fs_err::read_dir(bin)? {
        let path = entry?.path();
        let is_file = fs_err::symlink_metadata(&path)?.is_file();
        // Programs are large; scripts that pip installs are not.
        if !is_file || fs_err::metadata(&path)?.len() > 64 * 1024 {
            continue;
        }
        let Ok(text) = fs_err::read_to_string(&path) else {
            continue;
        };
        if let Some(rest) = text.strip_prefix(&start) {
            fs_err::write(&path, format!("#!{}/{rest}", target.display()))?;
        }
    }
    Ok(())
}
