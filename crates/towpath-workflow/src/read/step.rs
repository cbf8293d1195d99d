//! Steps of jobs and of composite actions.

use std::collections::HashMap;

use towpath_report::nearest;

use super::fields::{Fields, Form};
use super::reader::Reader;
use crate::legal::Legal;
use crate::syntax::{Step, StepWork, Text};
use crate::uses;
use crate::yaml::{Node, Value};

const KEYS: &[&str] = &[
    "name",
    "id",
    "if",
    "run",
    "uses",
    "with",
    "env",
    "shell",
    "working-directory",
    "continue-on-error",
    "timeout-minutes",
    "background",
    "wait",
    "wait-all",
    "cancel",
    "parallel",
];
const ACTION_KEYS: &[&str] = &[
    "name",
    "id",
    "if",
    "run",
    "uses",
    "with",
    "env",
    "shell",
    "working-directory",
    "continue-on-error",
];
const WORK: &[&str] = &["run", "uses", "wait", "wait-all", "cancel", "parallel"];

/// Which keys of the others belong to which work.
const BELONGS: &[(&str, &[&str])] = &[
    ("with", &["uses"]),
    ("shell", &["run"]),
    ("working-directory", &["run"]),
    ("env", &["run", "uses"]),
    ("if", &["run", "uses", "parallel"]),
    ("timeout-minutes", &["run", "uses"]),
    ("background", &["run", "uses"]),
];

/// What the keys of a step may use.
struct StepLegal {
    condition: Legal,
    run: Legal,
    name: Legal,
    env: Legal,
    with: Legal,
    folder: Legal,
    continues: Legal,
    shell: Legal,
    is_action: bool,
}

impl StepLegal {
    const JOB: Self = Self {
        condition: Legal::STEP_IF,
        run: Legal::STEP_RUN,
        name: Legal::STEP_NAME,
        env: Legal::STEP_ENV,
        with: Legal::STEP_WITH,
        folder: Legal::STEP_FOLDER,
        continues: Legal::STEP_CONTINUE,
        shell: Legal::NOTHING,
        is_action: false,
    };
    const ACTION: Self = Self {
        condition: Legal::ACTION_STEP_IF,
        run: Legal::ACTION_STEP,
        name: Legal::ACTION_STEP,
        env: Legal::ACTION_STEP,
        with: Legal::ACTION_STEP,
        folder: Legal::ACTION_STEP,
        continues: Legal::ACTION_STEP,
        shell: Legal::ACTION_STEP,
        is_action: true,
    };
}

/// What the steps of one job or action share.
struct Scope<'a> {
    of: &'a str,
    legal: &'a StepLegal,
    /// Ids with the lines in which they stand.
    ids: HashMap<String, u32>,
}

