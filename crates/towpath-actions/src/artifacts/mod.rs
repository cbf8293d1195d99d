//! The artifacts of a run: what `actions/upload-artifact` and the toolkit's clients leave for later jobs,
//! each an archive in the run's folder. A name is used once; an artifact never changes.

mod download;
mod merge;
mod store;
mod upload;

pub use download::DownloadArtifact;
pub use merge::MergeArtifacts;
pub use store::{Artifact, ArtifactStore, Error, Pending};
pub use upload::UploadArtifact;

pub(crate) use download::DOWNLOAD_VERSIONS;
pub(crate) use upload::UPLOAD_VERSIONS;
