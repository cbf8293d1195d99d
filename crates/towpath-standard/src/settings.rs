//! The settings of the standard: declared once as data, from which reader, schema, help and reference
//! come, and read into the types that checks use.

use std::collections::BTreeMap;

use towpath_python::{PythonVersion, RawSettings, Setting, SettingKind};

use crate::ratchet::Ratchet;

const TEXTS: SettingKind = SettingKind::List(&SettingKind::Text);
const PERCENT: SettingKind = SettingKind::Number {
    min: 0.0,
    max: 100.0,
};
const COUNT: SettingKind = SettingKind::Integer {
    min: 0,
    max: i64::MAX,
};

/// The names of the checks that a project can leave out: all of them.
pub(crate) const CHECK_NAMES: &[&str] = &[
    "build",
    "coverage",
    "docs",
    "format",
    "integration",
    "lint",
    "secrets",
    "security",
    "tests",
    "types",
    "version",
    "wheel",
    "workflows",
];

/// Every setting of the standard.
pub const SETTINGS: &[Setting] = &[
    setting(
        "",
        "standard",
        SettingKind::Boolean,
        "false",
        "Adopts the whole standard: what is advice without it blocks, and the base rules are laid under the project's own.",
    ),
    setting(
        "",
        "pythons",
        SettingKind::Pythons,
        "found",
        "The Pythons that tests run on. Without it the first finite list of automation, classifiers and requires-python.",
    ),
    setting(
        "",
        "require-all-pythons",
        SettingKind::Boolean,
        "false",
        "Makes a Python of the matrix that is not on the machine an error.",
    ),
    setting(
        "",
        "skip",
        SettingKind::List(&SettingKind::Choice(CHECK_NAMES)),
        "[]",
        "Checks that are left out, by name.",
    ),
    setting(
        "",
        "lint-matrix",
        SettingKind::Boolean,
        "false",
        "Runs the linters once for each Python.",
    ),
    setting(
        "",
        "security-matrix",
        SettingKind::Boolean,
        "false",
        "Runs the security check once for each Python.",
    ),
    setting(
        "lint",
        "max-warnings",
        COUNT,
        "none",
        "How many findings are tolerated; the number may only fall.",
    ),
    setting(
        "lint",
        "baseline",
        SettingKind::Boolean,
        "false",
        "Tolerates the findings that `towpath-baseline.json` counts for each file and rule.",
    ),
    setting(
        "types",
        "max-warnings",
        COUNT,
        "none",
        "How many findings are tolerated; the number may only fall.",
    ),
    setting(
        "types",
        "baseline",
        SettingKind::Boolean,
        "false",
        "Tolerates the findings that `towpath-baseline.json` counts for each file and rule.",
    ),
    setting(
        "security",
        "blocking",
        SettingKind::Boolean,
        "false",
        "Makes findings of the security check block.",
    ),
    setting(
        "security",
        "max-warnings",
        COUNT,
        "none",
        "How many findings are tolerated; the number may only fall.",
    ),
    setting(
        "security",
        "baseline",
        SettingKind::Boolean,
        "false",
        "Tolerates the findings that `towpath-baseline.json` counts for each file and rule.",
    ),
    setting(
        "security",
        "advisories",
        SettingKind::Text,
        "none",
        "A file or folder of advisories in the OSV format that locked dependencies are looked up in, or the \
         address of an OSV service such as `https://api.osv.dev`. A service is asked once a day and so learns \
         the names and versions of all that is locked, private packages included.",
    ),
    setting(
        "secrets",
        "max-warnings",
        COUNT,
        "none",
        "How many findings are tolerated; the number may only fall.",
    ),
    setting(
        "secrets",
        "baseline",
        SettingKind::Boolean,
        "false",
        "Tolerates the findings that `towpath-baseline.json` counts for each file and rule.",
    ),
    setting(
        "tests",
        "paths",
        TEXTS,
        "found",
        "Folders and files that hold the tests.",
    ),
    setting(
        "tests",
        "arguments",
        TEXTS,
        "found",
        "Arguments that pytest is given.",
    ),
    setting(
        "tests",
        "requirements",
        TEXTS,
        "found",
        "Requirements that the tests need beside those that are found.",
    ),
    setting(
        "tests",
        "extras",
        TEXTS,
        "found",
        "Extras that the tests need, instead of those that are found.",
    ),
    setting(
        "tests",
        "groups",
        TEXTS,
        "found",
        "Dependency groups that the tests need, instead of those that are found.",
    ),
    setting(
        "tests",
        "integration",
        SettingKind::Boolean,
        "false",
        "Runs the integration tests that pytest's own settings leave out.",
    ),
    setting(
        "tests",
        "network",
        SettingKind::Boolean,
        "false",
        "Lets tests reach the network from the start; their verdict is then not reused.",
    ),
    setting(
        "tests",
        "environment",
        SettingKind::Table,
        "{}",
        "Environment variables that the tests get.",
    ),
    setting(
        "tests",
        "coverage",
        PERCENT,
        "none",
        "The total coverage in percent below which the coverage check fails.",
    ),
    setting(
        "coverage",
        "measure",
        SettingKind::Choice(&["all", "newest-only", "none"]),
        "all",
        "On which Pythons coverage is measured.",
    ),
    setting(
        "coverage",
        "changed-lines",
        PERCENT,
        "none",
        "The coverage of changed lines in percent below which the coverage check fails.",
    ),
    setting(
        "version",
        "index",
        SettingKind::Text,
        "configured",
        "The package index that is asked whether the version is taken.",
    ),
    setting(
        "checks.*",
        "command",
        TEXTS,
        "required",
        "The program of a check of your own and its arguments.",
    ),
    setting(
        "checks.*",
        "inputs",
        TEXTS,
        "[]",
        "Globs of files that the check depends on beside those that it is seen to open.",
    ),
    setting(
        "checks.*",
        "requirements",
        TEXTS,
        "[]",
        "Requirements of the environment that the check runs in.",
    ),
    setting(
        "checks.*",
        "blocking",
        SettingKind::Boolean,
        "true",
        "Whether a failure of the check makes the run red.",
    ),
];

