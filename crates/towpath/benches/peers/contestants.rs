//! The contestants: each runs all jobs of a project, with environments of its own.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::work::{Environment, Job, Project};

/// Where a comparison happens.
pub(crate) struct Ground {
    /// The project's files.
    pub(crate) tree: PathBuf,
    /// Where every contestant keeps what it makes.
    pub(crate) folder: PathBuf,
    bin: PathBuf,
}

impl Ground {
    /// Fetches the project and the peers, each once.
    pub(crate) fn prepare(project: &Project, folder: &Path) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(folder)?;
        let ground = Self {
            tree: folder.join(format!("{}-{}", project.name, project.version)),
            folder: folder.to_owned(),
            bin: folder.join("peers/bin"),
        };
        if !ground.tree.exists() {
            let name = format!("{}=={}", project.name, project.version);
            shell(
                folder,
                &format!(
                    "python3 -m pip download -q --no-deps --no-binary :all: -d . {name} && tar -xf *.tar.gz"
                ),
            )?;
            if let Some((file, text, other)) = project.edit {
                let path = ground.tree.join(file);
                let before = std::fs::read_to_string(&path)?;
                let after = before.replace(text, other);
                if after == before {
                    return Err(format!("{} has no `{text}`", path.display()).into());
                }
                std::fs::write(path, after)?;
            }
        }
        if !ground.bin.exists() {
            shell(
                folder,
                "python3 -m venv peers && peers/bin/pip install -q uv tox tox-uv nox",
            )?;
        }
        Ok(ground)
    }
}

/// One way to run all jobs.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// The command, in the project's folder.
    pub(crate) run: Vec<String>,
    /// The command that does all work although nothing changed.
    pub(crate) warm: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    /// Folders whose removal makes it forget its environments and caches.
    state: Vec<PathBuf>,
}

impl Contestant {
    /// Removes environments and caches.
    pub(crate) fn forget(&self) -> Result<(), Box<dyn Error>> {
        for folder in &self.state {
            if folder.exists() {
                std::fs::remove_dir_all(folder)?;
            }
        }
        Ok(())
    }
}

/// Returns the contestants; the first is the tools alone.
pub(crate) fn contestants(
    project: &Project,
    ground: &Ground,
) -> Result<Vec<Contestant>, Box<dyn Error>> {
    let serial = ground.folder.join("serial.sh");
    std::fs::write(&serial, script(project, ground, "serial"))?;
    let makefile = ground.folder.join("Makefile");
    std::fs::write(&makefile, make(project, ground))?;
    let tox = ground.folder.join("tox.ini");
    std::fs::write(&tox, tox_file(project, ground))?;
    let nox = ground.folder.join("noxfile.py");
    std::fs::write(&nox, nox_file(project, ground))?;
    let program = |name: &str| ground.bin.join(name).display().to_string();
    let words =
        |text: &[&str]| -> Vec<String> { text.iter().map(|word| (*word).to_owned()).collect() };
    let path = |path: &Path| path.display().to_string();
    let cores = std::thread::available_parallelism()?.to_string();
    let plain = |name, run: Vec<String>, state: PathBuf| Contestant {
        name,
        warm: run.clone(),
        run,
        variables: vec![("PATH".to_owned(), search_path(&ground.bin))],
        state: vec![state],
    };
    Ok(vec![
        plain(
            "tools alone",
            words(&["sh", "-e", &path(&serial)]),
            ground.folder.join("serial"),
        ),
        plain(
            "make -j",
            words(&["make", "-s", "-B", "-j", &cores, "-f", &path(&makefile)]),
            ground.folder.join("make"),
        ),
        plain(
            "tox -p",
            words(&[
                &program("tox"),
                "-q",
                "-p",
                &cores,
                "-c",
                &path(&tox),
                "--workdir",
                &path(&ground.folder.join("tox")),
            ]),
            ground.folder.join("tox"),
        ),
        plain(
            "nox",
            words(&[
                &program("nox"),
                "-R",
                "-f",
                &path(&nox),
                "--envdir",
                &path(&ground.folder.join("nox")),
            ]),
            ground.folder.join("nox"),
        ),
        towpath(ground),
    ])
}

/// Returns towpath itself, with a state and a cache of its own.
fn towpath(ground: &Ground) -> Contestant {
    let program = env!("CARGO_BIN_EXE_towpath");
    let state = ground.folder.join("towpath");
    let words =
        |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    let inner = |name: &str| state.join(name).display().to_string();
    Contestant {
        name: "towpath ci",
        run: words(&[program, "ci", "--quiet"]),
        warm: words(&[program, "ci", "--quiet", "--force"]),
        variables: vec![
            ("PATH".to_owned(), search_path(&ground.bin)),
            ("TOWPATH_CACHE_DIR".to_owned(), inner("cache")),
            ("TOWPATH_STATE_DIR".to_owned(), inner("state")),
        ],
        state: vec![state],
    }
}

/// Returns `PATH` with the peers first and every interpreter found before the shims of version managers,
/// which fail when they are inactive.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads its own environment"
)]
fn search_path(bin: &Path) -> String {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let home = environment.get("HOME").map(PathBuf::from);
    let machine = towpath_python::Machine {
        environment: &environment,
        home: home.as_deref(),
        cache: bin,
        offline: true,
    };
    let mut folders = vec![bin.display().to_string()];
    for interpreter in towpath_python::find_interpreters(&machine) {
        folders.extend(
            interpreter
                .path
                .parent()
                .map(|folder| folder.display().to_string()),
        );
    }
    folders.extend(environment.get("PATH").cloned());
    folders.join(":")
}

