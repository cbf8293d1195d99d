//! Finds interpreters and uv, prepares an environment for each Python given, lays a project over it, and
//! says what each step took. The builds run without a sandbox.
//!
//! `cargo run --example environments -- CACHE 3.10,3.12 PROJECT pytest coverage`

use std::collections::BTreeMap;
use std::path::{Path, absolute};
use std::process::Command;

use towpath_host::clock::{Stopwatch, utc_date};
use towpath_host::{SnapshotOptions, Store, snapshot};
use towpath_python::environments::{self, EditableContext, EditableRequest, EditableStep};
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
    let request = EditableRequest {
        source: tree.root(),
        tree: &tree,
        project,
        git: None,
    };
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
        let context = EditableContext {
            uv: &uv,
            machine: &machine,
            interpreter,
            environment: &environment,
            store: &store,
            date: &date,
        };
        let layer = install(&context, &request, watch)?;
        say(
            &format!("{python}: {} {:?}", layer.folder.display(), layer.tree),
            watch,
        );
    }
    tree.save_index()?;
    Ok(())
}

fn install(
    context: &EditableContext<'_>,
    request: &EditableRequest<'_>,
    watch: Stopwatch,
) -> Result<environments::EditableLayer, Failure> {
    let mut progress = |what: &str| say(what, watch);
    let mut step = environments::prepare_editable(context, request, &mut progress)?;
    loop {
        match step {
            EditableStep::Ready(layer) => return Ok(layer),
            EditableStep::Build(build) => {
                for command in &build.commands {
                    let (program, arguments) =
                        command.arguments.split_first().ok_or("an empty command")?;
                    let mut child = Command::new(program);
                    child.args(arguments).env_clear().envs(&command.environment);
                    let status = child.current_dir(&command.folder).status()?;
                    say(&format!("built: {status}"), watch);
                }
                step =
                    environments::finish_editable(context, request, &build, None, &mut progress)?;
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "an example prints")]
fn say(what: &str, watch: Stopwatch) {
    println!("{:>9.2} ms  {what}", watch.elapsed().as_secs_f64() * 1000.0);
}
