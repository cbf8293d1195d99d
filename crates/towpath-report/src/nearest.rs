//! The name that was probably meant, among those that exist.

/// Returns the known name that is nearest to what was written, if one is near enough to have been meant: at
/// most a third of its letters are wrong.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let length = lower.chars().count();
    let distance = |name: &str| {
        let letters = name.chars().count();
        let wrong = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
        (wrong < letters && wrong <= (letters.max(length) / 3).max(1)).then_some(wrong)
    };
    known
        .into_iter()
        .filter_map(|name| Some((distance(name)?, name)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_name_that_was_meant_if_it_is_near() {
        for (written, known, expected) in [
            ("biuld", &["build", "lint", "steps"][..], Some("build")),
            ("step", &["build", "lint", "steps"], Some("steps")),
            ("STEPS", &["build", "lint", "steps"], Some("steps")),
            ("deploy", &["build", "lint", "steps"], None),
            ("lnit", &["tests", "types", "lint"], Some("lint")),
            ("docs", &["tests", "types", "lint"], None),
            ("", &["tests", "a"], None),
            ("b", &["a"], None),
        ] {
            assert_eq!(
                nearest(written, known.iter().copied()),
                expected,
                "{written}"
            );
        }
    }
}
