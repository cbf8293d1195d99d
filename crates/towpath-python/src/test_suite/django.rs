//! The tests of a Django project, which `manage.py test` runs: where that lies and which settings it
//! takes. Runs nothing of it.

use crate::DjangoProject;
use crate::files::{ProjectFiles, read_optional};
use crate::folder;
use crate::scope::holds_no_tests;

/// The files that Django's own runner takes for tests.
pub(super) const PATTERN: &str = "test*.py";

/// Returns the Django project whose `manage.py` lies nearest to the project's root.
pub(super) fn find(files: &ProjectFiles<'_>) -> Option<DjangoProject> {
    let mut candidates: Vec<&str> = files
        .relative_paths()
        .filter(|path| folder::file_name(path) == "manage.py" && !holds_no_tests(path))
        .collect();
    candidates.sort_by_key(|path| path.matches('/').count());
    candidates.into_iter().find_map(|path| {
        let path = files.path(path);
        let settings = settings_named(&read_optional(files.tree, &path)?)?;
        Some(DjangoProject {
            folder: folder::parent(&path).to_owned(),
            settings,
        })
    })
}

/// Returns the module that a `manage.py` sets as `DJANGO_SETTINGS_MODULE`, where it is written out.
fn settings_named(text: &str) -> Option<String> {
    text.split("DJANGO_SETTINGS_MODULE")
        .skip(1)
        .find_map(|rest| {
            let rest = rest.strip_prefix(['"', '\''])?;
            let rest = rest.trim_start_matches([']', ',', '=', ' ', '\n', '\r', '\t']);
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (module, _) = rest.strip_prefix(quote)?.split_once(quote)?;
            let is_module = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
            (!module.is_empty() && module.chars().all(is_module)).then(|| module.to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_settings_that_manage_py_names() {
        for (text, expected) in [
            (
                "    os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site.settings\")\n",
                Some("site.settings"),
            ),
            (
                "os.environ.setdefault(\n    'DJANGO_SETTINGS_MODULE',\n    'a.b',\n)\n",
                Some("a.b"),
            ),
            ("os.environ['DJANGO_SETTINGS_MODULE'] = 'c'\n", Some("c")),
            ("# sets DJANGO_SETTINGS_MODULE\n", None),
            (
                "os.environ.setdefault('DJANGO_SETTINGS_MODULE', f'site.{name}')\n",
                None,
            ),
        ] {
            assert_eq!(settings_named(text).as_deref(), expected, "{text}");
        }
    }
}
