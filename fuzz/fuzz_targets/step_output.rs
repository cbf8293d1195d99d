//! No output stops who listens for commands and problems in it, and a text that is no command is shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_runner::commands::{Command, Listener, ListenerSettings, Matchers};

fuzz_target!(|output: (bool, &str)| {
    let (is_open, text) = output;
    let settings = ListenerSettings {
        workspace: "/w".to_owned(),
        allows_unsecure_commands: is_open,
        allows_unsecure_stop_tokens: is_open,
        is_debugging: is_open,
    };
    let mut listener = Listener::new(settings, Matchers::default());
    for line in text.lines() {
        let heard = listener.line(line);
        if !line.contains("::") && !line.contains("##[") && heard.commands.is_empty() {
            assert_eq!(heard.show.as_deref(), Some(line.strip_suffix('\r').unwrap_or(line)));
        }
        for command in heard.commands {
            if let Command::AddMatcher(description) = command {
                let _ = listener.matchers().add(&description);
            }
        }
    }
});
