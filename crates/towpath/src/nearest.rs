//! What to say to a name that does not exist.

use towpath_report::{Problem, nearest};

use crate::failure::Failure;

/// Returns what to say to a name that does not exist: the nearest, and all that do, after `lead`.
pub(crate) fn hint(written: &str, known: &[&str], lead: &str) -> String {
    let guess = nearest(written, known.iter().copied())
        .map(|name| format!("did you mean `{name}`? "))
        .unwrap_or_default();
    let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("{guess}{lead} {}", all.join(", "))
}

/// Refuses the names that do not exist, whatever their case, before anything runs: each with `unknown`, the
/// nearest and all that do after `lead`, or `otherwise` where there is none.
///
/// # Errors
///
/// One problem for each of them.
pub(crate) fn refuse_unknown<'n>(
    given: impl IntoIterator<Item = &'n str>,
    known: &[&str],
    unknown: impl Fn(&str) -> String,
    lead: &str,
    otherwise: &str,
) -> Result<(), Failure> {
    let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    let problems: Vec<Problem> = given
        .into_iter()
        .filter(|name| !is_known(name))
        .map(|name| {
            let problem = Problem::error(unknown(name));
            problem.with_hint(if known.is_empty() {
                otherwise.to_owned()
            } else {
                hint(name, known, lead)
            })
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure {
        problems,
        closing: "nothing was run".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hint_names_the_nearest_and_all() {
        assert_eq!(
            hint("tsts", &["tests", "lint"], "there are"),
            "did you mean `tests`? there are `tests`, `lint`"
        );
    }

    #[test]
    fn unknown_names_are_refused_all_at_once() {
        let refuse = |given: &[&str], known: &[&str]| {
            let refused = refuse_unknown(
                given.iter().copied(),
                known,
                |name| format!("no `{name}`"),
                "there are",
                "leave it out",
            );
            let problems = refused.err().map(|failure| failure.problems);
            problems
                .unwrap_or_default()
                .into_iter()
                .map(|problem| (problem.message, problem.hints))
                .collect::<Vec<_>>()
        };
        let told = |message: &str, hint: &str| (message.to_owned(), vec![hint.to_owned()]);
        assert_eq!(refuse(&["LIVE"], &["live"]), []);
        assert_eq!(
            refuse(&["love", "x"], &["live"]),
            [
                told("no `love`", "did you mean `live`? there are `live`"),
                told("no `x`", "there are `live`"),
            ]
        );
        assert_eq!(refuse(&["x"], &[]), [told("no `x`", "leave it out")]);
    }
}
