//! Whether something that happened starts a workflow, and why not. Pure: names and changed files are
//! handed in.

use std::fmt;

use crate::syntax::{Filter, Trigger, TriggerKind};
use crate::{events, glob};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Name of the event, such as `push`.
    pub name: String,
    /// What happened to the thing, such as `opened`; none for events without.
    pub activity: Option<String>,
    /// The branch or tag that filters look at: the one pushed, the base of a pull request, the head of
    /// the run that ended. None for events without.
    pub reference: Option<Reference>,
    /// Paths of the changed files; none where they are not known, and every path may be meant then.
    pub changed: Option<Vec<String>>,
    /// Name of the workflow that ran, for `workflow_run`.
    pub workflow: Option<String>,
}

/// A branch or a tag, without `refs/heads/` and `refs/tags/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
}

/// Why an event does not start a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The workflow does not name the event.
    OtherEvents(Vec<String>),
    /// The activity is none of these.
    OtherActivity(String, Vec<String>),
    /// The branch, tag or workflow of this kind is not meant by the filter of this name.
    Filtered {
        /// `branch`, `tag` or `workflow`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The key of the filter.
        filter: &'static str,
        /// Its patterns.
        patterns: Vec<String>,
    },
    /// The event has filters for this kind of reference only.
    OnlyFor(&'static str),
    /// None of so many changed files is meant by the filter of this name.
    NoPath(usize, &'static str, Vec<String>),
    /// The message of the newest commit asks for it in these words.
    AskedTo(&'static str),
}

/// Returns the names of all events.
pub fn event_names() -> impl Iterator<Item = &'static str> {
    events::names()
}

/// Returns the event whose name was probably meant.
pub fn nearest_event(name: &str) -> Option<&'static str> {
    towpath_report::nearest(name, events::names())
}

/// Returns what may happen in an event; empty where nothing is told apart.
pub fn activities(event: &str) -> &'static [&'static str] {
    let known = events::EVENTS.iter().find(|known| known.name == event);
    known.map_or(&[], |known| known.types)
}

/// What in the message of a commit keeps a push or a pull request from starting workflows.
const SKIP_WORDS: [&str; 5] = [
    "[skip ci]",
    "[ci skip]",
    "[no ci]",
    "[skip actions]",
    "[actions skip]",
];
/// The same as a trailer.
const SKIP_TRAILER: &str = "skip-checks: true";

/// Returns why the newest commit of a push or a pull request starts nothing, as its message asks.
pub fn asks_to_skip(message: &str) -> Option<Reason> {
    let lower = message.to_ascii_lowercase();
    let word = SKIP_WORDS.into_iter().find(|word| lower.contains(word));
    let is_trailer = |line: &str| line.replace(' ', "") == "skip-checks:true";
    let last = lower.trim_end().rsplit("\n\n").next();
    let trailer = || {
        let has_body = lower.trim_end().contains("\n\n");
        let is_there = has_body && last.is_some_and(|last| last.lines().any(is_trailer));
        is_there.then_some(SKIP_TRAILER)
    };
    word.or_else(trailer).map(Reason::AskedTo)
}

/// Returns why `event` starts no workflow with these triggers; none if it does.
pub fn skips(triggers: &[Trigger], event: &Event) -> Option<Reason> {
    let Some(trigger) = triggers.iter().find(|trigger| trigger.event == event.name) else {
        let names = triggers.iter().map(|trigger| trigger.event.clone());
        return Some(Reason::OtherEvents(names.collect()));
    };
    let TriggerKind::Event {
        types,
        branches,
        tags,
        paths,
        workflows,
    } = &trigger.kind
    else {
        return None;
    };
    activity(types, event)
        .or_else(|| workflow(workflows, event))
        .or_else(|| reference(branches.as_ref(), tags.as_ref(), event))
        .or_else(|| changed(paths.as_ref()?, event))
}

fn activity(types: &[String], event: &Event) -> Option<Reason> {
    let activity = event.activity.as_ref()?;
    let types: Vec<String> = if types.is_empty() {
        default_types(&event.name)
    } else {
        types.to_vec()
    };
    let is_meant = types.is_empty() || types.contains(activity);
    (!is_meant).then(|| Reason::OtherActivity(activity.clone(), types))
}

/// Returns the activities that start a workflow which names none; empty for all.
fn default_types(event: &str) -> Vec<String> {
    let types: &[&str] = match event {
        "pull_request" | "pull_request_target" => &["opened", "synchronize", "reopened"],
        _ => &[],
    };
    types.iter().map(|name| (*name).to_owned()).collect()
}

fn workflow(workflows: &[String], event: &Event) -> Option<Reason> {
    let name = event.workflow.as_ref()?;
    let is_meant = workflows.is_empty() || workflows.contains(name);
    (!is_meant).then(|| Reason::Filtered {
        kind: "workflow",
        name: name.clone(),
        filter: "workflows",
        patterns: workflows.to_vec(),
    })
}

