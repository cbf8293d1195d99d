//! Finds interpreters and uv, prepares an environment for each Python given, and says what each step
//! took: `cargo run --example environments -- CACHE 3.10,3.12 pytest coverage`.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_host::clock::{Stopwatch, utc_date};
use towpath_host::Store;
use towpath_python::{Machine, Requirements, environments, find_interpreters, find_uv};

#[expect(clippy::disallowed_methods, reason = "an example is a binary")]
#[expect(clippy::print_stdout, reason = "an example prints")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let cache = arguments.next().ok_or("a cache folder is missing")?;
    let pythons = arguments.next().ok_or("the Pythons are missing")?;
    let requirements: Vec<String> = arguments.collect();
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let home = environment.get("HOME").cloned();
    let machine = Machine {
        environment: &environment,
        home: home.as_deref().map(Path::new),
        cache: Path::new(&cache),
        offline: false,
    };
    let watch = Stopwatch::start();
    let say = |what: &str, watch: &Stopwatch| println!("{:>9.2} ms  {what}", watch.elapsed().as_secs_f64() * 1000.0);
    let interpreters = find_interpreters(&machine);
    say(&format!("found {} interpreters", interpreters.len()), &watch);
    let uv = find_uv(&machine)?;
    say(&format!("found uv {} at {}", uv.version, uv.program.display()), &watch);
    let store = Store::open(&machine.cache.join("store"))?;
    let wanted = Requirements::of(&requirements.iter().map(String::as_str).collect::<Vec<_>>());
    for python in pythons.split(',') {
        let interpreter = interpreters
            .iter()
            .find(|interpreter| interpreter.python.to_string() == python)
            .ok_or_else(|| format!("there is no Python {python}"))?;
        let resolution = environments::resolve(&uv, &machine, interpreter, &wanted, &store, &utc_date())?;
        say(&format!("{python}: resolved to {} packages", resolution.packages.len()), &watch);
        let made = environments::prepare(&uv, &machine, interpreter, &resolution, &mut |what| say(what, &watch))?;
        say(&format!("{python}: {}", made.folder.display()), &watch);
    }
    Ok(())
}
