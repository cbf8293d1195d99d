//! Plugins of pytest, known by what they bring: fixtures and options.

use towpath_python::Project;

use crate::tools;

/// Fixtures that a plugin of pytest brings under a name that nothing else has.
pub(crate) const FIXTURES: [(&str, &str); 20] = [
    ("aiohttp_client", "pytest-aiohttp"),
    ("benchmark", "pytest-benchmark"),
    ("data_regression", "pytest-regressions"),
    ("datadir", "pytest-datadir"),
    ("django_db_setup", "pytest-django"),
    ("event_loop", "pytest-asyncio"),
    ("file_regression", "pytest-regressions"),
    ("freezer", "pytest-freezer"),
    ("fs", "pyfakefs"),
    ("httpbin", "pytest-httpbin"),
    ("httpserver", "pytest-httpserver"),
    ("httpx_mock", "pytest-httpx"),
    ("mocker", "pytest-mock"),
    ("qtbot", "pytest-qt"),
    ("requests_mock", "requests-mock"),
    ("respx_mock", "respx"),
    ("script_runner", "pytest-console-scripts"),
    ("shared_datadir", "pytest-datadir"),
    ("snapshot", "syrupy"),
    ("subtests", "pytest-subtests"),
];

/// Options of the command line and the plugins that understand them; what follows them after a hyphen
/// (`--cov-report`) is the same plugin's.
const OPTIONS: [(&str, &str); 22] = [
    ("-n", "pytest-xdist"),
    ("--asyncio-mode", "pytest-asyncio"),
    ("--benchmark", "pytest-benchmark"),
    ("--black", "pytest-black"),
    ("--cov", "pytest-cov"),
    ("--disable-socket", "pytest-socket"),
    ("--dist", "pytest-xdist"),
    ("--doctest-plus", "pytest-doctestplus"),
    ("--ds", "pytest-django"),
    ("--flake8", "pytest-flake8"),
    ("--html", "pytest-html"),
    ("--isort", "pytest-isort"),
    ("--mypy", "pytest-mypy"),
    ("--no-cov", "pytest-cov"),
    ("--numprocesses", "pytest-xdist"),
    ("--pycodestyle", "pytest-pycodestyle"),
    ("--pylint", "pytest-pylint"),
    ("--randomly", "pytest-randomly"),
    ("--remote-data", "pytest-remotedata"),
    ("--reruns", "pytest-rerunfailures"),
    ("--ruff", "pytest-ruff"),
    ("--timeout", "pytest-timeout"),
];

/// Returns the plugins without which pytest would refuse these options.
pub(crate) fn of_options(options: &[String]) -> Vec<&'static str> {
    let mut plugins: Vec<&str> = options
        .iter()
        .filter_map(|option| of_option(option))
        .collect();
    plugins.sort_unstable();
    plugins.dedup();
    plugins
}

/// Returns whether pytest is always given an option: by its settings, or by pytest-enabler, which gives
/// that of every plugin that is installed.
pub(crate) fn is_given(project: &Project, option: &str) -> bool {
    let mut options = project.tests.iter().flat_map(|tests| &tests.add_options);
    let is_installed = |plugin: &str| tools::is_declared(project, plugin);
    options.any(|given| given.starts_with(option))
        || (is_installed("pytest-enabler") && of_option(option).is_some_and(is_installed))
}

fn of_option(option: &str) -> Option<&'static str> {
    let name = option.split('=').next().unwrap_or(option);
    let is_its = |known: &str| {
        let rest = name.strip_prefix(known);
        rest.is_some_and(|rest| {
            rest.is_empty() || (known.starts_with("--") && rest.starts_with('-'))
        })
    };
    OPTIONS
        .iter()
        .find(|(known, _)| is_its(known))
        .map(|(_, plugin)| *plugin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_name_their_plugin() {
        for (given, expected) in [
            ("--cov=pkg --cov-report term -ra", "pytest-cov"),
            (
                "--benchmark-autosave -n auto",
                "pytest-benchmark pytest-xdist",
            ),
            ("--doctest-modules --nf --strict-markers", ""),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            assert_eq!(of_options(&given).join(" "), expected, "{given:?}");
        }
    }
}
