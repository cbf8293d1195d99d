//! What the settings say of workflows: secrets that a program knows, and deployment environments.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_host::secret::Secret;
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

/// Tells whether a deployment environment takes the value of a secret.
pub(super) fn name_secret(settings: &RawSettings, secret: &str) -> bool {
    settings.tables("environments").iter().any(|name| {
        let held = settings.map(&format!("environments.{name}"), "secrets");
        let mut holders = held.into_iter().flatten();
        holders.any(|(_, holder)| holder.eq_ignore_ascii_case(secret))
    })
}

fn named<'a>(secrets: &'a BTreeMap<String, Secret>, name: &str) -> Option<&'a Secret> {
    let mut secrets = secrets.iter();
    let found = secrets.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
    Some(found.1)
}

/// Returns the deployment environments that the settings or the command line tell of.
pub(super) fn environments(
    settings: &RawSettings,
    approved: &[String],
    secrets: &BTreeMap<String, Secret>,
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
        let held = settings.map(&table, "secrets").into_iter().flatten();
        environment.secrets = held
            .filter_map(|(name, holder)| Some((name.clone(), named(secrets, holder)?.clone())))
            .collect();
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
            "[environments.pypi]\napproval = false\nsecrets = { TOKEN = \"PYPI_TOKEN\", OTHER = \"NONE\" }\n[environments.test-eu]\napproval = true\nvars = { REGION = \"eu\" }\n\
             [environments.prod]\n[secrets]\nTOKEN = { command = [\"pass\", \"token\"] }\n",
        );
        let settings = read(folder.root()).unwrap();
        assert_eq!(
            settings.list("secrets.TOKEN", "command").unwrap(),
            ["pass", "token"]
        );
        assert!(name_secret(&settings, "pypi_token") && !name_secret(&settings, "TOKEN"));
        let secrets = BTreeMap::from([("PYPI_TOKEN".to_owned(), Secret::new("v"))]);
        let approved = ["PROD".to_owned(), "other".to_owned()];
        let environments = environments(&settings, &approved, &secrets);
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
        let held: Vec<(&str, &str)> = environments["pypi"]
            .secrets
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.expose()))
            .collect();
        assert_eq!(held, [("TOKEN", "v")]);
    }
}
