//! Containers of jobs and services.

use super::fields::Form;
use super::reader::{Reader, Whole};
use crate::legal::Legal;
use crate::syntax::{Container, Credentials};
use crate::yaml::Node;

const KEYS: &[&str] = &["image", "options", "env", "ports", "volumes", "credentials"];
const SERVICE_KEYS: &[&str] = &[
    "image",
    "options",
    "env",
    "ports",
    "volumes",
    "credentials",
    "entrypoint",
    "command",
];

impl Reader<'_> {
    /// Reads a container: an image, or a mapping.
    pub(super) fn container(&mut self, node: &Node, is_service: bool) -> Option<Container> {
        if node.as_mapping().is_none() {
            let image = self.text(node, "`container`", &Legal::CONTAINER)?;
            return Some(Container {
                image,
                ..Container::default()
            });
        }
        let (keys, kind) = if is_service {
            (SERVICE_KEYS, "a service")
        } else {
            (KEYS, "a container")
        };
        let form = Form {
            keys,
            which: kind,
            kind,
        };
        let fields = self.fields(node, &form)?;
        let mut texts = |key: &str| {
            fields
                .get(key)
                .map(|node| self.listed_texts(node, &format!("`{key}`"), &Legal::CONTAINER))
                .unwrap_or_default()
        };
        let (ports, volumes) = (texts("ports"), texts("volumes"));
        let mut text = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.text(node, &format!("`{key}`"), &Legal::CONTAINER))
        };
        let (options, entrypoint, command) = (text("options"), text("entrypoint"), text("command"));
        // An expression may give an empty image, which means no container.
        let image = fields
            .get("image")
            .and_then(|node| self.some_text(node, "`image`", &Legal::CONTAINER));
        if fields.get("image").is_none() && !node.has_expression() {
            let hint = "add `image: NAME`".to_owned();
            let message = format!("{kind} without an `image`");
            self.problem(node.span.clone(), message, "needs an `image`", hint);
        }
        let env = fields
            .get("env")
            .map(|node| self.variables_in(node, "`env`", &Legal::CONTAINER, &Legal::CONTAINER_ENV));
        let credentials = fields
            .get("credentials")
            .and_then(|node| self.credentials(node));
        Some(Container {
            image: image.unwrap_or_default(),
            credentials,
            env: env.unwrap_or_default(),
            ports,
            volumes,
            options,
            entrypoint,
            command,
        })
    }

    fn credentials(&mut self, node: &Node) -> Option<Credentials> {
        match self.whole(node, &Legal::CREDENTIALS) {
            Whole::Expression(whole) => {
                return Some(Credentials {
                    username: Some(whole),
                    password: None,
                });
            }
            Whole::Wrong => return None,
            Whole::WrittenOut => {}
        }
        let form = Form {
            keys: &["username", "password"],
            which: "`credentials`",
            kind: "`credentials`",
        };
        let fields = self.fields(node, &form)?;
        let mut text = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.some_text(node, &format!("`{key}`"), &Legal::CREDENTIALS))
        };
        Some(Credentials {
            username: text("username"),
            password: text("password"),
        })
    }
}
