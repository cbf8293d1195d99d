//! The `towpath` command: arguments in, a call to the layers below, a report and an exit code out.
//!
//! Owns the command line, the settings joined from all crates, and the terminal. Holds no logic of
//! its own: what is checked, planned and run is decided in the crates below.

pub mod arguments;
pub mod command_reference;
pub mod exit_code;
pub mod settings_reference;
pub mod terminal;