impl Reader<'_> {
    /// Reads the steps of a job.
    pub(super) fn steps(&mut self, node: &Node, of: &str) -> Vec<Step> {
        self.steps_with(node, of, &StepLegal::JOB)
    }

    /// Reads the steps of a composite action.
    pub(super) fn action_steps(&mut self, node: &Node) -> Vec<Step> {
        self.steps_with(node, "the action", &StepLegal::ACTION)
    }

    fn steps_with(&mut self, node: &Node, of: &str, legal: &StepLegal) -> Vec<Step> {
        let mut scope = Scope {
            of,
            legal,
            ids: HashMap::new(),
        };
        self.step_list(node, &format!("`steps` of {of}"), of, &mut scope)
    }

    fn step_list(&mut self, node: &Node, what: &str, of: &str, scope: &mut Scope<'_>) -> Vec<Step> {
        let Some(items) = node.as_sequence() else {
            self.wrong_kind(node, what, "a list");
            return Vec::new();
        };
        if items.is_empty() {
            let hint = "add a step such as `- run: echo`".to_owned();
            self.problem(
                node.span.clone(),
                format!("{of} has no steps"),
                "needs a step",
                hint,
            );
        }
        let number = |index: usize| format!("step {} of {of}", index + 1);
        items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| self.step(item, &number(index), scope))
            .collect()
    }

    fn step(&mut self, node: &Node, which: &str, scope: &mut Scope<'_>) -> Option<Step> {
        let legal = scope.legal;
        let keys = if legal.is_action { ACTION_KEYS } else { KEYS };
        let fields = self.fields(
            node,
            &Form {
                keys,
                which,
                kind: "a step",
            },
        )?;
        let get = |key: &str| fields.get(key);
        let id = get("id").and_then(|node| self.step_id(node, scope));
        let work = self.work(node, &fields, which, scope);
        let step = Step {
            id,
            name: get("name").and_then(|node| self.text(node, "`name`", &legal.name)),
            condition: get("if").and_then(|node| self.condition(node, &legal.condition)),
            env: get("env")
                .map(|node| self.variables(node, "`env`", &legal.env))
                .unwrap_or_default(),
            continue_on_error: get("continue-on-error")
                .and_then(|node| self.boolean(node, "`continue-on-error`", &legal.continues))
                .unwrap_or_default(),
            timeout_minutes: get("timeout-minutes")
                .and_then(|node| self.number(node, "`timeout-minutes`", &Legal::STEP_TIMEOUT)),
            background: get("background").is_some_and(|node| self.flag(node, "`background`")),
            work: work?,
            origin: self.origin(node),
        };
        Some(step)
    }

    fn step_id(&mut self, node: &Node, scope: &mut Scope<'_>) -> Option<String> {
        let id = self.plain(node, "`id`")?;
        if !self.check_id(node, &id, "a step") {
            return None;
        }
        let line = self.place(&node.span).line;
        if let Some(first) = scope.ids.insert(id.to_ascii_lowercase(), line) {
            let hint = format!("the first one is in line {first}; rename one of them");
            let message = format!("two steps of {} have the id `{id}`", scope.of);
            self.problem(node.span.clone(), message, "already taken", hint);
        }
        Some(id)
    }

    fn work(
        &mut self,
        node: &Node,
        fields: &Fields<'_>,
        which: &str,
        scope: &mut Scope<'_>,
    ) -> Option<StepWork> {
        let Some((work, key)) = fields.first_of(WORK) else {
            let hint = "add `run:` with a script or `uses:` with an action".to_owned();
            self.problem(
                node.span.clone(),
                format!("{which} has neither `run` nor `uses`"),
                "does nothing",
                hint,
            );
            return None;
        };
        for other in WORK.iter().filter(|other| **other != work) {
            if let Some(second) = fields.key(other) {
                let (first, second) = if second.span.start < key.span.start {
                    (second, key)
                } else {
                    (key, second)
                };
                let (first, name) = (first.text().unwrap_or(work), second.text().unwrap_or(other));
                let message = format!("{which} has both `{first}` and `{name}`");
                self.problem(
                    second.span.clone(),
                    message,
                    "only one of them can stand here",
                    "make two steps of it".to_owned(),
                );
            }
        }
        if WORK.iter().filter(|key| fields.get(key).is_some()).count() == 1 {
            self.check_belonging(fields, which, work);
        }
        self.work_of(work, fields.get(work)?, fields, which, scope)
    }

    fn check_belonging(&mut self, fields: &Fields<'_>, which: &str, work: &str) {
        for (name, owners) in BELONGS {
            let Some(key) = fields.key(name).filter(|_| !owners.contains(&work)) else {
                continue;
            };
            let hint = match *name {
                "with" => "a script gets values through `env`".to_owned(),
                _ => format!(
                    "`{name}` belongs to a step with {}",
                    owners
                        .iter()
                        .map(|owner| format!("`{owner}`"))
                        .collect::<Vec<_>>()
                        .join(" or ")
                ),
            };
            let message = format!("`{name}` in {which}, which has `{work}`");
            self.problem(
                key.span.clone(),
                message,
                &format!("not a key of a step with `{work}`"),
                hint,
            );
        }
    }

    fn work_of(
        &mut self,
        work: &str,
        node: &Node,
        fields: &Fields<'_>,
        which: &str,
        scope: &mut Scope<'_>,
    ) -> Option<StepWork> {
        let legal = scope.legal;
        Some(match work {
            "run" => {
                let shell = fields.get("shell");
                if legal.is_action
                    && shell.is_none()
                    && let Some(key) = fields.key("run")
                {
                    let message = format!("{which} has no `shell`");
                    self.problem(
                        key.span.clone(),
                        message,
                        "needs a `shell`",
                        "add `shell: bash`".to_owned(),
                    );
                }
                StepWork::Run {
                    script: self.text(node, "`run`", &legal.run)?,
                    shell: shell.and_then(|node| self.some_text(node, "`shell`", &legal.shell)),
                    working_directory: self.folder(fields, legal),
                }
            }
            "uses" => StepWork::Uses {
                action: self.action_name(node)?,
                with: fields
                    .get("with")
                    .map(|node| self.variables(node, "`with`", &legal.with))
                    .unwrap_or_default(),
            },
            "wait" => {
                let steps = self.plains(node, "`wait`");
                for target in node.as_sequence().unwrap_or(std::slice::from_ref(node)) {
                    self.check_target(target, fields, scope);
                }
                StepWork::Wait { steps }
            }
            "wait-all" => {
                if !matches!(node.value, Value::Null | Value::Boolean(true)) {
                    self.wrong_kind(node, "`wait-all`", "`true` or nothing");
                }
                StepWork::WaitAll
            }
            "parallel" => {
                let of = format!("the `parallel` of {which}");
                self.check_parallel(node, &of);
                StepWork::Parallel {
                    steps: self.step_list(node, "`parallel`", &of, scope),
                }
            }
            _ => {
                let step = self.plain(node, "`cancel`")?;
                self.check_target(node, fields, scope);
                StepWork::Cancel { step }
            }
        })
    }

    /// Checks that nothing in `parallel` goes to the background, waits, cancels or holds steps itself.
    fn check_parallel(&mut self, node: &Node, of: &str) {
        const OUTSIDE: [&str; 5] = ["background", "wait", "wait-all", "cancel", "parallel"];
        for step in node.as_sequence().unwrap_or_default() {
            for (key, _) in step.as_mapping().unwrap_or_default() {
                let Some(name) = key.text().filter(|name| OUTSIDE.contains(name)) else {
                    continue;
                };
                self.problem(
                    key.span.clone(),
                    format!("`{name}` in {of}"),
                    "not in `parallel`",
                    "the steps in `parallel` run in the background, and are waited for at its end"
                        .to_owned(),
                );
            }
        }
    }

    /// Checks that a step waits for, or cancels, one that stands before it.
    fn check_target(&mut self, target: &Node, fields: &Fields<'_>, scope: &Scope<'_>) {
        let own = fields.get("id").and_then(Node::text).unwrap_or_default();
        let Some(name) = target.text().filter(|name| {
            name.eq_ignore_ascii_case(own) || !scope.ids.contains_key(&name.to_ascii_lowercase())
        }) else {
            return;
        };
        let known = scope.ids.keys().map(String::as_str);
        let hint = nearest(name, known).map_or_else(
            || "give the step that is meant an `id`; it stands before this one".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        let message = format!("no earlier step of {} has the id `{name}`", scope.of);
        self.problem(target.span.clone(), message, "not an earlier step", hint);
    }

    fn folder(&mut self, fields: &Fields<'_>, legal: &StepLegal) -> Option<Text> {
        fields
            .get("working-directory")
            .and_then(|node| self.text(node, "`working-directory`", &legal.folder))
    }

    fn action_name(&mut self, node: &Node) -> Option<String> {
        let name = self.plain(node, "`uses`")?;
        if uses::is_action(&name) {
            return Some(name);
        }
        let hint = if name.starts_with("../") || name.starts_with('/') {
            "a local action begins with `./`, the workspace"
        } else if name.contains('@') {
            "an action is `owner/repository@version`"
        } else {
            "add the version: `owner/repository@v1`"
        };
        self.problem(
            node.span.clone(),
            format!("`{name}` names no action"),
            "not an action",
            hint.to_owned(),
        );
        None
    }
}
