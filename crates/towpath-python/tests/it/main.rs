//! Integration tests of what is known about Python projects and environments.

mod automation;
mod editable;
mod environments;
mod manifests;
mod project;
mod repository;
mod test_suites;
mod workspaces;
