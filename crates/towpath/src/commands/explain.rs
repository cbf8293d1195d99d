//! `towpath explain`: why a job runs, what it depends on and what changed; the event, the variables and
//! the contexts as JSON.

use serde_json::{Value, json};
use towpath_actions::{CheckAction, Explanation};
use towpath_report::{Conclusion, Problem};
use towpath_runner::{Action, LastRun, PlannedJob, compare, plan};
use towpath_standard::pipeline;

use crate::arguments::{ExecutionArguments, ExplainArguments, GlobalArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::process::Process;
use crate::run::Ground;

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
    let ground = Ground::prepare(process, &super::folder(process, global), &EXECUTION)?;
    let topic = explain.topic.join(" ");
    let text = match topic.as_str() {
        "event" => pretty(&event(&ground)),
        "env" => pretty(&json!(towpath_actions::job_variables())),
        _ => match topic.strip_prefix("context ") {
            Some(name) => pretty(&context(&ground, name)?),
            None => jobs(process, &ground, &topic, explain.json)?,
        },
    };
    output::print(&text);
    Ok(ExitCode::Passed)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// The event that `towpath ci` stands for: a push of the commit that is checked out.
fn event(ground: &Ground<'_>) -> Value {
    let git = ground.repository.git.as_ref();
    let branch = git.and_then(towpath_host::Git::branch);
    json!({
        "event_name": "push",
        "ref": branch.map(|branch| format!("refs/heads/{branch}")),
        "after": git.and_then(towpath_host::Git::head),
        "repository": { "url": git.and_then(towpath_host::Git::remote_url) },
    })
}

fn context(ground: &Ground<'_>, name: &str) -> Result<Value, Failure> {
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
        _ => Err(Failure::of(
            Problem::error(format!("there is no context `{name}`"))
                .with_hint("the contexts are `env`, `github`, `runner`"),
        )),
    }
}

fn jobs(
    process: &Process,
    ground: &Ground<'_>,
    topic: &str,
    as_json: bool,
) -> anyhow::Result<String> {
    let facts = ground.repository.facts(&ground.interpreters, &[], None);
    let plan =
        plan(&pipeline(&facts)).map_err(|error| Failure::from_error(&error, error.hints()))?;
    let session = ground.session(process, &facts, &EXECUTION);
    let action = CheckAction { session: &session };
    let mut chosen: Vec<&PlannedJob> = plan.jobs.iter().filter(|job| job.name == topic).collect();
    if chosen.is_empty() {
        chosen = plan
            .jobs
            .iter()
            .filter(|job| topic.is_empty() || job.group == topic)
            .collect();
    }
    if chosen.is_empty() {
        let names: Vec<String> = plan
            .jobs
            .iter()
            .map(|job| format!("`{}`", job.name))
            .collect();
        return Err(Failure::of(
            Problem::error(format!("there is no job `{topic}`"))
                .with_hint(format!("the jobs are {}", names.join(", "))),
        )
        .into());
    }
    let mut told = Vec::new();
    for job in chosen {
        told.push(explanation(job, &plan.jobs, ground, &action)?);
    }
    if as_json {
        return Ok(pretty(&json!(told)));
    }
    Ok(told
        .iter()
        .map(|value| written(value, topic.is_empty()))
        .collect::<Vec<_>>()
        .join("\n"))
}

