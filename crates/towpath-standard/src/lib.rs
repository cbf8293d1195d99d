//! The Python CI standard: which checks a project gets, how each is run and judged.
//!
//! From facts ([`Facts`]) and settings the [`pipeline`] makes a workflow; each of its jobs names one
//! [`Check`], which says when it applies, what its work is and how findings are judged.
//! Starts nothing: whoever runs the work hands the output back to the check.

mod adoption;
mod advisories;
pub mod checks;
mod contradictions;
mod coverage_gate;
mod facts;
mod ignored;
mod imported_extras;
mod judge;
mod linter_output;
mod linters;
mod matrix;
mod measured;
mod pipeline;
mod pytest_options;
mod pytest_plugins;
mod ratchet;
mod settings;
mod test_call;
mod test_environment;
mod test_invocation;
mod tool_command;
mod tool_environment;
mod tools;
mod undeclared;
mod work;

pub use adoption::{Adoption, ToolRun, adopted};
pub use checks::{CHECKS, Check, CustomCheckDefinition, check};
pub use contradictions::contradictions;
pub use facts::{Facts, NeededCheck};
pub use matrix::{Pythons, python_matrix};
pub use pipeline::{job_name, mending, pipeline};
pub use ratchet::{BASELINE_FILE, Baseline, Ratchet};
pub use settings::{CustomCheck, SETTINGS, Settings};
pub use test_invocation::other_test_calls;
pub use tools::pinned;
pub use work::{
    AdvisoryQuestion, Applies, Artifact, Command, EnvironmentNeed, Inputs, NativeWork, Network,
    Output, Partial, ProjectInstall, PythonChoice, Scan, ToolWork, TreeUse, Versions, Work,
};
