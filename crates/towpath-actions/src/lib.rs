//! The built-in actions, one file or folder each.
//!
//! `towpath/check` is the primitive behind `towpath check NAME` and behind each step of the standard
//! pipeline; the others stand for published actions in workflows that `towpath run` runs.

pub mod artifacts;
mod aws;
pub mod cache;
pub mod check;
mod checkout;
mod pins;
mod publish;
mod registry;
mod services;
mod setup_node;
mod setup_python;
mod setup_uv;
mod step;
mod store;
mod used;
mod versions;

pub use artifacts::{DownloadArtifact, MergeArtifacts, UploadArtifact};
pub use aws::ConfigureAwsCredentials;
pub use cache::{Cache, CacheRestore, CacheSave};
pub use check::{CheckAction, Explanation, FILE_NAMES, Session, Setup, job_variables};
pub use checkout::Checkout;
pub use pins::{Pins, pinned};
pub use publish::PyPiPublish;
pub use registry::{BUILT_IN, BuiltIn, registry};
pub use services::{ServedRun, Services};
pub use setup_node::SetupNode;
pub use setup_python::SetupPython;
pub use setup_uv::SetupUv;
pub use store::{ActionStore, Error as StoreError, Remote};
pub use used::{each_use, uses_of};
pub use versions::{Versions, version_comment};
