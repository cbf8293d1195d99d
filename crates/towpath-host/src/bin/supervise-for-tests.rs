//! Stands for the hidden command `towpath __supervise` in tests of the sandbox, which cannot use the
//! binary because it is built from this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    towpath_host::sandbox::supervise()
}
