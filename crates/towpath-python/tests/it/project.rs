//! What is known of a repository, and what is told of a broken one.

use towpath_python::{ProjectVersion, read_projects};
use towpath_report::{Problem, Severity};

use crate::repository::{one, read, repository_with};

#[test]
fn bytes_that_other_programs_refuse_are_told() {
    for (name, bytes, expected) in [
        (
            "setup.cfg",
            b"\xef\xbb\xbf[metadata]\nname = a\nversion = 1\n".to_vec(),
            "Warning `setup.cfg` begins with a byte order mark, which Python's own reader of such files refuses setup.cfg:1:1",
        ),
        (
            "pyproject.toml",
            b"[project]\nname = 'a'\nversion = '1'\ndescription = 'caf\xe9'\n".to_vec(),
            "Error `pyproject.toml` is not UTF-8, which TOML has to be pyproject.toml:4:19",
        ),
        (
            "pyproject.toml",
            b"\xef\xbb\xbf[project]\nname = 'a'\nversion = '1'\n".to_vec(),
            "Warning `pyproject.toml` begins with a byte order mark, which pip and most build backends refuse pyproject.toml:1:1",
        ),
    ] {
        let repository = repository_with("== a.py\n", |root| {
            std::fs::write(root.join(name), &bytes).expect("a file");
        });
        let (projects, problems) = read_projects(&repository.tree);
        assert_eq!(projects[0].name.as_deref(), Some("a"));
        let told: Vec<String> = problems
            .iter()
            .map(|problem| {
                let place = problem.place.as_ref().expect("a place");
                format!("{:?} {} {place}", problem.severity, problem.message)
            })
            .collect();
        assert_eq!(told, [expected]);
    }
}

#[test]
fn reads_locks() {
    let project = one(
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\ndependencies=['B_c>=1','win; sys_platform == \"win32\"']\n== uv.lock\nversion = 1\n[[package]]\nname='b-c'\nversion='1.5'\n[[package]]\nname='b-c'\nversion='2.0'\n[[package]]\nname='a'\nsource={editable='.'}\n",
    );
    assert_eq!(project.locked["b-c"], ["1.5", "2.0"]);
    let project = one(
        "== Pipfile\n[packages]\nx='*'\n== Pipfile.lock\n{\"_meta\":{},\"default\":{\"x\":{\"version\":\"==1.0\"}},\"develop\":{}}\n== a.py\n",
    );
    assert_eq!(project.locked["x"], ["1.0"]);
    let project = one(
        "== requirements.in\nx\n== requirements.txt\nx==1.0 \\\n    --hash=sha256:00\n== a.py\n",
    );
    assert_eq!(project.locked["x"], ["1.0"]);
    let compiled = &project.requirements_files[0];
    assert!(compiled.hashed);
    assert_eq!(compiled.compiled_from.as_deref(), Some("requirements.in"));
}

