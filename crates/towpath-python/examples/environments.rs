//! Finds interpreters and uv, prepares an environment for each Python given with what a project needs, and
//! says what each step took.
//!
//! `cargo run --example environments -- CACHE 3.10,3.12 PROJECT pytest coverage`

use std::collections::BTreeMap;
use std::path::{Path, absolute};

use towpath_host::clock::{Stopwatch, utc_date};
use towpath_host::{SnapshotOptions, Store, snapshot};
use towpath_python::environments;
use towpath_python::{Machine, Requirements, find_interpreters, find_uv, read_projects};

type Failure = Box<dyn std::error::Error>;

#[expect(clippy::disallowed_methods, reason = "an example is a binary")]
fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let cache = absolute(arguments.next().ok_or("a cache folder is missing")?)?;
    let pythons = arguments.next().ok_or("the Pythons are missing")?;
    let root = absolute(arguments.next().ok_or("a project is missing")?)?;
    let requirements: Vec<String> = arguments.collect();
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let home = environment.get("HOME").cloned();
    let machine = Machine {
        environment: &environment,
        home: home.as_deref().map(Path::new),
        cache: &cache,
        offline: false,
    };
    let watch = Stopwatch::start();
    let interpreters = find_interpreters(&machine);
    say(&format!("found {} interpreters", interpreters.len()), watch);
    let uv = find_uv(&machine)?;
    say(
        &format!("found uv {} at {}", uv.version, uv.program.display()),
        watch,
    );
    let store = Store::open(&cache.join("store"))?;
    let date = utc_date();
    let index_file = cache.join("index");
    let tree = snapshot(&SnapshotOptions {
        root: &root,
        index_file: &index_file,
        verify: false,
    })?;
    let (projects, _) = read_projects(&tree);
    let project = projects.first().ok_or("there is no project")?;
    say("read the project", watch);
    let wanted: Vec<&str> = requirements
        .iter()
        .chain(&project.dependencies)
        .map(String::as_str)
        .collect();
    let wanted = Requirements::of(&wanted);
    for python in pythons.split(',') {
        let named =
            |interpreter: &&towpath_python::Interpreter| interpreter.python.to_string() == python;
        let interpreter = interpreters
            .iter()
            .find(named)
            .ok_or_else(|| format!("there is no Python {python}"))?;
        let resolution = environments::resolve(&uv, &machine, interpreter, &wanted, &store, &date)?;
        say(
            &format!(
                "{python}: resolved to {} packages",
                resolution.packages.len()
            ),
            watch,
        );
        let mut progress = |what: &str| say(what, watch);
        let environment =
            environments::prepare(&uv, &machine, interpreter, &resolution, &mut progress)?;
        say(
            &format!("{python}: {}", environment.folder.display()),
            watch,
        );
    }
    tree.save_index()?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example prints")]
fn say(what: &str, watch: Stopwatch) {
    println!("{:>9.2} ms  {what}", watch.elapsed().as_secs_f64() * 1000.0);
}
