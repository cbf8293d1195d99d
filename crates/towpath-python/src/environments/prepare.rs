//! From exact packages to a virtual environment that is shared, addressed by its contents, and never
//! changed once it is complete.
//!
//! It is made at its final path, since its scripts hold that path, under a lock; a record beside it,
//! written last, says that it is complete. Whatever is found without a record is removed and made again.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use towpath_host::lock::Lock;
use towpath_host::{Digest, cache};
use towpath_report::text::counted;

use super::first_start::bring_in;
use super::resolve::{index_arguments, scratch};
use super::{Environment, Error, Package, Resolution, failure};
use crate::child::{Output, write_whole};
use crate::uv::{Call, Indexes};
use crate::{Interpreter, Machine, Uv};

/// How long another run may take to make the same environment.
const PATIENCE: Duration = Duration::from_mins(30);
const FORMAT: u32 = 2;

/// What says that an environment is complete, and what to look at when it is used again.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    format: u32,
    environment: Environment,
    /// Folders of metadata, one for each package.
    metadata: Vec<String>,
    /// Time of the last change of the folder of packages, in nanoseconds since 1970: any package that
    /// comes or goes changes it.
    modified_ns: i128,
}

/// Returns the environment with exactly the packages of `resolution`: the one that is there, else a new
/// one. uv takes the packages from its own cache, and from the network only what is missing there.
/// `progress` is told what is being done.
pub fn prepare(
    uv: &Uv,
    machine: &Machine<'_>,
    interpreter: &Interpreter,
    resolution: &Resolution,
    progress: &mut dyn FnMut(&str),
) -> Result<Environment, Error> {
    let indexes = Indexes::of(machine);
    let work = Work {
        uv,
        machine,
        interpreter,
        resolution,
        indexes,
    };
    work.prepare(progress)
}

/// Returns the environment if it is there, complete and unchanged. Starts no process.
pub fn existing(
    machine: &Machine<'_>,
    interpreter: &Interpreter,
    resolution: &Resolution,
) -> Option<Environment> {
    Places::of(machine.cache, &digest_of(interpreter, resolution)).environment()
}

fn digest_of(interpreter: &Interpreter, resolution: &Resolution) -> Digest {
    let packages = resolution.digest.as_str().as_bytes();
    Digest::of_parts([packages, interpreter.identity().as_str().as_bytes()])
}

impl Record {
    fn is_intact(&self) -> bool {
        let environment = &self.environment;
        let packages = &environment.site_packages;
        modified_ns(packages).is_ok_and(|modified| modified == self.modified_ns)
            && environment.python.exists()
            && environment.bytecode.is_dir()
            && self
                .metadata
                .iter()
                .all(|name| packages.join(name).is_dir())
    }
}

/// The paths of one environment.
struct Places {
    folder: PathBuf,
    bytecode: PathBuf,
    record: PathBuf,
    lock: PathBuf,
}

impl Places {
    /// The name is short, since it stands in every trace and in the first line of every script.
    fn of(cache: &Path, digest: &Digest) -> Self {
        let name: String = digest.as_str().chars().take(20).collect();
        let beside = |suffix: &str| cache.join("environments").join(format!("{name}{suffix}"));
        Self {
            folder: beside(""),
            bytecode: beside(".bytecode"),
            record: beside(".json"),
            lock: beside(".lock"),
        }
    }

    /// Returns the environment if it is complete and unchanged.
    fn environment(&self) -> Option<Environment> {
        let record: Record = serde_json::from_slice(&std::fs::read(&self.record).ok()?).ok()?;
        if record.format == FORMAT && record.is_intact() {
            cache::note_use(&self.record);
            return Some(record.environment);
        }
        tracing::debug!(folder = %self.folder.display(), "the environment is not what it was");
        None
    }
}

struct Work<'a> {
    uv: &'a Uv,
    machine: &'a Machine<'a>,
    interpreter: &'a Interpreter,
    resolution: &'a Resolution,
    indexes: Indexes,
}

