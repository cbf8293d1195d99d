//! Commands that install Python packages: pip, uv, poetry, pdm, pipenv, pipx, flit, `setup.py`.
//! Reads command lines only; never resolves anything.

use super::options::{self, Options};
use super::tools;

/// What one command installs; paths are as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) installer: &'static str,
    pub(super) requirements: Vec<String>,
    pub(super) requirement_files: Vec<String>,
    pub(super) constraint_files: Vec<String>,
    pub(super) extras: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) project: bool,
    pub(super) editable: bool,
    /// Where the project lies, when it is not the working folder.
    pub(super) folder: String,
}

const PIP_VALUED: &[&str] = &[
    "-r",
    "--requirement",
    "--requirements",
    "-c",
    "--constraint",
    "--constraints",
    "-e",
    "--editable",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--target",
    "-t",
    "--prefix",
    "--root",
    "--src",
    "--upgrade-strategy",
    "--group",
    "--no-binary",
    "--only-binary",
    "--python",
    "-p",
    "--progress-bar",
    "--config-settings",
    "-C",
    "--trusted-host",
    "--extra",
    "--python-version",
    "--platform",
    "--cache-dir",
    "--log",
    "--timeout",
    "--retries",
    "--proxy",
    "--cert",
    "--override",
    "--index-strategy",
    "--prerelease",
    "--resolution",
    "--exclude-newer",
    "--default-index",
    "--index",
    "-b",
    "--build-constraint",
    "--config-setting",
    "--global-option",
    "--use-feature",
    "--reinstall-package",
    "--upgrade-package",
    "-P",
];

const PROJECT_VALUED: &[&str] = &[
    "--extra",
    "-E",
    "--extras",
    "--group",
    "-G",
    "--with",
    "--without",
    "--only",
    "--only-group",
    "--no-group",
    "--no-extra",
    "--package",
    "--directory",
    "--project",
    "-C",
    "-P",
    "-p",
    "--python",
    "--index",
    "--index-url",
    "--resolution",
    "--exclude-newer",
    "--cache-dir",
    "--no-install-package",
    "--link-mode",
    "--prerelease",
    "-L",
    "--lockfile",
    "--env-file",
    "--default-index",
];

/// Reads a command that installs something, or `None` for any other.
pub(super) fn read(words: &[String]) -> Option<Draft> {
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let program = tools::base_name(words.first()?);
    let rest = |from: usize| words.get(from..).unwrap_or_default();
    match (program.as_str(), texts.get(1..)?) {
        ("pip", ["install", ..]) => Some(pip("pip", rest(2))),
        ("pip", ["sync", ..]) | ("pip-sync", _) => Some(pip_sync(rest(1))),
        ("pip", [option, ..]) if option.starts_with('-') => {
            let at = texts.iter().position(|word| *word == "install")?;
            Some(pip("pip", rest(at + 1)))
        }
        ("uv", ["pip", "install", ..]) => Some(pip("uv pip", rest(3))),
        ("uv", ["pip", "sync", ..]) => Some(pip_sync(rest(3))),
        ("uv", ["tool", "install", ..]) => Some(tool_install(rest(3))),
        ("pipx", ["install" | "inject", ..]) => Some(tool_install(rest(2))),
        ("uv", ["sync", ..]) => Some(uv("uv sync", &options::all(rest(2), PROJECT_VALUED))),
        ("poetry", ["install" | "sync", ..]) => Some(poetry(rest(2))),
        ("pdm", ["install" | "sync", ..]) => Some(pdm(rest(2))),
        ("pipenv", ["install" | "sync", ..]) => Some(pipenv(rest(2))),
        ("rye", ["sync", ..]) => Some(Draft {
            groups: vec!["dev".to_owned()],
            ..project("rye")
        }),
        ("flit", ["install", ..]) => Some(flit(rest(2))),
        ("python", ["setup.py", "develop", ..]) => Some(Draft {
            editable: true,
            ..project("setup.py")
        }),
        ("python", ["setup.py", "install", ..]) => Some(project("setup.py")),
        _ => None,
    }
}

fn project(installer: &'static str) -> Draft {
    Draft {
        installer,
        project: true,
        ..Draft::default()
    }
}

fn owned<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    values.map(str::to_owned).collect()
}

