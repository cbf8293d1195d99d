//! What can only be said when the walk is done: order, Pythons, which tools an install serves.

use std::collections::BTreeMap;

use towpath_report::Place;

use super::model::{Automation, AutomationKind, Install, Invocation};
use super::notes::merged;
use super::tools;
use super::walk::Walker;
use crate::PythonVersion;

impl Walker<'_> {
    /// Gathers what can only be known at the end.
    pub(super) fn finish(mut self) -> Automation {
        for scope in &self.scopes {
            for index in &scope.installs {
                if let Some(install) = self.automation.installs.get_mut(*index) {
                    install.for_tools = scope.tools.iter().cloned().collect();
                }
            }
        }
        let mut automation = self.automation;
        let mut installs: Vec<Install> = Vec::new();
        for install in std::mem::take(&mut automation.installs) {
            let same = |other: &&mut Install| {
                **other
                    == Install {
                        via: other.via.clone(),
                        pythons: other.pythons.clone(),
                        environment: other.environment,
                        ..install.clone()
                    }
            };
            if install.for_tools.is_empty() {
                continue;
            }
            match installs.iter_mut().find(same) {
                Some(other) => other.pythons = merged(&other.pythons, &install.pythons),
                None => installs.push(install),
            }
        }
        automation.installs = installs;
        automation.apt_packages = self.apt_packages.into_iter().collect();
        automation.invocations.sort_by_key(|invocation| {
            (
                !invocation.reached_from_ci,
                !invocation.on_change,
                invocation.kind != AutomationKind::PreCommit,
            )
        });
        let checks = |invocation: &Invocation| {
            invocation.reached_from_ci
                && invocation.on_change
                && tools::is_covered(&invocation.tool)
        };
        automation.ci_is_whole &= automation.has_ci && automation.invocations.iter().any(checks);
        automation.pythons = pythons(&automation, &self.matrix_pythons);
        automation
    }
}

/// The Pythons that tests run on: in CI, else in the matrices of CI, else in tox, else in nox.
fn pythons(
    automation: &Automation,
    matrix: &BTreeMap<PythonVersion, Place>,
) -> Vec<(PythonVersion, Place)> {
    let of = |wanted: &dyn Fn(&Invocation) -> bool| {
        let mut found: BTreeMap<PythonVersion, Place> = BTreeMap::new();
        for invocation in &automation.invocations {
            if tools::is_test_runner(&invocation.tool) && wanted(invocation) {
                for python in &invocation.pythons {
                    found
                        .entry(*python)
                        .or_insert_with(|| invocation.place.clone());
                }
            }
        }
        found
    };
    let lists = [
        of(&|one| one.reached_from_ci && one.on_change && one.can_fail),
        of(&|one| one.reached_from_ci),
        matrix.clone(),
        of(&|one| one.kind == AutomationKind::Tox),
        of(&|one| one.kind == AutomationKind::Nox),
        of(&|_| true),
    ];
    // A single Python in CI may be the one of a release; a longer list says more.
    let longest = lists
        .iter()
        .find(|list| list.len() > 1)
        .or_else(|| lists.iter().find(|list| !list.is_empty()));
    longest.cloned().unwrap_or_default().into_iter().collect()
}
