//! `{…}` in tox's values.

use super::environment::Arguments;

const DEEPEST: u32 = 12;

/// Replaces each `{key}` by what `look_up` says; what it does not know stays as it is written.
pub(super) fn substitute(text: &str, look_up: &dyn Fn(&str) -> Option<String>) -> String {
    replace(text, look_up, 0)
}

fn replace(text: &str, look_up: &dyn Fn(&str) -> Option<String>, depth: u32) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        result.push_str(before);
        let is_escaped = before.ends_with('\\') || before.ends_with('$');
        let Some(length) = closing(from).filter(|_| !is_escaped && depth < DEEPEST) else {
            result.push('{');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        let inner = replace(from.get(1..length).unwrap_or_default(), look_up, depth + 1);
        if let Some(value) = look_up(&inner) {
            result.push_str(&value);
        } else {
            result.extend(["{", &inner, "}"]);
        }
        rest = from.get(length + 1..).unwrap_or_default();
    }
    result.push_str(rest);
    result
}

/// Returns where the brace at the start closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Returns what tox itself knows: arguments, names, folders, variables.
pub(super) fn known(key: &str, environment: &str, arguments: &Arguments) -> Option<String> {
    if let Some(rest) = key.strip_prefix("posargs") {
        let default = rest.strip_prefix(':').unwrap_or_default();
        let given = arguments.posargs.as_ref().map(|words| words.join(" "));
        return Some(given.unwrap_or_else(|| default.to_owned()));
    }
    if let Some(rest) = key.strip_prefix("env:") {
        let (name, default) = rest
            .split_once(':')
            .map_or((rest, None), |(name, default)| (name, Some(default)));
        let value = arguments
            .variables
            .get(name)
            .cloned()
            .or_else(|| default.map(str::to_owned));
        return Some(value.unwrap_or_default());
    }
    match key {
        "toxinidir" | "tox_root" => Some(arguments.root.clone()),
        "envname" | "env_name" => Some(environment.to_owned()),
        "envpython" | "env_python" | "basepython" | "base_python" => Some("python".to_owned()),
        "/" => Some("/".to_owned()),
        ":" => Some(":".to_owned()),
        "" => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutes_within_substitutions() {
        let look_up = |key: &str| match key {
            "a" => Some("x".to_owned()),
            _ => key.strip_prefix("posargs:").map(str::to_owned),
        };
        for (text, expected) in [
            ("pytest {posargs:tests/{a}}", "pytest tests/x"),
            ("{unknown}/{a}", "{unknown}/x"),
            ("${HOME} {a", "${HOME} {a"),
        ] {
            assert_eq!(substitute(text, &look_up), expected);
        }
    }
}
