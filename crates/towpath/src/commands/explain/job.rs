//! All that is known of one job, as data: why it is there, what it needs, how it ended last and whether
//! that would be taken again. Starts nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use towpath_actions::{CheckAction, Explanation};
use towpath_report::{Conclusion, JobRecord};
use towpath_runner::{
    Action, Dependencies, Difference, Key, KeyPart, LastRun, Ledger, NeededResult, PlannedJob,
    compare,
};

use crate::history::worked_in;

/// What earlier runs left behind.
pub(super) struct Past<'a> {
    /// The jobs of the plan.
    pub(super) jobs: &'a [PlannedJob],
    /// The newest record of each job that has ended, with the number of its run.
    pub(super) records: BTreeMap<String, (u64, JobRecord)>,
    /// When each of the kept runs started, by number.
    pub(super) starts: BTreeMap<u64, i64>,
    /// Stored verdicts.
    pub(super) ledger: Ledger<'a>,
    /// Seconds since 1970 UTC.
    pub(super) now: i64,
}

/// All that is known of a job.
#[derive(Debug, Serialize)]
pub(super) struct JobExplanation {
    pub(super) job: String,
    pub(super) check: String,
    pub(super) project: String,
    /// Why it is in the pipeline.
    pub(super) reason: String,
    /// Why it does not apply or was skipped; null where it runs.
    pub(super) skipped: Option<String>,
    pub(super) waits_for: Vec<Needed>,
    pub(super) needed_by: Vec<String>,
    pub(super) python: String,
    pub(super) installs: Vec<String>,
    pub(super) commands: Vec<String>,
    pub(super) last: Option<Last>,
    /// What its last run said beside its verdict.
    pub(super) notes: Vec<String>,
    pub(super) next: Next,
    pub(super) depends_on: Option<DependsOn>,
}

/// A job that it waits for, and how that ended last.
#[derive(Debug, Serialize)]
pub(super) struct Needed {
    pub(super) job: String,
    pub(super) result: Option<&'static str>,
}

/// How it ended last.
#[derive(Debug, Serialize)]
pub(super) struct Last {
    pub(super) run: u64,
    pub(super) result: &'static str,
    pub(super) seconds_ago: Option<i64>,
    pub(super) commit: String,
    pub(super) duration_ms: Option<u64>,
    pub(super) median_ms: u64,
    /// The run that did the work, where its verdict was taken and it is kept here.
    pub(super) reused_from: Option<u64>,
    /// When that run was, wherever it is kept; null where the work was done.
    pub(super) reused_at: Option<i64>,
}

/// What happens the next time.
#[derive(Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Next {
    /// It has never run, or what it depended on is not known.
    Unknown,
    /// None of its files changed; the rest is known once its environment is made.
    Unprepared,
    /// Its verdict is taken again, since nothing differs.
    Reused,
    /// It runs again, because this differs from its last run.
    RunsAgain { changed: Difference },
    /// It runs again, because this differs from the last run in which it passed.
    RunsAgainSincePass {
        changed: Difference,
        at: i64,
        commit: String,
    },
}

/// What the last verdict depends on.
#[derive(Debug, Serialize)]
pub(super) struct DependsOn {
    pub(super) parts: Vec<KeyPart>,
    pub(super) files: Vec<String>,
}