fn pip(installer: &'static str, words: &[String]) -> Draft {
    let read = options::all(words, PIP_VALUED);
    let mut draft = Draft {
        installer,
        requirement_files: owned(read.values(&["-r", "--requirement", "--requirements"])),
        constraint_files: owned(read.values(&["-c", "--constraint", "--constraints"])),
        extras: read.lists(&["--extra"]),
        groups: owned(
            read.values(&["--group"])
                .map(|group| group.rsplit(':').next().unwrap_or(group)),
        ),
        ..Draft::default()
    };
    for path in read.values(&["-e", "--editable"]) {
        draft.editable = true;
        draft.local_or_requirement(path);
    }
    for operand in read.operands.iter().chain(&read.after) {
        draft.local_or_requirement(operand);
    }
    draft
}

impl Draft {
    /// Sorts what pip takes as operand: the project, a wheel of it, another folder, a requirement.
    /// Other folders, and whatever only a run can know, stay requirements as written.
    fn local_or_requirement(&mut self, text: &str) {
        let (path, extras) = match text.split_once('[') {
            Some((path, extras)) => (path, extras.trim_end_matches(']')),
            None => (text, ""),
        };
        let path = path
            .strip_prefix("file:")
            .unwrap_or(path)
            .trim_end_matches(['/', '\\']);
        let is_here = matches!(
            path,
            "." | "" | "$PWD" | "$(pwd)" | "${{ github.workspace }}"
        );
        let is_built = path.starts_with("dist")
            && (path.ends_with(".whl") || path.contains('*') || path.ends_with(".tar.gz"));
        if is_here || is_built {
            self.project = true;
        } else if let Some(folder) = path
            .strip_prefix("./")
            .or_else(|| path.starts_with("..").then_some(path))
        {
            self.project = true;
            folder.clone_into(&mut self.folder);
        } else {
            self.requirements.push(text.to_owned());
            return;
        }
        let names = extras
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        self.extras.extend(names.map(str::to_owned));
    }
}

fn pip_sync(words: &[String]) -> Draft {
    let read = options::all(words, PIP_VALUED);
    Draft {
        installer: "pip-sync",
        requirement_files: read.operands,
        ..Draft::default()
    }
}

/// Tools installed each for itself; `ruff@0.5` is the same as `ruff==0.5`.
fn tool_install(words: &[String]) -> Draft {
    let read = options::all(
        words,
        &[
            "--with",
            "-p",
            "--python",
            "--index",
            "--index-url",
            "--from",
            "--suffix",
        ],
    );
    let mut requirements: Vec<String> =
        read.operands.iter().map(|tool| requirement(tool)).collect();
    requirements.extend(owned(read.values(&["--with"])));
    Draft {
        installer: "tool",
        requirements,
        ..Draft::default()
    }
}

/// Returns `ruff@0.5` as the requirement `ruff==0.5`; other text as it is.
pub(super) fn requirement(tool: &str) -> String {
    match tool.split_once('@') {
        Some((name, "latest")) => name.to_owned(),
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{name}=={version}")
        }
        _ => tool.to_owned(),
    }
}

/// What `uv sync` and `uv run` put into the project's environment.
pub(super) fn uv(installer: &'static str, read: &Options) -> Draft {
    let mut extras = read.lists(&["--extra"]);
    let mut groups = read.lists(&["--group", "--only-group"]);
    let only = read.has(&["--only-group"]);
    let skips_dev = only || read.has(&["--no-dev", "--no-default-groups"]);
    if read.has(&["--all-extras"]) {
        extras = vec!["*".to_owned()];
    }
    if read.has(&["--all-groups"]) {
        groups = vec!["*".to_owned()];
    } else if (read.has(&["--only-dev"]) || !skips_dev)
        && !groups.iter().any(|group| group == "dev")
    {
        groups.push("dev".to_owned());
    }
    let without = read.lists(&["--no-group"]);
    groups.retain(|group| !without.contains(group));
    let installs = !only && !read.has(&["--no-install-project", "--only-dev", "--no-project"]);
    let folder = read
        .value(&["--directory", "--project"])
        .unwrap_or_default()
        .to_owned();
    Draft {
        installer,
        extras,
        groups,
        project: installs,
        editable: installs && !read.has(&["--no-editable"]),
        folder,
        requirements: owned(read.values(&["--with"])),
        requirement_files: owned(read.values(&["--with-requirements"])),
        ..Draft::default()
    }
}

