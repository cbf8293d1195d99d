//! What to say to a name that does not exist.

use towpath_report::nearest;

/// Returns what to say to a name that does not exist: the nearest, and all that do, after `lead`.
pub(crate) fn hint(written: &str, known: &[&str], lead: &str) -> String {
    let guess = nearest(written, known.iter().copied())
        .map(|name| format!("did you mean `{name}`? "))
        .unwrap_or_default();
    let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("{guess}{lead} {}", all.join(", "))
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
}
