//! Environments: what is installed, exactly, and where.
//!
//! Requirements are resolved to exact packages (`resolve`), which are installed into a shared virtual
//! environment addressed by its contents (`prepare`). Wheels are laid over it as layers (`wheel`), among
//! them the project's own for editing (`editable`). uv does the work; the project's code never runs here.

mod context;
mod editable;
mod error;
mod failure;
mod find_links;
mod first_start;
mod installation;
mod installer_settings;
mod lock;
mod markers;
mod model;
mod pip_file;
mod prepare;
mod resolve;
mod rust;
mod wanted;
mod wheel;

pub use editable::{
    BUILD_HOOKS, Editable, EditableBuild, EditableOutput, EditableRequest, build_system,
    build_variables, editable_build, editable_key, is_prose, keep_editable, kept_editable,
    reads_git,
};
pub use error::{Error, Words};
pub use failure::FailureKind;
pub use first_start::PYRIGHT_CACHE;
pub use installation::install_python;
pub use installer_settings::installer_settings;
pub use model::{Environment, LocalProject, LockedInstall, Package, Requirements, Resolution};
pub use pip_file::requirement_files;
pub use prepare::{existing, prepare};
pub use resolve::resolve;
pub use rust::{RustToolchain, rust_toolchain};
pub use wheel::{Wheel, lay_wheel, wheel_identity};