impl Past<'_> {
    /// Returns all that is known of a job.
    pub(super) fn explain(
        &self,
        job: &PlannedJob,
        action: &CheckAction<'_>,
    ) -> anyhow::Result<JobExplanation> {
        let inputs = job.steps.first().map(|step| step.inputs.clone());
        let inputs = inputs.unwrap_or_default();
        let needs = self.needs(job);
        let explanation = action.explain(&inputs, &needs);
        let last = self.ledger.last(&job.name)?;
        let next = self.next(action.examine(&inputs, &needs).key(), last.as_ref())?;
        let record = self.records.get(&job.name);
        let Explanation {
            reason,
            skipped,
            installs,
            commands,
            python,
        } = explanation;
        let dependencies = self.dependencies(last.as_ref())?;
        Ok(JobExplanation {
            job: job.name.clone(),
            check: job.group.clone(),
            project: job.project.clone(),
            reason,
            skipped: skipped.or_else(|| skipped_in_run(record)),
            waits_for: self.waits_for(job),
            needed_by: self.needed_by(job),
            python,
            installs,
            commands,
            last: record.map(|(run, record)| self.last(*run, record, last.as_ref())),
            notes: record.map_or_else(Vec::new, |(_, record)| record.result.notes.clone()),
            next,
            depends_on: dependencies.map(|dependencies| DependsOn {
                parts: dependencies.key.parts,
                files: dependencies.files.into_keys().collect(),
            }),
        })
    }

    fn dependencies(&self, run: Option<&LastRun>) -> anyhow::Result<Option<Dependencies>> {
        let kept = run.and_then(|run| run.dependencies.as_ref());
        let read = kept
            .map(|kept| self.ledger.dependencies(kept))
            .transpose()?;
        Ok(read.flatten())
    }

    fn needed<'b>(&'b self, job: &'b PlannedJob) -> impl Iterator<Item = &'b PlannedJob> {
        job.needs.iter().filter_map(|need| self.jobs.get(*need))
    }

    /// The results of the jobs that it needs, as they were the last time.
    fn needs(&self, job: &PlannedJob) -> Vec<NeededResult> {
        self.needed(job)
            .filter_map(|need| self.records.get(&need.name))
            .map(|(_, record)| NeededResult {
                job: record.name.clone(),
                group: record.group.clone(),
                project: record.project.clone(),
                conclusion: record.conclusion,
                result: Arc::clone(&record.result),
            })
            .collect()
    }

    fn waits_for(&self, job: &PlannedJob) -> Vec<Needed> {
        self.needed(job)
            .map(|need| Needed {
                job: need.name.clone(),
                result: self
                    .records
                    .get(&need.name)
                    .map(|(_, record)| word(record.conclusion)),
            })
            .collect()
    }

    fn needed_by(&self, job: &PlannedJob) -> Vec<String> {
        let own = self.jobs.iter().position(|other| other.name == job.name);
        self.jobs
            .iter()
            .filter(|other| own.is_some_and(|own| other.needs.contains(&own)))
            .map(|other| other.name.clone())
            .collect()
    }

    fn last(&self, run: u64, record: &JobRecord, last: Option<&LastRun>) -> Last {
        let worked = record.conclusion != Conclusion::Skipped;
        let last = last.filter(|_| worked);
        let reused = record.reused.as_ref();
        Last {
            run,
            result: word(record.conclusion),
            seconds_ago: last.map(|last| self.now - last.at),
            commit: last.map_or_else(String::new, |last| last.commit.clone()),
            duration_ms: last.and_then(|last| last.durations_ms.last().copied()),
            median_ms: last.map_or(0, LastRun::median_ms),
            reused_from: reused.and_then(|_| worked_in(run, record, &self.starts)),
            reused_at: reused.map(|reused| reused.at),
        }
    }

    fn next(&self, key: Option<Key>, last: Option<&LastRun>) -> anyhow::Result<Next> {
        let is_prepared = key.is_some();
        // Without a key, which some environments have only once they are made, files are compared.
        let key = key.unwrap_or_default();
        let since =
            |before: &Dependencies| compare(before, &key, self.ledger.tree, &self.ledger.history);
        if is_prepared && self.ledger.find(&key)?.is_some() {
            return Ok(Next::Reused);
        }
        let Some(changed) = self.dependencies(last)?.as_ref().map(since) else {
            return Ok(Next::Unknown);
        };
        if !is_prepared && changed.is_empty() {
            return Ok(Next::Unprepared);
        }
        let pass = last.and_then(LastRun::last_pass);
        let before = self.dependencies(pass)?;
        Ok(match pass.zip(before.as_ref()) {
            Some((pass, before)) => Next::RunsAgainSincePass {
                changed: since(before),
                at: pass.at,
                commit: pass.commit.clone(),
            },
            None => Next::RunsAgain { changed },
        })
    }
}

/// Why the last run skipped it, though it applies.
fn skipped_in_run(record: Option<&(u64, JobRecord)>) -> Option<String> {
    let (_, record) = record?;
    (record.conclusion == Conclusion::Skipped).then(|| record.reason.clone())
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