impl Work<'_> {
    fn prepare(&self, progress: &mut dyn FnMut(&str)) -> Result<Environment, Error> {
        let digest = digest_of(self.interpreter, self.resolution);
        let places = Places::of(self.machine.cache, &digest);
        if let Some(environment) = places.environment() {
            return Ok(environment);
        }
        let _lock = Lock::exclusive(&places.lock, "makes an environment", PATIENCE)?;
        // Another run may have made it meanwhile.
        if let Some(environment) = places.environment() {
            return Ok(environment);
        }
        progress(&match self.resolution.packages.len() {
            0 => "making an environment".to_owned(),
            count => format!("installing {}", counted(count, "package")),
        });
        self.make(&places, digest, progress)
    }

    fn make(
        &self,
        places: &Places,
        digest: Digest,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Environment, Error> {
        for path in [&places.record, &places.folder, &places.bytecode] {
            remove(path).map_err(|source| Error::write(path, source))?;
        }
        let made = self
            .make_folder(&places.folder)
            .and_then(|()| self.install(&places.folder))
            .and_then(|()| {
                let packages = &self.resolution.packages;
                bring_in(self.machine, &places.folder, packages, progress)
            });
        if let Err(error) = made {
            if let Err(error) = remove(&places.folder) {
                tracing::debug!(%error, "half an environment is left behind");
            }
            return Err(error);
        }
        let environment = self.describe(places, digest)?;
        let write = || -> io::Result<()> {
            fs_err::create_dir_all(&places.bytecode)?;
            // Made now, so that Python's own first start does not change the folder later.
            fs_err::create_dir_all(environment.site_packages.join("__pycache__"))?;
            let record = Record {
                format: FORMAT,
                metadata: metadata_folders(&environment.site_packages)?,
                modified_ns: modified_ns(&environment.site_packages)?,
                environment: environment.clone(),
            };
            write_whole(&places.record, &serde_json::to_vec(&record)?)
        };
        write().map_err(|source| Error::write(&places.record, source))?;
        Ok(environment)
    }

    fn make_folder(&self, folder: &Path) -> Result<(), Error> {
        let parent = folder.parent().unwrap_or(folder);
        fs_err::create_dir_all(parent).map_err(|source| Error::write(parent, source))?;
        let mut arguments = ["venv", "--quiet", "--no-project", "--no-config", "--python"]
            .map(str::to_owned)
            .to_vec();
        arguments.push(self.interpreter.path.display().to_string());
        arguments.push(folder.display().to_string());
        let output = self.call(arguments, parent, true)?;
        if output.status.success() {
            return Ok(());
        }
        let doing = format!("make an environment of {}", self.interpreter.title());
        Err(Error::uv(
            doing,
            failure::read(&output.stderr),
            self.machine,
        ))
    }

    /// Tries without the network first: asking the index for what is in uv's cache costs more than
    /// installing it.
    fn install(&self, folder: &Path) -> Result<(), Error> {
        if self.resolution.packages.is_empty() {
            return Ok(());
        }
        let scratch = scratch()?;
        let list = scratch.path().join("requirements.txt");
        let packages = self.resolution.packages.iter().map(Package::line);
        let lines: Vec<String> = self
            .resolution
            .options
            .iter()
            .cloned()
            .chain(packages)
            .collect();
        fs_err::write(&list, lines.join("\n") + "\n")
            .map_err(|source| Error::write(&list, source))?;
        let mut arguments = ["pip", "install", "--quiet", "--no-deps", "--python"]
            .map(str::to_owned)
            .to_vec();
        arguments.push(folder.join("bin/python").display().to_string());
        arguments.extend(["--requirement".to_owned(), list.display().to_string()]);
        arguments.extend(index_arguments(&self.indexes, &self.resolution.options));
        let settings = self
            .resolution
            .settings_folder
            .as_deref()
            .unwrap_or(scratch.path());
        let mut output = self.call(arguments.clone(), settings, true)?;
        if !output.status.success() && !self.machine.is_offline() {
            output = self.call(arguments, settings, false)?;
        }
        if output.status.success() {
            return Ok(());
        }
        let packages = counted(self.resolution.packages.len(), "package");
        let doing = format!("install {packages} for {}", self.interpreter.title());
        Err(Error::uv(
            doing,
            failure::read(&output.stderr),
            self.machine,
        ))
    }

    fn call(&self, arguments: Vec<String>, folder: &Path, offline: bool) -> Result<Output, Error> {
        let call = Call {
            arguments,
            folder,
            offline,
        };
        Ok(self.uv.call(self.machine, &self.indexes, &call)?)
    }

    fn describe(&self, places: &Places, digest: Digest) -> Result<Environment, Error> {
        let folder = &places.folder;
        let site_packages = site_packages(folder).map_err(|source| Error::write(folder, source))?;
        Ok(Environment {
            folder: folder.clone(),
            python: folder.join("bin/python"),
            bin: folder.join("bin"),
            site_packages,
            digest,
            bytecode: places.bytecode.clone(),
            packages: self.resolution.packages.clone(),
        })
    }
}

/// Finds `lib/python3.12/site-packages`, whose middle is `python3.13t` or `pypy3.10` for other builds.
fn site_packages(folder: &Path) -> io::Result<PathBuf> {
    for entry in fs_err::read_dir(folder.join("lib"))? {
        let candidate = entry?.path().join("site-packages");
        if candidate.is_dir() {
            return Ok(candidate);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        "it has no `lib/*/site-packages`",
    ))
}

fn metadata_folders(site_packages: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs_err::read_dir(site_packages)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".dist-info") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn modified_ns(path: &Path) -> io::Result<i128> {
    let metadata = fs_err::metadata(path)?;
    Ok(i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()))
}

/// Removes a file or a folder; one that is not there is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs_err::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs_err::remove_dir_all(path),
        Ok(_) => fs_err::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
