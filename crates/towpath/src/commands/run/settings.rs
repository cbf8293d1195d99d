//! What the settings say of workflows: secrets that a program knows, and deployment environments.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_python::{RawSettings, read_settings_of};
use towpath_runner::{Approval, EnvironmentContext};

use crate::failure::Failure;
use crate::settings::DECLARATIONS;

/// Reads the settings of the repository's root.
pub(super) fn read(root: &Path) -> Result<RawSettings, Failure> {
    let text = |name: &str| match fs_err::read_to_string(root.join(name)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        read => Some(read.map_err(|error| error.to_string())),
    };
    let (settings, problems) = read_settings_of("", DECLARATIONS, &text);
    if problems.is_empty() {
        Ok(settings)
    } else {
        Err(super::files::mistakes(problems))
    }
}

/// Returns the deployment environments that the settings or the command line tell of.
pub(super) fn environments(
    settings: &RawSettings,
    approved: &[String],
) -> BTreeMap<String, EnvironmentContext> {
    let mut environments = BTreeMap::new();
    for name in settings.tables("environments") {
        let table = format!("environments.{name}");
        let mut environment = EnvironmentContext::of(&name);
        environment.approval = match settings.boolean(&table, "approval") {
            Some(true) => Approval::Needed,
            Some(false) => Approval::NotNeeded,
            None => environment.approval,
        };
        environment.variables = settings.map(&table, "vars").cloned().unwrap_or_default();
        environments.insert(name, environment);
    }
    for name in approved {
        let own = environments
            .keys()
            .find(|own: &&String| own.eq_ignore_ascii_case(name))
            .cloned();
        let name = own.unwrap_or_else(|| name.clone());
        let environment = environments
            .entry(name.clone())
            .or_insert_with(|| EnvironmentContext::of(&name));
        environment.approval = Approval::Given;
    }
    environments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_command_line_say_who_waits() {
        let folder = towpath_testing::TestContext::without_git();
        folder.write(
            "towpath.toml",
            "[environments.pypi]\napproval = false\n[environments.test-eu]\napproval = true\nvars = { REGION = \"eu\" }\n\
             [environments.prod]\n[secrets]\nTOKEN = { command = [\"pass\", \"token\"] }\n",
        );
        let settings = read(folder.root()).unwrap();
        assert_eq!(
            settings.list("secrets.TOKEN", "command").unwrap(),
            ["pass", "token"]
        );
        let environments = environments(&settings, &["PROD".to_owned(), "other".to_owned()]);
        let told: Vec<(&str, Approval)> = environments
            .iter()
            .map(|(name, environment)| (name.as_str(), environment.approval))
            .collect();
        assert_eq!(
            told,
            [
                ("other", Approval::Given),
                ("prod", Approval::Given),
                ("pypi", Approval::NotNeeded),
                ("test-eu", Approval::Needed),
            ]
        );
        assert_eq!(environments["test-eu"].variables["REGION"], "eu");
    }
}
