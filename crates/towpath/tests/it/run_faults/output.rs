//! Output that is too much, broken or hostile.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use super::{log, run, with_steps, with_workflow};
use crate::world::{TOWPATH, World};

/// What a terminal would obey: a title, a cleared screen, a hidden cursor, a string of the device.
const HOSTILE: &str = "\\033]0;title\\007\\033[2J\\033[?25l\\033P1\\033\\\\\\302\\2332J";

#[test]
fn nothing_that_a_terminal_or_a_runner_obeys_gets_through() {
    let text = format!(
        "name: \"\\e]0;t\\aevil\\e[2J\"\non: push\njobs:\n  job:\n    name: \"j\\e[2J\\n::set-env name=A::b\"\n    \
         runs-on: ubuntu-latest\n    steps:\n      - name: \"s\\e[2J\\n::add-path::/evil\"\n        run: |\n          \
         printf '{HOSTILE}evil\\n::error file={HOSTILE}x,line=1,title={HOSTILE}t::{HOSTILE}m%%0A::add-path::/evil\\n'\n          \
         printf 'a\\377b\\000c ]]>\\n'\n          exit 1\n"
    );
    let world = with_workflow(World::offline(), &text);
    let arguments: [&[&str]; 12] = [
        &["run", "faults.yml"],
        &["run", "faults.yml", "-v"],
        &["run", "faults.yml", "--format", "json"],
        &["run", "faults.yml", "--format", "junit"],
        &["run", "faults.yml", "--format", "sarif"],
        &["run", "faults.yml", "--format", "markdown"],
        &["run", "faults.yml", "--format", "html"],
        &["run", "faults.yml", "--format", "github"],
        &["run", "--list"],
        &["run", "--plan"],
        &["run", "--dry-run"],
        &["explain", "job"],
    ];
    for arguments in arguments {
        let output = world.command(Path::new(TOWPATH)).args(arguments).output();
        let output = output.expect("towpath starts");
        for stream in [output.stdout, output.stderr] {
            let told = String::from_utf8(stream).expect("UTF-8");
            let obeyed = ['\u{1b}', '\u{7}', '\u{9b}', '\0'];
            assert!(!told.contains(obeyed), "{arguments:?}: {told:?}");
        }
    }
    let mut github = world.command(Path::new(TOWPATH));
    github
        .args(["run", "faults.yml"])
        .env("GITHUB_ACTIONS", "true");
    let output = github.output().expect("towpath starts");
    for stream in [output.stdout, output.stderr] {
        let mut stopped: Option<String> = None;
        for line in String::from_utf8(stream).expect("UTF-8").lines() {
            let line = line.trim_start();
            match &stopped {
                Some(token) if line == format!("::{token}::") => stopped = None,
                Some(_) => {}
                None => {
                    let token = line.strip_prefix("::stop-commands::");
                    stopped = token.map(str::to_owned);
                    let own = [
                        "::stop-commands",
                        "::group",
                        "::endgroup",
                        "::error",
                        "::notice",
                    ];
                    let is_own = own.iter().any(|own| line.starts_with(own));
                    assert!(is_own || !line.starts_with("::"), "{line}");
                }
            }
        }
        assert_eq!(stopped, None);
    }
}

#[test]
fn output_that_is_lost_is_no_success_and_a_reader_that_goes_away_is_no_failure() {
    let world = with_steps(&["echo x"]);
    for arguments in [
        &["run", "faults.yml", "--format", "json"][..],
        &["run", "--list"],
    ] {
        let full = File::options().write(true).open("/dev/full");
        let mut towpath = world.command(Path::new(TOWPATH));
        let towpath = towpath.args(arguments).stdout(full.expect("a device"));
        let output = towpath
            .stderr(Stdio::piped())
            .output()
            .expect("towpath starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(
            told.contains("cannot write to standard output: No space left"),
            "{told}"
        );
        let mut towpath = world.started(arguments);
        drop(towpath.stdout.take());
        assert_eq!(
            towpath.wait().expect("it ends").code(),
            Some(0),
            "{arguments:?}"
        );
    }
}

#[test]
fn floods_are_bounded_and_what_comes_after_them_is_whole() {
    let world = with_steps(&[
        "yes ::error::again | head -n 3000; printf '::warning::'; head -c 300000 /dev/zero | tr '\\0' x; echo",
        "for i in 1 2 3 4; do printf '\\r%s' $i; done; printf '\\r\\n::error::behind progress\\r\\n'",
        "echo '::stop-commands::random-token'; echo '::error::not obeyed'; echo '::other::'",
        "echo '::error::obeyed again'",
        "echo '{\"problemMatcher\": [{\"owner\": \"x\", \"pattern\": [{\"regexp\": \"(a+)+$\", \"message\": 1}]}]}' > m\n\
         mkfifo pipe; ln -s /dev/zero zero\nfor m in pipe zero none . m; do echo \"::add-matcher::$m\"; done\n\
         head -c 200000 /dev/zero | tr '\\0' a; echo b; echo last",
    ]);
    let run = run(&world);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let findings = &run.record.jobs[0].result.findings;
    let count = |message: &str| findings.iter().filter(|one| one.message == message).count();
    assert_eq!(count("again"), 10);
    assert_eq!(count("behind progress"), 1);
    assert_eq!((count("not obeyed"), count("obeyed again")), (0, 1));
    assert!(findings.iter().all(|finding| finding.message.len() < 5000));
    assert!(log(&world).ends_with("\nlast\n"));
}
