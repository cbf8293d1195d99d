//! A Python version as projects name it, `3.12`, and which of them a specifier admits.
//! Knows no interpreter and never looks at the clock: what is released is a table.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Operator, Version, VersionSpecifiers};
use serde::{Deserialize, Serialize};

/// Major and minor version of Python. Patch releases are an interpreter's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PythonVersion {
    /// The `3` of `3.12`.
    pub major: u8,
    /// The `12` of `3.12`.
    pub minor: u8,
}

/// A text that names no Python version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no Python version")]
pub struct ParsePythonVersionError(pub String);

impl ParsePythonVersionError {
    /// Returns what to do.
    pub fn hints(&self) -> Vec<String> {
        vec!["write major and minor version, such as `3.12`".to_owned()]
    }
}

impl PythonVersion {
    /// The newest Python that is released as far as this build of towpath knows.
    pub const NEWEST_RELEASED: Self = Self::new(3, 15);

    /// Returns the version `major.minor`.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// Reads the short form of environment names and wheel tags: `py312`, `cp312`, `312`, `27`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let digits = ["python", "pypy", "py", "cp", "pp"]
            .iter()
            .find_map(|prefix| tag.strip_prefix(prefix))
            .unwrap_or(tag);
        if !digits.is_ascii() || digits.len() < 2 {
            return None;
        }
        let (major, minor) = digits.split_at(1);
        let version = Self::new(major.parse().ok()?, minor.parse().ok()?);
        matches!(version.major, 2 | 3).then_some(version)
    }

    /// Returns every version that is released, oldest first, from 2.7 on.
    pub fn released() -> Vec<Self> {
        let newest = Self::NEWEST_RELEASED.minor;
        std::iter::once(Self::new(2, 7))
            .chain((0..=newest).map(|minor| Self::new(3, minor)))
            .collect()
    }

    /// Returns whether some patch release of this version lies in the set.
    pub fn is_admitted_by(self, specifiers: &VersionSpecifiers) -> bool {
        let (major, minor) = (u64::from(self.major), u64::from(self.minor));
        // The last patch release of any minor version so far is below 40.
        (0..40).any(|patch| specifiers.contains(&Version::new([major, minor, patch])))
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for PythonVersion {
    type Err = ParsePythonVersionError;

    /// Reads `3.12`; a patch release and what follows it (`3.12.1`, `3.13.0rc1`) is left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParsePythonVersionError(text.to_owned());
        let mut parts = text.trim().split('.');
        let major = parts
            .next()
            .and_then(|part| part.parse().ok())
            .ok_or_else(error)?;
        let minor = parts
            .next()
            .map(|part| part.trim_end_matches("-dev").trim_end_matches('t'));
        let minor = minor.and_then(|part| part.parse().ok()).ok_or_else(error)?;
        Ok(Self { major, minor })
    }
}

impl From<PythonVersion> for String {
    fn from(version: PythonVersion) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for PythonVersion {
    type Error = ParsePythonVersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Returns those of `versions` that `requires_python` admits, in their order; all of them when the
/// text is no set of specifiers, since such a text restricts nothing that can be known.
pub fn admitted_pythons(requires_python: &str, versions: &[PythonVersion]) -> Vec<PythonVersion> {
    let Ok(specifiers) = VersionSpecifiers::from_str(requires_python) else {
        return versions.to_vec();
    };
    versions
        .iter()
        .copied()
        .filter(|version| version.is_admitted_by(&specifiers))
        .collect()
}

/// Returns the released versions that `requires_python` admits when it has an upper bound below 4,
/// so that the list is the project's own; `None` without such a bound.
pub fn bounded_pythons(requires_python: &str) -> Option<Vec<PythonVersion>> {
    let specifiers = VersionSpecifiers::from_str(requires_python).ok()?;
    let is_bounded = specifiers
        .iter()
        .any(|specifier| match specifier.operator() {
            Operator::LessThan | Operator::LessThanEqual => {
                specifier.version() < &Version::new([4])
            }
            Operator::Equal | Operator::EqualStar | Operator::TildeEqual => {
                specifier.version().release().len() > 1 && !is_whole_major(specifier)
            }
            _ => false,
        });
    is_bounded.then(|| admitted_pythons(requires_python, &PythonVersion::released()))
}

/// `~=3.8` admits every 3.x and so bounds nothing; `~=3.8.1` admits 3.8 alone.
fn is_whole_major(specifier: &pep440_rs::VersionSpecifier) -> bool {
    *specifier.operator() == Operator::TildeEqual && specifier.version().release().len() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(versions: &[PythonVersion]) -> String {
        versions
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn reads_and_orders_versions() {
        for (text, expected) in [
            ("3.12", "3.12"),
            ("3.9.7", "3.9"),
            (" 2.7 ", "2.7"),
            ("3.13t", "3.13"),
            ("3.14-dev", "3.14"),
        ] {
            assert_eq!(
                text.parse::<PythonVersion>()
                    .map(|version| version.to_string()),
                Ok(expected.into())
            );
        }
        for text in ["3", "", "pypy", "3.x", "3.-1", "300.1"] {
            assert!(text.parse::<PythonVersion>().is_err(), "{text}");
        }
        assert!(PythonVersion::new(3, 9) < PythonVersion::new(3, 10));
        assert_eq!(
            PythonVersion::from_tag("py312"),
            Some(PythonVersion::new(3, 12))
        );
        assert_eq!(
            PythonVersion::from_tag("27"),
            Some(PythonVersion::new(2, 7))
        );
        assert_eq!(PythonVersion::from_tag("py"), None);
        assert_eq!(PythonVersion::from_tag("py3é"), None);
        assert_eq!(PythonVersion::from_tag("99"), None);
    }

    #[test]
    fn is_a_string_in_json() {
        let version = PythonVersion::new(3, 12);
        let json = serde_json::to_string(&version).unwrap();
        assert_eq!(json, "\"3.12\"");
        assert_eq!(
            serde_json::from_str::<PythonVersion>(&json).unwrap(),
            version
        );
    }

    #[test]
    fn admits_by_any_patch_release() {
        let all = [(3, 7), (3, 8), (3, 9), (3, 12)]
            .map(|(major, minor)| PythonVersion::new(major, minor));
        for (specifiers, expected) in [
            (">=3.8", "3.8 3.9 3.12"),
            (">=3.8.1,<4", "3.8 3.9 3.12"),
            ("!=3.9.0,>=3.9", "3.9 3.12"),
            ("!=3.9.*,>=3.8", "3.8 3.12"),
            (">3.8", "3.8 3.9 3.12"),
            ("<3.9", "3.7 3.8"),
            ("nonsense", "3.7 3.8 3.9 3.12"),
            ("", "3.7 3.8 3.9 3.12"),
        ] {
            assert_eq!(
                texts(&admitted_pythons(specifiers, &all)),
                expected,
                "{specifiers}"
            );
        }
    }

    #[test]
    fn is_finite_only_with_an_upper_bound() {
        for (specifiers, expected) in [
            (">=3.10,<3.13", Some("3.10 3.11 3.12")),
            ("==3.12.*", Some("3.12")),
            ("~=3.12.1", Some("3.12")),
            ("~=3.8", None),
            (">=3.8,<4", None),
            (">=3.8,<4.0", None),
            (">=3.8", None),
            ("", None),
        ] {
            assert_eq!(
                bounded_pythons(specifiers)
                    .map(|list| texts(&list))
                    .as_deref(),
                expected,
                "{specifiers}"
            );
        }
    }
}
