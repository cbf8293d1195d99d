//! `on`: the events that start a workflow.

use towpath_report::nearest;

use super::fields::{Fields, Form, list};
use super::reader::Reader;
use crate::cron;
use crate::events::{EVENTS, Event, names};
use crate::glob::Pattern;
use crate::legal::Legal;
use crate::syntax::{Filter, Schedule, Trigger, TriggerKind};
use crate::yaml::{Node, Value};

impl Reader<'_> {
    /// Reads the value of `on`: an event, a list of them, or a mapping.
    pub(super) fn triggers(&mut self, node: &Node) -> Vec<Trigger> {
        match &node.value {
            Value::String(name) => self.bare_trigger(node, name).into_iter().collect(),
            Value::Sequence(items) => items
                .iter()
                .filter_map(|item| self.listed_trigger(item))
                .collect(),
            Value::Mapping(entries) => entries
                .iter()
                .filter_map(|(key, value)| self.trigger(key, value))
                .collect(),
            _ => {
                self.wrong_kind(node, "`on`", "an event");
                Vec::new()
            }
        }
    }

    fn listed_trigger(&mut self, item: &Node) -> Option<Trigger> {
        if let Some(name) = item.as_str() {
            return self.bare_trigger(item, name);
        }
        self.wrong_kind(item, "an item of `on`", "the name of an event");
        None
    }

    fn bare_trigger(&mut self, node: &Node, name: &str) -> Option<Trigger> {
        if name == "schedule" {
            let hint = "write `schedule:` with a list of `- cron: \"0 4 * * *\"`".to_owned();
            self.problem(
                node.span.clone(),
                "`schedule` without a time",
                "needs a `cron`",
                hint,
            );
            return None;
        }
        if !names().any(|known| known == name) {
            self.unknown_event(node, name);
            return None;
        }
        Some(Trigger {
            origin: self.origin(node),
            ..Trigger::event(name)
        })
    }

    fn unknown_event(&mut self, node: &Node, name: &str) {
        let hint = nearest(name, names()).map_or_else(
            || format!("the events are {}", list(names())),
            |meant| format!("did you mean `{meant}`?"),
        );
        self.problem(
            node.span.clone(),
            format!("unknown event `{name}`"),
            "not an event of GitHub",
            hint,
        );
    }

    fn trigger(&mut self, key: &Node, value: &Node) -> Option<Trigger> {
        let name = key.text()?;
        let kind = match name {
            "schedule" => TriggerKind::Schedule {
                schedules: self.schedules(value),
            },
            "workflow_dispatch" => self.dispatch(value),
            "workflow_call" => self.call_trigger(value),
            "repository_dispatch" => {
                let fields = self.event_fields(value, name, &["types"]);
                let types = fields.and_then(|fields| fields.get("types"));
                let types = types
                    .map(|types| self.plains(types, "`types`"))
                    .unwrap_or_default();
                TriggerKind::Event {
                    types,
                    branches: None,
                    tags: None,
                    paths: None,
                    workflows: Vec::new(),
                }
            }
            _ => {
                let Some(event) = EVENTS.iter().find(|event| event.name == name) else {
                    self.unknown_event(key, name);
                    return None;
                };
                self.event(event, value)
            }
        };
        Some(Trigger {
            event: name.to_owned(),
            kind,
            origin: self.origin(key),
        })
    }

    fn event_fields<'n>(
        &mut self,
        value: &'n Node,
        name: &str,
        keys: &[&'static str],
    ) -> Option<Fields<'n>> {
        if value.is_null() {
            return None;
        }
        let which = format!("the event `{name}`");
        self.fields_with_others(
            value,
            &Form {
                keys,
                which: &which,
                kind: &format!("`{name}`"),
            },
        )
    }

    fn event(&mut self, event: &Event, value: &Node) -> TriggerKind {
        let mut keys = event.filters.to_vec();
        if !event.types.is_empty() {
            keys.push("types");
        }
        let mut kind = TriggerKind::Event {
            types: Vec::new(),
            branches: None,
            tags: None,
            paths: None,
            workflows: Vec::new(),
        };
        let Some(fields) = self.event_fields(value, event.name, &keys) else {
            return kind;
        };
        if let TriggerKind::Event {
            types,
            branches,
            tags,
            paths,
            workflows,
        } = &mut kind
        {
            *types = fields
                .get("types")
                .map(|node| self.types(node, event))
                .unwrap_or_default();
            *branches = self.filter(&fields, "branches", "branches-ignore");
            *tags = self.filter(&fields, "tags", "tags-ignore");
            *paths = self.filter(&fields, "paths", "paths-ignore");
            *workflows = fields
                .get("workflows")
                .map(|node| self.plains(node, "`workflows`"))
                .unwrap_or_default();
            for key in ["names", "versions"] {
                if let Some(node) = fields.get(key) {
                    self.plains(node, &format!("`{key}`"));
                }
            }
        }
        kind
    }

    fn types(&mut self, node: &Node, event: &Event) -> Vec<String> {
        let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
        let mut types = Vec::new();
        for item in items {
            let Some(name) = self.plain(item, "`types`") else {
                continue;
            };
            if event.types.contains(&name.as_str()) {
                types.push(name);
                continue;
            }
            let known = || event.types.iter().copied();
            let hint = nearest(&name, known()).map_or_else(
                || format!("the types are {}", list(known())),
                |meant| format!("did you mean `{meant}`?"),
            );
            let message = format!("`{}` has no activity type `{name}`", event.name);
            self.problem(item.span.clone(), message, "not a type of this event", hint);
        }
        types
    }

    fn filter(&mut self, fields: &Fields<'_>, only: &str, ignore: &str) -> Option<Filter> {
        if let (Some(_), Some(_)) = (fields.get(only), fields.get(ignore)) {
            let later = fields.key(ignore)?;
            let hint = format!("keep `{only}` and exclude with patterns that begin with `!`");
            let message = format!("both `{only}` and `{ignore}` for one event");
            self.problem(
                later.span.clone(),
                message,
                "only one of them can stand here",
                hint,
            );
        }
        if let Some(node) = fields.get(only) {
            let patterns = self.patterns(node, only);
            if !patterns.is_empty() && patterns.iter().all(|pattern| pattern.starts_with('!')) {
                let message = format!("`{only}` only excludes, so nothing is left");
                let hint = format!("begin with `'**'`, or write `{ignore}`");
                self.warning(node.span.clone(), message, "never matches", hint);
            }
            return Some(Filter::Only(patterns));
        }
        let node = fields.get(ignore)?;
        Some(Filter::Ignore(self.patterns(node, ignore)))
    }

    fn patterns(&mut self, node: &Node, key: &str) -> Vec<String> {
        let patterns = self.texts(node, &format!("`{key}`"), &Legal::NOTHING);
        for item in node.as_sequence().unwrap_or(std::slice::from_ref(node)) {
            let Some(text) = item.as_str().filter(|text| !text.is_empty()) else {
                continue;
            };
            if let Err(mistake) = Pattern::parse(text.strip_prefix('!').unwrap_or(text)) {
                let message = format!("`{text}` in `{key}` is no pattern: {mistake}");
                let hint = "write `\\` before a character that is meant as such".to_owned();
                self.problem(item.span.clone(), message, "not a pattern", hint);
            }
        }
        patterns.into_iter().map(|text| text.source).collect()
    }

    fn schedules(&mut self, value: &Node) -> Vec<Schedule> {
        let Some(items) = value.as_sequence() else {
            self.wrong_kind(value, "`schedule`", "a list of `cron`");
            return Vec::new();
        };
        let form = Form {
            keys: &["cron", "timezone"],
            which: "a `schedule`",
            kind: "a `schedule`",
        };
        let mut schedules = Vec::new();
        for item in items {
            let Some(fields) = self.fields(item, &form) else {
                continue;
            };
            let Some(node) = fields.get("cron") else {
                self.problem(
                    item.span.clone(),
                    "a `schedule` without `cron`",
                    "needs a `cron`",
                    "write `- cron: \"0 4 * * *\"`".to_owned(),
                );
                continue;
            };
            let timezone = fields
                .get("timezone")
                .and_then(|node| self.plain(node, "`timezone`"));
            let Some(cron) = self.plain(node, "`cron`") else {
                continue;
            };
            if let Some(mistake) = cron::mistake(&cron) {
                let hint = "the fields are minute, hour, day of the month, month, day of the week: `30 5 * * 1-5`";
                self.problem(
                    node.span.clone(),
                    format!("`{cron}` is no cron expression: {mistake}"),
                    "not a time",
                    hint.to_owned(),
                );
            }
            schedules.push(Schedule { cron, timezone });
        }
        schedules
    }

    fn dispatch(&mut self, value: &Node) -> TriggerKind {
        let fields = self.event_fields(value, "workflow_dispatch", &["inputs"]);
        let inputs = fields.and_then(|fields| fields.get("inputs"));
        TriggerKind::Dispatch {
            inputs: inputs
                .map(|node| self.inputs(node, false))
                .unwrap_or_default(),
        }
    }

    fn call_trigger(&mut self, value: &Node) -> TriggerKind {
        let fields = self.event_fields(value, "workflow_call", &["inputs", "secrets", "outputs"]);
        let get = |key: &str| fields.as_ref().and_then(|fields| fields.get(key));
        TriggerKind::Call {
            inputs: get("inputs")
                .map(|node| self.inputs(node, true))
                .unwrap_or_default(),
            secrets: get("secrets")
                .map(|node| self.secret_inputs(node))
                .unwrap_or_default(),
            outputs: get("outputs")
                .map(|node| self.call_outputs(node))
                .unwrap_or_default(),
        }
    }
}
