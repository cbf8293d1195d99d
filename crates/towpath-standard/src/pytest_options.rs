//! The options of pytest: which of them change what is tested.

/// Options of pytest with a value in the next argument whose value changes what is tested.
pub(crate) const KEPT_WITH_VALUE: [&str; 10] = [
    "-m",
    "-k",
    "-p",
    "-W",
    "-c",
    "-o",
    "--ignore",
    "--ignore-glob",
    "--deselect",
    "--rootdir",
];

/// Options with a value, joined or in the next argument, that only change output, speed or coverage.
const DROPPED_WITH_VALUE: [&str; 17] = [
    "-n",
    "--numprocesses",
    "--dist",
    "--maxprocesses",
    "--basetemp",
    "--junitxml",
    "--junit-xml",
    "--durations",
    "--maxfail",
    "--color",
    "--tb",
    "-r",
    "--cov",
    "--cov-report",
    "--cov-config",
    "--cov-fail-under",
    "--cov-context",
];

/// Keeps of pytest's arguments those that change the verdict and that stand for themselves.
pub(crate) fn kept_arguments(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        let unknown = argument.contains(['$', '{', '}', '`']);
        if DROPPED_WITH_VALUE.contains(&argument.as_str()) {
            rest.next_if(|value| !value.starts_with('-'));
        } else if KEPT_WITH_VALUE.contains(&argument.as_str()) {
            if let Some(value) = rest.next().filter(|value| !value.contains(['$', '{'])) {
                kept.extend([argument.clone(), value.clone()]);
            }
        } else if !unknown && (!argument.starts_with('-') || is_kept_alone(argument, name)) {
            kept.push(argument.clone());
        }
    }
    kept
}

/// Returns whether an option that stands alone, perhaps with `=VALUE`, changes what is tested.
/// Options of plugins are kept: what they mean cannot be told.
fn is_kept_alone(argument: &str, name: &str) -> bool {
    const OUTPUT_ONLY: [&str; 12] = [
        "--verbose",
        "--quiet",
        "--exitfirst",
        "--lf",
        "--ff",
        "--sw",
        "--pdb",
        "--showlocals",
        "--no-cov",
        "--no-header",
        "--no-summary",
        "--no-cov-on-fail",
    ];
    if let (false, Some(option)) = (argument.starts_with("--"), argument.get(..2)) {
        return KEPT_WITH_VALUE.contains(&option);
    }
    !OUTPUT_ONLY.contains(&argument) && !DROPPED_WITH_VALUE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_changes_the_verdict() {
        for (given, expected) in [
            ("-v --tb=short --basetemp={envtmpdir}", ""),
            ("-n auto tests/unit -x", "tests/unit"),
            (
                "-m slow -k foo --cov=pkg --cov-report xml",
                "-m slow -k foo",
            ),
            ("--cov --reruns=2 tests", "--reruns=2 tests"),
            (
                "--doctest-modules src --junitxml=out.xml",
                "--doctest-modules src",
            ),
            ("-pno:cacheprovider -Werror", "-pno:cacheprovider -Werror"),
            ("$FLAGS tests", "tests"),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            let kept = kept_arguments(&given).join(" ");
            assert_eq!(kept, expected, "{given:?}");
        }
    }
}
