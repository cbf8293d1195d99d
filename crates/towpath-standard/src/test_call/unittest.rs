//! What a call of unittest means, in the words of pytest.

use super::TestCall;
use super::names::existing;
use crate::facts::Facts;

/// Says in pytest's words what a call of unittest finds: its folder and pattern, or the modules named.
pub(super) fn call_unittest(call: &mut TestCall, arguments: &[String], facts: &Facts<'_>) {
    let Unittest {
        start,
        pattern,
        top,
        names,
    } = unittest_arguments(arguments);
    let pattern = pattern.unwrap_or_else(|| "test*.py".to_owned());
    call.arguments = vec![format!("-opython_files={pattern}")];
    let in_folder = |path: &str| {
        if call.folder.is_empty() {
            path.to_owned()
        } else {
            format!("{}/{path}", call.folder)
        }
    };
    let folders: Vec<String> = match start {
        Some(start) => vec![start],
        None => names.iter().map(|name| name.replace('.', "/")).collect(),
    };
    let found = existing(&call.folder, &folders, facts);
    call.arguments.extend(found);
    // unittest puts the folder in which it starts first on the path, whether it is a package or not.
    let first = top.or_else(|| {
        call.arguments
            .get(1)
            .filter(|path| !path.ends_with(".py"))
            .cloned()
    });
    if let Some(first) = first.filter(|path| path != ".") {
        let mut path = format!("{{tree}}/{}", in_folder(&first));
        if let Some(set) = call.environment.get("PYTHONPATH") {
            path = format!("{path}:{set}");
        }
        call.environment.insert("PYTHONPATH".to_owned(), path);
    }
}

/// What the arguments of `python -m unittest` say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unittest {
    start: Option<String>,
    pattern: Option<String>,
    top: Option<String>,
    names: Vec<String>,
}

fn unittest_arguments(arguments: &[String]) -> Unittest {
    let mut said = Unittest::default();
    let mut positional = Vec::new();
    let mut rest = arguments
        .iter()
        .filter(|argument| !argument.contains(['$', '{', '`']));
    while let Some(argument) = rest.next() {
        let (name, joined) = argument
            .split_once('=')
            .map_or((argument.as_str(), None), |(name, value)| {
                (name, Some(value))
            });
        let mut value = || joined.map(str::to_owned).or_else(|| rest.next().cloned());
        match name {
            "-s" | "--start-directory" => said.start = value(),
            "-p" | "--pattern" => said.pattern = value(),
            "-t" | "--top-level-directory" => said.top = value(),
            "-k" | "--durations" => drop(value()),
            _ if argument.starts_with('-') => {}
            _ => positional.push(argument.clone()),
        }
    }
    if positional.first().is_none_or(|first| first != "discover") {
        said.names = positional;
        return said;
    }
    let mut positional = positional.into_iter().skip(1);
    said.start = said.start.or_else(|| positional.next());
    said.pattern = said.pattern.or_else(|| positional.next());
    said.top = said.top.or_else(|| positional.next());
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_calls_of_unittest() {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for (given, start, pattern, top, names) in [
            ("discover tests", "tests", "", "", ""),
            (
                "discover -v -s tests -p *_test.py",
                "tests",
                "*_test.py",
                "",
                "",
            ),
            (
                "discover tests check_*.py .",
                "tests",
                "check_*.py",
                ".",
                "",
            ),
            (
                "-v tests.test_a tests.test_b",
                "",
                "",
                "",
                "tests.test_a tests.test_b",
            ),
            ("discover --start-directory=tests", "tests", "", "", ""),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            let names = names.split_whitespace().map(str::to_owned).collect();
            let expected = Unittest {
                start: text(start),
                pattern: text(pattern),
                top: text(top),
                names,
            };
            assert_eq!(unittest_arguments(&given), expected, "{given:?}");
        }
    }
}
