//! `secrets`: detect-secrets over every file, set against the project's `.secrets.baseline`.

use serde_json::Value;
use towpath_python::PythonVersion;
use towpath_report::readers::{Paths, detect_secrets};
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding};

use super::{Check, Scope, gathered, not_blocking};
use crate::facts::{Facts, NeededCheck};
use crate::judge::judge;
use crate::tools;
use crate::work::{
    Applies, Command, EnvironmentNeed, Inputs, Output, Partial, PythonChoice, Scan, ToolWork, Work,
};

/// The baseline's name where nothing else is said.
const BASELINE: &str = ".secrets.baseline";

/// Larger files are data, which detect-secrets would read line by line for minutes.
const LARGEST_FILE: u64 = 2 * 1024 * 1024;

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn about(&self) -> &'static str {
        "looks for secrets that the baseline does not know"
    }

    fn scope(&self) -> Scope {
        Scope::Repository
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        _python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let files = files(facts);
        if files.is_empty() {
            return Applies::Skip("no files".to_owned());
        }
        let chosen = tools::choose("detect-secrets", facts.project, facts.automation);
        let baseline = facts
            .tree
            .digest(BASELINE)
            .map_or_else(String::new, |digest| digest.to_string());
        let command = Command {
            tool: "detect-secrets".to_owned(),
            arguments: ["{python}", "{out}/scan_secrets.py", "{out}/baseline.json"]
                .map(str::to_owned)
                .to_vec(),
            environment: std::collections::BTreeMap::new(),
            folder: String::new(),
            reads_stdout: true,
            read: read_secrets,
            hint: String::new(),
        };
        let mut key = vec![chosen.requirement.clone(), baseline];
        let has_own_code = has_own_code(facts);
        if has_own_code {
            // It may read any file to judge any other.
            key.push(facts.tree.contents_digest().to_string());
        }
        Applies::Work(Box::new(Work::Tool(ToolWork {
            executes_project: has_own_code,
            inputs: Inputs {
                endings: vec![String::new()],
                observed: false,
                ..Inputs::opened()
            },
            scan: Some(Scan { files, key }),
            support_files: vec![
                (
                    "scan_secrets.py".to_owned(),
                    include_bytes!("scan_secrets.py").to_vec(),
                ),
                (
                    "baseline.json".to_owned(),
                    facts.tree.read(BASELINE).unwrap_or_default(),
                ),
            ],
            key: vec![("standard".to_owned(), facts.settings.standard.to_string())],
            notes: Some(chosen.note)
                .into_iter()
                .filter(|note| !note.is_empty())
                .collect(),
            ..ToolWork::of(
                EnvironmentNeed::of(PythonChoice::ForTools, vec![chosen.requirement]),
                vec![command],
            )
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let mut result = gathered(found);
        let has_baseline = facts.tree.contains(BASELINE);
        let blocks = |_: &Finding| has_baseline || facts.settings.standard;
        judge(facts, self.name(), &mut result, &blocks);
        let files = files(facts).len();
        result.summary = match result.findings.len() {
            0 => format!("no secret in {}", counted(files, "file")),
            number if result.failed => counted(number, "new secret"),
            _ => not_blocking(&result.findings, "finding"),
        };
        result
    }
}

/// Everything that is kept, but for the baseline, locks full of hashes, and data.
fn files(facts: &Facts<'_>) -> Vec<String> {
    facts
        .tree
        .files()
        .iter()
        .filter(|(path, file)| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_lock = name.ends_with(".lock") || matches!(name, "package-lock.json" | "go.sum");
            file.size <= LARGEST_FILE
                && !facts.tree.is_of_submodule(path)
                && !is_lock
                && name != BASELINE
                && name != crate::ratchet::BASELINE_FILE
        })
        .map(|(path, _)| path.clone())
        .collect()
}

/// Returns whether the baseline names plugins, filters or lists of words of the project's own.
fn has_own_code(facts: &Facts<'_>) -> bool {
    let bytes = facts.tree.read(BASELINE).unwrap_or_default();
    let baseline: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let lists = ["plugins_used", "filters_used"].map(|name| baseline[name].as_array());
    let mut values = lists
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(serde_json::Map::values)
        .filter_map(Value::as_str);
    values.any(|value| value.starts_with("file://") || facts.tree.contains(value))
}

fn read_secrets(output: &Output<'_>) -> Result<Partial, String> {
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    let baseline = (output.file)("baseline.json").filter(|bytes| !bytes.is_empty());
    let secrets = detect_secrets::read(output.stdout, baseline.as_deref(), &paths)
        .map_err(|error| error.to_string())?;
    let mut findings = secrets.new;
    findings.extend(secrets.confirmed);
    Ok(Partial {
        findings,
        ..Partial::default()
    })
}
