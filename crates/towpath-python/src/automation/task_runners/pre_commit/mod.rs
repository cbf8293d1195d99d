//! pre-commit: the hooks of `.pre-commit-config.yaml`, with the versions their `rev` pins.
//! A hook fails also when its tool only rewrites, since pre-commit looks at the files afterwards.

mod hooks;
#[cfg(test)]
mod tests;

use towpath_workflow::yaml::Node;

use crate::automation::model::{AutomationKind, Invocation, VersionPin};
use crate::automation::options;
use crate::automation::runners;
use crate::automation::shell;
use crate::automation::tools::{self, Tool};
use crate::automation::walk::{Scene, TaskRunner, Walker};
use crate::automation::yaml::{line_of, strings};

const NAMES: [&str; 2] = [".pre-commit-config.yaml", ".pre-commit-config.yml"];

/// What a call of pre-commit asks for.
#[derive(Debug, Default)]
struct Call {
    hook: Option<String>,
    stage: String,
    skipped: Vec<String>,
}

/// A hook and the repository it comes from.
struct Hook<'a> {
    node: &'a Node,
    id: &'a str,
    repository: &'a str,
    version: Option<VersionPin>,
    line: u32,
}

/// pre-commit, whose configuration lies at the root alone.
pub(super) struct Runner;

impl TaskRunner for Runner {
    fn programs(&self) -> &'static [&'static str] {
        &["pre-commit", "prek"]
    }

    fn read(&self, walker: &mut Walker<'_>, folder: &str) {
        if folder.is_empty() {
            walker.read_pre_commit();
        }
    }

    fn follow(&self, walker: &mut Walker<'_>, _program: &str, arguments: &[String], scene: &Scene) {
        walker.follow_pre_commit(arguments, scene);
    }
}

impl Walker<'_> {
    /// Reads the configuration; pre-commit.ci, where it is set up, counts as CI.
    fn read_pre_commit(&mut self) {
        let Some((path, text)) = NAMES
            .iter()
            .find_map(|name| Some((*name, self.read(name)?)))
        else {
            return;
        };
        self.source("pre-commit", path);
        let Some(root) = self.yaml(path, &text) else {
            return;
        };
        let mut scene = self.root_scene(AutomationKind::PreCommit, path);
        let mut skipped = Vec::new();
        if let Some(ci) = root.get("ci") {
            scene.from_ci = true;
            scene.on_change = true;
            scene.via.push("pre-commit.ci".to_owned());
            skipped = strings(ci.get("skip"));
        }
        self.hooks(
            &root,
            &text,
            &Call {
                skipped: skipped.clone(),
                ..Call::default()
            },
            &scene,
        );
        if !skipped.is_empty() {
            // What pre-commit.ci leaves out still runs on the developers' machines.
            let scene = self.root_scene(AutomationKind::PreCommit, path);
            self.hooks(&root, &text, &Call::default(), &scene);
        }
    }

    /// Follows `pre-commit run …`.
    fn follow_pre_commit(&mut self, arguments: &[String], scene: &Scene) {
        let read = options::all(
            arguments,
            &[
                "-c",
                "--config",
                "--hook-stage",
                "--from-ref",
                "--to-ref",
                "-s",
                "-o",
                "--color",
                "--source",
                "--origin",
            ],
        );
        let mut operands = read.operands.iter();
        if operands.next().is_none_or(|command| command != "run") {
            return;
        }
        let configured = read
            .value(&["-c", "--config"])
            .map(|path| crate::automation::paths::join(&scene.folder, path));
        let path = configured.unwrap_or_else(|| {
            let found = NAMES.iter().find(|name| self.tree.contains(name));
            found.unwrap_or(&NAMES[0]).to_string()
        });
        let Some(text) = self.read(&path) else {
            self.unreadable(
                scene,
                &format!("`pre-commit` is called, but `{path}` is not here"),
            );
            return;
        };
        let Some(root) = self.yaml(&path, &text) else {
            return;
        };
        let mut files = read.values(&["--files"]).peekable();
        let hook = operands.next().filter(|_| files.peek().is_none()).cloned();
        let skipped = scene
            .environment
            .get("SKIP")
            .map(|list| list.split(',').map(|id| id.trim().to_owned()).collect());
        let call = Call {
            hook,
            stage: read.value(&["--hook-stage"]).unwrap_or_default().to_owned(),
            skipped: skipped.unwrap_or_default(),
        };
        let mut inner = scene.inside(AutomationKind::PreCommit, &path, "pre-commit".to_owned());
        inner.folder = String::new();
        if !self.enter(format!("pre-commit {path}"), scene) {
            return;
        }
        self.hooks(&root, &text, &call, &inner);
        self.leave();
    }

    fn hooks(&mut self, root: &Node, text: &str, call: &Call, scene: &Scene) {
        let default_stages = strings(root.get("default_stages"));
        for repository in root
            .get("repos")
            .and_then(Node::as_sequence)
            .unwrap_or_default()
        {
            let name = repository
                .get("repo")
                .and_then(Node::text)
                .unwrap_or_default();
            let version = repository
                .get("rev")
                .and_then(|rev| version(rev, text, &scene.place.path));
            for node in repository
                .get("hooks")
                .and_then(Node::as_sequence)
                .unwrap_or_default()
            {
                let Some(id) = node.get("id").and_then(Node::text) else {
                    continue;
                };
                let line = line_of(text, node.span.start);
                let hook = Hook {
                    node,
                    id,
                    repository: name,
                    version: version.clone(),
                    line,
                };
                if name != "meta" && call.wants(&hook, &default_stages) {
                    self.hook(&hook, root, scene);
                }
            }
        }
    }

    fn hook(&mut self, hook: &Hook<'_>, root: &Node, scene: &Scene) {
        let mut at = scene.at_line(hook.line);
        let language = hook.node.get("language").and_then(Node::text);
        if !(scene.from_ci && matches!(language, Some("system" | "unsupported"))) {
            // pre-commit makes an environment for each hook but those of the system, which run with what
            // the job has installed.
            at.scope = self.new_scope();
        }
        let dependencies = strings(hook.node.get("additional_dependencies"));
        self.pin_requirements(&dependencies, &at);
        let command = hook.command();
        // The entry of these is a pattern or a message.
        let is_pattern = matches!(language, Some("pygrep" | "fail"));
        let entry_is_local =
            !is_pattern && (hook.repository == "local" || hook.node.get("entry").is_some());
        if is_pattern {
            self.record(
                Tool {
                    name: hook.id.to_owned(),
                    arguments: Vec::new(),
                },
                &[],
                &at,
            );
        } else if entry_is_local {
            self.command(&command, &at);
        } else if let Some(tool) = tools::recognise(&runners::peel(&command).words) {
            self.record(tool, &[], &at);
        } else {
            let arguments = command.get(1..).unwrap_or_default().to_vec();
            self.record(
                Tool {
                    name: hook.id.to_owned(),
                    arguments,
                },
                &[],
                &at,
            );
        }
        let (files, exclude) = (
            patterns(root, hook.node, "files"),
            patterns(root, hook.node, "exclude"),
        );
        let mut types = strings(hook.node.get("types"));
        types.extend(strings(hook.node.get("types_or")));
        let pinned = (!entry_is_local).then(|| hook.version.clone()).flatten();
        let path = at.place.path.clone();
        let is_own = |one: &Invocation| one.place.path == path && one.place.line == hook.line;
        for invocation in self
            .automation
            .invocations
            .iter_mut()
            .filter(|one| is_own(one))
        {
            invocation.files_pattern.clone_from(&files);
            invocation.exclude_pattern.clone_from(&exclude);
            invocation.types.clone_from(&types);
            invocation.additional_dependencies.clone_from(&dependencies);
            if let Some(pin) = &pinned {
                invocation.version = Some(pin.clone());
            }
        }
    }
}

