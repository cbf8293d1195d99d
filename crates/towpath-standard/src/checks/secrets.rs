//! `secrets`: detect-secrets over every file, set against the project's `.secrets.baseline`.

use fancy_regex::Regex;
use serde_json::Value;
use towpath_python::PythonVersion;
use towpath_report::readers::{Paths, detect_secrets};
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding};

use super::{Check, Scope, gathered, not_blocking};
use crate::adoption::HandedOver;
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
        let looked_at = LookedAt::of(facts);
        let (files, large) = looked_at.files(facts);
        if files.is_empty() {
            return Applies::Skip("no files".to_owned());
        }
        let chosen = tools::choose("detect-secrets", facts.project, facts.automation);
        let baseline = facts
            .tree
            .digest(&looked_at.baseline)
            .map_or_else(String::new, |digest| digest.to_string());
        let mut notes = vec![chosen.note];
        if large > 0 {
            notes.push(format!(
                "{} of more than 2 MiB {} not looked at",
                counted(large, "file"),
                if large == 1 { "is" } else { "are" }
            ));
        }
        notes.retain(|note| !note.is_empty());
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
        let has_own_code = has_own_code(facts, &looked_at.baseline);
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
                    facts.tree.read(&looked_at.baseline).unwrap_or_default(),
                ),
            ],
            key: vec![("standard".to_owned(), facts.settings.standard.to_string())],
            notes,
            ..ToolWork::of(
                EnvironmentNeed::of(PythonChoice::ForTools, vec![chosen.requirement]),
                vec![command],
            )
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let mut result = gathered(found);
        let looked_at = LookedAt::of(facts);
        let has_baseline = facts.tree.contains(&looked_at.baseline);
        let blocks = |_: &Finding| has_baseline || facts.settings.standard;
        judge(facts, self.name(), &mut result, &blocks);
        let files = looked_at.files(facts).0.len();
        result.summary = match result.findings.len() {
            0 => format!("no secret in {}", counted(files, "file")),
            number if result.failed => counted(number, "new secret"),
            _ => not_blocking(&result.findings, "finding"),
        };
        result
    }
}

/// What the project's own run of detect-secrets looks at.
struct LookedAt {
    /// Path of the baseline.
    baseline: String,
    handed: Option<HandedOver>,
    /// Patterns of files that are left out.
    excluded: Vec<Regex>,
}

impl LookedAt {
    fn of(facts: &Facts<'_>) -> Self {
        let invocation = facts
            .automation
            .chosen("detect-secrets")
            .into_iter()
            .find(|invocation| invocation.can_fail);
        let arguments = invocation.map_or(&[][..], |invocation| &invocation.arguments);
        let baseline = values(arguments, "--baseline").next();
        let baseline = baseline.map(|path| path.trim_start_matches("./"));
        let own = baseline.filter(|path| facts.tree.contains(path));
        Self {
            baseline: own.unwrap_or(BASELINE).to_owned(),
            handed: invocation.map(HandedOver::by),
            excluded: values(arguments, "--exclude-files")
                .filter_map(|pattern| Regex::new(pattern).ok())
                .collect(),
        }
    }

    /// Returns everything that is kept, but for the baseline, locks full of hashes, and data; and how many
    /// files are too large to be looked at.
    fn files(&self, facts: &Facts<'_>) -> (Vec<String>, usize) {
        let is_wanted = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_lock = name.ends_with(".lock") || matches!(name, "package-lock.json" | "go.sum");
            !facts.tree.is_of_submodule(path)
                && !is_lock
                && name != BASELINE
                && path != self.baseline
                && name != crate::ratchet::BASELINE_FILE
                && self.handed.as_ref().is_none_or(|handed| handed.holds(path))
                && !self.is_excluded(path)
        };
        let files = facts.tree.files().iter();
        let (small, large): (Vec<_>, Vec<_>) = files
            .filter(|(path, _)| is_wanted(path))
            .partition(|(_, file)| file.size <= LARGEST_FILE);
        let small = small.into_iter().map(|(path, _)| path.clone());
        (small.collect(), large.len())
    }

    fn is_excluded(&self, path: &str) -> bool {
        let matches = |regex: &Regex| regex.is_match(path).unwrap_or(false);
        self.excluded.iter().any(matches)
    }
}

/// Returns the values of an option, joined or in the next argument.
fn values<'a>(arguments: &'a [String], option: &'a str) -> impl Iterator<Item = &'a str> {
    let following = arguments.iter().skip(1).map(Some).chain([None]);
    arguments
        .iter()
        .zip(following)
        .filter_map(move |(argument, next)| match argument.split_once('=') {
            Some((name, value)) => (name == option).then_some(value),
            None => next.filter(|_| argument == option).map(String::as_str),
        })
}

/// Returns whether the baseline names plugins, filters or lists of words of the project's own.
fn has_own_code(facts: &Facts<'_>, baseline: &str) -> bool {
    let bytes = facts.tree.read(baseline).unwrap_or_default();
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
