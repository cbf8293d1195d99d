//! Runs a check's commands in the sandbox and reads what they wrote.

use std::path::Path;

use towpath_host::disk;
use towpath_host::sandbox::Supervisor;
use towpath_report::Problem;
use towpath_runner::JobContext;
use towpath_standard::{Network, ToolWork};

use super::Subject;
use super::command::Run;
use super::executed::Executed;
use super::log::Log;
use super::scan::ScanPlan;
use super::session::{Session, problem};

/// How often the commands run before they have all that they ask for.
const ROUNDS: usize = 4;

/// How commands are run, beside what the check says.
pub(crate) struct Options<'a> {
    /// Files that are still to be scanned.
    pub(crate) scan: Option<&'a ScanPlan>,
    /// Whether the network is open whatever the work says.
    pub(crate) online: bool,
    /// Where files that the commands left in the tree are kept.
    pub(crate) keep_tree: Option<&'a Path>,
}

impl Session<'_> {
    /// Prepares the environment, runs the commands and reads what they wrote; once more where they
    /// ask for requirements.
    pub(crate) fn execute(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        options: &Options<'_>,
        context: &JobContext<'_>,
    ) -> Result<Executed, Vec<Problem>> {
        let mut completed = self.completed(work);
        for _ in 0..ROUNDS {
            let executed = self.execute_once(subject, &completed, options, context)?;
            let asked = executed.found.iter().flat_map(|partial| &partial.requires);
            let asked: Vec<String> = asked.cloned().collect();
            if asked.is_empty() {
                return Ok(executed);
            }
            self.give(work, completed.to_mut(), asked);
        }
        let requirements = completed.environment.requirements.join("`, `");
        let (asks, hint) = if work.builds {
            (
                "the build backend asks",
                "its hooks `get_requires_for_build_*` must come to an end",
            )
        } else {
            (
                "the commands ask",
                "declare what they need among the project's dependencies for development",
            )
        };
        let text = format!("{asks} for ever more requirements: `{requirements}`");
        Err(vec![Problem::error(text).with_hint(hint)])
    }

    fn execute_once(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        options: &Options<'_>,
        context: &JobContext<'_>,
    ) -> Result<Executed, Vec<Problem>> {
        let alone = |error: Problem| vec![error];
        let prepared = &self.prepare(subject, &work.environment, context)?;
        let folders = self.folders(work, prepared, context).map_err(alone)?;
        let network = options.online || work.network == Network::Open;
        let view = self
            .view(subject, work, prepared, folders.scratch.path())
            .map_err(alone)?;
        let sandbox = self
            .sandbox(subject, work, prepared, &folders, &view, network)
            .map_err(alone)?;
        let mut supervisor = Supervisor::start(&self.program, &sandbox)
            .map_err(|error| vec![problem(&error, error.hints())])?;
        let mut executed = Executed::default();
        let mut log = Log::open(&context.folder.join("log.txt"));
        let run = Run {
            root: self.root(),
            folders: &folders,
            view: &view,
            context,
            online: network.then_some(self.machine.environment),
        };
        let portions = options
            .scan
            .map_or_else(|| vec![Vec::new()], ScanPlan::portions);
        let commands = work
            .commands
            .iter()
            .flat_map(|command| portions.iter().map(move |files| (command, files)));
        for (index, (command, files)) in commands.enumerate() {
            if !run.command(
                index,
                command,
                files,
                &mut supervisor,
                &mut log,
                &mut executed,
            )? {
                break;
            }
        }
        let observation = supervisor
            .finish()
            .map_err(|error| vec![problem(&error, error.hints())])?;
        executed.network_tried = observation.network_tried;
        self.gather(work, prepared, &folders, &mut executed);
        if let Some(kept) = options.keep_tree {
            self.keep_tree(&view, &folders, kept).map_err(alone)?;
        }
        if disk::is_full(folders.scratch.path()) || disk::is_full(&folders.out) {
            executed.fleeting = Some("the disk is full".to_owned());
        }
        if let Some(why) = &executed.fleeting {
            let note = format!("{why}, so the verdict is not kept");
            executed.notes.push(note);
        }
        let is_complete = !executed.cancelled
            && executed.errors.is_empty()
            && executed.fleeting.is_none()
            && self.keeps_results();
        if is_complete {
            executed.opened = observation.complete.then(|| self.opened(&observation));
            let key = self.tool_key(subject, work, &prepared.resolved);
            executed.dependencies = Some(self.dependencies(work, key, Some(&observation)));
        }
        Ok(executed)
    }
}
