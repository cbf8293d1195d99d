//! `actions/cache` with its parts.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_actions::{Cache, CacheRestore, CacheSave};
use towpath_report::Conclusion;
use towpath_workflow::expression::Value;

use crate::world::World;

/// The home of the user who started the run, which is not that of the job.
fn user() -> Option<&'static Path> {
    Some(Path::new("/home/of/the/user"))
}

fn world() -> World {
    World::pushed(&[("a", "1")])
}

/// Runs a job that uses the cache: what restoring gave, then the end of the job.
fn job(world: &World, key: &str, path: &str, restore_keys: &str) -> (String, String) {
    let action = Cache { user_home: user() };
    let inputs = [("key", key), ("path", path), ("restore-keys", restore_keys)];
    let (outcome, said) = world.run(&action, &inputs);
    assert_eq!(outcome.conclusion, Conclusion::Success, "{said}");
    if let Some(end) = world.post(&action, &inputs, &outcome.effects.state) {
        assert_eq!(end.conclusion, Conclusion::Success, "{:?}", end.result);
    }
    let output = |name: &str| {
        outcome
            .effects
            .outputs
            .get(name)
            .cloned()
            .unwrap_or_default()
    };
    (output("cache-hit"), output("cache-matched-key"))
}

fn hit(hit: &str, key: &str) -> (String, String) {
    (hit.to_owned(), key.to_owned())
}

#[test]
fn files_come_back_in_later_jobs() {
    let world = world();
    world.write("deps/x", "1");
    world.context.write("../home/.cache/tool/y", "2");
    let pipe = world.workspace().join("deps/pipe");
    let made = world
        .context
        .run(Path::new("mkfifo"), &[&pipe.to_string_lossy()]);
    assert_eq!(made.code, Some(0), "{made}");
    let path = "deps\n~/.cache/tool";
    assert_eq!(job(&world, "k-1", path, ""), hit("", ""));
    std::fs::remove_dir_all(world.workspace().join("deps")).unwrap();
    std::fs::remove_dir_all(world.folder("home/.cache")).unwrap();
    assert_eq!(job(&world, "k-1", path, ""), hit("true", "k-1"));
    assert_eq!(world.read("deps/x").as_deref(), Some("1"));
    assert!(world.folder("home/.cache/tool/y").is_file());
    assert_eq!(job(&world, "k-2", path, "k-"), hit("false", "k-1"));
    assert_eq!(job(&world, "k-2", path, "k-"), hit("true", "k-2"));
    assert_eq!(
        job(&world, "k-2", "deps", "k-"),
        hit("", ""),
        "another path, another cache"
    );
}

#[test]
fn a_job_that_failed_saves_nothing() {
    let mut world = world();
    world.write("deps/x", "1");
    world.job_status = "failure";
    job(&world, "k", "deps", "");
    assert_eq!(job(&world, "k", "deps", ""), hit("", ""));
}

#[test]
fn a_pull_request_reads_its_base_and_the_base_does_not_read_it() {
    let mut world = world();
    world.write("deps/x", "1");
    job(&world, "base", "deps", "");
    let set = |world: &mut World, name: &str, value: &str| {
        world.github.retain(|(own, _)| own != name);
        world.github.push((name.to_owned(), Value::from(value)));
    };
    set(&mut world, "ref", "refs/pull/7/merge");
    set(&mut world, "base_ref", "main");
    assert_eq!(job(&world, "base", "deps", ""), hit("true", "base"));
    job(&world, "own", "deps", "");
    assert_eq!(job(&world, "own", "deps", ""), hit("true", "own"));
    set(&mut world, "ref", "refs/heads/main");
    assert_eq!(job(&world, "own", "deps", ""), hit("", ""));
}

#[test]
fn the_users_own_home_is_left_alone() {
    let world = world();
    let home = world.folder("home");
    world.context.write("../home/.cache/tool/y", "2");
    let save = CacheSave {
        user_home: Some(&home),
    };
    let inputs = [("key", "k"), ("path", "~/.cache/tool")];
    let (outcome, said) = world.run(&save, &inputs);
    assert_eq!(outcome.conclusion, Conclusion::Success);
    assert!(said.contains("nothing was cached"), "{said}");
    let restore = CacheRestore {
        user_home: Some(&home),
    };
    let (_, said) = world.run(&restore, &inputs);
    assert!(
        said.contains("is in your own home folder and stays as it is"),
        "{said}"
    );
}

#[test]
fn restore_and_save_work_apart() {
    let world = world();
    world.write("deps/x", "1");
    let inputs = [("key", "k"), ("path", "deps")];
    let (save, restore) = (
        CacheSave { user_home: user() },
        CacheRestore { user_home: user() },
    );
    let said = world.fail(
        &restore,
        &[inputs[0], inputs[1], ("fail-on-cache-miss", "true")],
    );
    assert!(
        said.contains("no cache was found for the key `k`"),
        "{said}"
    );
    world.succeed(&save, &inputs);
    world.write("deps/x", "2");
    let looked = world.succeed(&restore, &[inputs[0], inputs[1], ("lookup-only", "true")]);
    assert_eq!(
        (
            looked["cache-hit"].as_str(),
            world.read("deps/x").as_deref()
        ),
        ("true", Some("2"))
    );
    world.succeed(&restore, &inputs);
    assert_eq!(world.read("deps/x").as_deref(), Some("1"));
    assert!(world.post(&restore, &inputs, &BTreeMap::new()).is_none());
}

#[test]
fn a_cache_that_cannot_be_used_is_a_warning_and_a_miss() {
    let world = world();
    world.write("deps/x", "1");
    let inputs = [("key", "k"), ("path", "deps")];
    let (save, restore) = (
        CacheSave { user_home: user() },
        CacheRestore { user_home: user() },
    );
    let works_on = |action: &dyn towpath_runner::Action| {
        let (outcome, said) = world.run(action, &inputs);
        assert_eq!(outcome.conclusion, Conclusion::Success, "{said}");
        assert!(said.starts_with("warning: "), "{said}");
        assert_eq!(outcome.effects.annotations.len(), 1);
        assert!(!outcome.effects.outputs.contains_key("cache-hit"));
    };
    // What is in the way of the files that come back.
    world.succeed(&save, &inputs);
    std::fs::remove_dir_all(world.workspace().join("deps")).unwrap();
    world.write("deps", "a file");
    works_on(&restore);
    // A folder for caches that is none.
    std::fs::remove_dir_all(world.folder("cache")).unwrap();
    world.context.write("../cache", "a file");
    works_on(&save);
    works_on(&restore);
}

#[test]
fn the_mode_of_the_cache_closes_it() {
    for (mode, saves, restores) in [
        ("write", true, true),
        ("read", false, true),
        ("write-only", true, false),
        ("none", false, false),
    ] {
        let mut world = world();
        world.write("deps/x", "1");
        let variable = |mode: &str| (towpath_runner::CACHE_MODE.to_owned(), mode.to_owned());
        world.environment.extend([variable(mode)]);
        assert_eq!(job(&world, "k", "deps", ""), hit("", ""));
        world.environment.extend([variable("read")]);
        let is_saved = job(&world, "k", "deps", "") == hit("true", "k");
        assert_eq!(is_saved, saves, "{mode}");
        world.environment.extend([variable("write")]);
        job(&world, "k", "deps", "");
        world.environment.extend([variable(mode)]);
        let is_restored = job(&world, "k", "deps", "") == hit("true", "k");
        assert_eq!(is_restored, restores, "{mode}");
    }
}