/// A script that makes the environments that are not there and runs the jobs one after the other.
fn script(project: &Project, ground: &Ground, owner: &str) -> String {
    let own = ground.folder.join(owner);
    let mut text = format!("mkdir -p {0}/out\nexport OUT={0}/out\n", own.display());
    for environment in &project.environments {
        let _ = writeln!(
            text,
            "[ -d {0} ] || {{ {1}; }}",
            folder(&own, environment).display(),
            creation(&own, environment)
        );
    }
    for job in &project.jobs {
        let _ = writeln!(text, "({})", line(&own, job));
    }
    text
}

fn make(project: &Project, ground: &Ground) -> String {
    let own = ground.folder.join("make");
    let names: Vec<&str> = project.jobs.iter().map(|job| job.name).collect();
    let mut text = format!(
        "SHELL = /bin/sh\nexport OUT = {}/out\nall: {}\n",
        own.display(),
        names.join(" ")
    );
    for environment in &project.environments {
        let _ = writeln!(
            text,
            ".PHONY: env-{name}\nenv-{name}:\n\t@mkdir -p $(OUT); [ -d {folder} ] || {{ {creation}; }}",
            name = environment.name,
            folder = folder(&own, environment).display(),
            creation = creation(&own, environment)
        );
    }
    for job in &project.jobs {
        let _ = writeln!(
            text,
            ".PHONY: {name}\n{name}: env-{environment} {needs}\n\t@{line}",
            name = job.name,
            environment = job.environment,
            needs = job.needs.join(" "),
            line = line(&own, job)
                .replace("$OUT", "$(OUT)")
                .replace("$PATH", "$$PATH")
        );
    }
    text
}

fn tox_file(project: &Project, ground: &Ground) -> String {
    let out = ground.folder.join("tox-out");
    let names: Vec<&str> = project.jobs.iter().map(|job| job.name).collect();
    let mut text = format!(
        "[tox]\nenvlist = {}\nskipsdist = true\ntoxinidir = {}\n",
        names.join(","),
        ground.tree.display()
    );
    for job in &project.jobs {
        let Some(environment) = project
            .environments
            .iter()
            .find(|environment| environment.name == job.environment)
        else {
            continue;
        };
        let installs = environment
            .installs
            .replace("-r ", &format!("-r {}/", ground.tree.display()));
        let _ = writeln!(
            text,
            "[testenv:{name}]\nbasepython = python{python}\nskip_install = true\nchange_dir = {tree}\ndepends = {needs}\nallowlist_externals = sh,uv\nset_env =\n    OUT = {out}\ncommands_pre = uv pip install -q {installs}\ncommands = sh -ec {line:?}",
            name = job.name,
            python = environment.python,
            tree = ground.tree.display(),
            needs = job.needs.join(","),
            out = out.display(),
            installs = quoted(&installs),
            line = format!("mkdir -p $OUT; {}", job.line)
        );
    }
    text
}

fn nox_file(project: &Project, ground: &Ground) -> String {
    let out = ground.folder.join("nox-out").display().to_string();
    let tree = ground.tree.display().to_string();
    let mut text = format!(
        "import os\nimport nox\n\nnox.options.default_venv_backend = \"uv\"\nos.makedirs({out:?}, exist_ok=True)\n"
    );
    for job in &project.jobs {
        let Some(environment) = project
            .environments
            .iter()
            .find(|environment| environment.name == job.environment)
        else {
            continue;
        };
        let words: Vec<String> = environment
            .installs
            .split(' ')
            .map(|word| format!("{word:?}"))
            .collect();
        let _ = writeln!(
            text,
            "\n@nox.session(name={name:?}, python={python:?})\ndef job_{function}(session):\n    session.chdir({tree:?})\n    session.install({installs})\n    session.run(\"sh\", \"-ec\", {line:?}, env={{\"OUT\": {out:?}}}, external=True)",
            name = job.name,
            python = environment.python,
            function = job.name.replace('-', "_"),
            installs = words.join(", "),
            line = job.line,
        );
    }
    text
}

fn folder(own: &Path, environment: &Environment) -> PathBuf {
    own.join(environment.name)
}

fn creation(own: &Path, environment: &Environment) -> String {
    let folder = folder(own, environment);
    format!(
        "uv venv -q -p {} {folder} && uv pip install -q -p {folder} {}",
        environment.python,
        quoted(environment.installs),
        folder = folder.display()
    )
}

/// Requirements with `<` and `>` need quotes in a shell.
fn quoted(installs: &str) -> String {
    let quote = |word: &str| {
        if word.contains(['<', '>', '[']) {
            format!("'{word}'")
        } else {
            word.to_owned()
        }
    };
    installs.split(' ').map(quote).collect::<Vec<_>>().join(" ")
}

fn line(own: &Path, job: &Job) -> String {
    let environment = own.join(job.environment);
    format!(
        "export VIRTUAL_ENV={0} PATH={0}/bin:$PATH; {1}",
        environment.display(),
        job.line
    )
}

fn shell(folder: &Path, line: &str) -> Result<(), Box<dyn Error>> {
    let status = Command::new("sh")
        .args(["-ec", line])
        .current_dir(folder)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` ended with {status}").into())
    }
}
