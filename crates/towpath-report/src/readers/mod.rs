//! Readers of what tools write: bytes in, findings, test cases or coverage out. One file each.
//! A reader takes the form a tool was asked for by the `ARGUMENTS` beside it; it judges nothing.
//! Writers of reports are in [`crate::writers`].

mod json;
mod paths;
mod xml;
pub mod yapf;

pub mod autopep8;
pub mod bandit;
pub mod black;
pub mod cobertura;
pub mod compiler;
pub mod coverage_py;
pub mod detect_secrets;
pub mod diff;
pub mod exception;
pub mod flake8;
pub mod isort;
pub mod junit;
pub mod mkdocs;
pub mod mypy;
pub mod osv;
pub mod pip_audit;
pub mod pycodestyle;
pub mod pylint;
pub mod pyright;
pub mod pytest;
pub mod ruff;
pub mod sphinx;
pub mod ty;

pub use json::ReadError;
pub use paths::Paths;
