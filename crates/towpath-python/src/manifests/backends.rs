//! What the build backends share: versions kept in a module or a text file.

use crate::files::{ProjectFiles, read_optional};
use crate::folder;
use crate::requirement::append;
use crate::{Project, ProjectVersion};

/// Reads the version that a Python or text file of the project assigns to a name, and notes the file;
/// dynamic where the file does not say it literally.
pub(crate) fn attribute_version(
    project: &mut Project,
    files: &ProjectFiles<'_>,
    relative: &str,
    attribute: &str,
) -> ProjectVersion {
    let path = files.path(relative);
    append(&mut project.version_files, [path.clone()]);
    let text = read_optional(files.tree, &path).unwrap_or_default();
    let literal = assigned_string(&text, attribute)
        .or_else(|| imported_string(files, relative, &text, attribute))
        .or_else(|| assigned_string(&text, "VERSION"));
    match literal {
        Some(version) => ProjectVersion::Static(version),
        None => ProjectVersion::Dynamic(format!("attr: {relative}:{attribute}")),
    }
}

/// Follows `from ._version import __version__` to the module beside, once.
fn imported_string(
    files: &ProjectFiles<'_>,
    relative: &str,
    text: &str,
    name: &str,
) -> Option<String> {
    let package = folder::parent(relative);
    text.lines().find_map(|line| {
        let (module, imported) = line.strip_prefix("from ")?.split_once(" import ")?;
        let is_named = imported
            .split(',')
            .any(|one| one.split_whitespace().next() == Some(name));
        let own = folder::file_name(package);
        let module = module
            .trim()
            .strip_prefix('.')
            .or_else(|| module.trim().strip_prefix(own)?.strip_prefix('.'))?;
        let path = folder::join(package, &format!("{}.py", module.replace('.', "/")));
        let text = is_named.then(|| read_optional(files.tree, &files.path(&path)))??;
        assigned_string(&text, name)
    })
}

/// Returns the string literal that a line of a module assigns to a name: `__version__ = "1.0"`, also
/// with a type annotation. A literal that is only part of an expression says nothing.
pub(crate) fn assigned_string(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (before, value) = rest.split_once('=')?;
        let before = before.trim();
        if !(before.is_empty() || before.starts_with(':')) {
            return None;
        }
        let value = value.trim();
        let quote = value
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))?;
        let (version, rest) = value.strip_prefix(quote)?.split_once(quote)?;
        let is_whole = rest.trim().is_empty() || rest.trim().starts_with(['#', ';']);
        is_whole.then(|| version.to_owned())
    })
}

/// Returns how a tool finds a version, as it is shown: `setuptools-scm`, `pdm: scm`.
pub(crate) fn named(tool: &str, source: &str) -> String {
    format!("{tool}: {source}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_assigned_strings() {
        for (text, expected) in [
            ("__version__ = '1.0'\n", Some("1.0")),
            (
                "x = 1\n__version__: Final[str] = \"1.2\"  # c\n",
                Some("1.2"),
            ),
            ("__version__ = version('x')\n", None),
            ("__version__ = '.'.join(parts)\n", None),
            ("__version__ = '1.0';\n", Some("1.0")),
            ("__version__info = '1'\n", None),
            ("", None),
        ] {
            assert_eq!(
                assigned_string(text, "__version__").as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