fn poetry(words: &[String]) -> Draft {
    let read = options::all(words, PROJECT_VALUED);
    let mut extras = read.lists(&["-E", "--extras"]);
    if read.has(&["--all-extras"]) {
        extras = vec!["*".to_owned()];
    }
    let mut groups = read.lists(&["--with", "--only"]);
    if read.has(&["--all-groups"]) {
        groups = vec!["*".to_owned()];
    }
    let installs = !read.has(&["--no-root", "--only"]);
    let folder = read
        .value(&["--directory", "-C", "--project", "-P"])
        .unwrap_or_default()
        .to_owned();
    Draft {
        installer: "poetry",
        extras,
        groups,
        project: installs,
        editable: installs,
        folder,
        ..Draft::default()
    }
}

fn pdm(words: &[String]) -> Draft {
    let read = options::all(words, PROJECT_VALUED);
    let mut groups = read.lists(&["-G", "--group", "--with"]);
    if groups.iter().any(|group| group == ":all") {
        groups = vec!["*".to_owned()];
    }
    if read.has(&["-d", "--dev"]) {
        groups.push("dev".to_owned());
    }
    let installs = !read.has(&["--no-self"]);
    Draft {
        installer: "pdm",
        groups,
        project: installs,
        editable: installs,
        ..Draft::default()
    }
}

fn pipenv(words: &[String]) -> Draft {
    let read = options::all(
        words,
        &[
            "--python",
            "-r",
            "--requirements",
            "--categories",
            "-e",
            "--editable",
        ],
    );
    let mut groups = read.lists(&["--categories"]);
    if read.has(&["-d", "--dev"]) {
        groups.push("dev-packages".to_owned());
    }
    let here = read
        .values(&["-e", "--editable"])
        .any(|path| path.starts_with('.'));
    Draft {
        installer: "pipenv",
        requirements: read.operands.clone(),
        requirement_files: owned(read.values(&["-r", "--requirements"])),
        groups,
        project: here,
        editable: here,
        ..Draft::default()
    }
}

fn flit(words: &[String]) -> Draft {
    let read = options::all(words, &["--deps", "--extras", "--python"]);
    let mut extras = read.lists(&["--extras"]);
    if read
        .value(&["--deps"])
        .is_none_or(|deps| deps != "production")
        && extras.is_empty()
    {
        extras = vec!["*".to_owned()];
    }
    Draft {
        extras,
        editable: read.has(&["-s", "--symlink", "--pth-file"]),
        ..project("flit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &str, expected: Option<&str>) {
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        let text = read(&words).map(|draft| {
            format!(
                "{:?} files={:?} extras={:?} groups={:?} project={} editable={} folder={:?}",
                draft.requirements,
                draft.requirement_files,
                draft.extras,
                draft.groups,
                draft.project,
                draft.editable,
                draft.folder
            )
            .replace('"', "")
        });
        assert_eq!(text.as_deref(), expected, "{command}");
    }

    #[test]
    fn reads_installs() {
        for (command, expected) in [
            (
                "pip install -e .[dev,test] pytest==8",
                "[pytest==8] files=[] extras=[dev, test] groups=[] project=true editable=true folder=",
            ),
            (
                "pip install -U pip",
                "[pip] files=[] extras=[] groups=[] project=false editable=false folder=",
            ),
            (
                "pip install -r requirements/dev.txt .",
                "[] files=[requirements/dev.txt] extras=[] groups=[] project=true editable=false folder=",
            ),
            (
                "pip install ./packages/a",
                "[] files=[] extras=[] groups=[] project=true editable=false folder=packages/a",
            ),
            (
                "pip --disable-pip-version-check install ruff",
                "[ruff] files=[] extras=[] groups=[] project=false editable=false folder=",
            ),
            (
                "uv sync --extra a --group docs",
                "[] files=[] extras=[a] groups=[docs, dev] project=true editable=true folder=",
            ),
            (
                "uv sync --only-group lint",
                "[] files=[] extras=[] groups=[lint] project=false editable=false folder=",
            ),
            (
                "uv sync --all-extras --all-groups",
                "[] files=[] extras=[*] groups=[*] project=true editable=true folder=",
            ),
            (
                "uv tool install ruff@0.5.0",
                "[ruff==0.5.0] files=[] extras=[] groups=[] project=false editable=false folder=",
            ),
            (
                "poetry install --with test -E all",
                "[] files=[] extras=[all] groups=[test] project=true editable=true folder=",
            ),
            (
                "pdm install -G test -d",
                "[] files=[] extras=[] groups=[test, dev] project=true editable=true folder=",
            ),
            (
                "pipenv install --dev",
                "[] files=[] extras=[] groups=[dev-packages] project=false editable=false folder=",
            ),
        ] {
            check(command, Some(expected));
        }
        check("pip list", None);
        check("uv build", None);
    }
}
