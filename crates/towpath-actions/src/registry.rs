//! The table of the built-in actions.

use towpath_python::Machine;
use towpath_runner::Action;

use crate::versions::Versions;
use crate::{artifacts, aws, cache, check, checkout, publish, setup_node, setup_python, setup_uv};

/// What is said of a built-in action.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// Its name before the `@`.
    pub name: &'static str,
    /// The versions that it stands for.
    pub versions: Versions,
    /// What it does here, in one line.
    pub about: &'static str,
}

/// The built-in actions; the last one comes from who runs it.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        name: "actions/cache",
        versions: cache::CACHE_VERSIONS,
        about: "keeps files of a job for later runs on this machine",
    },
    BuiltIn {
        name: "actions/cache/restore",
        versions: cache::CACHE_VERSIONS,
        about: "brings such files back",
    },
    BuiltIn {
        name: "actions/cache/save",
        versions: cache::CACHE_VERSIONS,
        about: "keeps such files at once",
    },
    BuiltIn {
        name: "actions/checkout",
        versions: checkout::VERSIONS,
        about: "fills the workspace from the clone, with what is not committed",
    },
    BuiltIn {
        name: "actions/download-artifact",
        versions: artifacts::DOWNLOAD_VERSIONS,
        about: "brings artifacts of the run into the workspace",
    },
    BuiltIn {
        name: "actions/setup-node",
        versions: setup_node::VERSIONS,
        about: "takes the Node.js of this machine, if it is of the version asked for",
    },
    BuiltIn {
        name: "actions/setup-python",
        versions: setup_python::VERSIONS,
        about: "gives the job a Python of its own, made of one of this machine",
    },
    BuiltIn {
        name: "actions/upload-artifact",
        versions: artifacts::UPLOAD_VERSIONS,
        about: "keeps files of a job with the run, for later jobs",
    },
    BuiltIn {
        name: "actions/upload-artifact/merge",
        versions: artifacts::UPLOAD_VERSIONS,
        about: "makes one artifact of several",
    },
    BuiltIn {
        name: "astral-sh/setup-uv",
        versions: setup_uv::VERSIONS,
        about: "puts uv on `PATH`",
    },
    BuiltIn {
        name: "aws-actions/configure-aws-credentials",
        versions: aws::VERSIONS,
        about: "hands static keys on to later steps; does not log in yet",
    },
    BuiltIn {
        name: "pypa/gh-action-pypi-publish",
        versions: publish::VERSIONS,
        about: "checks what would be published; does not upload yet",
    },
    BuiltIn {
        name: check::NAME,
        versions: check::VERSIONS,
        about: "runs a check as `towpath check` does (inputs: check, project, python)",
    },
];

/// Returns the built-in actions for one run, besides `towpath/check`.
pub fn registry<'a>(machine: Machine<'a>) -> Vec<Box<dyn Action + 'a>> {
    let user_home = machine.home;
    vec![
        Box::new(cache::Cache { user_home }),
        Box::new(cache::CacheRestore { user_home }),
        Box::new(cache::CacheSave { user_home }),
        Box::new(checkout::Checkout::default()),
        Box::new(artifacts::DownloadArtifact),
        Box::new(setup_node::SetupNode),
        Box::new(setup_python::SetupPython { machine }),
        Box::new(artifacts::UploadArtifact),
        Box::new(artifacts::MergeArtifacts),
        Box::new(setup_uv::SetupUv { machine }),
        Box::new(aws::ConfigureAwsCredentials),
        Box::new(publish::PyPiPublish),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_table_tells_of_every_action_and_its_versions() {
        let environment = BTreeMap::new();
        let machine = Machine {
            environment: &environment,
            home: None,
            cache: Path::new("/nowhere"),
            offline: true,
        };
        let actions = registry(machine);
        assert_eq!(actions.len() + 1, BUILT_IN.len());
        for (action, told) in actions.iter().zip(BUILT_IN) {
            assert_eq!(action.name(), told.name);
            let (_, newest) = told.versions.majors;
            assert_eq!(
                action.accepts(&format!("v{newest}")),
                Ok(()),
                "{}",
                told.name
            );
            assert!(
                action.accepts(&format!("v{}", newest + 1)).is_err(),
                "{}",
                told.name
            );
            let is_lower = |(name, _): &(&str, &str)| *name == name.to_lowercase();
            assert!(action.defaults().iter().all(is_lower), "{}", told.name);
        }
    }
}
