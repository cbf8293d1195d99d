//! The actions that check and hand on: uv, Node.js, AWS, publishing.

use std::io::Write;

use towpath_actions::{ConfigureAwsCredentials, PyPiPublish, SetupNode, SetupUv};
use towpath_python::Machine;
use towpath_report::Conclusion;
use towpath_testing::TestContext;

use crate::world::World;

#[test]
fn index_uv_is_on_the_path() {
    let world = World::new(TestContext::new().with_index());
    let cache = world.folder("towpath");
    let machine = Machine {
        environment: &world.environment,
        home: None,
        cache: &cache,
        offline: false,
    };
    let (outcome, said) = world.run(&SetupUv { machine }, &[("version", "0.0.1")]);
    assert_eq!(outcome.conclusion, Conclusion::Success, "{said}");
    assert!(said.contains("is used instead of 0.0.1"), "{said}");
    let [bin] = outcome.effects.paths.as_slice() else {
        panic!("one folder: {:?}", outcome.effects.paths);
    };
    for program in ["uv", "uvx"] {
        let output = std::process::Command::new(format!("{bin}/{program}"))
            .arg("--help")
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
    }
}

#[test]
fn node_is_taken_only_in_the_version_asked_for() {
    let mut world = World::new(TestContext::new());
    let bin = world
        .context
        .write_program("bin/node", "#!/bin/sh\necho v20.11.1\n")
        .root()
        .join("bin");
    world.environment.insert(
        "PATH".to_owned(),
        format!("{}:/usr/bin:/bin", bin.display()),
    );
    for version in ["", "20", "20.x", "20.11.1", ">=18", "lts/*"] {
        let outputs = world.succeed(&SetupNode, &[("node-version", version)]);
        assert_eq!(outputs["node-version"], "v20.11.1", "{version}");
    }
    let said = world.fail(&SetupNode, &[("node-version", "22")]);
    assert!(
        said.contains("version `22` of Node.js is not on this machine"),
        "{said}"
    );
}

#[test]
fn aws_keys_are_handed_on_and_roles_are_refused() {
    let world = World::new(TestContext::new());
    let region = ("aws-region", "eu-central-1");
    let keys = [
        region,
        ("aws-access-key-id", "AKIA1"),
        ("aws-secret-access-key", "s3cret"),
    ];
    let (outcome, said) = world.run(&ConfigureAwsCredentials, &keys);
    assert_eq!(outcome.conclusion, Conclusion::Success);
    assert_eq!(
        outcome.effects.environment["AWS_SECRET_ACCESS_KEY"],
        "s3cret"
    );
    assert_eq!(outcome.effects.masks.len(), 1);
    assert!(!said.contains("s3cret"), "{said}");
    let role = "arn:aws:iam::123456789012:role/deploy";
    for (inputs, expected) in [
        (&[][..], "is no region"),
        (&[region], "there are no credentials"),
        (
            &[region, ("role-to-assume", role)],
            "towpath does not log in to AWS yet",
        ),
        (
            &[region, ("role-to-assume", "deploy")],
            "is no ARN of a role",
        ),
    ] {
        let said = world.fail(&ConfigureAwsCredentials, inputs);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn packages_are_checked_and_not_uploaded() {
    let world = World::new(TestContext::new());
    let said = world.fail(&PyPiPublish, &[]);
    assert!(said.contains("there is no folder `dist`"), "{said}");
    world.write("dist/a-1-py3-none-any.whl", "no wheel");
    let said = world.fail(&PyPiPublish, &[]);
    assert!(said.contains("`a-1-py3-none-any.whl` is damaged"), "{said}");
    let file = std::fs::File::create(world.workspace().join("dist/a-1-py3-none-any.whl")).unwrap();
    let mut wheel = zip::ZipWriter::new(file);
    let options = zip::write::SimpleFileOptions::default();
    wheel.start_file("a-1.dist-info/METADATA", options).unwrap();
    wheel.write_all(b"Metadata-Version: 2.1\n").unwrap();
    wheel.finish().unwrap();
    let said = world.fail(&PyPiPublish, &[]);
    assert!(said.contains("1 file in `dist` can be published"), "{said}");
    world.write("dist/notes.txt", "");
    let said = world.fail(&PyPiPublish, &[]);
    assert!(said.contains("`notes.txt` is no package"), "{said}");
}
