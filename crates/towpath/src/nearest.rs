//! The name that was probably meant, among those that exist.

/// Returns the known name that is nearest to what was written, if one is near enough.
pub(crate) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let most = (written.chars().count() / 3).clamp(1, 3);
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), *name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// Returns what to say to a name that does not exist: the nearest, and all that do, after `lead`.
pub(crate) fn hint(written: &str, known: &[&str], lead: &str) -> String {
    let guess = nearest(written, known)
        .map(|name| format!("did you mean `{name}`? "))
        .unwrap_or_default();
    let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("{guess}{lead} {}", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest_only_if_it_is_near() {
        let known = ["tests", "types", "lint"];
        for (written, expected) in [
            ("tsts", Some("tests")),
            ("typs", Some("types")),
            ("lnit", Some("lint")),
            ("docs", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &known), expected, "{written}");
        }
        assert_eq!(
            hint("tsts", &known, "there are"),
            "did you mean `tests`? there are `tests`, `types`, `lint`"
        );
    }
}
