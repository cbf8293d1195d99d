//! The task runners: one file each, one line each in the table below. A task runner reads what the repository
//! has written down for it and hands every command back to the walk.

use super::walk::TaskRunner;

macro_rules! task_runners {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*
        /// Every task runner, in the order in which a folder is read.
        pub(super) const TASK_RUNNERS: &[&dyn TaskRunner] = &[$(&$module::Runner),*];
    };
}

task_runners! {
    pre_commit, tox, nox, make, just, hatch, scripts,
}
