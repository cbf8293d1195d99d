//! Environments: what is installed, exactly, and where.
//!
//! Requirements are resolved to exact packages (`resolve`), which are installed into a shared virtual
//! environment addressed by its contents (`prepare`). The project itself is laid over it as a layer of its
//! own (`editable`). uv does the work; the project's code never runs here.

mod model;

pub use model::{
    Environment, LocalProject, LockedInstall, Package, Requirements, Resolution,
};