const fn setting(
    table: &'static str,
    key: &'static str,
    kind: SettingKind,
    default: &'static str,
    doc: &'static str,
) -> Setting {
    Setting {
        table,
        key,
        kind,
        default,
        doc,
    }
}

/// On which Pythons coverage is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    All,
    NewestOnly,
    None,
}

/// A check that the project adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomCheck {
    /// Its name.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Globs of inputs beside the files that it is seen to open.
    pub inputs: Vec<String>,
    /// Requirements of its environment.
    pub requirements: Vec<String>,
    /// Whether it blocks.
    pub blocking: bool,
}

/// The settings of a project, with defaults where nothing is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Whether the project has adopted the whole standard.
    pub standard: bool,
    /// The Pythons to run, if set.
    pub pythons: Option<Vec<PythonVersion>>,
    /// Whether a missing Python is an error.
    pub require_all_pythons: bool,
    /// Checks left out.
    pub skip: Vec<String>,
    /// Checks of the project's own.
    pub custom: Vec<CustomCheck>,
    pub(crate) lint_matrix: bool,
    pub(crate) security_matrix: bool,
    pub(crate) security_blocking: bool,
    pub(crate) advisories: Option<String>,
    pub(crate) ratchets: BTreeMap<&'static str, Ratchet>,
    pub(crate) test_paths: Option<Vec<String>>,
    pub(crate) test_arguments: Option<Vec<String>>,
    pub(crate) test_requirements: Vec<String>,
    pub(crate) test_extras: Option<Vec<String>>,
    pub(crate) test_groups: Option<Vec<String>>,
    pub(crate) test_network: bool,
    pub(crate) integration: bool,
    pub(crate) test_environment: BTreeMap<String, String>,
    pub(crate) coverage_gate: Option<f64>,
    pub(crate) changed_lines_gate: Option<f64>,
    pub(crate) measure: Measure,
    /// The index that is asked for taken versions, if set.
    pub version_index: Option<String>,
}

impl Settings {
    /// Reads the settings of a project; problems were found when `raw` was read.
    pub fn read(raw: &RawSettings) -> Self {
        let flag = |table: &str, key: &str| raw.boolean(table, key).unwrap_or(false);
        let pythons = raw.list("", "pythons").map(|list| {
            list.iter()
                .filter_map(|text| text.parse::<PythonVersion>().ok())
                .collect()
        });
        Self {
            standard: flag("", "standard"),
            pythons,
            require_all_pythons: flag("", "require-all-pythons"),
            skip: raw.list("", "skip").unwrap_or_default(),
            custom: custom_checks(raw),
            lint_matrix: flag("", "lint-matrix"),
            security_matrix: flag("", "security-matrix"),
            security_blocking: flag("security", "blocking"),
            advisories: raw.text("security", "advisories").map(str::to_owned),
            ratchets: ["lint", "types", "security", "secrets"]
                .into_iter()
                .map(|check| (check, ratchet(raw, check)))
                .collect(),
            test_paths: raw.list("tests", "paths"),
            test_arguments: raw.list("tests", "arguments"),
            test_requirements: raw.list("tests", "requirements").unwrap_or_default(),
            test_extras: raw.list("tests", "extras"),
            test_groups: raw.list("tests", "groups"),
            test_network: flag("tests", "network"),
            integration: flag("tests", "integration"),
            test_environment: raw.map("tests", "environment").cloned().unwrap_or_default(),
            coverage_gate: raw.number("tests", "coverage"),
            changed_lines_gate: raw.number("coverage", "changed-lines"),
            measure: match raw.text("coverage", "measure") {
                Some("newest-only") => Measure::NewestOnly,
                Some("none") => Measure::None,
                _ => Measure::All,
            },
            version_index: raw.text("version", "index").map(str::to_owned),
        }
    }

    /// Returns the coverage that changed lines must have, in percent, if set.
    pub fn changed_lines_gate(&self) -> Option<f64> {
        self.changed_lines_gate
    }

    /// Returns whether a check of the standard is left out.
    pub(crate) fn leaves_out(&self, check: &str) -> bool {
        self.skip.iter().any(|name| name == check)
    }

    pub(crate) fn ratchet(&self, check: &str) -> Ratchet {
        self.ratchets.get(check).cloned().unwrap_or_default()
    }
}

fn ratchet(raw: &RawSettings, check: &str) -> Ratchet {
    Ratchet {
        max_warnings: raw
            .integer(check, "max-warnings")
            .map(|count| count.max(0) as usize),
        baseline: raw.boolean(check, "baseline").unwrap_or(false),
    }
}

fn custom_checks(raw: &RawSettings) -> Vec<CustomCheck> {
    raw.tables("checks")
        .into_iter()
        .map(|name| {
            let table = format!("checks.{name}");
            CustomCheck {
                command: raw.list(&table, "command").unwrap_or_default(),
                inputs: raw.list(&table, "inputs").unwrap_or_default(),
                requirements: raw.list(&table, "requirements").unwrap_or_default(),
                blocking: raw.boolean(&table, "blocking").unwrap_or(true),
                name,
            }
        })
        .collect()
}
