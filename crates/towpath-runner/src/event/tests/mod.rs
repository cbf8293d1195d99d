//! Events made in repositories of every shape.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use towpath_host::Git;
use towpath_report::{Problem, Source};
use towpath_testing::TestContext;
use towpath_workflow::expression::Value;
use towpath_workflow::syntax::Workflow;
use towpath_workflow::{Sources, parse_workflow};

use super::payload::Payload;
use super::*;

mod inputs;

const ZEROS: &str = "0000000000000000000000000000000000000000";

fn workflow(text: &str) -> Workflow {
    let jobs = "\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n";
    let text = format!("{text}{jobs}");
    let source = Source {
        path: "x.yml",
        text: &text,
    };
    let (workflow, problems) = parse_workflow(&source, &Sources::new());
    assert_eq!(problems, [], "{text}");
    workflow.unwrap()
}

/// A repository whose branch `topic` has two commits more than `main`, which was pushed.
struct World {
    context: TestContext,
    git: Git,
    base: String,
    head: String,
}

impl World {
    fn new() -> Self {
        let context = TestContext::new();
        context.git(&["remote", "add", "origin", "git@github.com:octo/boat.git"]);
        context.write("README.md", "1");
        context.commit("one");
        context.write("src/a.py", "1");
        let base = context.commit("two");
        context.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        let head = "refs/remotes/origin/HEAD";
        context.git(&["symbolic-ref", head, "refs/remotes/origin/main"]);
        context.git(&["switch", "--quiet", "-c", "topic"]);
        context.write("docs/x.md", "1");
        context.commit("three");
        context.write("docs/y.md", "1");
        let head = context.commit("four");
        let git = Git::discover(context.root()).unwrap().unwrap();
        Self {
            context,
            git,
            base,
            head,
        }
    }

    fn ground<'a>(&'a self, reference: Option<&'a str>) -> Ground<'a> {
        Ground {
            git: Some(&self.git),
            folder: self.context.root(),
            reference,
            actor: Some("ada"),
            user: "machine",
            filters_paths: true,
        }
    }

    fn event(&self, name: &str, reference: Option<&str>) -> StartingEvent {
        self.with_file(name, reference, None)
    }

    fn with_file(
        &self,
        name: &str,
        reference: Option<&str>,
        file: Option<&Payload>,
    ) -> StartingEvent {
        StartingEvent::make(&request(name, file), &self.ground(reference)).unwrap()
    }
}

fn request<'a>(name: &'a str, payload: Option<&'a Payload>) -> EventRequest<'a> {
    let (name, activity) = name
        .split_once('.')
        .map_or((name, None), |(name, activity)| (name, Some(activity)));
    EventRequest {
        name,
        activity,
        payload,
    }
}

fn object(json: Json) -> Payload {
    match json {
        Json::Object(object) => object,
        _ => panic!("it is an object"),
    }
}

/// Returns why the event does not start a workflow.
fn reason(event: &StartingEvent, on: &str) -> String {
    let workflow = workflow(on);
    event
        .for_workflow(&workflow.on)
        .map_or_else(|reason| reason.to_string(), |_| String::new())
}

