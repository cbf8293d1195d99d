//! Names of tox environments: `py{310,311}-{a,b}`, factors, and the Pythons that names stand for.

use crate::PythonVersion;

const MOST_NAMES: usize = 400;

/// Expands a list of names, separated by commas or line ends, with braces and ranges.
pub(super) fn expand_all(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in split_outside_braces(text) {
        for name in expand(&part) {
            if !names.contains(&name) && names.len() < MOST_NAMES {
                names.push(name);
            }
        }
    }
    names
}

fn split_outside_braces(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0_i32);
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth <= 0 && (c == ',' || c == '\n') {
            parts.push(std::mem::take(&mut part));
        } else if !c.is_whitespace() {
            part.push(c);
        }
    }
    parts.push(part);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Expands the braces of one name; a part that comes out empty leaves no double dash.
fn expand(name: &str) -> Vec<String> {
    let Some((head, inner, tail)) = name.split_once('{').and_then(|(head, rest)| {
        rest.split_once('}')
            .map(|(inner, tail)| (head, inner, tail))
    }) else {
        let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
        return vec![parts.join("-")];
    };
    let choices = inner.split(',').flat_map(range);
    choices
        .flat_map(|choice| expand(&format!("{head}{choice}{tail}")))
        .take(MOST_NAMES)
        .collect()
}

/// `10-13` in braces is each number between.
fn range(text: &str) -> Vec<String> {
    let bounds = text
        .split_once('-')
        .and_then(|(first, last)| Some((first.parse::<u32>().ok()?, last.parse::<u32>().ok()?)));
    match bounds {
        Some((first, last)) if first <= last && last - first < 100 => {
            (first..=last).map(|number| number.to_string()).collect()
        }
        _ => vec![text.to_owned()],
    }
}

/// Returns whether a condition such as `py311,lint-!slow` holds for an environment.
pub(super) fn holds(condition: &str, environment: &str) -> bool {
    let factors: Vec<&str> = environment.split('-').collect();
    let has = |factor: &str| factors.contains(&factor) || environment == factor;
    split_outside_braces(condition)
        .iter()
        .flat_map(|part| expand(part))
        .any(|alternative| {
            alternative
                .split('-')
                .all(|factor| match factor.strip_prefix('!') {
                    Some(factor) => !has(factor),
                    None => has(factor),
                })
        })
}

/// Returns the Python that a name asks for by one of its factors; PyPy has no version here.
pub(super) fn python(environment: &str) -> Option<PythonVersion> {
    environment.split('-').find_map(factor_python)
}

/// Returns whether one of the factors names an interpreter, be it of unknown version.
pub(super) fn names_interpreter(environment: &str) -> bool {
    environment.split('-').any(|factor| {
        factor_python(factor).is_some()
            || matches!(
                factor,
                "py" | "py3" | "py2" | "python" | "python3" | "jython" | "graalpy"
            )
            || factor.starts_with("pypy")
    })
}

fn factor_python(factor: &str) -> Option<PythonVersion> {
    if factor.starts_with("pypy") {
        return None;
    }
    let rest = ["python", "cpython", "py"]
        .iter()
        .find_map(|prefix| factor.strip_prefix(prefix));
    let rest = rest.unwrap_or(factor).trim_end_matches('t');
    if rest.contains('.') {
        let is_version = rest.chars().all(|c| c.is_ascii_digit() || c == '.');
        return is_version.then(|| rest.parse().ok()).flatten();
    }
    (factor.starts_with('p') && rest.chars().all(|c| c.is_ascii_digit()))
        .then(|| PythonVersion::from_tag(rest))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_names() {
        for (text, expected) in [
            (
                "py{310,311}-{a,b},lint",
                "py310-a py310-b py311-a py311-b lint",
            ),
            ("py3{10-12}", "py310 py311 py312"),
            ("lint\n  py311\n", "lint py311"),
            ("py{39, 310}{,-extra}", "py39 py39-extra py310 py310-extra"),
            ("{py39,pypy3}-x", "py39-x pypy3-x"),
            ("3.12, 3.13", "3.12 3.13"),
        ] {
            assert_eq!(expand_all(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn judges_factors() {
        for (condition, environment, expected) in [
            ("py311", "py311-a", true),
            ("py310,lint", "lint", true),
            ("!lint", "py311", true),
            ("!lint", "lint", false),
            ("py311-a", "py311-b", false),
            ("py{310,311}", "py311", true),
            ("py311-!a", "py311-b", true),
        ] {
            assert_eq!(
                holds(condition, environment),
                expected,
                "{condition} {environment}"
            );
        }
    }

    #[test]
    fn finds_the_python_of_a_name() {
        for (name, expected) in [
            ("py311-a", Some("3.11")),
            ("3.12", Some("3.12")),
            ("py3.13", Some("3.13")),
            ("py27", Some("2.7")),
            ("py313t", Some("3.13")),
            ("py", None),
            ("pypy39", None),
            ("lint", None),
            ("django42", None),
        ] {
            assert_eq!(
                python(name).map(|version| version.to_string()).as_deref(),
                expected,
                "{name}"
            );
        }
    }
}
