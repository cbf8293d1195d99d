//! `build`: sdist, then the wheel from that sdist, and whether what is in them is right.

use std::collections::BTreeMap;

use serde::Deserialize;
use towpath_python::PythonVersion;
use towpath_python::environments::{BUILD_HOOKS, build_system};
use towpath_report::readers::compiler;
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding, Place, Problem, Severity};

use super::{Check, gathered};
use crate::facts::{Facts, NeededCheck};
use crate::work::{
    Applies, Artifact, Command, EnvironmentNeed, Network, Output, Partial, PythonChoice, ToolWork,
    TreeUse, Work,
};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "build"
    }

    fn about(&self) -> &'static str {
        "builds the sdist and from it the wheel, and looks into both"
    }

    fn matrix(&self, facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        if facts.project.has_native_sources {
            return facts.pythons.run.iter().copied().map(Some).collect();
        }
        vec![None]
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let project = facts.project;
        if project.build_system.is_none() || !project.is_package {
            return Applies::Skip("not a package".to_owned());
        }
        let system = build_system(project);
        let folder = project.root.clone();
        let mut arguments: Vec<String> = [
            "{python}",
            "{out}/build_driver.py",
            "{out}",
            &system.backend,
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.extend(system.backend_path.iter().cloned());
        let environment = EnvironmentNeed::of(
            python
                .or(facts.pythons.run.last().copied())
                .map_or(PythonChoice::ForTools, PythonChoice::Exactly),
            system.requires,
        );
        let command = Command {
            tool: system
                .backend
                .split(['.', ':'])
                .next()
                .unwrap_or("build")
                .to_owned(),
            arguments,
            environment: BTreeMap::from([("SOURCE_DATE_EPOCH".to_owned(), "315532800".to_owned())]),
            folder,
            reads_stdout: true,
            read: read_build,
            hint: project.manifest.path.clone(),
        };
        Applies::Work(Box::new(Work::Tool(ToolWork {
            tree: TreeUse::Private,
            network: Network::OnFailure,
            executes_project: true,
            builds: true,
            may_require: true,
            support_files: [
                BUILD_HOOKS,
                ("build_driver.py", include_str!("build_driver.py")),
            ]
            .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
            .to_vec(),
            key: vec![
                ("git".to_owned(), facts.version_from_git()),
                (
                    "history".to_owned(),
                    (!facts.git_state.is_empty()).to_string(),
                ),
            ],
            ..ToolWork::of(environment, vec![command])
        })))
    }

    fn conclude(&self, _facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let sizes: Vec<String> = found
            .iter()
            .flat_map(|partial| {
                ["wheel", "sdist"]
                    .map(|kind| partial.facts.get(kind).map(|size| format!("{kind} {size}")))
            })
            .flatten()
            .collect();
        let mut result = gathered(found);
        let blocking = result
            .findings
            .iter()
            .filter(|finding| finding.blocking)
            .count();
        result.failed = blocking > 0;
        result.summary = if result.failed {
            counted(blocking, "problem")
        } else {
            sizes.join(", ")
        };
        result
    }
}

/// What maturin asks for where it finds no `cargo`; it brings one from the network.
const RUST_INSTALLER: &str = "puccinialin";

/// What the driver reports; see `build_driver.py`.
#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    sdist: Option<Built>,
    #[serde(default)]
    wheel: Option<Built>,
    #[serde(default)]
    problems: Vec<Trouble>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    requires: Vec<String>,
}

#[derive(Deserialize)]
struct Built {
    name: String,
    size: u64,
}

#[derive(Deserialize)]
struct Trouble {
    rule: String,
    message: String,
    blocking: bool,
    #[serde(default)]
    place: Option<(String, u32)>,
}

fn read_build(output: &Output<'_>) -> Result<Partial, String> {
    let bytes = (output.file)("build.json").ok_or_else(|| {
        format!(
            "it ended with exit code {}\n{}",
            output.exit,
            output.last_lines(5)
        )
    })?;
    let report: Report = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let given = (output.file)("requirements.json").unwrap_or_default();
    let brings_rust = String::from_utf8_lossy(&given).contains(RUST_INSTALLER);
    let lacks_rust = brings_rust
        && report
            .problems
            .iter()
            .any(|trouble| is_unreachable(&trouble.message));
    let mut partial = Partial {
        requires: report.requires,
        notes: report.notes,
        ..Partial::default()
    };
    for (kind, built) in [("sdist", report.sdist), ("wheel", report.wheel)] {
        let Some(built) = built else { continue };
        partial.facts.insert(kind.to_owned(), size(built.size));
        partial.artifacts.push(Artifact {
            path: format!("dist/{}", built.name),
            name: built.name,
        });
    }
    if lacks_rust {
        partial.errors.push(
            Problem::error("the build needs Rust, and there is no `cargo` on `PATH`").with_hint(
                "install Rust: `rustup` from https://rustup.rs, or `apt-get install cargo`",
            ),
        );
    }
    let compiler = (!report.problems.is_empty())
        .then(|| compiler::first_error(output.stderr))
        .flatten();
    partial.findings = report
        .problems
        .into_iter()
        .map(|trouble| Finding {
            tool: "build".to_owned(),
            rule: trouble.rule,
            rule_url: None,
            message: match &compiler {
                Some(said) => format!("{}\n{}", said.message, trouble.message),
                None => output.reason(&trouble.message),
            },
            place: Some(
                trouble
                    .place
                    .or_else(|| compiler.as_ref()?.place.clone())
                    .filter(|(path, _)| !path.starts_with('/'))
                    .map_or_else(|| Place::file(output.hint), |at| placed(output, at)),
            ),
            severity: if trouble.blocking {
                Severity::Error
            } else {
                Severity::Warning
            },
            fixable: false,
            blocking: trouble.blocking,
        })
        .collect();
    Ok(partial)
}

/// Returns whether a backend ended because it could not reach a server.
fn is_unreachable(message: &str) -> bool {
    ["ConnectError", "ConnectTimeout", "URLError", "SSLError"]
        .iter()
        .any(|error| message.contains(error))
}

/// Returns a place in the project's folder as one in the repository.
fn placed(output: &Output<'_>, (path, line): (String, u32)) -> Place {
    let path = if output.folder.is_empty() {
        path
    } else {
        format!("{}/{path}", output.folder)
    };
    Place {
        line,
        end_line: line,
        ..Place::file(&path)
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_rust_is_no_fault_of_the_project() {
        let read = |error: &str| {
            let report = format!(
                r#"{{"problems": [{{"rule": "build_sdist", "message": "build_sdist of maturin failed: {error}", "blocking": true}}]}}"#
            );
            let file = |name: &str| match name {
                "build.json" => Some(report.clone().into_bytes()),
                _ => Some(br#"{"given": ["maturin", "puccinialin"]}"#.to_vec()),
            };
            let output = Output {
                exit: 0,
                stdout: b"",
                stderr: "",
                root: "/r",
                folder: "",
                hint: "",
                file: &file,
            };
            read_build(&output)
                .expect("the driver reported")
                .errors
                .len()
        };
        assert_eq!(read("ConnectError: no route"), 1);
        assert_eq!(read("CalledProcessError: maturin returned 1"), 0);
    }
}
