//! `action.yml`: composite, JavaScript and Docker actions.

use super::fields::{Fields, Form};
use super::reader::{Reader, scalar_text};
use crate::legal::Legal;
use crate::syntax::{Action, ActionInput, ActionOutput, Runs};
use crate::yaml::Node;

const NODE_KEYS: &[&str] = &["using", "main", "pre", "pre-if", "post", "post-if"];
const DOCKER_KEYS: &[&str] = &[
    "using",
    "image",
    "entrypoint",
    "args",
    "env",
    "pre-entrypoint",
    "pre-if",
    "post-entrypoint",
    "post-if",
];
const COMPOSITE_KEYS: &[&str] = &["using", "steps"];

impl Reader<'_> {
    pub(super) fn action(&mut self, node: &Node) -> Option<Action> {
        if node.is_null() {
            let hint = "an action has `name:`, `description:` and `runs:`".to_owned();
            self.problem(
                node.span.clone(),
                "the file is empty",
                "needs an action",
                hint,
            );
            return None;
        }
        // GitHub leaves other keys of an action alone.
        let Some(entries) = node.as_mapping() else {
            self.wrong_kind(node, "the action", "a mapping");
            return None;
        };
        let get = |key: &str| {
            entries
                .iter()
                .find(|(name, _)| name.text() == Some(key))
                .map(|(_, value)| value)
        };
        let Some(runs) = get("runs") else {
            let hint = "add `runs:` with `using: composite` and `steps:`".to_owned();
            self.problem(
                node.span.start..node.span.start,
                "the action has no `runs`",
                "this action",
                hint,
            );
            return None;
        };
        Some(Action {
            name: get("name").and_then(scalar_text),
            description: get("description").and_then(scalar_text),
            inputs: get("inputs")
                .map(|node| self.action_inputs(node))
                .unwrap_or_default(),
            outputs: get("outputs")
                .map(|node| self.action_outputs(node))
                .unwrap_or_default(),
            runs: self.runs(runs)?,
        })
    }

    fn action_inputs(&mut self, node: &Node) -> Vec<ActionInput> {
        if node.is_null() {
            return Vec::new();
        }
        let mut inputs = Vec::new();
        for (name, _, value) in self.entries(node, "`inputs`") {
            let text = |key: &str| value.get(key).and_then(scalar_text);
            inputs.push(ActionInput {
                name: name.to_owned(),
                description: text("description"),
                required: text("required").as_deref() == Some("true"),
                default: value.get("default").and_then(|node| {
                    self.text(
                        node,
                        &format!("the default of `{name}`"),
                        &Legal::ACTION_DEFAULT,
                    )
                }),
                deprecation_message: text("deprecationMessage"),
            });
        }
        inputs
    }

    fn action_outputs(&mut self, node: &Node) -> Vec<ActionOutput> {
        if node.is_null() {
            return Vec::new();
        }
        let mut outputs = Vec::new();
        for (name, _, value) in self.entries(node, "`outputs`") {
            outputs.push(ActionOutput {
                name: name.to_owned(),
                description: value.get("description").and_then(scalar_text),
                value: value.get("value").and_then(|node| {
                    self.text(node, &format!("output `{name}`"), &Legal::ACTION_OUTPUT)
                }),
            });
        }
        outputs
    }

    fn runs(&mut self, node: &Node) -> Option<Runs> {
        let Some(using) = node.get("using") else {
            if node.as_mapping().is_none() {
                self.wrong_kind(node, "`runs`", "a mapping");
            } else {
                let hint = "add `using: composite`, `using: node20` or `using: docker`".to_owned();
                self.problem(
                    node.span.clone(),
                    "`runs` has no `using`",
                    "needs `using`",
                    hint,
                );
            }
            return None;
        };
        let name = self.plain(using, "`using`")?;
        let keys = match name.to_ascii_lowercase().as_str() {
            "composite" => COMPOSITE_KEYS,
            "docker" => DOCKER_KEYS,
            "node12" | "node16" | "node20" | "node24" => NODE_KEYS,
            _ => {
                let hint = "the kinds are `composite`, `node20`, `node24` and `docker`".to_owned();
                self.problem(
                    using.span.clone(),
                    format!("`{name}` runs no action"),
                    "not a kind of action",
                    hint,
                );
                return None;
            }
        };
        let fields = self.fields(
            node,
            &Form {
                keys,
                which: "`runs`",
                kind: &format!("an action that uses `{name}`"),
            },
        )?;
        if keys == COMPOSITE_KEYS {
            let steps = self.required(node, &fields, "steps")?;
            return Some(Runs::Composite {
                steps: self.action_steps(steps),
            });
        }
        if keys == DOCKER_KEYS {
            self.docker(node, &fields)
        } else {
            self.javascript(node, &fields, name)
        }
    }

    fn required<'n>(&mut self, node: &Node, fields: &Fields<'n>, key: &str) -> Option<&'n Node> {
        let value = fields.get(key);
        if value.is_none() {
            let message = format!("`runs` has no `{key}`");
            self.problem(
                node.span.clone(),
                message,
                &format!("needs `{key}`"),
                format!("add `{key}:`"),
            );
        }
        value
    }

    fn javascript(&mut self, node: &Node, fields: &Fields<'_>, using: String) -> Option<Runs> {
        let main = self.required(node, fields, "main")?;
        let mut file = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.plain(node, &format!("`{key}`")))
        };
        let (pre, post) = (file("pre"), file("post"));
        let mut condition = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.condition(node, &Legal::ACTION_IF))
        };
        let (pre_if, post_if) = (condition("pre-if"), condition("post-if"));
        Some(Runs::JavaScript {
            using,
            main: self.plain(main, "`main`")?,
            pre,
            pre_if,
            post,
            post_if,
        })
    }

    fn docker(&mut self, node: &Node, fields: &Fields<'_>) -> Option<Runs> {
        let image = self.required(node, fields, "image")?;
        let mut file = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.plain(node, &format!("`{key}`")))
        };
        let (entrypoint, pre_entrypoint, post_entrypoint) = (
            file("entrypoint"),
            file("pre-entrypoint"),
            file("post-entrypoint"),
        );
        let mut condition = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.condition(node, &Legal::ACTION_IF))
        };
        let (pre_if, post_if) = (condition("pre-if"), condition("post-if"));
        let args = fields
            .get("args")
            .and_then(Node::as_sequence)
            .unwrap_or_default();
        let args = args
            .iter()
            .filter_map(|item| self.text(item, "`args`", &Legal::ACTION_CONTAINER))
            .collect();
        let env = fields
            .get("env")
            .map(|node| self.variables(node, "`env`", &Legal::ACTION_CONTAINER));
        Some(Runs::Docker {
            image: self.plain(image, "`image`")?,
            entrypoint,
            pre_entrypoint,
            pre_if,
            post_entrypoint,
            post_if,
            args,
            env: env.unwrap_or_default(),
        })
    }
}