/// The messages with their places, errors only.
fn errors(problems: &[Problem]) -> Vec<String> {
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    errors
        .map(|problem| {
            format!(
                "{} @ {}",
                problem.message,
                problem
                    .place
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn reports_a_lock_that_contradicts_the_manifest() {
    let manifest = "== pyproject.toml\n[project]\nname = 'a'\nversion = '1'\ndependencies = [\n  'requests>=3',\n  'flask',\n]\n";
    let (projects, problems) = read(&format!(
        "{manifest}== uv.lock\n[[package]]\nname='requests'\nversion='2.0'\n"
    ));
    assert_eq!(projects.len(), 1);
    assert_eq!(
        errors(&problems),
        [
            "`uv.lock` holds `requests` 2.0, which `requests>=3` excludes @ pyproject.toml:5:4",
            "`uv.lock` does not hold `flask`, which the project needs @ pyproject.toml:6:4",
        ]
    );
    assert_eq!(problems[0].hints, ["run `uv lock` and commit `uv.lock`"]);
}

#[test]
fn reports_what_is_broken_and_reads_the_rest() {
    for (name, text, projects, expected) in [
        (
            "TOML",
            "== pyproject.toml\n[project]\nname = 'a\nversion = '1'\n== a.py\n",
            1,
            "pyproject.toml:2:",
        ),
        (
            "INI",
            "== setup.cfg\nname = a\n[metadata]\nname = a\n== a.py\n",
            1,
            "setup.cfg:1:1",
        ),
        (
            "JSON",
            "== Pipfile\n[packages]\n== Pipfile.lock\n{\"default\": \n== a.py\n",
            1,
            "Pipfile.lock:2",
        ),
        (
            "a circle of groups",
            "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[dependency-groups]\nx = [{include-group = 'y'}]\ny = ['p', {include-group = 'x'}]\n",
            1,
            "pyproject.toml:",
        ),
        (
            "an unknown group",
            "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[dependency-groups]\nx = [{include-group = 'nothing'}]\n",
            1,
            "pyproject.toml:5:",
        ),
    ] {
        let (found, problems) = read(text);
        let errors = errors(&problems);
        assert_eq!(found.len(), projects, "{name}: {errors:?}");
        assert!(
            errors.iter().any(|error| error.contains(expected)),
            "{name}: {errors:?}"
        );
        assert!(
            problems.iter().all(|problem| !problem.hints.is_empty()),
            "{name}"
        );
    }
}

#[test]
fn survives_hostile_trees() {
    assert_eq!(read("== README.md\nno Python\n"), (Vec::new(), Vec::new()));
    let huge = repository_with("== a.py\n", |root| {
        let text = format!("[project]\nname='a'\n# {}\n", "x".repeat(11 << 20));
        std::fs::write(root.join("pyproject.toml"), text).expect("a file");
    });
    let (_, problems) = read_projects(&huge.tree);
    assert!(
        errors(&problems)
            .iter()
            .any(|error| error.contains("larger than 10 MiB")),
        "{problems:?}"
    );
    #[cfg(unix)]
    {
        let looped = repository_with("== a.py\n", |root| {
            std::os::unix::fs::symlink("setup.cfg", root.join("setup.cfg")).expect("a link");
            std::os::unix::fs::symlink("../..", root.join("up")).expect("a link");
        });
        let (projects, problems) = read_projects(&looped.tree);
        assert_eq!(projects.len(), 1);
        assert!(
            problems.iter().all(|problem| !problem.hints.is_empty()),
            "{problems:?}"
        );
    }
    let (projects, _) = read(
        "== setup.py\nx = ((((\nsetup(name='a')\n== requirements.txt\n-r requirements.txt\nx\n",
    );
    assert_eq!(projects.len(), 1);
    let deep = format!(
        "== setup.py\nfrom setuptools import setup\nx = {}1{}\nsetup(name='a')\n",
        "(".repeat(5000),
        ")".repeat(5000)
    );
    assert_eq!(read(&deep).0.len(), 1);
    let growing = format!(
        "== setup.py\nfrom setuptools import setup\nx = ['aaaaaaaaaaaaaaaa']\ny = 'aaaaaaaa'\n{}setup(name='a', version='1', install_requires=x, keywords=y)\n== m.py\n",
        "x = [x, x]\ny = y.replace('a', y)\nx.append(x)\n".repeat(200)
    );
    assert_eq!(
        one(&growing).version,
        ProjectVersion::Static("1".to_owned())
    );
    let endless = "== setup.py\nfrom setuptools import setup\ndef f(x): return f(x + 'a')\nsetup(name=f('a'), version='1')\n== m.py\n";
    assert_eq!(one(endless).version, ProjectVersion::Static("1".to_owned()));
}

#[test]
fn reads_tools_coverage_and_docs() {
    let project = one(
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[tool.mypy]\nstrict=true\n[tool.coverage.run]\nbranch=true\nsource=['a']\n[tool.coverage.report]\nfail_under=95\nprecision=1\n[tool.hatch]\n== .ruff.toml\n== .flake8\n[flake8]\n== tox.ini\n[isort]\nprofile=black\n== .secrets.baseline\n{}\n== a/__init__.py\n== docs/conf.py\nextensions = []\n== docs/requirements.txt\nsphinx\n",
    );
    let tools: Vec<&str> = project
        .tools
        .iter()
        .map(|tool| tool.tool.as_str())
        .collect();
    assert_eq!(
        tools,
        [
            "coverage",
            "detect-secrets",
            "flake8",
            "isort",
            "mypy",
            "ruff"
        ]
    );
    assert!(project.coverage.branch);
    assert_eq!(project.coverage.fail_under, Some(95.0));
    assert_eq!(project.coverage.precision, 1);
    let docs = project.docs.expect("documentation");
    assert_eq!(
        (docs.config.as_str(), docs.requirements.as_deref()),
        ("docs/conf.py", Some("docs/requirements.txt"))
    );
}
