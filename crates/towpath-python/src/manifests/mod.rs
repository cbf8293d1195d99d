//! Readers of what declares a project, one file for each format. Each fills in what the readers
//! before it left open; none executes anything.

pub(crate) mod backends;
pub(crate) mod flit;
pub(crate) mod hatch;
pub(crate) mod pdm;
pub(crate) mod pep621;
pub(crate) mod pipfile;
pub(crate) mod pkg_info;
pub(crate) mod poetry;
pub(crate) mod poetry_constraint;
pub(crate) mod requirements;
pub(crate) mod setup_cfg;
pub(crate) mod setup_py;
pub(crate) mod setuptools;
pub(crate) mod uv;
