//! Command lines as they are read, and what is said to mistakes.

use super::*;

fn read(line: &str) -> Result<Arguments, clap::Error> {
    let words = std::iter::once("towpath").chain(line.split_whitespace());
    parse(words.map(OsString::from), &BTreeMap::new(), false)
}

fn mistake(line: &str) -> (i32, String) {
    let error = read(line).expect_err("the line is wrong");
    (error.exit_code(), error.to_string())
}

#[test]
fn declaration_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn reads_a_full_line() {
    let line = "ci packages/a --failed --python 3.10 --python 3.12 --report junit=a=b.xml --format sarif -j 4 -C x";
    let Arguments {
        global,
        command: Command::Ci(ci),
    } = read(line).expect("the line is right")
    else {
        panic!("`ci` is the command");
    };
    assert_eq!(global.directory, Some(PathBuf::from("x")));
    assert_eq!(ci.projects, ["packages/a"]);
    assert_eq!(ci.selection.pythons, ["3.10", "3.12"]);
    assert!(ci.selection.failed && !ci.execution.force);
    let target = ReportTarget {
        format: FileFormat::Report(ReportFormat::Junit),
        file: PathBuf::from("a=b.xml"),
    };
    assert_eq!(
        (ci.report.reports, ci.report.format),
        (vec![target], ReportFormat::Sarif)
    );
    assert_eq!(ci.execution.jobs, Some(4));
}

#[test]
fn options_of_a_command_stand_before_and_after_what_it_does() {
    let own = [
        ("ci", ""),
        ("check", "lint"),
        ("run", ""),
        ("check-workflows", ""),
        ("fix", "lint"),
        ("explain", "tests 3.12"),
        ("logs", "tests 3.12"),
        ("cache", ""),
        ("cache", "status"),
        ("cache", "clean --all"),
        ("actions", "fetch"),
        ("help", "config"),
        ("completions", "bash"),
    ];
    for (command, rest) in own {
        for line in [
            format!("-C x --color never {command} {rest}"),
            format!("{command} -C x --color never {rest}"),
            format!("{command} {rest} -C x --color never"),
        ] {
            let global = read(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let GlobalArguments { directory, color } = global.global;
            assert_eq!(directory, Some(PathBuf::from("x")), "{line}");
            assert_eq!(color, ColorChoice::Never, "{line}");
        }
    }
    for line in [
        "cache --format json",
        "cache --format json status",
        "cache status --format json",
        "cache clean --older-than 3 --format json",
    ] {
        let Command::Cache(cache) = read(line).expect("the line is right").command else {
            panic!("`cache` is the command");
        };
        assert_eq!(cache.format, DataFormat::Json, "{line}");
    }
}

#[test]
fn names_of_jobs_need_no_quotes() {
    let Command::Explain(explain) = read("explain tests 3.12")
        .expect("the line is right")
        .command
    else {
        panic!("`explain` is the command");
    };
    assert_eq!(explain.topic.join(" "), "tests 3.12");
}

#[test]
fn mistakes_exit_with_2_and_name_the_nearest() {
    for (line, expected) in [
        ("chek lint", "'check'"),
        ("lint", "`towpath check lint` runs that check"),
        ("tets", "`towpath check tests` runs that check"),
        ("ci --forse", "a similar argument exists: '--force'"),
        ("ci --format jsn", "a similar value exists: 'json'"),
        ("ci --report junt=a.xml", "did you mean `junit`?"),
        ("ci --report junit", "write FORMAT=FILE"),
        ("ci --python 3", "such as `3.12`"),
        ("ci --quiet --verbose", "cannot be used with"),
        ("ci --jobs 0", "0 is not in 1..=512"),
        ("cache clean --all --older-than 3", "cannot be used with"),
    ] {
        let (code, message) = mistake(line);
        assert_eq!(code, 2, "{line}");
        assert!(message.contains(expected), "{line}: {message}");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    for line in ["--help", "ci --help", "--version"] {
        assert_eq!(mistake(line).0, 0, "{line}");
    }
}

#[test]
fn color_of_mistakes_obeys_the_option() {
    let words = ["towpath", "--color", "always", "chek"].map(OsString::from);
    let error = parse(words, &BTreeMap::new(), false).expect_err("no such command");
    assert!(error.render().ansi().to_string().contains('\u{1b}'));
}
