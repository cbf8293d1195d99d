//! What build backends get beside what is declared: variables of the user, and the requirements that they
//! ask for by the hooks of PEP 517. What one asked for last is remembered, so that it is asked once.

use std::borrow::Cow;

use towpath_host::Digest;
use towpath_python::normalise_name;
use towpath_standard::ToolWork;

use super::prepared::Prepared;
use super::session::Session;

/// Kind of the entries in the store that hold what a backend asked for.
const KIND: &str = "build-requires";

impl Session<'_> {
    /// Returns the work as it is run: where a build backend takes part, with what it gets beside what is
    /// declared.
    pub(crate) fn completed<'w>(&self, work: &'w ToolWork) -> Cow<'w, ToolWork> {
        if !work.builds {
            return Cow::Borrowed(work);
        }
        let mut completed = work.clone();
        let asked = self.store.entry(KIND, &self.asker(work)).ok().flatten();
        let asked = asked.and_then(|bytes| serde_json::from_slice::<Vec<String>>(&bytes).ok());
        let requirements = &mut completed.environment.requirements;
        requirements.extend(asked.unwrap_or_default());
        for command in &mut completed.commands {
            command.environment.extend(self.build_variables.clone());
        }
        Cow::Owned(completed)
    }

    /// Adds what a backend asks for to its requirements, and remembers it for later runs.
    pub(crate) fn give(&self, declared: &ToolWork, work: &mut ToolWork, asked: Vec<String>) {
        let requirements = &mut work.environment.requirements;
        requirements.extend(asked);
        let all = requirements.get(declared.environment.requirements.len()..);
        let bytes = serde_json::to_vec(all.unwrap_or_default()).unwrap_or_default();
        if let Err(error) = self.store.put_entry(KIND, &self.asker(declared), &bytes) {
            tracing::debug!("what the backend asked for was not remembered: {error}");
        }
    }

    /// Identity of who asks.
    fn asker(&self, work: &ToolWork) -> String {
        let mut parts = vec![self.root().display().to_string()];
        for command in &work.commands {
            parts.push(command.folder.clone());
            parts.extend(command.arguments.iter().cloned());
        }
        parts.extend(work.environment.requirements.iter().cloned());
        Digest::of_parts(parts.iter().map(String::as_bytes)).to_string()
    }
}

/// Returns the file that tells a driver what its backend was given, and what of it is installed.
pub(crate) fn given(work: &ToolWork, prepared: &Prepared<'_>) -> Option<(&'static str, Vec<u8>)> {
    let packages = prepared.environment.packages.iter();
    let installed: Vec<String> = packages.map(|one| normalise_name(&one.name)).collect();
    let given: Vec<&str> = work
        .environment
        .requirements
        .iter()
        .map(|one| one.trim())
        .collect();
    let known = serde_json::json!({"given": given, "installed": installed});
    work.builds
        .then(|| ("requirements.json", known.to_string().into_bytes()))
}
