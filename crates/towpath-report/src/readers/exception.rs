//! Finds what ended a Python program in the words that it left behind: the exception itself, without
//! the frames that led to it and without what a tool adds for its developers.

/// Lines of a cause that are kept.
const MOST_LINES: usize = 6;

/// Where the cause ends and a tool speaks of how to report it.
const EPILOGUES: [&str; 3] = [
    "The full traceback has been saved in",
    "To report this error to the developers",
    "Please also report this if it was a user error",
];

/// Returns the exception that a traceback ends with; without a traceback the last lines that say
/// something.
pub fn cause(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .take_while(|line| {
            !EPILOGUES
                .iter()
                .any(|epilogue| line.trim_start().starts_with(epilogue))
        })
        .collect();
    let frame = lines.iter().rposition(|line| is_frame(line));
    let said = frame.and_then(|frame| after_frame(lines.get(frame..)?));
    said.unwrap_or_else(|| last(&lines))
}

/// Returns whether a line names a frame of a traceback: `  File "m.py", line 3, in f`.
fn is_frame(line: &str) -> bool {
    line.starts_with(' ') && line.trim_start().starts_with("File \"") && line.contains(", line ")
}

/// Returns what follows the last frame, which is as far to the left as the traceback begins.
fn after_frame(lines: &[&str]) -> Option<String> {
    let width = |line: &str| line.len() - line.trim_start().len();
    let margin = width(lines.first()?).saturating_sub(2);
    let start = lines
        .iter()
        .position(|line| !line.trim().is_empty() && width(line) <= margin)?;
    let said: Vec<&str> = lines
        .get(start..)?
        .iter()
        .take_while(|line| !line.trim().is_empty())
        .take(MOST_LINES)
        .map(|line| line.get(margin..).unwrap_or(line).trim_end())
        .collect();
    Some(said.join("\n"))
}

fn last(lines: &[&str]) -> String {
    let said: Vec<&str> = lines
        .iter()
        .map(|line| line.trim_end())
        .filter(|line| !line.is_empty())
        .collect();
    let said = said.get(said.len().saturating_sub(4)..).unwrap_or_default();
    // `Extension error:` is a heading of what follows.
    let heading = said.iter().rposition(|line| line.ends_with("error:"));
    let said = said.get(heading.unwrap_or(0)..).unwrap_or_default();
    match said {
        [heading, first, rest @ ..] if heading.ends_with(':') => {
            let mut whole = format!("{heading} {}", first.trim_start());
            for line in rest {
                whole.push('\n');
                whole.push_str(line);
            }
            whole
        }
        _ => said.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_the_exception_and_not_the_farewell() {
        for (text, expected) in [
            (
                "Traceback\n=========\n\n      File \"/e/repo.py\", line 1650, in __init__\n        raise NotGitRepository(\n        ...<3 lines>...\n        )\n    dulwich.errors.NotGitRepository: No git repository was found at ./\n\n\nThe full traceback has been saved in:\n/tmp/sphinx-err-1.log\n\nTo report this error to the developers, open an issue\n",
                "dulwich.errors.NotGitRepository: No git repository was found at ./",
            ),
            (
                "Exception occurred:\n  File \"/e/a.py\", line 5, in f\n    raise ValueError(\nValueError: first\nsecond\nThe full traceback has been saved in /tmp/x.log, if you want to\n",
                "ValueError: first\nsecond",
            ),
            (
                "Running Sphinx v7\n\nExtension error:\nCould not import extension x (exception: No module named 'x')\n",
                "Extension error: Could not import extension x (exception: No module named 'x')",
            ),
            ("one\ntwo\n", "one\ntwo"),
            ("", ""),
        ] {
            assert_eq!(cause(text), expected, "{text}");
        }
    }
}
