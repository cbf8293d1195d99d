//! Integration tests of what is known about Python projects and environments.

mod environments;
mod project;
