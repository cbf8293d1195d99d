//! A full disk is one fault of the machine: told once and in the same words whatever needed the room, and
//! never taken for a fault of the project.

use std::path::Path;

use towpath_host::disk;
use towpath_report::{Conclusion, Problem};
use towpath_runner::Outcome;

use super::could_not_run;
use super::session::Session;

/// How the system and the store word it.
const WORDS: [&str; 4] = [
    "No space left on device",
    "os error 28",
    "Disk quota exceeded",
    "the disk is full",
];

/// A folder that towpath writes into: what it holds, and what moves it elsewhere.
struct Written<'a> {
    what: &'a str,
    folder: &'a Path,
    variable: &'a str,
}

impl Session<'_> {
    /// Returns the outcome, or where a full disk kept a job from its verdict, that alone.
    pub(crate) fn without_room(&self, outcome: Outcome) -> Outcome {
        if !matches!(outcome.conclusion, Conclusion::Error | Conclusion::Failure) {
            return outcome;
        }
        let temporary = self.machine.variable("TMPDIR").unwrap_or("/tmp");
        let written = [
            ("cache", self.machine.cache, "TOWPATH_CACHE_DIR"),
            ("state", self.state.as_path(), "TOWPATH_STATE_DIR"),
            ("temporary files", Path::new(temporary), "TMPDIR"),
        ]
        .map(|(what, folder, variable)| Written {
            what,
            folder,
            variable,
        });
        let errors = outcome.result.errors.iter();
        let messages = errors.map(|error| error.message.as_str());
        match without_room(&written, messages, disk::is_full) {
            Some(written) => could_not_run(vec![no_room(written)]),
            None => outcome,
        }
    }
}

/// Returns the folder whose disk is full: the one that a message about a full disk names, else one that
/// has no room left now.
fn without_room<'w, 'a>(
    written: &'w [Written<'a>],
    mut messages: impl Iterator<Item = &'a str>,
    is_full: impl Fn(&Path) -> bool,
) -> Option<&'w Written<'a>> {
    let told = messages.find(|text| WORDS.iter().any(|words| text.contains(words)));
    let is_named = |written: &&Written<'_>| {
        told.is_some_and(|text| text.contains(&written.folder.display().to_string()))
    };
    let mut all = written.iter();
    all.clone()
        .find(is_named)
        .or_else(|| all.clone().find(|written| is_full(written.folder)))
        .or_else(|| all.next_back().filter(|_| told.is_some()))
}

fn no_room(written: &Written<'_>) -> Problem {
    let Written {
        what,
        folder,
        variable,
    } = written;
    let told = format!(
        "the disk that holds the {what} is full: `{}`",
        folder.display()
    );
    let mut problem = Problem::error(told);
    if *what == "cache" {
        problem = problem.with_hint("`towpath cache clean` removes what was not used lately");
    }
    problem.with_hint(format!(
        "free space on it, or set `{variable}` to a folder on another disk"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_without_room_is_the_one_that_is_named_or_full() {
        let written =
            [("cache", "/cache"), ("temporary files", "/tmp")].map(|(what, folder)| Written {
                what,
                folder: Path::new(folder),
                variable: "",
            });
        let full = "cannot write `/cache/a`: No space left on device (os error 28)";
        let elsewhere = "cannot lock `/b`: No space left on device (os error 28)";
        for (messages, fulls, expected) in [
            (vec!["no such file", full], "", Some("cache")),
            (vec![elsewhere], "", Some("temporary files")),
            (vec![elsewhere], "/cache", Some("cache")),
            (vec!["`/cache/a` is damaged"], "", None),
            (vec![], "/tmp", Some("temporary files")),
        ] {
            let found = without_room(&written, messages.iter().copied(), |folder| {
                folder == Path::new(fulls)
            });
            assert_eq!(found.map(|written| written.what), expected, "{messages:?}");
        }
    }
}
