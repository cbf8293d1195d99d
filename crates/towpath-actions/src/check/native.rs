//! Checks that this program does itself.

use towpath_python::index_versions;
use towpath_report::{Conclusion, Problem};
use towpath_runner::{Dependencies, Key, Outcome};
use towpath_standard::NativeWork;

use super::session::Session;
use super::{Subject, concluded};

impl Session<'_> {
    /// Returns what the result of native work depends on beside files.
    pub(crate) fn native_key(&self, subject: &Subject<'_>, work: &NativeWork) -> Key {
        let mut key = self.base_key(subject);
        for (name, value) in &work.key {
            key.add(name, value.as_str());
        }
        key.add("files", work.files.join("\n"));
        if work.asks_index {
            key.add("date", self.date.as_str());
            let folder = self.root().join(&subject.facts.project.root);
            let settings = self.installer_settings(&folder);
            let settings = settings.map(|digest| digest.to_string());
            key.add(
                "index settings",
                settings.unwrap_or_else(|problem| problem.message),
            );
        }
        key
    }

    pub(crate) fn run_native(&self, subject: &Subject<'_>, work: &NativeWork) -> Outcome {
        let index = subject.facts.settings.version_index.as_deref();
        let asked = std::cell::Cell::new(true);
        let versions = |name: &str| -> Result<Vec<String>, Problem> {
            index_versions(&self.machine, index, &self.failing_servers(), name).map_err(|error| {
                asked.set(false);
                Problem::error(error.to_string())
            })
        };
        let result = (work.run)(&versions);
        let mut outcome = concluded(result);
        let files = work
            .files
            .iter()
            .map(|path| (path.clone(), self.tree.digest(path)))
            .collect();
        if asked.get() && outcome.conclusion != Conclusion::Error {
            outcome.dependencies = Some(Dependencies {
                key: self.native_key(subject, work),
                files,
                history: None,
            });
        }
        outcome
    }
}
