//! What build backends get beside what is declared: variables and the Rust toolchain of the user, and the
//! requirements that they ask for by the hooks of PEP 517. What one asked for last is remembered, so that it is asked once.

use std::borrow::Cow;
use std::path::Path;

use towpath_host::Digest;
use towpath_host::sandbox::{Level, Mount};
use towpath_standard::ToolWork;

use super::mounts::HOME;
use super::session::Session;

/// Kind of the entries in the store that hold what a backend or tool asked for.
const KIND: &str = "build-requires";

impl Session<'_> {
    /// Returns the work as it is run: with what its commands asked for last, and where a build backend takes
    /// part, with what it gets beside what is declared.
    pub(crate) fn completed<'w>(&self, work: &'w ToolWork) -> Cow<'w, ToolWork> {
        if !work.may_require {
            return Cow::Borrowed(work);
        }
        let mut completed = work.clone();
        let asked = self.store.entry(KIND, &self.asker(work)).ok().flatten();
        let asked = asked.and_then(|bytes| serde_json::from_slice::<Vec<String>>(&bytes).ok());
        let requirements = &mut completed.environment.requirements;
        requirements.extend(asked.unwrap_or_default());
        if !work.builds {
            return Cow::Owned(completed);
        }
        for command in &mut completed.commands {
            command.environment.extend(self.build_variables.clone());
        }
        if let Some(rust) = self.rust() {
            let path = format!(
                "{{bin}}:{}/bin:/usr/local/bin:/usr/bin:/bin",
                rust.folder.display()
            );
            for command in &mut completed.commands {
                command.environment.insert("PATH".to_owned(), path.clone());
            }
            completed
                .key
                .push(("rust".to_owned(), rust.identity.clone()));
        }
        Cow::Owned(completed)
    }

    /// Adds what is asked for to the requirements, and remembers it for later runs.
    pub(crate) fn give(&self, declared: &ToolWork, work: &mut ToolWork, asked: Vec<String>) {
        let requirements = &mut work.environment.requirements;
        requirements.extend(asked);
        let all = requirements.get(declared.environment.requirements.len()..);
        let bytes = serde_json::to_vec(all.unwrap_or_default()).unwrap_or_default();
        if let Err(error) = self.store.put_entry(KIND, &self.asker(declared), &bytes) {
            tracing::debug!("what was asked for was not remembered: {error}");
        }
    }

    /// Returns what a build that uses the user's Rust toolchain sees of the home: the toolchain, and crates
    /// that were fetched before. What it fetches itself is gone with it.
    pub(crate) fn rust_mounts(
        &self,
        work: &ToolWork,
        scratch: &Path,
    ) -> std::io::Result<Vec<Mount>> {
        let Some(rust) = self.rust().filter(|_| work.builds) else {
            return Ok(Vec::new());
        };
        let mut mounts = vec![Mount::ReadOnly {
            source: rust.folder.clone(),
            target: rust.folder.clone(),
        }];
        if let Some(registry) = rust
            .registry
            .as_ref()
            .filter(|_| self.level == Level::Namespaces)
        {
            let (upper, own) = (scratch.join("cargo"), scratch.join("cargo-work"));
            fs_err::create_dir_all(&upper)?;
            fs_err::create_dir_all(&own)?;
            mounts.push(Mount::Overlay {
                lower: vec![registry.clone()],
                upper,
                work: own,
                target: Path::new(HOME).join(".cargo/registry"),
            });
        }
        Ok(mounts)
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
