//! Environments: what is installed, exactly, and where.
//!
//! Requirements are resolved to exact packages (`resolve`), which are installed into a shared virtual
//! environment addressed by its contents (`prepare`). The project itself is laid over it as a layer of its
//! own (`editable`). uv does the work; the project's code never runs here.

mod editable;
mod error;
mod failure;
mod lock;
mod markers;
mod model;
mod pip_file;
mod prepare;
mod resolve;
mod wanted;

pub use editable::{
    BuildCommand, EditableBuild, EditableContext, EditableLayer, EditableRequest, EditableStep,
    finish_editable, prepare_editable, reads_git,
};
pub use error::{Error, Words};
pub use failure::FailureKind;
pub use model::{Environment, LocalProject, LockedInstall, Package, Requirements, Resolution};
pub use prepare::{existing, prepare, prepare_merged};
pub use resolve::resolve;
