//! The name that was probably meant, among those that may stand there.

/// Returns the name that `written` was most likely meant to be: at most a third of its letters wrong.
pub(super) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let allowed = (written.chars().count() / 3).max(1);
    names
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min()
        .map(|(_, name)| name.to_owned())
}
