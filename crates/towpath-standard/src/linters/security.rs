//! Tools that find what may be unsafe.

use towpath_report::readers::bandit;

use super::Linter;

pub(super) const TOOLS: &[Linter] = &[Linter {
    dropped: &[
        "--format=",
        "-f=",
        "--msg-template=",
        "--output=",
        "-o=",
        "--aggregate=",
        "-a=",
        "--number=",
        "-n=",
        "--verbose",
        "-v",
        "--debug",
        "-d",
        "--quiet",
        "--silent",
        "-q",
        "--exit-zero",
    ],
    valued: &[
        "--baseline",
        "-b",
        "--configfile",
        "-c",
        "--confidence-level",
        "--exclude",
        "-x",
        "--ini",
        "--profile",
        "-p",
        "--severity-level",
        "--skip",
        "-s",
        "--tests",
        "-t",
    ],
    ..Linter::plain("bandit", &["bandit"], bandit::ARGUMENTS, |output, paths| {
        bandit::read(output.stdout, paths).map_err(|error| error.to_string())
    })
}];
