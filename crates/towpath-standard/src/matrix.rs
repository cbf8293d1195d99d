//! Which Pythons a project is tested on: the first finite list that the project gives, cut to the
//! interpreters that are here. A table decides what is old, never the clock.

use std::cmp::Reverse;

use towpath_python::{Automation, Project, PythonVersion, admitted_pythons, bounded_pythons};

use crate::settings::Settings;

/// Pythons before this one are run only when the project names nothing newer or settings ask for it.
const OLDEST_BY_DEFAULT: PythonVersion = PythonVersion::new(3, 10);

/// What document and standard prescribe where the project gives no list.
const BY_DEFAULT: [PythonVersion; 3] = [
    PythonVersion::new(3, 10),
    PythonVersion::new(3, 11),
    PythonVersion::new(3, 12),
];

/// The Python matrix of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pythons {
    /// Versions that are run, ascending.
    pub run: Vec<PythonVersion>,
    /// Versions of the list that are not here, ascending.
    pub missing: Vec<PythonVersion>,
    /// Versions of the list that are older than what is run, ascending.
    pub left_out: Vec<PythonVersion>,
    /// Versions that are on this machine, of the list or not, ascending.
    pub here: Vec<PythonVersion>,
    /// Where the list comes from.
    pub reason: String,
}

/// Returns the matrix of a project, given the versions of the interpreters that are here.
pub fn python_matrix(
    project: &Project,
    automation: &Automation,
    settings: &Settings,
    here: &[PythonVersion],
) -> Pythons {
    let (mut list, reason, chosen) = wanted(project, automation, settings);
    list.sort_unstable();
    list.dedup();
    let newest_first = list
        .last()
        .is_some_and(|newest| *newest >= OLDEST_BY_DEFAULT);
    let (mut left_out, kept): (Vec<_>, Vec<_>) = list
        .into_iter()
        .partition(|python| !chosen && newest_first && *python < OLDEST_BY_DEFAULT);
    let (mut run, missing): (Vec<_>, Vec<_>) =
        kept.into_iter().partition(|python| here.contains(python));
    let mut reason = reason;
    if run.is_empty() && !chosen {
        // Better an old Python of the list, or the nearest that the project admits, than none at all.
        run = left_out
            .extract_if(.., |python| here.contains(python))
            .collect();
        let nearest = nearest(&missing, here, |python| admits(project, python));
        if let (true, Some(python)) = (run.is_empty(), nearest) {
            run.push(python);
            reason = format!("{reason}; none of them is here, so the nearest that is");
        }
    }
    let mut here = here.to_vec();
    here.sort_unstable();
    Pythons {
        run,
        missing,
        left_out,
        here,
        reason,
    }
}

/// Returns the admitted Python here that is nearest to one of a list, of two as near the newer.
fn nearest(
    list: &[PythonVersion],
    here: &[PythonVersion],
    is_admitted: impl Fn(PythonVersion) -> bool,
) -> Option<PythonVersion> {
    let distance = |python: &PythonVersion| {
        let of = |wanted: &PythonVersion| {
            (
                wanted.major.abs_diff(python.major),
                wanted.minor.abs_diff(python.minor),
            )
        };
        list.iter().map(of).min()
    };
    here.iter()
        .copied()
        .filter(|python| is_admitted(*python))
        .min_by_key(|python| (distance(python), Reverse(*python)))
}

fn wanted(
    project: &Project,
    automation: &Automation,
    settings: &Settings,
) -> (Vec<PythonVersion>, String, bool) {
    if let Some(pythons) = &settings.pythons {
        return (
            pythons.clone(),
            "`pythons` of `[tool.towpath]`".to_owned(),
            true,
        );
    }
    let admitted = |list: Vec<PythonVersion>| -> Vec<PythonVersion> {
        list.into_iter()
            .filter(|python| admits(project, *python))
            .collect()
    };
    let automated = admitted(
        automation
            .pythons
            .iter()
            .map(|(python, _)| *python)
            .collect(),
    );
    if let (false, Some((_, place))) = (automated.is_empty(), automation.pythons.first()) {
        return (automated, format!("the matrix of {}", place.path), false);
    }
    let classified = admitted(project.classifier_pythons.clone());
    if !classified.is_empty() {
        return (classified, "the classifiers".to_owned(), false);
    }
    if let Some((compiled, path)) = compiled_for(project) {
        return (compiled, format!("what {path} was compiled for"), false);
    }
    if let Some(specifier) = &project.requires_python
        && let Some(bounded) = bounded_pythons(specifier)
        && !bounded.is_empty()
    {
        return (bounded, format!("requires-python {specifier}"), false);
    }
    let standard = admitted(BY_DEFAULT.to_vec());
    if standard.is_empty() {
        let newest = admitted(PythonVersion::released());
        return (newest, "requires-python".to_owned(), false);
    }
    (standard, "the standard's own list".to_owned(), false)
}

/// Requirements that were compiled for one Python fit no other: an application runs on that.
fn compiled_for(project: &Project) -> Option<(Vec<PythonVersion>, &str)> {
    let mut files = project
        .requirements_files
        .iter()
        .filter(|_| !project.is_package);
    files.find_map(|file| Some((vec![file.compiled_for?], file.path.as_str())))
}

fn admits(project: &Project, python: PythonVersion) -> bool {
    project
        .requires_python
        .as_deref()
        .is_none_or(|specifier| !admitted_pythons(specifier, &[python]).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_python::{Manifest, ManifestKind, RawSettings};

    #[test]
    fn python_that_the_project_names_goes_before_the_nearest() {
        let python = |minor: u8| PythonVersion::new(3, minor);
        for (named, here, expected) in [
            (&[9, 10][..], &[9, 14][..], &[9][..]),
            (&[9, 10], &[8, 14], &[8]),
            (&[10, 11], &[9, 12, 14], &[12]),
            (&[10, 11], &[11, 14], &[11]),
            (&[8, 9], &[8, 14], &[8]),
        ] {
            let manifest = Manifest {
                kind: ManifestKind::Pyproject,
                path: "pyproject.toml".to_owned(),
            };
            let mut project = Project::new("", manifest);
            project.classifier_pythons = named.iter().copied().map(python).collect();
            let here: Vec<_> = here.iter().copied().map(python).collect();
            let found = python_matrix(
                &project,
                &Automation::default(),
                &Settings::read(&RawSettings::default()),
                &here,
            );
            let expected: Vec<_> = expected.iter().copied().map(python).collect();
            assert_eq!(found.run, expected, "{named:?} {here:?}");
            assert!(!found.left_out.iter().any(|one| expected.contains(one)));
        }
    }
}
