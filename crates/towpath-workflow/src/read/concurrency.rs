//! `concurrency`, `permissions` and `defaults`, which workflows and jobs share.

use std::collections::BTreeMap;

use towpath_report::nearest;

use super::fields::{Form, list};
use super::reader::Reader;
use crate::legal::Legal;
use crate::permissions::{READ_SCOPES, SCOPES, WRITE_SCOPES};
use crate::syntax::{Access, Concurrency, Defaults, Dynamic, Permissions, Queue};
use crate::yaml::{Node, Value};

/// A concurrency group has at most this many characters.
pub(crate) const MAX_GROUP: usize = 400;

/// Tells whether the name of a concurrency group is written out and too long.
pub(crate) fn is_long_group(node: &Node) -> bool {
    node.as_str()
        .is_some_and(|name| !name.contains("${{") && name.encode_utf16().count() > MAX_GROUP)
}

/// Tells whether runs are to wait in a line and to cancel one another, both written out.
pub(crate) fn is_queue_with_cancelling(concurrency: &Node) -> bool {
    let cancels = concurrency.get("cancel-in-progress");
    concurrency.get("queue").and_then(Node::as_str) == Some("max")
        && cancels.is_some_and(|cancels| cancels.value == Value::Boolean(true))
}

impl Reader<'_> {
    pub(super) fn concurrency(&mut self, node: &Node, legal: &Legal) -> Option<Concurrency> {
        if node.as_mapping().is_none() {
            let group = self.some_text(node, "`concurrency`", legal)?;
            self.check_group(node);
            return Some(Concurrency {
                group,
                cancel_in_progress: Dynamic::default(),
                queue: Queue::default(),
            });
        }
        let form = Form {
            keys: &["group", "cancel-in-progress", "queue"],
            which: "`concurrency`",
            kind: "`concurrency`",
        };
        let fields = self.fields(node, &form)?;
        let cancel = fields.get("cancel-in-progress");
        let cancel_in_progress = cancel
            .and_then(|node| self.boolean(node, "`cancel-in-progress`", legal))
            .unwrap_or_default();
        let queue = fields
            .get("queue")
            .and_then(|node| self.queue(node))
            .unwrap_or_default();
        if is_queue_with_cancelling(node)
            && let Some(queue) = fields.get("queue")
        {
            self.problem(
                queue.span.clone(),
                "`queue: max` together with `cancel-in-progress: true`",
                "nothing waits where everything is cancelled",
                "remove one of the two".to_owned(),
            );
        }
        let Some(group) = fields.get("group") else {
            let hint = "add `group: ${{ github.workflow }}-${{ github.ref }}`".to_owned();
            self.problem(
                node.span.clone(),
                "`concurrency` without a `group`",
                "needs a `group`",
                hint,
            );
            return None;
        };
        self.check_group(group);
        Some(Concurrency {
            group: self.some_text(group, "`group`", legal)?,
            cancel_in_progress,
            queue,
        })
    }

    fn check_group(&mut self, node: &Node) {
        if is_long_group(node) {
            self.problem(
                node.span.clone(),
                format!("the name of a concurrency group with more than {MAX_GROUP} characters"),
                "too long",
                "shorten it".to_owned(),
            );
        }
    }

    fn queue(&mut self, node: &Node) -> Option<Queue> {
        match node.text() {
            Some("single") => Some(Queue::Single),
            Some("max") => Some(Queue::Max),
            _ => {
                self.wrong_kind(node, "`queue`", "`single` or `max`");
                None
            }
        }
    }

    pub(super) fn permissions(&mut self, node: &Node) -> Option<Permissions> {
        match node.as_str() {
            Some("read-all") => return Some(Permissions::ReadAll),
            Some("write-all") => return Some(Permissions::WriteAll),
            _ => {}
        }
        let Some(entries) = node.as_mapping() else {
            self.wrong_kind(
                node,
                "`permissions`",
                "a mapping, `read-all` or `write-all`",
            );
            return None;
        };
        let mut scopes = BTreeMap::new();
        for (key, value) in entries {
            if let Some(name) = key.text()
                && let Some(access) = self.permission(key, name, value)
            {
                scopes.insert(name.to_owned(), access);
            }
        }
        Some(Permissions::Scopes(scopes))
    }

    fn permission(&mut self, key: &Node, scope: &str, value: &Node) -> Option<Access> {
        let wanted = if SCOPES.contains(&scope) {
            "`read`, `write` or `none`"
        } else if WRITE_SCOPES.contains(&scope) {
            "`write` or `none`"
        } else if READ_SCOPES.contains(&scope) {
            "`read` or `none`"
        } else {
            self.unknown_scope(key, scope);
            return None;
        };
        let access = match value.as_str() {
            Some("read") => Some(Access::Read),
            Some("write") => Some(Access::Write),
            Some("none") => Some(Access::None),
            _ => None,
        };
        let fits = match access {
            Some(Access::Read) => !WRITE_SCOPES.contains(&scope),
            Some(Access::Write) => !READ_SCOPES.contains(&scope),
            Some(Access::None) => true,
            None => false,
        };
        if !fits {
            self.wrong_kind(value, &format!("permission `{scope}`"), wanted);
        }
        access.filter(|_| fits)
    }

    fn unknown_scope(&mut self, key: &Node, scope: &str) {
        let scopes = || [SCOPES, WRITE_SCOPES, READ_SCOPES].concat();
        let hint = nearest(scope, scopes()).map_or_else(
            || format!("the scopes are {}", list(scopes())),
            |meant| format!("did you mean `{meant}`?"),
        );
        self.problem(
            key.span.clone(),
            format!("unknown permission `{scope}`"),
            "not a scope of the token",
            hint,
        );
    }

    pub(super) fn defaults(&mut self, node: &Node, legal: &Legal) -> Defaults {
        let form = Form {
            keys: &["run"],
            which: "`defaults`",
            kind: "`defaults`",
        };
        let run = self
            .fields(node, &form)
            .and_then(|fields| fields.get("run"));
        let form = Form {
            keys: &["shell", "working-directory"],
            which: "`defaults.run`",
            kind: "`defaults.run`",
        };
        let Some(fields) = run.and_then(|run| self.fields(run, &form)) else {
            return Defaults::default();
        };
        Defaults {
            shell: fields
                .get("shell")
                .and_then(|node| self.some_text(node, "`shell`", legal)),
            working_directory: fields
                .get("working-directory")
                .and_then(|node| self.some_text(node, "`working-directory`", legal)),
        }
    }
}
