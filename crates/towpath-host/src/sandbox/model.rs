//! What a caller says about a sandbox and its commands, and what comes back: plain, serialisable values.
//!
//! Knows nothing of how a sandbox is built.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::process::CommandEnd;

/// How closely a sandbox can be closed on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A closed root, an own process tree and an own network: everything that is promised.
    Namespaces,
    /// The same rules for files and network by Landlock and seccomp, at the files' own paths; no
    /// overlays, no loopback without network, and processes are found by their parents.
    #[serde(rename = "landlock+seccomp")]
    LandlockSeccomp,
    /// Nothing is closed; what a command leaves behind is still ended.
    None,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Namespaces => "namespaces",
            Self::LandlockSeccomp => "landlock+seccomp",
            Self::None => "none",
        })
    }
}

/// One thing that a job may see besides the system's own folders. All paths are absolute; `target` is the
/// path inside the sandbox, made when it is absent. A file may be mounted like a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mount {
    /// A file or folder that may be read.
    ReadOnly {
        /// Where it is on the host.
        source: PathBuf,
        /// Where the job sees it.
        target: PathBuf,
    },
    /// A file or folder that may be written.
    Writable {
        /// Where it is on the host.
        source: PathBuf,
        /// Where the job sees it.
        target: PathBuf,
    },
    /// Folders laid over each other (the first wins); what the job writes goes to `upper`, from where
    /// it can be harvested. Deletions are whiteouts there. Only at [`Level::Namespaces`].
    Overlay {
        /// The folders below, never written.
        lower: Vec<PathBuf>,
        /// Takes the writes; an existing, empty folder of the job on the host.
        upper: PathBuf,
        /// For the system's own use; an existing, empty folder on the same file system as `upper`.
        work: PathBuf,
        /// Where the job sees it.
        target: PathBuf,
    },
    /// An empty folder in memory, gone with the sandbox.
    Tmp {
        /// Where the job sees it.
        target: PathBuf,
    },
    /// A file of an overlay before this that is not to be seen, where it is there at all. Only at
    /// [`Level::Namespaces`].
    Hidden {
        /// Where the job would see it.
        target: PathBuf,
    },
}

impl Mount {
    /// Returns the path inside the sandbox.
    pub fn target(&self) -> &PathBuf {
        match self {
            Self::ReadOnly { target, .. }
            | Self::Writable { target, .. }
            | Self::Overlay { target, .. }
            | Self::Tmp { target }
            | Self::Hidden { target } => target,
        }
    }
}

/// A sandbox in which commands run one after the other.
///
/// Always there: `/usr`, `/lib*`, `/bin`, `/sbin`, `/etc` and `/opt` of the host to read, `/proc`, a minimal
/// `/dev`, a private `/tmp`, `/var/tmp`, `/run` and `/dev/shm`. What names the machine (`/etc/hostname`,
/// without the network `/etc/hosts` and `/etc/resolv.conf` too) reads the same everywhere. Everything else is mounted or absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSandbox {
    /// How it is closed, as [`detect`](super::detect) found it.
    pub level: Level,
    /// What the job sees besides the system, mounted in this order.
    pub mounts: Vec<Mount>,
    /// Whether the host's network is there; else there is a loopback interface only.
    pub network: bool,
    /// The most processes and threads that the job may have at once.
    pub processes: u32,
    /// The job's HOME inside the sandbox: private, empty, writable.
    /// Below [`Level::Namespaces`] the variables `HOME` and `TMPDIR` of commands point into `scratch`
    /// instead, because the host's own folder stays visible or closed at this path.
    pub home: PathBuf,
    /// Folders, as seen inside, below which opened files are observed, with all folders below them.
    pub observe: Vec<PathBuf>,
    /// Single folders, as seen inside, that are observed without looking for folders below them: for a
    /// caller who knows the tree already.
    pub observe_folders: Vec<PathBuf>,
    /// An existing, empty, private folder on the host for the sandbox's own use and for
    /// [`CommandSpec::stdout_file`].
    pub scratch: PathBuf,
}

/// Returns how many processes and threads a job may have at once: far more than a healthy one has on this
/// machine, and few enough for the machine to live on beside it.
pub fn most_processes() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(processors * 512)
        .unwrap_or(u32::MAX)
        .max(8192)
}

/// A command to run in a sandbox. Its standard input is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// The program, absolute or looked up in the `PATH` of `environment`, and its arguments.
    pub arguments: Vec<String>,
    /// The complete environment; nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// The folder to run in, as seen inside the sandbox.
    pub folder: PathBuf,
    /// Takes standard output, for a tool's machine format: a path on the host below the sandbox's
    /// `scratch` folder. Standard error still goes to the caller. Without it both go to the caller.
    pub stdout_file: Option<PathBuf>,
    /// Ends the command when it takes longer, as [`Cancel::cancel`](super::Cancel::cancel) does.
    pub timeout: Option<Duration>,
}

/// What a command did and cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutcome {
    /// How it ended.
    pub end: CommandEnd,
    /// The time from start to end, with the draining of its output.
    pub wall_ms: u64,
    /// The processor time of all its processes.
    pub cpu_ms: u64,
    /// The largest memory of one process, of this and the earlier commands of the sandbox.
    pub max_rss_kib: u64,
    /// How many processes it left running, which were killed.
    pub left_behind: u32,
}

/// What was seen of a job while its commands ran. Paths are as seen inside the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Files below the observed folders that were opened and that the job had not made itself.
    pub opened: BTreeSet<PathBuf>,
    /// Folders below (and among) the observed ones that were opened, as for a listing.
    pub listed: BTreeSet<PathBuf>,
    /// Paths in the observed folders that were made, written, renamed or removed. What happens
    /// inside folders that the job itself made is not told.
    pub written: BTreeSet<PathBuf>,
    /// Whether nothing was missed: no watch was refused and no event was lost.
    pub complete: bool,
    /// Whether a command tried to reach beyond the loopback interface, or to resolve a name. Only known
    /// at [`Level::Namespaces`] without network; else `false`.
    pub network_tried: bool,
}
