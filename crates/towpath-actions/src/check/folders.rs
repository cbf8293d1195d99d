//! The folders of a job on the host, and what is put into them before it starts.

use std::path::{Path, PathBuf};

use towpath_python::normalise_name;
use towpath_report::{ArtifactRecord, Problem};
use towpath_runner::JobContext;
use towpath_standard::ToolWork;

use super::prepared::Prepared;
use super::session::Session;

/// The folder of the job's own where its commands write.
pub(crate) const OUT: &str = "out";

/// What git is told in place of the system's own settings: those, and who commits. Tests that commit in
/// repositories of their own rely on a name as every developer has one; every setting of theirs wins.
pub(super) const GIT_SETTINGS: (&str, &str) = (
    "gitconfig",
    "[include]\n\tpath = /etc/gitconfig\n[user]\n\tname = towpath\n\temail = towpath@localhost\n",
);

/// Folders of one job on the host.
pub(super) struct Folders {
    pub(super) scratch: tempfile::TempDir,
    pub(super) out: PathBuf,
    pub(super) cache: PathBuf,
}

impl Session<'_> {
    pub(super) fn folders(
        &self,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        context: &JobContext<'_>,
    ) -> Result<Folders, Problem> {
        let make = || -> std::io::Result<Folders> {
            let scratch = self.scratch()?;
            let out = context.folder.join(OUT);
            if out.exists() {
                fs_err::remove_dir_all(&out)?;
            }
            for folder in [
                "sandbox",
                "tree",
                "tree-work",
                "environment",
                "environment-work",
            ] {
                fs_err::create_dir_all(scratch.path().join(folder))?;
            }
            for (name, bytes) in &work.support_files {
                write(&out.join(name), bytes)?;
            }
            write(&out.join(GIT_SETTINGS.0), GIT_SETTINGS.1.as_bytes())?;
            if let Some((name, bytes)) = given(work, prepared) {
                write(&out.join(name), &bytes)?;
            }
            for (name, artifact) in &work.artifacts {
                let bytes = self.artifact(artifact)?;
                write(&out.join(name), &bytes)?;
            }
            let cache = self
                .machine
                .cache
                .join("tools")
                .join(
                    prepared
                        .resolved
                        .resolution
                        .digest
                        .as_str()
                        .get(..16)
                        .unwrap_or("all"),
                )
                .join(self.repository_name());
            fs_err::create_dir_all(&cache)?;
            fs_err::create_dir_all(&out)?;
            Ok(Folders {
                scratch,
                out,
                cache,
            })
        };
        make().map_err(|error| {
            Problem::error(format!("cannot prepare the folders of a job: {error}")).with_hint(
                "set `TOWPATH_CACHE_DIR` and `TOWPATH_STATE_DIR` to folders that may be written",
            )
        })
    }

    /// Returns a folder that is removed with the job, or by a later run.
    pub(crate) fn scratch(&self) -> std::io::Result<tempfile::TempDir> {
        let scratches = self.machine.cache.join("scratch");
        fs_err::create_dir_all(&scratches)?;
        tempfile::Builder::new()
            .prefix(&format!("job-{}-", std::process::id()))
            .tempdir_in(&scratches)
    }

    fn repository_name(&self) -> String {
        self.state
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Returns the bytes of an artifact of an earlier job, verified.
    pub(crate) fn artifact(&self, artifact: &ArtifactRecord) -> std::io::Result<Vec<u8>> {
        let missing = || {
            std::io::Error::other(format!(
                "the artifact `{}` is no longer in the store",
                artifact.name
            ))
        };
        let digest = artifact.sha256.parse().map_err(|_| missing())?;
        self.store
            .get(&digest)
            .map_err(std::io::Error::other)?
            .ok_or_else(missing)
    }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::write(path, bytes)
}

/// Returns the file that tells a driver what its backend was given, and what of it is installed.
fn given(work: &ToolWork, prepared: &Prepared<'_>) -> Option<(&'static str, Vec<u8>)> {
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn git_knows_a_name_that_any_other_setting_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join(GIT_SETTINGS.0);
        write(&settings, GIT_SETTINGS.1.as_bytes()).unwrap();
        let identity = || {
            let output = Command::new("git")
                .args(["var", "GIT_AUTHOR_IDENT"])
                .env_clear()
                .env("PATH", "/usr/local/bin:/usr/bin:/bin")
                .env("HOME", folder.path())
                .env("GIT_CONFIG_SYSTEM", &settings)
                .current_dir(folder.path())
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert!(identity().starts_with("towpath <towpath@localhost> "));
        let own = "[user]\n\tname = me\n\temail = me@x\n";
        write(&folder.path().join(".gitconfig"), own.as_bytes()).unwrap();
        assert!(identity().starts_with("me <me@x> "));
    }
}
