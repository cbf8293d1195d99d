//! The packages of a lock and what each needs, walked from the project's own requirements: what an
//! interpreter installs is what is reached through requirements whose markers hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{ExtraName, MarkerTree, Requirement, VerbatimUrl, VersionOrUrl};

use super::super::markers::Target;
use super::super::{LocalProject, Package};
use super::Locked;
use crate::normalise_name;

/// One version of a package in a lock.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) requires: Vec<Requirement<VerbatimUrl>>,
    /// What its extras need in addition, by normalised name.
    pub(super) extras: BTreeMap<String, Vec<Requirement<VerbatimUrl>>>,
    pub(super) requires_python: Option<VersionSpecifiers>,
    /// When it is installed at all, where the lock says so.
    pub(super) marker: MarkerTree,
    pub(super) sha256: Vec<String>,
    pub(super) source: Source,
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Index,
    Url(String),
    Local(LocalProject),
}

/// Walks from `roots`; fails with the first requirement that the lock has no package for.
pub(super) fn walk(
    nodes: &[Node],
    roots: &[Requirement<VerbatimUrl>],
    target: &Target,
) -> Result<Locked, String> {
    let mut queue: VecDeque<Requirement<VerbatimUrl>> = roots
        .iter()
        .filter(|root| target.wants(root, &[]))
        .cloned()
        .collect();
    let mut reached: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    while let Some(requirement) = queue.pop_front() {
        let name = normalise_name(requirement.name.as_ref());
        let (index, node) = choose(nodes, &name, &requirement, target).ok_or_else(|| {
            format!("it has no `{name}` for this Python, which the project requires")
        })?;
        let is_first = !reached.contains_key(&index);
        let known = reached.entry(index).or_default();
        let extras: Vec<&ExtraName> = requirement
            .extras
            .iter()
            .filter(|extra| known.insert(normalise_name(extra.as_ref())))
            .collect();
        if !is_first && extras.is_empty() {
            continue;
        }
        let active: Vec<ExtraName> = requirement.extras.clone();
        let of_extras = extras
            .iter()
            .filter_map(|extra| node.extras.get(&normalise_name(extra.as_ref())));
        let needed = node.requires.iter().chain(of_extras.flatten());
        queue.extend(
            needed
                .filter(|needed| target.wants(needed, &active))
                .cloned(),
        );
    }
    let mut locked = Locked::default();
    for node in reached.keys().filter_map(|&index| nodes.get(index)) {
        match &node.source {
            Source::Local(project) => locked.local.push(project.clone()),
            Source::Index => locked.packages.push(node.package(None)),
            Source::Url(url) => locked.packages.push(node.package(Some(url.clone()))),
        }
    }
    Ok(locked)
}

/// Of several versions of a package, those for other Pythons fall out first, then those that the
/// requirement does not admit; a lock that holds only one has decided already.
fn choose<'a>(
    nodes: &'a [Node],
    name: &str,
    requirement: &Requirement<VerbatimUrl>,
    target: &Target,
) -> Option<(usize, &'a Node)> {
    let named: Vec<(usize, &Node)> = nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.name == name && node.is_for(target))
        .collect();
    let admitted = named.iter().find(|(_, node)| node.is_admitted(requirement));
    admitted.or(named.first()).copied()
}

impl Node {
    fn is_for(&self, target: &Target) -> bool {
        let fits = match (&self.requires_python, target.python()) {
            (Some(specifiers), Some(python)) => specifiers.contains(python),
            _ => true,
        };
        fits && target.holds(&self.marker, &[])
    }

    fn is_admitted(&self, requirement: &Requirement<VerbatimUrl>) -> bool {
        match (
            &requirement.version_or_url,
            Version::from_str(&self.version),
        ) {
            (Some(VersionOrUrl::VersionSpecifier(specifiers)), Ok(version)) => {
                specifiers.contains(&version)
            }
            _ => true,
        }
    }

    fn package(&self, source: Option<String>) -> Package {
        // A checkout has no archive whose hash could be checked; its revision says what it is.
        let sha256 = match &source {
            Some(url) if url.starts_with("git+") => Vec::new(),
            _ => self.sha256.clone(),
        };
        Package {
            name: self.name.clone(),
            version: self.version.clone(),
            sha256,
            source,
        }
    }
}
