//! Programs that run other programs: `env`, `python -m`, `uv run`, `poetry run`, `npx` and the like.
//! Peels them off a command and keeps what they add to it.

use std::collections::BTreeMap;

use super::installs::{self, Draft};
use super::options;
use super::tools;
use crate::PythonVersion;

/// A command without its runners, and what the runners said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Peeled {
    /// The program that runs in the end, and its arguments; empty where nothing runs.
    pub(super) words: Vec<String>,
    /// The module that runs in the end, where it is `python -m` that runs it.
    pub(super) module: Option<String>,
    /// Variables set on the way.
    pub(super) environment: BTreeMap<String, String>,
    /// The Python that was asked for.
    pub(super) python: Option<PythonVersion>,
    /// Packages put beside it for this command alone.
    pub(super) with: Vec<String>,
    /// What the runner installs before.
    pub(super) installs: Vec<Draft>,
    /// Whether it runs in an environment of its own: `uvx`, `pipx run`, `npx`.
    pub(super) is_isolated: bool,
    /// The project manager whose scripts the first word may name: `pdm`, `pipenv`, `rye`.
    pub(super) manager: Option<&'static str>,
    /// The folder it runs in, relative to where it stands.
    pub(super) folder: Option<String>,
    /// Shell text that runs instead of `words`: `sh -c`.
    pub(super) script: Option<String>,
}

const UV_VALUED: &[&str] = &[
    "-p",
    "--python",
    "--with",
    "-w",
    "--with-requirements",
    "--with-editable",
    "--extra",
    "--group",
    "--only-group",
    "--no-group",
    "--no-extra",
    "--package",
    "--directory",
    "--project",
    "--env-file",
    "--index-url",
    "-i",
    "--extra-index-url",
    "--resolution",
    "--index",
    "--default-index",
    "--exclude-newer",
    "--cache-dir",
    "--config-file",
    "--prerelease",
    "--link-mode",
    "--from",
    "-C",
    "--refresh-package",
    "--reinstall-package",
    "-P",
    "--upgrade-package",
    "--color",
    "-c",
    "--constraints",
    "--python-platform",
    "--index-strategy",
    "-f",
    "--find-links",
    "--allow-insecure-host",
];

const MOST_LAYERS: usize = 12;

/// Peels all runners off a command.
pub(super) fn peel(words: &[String]) -> Peeled {
    let mut peeled = Peeled {
        words: words.to_vec(),
        ..Peeled::default()
    };
    for _ in 0..MOST_LAYERS {
        if peeled.script.is_some() || !peeled.layer() {
            break;
        }
    }
    peeled
}

impl Peeled {
    /// Returns how the program of a tool is written where that is not its name alone.
    pub(super) fn program(&self, tool: &str) -> Option<String> {
        let first = self.words.first()?;
        if tool.contains(' ') || tools::base_name(first) == "python" {
            return None;
        }
        let module = self.module.as_ref();
        let path = || first.contains('/').then(|| first.clone());
        module
            .map(|module| format!("python -m {module}"))
            .or_else(path)
    }

    /// Peels one runner; returns whether there was one.
    fn layer(&mut self) -> bool {
        let words = std::mem::take(&mut self.words);
        let module = self.module.take();
        let Some((first, rest)) = words.split_first() else {
            return false;
        };
        if let Some((name, value)) = assignment(first) {
            self.environment.insert(name, value);
            self.words = rest.to_vec();
            return true;
        }
        let program = tools::base_name(first);
        let inner = match program.as_str() {
            "sudo" => Some(options::leading(rest, &["-u", "-g", "-C"]).operands),
            "time" | "command" | "exec" | "nohup" | "unbuffer" | "retry" | "catchsegv" | "then"
            | "do" | "else" | "winpty" | "call" | "dbus-run-session" | "arch" => {
                Some(options::leading(rest, &[]).operands)
            }
            "nice" | "stdbuf" => Some(options::leading(rest, &["-n", "-o", "-e", "-i"]).operands),
            "timeout" => options::leading(rest, &["-s", "-k"])
                .operands
                .get(1..)
                .map(<[String]>::to_vec),
            "xvfb-run" => Some(
                options::leading(
                    rest,
                    &[
                        "-s",
                        "--server-args",
                        "-n",
                        "--server-num",
                        "-e",
                        "-f",
                        "-w",
                    ],
                )
                .operands,
            ),
            "env" => Some(options::leading(rest, &["-u", "--unset", "-C"]).operands),
            "xargs" => {
                Some(options::leading(rest, &["-n", "-P", "-I", "-L", "-d", "-a", "-s"]).operands)
            }
            "npx" | "bunx" | "pnpx" => Some(self.npx(rest)),
            "uvx" => Some(self.uvx(rest)),
            "uv" => self.uv(rest),
            "pipx" => self.pipx(rest),
            "poetry" | "pipenv" | "pdm" | "rye" | "pixi" => self.managed(&program, rest),
            "python" => self.python(first, rest),
            "bash" | "sh" | "zsh" | "dash" => self.shell(rest),
            _ => None,
        };
        let Some(inner) = inner else {
            self.words = words;
            self.module = module;
            return false;
        };
        self.words = inner;
        true
    }

