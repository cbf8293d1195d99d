//! `towpath explain`: why a job runs, what it depends on and what changed; the event, the variables and
//! the contexts as JSON.

mod job;
mod ran;
mod words;

use serde_json::{Value, json};
use towpath_actions::CheckAction;
use towpath_host::Git;
use towpath_report::{Conclusion, Problem};
use towpath_runner::{PlannedJob, plan};
use towpath_standard::pipeline;

use crate::arguments::{DataFormat, ExecutionArguments, ExplainArguments, GlobalArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::history::History;
use crate::nearest;
use crate::output;
use crate::process::Process;
use crate::run::{Ground, surroundings};

use job::{JobExplanation, Past};

/// Version of the JSON form; raised when a reader of the old form would misread the new.
const SCHEMA_VERSION: u32 = 1;

/// What `towpath explain` knows beside jobs.
const TOPICS: [&str; 3] = ["event", "env", "context"];

/// The contexts of the standard pipeline.
const CONTEXTS: [&str; 4] = ["env", "github", "runner", "secrets"];

/// Explaining runs nothing, so how jobs would run is left at its defaults.
const EXECUTION: ExecutionArguments = ExecutionArguments {
    force: false,
    jobs: None,
    offline: true,
    no_sandbox: false,
    verify: false,
    config: None,
};

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    explain: &ExplainArguments,
) -> anyhow::Result<ExitCode> {
    let words: Vec<&str> = explain.topic.iter().map(String::as_str).collect();
    let folder = super::folder(process, global);
    if explain.format == DataFormat::Text
        && let Some(told) = of_workflow(process, global, &words.join(" "))?
    {
        output::print(&told)?;
        return Ok(ExitCode::Passed);
    }
    let ground = Ground::prepare(process, &folder, &EXECUTION)?;
    let text = match words.as_slice() {
        ["event"] => pretty(&event(&ground)),
        ["env"] => pretty(&json!(towpath_actions::job_variables())),
        ["context", name @ ..] => pretty(&context(process, &ground, &name.join(" "))?),
        words => {
            let told = jobs(process, &ground, &words.join(" "))?;
            match explain.format {
                DataFormat::Json => pretty(&json!({ "schema": SCHEMA_VERSION, "jobs": told })),
                DataFormat::Text => {
                    let style = surroundings(process, global.color).report_style();
                    words::written(&told, words.is_empty(), style.columns)
                }
            }
        }
    };
    output::print(&text)?;
    Ok(ExitCode::Passed)
}

/// Returns what became of a job where the newest run that had it was one of workflow files.
fn of_workflow(
    process: &Process,
    global: &GlobalArguments,
    job: &str,
) -> anyhow::Result<Option<String>> {
    let folder = super::folder(process, global);
    let git = crate::repository::git_around(&folder)?;
    let root = git.as_ref().map_or(folder.as_path(), Git::top_level);
    let state = super::state(process, global)?;
    let style = surroundings(process, global.color).report_style();
    ran::told(&state, root, job, style)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The event that `towpath ci` stands for: a push of the commit that is checked out.
fn event(ground: &Ground<'_>) -> Value {
    let git = ground.repository.git.as_ref();
    let branch = git.and_then(Git::branch);
    json!({
        "event_name": "push",
        "ref": branch.map(|branch| format!("refs/heads/{branch}")),
        "after": git.and_then(Git::head),
        "repository": { "url": git.and_then(Git::remote_url) },
    })
}

fn context(process: &Process, ground: &Ground<'_>, name: &str) -> Result<Value, Failure> {
    match name {
        "github" => {
            let event = event(ground);
            Ok(json!({
                "event_name": event["event_name"],
                "ref": event["ref"],
                "sha": event["after"],
                "workspace": ground.repository.tree.root().to_string_lossy(),
                "event": event,
            }))
        }
        "runner" => Ok(json!({ "os": "Linux", "temp": "/tmp" })),
        "env" => Ok(json!(towpath_actions::job_variables())),
        "secrets" => {
            let token = process.environment.get("GITHUB_TOKEN");
            Ok(token.map_or_else(|| json!({}), |_| json!({ "GITHUB_TOKEN": "***" })))
        }
        _ => {
            let what = if name.is_empty() {
                "`towpath explain context` needs the name of a context".to_owned()
            } else {
                format!("there is no context `{name}`")
            };
            let hint = nearest::hint(name, &CONTEXTS, "the contexts are");
            Err(Failure::of(Problem::error(what).with_hint(hint)))
        }
    }
}

/// Explains the jobs that a topic names: one by its name, those of a check, or all.
fn jobs(
    process: &Process,
    ground: &Ground<'_>,
    topic: &str,
) -> anyhow::Result<Vec<JobExplanation>> {
    let facts = ground.repository.facts(&ground.interpreters, &[], None);
    let plan =
        plan(&pipeline(&facts)).map_err(|error| Failure::from_error(&error, error.hints()))?;
    let session = ground.session(process, &facts, &EXECUTION);
    let by_name: Vec<&PlannedJob> = plan.jobs.iter().filter(|job| job.name == topic).collect();
    let chosen = if by_name.is_empty() {
        let of_check = |job: &&PlannedJob| topic.is_empty() || job.group == topic;
        plan.jobs.iter().filter(of_check).collect()
    } else {
        by_name
    };
    if chosen.is_empty() {
        return Err(unknown(topic, &plan.jobs).into());
    }
    let history = History::of(&ground.repository.state);
    let past = Past {
        jobs: &plan.jobs,
        records: history
            .newest_records(&plan.jobs, |job| job.conclusion != Conclusion::Cancelled)?,
        starts: history.starts()?,
        ledger: ground.ledger(),
        now: towpath_host::clock::now(),
    };
    let action = CheckAction { session: &session };
    let explained = chosen.into_iter().map(|job| past.explain(job, &action));
    explained.collect()
}

fn unknown(topic: &str, jobs: &[PlannedJob]) -> Failure {
    let mut known: Vec<&str> = Vec::new();
    for job in jobs {
        for name in [job.group.as_str(), job.name.as_str()] {
            if !known.contains(&name) {
                known.push(name);
            }
        }
    }
    known.extend(TOPICS);
    Failure::of(
        Problem::error(format!("there is no job `{topic}`")).with_hint(nearest::hint(
            topic,
            &known,
            "there are",
        )),
    )
}
