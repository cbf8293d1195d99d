//! Runs what an event starts, and what starts when that has ended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use towpath_host::{cache, clock};
use towpath_report::{Changes, RunRecord};
use towpath_runner::{Completed, Platforms};

use super::Asked;
use super::planned::Started;
use super::resume::{Attempt, Journal, resume};
use super::site::Site;
use super::start::Candidate;
use crate::arguments::GlobalArguments;
use crate::arguments::run::RunArguments;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::history::History;
use crate::process::Process;
use crate::run::{Watcher, finish, screen, surroundings, warn};
use crate::terminal::Surroundings;
use crate::{reports, repository};

/// Runs what starts, tells how it goes, and reports.
pub(super) fn execute(
    process: &Process,
    global: &GlobalArguments,
    run: &RunArguments,
    asked: &Asked,
    candidates: Vec<Candidate<'_>>,
    platforms: &Platforms,
) -> anyhow::Result<ExitCode> {
    let folders = process.folders()?;
    let _users = cache::in_use(&folders.cache)
        .map_err(|error| Failure::from_error(&error, error.hints()))?;
    let state = folders.repository(&asked.root);
    let history = History::of(&state);
    let mut attempt = Attempt::first(asked, run, &candidates, clock::now())?;
    let earlier = if run.manner.resume {
        resume(&mut attempt, &history, asked.git.is_some())?
    } else {
        BTreeMap::new()
    };
    let started = numbered(candidates, &mut attempt, &history)?;
    let number = match attempt.numbers.first() {
        Some(number) => *number,
        None => history.next()?,
    };
    let mut site = Site::prepare(process, run, asked, platforms, &state, &history, number)?;
    site.attempt = attempt.number;
    site.earlier = earlier;
    attempt.keep(&site.folder)?;
    site.tell_untold(&started);
    let mut record = site.record(&started);
    let surroundings = surroundings(process, global.color);
    let completed = watched(&site, started, &surroundings, &record)?;
    warn(&completed.warnings, &surroundings);
    finish(&mut record, completed, site.begun);
    let kept = history.keep(&record);
    let command = match &run.target {
        Some(target) => format!("towpath run {target}"),
        None => "towpath run".to_owned(),
    };
    let source = |path: &str| fs_err::read_to_string(asked.root.join(path)).ok();
    let scope = reports::Scope {
        folder: &asked.folder,
        root: &asked.root,
        state: &state,
        report: &run.report,
        command: &command,
        is_for_coverage: false,
        changes: Changes::default(),
        web_address: repository::web_address(asked.git.as_ref()),
        source: &source,
    };
    reports::write(process, &scope, &surroundings, &record)?;
    kept?;
    Ok(ExitCode::from(record.verdict))
}

/// Gives each workflow that starts the number of its run: that of the attempt that is resumed, else a new one.
fn numbered<'a>(
    candidates: Vec<Candidate<'a>>,
    attempt: &mut Attempt,
    history: &History,
) -> anyhow::Result<Vec<Started<'a>>> {
    let mut known = std::mem::take(&mut attempt.numbers).into_iter();
    let mut started = Vec::new();
    for candidate in candidates {
        if candidate.refused.is_some() {
            continue;
        }
        let number = match known.next() {
            Some(number) => number,
            None => history.next()?,
        };
        attempt.numbers.push(number);
        started.push(Started {
            file: candidate.file,
            event: candidate.event,
            number,
            depth: 0,
        });
    }
    Ok(started)
}

/// Runs what starts, while the terminal shows how it goes and the journal notes what has ended.
fn watched(
    site: &Site<'_>,
    started: Vec<Started<'_>>,
    surroundings: &Surroundings,
    record: &RunRecord,
) -> anyhow::Result<Completed> {
    // A shell cannot share the terminal with lines that move.
    let still = Surroundings {
        stderr: None,
        ..*surroundings
    };
    let shown = if site.run.manner.shell_on_failure {
        &still
    } else {
        surroundings
    };
    let mut watcher = Watcher {
        screen: screen(shown, &site.run.report, record),
    };
    let mut journal = Journal::open(&site.folder, &mut watcher)?;
    let is_over = AtomicBool::new(false);
    let mut completed = std::thread::scope(|scope| {
        scope.spawn(|| site.history.prune(site.number, &is_over));
        let completed = site.all(started, &mut journal);
        is_over.store(true, Ordering::Relaxed);
        completed
    })?;
    let unnoted = journal
        .failed
        .map(|error| format!("not every job was noted, so `--resume` runs more of them: {error}"));
    completed.warnings.extend(unnoted);
    Ok(completed)
}
