//! Lines of steps, and what is heard in them.

use super::*;

fn listener() -> Listener {
    let settings = ListenerSettings {
        workspace: "/w".to_owned(),
        ..ListenerSettings::default()
    };
    Listener::new(settings, Matchers::default())
}

fn unsecure() -> Listener {
    let settings = ListenerSettings {
        allows_unsecure_commands: true,
        ..ListenerSettings::default()
    };
    Listener::new(settings, Matchers::default())
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Hears a line and returns what is shown, asked for and wrong.
fn hear(
    listener: &mut Listener,
    line: &str,
) -> (Option<String>, Vec<Command>, Vec<(Severity, String)>) {
    let heard = listener.line(line);
    let problems = heard.problems.into_iter();
    let problems = problems
        .map(|problem| (problem.severity, problem.message))
        .collect();
    (heard.show, heard.commands, problems)
}

#[test]
fn obeys_commands() {
    let (name, value) = pair("k", "a\nb");
    let table: [(&str, Option<&str>, Command); 9] = [
        ("::add-mask::s3", None, Command::AddMask("s3".to_owned())),
        (
            "::group::Title",
            Some("Title"),
            Command::Group("Title".to_owned()),
        ),
        ("::endgroup::", None, Command::EndGroup),
        ("::debug::why", None, Command::Debug("why".to_owned())),
        (
            "::add-matcher::m.json",
            None,
            Command::AddMatcher("m.json".to_owned()),
        ),
        (
            "::remove-matcher owner=x::",
            None,
            Command::RemoveMatcher("x".to_owned()),
        ),
        (
            "::remove-matcher::m.json",
            None,
            Command::RemoveMatchersOf("m.json".to_owned()),
        ),
        (
            "::error file=/w/a.py,line=3,title=T::m",
            Some("Error: m"),
            Command::Annotation(Annotation {
                file: Some("a.py".to_owned()),
                line: Some(3),
                title: Some("T".to_owned()),
                ..Annotation::new(Severity::Error, "m")
            }),
        ),
        (
            "::notice::m\r",
            Some("Notice: m"),
            Command::Annotation(Annotation::new(Severity::Note, "m")),
        ),
    ];
    for (line, show, command) in table {
        let heard = hear(&mut listener(), line);
        assert_eq!(
            heard,
            (show.map(str::to_owned), vec![command], Vec::new()),
            "{line}"
        );
    }
    let mut old = listener();
    let (_, commands, problems) = hear(&mut old, "::set-output name=k::a%0Ab");
    assert_eq!(
        commands,
        [Command::SetOutput {
            name: name.clone(),
            value: value.clone()
        }]
    );
    assert_eq!(
        problems,
        [(
            Severity::Warning,
            "the command `set-output` is deprecated".to_owned()
        )]
    );
    let (_, _, problems) = hear(&mut old, "::set-output name=k::again");
    assert!(problems.is_empty());
    let (_, commands, _) = hear(&mut old, "::save-state name=k::a%0Ab");
    assert_eq!(commands, [Command::SaveState { name, value }]);
}

#[test]
fn unsecure_commands_fail_the_step_unless_they_are_allowed() {
    for line in ["::set-env name=A::b", "::add-path::/x"] {
        let (show, commands, problems) = hear(&mut listener(), line);
        assert_eq!((show, commands), (None, Vec::new()));
        let expected = format!(
            "the command `{line}` failed: it is switched off, since any program that prints could use it"
        );
        assert_eq!(problems, [(Severity::Error, expected)]);
    }
    let (name, value) = pair("A", "b");
    let (_, commands, _) = hear(&mut unsecure(), "::set-env name=A::b");
    assert_eq!(commands, [Command::SetEnv { name, value }]);
    let (_, commands, _) = hear(&mut unsecure(), "::add-path::/x");
    assert_eq!(commands, [Command::AddPath("/x".to_owned())]);
    let (_, commands, problems) = hear(&mut unsecure(), "::set-env name=node_options::b");
    let refused = Annotation::new(
        Severity::Error,
        "`node_options` cannot be set by the command `set-env`",
    );
    assert_eq!(
        (commands, problems),
        (vec![Command::Annotation(refused)], Vec::new())
    );
}

#[test]
fn tells_what_is_wrong_with_a_command() {
    let table = [
        (
            "::set-env name=::b",
            Severity::Error,
            "the property `name` is missing",
        ),
        ("::add-path::", Severity::Error, "no folder is given"),
        ("::echo::maybe", Severity::Error, "it takes `on` or `off`"),
        (
            "::stop-commands::",
            Severity::Error,
            "its token is empty or a command itself",
        ),
        (
            "::stop-commands::Set-Env",
            Severity::Error,
            "its token is empty or a command itself",
        ),
        (
            "::stop-commands::pause-logging",
            Severity::Error,
            "its token is empty or a command itself",
        ),
        (
            "::add-mask::  ",
            Severity::Warning,
            "`add-mask` has nothing to mask",
        ),
        (
            "::add-matcher::",
            Severity::Warning,
            "`add-matcher` names no file",
        ),
        (
            "::remove-matcher::",
            Severity::Warning,
            "`remove-matcher` takes either an owner or a file",
        ),
    ];
    for (line, severity, reason) in table {
        let (_, commands, problems) = hear(&mut unsecure(), line);
        assert_eq!(commands, []);
        assert_eq!(problems.len(), 1, "{line}");
        assert_eq!(problems[0].0, severity, "{line}");
        assert!(problems[0].1.ends_with(reason), "{line}: {}", problems[0].1);
    }
    // The output itself comes before the warning that the command is old.
    let (_, _, problems) = hear(&mut listener(), "::set-output::b");
    assert_eq!(problems.len(), 2);
}

#[test]
fn stopped_commands_are_text_until_the_token_comes() {
    let mut listener = listener();
    let (show, commands, _) = hear(&mut listener, "::stop-commands::Token12");
    assert_eq!(show.as_deref(), Some("::stop-commands::Token12"));
    assert_eq!(commands, [Command::AddMask("Token12".to_owned())]);
    for line in [
        "::error::m",
        "::add-mask::x",
        "::stop-commands::other",
        "::token::",
    ] {
        assert_eq!(
            hear(&mut listener, line),
            (Some(line.to_owned()), Vec::new(), Vec::new())
        );
    }
    assert_eq!(hear(&mut listener, "::TOKEN12::").1, []);
    assert_eq!(hear(&mut listener, "::endgroup::").1, [Command::EndGroup]);
    assert_eq!(hear(&mut listener, "::stop-commands::abcdef").1, []);
}

#[test]
fn of_a_line_that_is_too_long_nothing_is_taken() {
    for name in ["add-mask", "set-output name=a", "stop-commands"] {
        let heard = listener().long_line(&format!("::{name}::xx"));
        assert_eq!((heard.show, heard.commands), (None, Vec::new()), "{name}");
        let [problem] = &heard.problems[..] else {
            panic!("{name}: {:?}", heard.problems)
        };
        assert!(problem.message.ends_with("is longer than 1 MiB"));
    }
    for line in ["text", "::error::message", "::unknown::x"] {
        let heard = listener().long_line(line);
        assert_eq!(
            (heard.show.as_deref(), heard.problems),
            (Some(line), Vec::new())
        );
    }
    let mut stopped = listener();
    hear(&mut stopped, "::stop-commands::Token12");
    assert!(stopped.long_line("::set-output name=a::x").show.is_some());
}

#[test]
fn ten_annotations_of_each_level_are_kept() {
    let mut listener = listener();
    let mut kept = 0;
    for number in 0..12 {
        let (show, commands, _) = hear(&mut listener, &format!("::warning::{number}"));
        assert_eq!(show, Some(format!("Warning: {number}")));
        kept += commands.len();
    }
    assert_eq!(kept, 10);
    assert_eq!(hear(&mut listener, "::error::m").1.len(), 1);
}

#[test]
fn echo_shows_commands() {
    let mut listener = listener();
    assert_eq!(hear(&mut listener, "::endgroup::").0, None);
    hear(&mut listener, "::echo::ON");
    assert_eq!(
        hear(&mut listener, "::endgroup::").0.as_deref(),
        Some("::endgroup::")
    );
    assert_eq!(
        hear(&mut listener, "::add-mask::x").0.as_deref(),
        Some("::add-mask::***")
    );
    assert_eq!(hear(&mut listener, "::debug::x").0, None);
    hear(&mut listener, "::echo::off");
    assert_eq!(hear(&mut listener, "::endgroup::").0, None);
}
