//! Integration tests of what is known about Python projects and environments.

mod automation;
mod editable;
mod environments;
mod project;
