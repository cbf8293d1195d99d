//! AppVeyor: the script phases of a build.

use towpath_workflow::yaml::Node;

use super::variables;
use crate::automation::walk::Walker;

const FILES: [&str; 3] = ["appveyor.yml", ".appveyor.yml", ".ci/appveyor.yml"];
const PHASES: [&str; 6] = [
    "install",
    "before_build",
    "build_script",
    "before_test",
    "test_script",
    "after_test",
];

/// Reads the configuration.
pub(super) fn read(walker: &mut Walker<'_>) {
    for path in FILES {
        let Some(text) = walker.read(path) else {
            continue;
        };
        walker.ci_source("appveyor", path);
        let Some(root) = walker.yaml(path, &text) else {
            continue;
        };
        let environment = root.get("environment");
        let matrix = environment
            .and_then(|environment| environment.get("matrix"))
            .and_then(Node::as_sequence);
        let none = Vec::new();
        let mut rows: Vec<Vec<(String, String)>> = matrix
            .unwrap_or_default()
            .iter()
            .map(|row| variables(Some(row)))
            .collect();
        if rows.is_empty() {
            rows.push(none);
        }
        for row in rows {
            let mut scene = walker.ci_scene(path, "");
            scene.environment.extend(variables(environment));
            scene.environment.extend(row);
            for phase in PHASES {
                for script in root
                    .get(phase)
                    .and_then(Node::as_sequence)
                    .unwrap_or_default()
                {
                    let script = ["cmd", "sh", "ps"]
                        .iter()
                        .find_map(|key| script.get(key))
                        .unwrap_or(script);
                    walker.ci_script(script, &text, &scene, &windows);
                }
            }
        }
    }
}

/// `%NAME%` of Windows is `$NAME` of a shell, and folders are joined by `/`.
fn windows(text: &str) -> String {
    let mut result = String::new();
    for (at, part) in text.split('%').enumerate() {
        if at % 2 == 1
            && !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            result.extend(["${", part, "}"]);
        } else {
            result.push_str(part);
        }
    }
    result.replace('\\', "/")
}
