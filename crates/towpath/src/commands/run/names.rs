//! Where workflows lie, and what their files are called.

use std::path::Path;

/// Where GitHub looks for workflows.
pub(super) const FOLDER: &str = ".github/workflows";

/// Returns the last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.unwrap_or_default().into_owned()
}
