//! Settings that are possible each, but not together: each would silently undo the other.

use towpath_python::RawSettings;
use towpath_report::Problem;

use crate::checks::check;
use crate::settings::Settings;

/// Returns a problem for each pair of settings that contradict one another.
pub fn contradictions(raw: &RawSettings) -> Vec<Problem> {
    let mut problems = taken_names(raw);
    problems.extend(gates_of_nothing(raw));
    problems
}

/// Checks of the project's own that are named like one of the standard's.
fn taken_names(raw: &RawSettings) -> Vec<Problem> {
    let names = raw.tables("checks").into_iter();
    let taken = names.filter(|name| check(name).is_some());
    let problem = |name: String| {
        let mut problem = Problem::error(format!("the check `{name}` is one of the standard's"))
            .with_hint(format!(
                "give `[tool.towpath.checks.{name}]` another name; `skip = [\"{name}\"]` leaves the standard's out"
            ));
        problem.place = raw.place(&format!("checks.{name}"), "command");
        problem
    };
    taken.map(problem).collect()
}

/// Gates for a coverage that nobody measures, since the tests are left out.
fn gates_of_nothing(raw: &RawSettings) -> Vec<Problem> {
    let settings = Settings::read(raw);
    if !settings.leaves_out("tests") || settings.leaves_out("coverage") {
        return Vec::new();
    }
    let gates = [("tests", "coverage"), ("coverage", "changed-lines")];
    let gates = gates.into_iter().filter_map(|(table, key)| {
        let mut problem = Problem::error(format!(
            "`{key}` in `[tool.towpath.{table}]` is a gate for what the tests cover, and `skip` leaves the tests out"
        ))
        .with_hint("take `tests` out of `skip`, or this gate out of the settings");
        problem.place = Some(raw.place(table, key)?);
        Some(problem)
    });
    gates.collect()
}

#[cfg(test)]
mod tests {
    use towpath_python::parse_settings;
    use towpath_report::Source;

    use super::*;
    use crate::checks::CHECKS;
    use crate::settings::{CHECK_NAMES, SETTINGS};

    fn told(text: &str) -> Vec<String> {
        let path = "towpath.toml";
        let (raw, problems) = parse_settings(&Source { path, text }, &[SETTINGS]);
        assert_eq!(problems, []);
        let told = contradictions(&raw).into_iter().map(|problem| {
            let place = problem.place.expect("it has a place");
            format!("{} {}", place.line, problem.message)
        });
        told.collect()
    }

    #[test]
    fn every_check_can_be_left_out() {
        let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name()).collect();
        names.sort_unstable();
        assert_eq!(names, CHECK_NAMES);
    }

    #[test]
    fn gate_without_tests_is_told_and_one_that_is_left_out_with_them_is_not() {
        let gates = "[tests]\ncoverage = 90\n[coverage]\nchanged-lines = 80\n";
        let told_of = |skip: &str| told(&format!("skip = {skip}\n{gates}"));
        let left_out = "is a gate for what the tests cover, and `skip` leaves the tests out";
        assert_eq!(
            told_of("[\"tests\"]"),
            [
                format!("3 `coverage` in `[tool.towpath.tests]` {left_out}"),
                format!("5 `changed-lines` in `[tool.towpath.coverage]` {left_out}"),
            ]
        );
        assert_eq!(told_of("[]"), Vec::<String>::new());
        assert_eq!(told_of("[\"tests\", \"coverage\"]"), Vec::<String>::new());
        assert_eq!(told("skip = [\"tests\"]\n"), Vec::<String>::new());
    }

    #[test]
    fn own_check_with_a_name_of_the_standard_is_told() {
        assert_eq!(
            told("[checks.docs]\ncommand = [\"true\"]\n[checks.mine]\ncommand = [\"true\"]\n"),
            ["2 the check `docs` is one of the standard's"]
        );
    }
}
