//! The program that runs containers: Docker or Podman, through its command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The registry of images whose name has none.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// An engine that was seen to work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// The program, absolute.
    pub program: PathBuf,
    /// Whether it is Podman.
    pub is_podman: bool,
    /// The user's own variables, among them those that say where the engine is.
    pub environment: BTreeMap<String, String>,
    /// Marks all containers and networks of the run, so that they can be found when it was killed.
    pub label: String,
}

/// Returns the label of a run as an engine takes it.
pub fn label_option(label: &str) -> String {
    format!("towpath.run={label}")
}

impl Engine {
    /// Returns the name of the program.
    pub(crate) fn name(&self) -> &'static str {
        if self.is_podman { "podman" } else { "docker" }
    }

    /// Returns the file of logins with one for the registry of an image.
    pub(crate) fn login(&self, image: &str, user: &str, password: &str) -> String {
        let first = image.split_once('/').map(|(first, _)| first);
        let named = first.filter(|name| name.contains(['.', ':']) || *name == "localhost");
        let registry = named.unwrap_or(if self.is_podman {
            "docker.io"
        } else {
            DOCKER_HUB
        });
        let login = STANDARD.encode(format!("{user}:{password}"));
        serde_json::json!({"auths": {registry: {"auth": login}}}).to_string()
    }

    /// Returns the variable that names the file of logins in a folder, `config.json`.
    pub(crate) fn login_variable(&self, folder: &Path) -> (String, String) {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        if self.is_podman {
            let file = path(&folder.join("config.json"));
            return ("REGISTRY_AUTH_FILE".to_owned(), file);
        }
        ("DOCKER_CONFIG".to_owned(), path(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_for_the_registry_of_the_image() {
        let engine = |is_podman| Engine {
            program: PathBuf::from("/usr/bin/docker"),
            is_podman,
            environment: BTreeMap::new(),
            label: String::new(),
        };
        for (image, is_podman, registry) in [
            ("ghcr.io/o/r:1", false, "ghcr.io"),
            ("localhost:5000/a", true, "localhost:5000"),
            ("owner/name", false, DOCKER_HUB),
            ("owner/name", true, "docker.io"),
            ("redis", false, DOCKER_HUB),
        ] {
            let text = engine(is_podman).login(image, "ada", "pass");
            assert_eq!(
                text,
                format!("{{\"auths\":{{\"{registry}\":{{\"auth\":\"YWRhOnBhc3M=\"}}}}}}")
            );
        }
    }
}
