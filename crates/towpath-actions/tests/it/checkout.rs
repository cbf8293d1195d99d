//! `actions/checkout`, with real git.

use towpath_actions::Checkout;
use towpath_testing::TestContext;
use towpath_workflow::expression::Value;

use crate::world::World;

#[test]
fn every_job_gets_the_commit_with_the_changes_of_one_moment() {
    let world = World::pushed(&[("a", "1"), ("sub/b", "2")]);
    world.context.write("a", "changed");
    let checkout = Checkout::default();
    let outputs = world.succeed(&checkout, &[]);
    assert_eq!(outputs["ref"], "refs/heads/main");
    assert_eq!(world.read("a").as_deref(), Some("changed"));
    world.context.write("a", "changed again");
    world.write("leftover", "");
    world.succeed(&checkout, &[("path", "again")]);
    assert_eq!(world.read("again/a").as_deref(), Some("changed"));
    assert_eq!(world.read("again/sub/b").as_deref(), Some("2"));
    world.succeed(&checkout, &[]);
    assert_eq!(world.read("leftover"), None, "the workspace is cleaned");
}

#[test]
fn other_refs_come_without_what_is_not_committed() {
    let world = World::pushed(&[("a", "1")]);
    world.context.git(&["tag", "v1"]);
    world.context.git(&["branch", "old"]);
    world.context.write("a", "2");
    let commit = world.context.commit("second");
    world.context.write("a", "changed");
    for (name, full, expected) in [
        ("v1", "refs/tags/v1", "1"),
        ("old", "refs/heads/old", "1"),
        ("refs/heads/old", "refs/heads/old", "1"),
        ("refs/tags/v1", "refs/tags/v1", "1"),
        ("main", "refs/heads/main", "changed"),
        (commit.as_str(), "", "changed"),
    ] {
        let outputs = world.succeed(&Checkout::default(), &[("ref", name)]);
        assert_eq!(outputs["ref"], full, "{name}");
        assert_eq!(world.read("a").as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn what_is_not_in_the_clone_is_told_with_the_command_that_brings_it() {
    let world = World::pushed(&[("a", "1")]);
    let checkout = Checkout::default();
    let said = world.fail(&checkout, &[("ref", "absent")]);
    assert!(said.contains("the clone has no `absent`"), "{said}");
    assert!(said.contains("`git fetch origin absent`"), "{said}");
    let said = world.fail(&checkout, &[("repository", "you/other")]);
    assert!(said.contains("`you/other`, which is not here"), "{said}");
    let said = world.fail(&checkout, &[("path", "../x")]);
    assert!(said.contains("not under the workspace"), "{said}");
}

#[test]
fn a_remote_of_the_clone_stands_for_another_repository() {
    let world = World::pushed(&[("a", "1")]);
    let other = TestContext::new();
    other.write("tool", "other");
    other.commit("first");
    let url = other.root().display().to_string();
    world.context.git(&["remote", "add", "tools", &url]);
    world.context.git(&["fetch", "-q", "tools"]);
    world.context.git(&[
        "config",
        "remote.tools.url",
        "https://github.com/you/other.git",
    ]);
    let outputs = world.succeed(
        &Checkout::default(),
        &[("repository", "You/other"), ("path", "tools")],
    );
    assert_eq!(outputs["ref"], "refs/heads/main");
    assert_eq!(world.read("tools/tool").as_deref(), Some("other"));
}

#[test]
fn submodules_come_from_the_clone() {
    let module = TestContext::new();
    module.write("m", "module");
    module.commit("first");
    let url = module.root().display().to_string();
    let mut world = World::pushed(&[("a", "1")]);
    let protocol = "protocol.file.allow=always";
    world
        .context
        .git(&["-c", protocol, "submodule", "--quiet", "add", &url, "lib/m"]);
    let commit = world.context.commit("with a submodule");
    world.github.retain(|(name, _)| name != "sha");
    world.github.push(("sha".to_owned(), Value::from(commit)));
    world.succeed(&Checkout::default(), &[]);
    assert_eq!(world.read("lib/m/m"), None);
    world.succeed(&Checkout::default(), &[("submodules", "recursive")]);
    assert_eq!(world.read("lib/m/m").as_deref(), Some("module"));
}

#[test]
fn without_git_the_files_are_copied() {
    let context = TestContext::without_git();
    context.write("a", "1");
    context.write("b/c", "2");
    let world = World::new(context);
    world.succeed(&Checkout::default(), &[]);
    assert_eq!(world.read("a").as_deref(), Some("1"));
    assert_eq!(world.read("b/c").as_deref(), Some("2"));
}

#[test]
fn sparse_checkouts_hold_only_what_they_name() {
    let world = World::pushed(&[("a", "1"), ("docs/x", "2"), ("src/y", "3")]);
    world.succeed(&Checkout::default(), &[("sparse-checkout", "docs\n")]);
    assert_eq!(world.read("docs/x").as_deref(), Some("2"));
    assert_eq!(
        (world.read("src/y"), world.read("a").as_deref()),
        (None, Some("1"))
    );
}
