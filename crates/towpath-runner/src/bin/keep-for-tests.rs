//! Stands for towpath in tests of jobs with steps, which cannot use the binary because it is built from this
//! crate: `__keep` is the hidden command that holds the processes of steps.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("__keep") => towpath_host::process::keep(),
        _ => ExitCode::FAILURE,
    }
}
