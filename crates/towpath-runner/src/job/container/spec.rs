//! What a workflow says of a container, evaluated.

use std::collections::BTreeMap;

use towpath_report::Problem;
use towpath_workflow::expression::Value;
use towpath_workflow::syntax::{Container, Text};

use crate::evaluate::Values;

/// A container, as a workflow wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) image: String,
    pub(super) env: BTreeMap<String, String>,
    pub(super) ports: Vec<String>,
    pub(super) volumes: Vec<String>,
    pub(super) options: String,
    /// Empty for that of the image.
    pub(super) entrypoint: String,
    pub(super) command: String,
    /// The user of the registry and the password.
    pub(super) credentials: Option<(String, String)>,
}

impl Spec {
    /// Evaluates a container; none where its image is empty.
    pub(super) fn of(container: &Container, values: &Values<'_>) -> Result<Option<Self>, Problem> {
        let image = values.value(&container.image)?;
        if matches!(image, Value::Object(_)) {
            return Ok(Self::of_value(&image));
        }
        let text = |text: &Option<Text>| {
            let text = text.as_ref().map(|text| values.text(text)).transpose();
            text.map(Option::unwrap_or_default)
        };
        let texts = |texts: &[Text]| -> Result<Vec<String>, Problem> {
            texts.iter().map(|text| values.text(text)).collect()
        };
        let credentials = match &container.credentials {
            Some(credentials) => {
                let user = text(&credentials.username)?;
                Some((user, text(&credentials.password)?))
            }
            None => None,
        };
        let spec = Self {
            image: image.to_text().trim().to_owned(),
            env: values.variables(&container.env)?,
            ports: texts(&container.ports)?,
            volumes: texts(&container.volumes)?,
            options: text(&container.options)?,
            entrypoint: text(&container.entrypoint)?,
            command: text(&container.command)?,
            credentials: credentials.filter(|(user, _)| !user.is_empty()),
        };
        Ok(Some(spec).filter(|spec| !spec.image.is_empty()))
    }

    /// Reads a container that one expression gave as a whole.
    pub(super) fn of_value(value: &Value) -> Option<Self> {
        let Value::Object(container) = value else {
            let image = value.to_text().trim().to_owned();
            return (!image.is_empty()).then(|| Self {
                image,
                ..Self::default()
            });
        };
        let text = |name: &str| container.get(name).map_or_else(String::new, Value::to_text);
        let texts = |name: &str| match container.get(name) {
            Some(Value::Array(values)) => values.iter().map(Value::to_text).collect(),
            _ => Vec::new(),
        };
        let pairs = |name: &str| match container.get(name) {
            Some(Value::Object(object)) => object
                .0
                .iter()
                .map(|(name, value)| (name.clone(), value.to_text()))
                .collect(),
            _ => BTreeMap::new(),
        };
        let credentials = pairs("credentials");
        let user = credentials.get("username").cloned();
        let spec = Self {
            image: text("image").trim().to_owned(),
            env: pairs("env"),
            ports: texts("ports"),
            volumes: texts("volumes"),
            options: text("options"),
            entrypoint: text("entrypoint"),
            command: text("command"),
            credentials: user.map(|user| {
                (
                    user,
                    credentials.get("password").cloned().unwrap_or_default(),
                )
            }),
        };
        Some(spec).filter(|spec| !spec.image.is_empty())
    }
}