    fn npx(&mut self, rest: &[String]) -> Vec<String> {
        let mut words = options::leading(rest, &["-p", "--package"]).operands;
        self.is_isolated = true;
        self.versioned(&mut words);
        words
    }

    fn uvx(&mut self, rest: &[String]) -> Vec<String> {
        let read = options::leading(rest, UV_VALUED);
        let mut words = read.operands.clone();
        self.is_isolated = true;
        self.python = self
            .python
            .or_else(|| python_of(read.value(&["-p", "--python"])));
        self.with.extend(read.lists(&["--with", "-w"]));
        if let Some(from) = read.value(&["--from"]) {
            self.with.push(installs::requirement(from));
        }
        self.versioned(&mut words);
        words
    }

    /// `ruff@0.5 check` runs `ruff`; the version is kept as a package put beside.
    fn versioned(&mut self, words: &mut [String]) {
        let Some(first) = words.first_mut() else {
            return;
        };
        let split = first.rsplit_once('@').filter(|(name, _)| !name.is_empty());
        let Some((name, _)) = split else {
            // `uvx "ruff==0.5"` works too.
            if let Some((name, _)) = first.clone().split_once("==") {
                self.with.push(std::mem::replace(first, name.to_owned()));
            }
            return;
        };
        let name = name.to_owned();
        self.with.push(installs::requirement(first));
        *first = name;
    }

    fn uv(&mut self, rest: &[String]) -> Option<Vec<String>> {
        let global = options::leading(rest, UV_VALUED);
        let (command, rest) = global.operands.split_first()?;
        let folder = global.value(&["--directory"]).map(str::to_owned);
        match command.as_str() {
            "tool" if rest.first().is_some_and(|word| word == "run") => {
                Some(self.uvx(rest.get(1..)?))
            }
            "run" => {
                let read = options::leading(rest, UV_VALUED);
                self.python = self
                    .python
                    .or_else(|| python_of(read.value(&["-p", "--python"])));
                self.with.extend(
                    read.values(&["--with"])
                        .flat_map(|list| list.split(','))
                        .map(str::to_owned),
                );
                self.folder = read.value(&["--directory"]).map(str::to_owned).or(folder);
                let is_project =
                    !read.has(&["--no-project", "--isolated", "--script", "-s", "--no-sync"]);
                if is_project {
                    self.installs.push(installs::uv("uv run", &read));
                } else if read.has(&["--isolated"]) {
                    self.installs.push(installs::uv("uv run", &read));
                    self.is_isolated = true;
                }
                let mut words = read.operands.clone();
                if read.has(&["-m", "--module"]) {
                    words.splice(0..0, ["python".to_owned(), "-m".to_owned()]);
                } else if words.first().is_some_and(|word| word.ends_with(".py")) {
                    words.insert(0, "python".to_owned());
                }
                Some(words)
            }
            _ => None,
        }
    }

    fn pipx(&mut self, rest: &[String]) -> Option<Vec<String>> {
        let (command, rest) = rest.split_first()?;
        if command != "run" {
            return None;
        }
        let read = options::leading(
            rest,
            &["--spec", "--python", "--pip-args", "--index-url", "--with"],
        );
        let mut words = read.operands.clone();
        self.is_isolated = true;
        self.with.extend(read.value(&["--spec"]).map(str::to_owned));
        self.versioned(&mut words);
        Some(words)
    }

    fn managed(&mut self, program: &str, rest: &[String]) -> Option<Vec<String>> {
        let read = options::leading(rest, &["-C", "--directory", "-P", "--project", "-p"]);
        let (command, rest) = read.operands.split_first()?;
        if command != "run" {
            return None;
        }
        self.folder = read.value(&["-C", "--directory"]).map(str::to_owned);
        self.manager = match program {
            "pdm" => Some("pdm"),
            "pipenv" => Some("pipenv"),
            "rye" => Some("rye"),
            _ => None,
        };
        Some(options::leading(rest, &["-p", "--project", "-e", "--environment"]).operands)
    }

