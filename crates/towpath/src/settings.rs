//! All settings of towpath, joined from where they are declared.

use towpath_python::{Setting, SettingKind};

/// The settings of every part.
pub const DECLARATIONS: &[&[Setting]] = &[towpath_standard::SETTINGS, OF_RUNS];

/// The settings of `towpath run`.
const OF_RUNS: &[Setting] = &[
    Setting {
        table: "secrets.*",
        key: "command",
        kind: SettingKind::List(&SettingKind::Text),
        default: "required",
        doc: "A program that prints the secret of this name, and its arguments. It is asked once, and only by runs of workflows that name the secret.",
    },
    Setting {
        table: "environments.*",
        key: "approval",
        kind: SettingKind::Boolean,
        default: "by its name",
        doc: "Whether jobs of this deployment environment wait for an approval. Without it those do whose environment is not named as a rehearsal: dev, test, testpypi, staging and the like.",
    },
    Setting {
        table: "environments.*",
        key: "vars",
        kind: SettingKind::Table,
        default: "{}",
        doc: "Variables of the `vars` context that jobs of this deployment environment see instead of those of the run.",
    },
    Setting {
        table: "environments.*",
        key: "secrets",
        kind: SettingKind::Table,
        default: "{}",
        doc: "Secrets of the `secrets` context that only jobs of this deployment environment see, once it is approved: each name with that of the secret that holds the value, which is given or asked for as every other.",
    },
];
