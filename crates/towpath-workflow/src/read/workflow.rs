//! The workflow as a whole, and what its jobs need of one another.

use std::collections::HashSet;

use towpath_report::nearest;

use super::fields::{Form, list};
use super::reader::Reader;
use crate::legal::Legal;
use crate::needs;
use crate::syntax::{CacheMode, Job, Workflow};
use crate::yaml::Node;

const KEYS: &[&str] = &[
    "on",
    "name",
    "description",
    "run-name",
    "defaults",
    "env",
    "permissions",
    "concurrency",
    "cache-mode",
    "jobs",
];

impl Reader<'_> {
    /// Reads what a workflow or job may do with the cache.
    pub(super) fn cache_mode(&mut self, node: &Node) -> Option<CacheMode> {
        let mode = node.text().and_then(CacheMode::parse);
        if mode.is_none() {
            self.wrong_kind(
                node,
                "`cache-mode`",
                "`read`, `write`, `write-only` or `none`",
            );
        }
        mode
    }

    pub(super) fn workflow(&mut self, node: &Node) -> Option<Workflow> {
        if node.is_null() {
            let hint = "a workflow has `on:` and `jobs:`".to_owned();
            self.problem(
                node.span.clone(),
                "the file is empty",
                "needs a workflow",
                hint,
            );
            return None;
        }
        let fields = self.fields(
            node,
            &Form {
                keys: KEYS,
                which: "the workflow",
                kind: "a workflow",
            },
        )?;
        let get = |key: &str| fields.get(key);
        for (key, hint) in [
            ("on", "add `on: push`"),
            ("jobs", "add `jobs:` with at least one job"),
        ] {
            if get(key).is_none() {
                let message = format!("the workflow has no `{key}`");
                self.problem(
                    node.span.start..node.span.start,
                    message,
                    "this workflow",
                    hint.to_owned(),
                );
            }
        }
        Some(Workflow {
            name: get("name").and_then(|node| self.note(node, "`name`")),
            description: get("description").and_then(|node| self.note(node, "`description`")),
            run_name: get("run-name")
                .and_then(|node| self.text(node, "`run-name`", &Legal::RUN_NAME)),
            on: get("on")
                .map(|node| self.triggers(node))
                .unwrap_or_default(),
            permissions: get("permissions").and_then(|node| self.permissions(node)),
            cache_mode: get("cache-mode").and_then(|node| self.cache_mode(node)),
            env: get("env")
                .map(|node| self.variables(node, "`env`", &Legal::WORKFLOW_ENV))
                .unwrap_or_default(),
            defaults: get("defaults")
                .map(|node| self.defaults(node, &Legal::NOTHING))
                .unwrap_or_default(),
            concurrency: get("concurrency")
                .and_then(|node| self.concurrency(node, &Legal::WORKFLOW_CONCURRENCY)),
            jobs: get("jobs").map(|node| self.jobs(node)).unwrap_or_default(),
        })
    }

    fn jobs(&mut self, node: &Node) -> Vec<Job> {
        let entries = self.entries(node, "`jobs`");
        if entries.is_empty() && node.as_mapping().is_some() {
            self.problem(
                node.span.clone(),
                "the workflow has no jobs",
                "needs a job",
                "add a job".to_owned(),
            );
        }
        let jobs: Vec<Job> = entries
            .iter()
            .filter_map(|(id, key, value)| self.job(key, id, value))
            .collect();
        let ids: Vec<&str> = entries.iter().map(|(id, ..)| *id).collect();
        if self.check_known(&entries, &ids) {
            self.check_cycle(&entries, &jobs);
        }
        jobs
    }

    /// Reports every need that is no job; tells whether there was none.
    fn check_known(&mut self, entries: &[(&str, &Node, &Node)], ids: &[&str]) -> bool {
        let known: HashSet<String> = ids.iter().map(|id| id.to_ascii_lowercase()).collect();
        let mut all_known = true;
        for (id, _, job) in entries {
            for need in needs_of(job) {
                let Some(name) = need.text().filter(|name| {
                    !known.contains(&name.to_ascii_lowercase()) && !name.contains("${{")
                }) else {
                    continue;
                };
                all_known = false;
                let jobs = format!("he jobs are {}", list(ids.iter().copied()));
                let others = ids.iter().copied().filter(|other| other != id);
                let hint = nearest(name, others).map_or_else(
                    || format!("t{jobs}"),
                    |meant| format!("did you mean `{meant}`? T{jobs}"),
                );
                let message = format!("job `{id}` needs `{name}`, which no job is called");
                self.problem(
                    need.span.clone(),
                    message,
                    "not a job of this workflow",
                    hint,
                );
            }
        }
        all_known
    }

    fn check_cycle(&mut self, entries: &[(&str, &Node, &Node)], jobs: &[Job]) {
        let Err(error) = needs::order(jobs) else {
            return;
        };
        let needs::Error::Cycle(path) = &error else {
            return;
        };
        let [first, second, ..] = path.as_slice() else {
            return;
        };
        let job = entries
            .iter()
            .find(|(id, ..)| id.eq_ignore_ascii_case(first));
        let need = job.and_then(|(.., job)| {
            needs_of(job).iter().find(|need| {
                need.as_str()
                    .is_some_and(|name| name.eq_ignore_ascii_case(second))
            })
        });
        let Some(need) = need else { return };
        let message = if first == second {
            format!("job `{first}` needs itself")
        } else {
            error.to_string()
        };
        self.problem(
            need.span.clone(),
            message,
            "closes the circle",
            error.hints().into_iter().next(),
        );
    }
}

fn needs_of(job: &Node) -> &[Node] {
    let Some(needs) = job.get("needs") else {
        return &[];
    };
    needs.as_sequence().unwrap_or(std::slice::from_ref(needs))
}
