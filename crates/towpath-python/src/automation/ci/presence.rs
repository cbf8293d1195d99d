//! CI whose files are seen but not read, because they are programs or of services seldom used.

use crate::automation::walk::Walker;

/// File and service.
const FILES: &[(&str, &str)] = &[
    ("Jenkinsfile", "jenkins"),
    (".buildkite/pipeline.yml", "buildkite"),
    (".buildkite/pipeline.yaml", "buildkite"),
    ("bitbucket-pipelines.yml", "bitbucket"),
    (".drone.yml", "drone"),
    (".woodpecker.yml", "woodpecker"),
    (".woodpecker.yaml", "woodpecker"),
    (".build.yml", "sourcehut"),
    (".semaphore/semaphore.yml", "semaphore"),
    ("cloudbuild.yaml", "cloudbuild"),
    (".tekton/pipeline.yaml", "tekton"),
];

/// Notes the files that are here.
pub(super) fn read(walker: &mut Walker<'_>) {
    for (path, kind) in FILES {
        if walker.tree.contains(path) {
            walker.ci_source(kind, path);
            let scene = walker.ci_scene(path, "");
            walker.unreadable(&scene, &format!("files of {kind} are not read"));
        }
    }
}
