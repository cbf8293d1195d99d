//! What is wanted, read: requirements and files of requirements, apart in what is exact already and what
//! is still open.

use std::path::Path;
use std::str::FromStr;

use pep440_rs::Operator;
use pep508_rs::{Requirement, VerbatimUrl, VersionOrUrl};
use towpath_host::{Digest, digest_file};

use super::markers::Target;
use super::pip_file::{self, Line, PipFile};
use super::{Error, LocalProject, Package, Requirements};
use crate::requirement::{admits, requirement_extras};
use crate::{normalise_name, requirement_name};

/// What is wanted of an environment for one interpreter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Packages that a lock or a hashed file fixes.
    pub(super) exact: Vec<Package>,
    /// Requirements that the index decides, as uv reads them.
    pub(super) open: Vec<String>,
    /// Limits, as PEP 508.
    pub(super) constraints: Vec<String>,
    /// Options about indexes, as they stand in files of requirements.
    pub(super) options: Vec<String>,
    /// Projects by path.
    pub(super) local: Vec<LocalProject>,
    /// Digests of archives among the open requirements.
    pub(super) archives: Vec<Digest>,
}

impl Wanted {
    /// Reads the requirements and their files; the lock is added by [`Wanted::add_exact`].
    pub(super) fn read(requirements: &Requirements, target: &Target) -> Result<Self, Error> {
        let mut wanted = Self {
            open: requirements.requirements.clone(),
            constraints: requirements.constraints.clone(),
            ..Self::default()
        };
        for path in &requirements.requirement_files {
            wanted.add_file(path, pip_file::read(path)?, target)?;
        }
        Ok(wanted)
    }

    /// Adds the contents of a file: exact ones if it carries hashes, open ones else.
    pub(super) fn add_file(
        &mut self,
        path: &Path,
        file: PipFile,
        target: &Target,
    ) -> Result<(), Error> {
        if file.is_hashed() {
            self.add_locked_file(path, file, target)
        } else {
            self.open
                .extend(file.lines.iter().map(|line| line.requirement.clone()));
            self.add_rest(path, file)
        }
    }

    /// Adds the contents of a file of which every line is exact.
    pub(super) fn add_locked_file(
        &mut self,
        path: &Path,
        file: PipFile,
        target: &Target,
    ) -> Result<(), Error> {
        self.add_exact(exact(&file.lines, target)?);
        self.add_rest(path, file)
    }

    fn add_rest(&mut self, path: &Path, file: PipFile) -> Result<(), Error> {
        self.constraints.extend(file.constraints);
        self.options.extend(file.options);
        for local in file.local {
            if local.path.is_file() {
                let digest = digest_file(&local.path);
                self.archives.push(digest.map_err(|source| Error::Read {
                    path: path.to_owned(),
                    source,
                })?);
                self.open.push(local.path.display().to_string());
            } else {
                self.local.push(local);
            }
        }
        Ok(())
    }

    /// Adds exact packages; a name that is there already keeps its first version.
    pub(super) fn add_exact(&mut self, packages: Vec<Package>) {
        for package in packages {
            if !self.exact.iter().any(|known| known.name == package.name) {
                self.exact.push(package);
            }
        }
    }

    /// Removes open requirements that the exact packages fulfil, or that are not for this interpreter.
    pub(super) fn close(&mut self, target: &Target) {
        let exact = &self.exact;
        self.open
            .retain(|text| !is_fulfilled(text, exact) && is_for(text, target));
    }
}

/// Without extras, a requirement is fulfilled by a locked package that it admits; what an extra would
/// bring is not known here.
fn is_fulfilled(requirement: &str, exact: &[Package]) -> bool {
    let Some(name) = requirement_name(requirement) else {
        return false;
    };
    let package = exact.iter().find(|package| package.name == name);
    requirement_extras(requirement).is_empty()
        && package.is_some_and(|package| admits(requirement, &package.version))
}

fn is_for(requirement: &str, target: &Target) -> bool {
    Requirement::<VerbatimUrl>::from_str(requirement)
        .map_or(true, |requirement| target.wants(&requirement, &[]))
}