fn reference(branches: Option<&Filter>, tags: Option<&Filter>, event: &Event) -> Option<Reason> {
    let (kind, name, own, other) = match event.reference.as_ref()? {
        Reference::Branch(name) => ("branch", name, branches, tags),
        Reference::Tag(name) => ("tag", name, tags, branches),
    };
    let Some(filter) = own else {
        // A filter for tags alone leaves no branch, and the other way round.
        let only = if kind == "branch" { "tags" } else { "branches" };
        return other.map(|_| Reason::OnlyFor(only));
    };
    let (key, patterns, is_meant) = match (filter, kind) {
        (Filter::Only(patterns), "branch") => ("branches", patterns, true),
        (Filter::Only(patterns), _) => ("tags", patterns, true),
        (Filter::Ignore(patterns), "branch") => ("branches-ignore", patterns, false),
        (Filter::Ignore(patterns), _) => ("tags-ignore", patterns, false),
    };
    (glob::selects(patterns, name) != is_meant).then(|| Reason::Filtered {
        kind,
        name: name.clone(),
        filter: key,
        patterns: patterns.clone(),
    })
}

fn changed(filter: &Filter, event: &Event) -> Option<Reason> {
    // Paths do not count when a tag is pushed.
    if matches!(event.reference, Some(Reference::Tag(_))) {
        return None;
    }
    let changed = event.changed.as_ref()?;
    let (key, patterns, is_meant) = match filter {
        Filter::Only(patterns) => ("paths", patterns, true),
        Filter::Ignore(patterns) => ("paths-ignore", patterns, false),
    };
    let starts = changed
        .iter()
        .any(|path| glob::selects(patterns, path) == is_meant);
    (!starts).then(|| Reason::NoPath(changed.len(), key, patterns.clone()))
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        };
        match self {
            Self::OtherEvents(names) => write!(f, "it starts on {}", list(names)),
            Self::OtherActivity(activity, types) => {
                write!(f, "`{activity}` is none of its types {}", list(types))
            }
            Self::Filtered {
                kind,
                name,
                filter,
                patterns,
            } if filter.ends_with("-ignore") => {
                write!(
                    f,
                    "the {kind} `{name}` is in `{filter}`: {}",
                    list(patterns)
                )
            }
            Self::Filtered {
                kind,
                name,
                filter,
                patterns,
            } => {
                write!(
                    f,
                    "the {kind} `{name}` is not in `{filter}`: {}",
                    list(patterns)
                )
            }
            Self::OnlyFor(kind) => write!(f, "it filters {kind} only"),
            Self::AskedTo(words) => write!(f, "the message of the newest commit says `{words}`"),
            Self::NoPath(0, ..) => f.write_str("no file was changed"),
            Self::NoPath(1, filter, _) => write!(f, "the changed file is left out by `{filter}`"),
            Self::NoPath(number, filter, _) => {
                write!(f, "all {number} changed files are left out by `{filter}`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use towpath_report::Source;

    use super::*;
    use crate::{Sources, parse_workflow};

    fn event(name: &str) -> Event {
        Event {
            name: name.to_owned(),
            activity: None,
            reference: None,
            changed: None,
            workflow: None,
        }
    }

    fn push(branch: &str, changed: &[&str]) -> Event {
        Event {
            reference: Some(Reference::Branch(branch.to_owned())),
            changed: Some(changed.iter().map(|path| (*path).to_owned()).collect()),
            ..event("push")
        }
    }

    fn tag(name: &str) -> Event {
        Event {
            reference: Some(Reference::Tag(name.to_owned())),
            changed: Some(vec!["a".to_owned()]),
            ..event("push")
        }
    }

    fn check(on: &str, event: &Event, expected: &str) {
        let text = format!("on: {on}\njobs: {{a: {{runs-on: x, steps: [{{run: b}}]}}}}\n");
        let source = Source {
            path: "x.yml",
            text: &text,
        };
        let (workflow, problems) = parse_workflow(&source, &Sources::new());
        assert_eq!(problems, [], "{text}");
        let triggers = workflow.map(|workflow| workflow.on).unwrap_or_default();
        let reason = skips(&triggers, event).map_or_else(String::new, |reason| reason.to_string());
        assert_eq!(reason, expected, "{on} {event:?}");
    }

    // A push must be meant by its branch and by a changed file; a filter for tags alone leaves no
    // branch; paths do not count for tags.
    #[test]
    fn pushes() {
        for (on, event, expected) in [
            ("push", push("x", &[]), ""),
            (
                "[pull_request, release]",
                push("x", &[]),
                "it starts on `pull_request`, `release`",
            ),
            (
                "{push: {branches: [main, 'rel/**']}}",
                push("rel/a/b", &[]),
                "",
            ),
            (
                "{push: {branches: [main, 'rel/*']}}",
                push("rel/a/b", &[]),
                "the branch `rel/a/b` is not in `branches`: `main`, `rel/*`",
            ),
            (
                "{push: {branches-ignore: ['dep*/**']}}",
                push("dependabot/x", &[]),
                "the branch `dependabot/x` is in `branches-ignore`: `dep*/**`",
            ),
            ("{push: {branches-ignore: [x, '!x']}}", push("x", &[]), ""),
            (
                "{push: {tags: ['v*']}}",
                push("v1", &[]),
                "it filters tags only",
            ),
            (
                "{push: {tags-ignore: ['v*']}}",
                push("v1", &[]),
                "it filters tags only",
            ),
            (
                "{push: {branches: main}}",
                tag("v1"),
                "it filters branches only",
            ),
            ("{push: {branches: main, tags: 'v*'}}", tag("v1"), ""),
            (
                "{push: {tags: 'v*'}}",
                tag("1"),
                "the tag `1` is not in `tags`: `v*`",
            ),
            ("{push: {paths: ['**.py']}}", tag("1"), ""),
            (
                "{push: {paths: ['**.py']}}",
                push("x", &["a.md", "src/a.py"]),
                "",
            ),
            (
                "{push: {paths: ['**.py', '!tests/**']}}",
                push("x", &["a.md", "tests/a.py"]),
                "all 2 changed files are left out by `paths`",
            ),
            (
                "{push: {paths-ignore: [docs/**]}}",
                push("x", &["docs/a", "b"]),
                "",
            ),
            (
                "{push: {paths-ignore: [docs/**]}}",
                push("x", &["docs/a"]),
                "the changed file is left out by `paths-ignore`",
            ),
            (
                "{push: {paths: [a]}}",
                push("x", &[]),
                "no file was changed",
            ),
            (
                "{push: {branches: main, paths: [a]}}",
                push("x", &["a"]),
                "the branch `x` is not in `branches`: `main`",
            ),
        ] {
            check(on, &event, expected);
        }
        let unknown = Event {
            changed: None,
            ..push("x", &[])
        };
        check("{push: {paths: [a]}}", &unknown, "");
    }

    // A pull request starts a workflow when opened, reopened or pushed to, unless types are named; its
    // branch filter looks at the base.
    #[test]
    fn pull_requests() {
        let pull_request = |activity: &str, base: &str| Event {
            activity: Some(activity.to_owned()),
            reference: Some(Reference::Branch(base.to_owned())),
            ..event("pull_request")
        };
        for (on, event, expected) in [
            ("pull_request", pull_request("synchronize", "main"), ""),
            (
                "pull_request",
                pull_request("labeled", "main"),
                "`labeled` is none of its types `opened`, `synchronize`, `reopened`",
            ),
            (
                "{pull_request: {types: [labeled]}}",
                pull_request("labeled", "main"),
                "",
            ),
            (
                "{pull_request: {branches: [main]}}",
                pull_request("opened", "dev"),
                "the branch `dev` is not in `branches`: `main`",
            ),
        ] {
            check(on, &event, expected);
        }
    }

    // A run that ended is meant by the name of its workflow and the branch it ran on.
    #[test]
    fn ended_runs_and_other_events() {
        let run = |workflow: &str, branch: &str, activity: &str| Event {
            activity: Some(activity.to_owned()),
            reference: Some(Reference::Branch(branch.to_owned())),
            workflow: Some(workflow.to_owned()),
            ..event("workflow_run")
        };
        let on = "{workflow_run: {workflows: [CI], types: [completed], branches: [main]}}";
        check(on, &run("CI", "main", "completed"), "");
        check(
            on,
            &run("ci", "main", "completed"),
            "the workflow `ci` is not in `workflows`: `CI`",
        );
        check(
            on,
            &run("CI", "x", "completed"),
            "the branch `x` is not in `branches`: `main`",
        );
        check(
            on,
            &run("CI", "main", "requested"),
            "`requested` is none of its types `completed`",
        );
        check("workflow_dispatch", &event("workflow_dispatch"), "");
        check("{schedule: [{cron: '0 0 * * *'}]}", &event("schedule"), "");
        let dispatched = Event {
            activity: Some("deploy".to_owned()),
            ..event("repository_dispatch")
        };
        check("{repository_dispatch: {types: [deploy]}}", &dispatched, "");
        check(
            "{repository_dispatch: {types: [other]}}",
            &dispatched,
            "`deploy` is none of its types `other`",
        );
    }

    #[test]
    fn messages_of_commits_may_ask_for_no_run() {
        for (message, expected) in [
            ("fix: a thing", None),
            ("docs: typo [skip ci]", Some("[skip ci]")),
            ("docs: typo\n\n[No CI] since it is a typo", Some("[no ci]")),
            (
                "docs: typo\n\nbody\n\nskip-checks: true\n",
                Some("skip-checks: true"),
            ),
            (
                "docs: typo\n\nskip-checks:true\nSigned-off-by: a",
                Some("skip-checks: true"),
            ),
            ("skip-checks: true", None),
            ("say skip ci", None),
        ] {
            let words = asks_to_skip(message).map(|reason| match reason {
                Reason::AskedTo(words) => words,
                other => panic!("{other}"),
            });
            assert_eq!(words, expected, "{message:?}");
        }
    }
}
