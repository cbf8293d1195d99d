//! Facts about Python projects: manifests, layout, locks, tests, tools, automation, settings; and the
//! interpreters and environments that they are run with.
//!
//! Reading a project executes nothing of it. What is done with a fact is decided in the layers above.

mod automation;
mod child;
mod coverage_settings;
mod docs;
pub mod environments;
mod files;
mod folder;
mod imports;
mod ini;
mod interpreters;
mod layout;
mod locks;
mod machine;
mod manifests;
mod native;
mod project;
mod projects;
mod python_source;
mod python_version;
mod requirement;
mod scope;
mod settings;
mod stdlib;
mod test_needs;
mod test_suite;
mod tools;
pub mod uv;

pub use automation::{
    Automation, AutomationKind, AutomationSource, Install, Invocation, VersionPin, adoption,
    read_automation, with_folders,
};
pub use environments::{
    Environment, LocalProject, LockedInstall, PYRIGHT_CACHE, Package, Requirements, Resolution,
    existing, prepare, resolve,
};
pub use imports::third_party_imports;
pub use interpreters::{
    Interpreter, InterpreterSearch, Markers, find_interpreters, newest_interpreter,
    plain_interpreter, search_interpreters,
};
pub use machine::Machine;
pub use project::{
    BuildSystem, CoverageSettings, DjangoProject, Docs, DocsTool, Layout, LayoutKind, Lock,
    LockKind, Manifest, ManifestKind, Project, ProjectVersion, Purpose, RequirementsFile,
    TestRunner, TestSuite, ToolConfigured,
};
pub use projects::read_projects;
pub use python_version::{
    ParsePythonVersionError, PythonVersion, admitted_pythons, bounded_pythons,
};
pub use requirement::{normalise_name, requirement_extras, requirement_name};
pub use scope::is_foreign_code;
pub use settings::{
    RawSettings, Setting, SettingKind, parse_settings, read_settings, read_settings_of,
};
pub use stdlib::is_standard_module;
pub use test_needs::{TestNeeds, declared_needs, requirements_of, resolve_own_extras, test_needs};
pub use test_suite::add_called_tests;
pub use uv::{Uv, VersionsError, find_uv, index_versions};