impl Call {
    fn wants(&self, hook: &Hook<'_>, default_stages: &[String]) -> bool {
        if self.skipped.iter().any(|id| id == hook.id)
            || self
                .skipped
                .iter()
                .any(|id| hook.node.get("alias").and_then(Node::text) == Some(id))
        {
            return false;
        }
        if let Some(wanted) = &self.hook {
            let alias = hook.node.get("alias").and_then(Node::text);
            if hook.id != wanted && alias != Some(wanted) {
                return false;
            }
        }
        let own = strings(hook.node.get("stages"));
        let stages = if own.is_empty() { default_stages } else { &own };
        let plain = |stage: &str| stage.trim_start_matches("pre-").to_owned();
        let wanted = if self.stage.is_empty() {
            "commit".to_owned()
        } else {
            plain(&self.stage)
        };
        let is_usual = |stage: &String| {
            let stage = plain(stage);
            stage == wanted || (self.stage.is_empty() && self.hook.is_none() && stage == "push")
        };
        stages.is_empty() || stages.iter().any(is_usual)
    }
}

impl Hook<'_> {
    /// The command line: entry and arguments of the configuration, else of the hook's repository.
    fn command(&self) -> Vec<String> {
        let known = hooks::find(self.id).filter(|_| self.repository != "local");
        let entry = self.node.get("entry").and_then(Node::text);
        let mut words = match (entry, known) {
            (Some(entry), _) => shell::words(entry),
            (None, Some(known)) => shell::words(known.entry),
            (None, None) => vec![self.id.to_owned()],
        };
        match self.node.get("args") {
            Some(arguments) => words.extend(strings(Some(arguments))),
            None => words.extend(
                known
                    .iter()
                    .flat_map(|known| known.arguments)
                    .map(|argument| (*argument).to_owned()),
            ),
        }
        words
    }
}

/// The version of a repository: its `rev`, or the comment `# frozen: v1.2` beside a commit.
fn version(rev: &Node, text: &str, path: &str) -> Option<VersionPin> {
    let written = rev.text()?;
    let line = text
        .get(rev.span.start..)?
        .lines()
        .next()
        .unwrap_or_default();
    let frozen = line.split_once("frozen:").map(|(_, rest)| rest.trim());
    let text_of = frozen.unwrap_or(written);
    let version = text_of
        .split_whitespace()
        .next()?
        .trim_start_matches(['v', 'V']);
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && (version.contains('.') || version.len() < 8);
    let source = format!("{path}:{}", line_of(text, rev.span.start));
    is_version.then(|| VersionPin {
        version: version.to_owned(),
        source,
    })
}

/// Joins the pattern of the file with that of the hook.
fn patterns(root: &Node, hook: &Node, key: &str) -> Option<String> {
    let text = |node: &Node| {
        node.get(key)
            .and_then(Node::text)
            .map(str::to_owned)
            .filter(|text| !text.is_empty())
    };
    match (text(root), text(hook)) {
        // Both exclude; of `files` the hook's is the narrower and the one people read.
        (Some(all), Some(own)) if key == "exclude" => Some(format!("(?:{all})|(?:{own})")),
        (all, own) => own.or(all),
    }
}
