//! Starts the program: reads what it was started with, runs the command, ends with its exit code.

use std::process::ExitCode as ProcessExitCode;

fn main() -> ProcessExitCode {
    towpath::main()
}
