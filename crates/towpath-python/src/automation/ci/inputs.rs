//! The inputs that a step gives an action.

/// The inputs of a step.
pub(super) type With<'a> = &'a [(String, String)];

/// Returns the first input of these names that is not empty.
pub(super) fn input<'a>(with: With<'a>, names: &[&str]) -> Option<&'a str> {
    let found = with
        .iter()
        .find(|(name, value)| names.contains(&name.as_str()) && !value.is_empty());
    found.map(|(_, value)| value.as_str())
}
