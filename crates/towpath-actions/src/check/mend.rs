//! Runs the tools of a check with their fixes on, in the user's own tree.

use towpath_host::sandbox::Cancel;
use towpath_report::Problem;
use towpath_runner::{JobContext, Progress};
use towpath_standard::{Check, Facts, ToolWork};

use super::Subject;
use super::execute::Options;
use super::session::Session;

/// Mending is quick and says what it did at its end.
struct Silent;

impl Progress for Silent {
    fn doing(&self, text: &str) {
        tracing::debug!("{text}");
    }

    fn output(&self, line: &str) {
        tracing::debug!("{line}");
    }
}

impl Session<'_> {
    /// Runs the mending commands of a check.
    pub fn mend(
        &self,
        check: &dyn Check,
        facts: &Facts<'_>,
        work: &ToolWork,
    ) -> Result<(), Vec<Problem>> {
        let folder =
            tempfile::tempdir().map_err(|error| vec![Problem::error(error.to_string())])?;
        let context = JobContext {
            job: check.name(),
            needs: &[],
            cancel: &Cancel::new(),
            progress: &Silent,
            folder: folder.path(),
            step: None,
        };
        let subject = Subject {
            check,
            facts,
            python: None,
        };
        let options = Options {
            scan: None,
            online: false,
            keep_tree: None,
        };
        let executed = self.execute(&subject, work, &options, &context)?;
        if executed.errors.is_empty() {
            Ok(())
        } else {
            Err(executed.errors)
        }
    }
}
