//! `PKG-INFO`, which a build backend leaves in the archive of a release: what the backend made of a
//! manifest that leaves it open, as poetry does with the Pythons of a range.

use crate::Project;
use crate::files::{ProjectFiles, read_optional};
use crate::manifests::pep621::classifier_pythons;

/// Fills in the Pythons where no manifest names them.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>) {
    if !project.classifier_pythons.is_empty() {
        return;
    }
    let Some(text) = read_optional(files.tree, &files.path("PKG-INFO")) else {
        return;
    };
    // The description follows the first empty line.
    let head = text.lines().take_while(|line| !line.is_empty());
    let classifiers: Vec<String> = head
        .filter_map(|line| line.strip_prefix("Classifier: "))
        .map(str::to_owned)
        .collect();
    project.classifier_pythons = classifier_pythons(&classifiers);
}
