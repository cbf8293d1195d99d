//! The machine as towpath sees it: files, git, the store, the clock, the network, secrets and the
//! sandbox in which jobs run.
//!
//! Everything that touches the machine is here, and is handed what it may read: the environment and the
//! current folder come from the binary. Knows neither workflows nor Python.

pub mod cache;
pub mod clean_tree;
pub mod clock;
pub mod digest;
pub mod disk;
pub mod folders;
pub mod git;
pub mod glob;
pub mod http;
pub mod lock;
mod note;
pub mod process;
pub mod program;
pub mod sandbox;
pub mod secret;
pub mod store;
pub mod system;
pub mod tree;

pub use digest::{Digest, digest_file};
pub use git::Git;
pub use note::Note;
pub use store::Store;
pub use tree::{FileKind, SnapshotOptions, Tree, TreeFile, snapshot};