/// Returns members of the `github` context that a run of a workflow would have, joined by blanks.
fn github(event: &StartingEvent, on: &str, names: &[&str]) -> String {
    let workflow = workflow(on);
    let event = event.for_workflow(&workflow.on).unwrap();
    let identity = RunIdentity {
        path: ".github/workflows/x.yml",
        run: 7,
    };
    let context = event
        .run_context(&workflow, &identity, &BTreeMap::new())
        .unwrap();
    let of = |name: &&str| {
        let mut value = Value::from(context.github.clone());
        for part in name.split('.') {
            value = match value {
                Value::Object(object) => object.get(part).cloned().unwrap_or(Value::Null),
                _ => Value::Null,
            };
        }
        value.to_text()
    };
    names.iter().map(of).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_push_tells_what_the_remote_has_not() {
    let world = World::new();
    let event = world.event("push", None);
    let (page, head) = ("https://github.com/octo/boat", &world.head);
    for (name, expected) in [
        ("ref", json!("refs/heads/topic")),
        ("before", json!(ZEROS)),
        ("after", json!(head)),
        ("created", json!(true)),
        ("forced", json!(false)),
        ("compare", json!(format!("{page}/commit/{head}"))),
    ] {
        assert_eq!(event.payload[name], expected, "{name}");
    }
    let messages: Vec<&Json> = event.payload["commits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| &commit["message"])
        .collect();
    assert_eq!(messages, ["three", "four"]);
    assert_eq!(event.payload["head_commit"]["id"], json!(head));
    assert_eq!(event.payload["pusher"]["name"], "ada");
    assert_eq!(event.payload["repository"]["owner"]["login"], "octo");
    assert_eq!(
        event.payload["repository"]["clone_url"],
        json!(format!("{page}.git"))
    );

    // Once a part of the branch was pushed, the rest is what comes.
    world
        .context
        .git(&["update-ref", "refs/remotes/origin/topic", "HEAD~1"]);
    let event = world.event("push", None);
    assert_eq!(event.payload["created"], false);
    assert_eq!(event.payload["commits"].as_array().unwrap().len(), 1);
    world
        .context
        .git(&["commit", "--quiet", "--amend", "-m", "other"]);
    world
        .context
        .git(&["update-ref", "refs/remotes/origin/topic", head]);
    assert_eq!(world.event("push", None).payload["forced"], true);
}

#[test]
fn paths_of_a_push_are_those_it_would_change() {
    let world = World::new();
    let docs = "on: {push: {paths: ['docs/**']}}";
    let source = "on: {push: {paths: ['src/**']}}";
    let none = "all 2 changed files are left out by `paths`";
    let event = world.event("push", None);
    assert_eq!(
        (reason(&event, docs), reason(&event, source)),
        (String::new(), none.to_owned())
    );
    // What is not committed is pushed with the rest.
    world.context.write("src/new.py", "1");
    assert_eq!(reason(&world.event("push", None), source), "");
    // The branch is pushed whole: only what is not committed remains.
    world
        .context
        .git(&["update-ref", "refs/remotes/origin/topic", "HEAD"]);
    let event = world.event("push", None);
    assert_eq!(reason(&event, source), "");
    assert_eq!(
        reason(&event, docs),
        "the changed file is left out by `paths`"
    );
    // Where no workflow goes by them, nobody asks.
    let ground = Ground {
        filters_paths: false,
        ..world.ground(None)
    };
    let event = StartingEvent::make(&request("push", None), &ground).unwrap();
    assert_eq!(event.changed, None);
    // Another branch is looked at as it is committed.
    let event = world.event("push", Some("main"));
    assert_eq!(
        (reason(&event, docs), reason(&event, source)),
        (
            "the changed file is left out by `paths`".to_owned(),
            String::new(),
        )
    );
}

#[test]
fn the_newest_commit_may_ask_for_no_run() {
    let world = World::new();
    world.context.write("z", "1");
    world.context.commit("five [skip ci]");
    for (name, is_skipped) in [
        ("push", true),
        ("pull_request", true),
        ("pull_request_target", false),
        ("workflow_dispatch", false),
    ] {
        let told = reason(&world.event(name, None), &format!("on: {name}"));
        assert_eq!(told.contains("`[skip ci]`"), is_skipped, "{name}: {told}");
    }
}

#[test]
fn a_tag_is_pushed_without_commits() {
    let world = World::new();
    world.context.git(&["tag", "v1", "main"]);
    for (name, sha) in [("v1", &world.base), ("refs/tags/v2", &world.head)] {
        let event = world.event("push", Some(name));
        let tag = name.trim_start_matches("refs/tags/");
        assert_eq!(event.payload["commits"], json!([]), "{name}");
        assert_eq!(event.payload["head_commit"]["id"], json!(sha), "{name}");
        let on = "on: {push: {tags: ['v*'], paths: [nothing]}}";
        let expected = format!("refs/tags/{tag} {tag} tag {sha} {ZEROS}");
        let names = ["ref", "ref_name", "ref_type", "sha", "event.before"];
        assert_eq!(github(&event, on, &names), expected);
        assert_eq!(
            reason(&event, "on: {push: {branches: [main]}}"),
            "it filters branches only"
        );
    }
}

#[test]
fn a_pull_request_of_the_branch_goes_into_the_default_branch() {
    let world = World::new();
    let event = world.event("pull_request", None);
    let names = [
        "ref",
        "ref_name",
        "base_ref",
        "head_ref",
        "sha",
        "event.action",
        "event.number",
    ];
    let expected = format!(
        "refs/pull/1/merge 1/merge main topic {} opened 1",
        world.head
    );
    assert_eq!(github(&event, "on: pull_request", &names), expected);
    let pull_request = &event.payload["pull_request"];
    assert_eq!(pull_request["base"]["sha"], json!(world.base));
    assert_eq!(pull_request["commits"], 2);
    assert_eq!(
        reason(&event, "on: {pull_request: {branches: [dev]}}"),
        "the branch `main` is not in `branches`: `dev`"
    );
    assert_eq!(
        reason(&event, "on: {pull_request: {paths: ['docs/**']}}"),
        ""
    );
    assert_eq!(
        reason(&event, "on: {pull_request: {paths: ['src/**']}}"),
        "all 2 changed files are left out by `paths`"
    );
    assert_eq!(
        reason(&event, "on: {pull_request: {types: [labeled]}}"),
        "`opened` is none of its types `labeled`"
    );
    let labeled = world.event("pull_request.labeled", None);
    assert_eq!(
        github(
            &labeled,
            "on: {pull_request: {types: [labeled]}}",
            &["event.action"]
        ),
        "labeled"
    );

    world
        .context
        .git(&["update-ref", "refs/remotes/origin/topic", "HEAD~1"]);
    world
        .context
        .git(&["update-ref", "refs/remotes/origin/develop", "main"]);
    world
        .context
        .git(&["branch", "--quiet", "--set-upstream-to=origin/develop"]);
    let event = world.event("pull_request", Some("refs/pull/348/merge"));
    let expected = format!(
        "refs/pull/348/merge 348/merge develop topic {} synchronize 348",
        world.head
    );
    assert_eq!(github(&event, "on: pull_request", &names), expected);

    let event = world.event("pull_request_target", None);
    let expected = format!("refs/heads/develop develop {}", world.base);
    assert_eq!(
        github(
            &event,
            "on: pull_request_target",
            &["ref", "base_ref", "sha"]
        ),
        expected
    );
}

#[test]
fn a_release_is_of_a_tag_and_goes_through_its_activities() {
    let world = World::new();
    let problem = StartingEvent::make(&request("release", None), &world.ground(None)).unwrap_err();
    assert_eq!(problem.message, "a release needs a tag, and there is none");
    world.context.git(&["tag", "v1"]);
    let event = world.event("release", None);
    let names = ["ref", "event.release.tag_name", "event.action"];
    assert_eq!(
        github(&event, "on: release", &names),
        "refs/tags/v1 v1 published"
    );
    for activity in ["created", "released"] {
        let on = format!("on: {{release: {{types: [{activity}]}}}}");
        let expected = format!("refs/tags/v1 v1 {activity}");
        assert_eq!(github(&event, &on, &names), expected);
    }
    assert_eq!(
        reason(&event, "on: {release: {types: [deleted]}}"),
        "`published` is none of its types `deleted`"
    );
}

#[test]
fn the_end_of_a_run_starts_those_that_wait_for_it() {
    let world = World::new();
    let push = world.event("push", None);
    let ended = EndedRun {
        workflow: "Test",
        path: ".github/workflows/test.yml",
        conclusion: "failure",
        run: 6,
        event: &push,
    };
    let event = StartingEvent::after_run(&ended, &world.ground(Some("topic"))).unwrap();
    let on = "on: {workflow_run: {workflows: [Test], types: [completed], branches: [topic]}}";
    let names = [
        "event_name",
        "ref",
        "sha",
        "event.workflow_run.conclusion",
        "event.workflow_run.head_branch",
        "event.workflow_run.head_sha",
        "event.workflow_run.event",
        "event.workflow_run.id",
        "event.workflow.path",
        "event.workflow_run.head_commit.message",
    ];
    let expected = format!(
        "workflow_run refs/heads/main {} failure topic {} push 6 .github/workflows/test.yml four",
        world.base, world.head
    );
    assert_eq!(github(&event, on, &names), expected);
    let other = "on: {workflow_run: {workflows: [Lint], types: [completed]}}";
    assert_eq!(
        reason(&event, other),
        "the workflow `Test` is not in `workflows`: `Lint`"
    );

    // Asked for by name it stands for the end of whatever is waited for.
    let event = world.event("workflow_run", None);
    let names = [
        "event.workflow_run.name",
        "event.workflow_run.conclusion",
        "event.workflow_run.head_branch",
    ];
    assert_eq!(github(&event, other, &names), "Lint success topic");

    let pull_request = world.event("pull_request", None);
    let ended = EndedRun {
        event: &pull_request,
        ..ended
    };
    let event = StartingEvent::after_run(&ended, &world.ground(None)).unwrap();
    let run = &event.payload["workflow_run"];
    assert_eq!(run["head_branch"], "topic");
    assert_eq!(run["pull_requests"][0]["base"]["ref"], "main");
}

#[test]
fn events_without_a_branch_are_about_the_default_branch() {
    let world = World::new();
    let expected = format!("refs/heads/main {} 0 4 * * 1", world.base);
    let on = "on: {schedule: [{cron: '0 4 * * 1'}]}";
    let event = world.event("schedule", None);
    assert_eq!(
        github(&event, on, &["ref", "sha", "event.schedule"]),
        expected
    );
    let on = "on: {repository_dispatch: {types: [deploy]}}";
    let event = world.event("repository_dispatch", None);
    assert_eq!(
        github(&event, on, &["ref_name", "event.action"]),
        "main deploy"
    );
    let event = world.event("merge_group", None);
    let queue = format!("gh-readonly-queue/main/pr-1-{}", world.head);
    assert_eq!(
        github(&event, "on: merge_group", &["ref_name", "event.action"]),
        format!("{queue} checks_requested")
    );
}

#[test]
fn a_file_tells_what_differs() {
    let world = World::new();
    let file =
        object(json!({"number": 12, "pull_request": {"head": {"ref": "fix"}, "draft": true}}));
    let event = world.with_file("pull_request", None, Some(&file));
    let names = [
        "ref",
        "head_ref",
        "base_ref",
        "event.pull_request.draft",
        "event.pull_request.title",
    ];
    assert_eq!(
        github(&event, "on: pull_request", &names),
        "refs/pull/12/merge fix main true four"
    );
    let file = object(json!({"ref": "refs/heads/release", "repository": {"full_name": "a/b"}}));
    let event = world.with_file("push", None, Some(&file));
    assert_eq!(
        github(
            &event,
            "on: push",
            &["ref_name", "repository", "repository_owner"]
        ),
        "release a/b a"
    );
    let file = object(json!({"action": "opened", "issue": {"number": 3}}));
    let event = world.with_file("issues", None, Some(&file));
    assert_eq!(
        github(&event, "on: issues", &["event.issue.number", "ref_name"]),
        "3 main"
    );
    assert_eq!(
        reason(&event, "on: {issues: {types: [closed]}}"),
        "`opened` is none of its types `closed`"
    );
}

#[test]
fn events_that_cannot_be_are_refused() {
    let world = World::new();
    for (name, message, hint) in [
        ("pus", "there is no event `pus`", "did you mean `push`?"),
        (
            "release.opened",
            "the event `release` has no activity `opened`",
            "its activities are `published`, `unpublished`, `created`, `edited`, `deleted`, `prereleased`, `released`",
        ),
        (
            "issues",
            "nothing here tells what an event `issues` is about",
            "give what GitHub would send as a file: `--event-file FILE`, in JSON",
        ),
    ] {
        let problem = StartingEvent::make(&request(name, None), &world.ground(None)).unwrap_err();
        assert_eq!(
            (problem.message.as_str(), problem.hints[0].as_str()),
            (message, hint)
        );
    }
}

#[test]
fn repositories_without_commits_or_git_have_events_too() {
    let context = TestContext::new();
    context.write("a.py", "1");
    let git = Git::discover(context.root()).unwrap().unwrap();
    let ground = |git| Ground {
        git,
        folder: context.root(),
        reference: None,
        actor: Some("Ada Author"),
        user: "",
        filters_paths: true,
    };
    for git in [Some(&git), None] {
        for name in ["push", "pull_request", "schedule", "workflow_run"] {
            let event = StartingEvent::make(&request(name, None), &ground(git)).unwrap();
            assert_eq!(event.sha, ZEROS, "{name}");
            assert_eq!(event.short_commit(), "");
        }
        let event = StartingEvent::make(&request("push", None), &ground(git)).unwrap();
        let on = "on: {push: {paths: ['**.py']}}";
        assert_eq!(
            github(&event, on, &["ref", "repository"]),
            "refs/heads/main Ada-Author/repository"
        );
    }
}

#[test]
fn the_context_names_the_run() {
    let world = World::new();
    let event = world.event("push", None);
    let names = [
        "workflow",
        "workflow_ref",
        "run_id",
        "run_attempt",
        "actor",
        "api_url",
        "server_url",
    ];
    assert_eq!(
        github(&event, "name: CI\non: push", &names),
        "CI octo/boat/.github/workflows/x.yml@refs/heads/topic 7 1 ada https://api.github.com https://github.com"
    );
    assert_eq!(
        github(&event, "on: push", &names[..1]),
        ".github/workflows/x.yml"
    );
}
