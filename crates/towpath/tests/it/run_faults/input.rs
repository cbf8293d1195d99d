//! Files, options and repositories that are wrong or hostile.

use std::path::Path;
use std::time::{Duration, Instant};

use towpath_report::Conclusion::Failure;

use super::{log, run, with_steps, with_workflow};
use crate::world::World;

#[test]
fn files_that_say_nonsense_fail_their_step() {
    // Script; whether its step fails; what the log says.
    let table = [
        ("echo plain >> $GITHUB_OUTPUT", true, "neither `NAME=VALUE`"),
        (
            "printf 'A<<E\\nvalue\\n' >> $GITHUB_ENV",
            true,
            "no line `E` at its end",
        ),
        ("echo =value >> $GITHUB_STATE", true, "gives no name"),
        ("rm $GITHUB_ENV; mkfifo $GITHUB_ENV", true, "is no file"),
        (
            "rm $GITHUB_OUTPUT; mkdir $GITHUB_OUTPUT",
            true,
            "is no file",
        ),
        ("ln -sf /dev/zero $GITHUB_STATE", true, "is no file"),
        ("truncate -s 200M $GITHUB_PATH", true, "is longer than"),
        ("printf '\\377\\376' >> $GITHUB_OUTPUT", false, "\nnext\n"),
        (
            "rm $GITHUB_OUTPUT $GITHUB_ENV $GITHUB_PATH",
            false,
            "\nnext\n",
        ),
        (
            "echo NODE_OPTIONS=--require=x >> $GITHUB_ENV",
            false,
            "\nnext\n",
        ),
        ("echo '::set-env name=A::b'", true, "switched off"),
        ("echo '::add-path::/nowhere'", true, "switched off"),
        ("echo '::stop-commands::set-env'", true, "a command itself"),
        ("printf '::set-output name=a'", false, "\nnext\n"),
        (
            "head -c 1100000 /dev/zero | tr '\\0' x >> $GITHUB_STEP_SUMMARY",
            false,
            "\nnext\n",
        ),
    ];
    for (script, fails, words) in table {
        let world = with_steps(&[script, "test -z \"$NODE_OPTIONS\"; echo next"]);
        let begun = Instant::now();
        let run = run(&world);
        assert!(begun.elapsed() < Duration::from_secs(6), "{script}");
        let steps = &run.record.jobs[0].steps;
        assert_eq!(
            steps[0].conclusion == Failure,
            fails,
            "{script}: {steps:#?}"
        );
        assert!(log(&world).contains(words), "{script}: {}", log(&world));
    }
}

#[test]
fn bad_workflows_are_refused_before_anything_runs() {
    let job = "    runs-on: ubuntu-latest\n    steps:\n      - run: touch /tmp/never\n";
    let head = "on: push\njobs:\n";
    let deep = format!("on: push\nenv: {}{}\n", "[".repeat(200), "]".repeat(200));
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n\
                d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n\
                on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: x}]\n".to_owned();
    let numbers: Vec<String> = (0..17).map(|number| number.to_string()).collect();
    let numbers = numbers.join(", ");
    let matrix = format!(
        "{head}  a:\n    strategy:\n      matrix:\n        x: [{numbers}]\n        y: [{numbers}]\n{job}"
    );
    let table = [
        (String::new(), "empty"),
        ("on: [push\n".to_owned(), "faults.yml:"),
        (
            format!("{head}  a:\n    needs: b\n{job}  b:\n    needs: a\n{job}"),
            "faults.yml:",
        ),
        (format!("{head}  a:\n    needs: other\n{job}"), "`other`"),
        (
            format!("{head}  a:\n    steps:\n      - run: x\n"),
            "runs-on",
        ),
        (
            format!("{head}  a:\n    uses: ./.github/workflows/faults.yml\n"),
            "faults.yml",
        ),
        (
            format!("{head}  a:\n    uses: ./.github/workflows/none.yml\n"),
            "none.yml",
        ),
        (
            format!("{head}  a:\n    if: ${{{{ nothing.x }}}}\n{job}"),
            "nothing",
        ),
        (
            format!("{head}  a:\n    if: ${{{{ {} }}}}\n{job}", "(".repeat(3000)),
            "faults.yml:",
        ),
        (matrix, "256"),
        (deep, "faults.yml:"),
        (bomb, "faults.yml:"),
        (
            format!("# {}\n{head}  a:\n{job}", "x".repeat(1 << 20)),
            "faults.yml",
        ),
    ];
    for (text, words) in table {
        let world = with_workflow(World::offline(), &text);
        let begun = Instant::now();
        let answer = world.towpath(&["run", "faults.yml"]);
        let start: String = text.chars().take(200).collect();
        assert_eq!(answer.code, Some(2), "{start}: {answer}");
        assert!(answer.to_string().contains(words), "{start}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{start}");
        assert!(!Path::new("/tmp/never").exists());
    }
}

