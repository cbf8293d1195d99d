//! `setup.py`, read without running it: the arguments of `setup()` as far as literals, variables,
//! files of the project and the usual idioms tell them.

mod calls;
mod evaluate;
mod modules;
mod operators;
mod statements;
mod text_methods;
mod value;

use crate::files::{ProjectFiles, read_optional};
use crate::layout::declared::Declared;
use crate::manifests::pep621::classifier_pythons;
use crate::manifests::setuptools;
use crate::requirement::{append, is_requirement};
use crate::{Project, ProjectVersion};

use value::Value;

/// What a `setup.py` says.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct SetupPy {
    /// Where its modules lie.
    pub(crate) layout: Declared,
    /// Whether it compiles extensions.
    pub(crate) has_extensions: bool,
    arguments: Vec<(String, Value)>,
    /// Files of the project that were read on the way, relative to it.
    read: Vec<String>,
    exists: bool,
}

/// Reads the `setup.py` of a project; empty where there is none.
pub(crate) fn read(files: &ProjectFiles<'_>) -> SetupPy {
    let Some(text) = read_optional(files.tree, &files.path("setup.py")) else {
        return SetupPy::default();
    };
    let (arguments, read) = evaluate::setup_arguments(files, &text);
    let mut setup = SetupPy {
        exists: true,
        arguments,
        read,
        ..SetupPy::default()
    };
    setup.has_extensions = [
        "ext_modules",
        "cffi_modules",
        "rust_extensions",
        "Extension(",
    ]
    .iter()
    .any(|word| text.contains(word));
    setup.layout = setup.declared();
    setup
}

impl SetupPy {
    /// Fills in what the manifests before left open.
    pub(crate) fn fill(&self, project: &mut Project, files: &ProjectFiles<'_>) {
        if !self.exists {
            return;
        }
        project.is_package = true;
        if project.name.is_none() {
            project.name = self.text("name");
        }
        self.fill_version(project, files);
        if project.requires_python.is_none() {
            project.requires_python = self.text("python_requires");
        }
        if project.classifier_pythons.is_empty() {
            project.classifier_pythons = classifier_pythons(&self.list("classifiers"));
        }
        if project.dependencies.is_empty() {
            project.dependencies = self.requirements("install_requires");
        }
        if project.dependencies.is_empty() && self.uses_pbr() {
            let path = ["requirements.txt".to_owned()];
            project.dependencies = setuptools::requirements_of(project, files, &path);
        }
        self.fill_extras(project);
        for group in ["tests_require", "setup_requires"] {
            let requirements = self.requirements(group);
            if !requirements.is_empty() {
                append(
                    project.groups.entry(group.to_owned()).or_default(),
                    requirements,
                );
            }
        }
        if project.entry_points.is_empty() {
            project.entry_points = self.entry_points();
        }
        append(
            &mut project.version_files,
            self.read.iter().map(|path| files.path(path)),
        );
    }

    fn fill_version(&self, project: &mut Project, files: &ProjectFiles<'_>) {
        if matches!(project.version, ProjectVersion::Static(_)) {
            return;
        }
        let is_given = self.get("version").is_some();
        let uses_scm = self
            .get("use_scm_version")
            .is_some_and(|value| value.truth() != Some(false));
        if let Some(version) = self.text("version").filter(|version| !version.is_empty()) {
            project.version = ProjectVersion::Static(version);
        } else if uses_scm {
            project.version = ProjectVersion::Dynamic("setuptools-scm".to_owned());
        } else if self.uses_pbr() {
            project.version = ProjectVersion::Dynamic("pbr".to_owned());
        } else if (is_given || project.version == ProjectVersion::Absent) && project.name.is_some()
        {
            project.version = ProjectVersion::Dynamic(files.path("setup.py"));
        }
    }

    fn fill_extras(&self, project: &mut Project) {
        if !project.extras.is_empty() {
            return;
        }
        let Some(Value::Table(extras)) = self.get("extras_require") else {
            return;
        };
        for (extra, value) in extras {
            let (name, marker) = extra.split_once(':').unwrap_or((extra.as_str(), ""));
            let requirements = value.strings().into_iter().map(|one| match marker.trim() {
                "" => one,
                marker => format!("{one} ; {marker}"),
            });
            let requirements = requirements.filter(|one| is_requirement(one));
            if name.is_empty() {
                append(&mut project.dependencies, requirements);
            } else {
                append(
                    project.extras.entry(name.to_owned()).or_default(),
                    requirements,
                );
            }
        }
    }

    fn entry_points(&self) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(Value::Table(groups)) = self.get("entry_points") {
            for (group, value) in groups {
                let members = value.strings();
                let members = members.iter().filter_map(|member| member.split_once('='));
                names.extend(members.map(|(name, _)| format!("{group}:{}", name.trim())));
            }
        }
        names
    }

    fn uses_pbr(&self) -> bool {
        self.get("pbr")
            .is_some_and(|value| value.truth() != Some(false))
    }

    fn declared(&self) -> Declared {
        let mut declared = Declared::default();
        let table = match self.get("package_dir") {
            Some(Value::Table(entries)) => entries.clone(),
            _ => Vec::new(),
        };
        for (package, folder) in &table {
            let Some(folder) = folder
                .text()
                .and_then(|folder| crate::folder::resolve("", folder))
            else {
                continue;
            };
            if package.is_empty() {
                declared.root = Some(folder).filter(|folder| !folder.is_empty());
            } else if !package.contains('.') && !folder.is_empty() {
                declared.packages.push((package.clone(), folder));
            }
        }
        if let Some(Value::FoundPackages { folder, exclude }) = self.get("packages") {
            declared.exclude.clone_from(exclude);
            if declared.root.is_none() {
                declared.root = Some(folder.clone()).filter(|folder| !folder.is_empty());
            }
        }
        for package in self
            .list("packages")
            .iter()
            .filter(|name| !name.contains('.'))
        {
            if !declared.packages.iter().any(|(name, _)| name == package) {
                let root = declared.root.clone().unwrap_or_default();
                declared
                    .packages
                    .push((package.clone(), crate::folder::join(&root, package)));
            }
        }
        declared.modules = self.list("py_modules");
        declared
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.arguments
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.text().map(str::to_owned)
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.get(name).map(Value::strings).unwrap_or_default()
    }

    fn requirements(&self, name: &str) -> Vec<String> {
        self.list(name)
            .into_iter()
            .filter(|one| is_requirement(one))
            .collect()
    }
}
