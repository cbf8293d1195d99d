//! Whether a project's wheel is compiled. Compiles nothing.

use crate::Project;
use crate::files::ProjectFiles;
use crate::manifests::setup_py::SetupPy;

/// Backends that exist to compile.
const NATIVE_BACKENDS: &[&str] = &[
    "maturin",
    "mesonpy",
    "scikit_build_core",
    "sipbuild",
    "py_build_cmake",
    "enscons",
];

/// Returns whether a wheel of the project holds what was compiled for one platform.
pub(crate) fn is_native(project: &Project, files: &ProjectFiles<'_>, setup: &SetupPy) -> bool {
    if !project.is_package {
        return false;
    }
    let is_native_backend = project.build_system.as_ref().is_some_and(|build| {
        NATIVE_BACKENDS
            .iter()
            .any(|backend| build.backend.starts_with(backend))
    });
    let has_table = files
        .table(&["tool", "setuptools"])
        .is_some_and(|table| table.contains_key("ext-modules"))
        || files.table(&["tool", "setuptools-rust"]).is_some()
        || files
            .table(&["tool", "poetry", "build"])
            .is_some_and(|build| build.contains_key("script"));
    is_native_backend
        || has_table
        || (setup.has_extensions && files.relative_paths().any(is_native_source))
}

fn is_native_source(path: &str) -> bool {
    let source = [
        ".c", ".cc", ".cpp", ".cxx", ".pyx", ".pxd", ".rs", ".f90", ".f", ".m", ".swg", ".i",
    ];
    source.iter().any(|end| path.ends_with(end)) && !path.starts_with("docs/")
}