#[test]
fn a_hostile_repository_starts_nothing() {
    let world = World::offline();
    let never = world.folder().join("never");
    let command = format!("touch {}", never.display());
    world.write(".gitattributes", "* filter=evil diff=evil\n");
    world.write("data", "x\n");
    for hook in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
    ] {
        let hook = format!(".git/hooks/{hook}");
        world.write_program(&hook, &format!("#!/bin/sh\n{command}\n"));
    }
    let text = "on: [push, pull_request]\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      \
                - uses: actions/checkout@v4\n      - run: test -e data && echo \"$GITHUB_REF_NAME\"\n";
    let world = with_workflow(world, text);
    let branch = "x;$(exit${IFS}7)`exit${IFS}7`&|<>'";
    world.git(&["checkout", "--quiet", "-b", branch]);
    for (key, value) in [
        ("core.fsmonitor", command.as_str()),
        ("core.sshCommand", &command),
        ("core.pager", &command),
        ("filter.evil.clean", &command),
        ("filter.evil.smudge", &command),
        ("diff.evil.textconv", &command),
        ("diff.external", &command),
        ("gpg.program", &command),
        ("commit.gpgSign", "true"),
        ("log.showSignature", "true"),
        ("alias.status", &format!("!{command}")),
        ("protocol.ext.allow", "always"),
        (
            "remote.origin.url",
            &format!("ext::sh -c {}", command.replace(' ', "% ")),
        ),
    ] {
        world.git(&["config", key, value]);
    }
    let _ = fs_err::remove_file(&never);
    world.write("data", "changed\n");
    for arguments in [
        &["run", "faults.yml"][..],
        &["run", "--plan"],
        &["run", "faults.yml", "--event", "pull_request"],
    ] {
        let answer = world.towpath(arguments);
        assert_eq!(
            answer.code,
            Some(0),
            "{arguments:?}: {answer}{}",
            log(&world)
        );
        assert!(!never.exists(), "{arguments:?}");
    }
    assert!(
        log(&world).contains(&format!("\n{branch}\n")),
        "{}",
        log(&world)
    );
    for reference in ["refs/heads/../../x", "refs/heads/a b", "refs/heads/.lock"] {
        let answer = world.towpath(&["run", "faults.yml", "--ref", reference]);
        assert_eq!(answer.code, Some(2), "{reference}: {answer}");
        assert!(answer.stderr.contains(reference), "{answer}");
    }
}

#[test]
fn bad_events_and_links_are_refused_before_anything_runs() {
    let world = with_steps(&["echo x"]);
    let deep = "[".repeat(100_000);
    for text in ["", "{", "[]", "3", &deep] {
        world.write("event.json", text);
        let answer = world.towpath(&["run", "faults.yml", "--event-file", "event.json"]);
        assert_eq!(answer.code, Some(2), "{answer}");
        assert!(answer.stderr.contains("event.json"), "{answer}");
    }
    fs_err::write(world.folder().join("private"), "hunter2: [").expect("a file");
    let link = world.root().join(".github/workflows/out.yml");
    for (target, words) in [
        ("../../../private", "leads out of the repository"),
        ("/dev/zero", "there is no workflow"),
        ("nowhere", "there is no workflow"),
    ] {
        std::os::unix::fs::symlink(target, &link).expect("a link");
        let answer = world.towpath(&["run", "out.yml"]);
        assert_eq!(answer.code, Some(2), "{target}: {answer}");
        let told = answer.stderr;
        assert!(
            told.contains(words) && !told.contains("hunter2"),
            "{target}: {told}"
        );
        fs_err::remove_file(&link).expect("the link");
    }
}