    fn python(&mut self, program: &str, rest: &[String]) -> Option<Vec<String>> {
        let version = program
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_prefix("python"));
        self.python = self.python.or_else(|| python_of(version));
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-m" => return Some(self.run_module(words.as_slice())),
                // `-mpytest`.
                _ if word.len() > 2 && word.starts_with("-m") => {
                    let mut words: Vec<String> = words.cloned().collect();
                    words.insert(0, word.trim_start_matches("-m").to_owned());
                    return Some(self.run_module(&words));
                }
                // `-Im`, `-bbm`: flags and `-m` in one.
                _ if word.len() > 2
                    && word.ends_with('m')
                    && word.starts_with('-')
                    && !word.starts_with("--") =>
                {
                    return Some(self.run_module(words.as_slice()));
                }
                "-c" => return Some(Vec::new()),
                "-W" | "-X" => {
                    words.next();
                }
                // `py -3.12 -m …` is the launcher of Windows.
                _ if word.starts_with('-') => {
                    self.python = self.python.or_else(|| python_of(word.strip_prefix('-')));
                }
                _ => {
                    let mut script = vec!["python".to_owned(), word.clone()];
                    script.extend(words.cloned());
                    let is_same = script.len() == rest.len() + 1;
                    return (!is_same).then_some(script);
                }
            }
        }
        None
    }

    fn run_module(&mut self, words: &[String]) -> Vec<String> {
        self.module = words.first().cloned();
        module(words)
    }

    fn shell(&mut self, rest: &[String]) -> Option<Vec<String>> {
        let at = rest.iter().position(|word| {
            word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
        })?;
        self.script = rest.get(at + 1).cloned();
        self.script.as_ref().map(|_| Vec::new())
    }
}

/// `python -m NAME` runs the program of that name; where they differ, the program's name is used.
fn module(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    if let Some(first) = words.first_mut() {
        let program = match first.as_str() {
            "pre_commit" => "pre-commit",
            "pip_audit" => "pip-audit",
            "piptools" => "pip-tools",
            "codespell_lib" => "codespell",
            "poethepoet" => "poe",
            "taskipy" => "task",
            "build.__main__" => "build",
            name => name.strip_suffix(".__main__").unwrap_or(name),
        };
        *first = program.to_owned();
    }
    words
}

fn python_of(text: Option<&str>) -> Option<PythonVersion> {
    text?
        .trim_start_matches("cpython-")
        .trim_start_matches("python")
        .parse()
        .ok()
}

fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peels_runners() {
        for (command, expected) in [
            ("env A=1 B=2 pytest -x", "pytest -x"),
            ("A=1 xvfb-run -a python -m pytest tests", "pytest tests"),
            ("time poetry run ruff check .", "ruff check ."),
            ("uv run --group lint --with tox mypy src", "mypy src"),
            ("uv run -m pytest", "pytest"),
            ("uv run --python 3.12 -- pytest -q", "pytest -q"),
            ("uv --quiet run pytest", "pytest"),
            ("uvx ruff@0.5.1 check", "ruff check"),
            ("uvx --from build pyproject-build", "pyproject-build"),
            ("uv tool run --with tox-uv tox -e py", "tox -e py"),
            ("pipx run black==24.1 --check .", "black --check ."),
            ("npx --yes pyright@1.1.300 src", "pyright src"),
            ("python3.12 -W error -m pytest", "pytest"),
            (
                "python -Im coverage run -m pytest",
                "coverage run -m pytest",
            ),
            ("python -mpytest -x", "pytest -x"),
            ("python scripts/x.py", "python scripts/x.py"),
            ("python -u scripts/x.py -m a", "python scripts/x.py -m a"),
            ("git ls-files", "git ls-files"),
            ("timeout 10m pytest", "pytest"),
            ("xargs -n1 mypy --strict", "mypy --strict"),
            ("python -c 'x'", ""),
        ] {
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert_eq!(peel(&words).words.join(" "), expected, "{command}");
        }
    }

    #[test]
    fn keeps_what_runners_say() {
        let words: Vec<String> = ["A=1", "uvx", "-p", "3.12", "ruff@0.5.1"]
            .map(str::to_owned)
            .to_vec();
        let peeled = peel(&words);
        assert_eq!(peeled.environment.get("A").map(String::as_str), Some("1"));
        assert_eq!(peeled.python, Some(PythonVersion::new(3, 12)));
        assert_eq!(peeled.with, ["ruff==0.5.1"]);
        assert!(peeled.is_isolated);
        let words: Vec<String> = ["bash", "-ec", "ruff check . || true"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(peel(&words).script.as_deref(), Some("ruff check . || true"));
    }
}
