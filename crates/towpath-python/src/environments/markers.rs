//! Environment markers, evaluated for one interpreter.

use pep508_rs::{
    ExtraName, MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree, Requirement, VerbatimUrl,
};

use crate::{Interpreter, Markers};

/// What markers are evaluated for.
#[derive(Debug)]
pub(super) struct Target {
    /// `None` where the interpreter calls itself by a version that is none; then all markers hold.
    environment: Option<MarkerEnvironment>,
}

impl Target {
    pub(super) fn of(interpreter: &Interpreter) -> Self {
        Self::of_markers(&interpreter.markers)
    }

    fn of_markers(markers: &Markers) -> Self {
        // A build from a checkout calls itself `3.14.0a1+`.
        let full_version = markers.python_full_version.trim_end_matches('+');
        let environment = MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: &markers.implementation_name,
            implementation_version: &markers.implementation_version,
            os_name: &markers.os_name,
            platform_machine: &markers.platform_machine,
            platform_python_implementation: &markers.platform_python_implementation,
            platform_release: &markers.platform_release,
            platform_system: &markers.platform_system,
            platform_version: &markers.platform_version,
            python_full_version: full_version,
            python_version: &markers.python_version,
            sys_platform: &markers.sys_platform,
        });
        Self {
            environment: environment.ok(),
        }
    }

    /// Returns whether a requirement is wanted, given the extras that are active around it.
    pub(super) fn wants(
        &self,
        requirement: &Requirement<VerbatimUrl>,
        extras: &[ExtraName],
    ) -> bool {
        self.holds(&requirement.marker, extras)
    }

    /// Returns whether a marker holds.
    pub(super) fn holds(&self, marker: &MarkerTree, extras: &[ExtraName]) -> bool {
        marker.evaluate_optional_environment(self.environment.as_ref(), extras)
    }

    /// Returns the interpreter's whole version.
    pub(super) fn python(&self) -> Option<&pep440_rs::Version> {
        self.environment
            .as_ref()
            .map(|environment| &environment.python_full_version().version)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::str::FromStr;

    use super::*;

    /// The markers of a CPython on 64-bit Linux.
    pub(in crate::environments) fn linux(version: &str) -> Target {
        let short = version.rsplit_once('.').unwrap().0;
        Target::of_markers(&Markers {
            implementation_name: "cpython".to_owned(),
            implementation_version: version.to_owned(),
            os_name: "posix".to_owned(),
            platform_machine: "x86_64".to_owned(),
            platform_python_implementation: "CPython".to_owned(),
            platform_release: "6.1.0".to_owned(),
            platform_system: "Linux".to_owned(),
            platform_version: "#1 SMP".to_owned(),
            python_full_version: version.to_owned(),
            python_version: short.to_owned(),
            sys_platform: "linux".to_owned(),
        })
    }

    #[test]
    fn markers_are_evaluated_for_the_interpreter() {
        let target = linux("3.10.4");
        for (text, expected) in [
            ("a", true),
            ("a ; python_version < '3.11'", true),
            ("a ; python_full_version >= '3.10.5'", false),
            ("a ; sys_platform == 'win32'", false),
            ("a ; extra == 'x'", false),
        ] {
            let requirement = Requirement::from_str(text).unwrap();
            assert_eq!(target.wants(&requirement, &[]), expected, "{text}");
        }
        let extra = [ExtraName::from_str("x").unwrap()];
        let requirement = Requirement::from_str("a ; extra == 'x'").unwrap();
        assert!(target.wants(&requirement, &extra));
        assert_eq!(target.python().unwrap().to_string(), "3.10.4");
    }
}
