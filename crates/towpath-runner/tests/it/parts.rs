//! The parts of actions before the first step and after the last one. A shell stands for Node.js and for Docker:
//! what is looked at is which parts run, and with what.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::engine::Engine;

const JOB: &str = "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n";

#[test]
fn actions_in_composite_actions_have_parts_before_and_after() {
    let mut engine = Engine::new();
    engine.node = Some(Path::new("/bin/sh").to_owned());
    engine.fetch(
        "o/outer",
        &[(
            "action.yml",
            "name: outer\ninputs: {who: {default: nobody}}\nruns:\n  using: composite\n  steps:\n  - {shell: sh, run: echo outer}\n  - {uses: o/inner@v1, env: {DEEP: inner}, with: {to: '${{ inputs.who }}'}}\n",
        )],
    );
    engine.fetch(
        "o/inner",
        &[(
            "action.yml",
            "name: inner\ninputs: {to: {}}\nruns:\n  using: composite\n  steps:\n  - {uses: o/js@v1, with: {to: 'dear ${{ inputs.to }}'}}\n  - {uses: o/js@v1, with: {to: other}}\n",
        )],
    );
    let say = |part: &str| {
        format!(
            "echo \"{part} $FROM $DEEP $INPUT_TO ${{STATE_kept-}}\"; echo \"kept=$INPUT_TO\" >> \"$GITHUB_STATE\"\n"
        )
    };
    engine.fetch(
        "o/js",
        &[
            (
                "action.yml",
                "name: js\ninputs: {to: {}}\nruns: {using: node20, pre: pre.js, main: main.js, post: post.js, post-if: \"env.FROM == 'step'\"}\n",
            ),
            ("pre.js", &say("pre")),
            ("main.js", "echo \"main ${STATE_kept-}\"\n"),
            ("post.js", &say("post")),
        ],
    );
    let ran = engine.run(&format!(
        "{JOB}    - run: echo first\n    - {{uses: o/outer@v1, env: {{FROM: step}}, with: {{who: me}}}}\n    - run: echo last\n"
    ));
    assert_eq!(ran.jobs(), "t success", "{:?}", ran.findings("t"));
    assert_eq!(
        ran.log("t"),
        "pre step inner dear me \npre step inner other \nfirst\nouter\nmain dear me\nmain other\nlast\n\
         post step inner other other\npost step inner dear me dear me"
    );
}

#[test]
fn images_have_entry_points_before_and_after() {
    let mut engine = Engine::new();
    let docker = engine.context.folder().join("docker");
    let script = "#!/bin/sh\n[ \"$1\" = run ] || exit 0\nwhile [ \"$1\" != --entrypoint ]; do shift; done\necho \"$2 $FROM ${STATE_kept-}\"\necho '::save-state name=kept::it'\n";
    fs_err::write(&docker, script).expect("a file");
    fs_err::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).expect("a program");
    engine.docker = Some(docker);
    engine.fetch(
        "o/image",
        &[(
            "action.yml",
            "name: image\nruns: {using: docker, image: 'docker://x:1', entrypoint: /main, pre-entrypoint: /pre, post-entrypoint: /post}\n",
        )],
    );
    let ran = engine.run(&format!(
        "{JOB}    - run: echo first\n    - {{uses: o/image@v1, env: {{FROM: step}}}}\n    - run: echo last\n"
    ));
    assert_eq!(ran.jobs(), "t success", "{:?}", ran.findings("t"));
    assert_eq!(
        ran.log("t"),
        "/pre step \nfirst\n/main step it\nlast\n/post step it"
    );
}

#[test]
fn a_called_workflow_has_what_its_caller_has() {
    let mut engine = Engine::new();
    engine.node = Some(Path::new("/bin/sh").to_owned());
    engine.fetch(
        "o/js",
        &[
            (
                "action.yml",
                "name: js\nruns: {using: node20, main: main.js}\n",
            ),
            ("main.js", "echo \"cache $ACTIONS_CACHE_MODE\"\n"),
        ],
    );
    engine.sources.insert(
        "./.github/workflows/called.yml".to_owned(),
        "on: workflow_call\njobs:\n  j: {runs-on: ubuntu-latest, cache-mode: write, steps: [{uses: o/js@v1}]}\n".to_owned(),
    );
    let ran = engine.run("on: push\njobs:\n  a: {cache-mode: read, uses: ./.github/workflows/called.yml}\n  b: {runs-on: ubuntu-latest, steps: [{uses: o/js@v1}]}\n");
    assert_eq!(ran.jobs(), "a / j success, b success");
    assert_eq!(
        (&*ran.log("a / j"), &*ran.log("b")),
        ("cache read", "cache write")
    );
}

#[test]
fn who_reads_the_token_hears_that_there_is_none() {
    let engine = Engine::new();
    let ran = engine.run(&format!(
        "{JOB}    - {{env: {{T: '${{{{ github.token }}}}'}}, run: 'true'}}\n"
    ));
    let notes = &ran.job("t").result.notes;
    assert!(
        notes
            .concat()
            .contains("`GITHUB_TOKEN`, which is empty here"),
        "{notes:?}"
    );
    let ran = engine.run(&format!(
        "{JOB}    - {{env: {{T: '${{{{ secrets.GITHUB_TOKEN }}}}'}}, run: 'test -n \"$T\"'}}\n"
    ));
    let findings = ran.findings("t");
    assert!(
        findings[0].contains("\n`GITHUB_TOKEN` is empty here"),
        "{findings:?}"
    );
    let ran = engine.run(&format!("{JOB}    - run: 'true'\n"));
    assert_eq!(ran.job("t").result.notes, Vec::<String>::new());
}
