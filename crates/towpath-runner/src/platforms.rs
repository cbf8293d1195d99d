//! Which runners this machine can stand for.

use std::collections::BTreeSet;

/// The labels of `runs-on` that this machine answers to. Labels are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platforms {
    system: String,
    architecture: String,
    mapped: BTreeSet<String>,
}

impl Platforms {
    /// Returns what a machine stands for by itself; system and architecture are named as Rust names
    /// them: `linux`, `x86_64`. `mapped` are the labels that the command line adds.
    pub fn new(system: &str, architecture: &str, mapped: impl IntoIterator<Item = String>) -> Self {
        Self {
            system: system.to_owned(),
            architecture: architecture.to_owned(),
            mapped: mapped
                .into_iter()
                .map(|label| label.to_lowercase())
                .collect(),
        }
    }

    /// Returns the labels that this machine does not answer to; a job runs here if there is none.
    pub fn refused<'a>(&self, labels: &'a [String]) -> Vec<&'a str> {
        let is_refused = |label: &&'a String| !self.answers(&label.to_lowercase());
        labels
            .iter()
            .filter(is_refused)
            .map(String::as_str)
            .collect()
    }

    fn answers(&self, label: &str) -> bool {
        if self.mapped.contains(label) || label == "self-hosted" {
            return true;
        }
        let (system, image) = match self.system.as_str() {
            "macos" => ("macos", "macos"),
            "windows" => ("windows", "windows"),
            system => (system, "ubuntu"),
        };
        let architecture = match self.architecture.as_str() {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        if label == system || label == architecture {
            return true;
        }
        let Some(version) = label
            .strip_prefix(image)
            .and_then(|rest| rest.strip_prefix('-'))
        else {
            return false;
        };
        // Images of Linux and Windows say so where they are for Arm; those of macOS run on either.
        image == "macos" || version.ends_with("-arm") == (architecture == "arm64")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_stand_for_their_own_kind() {
        let linux = Platforms::new("linux", "x86_64", ["Windows-2022".to_owned()]);
        let arm = Platforms::new("linux", "aarch64", []);
        let mac = Platforms::new("macos", "aarch64", []);
        for (labels, on_linux, on_arm, on_mac) in [
            (&["ubuntu-latest"][..], true, false, false),
            (&["Ubuntu-24.04"], true, false, false),
            (&["ubuntu-24.04-arm"], false, true, false),
            (&["macos-latest"], false, false, true),
            (&["macos-13"], false, false, true),
            (&["windows-latest"], false, false, false),
            (&["windows-2022"], true, false, false),
            (&["self-hosted", "linux", "x64"], true, false, false),
            (&["self-hosted", "Linux", "ARM64"], false, true, false),
            (&["self-hosted", "gpu"], false, false, false),
            (&["ubuntu"], false, false, false),
            (&[], true, true, true),
        ] {
            let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
            let runs = |platforms: &Platforms| platforms.refused(&labels).is_empty();
            assert_eq!(
                (runs(&linux), runs(&arm), runs(&mac)),
                (on_linux, on_arm, on_mac),
                "{labels:?}"
            );
        }
        let labels = ["linux".to_owned(), "gpu".to_owned()];
        assert_eq!(linux.refused(&labels), ["gpu"]);
    }
}
