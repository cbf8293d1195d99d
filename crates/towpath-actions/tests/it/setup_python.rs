//! `actions/setup-python`, with the interpreters of this machine and pip from the index.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use towpath_actions::{SetupPython, SetupUv};
use towpath_python::{Interpreter, Machine, find_interpreters};
use towpath_report::Conclusion;
use towpath_testing::TestContext;
use towpath_workflow::expression::Value;

use crate::world::World;

fn machine<'a>(world: &'a World, cache: &'a Path) -> Machine<'a> {
    Machine {
        environment: &world.environment,
        home: world.environment.get("HOME").map(Path::new),
        cache,
        offline: false,
    }
}

fn newest(machine: &Machine<'_>) -> Interpreter {
    let found = find_interpreters(machine);
    let usable = |one: &&Interpreter| {
        (8..=13).contains(&one.python.minor) && one.implementation == "cpython"
    };
    found
        .iter()
        .rfind(usable)
        .expect("a Python from 3.8 on")
        .clone()
}

/// Returns the files below a folder with their times; a system's own Python may have no such folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, std::time::SystemTime> {
    let mut found = BTreeMap::new();
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    for entry in entries.flatten() {
        let metadata = entry.metadata().unwrap();
        found.insert(entry.path(), metadata.modified().unwrap());
        if metadata.is_dir() && entry.file_name() != "__pycache__" {
            found.extend(files(&entry.path()));
        }
    }
    found
}

#[test]
fn index_pip_installs_into_the_job_and_nowhere_else() {
    let world = World::new(TestContext::new().with_index());
    let cache = world.folder("towpath");
    let machine = machine(&world, &cache);
    let interpreter = newest(&machine);
    let before = files(&interpreter.stdlib.join("site-packages"));
    let action = SetupPython { machine };
    let wish = interpreter.python.to_string();
    let (outcome, said) = world.run(&action, &[("python-version", &wish)]);
    assert_eq!(outcome.conclusion, Conclusion::Success, "{said}");
    let effects = outcome.effects;
    assert_eq!(effects.outputs["python-version"], interpreter.version);
    let location = &effects.environment["pythonLocation"];
    assert!(location.starts_with(&*world.folder("temp").to_string_lossy()));
    assert_eq!(effects.paths, [location.clone(), format!("{location}/bin")]);

    let mut variables = world.environment.clone();
    variables.extend(effects.environment.clone());
    let path = format!("{location}/bin:{}", variables["PATH"]);
    variables.insert("PATH".to_owned(), path);
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(format!("{location}/bin/{program}"))
            .args(arguments)
            .env_clear()
            .envs(&variables)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    };
    run("pip", &["install", "--quiet", "--no-compile", "iniconfig"]);
    let script =
        "import sys, ssl, iniconfig; print(sys.prefix, sys.base_prefix, iniconfig.__file__)";
    let answer = run("python", &["-c", script]);
    let expected = format!("{location} {location} {location}/");
    assert!(answer.starts_with(&expected), "{answer}");
    assert_eq!(files(&interpreter.stdlib.join("site-packages")), before);

    // A second step of the job gets the same one, with what was installed.
    world.succeed(&action, &[("python-version", &wish)]);
    run("python", &["-c", "import iniconfig"]);
}

/// Returns where pip and uv keep what they fetch beyond a job of this ref, below the folder of caches.
fn kept(reference: &str) -> [PathBuf; 2] {
    let mut world = World::new(TestContext::new().with_index());
    let value = Value::from(reference);
    world.github.push(("ref".to_owned(), value));
    world.write("requirements.txt", "");
    let cache = world.folder("towpath");
    let machine = machine(&world, &cache);
    let wish = newest(&machine).python.to_string();
    let inputs = [("python-version", wish.as_str()), ("cache", "pip")];
    let (python, said) = world.run(&SetupPython { machine }, &inputs);
    assert_eq!(python.conclusion, Conclusion::Success, "{said}");
    let (uv, said) = world.run(&SetupUv { machine }, &[]);
    assert_eq!(uv.conclusion, Conclusion::Success, "{said}");
    [(python, "PIP_CACHE_DIR"), (uv, "UV_CACHE_DIR")].map(|(outcome, name)| {
        let path = Path::new(&outcome.effects.environment[name]);
        path.strip_prefix(world.folder("cache")).unwrap().to_owned()
    })
}

#[test]
fn index_what_one_ref_fetches_no_other_installs() {
    let [pip, uv] = kept("refs/heads/main");
    let [others_pip, others_uv] = kept("refs/pull/7/merge");
    assert!(pip != others_pip && uv != others_uv, "{pip:?} {uv:?}");
}

#[test]
fn what_cannot_be_set_up_is_told_with_what_to_do() {
    let mut world = World::new(TestContext::new());
    world
        .environment
        .insert("PYENV_ROOT".to_owned(), "/nowhere".to_owned());
    let cache = world.folder("towpath");
    let action = SetupPython {
        machine: machine(&world, &cache),
    };
    for (inputs, expected) in [
        (
            &[("python-version", "3.1")][..],
            "if 3.10 is meant, write it in quotes",
        ),
        (
            &[("python-version", "2.6")],
            "version `2.6` of Python is not on this machine",
        ),
        (
            &[("python-version", "pypy3.10")],
            "towpath sets up only CPython",
        ),
        (
            &[("python-version", "newest")],
            "`newest` is no version of Python",
        ),
        (&[("python-version-file", "absent")], "the file `absent`"),
    ] {
        let said = world.fail(&action, inputs);
        assert!(said.contains(expected), "{said}");
    }
}
