//! The jobs of the standard pipeline.

use std::collections::BTreeSet;

use towpath_report::{ArtifactRecord, CheckResult};
use towpath_standard::{Applies, NeededCheck, ProjectInstall, Work, check, mending, pipeline};

use crate::repository::with_projects;

const MANIFEST: &str =
    "[project]\nname = \"NAME\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n";

/// Two packages with tests whose folders are the same but for a separator.
fn alike() -> Vec<(String, String)> {
    let files = ["libs-a", "libs/a"].into_iter().flat_map(|root| {
        let name = root.replace('/', "");
        [
            (
                format!("{root}/pyproject.toml"),
                MANIFEST.replace("NAME", &name),
            ),
            (
                format!("{root}/src/{}/__init__.py", name.replace('-', "_")),
                String::new(),
            ),
            (
                format!("{root}/tests/test_a.py"),
                "def test_a(): pass\n".to_owned(),
            ),
        ]
    });
    files.collect()
}

#[test]
fn folders_that_are_written_alike_keep_jobs_of_their_own() {
    let files = alike();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    with_projects(&files, |projects| {
        let workflow = pipeline(projects);
        let ids: BTreeSet<&str> = workflow.jobs.iter().map(|job| job.id.as_str()).collect();
        assert_eq!(ids.len(), workflow.jobs.len(), "{ids:?}");
        let needs = |id: &str| {
            let job = workflow
                .jobs
                .iter()
                .find(|job| job.id.as_str() == id)
                .expect("there is such a job");
            job.needs
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(needs("python-wheel-libs-a"), ["python-build-libs-a"]);
        assert_eq!(needs("python-wheel-libs-a-2"), ["python-build-libs-a-2"]);
    });
}

#[test]
fn wheel_of_another_project_is_not_tested() {
    let files = alike();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let built = |digest: &str| CheckResult {
        artifacts: vec![ArtifactRecord {
            name: "a.whl".to_owned(),
            sha256: digest.to_owned(),
            size: 1,
        }],
        ..CheckResult::default()
    };
    let (other, own) = (built("other"), built("own"));
    let needs = [("libs-a", &other), ("libs/a", &own)].map(|(project, result)| NeededCheck {
        check: "build",
        project,
        result,
    });
    with_projects(&files, |projects| {
        let facts = projects
            .iter()
            .find(|facts| facts.project.root == "libs/a")
            .expect("it is there");
        let wheel = check("wheel").expect("there is such a check");
        let work = wheel.work(facts, facts.pythons.run.last().copied(), &needs);
        let Applies::Work(work) = work else {
            panic!("its tests run");
        };
        let Work::Tool(work) = *work else {
            panic!("pytest runs them");
        };
        let ProjectInstall::Wheel(wheel) = work.environment.project else {
            panic!("it is installed as a wheel");
        };
        assert_eq!(wheel.sha256, "own");
    });
}

#[test]
fn linters_of_the_whole_repository_mend_it_once() {
    let files = alike();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    with_projects(&files, |projects| {
        assert_eq!(projects.len(), 2);
        let mended = |name, root| {
            mending(projects, name, root)
                .into_iter()
                .map(|(check, ..)| check.name())
                .collect::<Vec<_>>()
        };
        assert_eq!(mended(None, None), ["lint", "format"]);
        assert_eq!(mended(None, Some("libs/a")), ["lint", "format"]);
        assert_eq!(mended(Some("format"), None), ["format"]);
    });
}