/// Returns all that is known of a job, as data.
fn explanation(
    job: &PlannedJob,
    jobs: &[PlannedJob],
    ground: &Ground<'_>,
    action: &CheckAction<'_>,
) -> anyhow::Result<Value> {
    let ledger = ground.ledger();
    let waits: Vec<&str> = job
        .needs
        .iter()
        .map(|need| jobs[*need].name.as_str())
        .collect();
    let own = jobs.iter().position(|other| other.name == job.name);
    let needed_by: Vec<&str> = jobs
        .iter()
        .filter(|other| own.is_some_and(|own| other.needs.contains(&own)))
        .map(|other| other.name.as_str())
        .collect();
    let inputs = &job
        .steps
        .first()
        .map(|step| step.inputs.clone())
        .unwrap_or_default();
    let last = ledger.last(&job.name)?;
    let key = action.reuse_key(inputs, &[]);
    let Explanation {
        reason,
        installs,
        commands,
        python,
    } = action.explain(inputs);
    let mut value = json!({
        "job": job.name,
        "check": job.group,
        "reason": reason,
        "waits_for": waits,
        "needed_by": needed_by,
        "python": python,
        "installs": installs,
        "commands": commands,
    });
    if let Some(last) = &last {
        value["last"] = json!({
            "result": word(last.conclusion),
            "seconds_ago": towpath_host::clock::now() - last.at,
            "commit": last.commit,
            "duration_ms": last.durations_ms.last(),
            "median_ms": last.median_ms(),
        });
    }
    if let Some((dependencies, key)) = last
        .as_ref()
        .and_then(|last: &LastRun| last.dependencies.as_ref())
        .zip(key)
    {
        let difference = compare(dependencies, &key, &ledger);
        value["depends_on"] = json!({
            "parts": key.parts,
            "files": dependencies.files.keys().collect::<Vec<_>>(),
        });
        value["changed"] = serde_json::to_value(&difference)?;
    }
    Ok(value)
}

fn word(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "passed",
        Conclusion::Neutral => "passed with findings that do not block",
        Conclusion::Failure => "failed",
        Conclusion::Skipped => "skipped",
        Conclusion::Cancelled => "interrupted",
        Conclusion::Error => "could not run",
    }
}

/// Returns an explanation in words: one line, or at length.
fn written(value: &Value, is_short: bool) -> String {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let list = |name: &str| -> String {
        let items = value[name].as_array().cloned().unwrap_or_default();
        let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
        if items.is_empty() {
            "nothing".to_owned()
        } else {
            items.join(", ")
        }
    };
    if is_short {
        return format!("{:<18} {}", text("job"), text("reason"));
    }
    let mut lines = vec![
        format!(
            "{} of the standard pipeline (check `{}`)\n",
            text("job"),
            text("check")
        ),
        format!("runs because   {}", text("reason")),
        format!("waits for      {}", list("waits_for")),
        format!("needed by      {}", list("needed_by")),
        format!("Python         {}", text("python")),
        format!("installs       {}", list("installs")),
        format!("command        {}", list("commands")),
        format!("last result    {}", last_result(value)),
    ];
    lines.extend(changes(value));
    lines.join("\n") + "\n"
}

fn last_result(value: &Value) -> String {
    let last = &value["last"];
    let Some(result) = last["result"].as_str() else {
        return "it has not run yet".to_owned();
    };
    let ago = last["seconds_ago"].as_i64().unwrap_or_default();
    let ago = match ago {
        0..60 => format!("{ago} s"),
        60..3600 => format!("{} min", ago / 60),
        3600..86_400 => format!("{} h", ago / 3600),
        _ => format!("{} days", ago / 86_400),
    };
    let seconds = |name: &str| last[name].as_u64().unwrap_or_default() as f64 / 1000.0;
    format!(
        "{result} {ago} ago, {:.1} s (median {:.1} s)",
        seconds("duration_ms"),
        seconds("median_ms")
    )
}

fn changes(value: &Value) -> Vec<String> {
    let changed = &value["changed"];
    if changed.is_null() {
        return vec!["\nNext time it runs: its last verdict was not kept".to_owned()];
    }
    let names = |name: &str| -> Vec<String> {
        let items = changed[name].as_array().cloned().unwrap_or_default();
        items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    let mut lines = Vec::new();
    for (label, name) in [
        ("changed", "changed"),
        ("removed", "removed"),
        ("changed", "parts"),
    ] {
        lines.extend(
            names(name)
                .iter()
                .take(20)
                .map(|item| format!("  {label}  {item}")),
        );
    }
    let same = format!(
        "  same     {} files, {} other inputs",
        changed["same_files"], changed["same_parts"]
    );
    if lines.is_empty() {
        return vec![
            "\nNext time it is reused, because nothing it depends on changed".to_owned(),
            same,
        ];
    }
    lines.insert(
        0,
        "\nNext time it runs again, because since its last run".to_owned(),
    );
    lines.push(same);
    let parts = value["depends_on"]["parts"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    lines.push("\nIt depends on".to_owned());
    lines.extend(parts.iter().map(|part| {
        format!(
            "  {:<14} {}",
            part["name"].as_str().unwrap_or_default(),
            part["value"].as_str().unwrap_or_default()
        )
    }));
    lines
}
