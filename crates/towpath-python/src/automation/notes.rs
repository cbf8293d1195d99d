//! What the walk notes: commands, installs, and the versions that pins give.

use std::collections::BTreeSet;

use super::installs::Draft;
use super::model::{AutomationKind, Install, Invocation, VersionPin};
use super::paths;
use super::tools::{self, Tool};
use super::walk::{Scene, Walker};
use crate::PythonVersion;
use crate::requirement::{normalise_name, requirement_name};

impl Walker<'_> {
    /// Notes that a tool runs.
    pub(super) fn record(&mut self, tool: Tool, with: &[String], scene: &Scene) {
        self.record_as(None, tool, with, scene);
    }

    /// Notes that a tool runs, by a `program` that is not written as its name.
    pub(super) fn record_as(
        &mut self,
        program: Option<String>,
        tool: Tool,
        with: &[String],
        scene: &Scene,
    ) {
        let is_rewriting_hook = scene.kind == AutomationKind::PreCommit;
        let fails = tools::can_fail(&tool.name, &tool.arguments)
            || (is_rewriting_hook
                && !tool
                    .arguments
                    .iter()
                    .any(|argument| argument == "--exit-zero"));
        let mut invocation = Invocation {
            can_fail: scene.can_fail && fails,
            by_default: scene.by_default,
            version: self.version(&tool.name, scene),
            tool: tool.name,
            arguments: tool.arguments,
            program,
            folder: scene.folder.clone(),
            place: scene.place.clone(),
            via: scene.via.clone(),
            other_ways: Vec::new(),
            kind: scene.kind,
            reached_from_ci: scene.from_ci,
            on_change: scene.on_change,
            additional_dependencies: with.to_vec(),
            environment: scene.environment.clone(),
            files_pattern: None,
            exclude_pattern: None,
            types: Vec::new(),
            pythons: scene.pythons.clone(),
        };
        let package = tools::package(&invocation.tool).to_owned();
        invocation
            .additional_dependencies
            .retain(|text| requirement_name(text).is_none_or(|name| name != package));
        self.push(invocation, scene.scope);
    }

    /// Adds a command, or its Pythons to the same command that is there already.
    pub(super) fn push(&mut self, invocation: Invocation, scope: usize) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.tools.insert(invocation.tool.clone());
        }
        let same = |other: &&mut Invocation| {
            other.tool == invocation.tool
                && other.place == invocation.place
                && other.arguments == invocation.arguments
                && other.folder == invocation.folder
        };
        let Some(other) = self.automation.invocations.iter_mut().find(same) else {
            self.automation.invocations.push(invocation);
            return;
        };
        let is_better = |one: &Invocation| {
            (
                one.reached_from_ci,
                one.on_change,
                one.by_default,
                one.can_fail,
            )
        };
        let pythons = merged(&other.pythons, &invocation.pythons);
        if is_better(&invocation) > is_better(other) {
            // Pythons of an uncalled environment say nothing about the call.
            let keeps = other.reached_from_ci == invocation.reached_from_ci;
            let own = invocation.pythons.clone();
            *other = invocation;
            other.pythons = if keeps { pythons } else { own };
        } else if other.reached_from_ci == invocation.reached_from_ci {
            other.pythons = pythons;
            let is_new = other.via != invocation.via && !other.other_ways.contains(&invocation.via);
            if is_new && is_better(&invocation) == is_better(other) {
                other.other_ways.push(invocation.via);
            }
        }
    }

    fn version(&self, tool: &str, scene: &Scene) -> Option<VersionPin> {
        self.scopes
            .get(scene.scope)?
            .pins
            .get(&normalise_name(tools::package(tool)))
            .cloned()
    }

    /// Notes an install and the versions that it pins.
    pub(super) fn install(&mut self, draft: Draft, scene: &Scene) {
        let at = |path: &String| paths::join(&scene.folder, path);
        let install = Install {
            installer: draft.installer.to_owned(),
            requirement_files: draft.requirement_files.iter().map(at).collect(),
            constraint_files: draft.constraint_files.iter().map(at).collect(),
            requirements: draft.requirements,
            extras: draft.extras,
            groups: draft.groups,
            project: draft.project,
            editable: draft.editable,
            folder: paths::join(&scene.folder, &draft.folder),
            place: scene.place.clone(),
            via: scene.via.clone(),
            reached_from_ci: scene.from_ci,
            environment: scene.scope,
            for_tools: Vec::new(),
            pythons: scene.pythons.clone(),
        };
        self.pin_requirements(&install.requirements, scene);
        for file in install
            .requirement_files
            .iter()
            .chain(&install.constraint_files)
        {
            self.pin_file(file, scene, 0);
        }
        let known = self
            .scopes
            .get(scene.scope)
            .map(|scope| scope.installs.clone())
            .unwrap_or_default();
        if known
            .iter()
            .any(|at| self.automation.installs.get(*at) == Some(&install))
        {
            return;
        }
        let index = self.automation.installs.len();
        self.automation.installs.push(install);
        if let Some(scope) = self.scopes.get_mut(scene.scope) {
            scope.installs.push(index);
        }
    }

    /// Notes exact versions among requirements.
    pub(super) fn pin_requirements(&mut self, requirements: &[String], scene: &Scene) {
        for requirement in requirements {
            self.pin(requirement, &scene.place.to_string(), scene.scope);
        }
    }

    fn pin(&mut self, requirement: &str, source: &str, scope: usize) {
        // What follows `;` is a marker, and has `==` of its own.
        let pinned = requirement
            .split(';')
            .next()
            .and_then(|text| text.split_once("=="));
        let Some((_, version)) = pinned else {
            return;
        };
        let version = version
            .trim_start_matches('=')
            .split([';', ' ', ',', '\\', '#'])
            .find(|part| !part.is_empty());
        let Some(version) = version.filter(|version| !version.contains(['*', '$'])) else {
            return;
        };
        let pin = VersionPin {
            version: version.to_owned(),
            source: source.to_owned(),
        };
        let scope = self.scopes.get_mut(scope);
        if let (Some(scope), Some(name)) = (scope, requirement_name(requirement)) {
            scope.pins.entry(name).or_insert(pin);
        }
    }

    fn pin_file(&mut self, path: &str, scene: &Scene, depth: u32) {
        const DEEPEST_FILE: u32 = 5;
        let Some(text) = self.read(path).filter(|_| depth < DEEPEST_FILE) else {
            return;
        };
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            let included = ["-r ", "-c ", "--requirement ", "--constraint "]
                .iter()
                .find_map(|option| line.strip_prefix(option));
            if let Some(included) = included {
                self.pin_file(
                    &paths::join(paths::parent(path), included.trim()),
                    scene,
                    depth + 1,
                );
            } else if !line.starts_with(['#', '-']) {
                self.pin(line, &format!("{path}:{}", at + 1), scene.scope);
            }
        }
    }
}

/// Returns the union of two ascending lists.
pub(super) fn merged(one: &[PythonVersion], other: &[PythonVersion]) -> Vec<PythonVersion> {
    let all: BTreeSet<PythonVersion> = one.iter().chain(other).copied().collect();
    all.into_iter().collect()
}
