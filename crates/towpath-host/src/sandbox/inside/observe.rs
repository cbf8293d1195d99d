//! Which files of the observed folders the commands opened, by inotify.
//!
//! A file's attributes can be read without opening it; that is not seen here.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::super::model::Observation;

/// Holds some hundred events, enough for what is opened between two looks.
const BUFFER: usize = 16 * 1024;

/// Watches folders while commands run.
pub(super) struct Observer {
    inotify: OwnedFd,
    folders: HashMap<i32, Folder>,
    complete: bool,
}

/// What was seen in one folder; names are relative to it.
#[derive(Default)]
struct Folder {
    path: PathBuf,
    was_listed: bool,
    opened: HashSet<OsString>,
    listed: HashSet<OsString>,
    written: HashSet<OsString>,
    /// Made by the job: no input of it.
    made: HashSet<OsString>,
}

impl Observer {
    /// Starts to observe `folders` with all folders below them, and `single` ones; `None` when there is
    /// nothing to observe.
    pub(super) fn start(folders: &[PathBuf], single: &[PathBuf]) -> io::Result<Option<Self>> {
        if folders.is_empty() && single.is_empty() {
            return Ok(None);
        }
        let mut observer = Self {
            inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            folders: HashMap::new(),
            complete: true,
        };
        // Looking for folders opens them: all of that is done before the first watch.
        let mut all = single.to_vec();
        for folder in folders {
            observer.complete &= gather_folders(folder, &mut all);
        }
        for folder in all {
            observer.watch(folder);
        }
        Ok(Some(observer))
    }

    /// Returns what to wait on for events.
    pub(super) fn events(&self) -> &OwnedFd {
        &self.inotify
    }

    /// Takes the events that have come in, and returns whether there were any.
    pub(super) fn drain(&mut self) -> io::Result<bool> {
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut any = false;
        loop {
            match reader.next() {
                Ok(event) => {
                    any = true;
                    if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                        self.complete = false;
                    } else if let Some(folder) = self.folders.get_mut(&event.wd()) {
                        let name = event
                            .file_name()
                            .map(|name| OsStr::from_bytes(name.to_bytes()));
                        self.complete &= folder.note(name, event.events());
                    }
                }
                Err(Errno::AGAIN) => return Ok(any),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns what was seen. The watches stay, because the system takes long to remove them and the end of
    /// the process does it as well.
    pub(super) fn finish(&mut self) -> io::Result<Observation> {
        self.drain()?;
        let mut seen = Observation {
            complete: self.complete,
            ..Observation::default()
        };
        for folder in mem::take(&mut self.folders).into_values() {
            folder.tell(&mut seen);
        }
        Ok(seen)
    }

    fn watch(&mut self, path: PathBuf) {
        let flags = WatchFlags::OPEN
            | WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR
            | WatchFlags::EXCL_UNLINK;
        match inotify::add_watch(&self.inotify, &path, flags) {
            Ok(watch) => {
                let folder = Folder {
                    path,
                    ..Folder::default()
                };
                // One folder at two paths has one watch: what is seen there cannot be told apart.
                let is_known_as = |other: &PathBuf| *other == folder.path;
                let earlier = self.folders.get(&watch).map(|earlier| &earlier.path);
                self.complete &= earlier.is_none_or(is_known_as);
                self.folders.insert(watch, folder);
            }
            Err(Errno::NOENT | Errno::NOTDIR) => {}
            Err(_) => self.complete = false,
        }
    }
}

impl Folder {
    /// Notes an event; returns whether what is known stays whole.
    fn note(&mut self, name: Option<&OsStr>, events: ReadFlags) -> bool {
        let Some(name) = name else {
            self.was_listed |= events.contains(ReadFlags::OPEN);
            // Its path is another now.
            return !events.contains(ReadFlags::MOVE_SELF);
        };
        if events.contains(ReadFlags::OPEN) {
            if !self.made.contains(name) {
                let kind = if events.contains(ReadFlags::ISDIR) {
                    &mut self.listed
                } else {
                    &mut self.opened
                };
                remember(kind, name);
            }
            return true;
        }
        let is_new = events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
        // What was removed or overwritten after it was read has been an input all the same.
        if is_new && !self.opened.contains(name) {
            remember(&mut self.made, name);
        }
        let changes = ReadFlags::CREATE
            | ReadFlags::CLOSE_WRITE
            | ReadFlags::DELETE
            | ReadFlags::MOVED_FROM
            | ReadFlags::MOVED_TO;
        if events.intersects(changes) {
            remember(&mut self.written, name);
        }
        true
    }

    fn tell(self, seen: &mut Observation) {
        let path = self.path;
        let groups = [
            (self.opened, &mut seen.opened),
            (self.listed, &mut seen.listed),
            (self.written, &mut seen.written),
        ];
        for (names, paths) in groups {
            for name in names {
                // Paths travel as text; a name that is none is missing, which is said.
                if name.to_str().is_some() {
                    paths.insert(path.join(name));
                } else {
                    seen.complete = false;
                }
            }
        }
        if self.was_listed {
            seen.listed.insert(path);
        }
    }
}

fn remember(names: &mut HashSet<OsString>, name: &OsStr) {
    if !names.contains(name) {
        names.insert(name.to_owned());
    }
}

/// Adds `folder` and the folders below it; returns whether all could be looked into.
fn gather_folders(folder: &Path, all: &mut Vec<PathBuf>) -> bool {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            return matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            );
        }
    };
    let mut complete = true;
    for entry in entries {
        let Ok(entry) = entry else {
            complete = false;
            continue;
        };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => complete &= gather_folders(&entry.path(), all),
            Ok(_) => {}
            Err(_) => complete = false,
        }
    }
    all.push(folder.to_owned());
    complete && folder.to_str().is_some()
}
