//! Facts about Python projects: manifests, layout, locks, tests, tools, automation, settings; and the
//! interpreters and environments that they are run with.
//!
//! Reading a project executes nothing of it. What is done with a fact is decided in the layers above.

mod automation;
mod folder;
mod project;
mod python_version;
mod settings;

pub use automation::{
    Automation, AutomationKind, AutomationSource, Install, Invocation, VersionPin, adoption,
    read_automation,
};
pub use project::{
    BuildSystem, CoverageSettings, Docs, DocsTool, Layout, LayoutKind, Lock, LockKind, Manifest,
    ManifestKind, Project, ProjectVersion, Purpose, RequirementsFile, TestRunner, TestSuite,
    ToolConfigured,
};
pub use python_version::{
    ParsePythonVersionError, PythonVersion, admitted_pythons, bounded_pythons,
};
pub use settings::{RawSettings, Setting, SettingKind, parse_settings};