/// Returns the packages of lines that name exactly one version each; lines for other interpreters are
/// left out.
pub(super) fn exact(lines: &[Line], target: &Target) -> Result<Vec<Package>, Error> {
    let mut packages = Vec::new();
    for line in lines {
        let fault = |what: String| Error::Lock {
            path: line.place.0.clone(),
            line: Some(line.place.1),
            what,
            hint: "compile the file again, so that every requirement has a version and its hashes"
                .to_owned(),
        };
        let requirement: Requirement<VerbatimUrl> = Requirement::from_str(&line.requirement)
            .map_err(|_| fault(format!("`{}` is no requirement", line.requirement)))?;
        if !target.wants(&requirement, &[]) {
            continue;
        }
        let package = package(&requirement, line)
            .ok_or_else(|| fault(format!("`{}` names no exact version", line.requirement)))?;
        packages.push(package);
    }
    Ok(packages)
}

fn package(requirement: &Requirement<VerbatimUrl>, line: &Line) -> Option<Package> {
    let (version, source) = match requirement.version_or_url.as_ref()? {
        VersionOrUrl::Url(_) => {
            let text = line.requirement.split(" ;").next()?;
            (
                String::new(),
                Some(text.split_once('@')?.1.trim().to_owned()),
            )
        }
        VersionOrUrl::VersionSpecifier(specifiers) => match &specifiers[..] {
            [only] if matches!(only.operator(), Operator::Equal | Operator::ExactEqual) => {
                (only.version().to_string(), None)
            }
            _ => return None,
        },
    };
    let mut sha256 = line.sha256.clone();
    sha256.sort();
    Some(Package {
        name: normalise_name(requirement.name.as_ref()),
        version,
        sha256,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::super::markers::tests::linux;
    use super::*;

    fn wanted(text: &str, requirements: &[&str]) -> Wanted {
        let target = linux("3.12.1");
        let file = pip_file::read_text(text, Path::new("/r.txt")).unwrap();
        let mut wanted = Wanted::read(&Requirements::of(requirements), &target).unwrap();
        wanted.add_file(Path::new("/r.txt"), file, &target).unwrap();
        wanted.close(&target);
        wanted
    }

    fn pins(packages: &[Package]) -> Vec<String> {
        packages.iter().map(Package::pin).collect()
    }

    #[test]
    fn a_hashed_file_is_exact_and_fulfils_what_it_admits() {
        let text =
            "PyTest==8.0 --hash=sha256:a\ntomli==2.0 ; python_version < '3.11' --hash=sha256:b\n";
        let wanted = wanted(
            text,
            &[
                "pytest>=7",
                "pytest>=9",
                "coverage[toml]",
                "coverage",
                "x; sys_platform == 'win32'",
            ],
        );
        assert_eq!(pins(&wanted.exact), ["pytest==8.0"]);
        assert_eq!(wanted.open, ["pytest>=9", "coverage[toml]", "coverage"]);
    }

    #[test]
    fn a_file_without_hashes_is_open() {
        let wanted = wanted("pytest==8.0\n--index-url https://i\n", &["a"]);
        assert_eq!(wanted.open, ["a", "pytest==8.0"]);
        assert_eq!(wanted.options, ["--index-url https://i"]);
        assert!(wanted.exact.is_empty());
    }

    #[test]
    fn exact_lines_may_be_urls_but_not_ranges() {
        let target = linux("3.12.1");
        let lines = |text: &str| {
            pip_file::read_text(text, Path::new("/r.txt"))
                .unwrap()
                .lines
        };
        let packages = exact(
            &lines("a @ https://h/a-1.whl ; python_version > '3' --hash=sha256:x\nb===1.0\n"),
            &target,
        );
        assert_eq!(
            pins(&packages.unwrap()),
            ["a @ https://h/a-1.whl", "b==1.0"]
        );
        let error = exact(&lines("a==1\nb>=1\n"), &target).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`/r.txt` line 2: `b>=1` names no exact version"
        );
    }
}
