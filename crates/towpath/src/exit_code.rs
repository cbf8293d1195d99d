//! The exit codes, the same for every command. `towpath help exit-codes` and the reference page are
//! made from here.

use std::process::ExitCode as ProcessExitCode;

use towpath_report::Verdict;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// Everything that blocks passed, or there was nothing to do.
    Passed,
    /// The pipeline ran, and something that was checked failed.
    Failed,
    /// towpath could not run what it was asked to.
    Unable,
    /// A signal stopped the command.
    Interrupted,
}

impl ExitCode {
    /// Every exit code, in ascending order.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::Unable, Self::Interrupted];

    /// Returns the number that the process ends with.
    pub fn number(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Unable => 2,
            Self::Interrupted => 130,
        }
    }

    /// Returns what the code means, in one phrase.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Passed => "passed: nothing that blocks was found",
            Self::Failed => "failed: something that was checked failed",
            Self::Unable => {
                "towpath could not run: arguments, configuration, workflow, a missing tool, an unreachable index"
            }
            Self::Interrupted => {
                "interrupted by Ctrl-C or another signal; finished jobs are reused next time"
            }
        }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Passed => Self::Passed,
            Verdict::Failed => Self::Failed,
            Verdict::Error => Self::Unable,
            Verdict::Interrupted => Self::Interrupted,
        }
    }
}

impl From<ExitCode> for ProcessExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_convention() {
        assert_eq!(ExitCode::ALL.map(ExitCode::number), [0, 1, 2, 130]);
        let verdicts = [
            Verdict::Passed,
            Verdict::Failed,
            Verdict::Error,
            Verdict::Interrupted,
        ];
        assert_eq!(verdicts.map(ExitCode::from), ExitCode::ALL);
    }
}
