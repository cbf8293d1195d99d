//! Integration tests of what is known about Python projects and environments.

mod automation;
mod environments;
mod project;
