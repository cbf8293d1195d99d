//! `actions/upload-artifact` and `actions/download-artifact`.

use std::path::Path;

use towpath_actions::{DownloadArtifact, MergeArtifacts, UploadArtifact};
use towpath_report::Conclusion;
use towpath_testing::TestContext;

use crate::world::World;

fn world() -> World {
    let world = World::new(TestContext::without_git());
    for (path, text) in [
        ("dist/a.whl", "wheel"),
        ("dist/deep/b.txt", "b"),
        ("dist/.hidden", "h"),
        ("docs/c.txt", "c"),
    ] {
        world.write(path, text);
    }
    // What would never end.
    let pipe = world.workspace().join("dist/pipe");
    let made = world
        .context
        .run(Path::new("mkfifo"), &[&pipe.to_string_lossy()]);
    assert_eq!(made.code, Some(0), "{made}");
    world
}

#[test]
fn what_is_uploaded_comes_back_below_the_common_folder() {
    for (path, expected) in [
        ("dist", &["a.whl", "deep/b.txt"][..]),
        ("dist/*.whl", &["a.whl"]),
        ("dist/a.whl", &["a.whl"]),
        ("**/*.txt", &["dist/deep/b.txt", "docs/c.txt"]),
        ("dist/a.whl\ndocs", &["dist/a.whl", "docs/c.txt"]),
        ("dist\n!dist/deep", &["a.whl"]),
    ] {
        let world = world();
        world.succeed(&UploadArtifact, &[("path", path), ("name", "x")]);
        world.succeed(&DownloadArtifact, &[("name", "x"), ("path", "got")]);
        for file in expected {
            assert!(
                world.read(&format!("got/{file}")).is_some(),
                "{path}: {file}"
            );
        }
        let root = world.workspace();
        let got = towpath_host::glob::Globs::new(
            "got/**",
            towpath_host::glob::GlobOptions {
                root: &root,
                home: None,
                follows_links: false,
                descends: true,
                omits_hidden: false,
            },
        );
        let files = got.unwrap().find(&|| false).unwrap();
        let count = files.iter().filter(|path| path.is_file()).count();
        assert_eq!(count, expected.len(), "{path}: {files:?}");
    }
}

#[test]
fn hidden_files_come_along_only_when_asked_for() {
    let world = world();
    let inputs = [
        ("path", "dist"),
        ("name", "x"),
        ("include-hidden-files", "true"),
    ];
    world.succeed(&UploadArtifact, &inputs);
    world.succeed(&DownloadArtifact, &[("name", "x"), ("path", "got")]);
    assert_eq!(world.read("got/.hidden").as_deref(), Some("h"));
}

#[test]
fn a_name_is_used_once_unless_it_is_to_be_overwritten() {
    let world = world();
    let first = world.succeed(&UploadArtifact, &[("path", "dist"), ("name", "x")]);
    let said = world.fail(&UploadArtifact, &[("path", "docs"), ("name", "x")]);
    assert!(
        said.contains("this run has an artifact `x` already"),
        "{said}"
    );
    let inputs = [("path", "docs"), ("name", "x"), ("overwrite", "true")];
    let second = world.succeed(&UploadArtifact, &inputs);
    assert_ne!(first["artifact-digest"], second["artifact-digest"]);
    world.succeed(
        &DownloadArtifact,
        &[("artifact-ids", &second["artifact-id"]), ("path", "got")],
    );
    assert_eq!(world.read("got/c.txt").as_deref(), Some("c"));
}

#[test]
fn all_artifacts_come_into_folders_of_their_names() {
    let world = world();
    world.succeed(&UploadArtifact, &[("path", "dist"), ("name", "py-1")]);
    world.succeed(&UploadArtifact, &[("path", "docs"), ("name", "docs")]);
    world.succeed(&DownloadArtifact, &[("path", "all")]);
    assert!(world.read("all/py-1/a.whl").is_some() && world.read("all/docs/c.txt").is_some());
    world.succeed(&DownloadArtifact, &[("path", "some"), ("pattern", "py-*")]);
    assert!(world.read("some/py-1/a.whl").is_some() && world.read("some/docs/c.txt").is_none());
    world.succeed(
        &DownloadArtifact,
        &[("path", "one"), ("merge-multiple", "true")],
    );
    assert!(world.read("one/a.whl").is_some() && world.read("one/c.txt").is_some());
    let said = world.fail(&DownloadArtifact, &[("name", "absent")]);
    assert!(said.contains("it has `docs`, `py-1`"), "{said}");
}

#[test]
fn nothing_found_is_a_warning_or_an_error_as_asked() {
    let world = world();
    let path = ("path", "absent/*");
    let (outcome, said) = world.run(&UploadArtifact, &[path]);
    assert_eq!(outcome.conclusion, Conclusion::Success);
    assert_eq!(outcome.effects.annotations.len(), 1);
    assert!(
        said.contains("no files were found with the path `absent/*`"),
        "{said}"
    );
    let (outcome, _) = world.run(&UploadArtifact, &[path, ("if-no-files-found", "ignore")]);
    assert_eq!(outcome.effects.annotations, []);
    let said = world.fail(&UploadArtifact, &[path, ("if-no-files-found", "error")]);
    assert!(said.contains("no files were found"), "{said}");
}

#[test]
fn one_file_goes_without_an_archive() {
    let world = world();
    world.succeed(
        &UploadArtifact,
        &[("path", "dist/a.whl"), ("archive", "false")],
    );
    world.succeed(&DownloadArtifact, &[("name", "a.whl"), ("path", "got")]);
    assert_eq!(world.read("got/a.whl").as_deref(), Some("wheel"));
    let said = world.fail(&UploadArtifact, &[("path", "dist"), ("archive", "false")]);
    assert!(said.contains("2 files fit `path`"), "{said}");
}

#[test]
fn artifacts_are_merged_into_one() {
    for (separate, expected) in [
        ("false", &["a.whl", "deep/b.txt", "c.txt"][..]),
        (
            "true",
            &["part-1/a.whl", "part-1/deep/b.txt", "part-2/c.txt"],
        ),
    ] {
        let world = world();
        world.succeed(&UploadArtifact, &[("path", "dist"), ("name", "part-1")]);
        world.succeed(&UploadArtifact, &[("path", "docs"), ("name", "part-2")]);
        world.succeed(&UploadArtifact, &[("path", "docs"), ("name", "other")]);
        let outputs = world.succeed(
            &MergeArtifacts,
            &[
                ("name", "all"),
                ("pattern", "part-*"),
                ("separate-directories", separate),
                ("delete-merged", "true"),
            ],
        );
        assert!(!outputs["artifact-id"].is_empty());
        world.succeed(&DownloadArtifact, &[("name", "all"), ("path", "got")]);
        for file in expected {
            assert!(world.read(&format!("got/{file}")).is_some(), "{file}");
        }
        let said = world.fail(&DownloadArtifact, &[("name", "part-1"), ("path", "x")]);
        assert!(said.contains("it has `all`, `other`"), "{said}");
        let said = world.fail(&MergeArtifacts, &[("pattern", "part-*")]);
        assert!(
            said.contains("no artifact of this run fits `part-*`"),
            "{said}"
        );
    }
}
