//! What holds for the steps of one job or action: variables, defaults, what is known of expressions.

use towpath_workflow::yaml::Node;

use crate::PythonVersion;
use crate::automation::ci::conditions::{self, Known};
use crate::automation::ci::{pythons_in, variables};
use crate::automation::paths;
use crate::automation::walk::Scene;

/// What holds for the steps of one job or action.
#[derive(Clone)]
pub(super) struct StepScene {
    pub(super) scene: Scene,
    pub(super) known: Known,
    /// `defaults.run.shell`.
    pub(super) shell: String,
    /// `defaults.run.working-directory`, already in `scene.folder`.
    pub(super) base: String,
}

impl StepScene {
    /// Takes `env` and `defaults` of a workflow or job.
    pub(super) fn defaults(&mut self, node: &Node) {
        self.variables(node.get("env"));
        let run = node.at_path(&["defaults", "run"]);
        if let Some(shell) = run.and_then(|run| run.get("shell")).and_then(Node::text) {
            shell.clone_into(&mut self.shell);
        }
        if let Some(folder) = run
            .and_then(|run| run.get("working-directory"))
            .and_then(Node::text)
        {
            self.base = paths::join("", &conditions::substitute(folder, &self.known));
            self.scene.folder.clone_from(&self.base);
        }
    }

    pub(super) fn variables(&mut self, env: Option<&Node>) {
        for (name, value) in variables(env) {
            let value = conditions::substitute(&value, &self.known);
            self.variable(&name, &value);
        }
    }

    pub(super) fn variable(&mut self, name: &str, value: &str) {
        if name == "UV_PYTHON" {
            self.scene.pythons = pythons_in(value);
        }
        if !value.contains("${{") {
            self.known.insert(format!("env.{name}"), value.to_owned());
        }
        self.scene
            .environment
            .insert(name.to_owned(), value.to_owned());
    }

    /// Pythons among the keys of the matrix that an expression too clever to evaluate mentions.
    pub(super) fn mentioned_pythons(&self, raw: &str) -> Vec<PythonVersion> {
        let mentioned = self
            .known
            .iter()
            .filter(|(name, _)| name.starts_with("matrix.") && raw.contains(name.as_str()));
        mentioned
            .map(|(_, value)| pythons_in(value))
            .find(|pythons| !pythons.is_empty())
            .unwrap_or_default()
    }

    /// `continue-on-error` lets a failure pass.
    pub(super) fn passes(&mut self, node: &Node) {
        let text = node.get("continue-on-error").and_then(Node::text);
        self.scene.can_fail &=
            text.and_then(|text| conditions::truth(text, &self.known)) != Some(true);
    }

    pub(super) fn set_runner(&mut self, label: &str) {
        let label = label.to_ascii_lowercase();
        let system = match () {
            () if label.contains("windows") => "Windows",
            () if label.contains("macos") => "macOS",
            () if label.contains("${{") => return,
            () => "Linux",
        };
        self.known.insert("runner.os".to_owned(), system.to_owned());
    }
}

/// Walks down keys of mappings.
pub(super) trait AtPath {
    fn at_path(&self, path: &[&str]) -> Option<&Node>;
}

impl AtPath for Node {
    fn at_path(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }
}
