//! The other projects of the repository that a project needs: laid over its environment for editing, as
//! their own installers would, never looked up on an index.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use towpath_python::{Project, normalise_name, requirement_extras, requirement_name};
use towpath_report::Problem;
use towpath_runner::JobContext;
use towpath_standard::{EnvironmentNeed, Facts, ProjectInstall};

use super::Subject;
use super::prepared::{Member, Prepared};
use super::session::Session;

/// Returns the projects that an environment takes from the repository: those that the project
/// names by path, and what those need.
pub(crate) fn needed<'a>(facts: &'a Facts<'_>, need: &EnvironmentNeed) -> Vec<&'a Project> {
    let holds_project = need.project != ProjectInstall::No || need.locked.is_some();
    let named: BTreeSet<String> = need
        .requirements
        .iter()
        .filter_map(|text| requirement_name(text))
        .collect();
    let is_wanted = |member: &Project| holds_project || named_in(&named, member);
    let at = |root: &String| facts.projects.iter().find(|project| project.root == *root);
    let direct = facts.project.path_dependencies.iter().filter_map(at);
    let mut open: Vec<&Project> = direct.filter(|member| is_wanted(member)).collect();
    let mut found: Vec<&Project> = Vec::new();
    while let Some(member) = open.pop() {
        let is_known = found.iter().any(|known| known.root == member.root);
        let is_itself = member.root == facts.project.root || is_built_with(facts, member);
        if !is_known && !is_itself {
            found.push(member);
            open.extend(member.path_dependencies.iter().filter_map(at));
        }
    }
    found
}

/// Returns whether a member's own build asks for the project, so that it cannot be laid for it.
fn is_built_with(facts: &Facts<'_>, member: &Project) -> bool {
    let system = member.build_system.iter();
    let requires = system.flat_map(|system| &system.requires);
    let names: BTreeSet<String> = requires.filter_map(|text| requirement_name(text)).collect();
    named_in(&names, facts.project)
}

fn named_in(names: &BTreeSet<String>, member: &Project) -> bool {
    member
        .name
        .as_deref()
        .is_some_and(|name| names.contains(&normalise_name(name)))
}

/// Replaces the members among requirements by what they and the extras that are asked of them require in
/// turn, without the project itself where it is installed beside them: members may need it in a circle.
pub(crate) fn replaced(
    requirements: &[String],
    members: &[&Project],
    own: Option<&Project>,
) -> Vec<String> {
    let name = |project: &Project| project.name.as_deref().map(normalise_name);
    let laid = members.iter().copied().chain(own);
    let laid: BTreeMap<String, &Project> = laid
        .filter_map(|project| Some((name(project)?, project)))
        .collect();
    let theirs = members.iter().flat_map(|member| &member.dependencies);
    let mut open: VecDeque<&String> = requirements.iter().chain(theirs).collect();
    let mut asked = BTreeSet::new();
    let mut kept = Vec::new();
    while let Some(text) = open.pop_front() {
        let project = requirement_name(text).and_then(|name| laid.get(&name));
        let Some(project) = project else {
            kept.push(text.clone());
            continue;
        };
        let wanted: BTreeSet<String> = requirement_extras(text)
            .iter()
            .map(|extra| normalise_name(extra))
            .collect();
        for (extra, list) in &project.extras {
            let is_wanted = wanted.contains(&normalise_name(extra));
            if is_wanted && asked.insert((&project.root, extra)) {
                open.extend(list);
            }
        }
    }
    kept
}

impl Session<'_> {
    /// Returns the members that an environment needs, each with the identity of its layer. Without a
    /// context nothing is started, and `None` means that one is not known.
    pub(crate) fn members(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        context: Option<&JobContext<'_>>,
    ) -> Result<Option<Vec<Member>>, Problem> {
        let editable = EnvironmentNeed {
            project: ProjectInstall::Editable,
            ..need.clone()
        };
        let mut members = Vec::new();
        for member in needed(subject.facts, need) {
            let of_member = self.subject_of(subject, &member.root);
            let Some(subject) = of_member.filter(|_| member.is_package) else {
                continue;
            };
            let Some(key) = self.layer_key(&subject, &editable, context)? else {
                return Ok(None);
            };
            members.push(Member {
                root: member.root.clone(),
                key,
            });
        }
        Ok(Some(members))
    }

    /// Lays the members over an environment.
    pub(crate) fn lay_members(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        prepared: &mut Prepared<'_>,
        context: &JobContext<'_>,
    ) -> Result<(), Vec<Problem>> {
        let mut members = std::mem::take(&mut prepared.resolved.members);
        for member in &mut members {
            if let Some(subject) = self.subject_of(subject, &member.root) {
                member.key = self.lay_editable(&subject, need, prepared, context)?;
            }
        }
        prepared.resolved.members = members;
        Ok(())
    }

    fn subject_of<'s>(&'s self, subject: &Subject<'s>, root: &str) -> Option<Subject<'s>> {
        let facts = self
            .projects
            .iter()
            .find(|facts| facts.project.root == root)?;
        Some(Subject {
            check: subject.check,
            facts,
            python: subject.python,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_python::{Manifest, ManifestKind};

    fn project(name: &str, dependencies: &[&str]) -> Project {
        let manifest = Manifest {
            kind: ManifestKind::Pyproject,
            path: format!("{name}/pyproject.toml"),
        };
        let mut project = Project::new(name, manifest);
        project.name = Some(name.to_owned());
        project.dependencies = dependencies.iter().map(|text| (*text).to_owned()).collect();
        project
    }

    #[test]
    fn members_that_need_the_project_in_a_circle_add_nothing_to_look_up() {
        let (own, member) = (
            project("app", &["core"]),
            project("core", &["app>=1", "attrs"]),
        );
        assert_eq!(
            replaced(&own.dependencies, &[&member], Some(&own)),
            ["attrs"]
        );
    }

    #[test]
    fn extras_of_members_are_looked_up_with_them() {
        let own = project("app", &["core[Postgres]>=1", "httpx"]);
        let mut core = project("core", &["attrs"]);
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        core.extras
            .insert("all".to_owned(), list(&["core[postgres]", "rich"]));
        core.extras
            .insert("postgres".to_owned(), list(&["psycopg", "core[all]"]));
        core.extras.insert("redis".to_owned(), list(&["redis"]));
        assert_eq!(
            replaced(&own.dependencies, &[&core], Some(&own)),
            ["httpx", "attrs", "psycopg", "rich"]
        );
    }
}
