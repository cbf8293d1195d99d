//! A step that runs a script, and what every process of a step has in common: its files, its output, the
//! commands in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use towpath_host::disk::read_regular;
use towpath_host::process::{CommandEnd, LONGEST_LINE, StepCommand, is_executable};
use towpath_host::secret::Secret;
use towpath_report::text::cut;
use towpath_report::{Place, Problem, Severity};
use towpath_workflow::syntax::Text;

use super::RunningJob;
use super::advice;
use super::container::Program;
use super::files::Written;
use super::level::Level;
use super::script_file;
use super::step::{Done, ReadyStep};
use crate::commands::{Annotation, Command, Listener, ListenerSettings, MatcherError};
use crate::shell;

/// As many problems with the commands of a step are kept.
const MOST_PROBLEMS: usize = 10;
/// As many bytes may the commands of a step give: outputs, variables and state.
const MOST_GIVEN: usize = 16 << 20;
/// As much of an annotation is kept as GitHub keeps, in bytes; the log holds the rest.
const LONGEST_MESSAGE: usize = 4096;
/// The longest file of problem matchers, in bytes.
const LONGEST_MATCHERS: u64 = 1 << 20;

impl RunningJob<'_> {
    /// Runs the script of a step.
    pub(super) fn script(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        script: &Text,
        own_shell: Option<&Text>,
        own_folder: Option<&Text>,
    ) -> Done {
        let prepared = self.prepare_script(level, ready, script, own_shell, own_folder);
        let (arguments, folder, file) = match prepared {
            Ok(prepared) => prepared,
            Err(problem) => return Done::failed(problem),
        };
        let program = Program::Command { arguments, folder };
        let done = self.process(level, ready, &ready.environment, program);
        // The script is read line by line, so it stays until the end.
        script_file::put_away(&file, &self.files.spare_script());
        done
    }

    fn prepare_script(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        script: &Text,
        own_shell: Option<&Text>,
        own_folder: Option<&Text>,
    ) -> Result<(Vec<String>, PathBuf, PathBuf), Problem> {
        let (script, shell, folder) =
            self.evaluate_script(level, ready, script, own_shell, own_folder)?;
        // A container may have folders of its own.
        let is_known = !self.is_in_container() || folder.starts_with(self.places.root());
        if is_known && !folder.is_dir() {
            return Err(Problem::error(format!(
                "the working directory `{}` does not exist",
                folder.display()
            ))
            .with_hint(
                "check the repository out first (`uses: actions/checkout@v4`), or make the folder",
            ));
        }
        let shell = shell.as_deref();
        let name = format!("step_{}{}", self.files.next_name(), shell::extension(shell));
        let file = self.places.temp.join(name);
        let bash = match shell {
            None | Some("") if !self.is_in_container() => {
                self.find_program(level, &ready.environment, "bash")
            }
            _ => None,
        };
        let command = shell::command_line(shell, &file, bash.as_deref())?;
        let text = shell::prepare(shell, &script);
        script_file::write(&self.files.spare_script(), &file, &text).map_err(|error| {
            Problem::error(format!("cannot write the script of the step: {error}"))
                .with_hint("free space on the disk")
        })?;
        self.sink.note(&indented(&script));
        self.sink.begin();
        Ok((command, folder, file))
    }

    /// Returns the text of a script, its shell and its folder.
    fn evaluate_script(
        &self,
        level: &Level,
        ready: &ReadyStep<'_>,
        script: &Text,
        own_shell: Option<&Text>,
        own_folder: Option<&Text>,
    ) -> Result<(String, Option<String>, PathBuf), Problem> {
        let values = self.values(level, &ready.environment, ready.id());
        let script = values.text(script)?;
        let evaluated = |text: Option<&Text>| text.map(|text| values.text(text)).transpose();
        let (mut shell, mut folder) = (evaluated(own_shell)?, evaluated(own_folder)?);
        if level.action.is_none() {
            for defaults in [
                &self.work.defaults,
                &self.assignment.frame.workflow.defaults,
            ] {
                shell = shell
                    .map_or_else(|| evaluated(defaults.shell.as_ref()), |own| Ok(Some(own)))?;
                folder = folder.map_or_else(
                    || evaluated(defaults.working_directory.as_ref()),
                    |own| Ok(Some(own)),
                )?;
            }
        }
        let folder = self.places.workspace.join(folder.unwrap_or_default());
        Ok((script, shell, folder))
    }

    /// Runs a process of a step and takes in what it says and writes.
    pub(super) fn process(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        own: &BTreeMap<String, String>,
        program: Program,
    ) -> Done {
        if let Err(problem) = self.files.renew() {
            return Done::failed(problem);
        }
        let environment = self.process_environment(level, own, ready.id());
        let mut heard = Heard {
            listener: self.listener(&environment),
            written: Written::default(),
            problems: Vec::new(),
            given: 0,
            long_line: None,
        };
        let command = self.command_of(program, environment, ready.left());
        let keeper = self.machine.keeper;
        let end = keeper.run(&command, &ready.cancel, &mut |bytes| {
            self.hear(&mut heard, bytes);
        });
        self.sink.flush();
        let mut done = Done::default();
        match end {
            Ok(end) => {
                self.cpu_ms += end.cpu_ms;
                done.cancelled = end.end == CommandEnd::Cancelled;
                done.failure = Self::failure_of(&end.end, ready, &command)
                    .map(|problem| self.with_advice(&end.end, problem));
                if done.failure.is_some() {
                    self.failed_command(&command);
                }
            }
            Err(error) => done.failure = Some(Problem::error(error.to_string())),
        }
        self.commands.push(command.arguments);
        let Heard {
            listener,
            written,
            problems,
            ..
        } = heard;
        self.matchers = listener.into_matchers();
        self.take_in(self.files.take(), written, problems, &mut done);
        done
    }

    /// Adds what may have been forgotten.
    fn with_advice(&self, end: &CommandEnd, problem: Problem) -> Problem {
        let is_empty = || {
            let entries = fs::read_dir(&self.places.workspace);
            entries.is_ok_and(|mut entries| entries.next().is_none())
        };
        match advice::on_failure(end, &self.sink.tail(), is_empty) {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    }

    fn failure_of(
        end: &CommandEnd,
        ready: &ReadyStep<'_>,
        command: &StepCommand,
    ) -> Option<Problem> {
        let name = &ready.name;
        let message = match end {
            CommandEnd::Exited(0) => return None,
            CommandEnd::Exited(code) => format!("step `{name}` ended with exit code {code}"),
            CommandEnd::Signalled(signal) => format!("step `{name}` was ended by signal {signal}"),
            CommandEnd::TimedOut => took_too_long(name),
            CommandEnd::Cancelled => format!("step `{name}` was asked to end"),
            CommandEnd::NotStarted(reason) => {
                let program = command.arguments.first().map_or("", String::as_str);
                format!("step `{name}` could not start `{program}`: {reason}")
            }
        };
        Some(Problem::error(message))
    }

    /// Takes in whole lines of output, and long ones in pieces; commands among them are not shown.
    fn hear(&mut self, heard: &mut Heard, bytes: &[u8]) {
        if let Some(is_shown) = heard.long_line {
            if is_shown {
                self.sink.take(bytes);
            }
            if bytes.ends_with(b"\n") {
                heard.long_line = None;
            }
        } else if bytes.len() == LONGEST_LINE && !bytes.ends_with(b"\n") {
            let said = heard.listener.long_line(&String::from_utf8_lossy(bytes));
            said.problems.into_iter().for_each(|one| heard.tell(one));
            if said.show.is_some() {
                self.sink.take(bytes);
            }
            heard.long_line = Some(said.show.is_some());
        } else if self.has_matchers || may_hold_command(bytes) {
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                self.hear_line(heard, line);
            }
        } else {
            self.sink.take(bytes);
        }
    }

    fn hear_line(&mut self, heard: &mut Heard, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\n', '\r']);
        let said = heard.listener.line(text);
        for problem in said.problems {
            heard.tell(problem);
        }
        for command in said.commands {
            self.obey(heard, command);
        }
        match said.show {
            Some(shown) if shown == text => self.sink.take(line),
            Some(shown) => self.sink.note(&shown),
            None => {}
        }
    }

    fn obey(&mut self, heard: &mut Heard, command: Command) {
        if !heard.has_room(&command) {
            return;
        }
        match command {
            Command::SetOutput { name, value } => heard.written.outputs.push((name, value)),
            Command::SaveState { name, value } => heard.written.state.push((name, value)),
            Command::SetEnv { name, value } => heard.written.environment.push((name, value)),
            Command::AddPath(path) => heard.written.paths.push(path),
            Command::AddMask(value) => self.sink.hide(Secret::new(value)),
            Command::Annotation(annotation) => self.annotate(&annotation),
            Command::AddMatcher(file) => {
                self.has_matchers = true;
                self.read_matchers(&file, |text| heard.listener.matchers().add(text));
            }
            Command::RemoveMatchersOf(file) => {
                self.read_matchers(&file, |text| heard.listener.matchers().remove_all_of(text));
            }
            Command::RemoveMatcher(owner) => heard.listener.matchers().remove(&owner),
            // Shown as they are, or of use to a debugger only.
            Command::Debug(_) | Command::Group(_) | Command::EndGroup => {}
        }
    }

    fn read_matchers(&mut self, file: &str, read: impl FnOnce(&str) -> Result<(), MatcherError>) {
        let file = self.places.workspace.join(file);
        let done = read_regular(&file, LONGEST_MATCHERS)
            .map_err(|error| error.to_string())
            .and_then(|text| {
                read(&String::from_utf8_lossy(&text)).map_err(|error| error.to_string())
            });
        if let Err(error) = done {
            let note = format!("problem matcher `{}`: {error}", file.display());
            if !self.notes.contains(&note) && self.notes.len() < MOST_PROBLEMS {
                self.notes.push(note);
            }
        }
    }

    fn listener(&mut self, environment: &BTreeMap<String, String>) -> Listener {
        let is_on = |name: &str| {
            environment
                .get(name)
                .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        let settings = ListenerSettings {
            workspace: self.places.workspace.to_string_lossy().into_owned(),
            allows_unsecure_commands: is_on("ACTIONS_ALLOW_UNSECURE_COMMANDS"),
            allows_unsecure_stop_tokens: is_on("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS"),
            is_debugging: environment
                .get("RUNNER_DEBUG")
                .is_some_and(|value| value == "1"),
        };
        Listener::new(settings, std::mem::take(&mut self.matchers))
    }

    /// Keeps an annotation as one of the findings of the job.
    pub(super) fn annotate(&mut self, annotation: &Annotation) {
        let place = annotation.file.as_ref().map(|file| {
            let line = annotation.line.unwrap_or_default();
            let column = annotation.column.unwrap_or_default();
            let mut place = Place::at(file.trim_start_matches("./"), line, column);
            place.end_line = annotation.end_line.unwrap_or(line);
            place.end_column = annotation.end_column.unwrap_or_default();
            place
        });
        let mut message = annotation.message.clone();
        if let Some(title) = &annotation.title {
            message = format!("{title}: {message}");
        }
        let message = cut(&self.sink.masked(&message), LONGEST_MESSAGE).into_owned();
        let mut finding = super::finding(message, place, annotation.level);
        "annotation".clone_into(&mut finding.tool);
        self.findings.push(finding);
    }

    /// Takes over what a step wrote and said. What it says by a command comes before what it writes.
    fn take_in(
        &mut self,
        written: Written,
        said: Written,
        problems: Vec<Problem>,
        done: &mut Done,
    ) {
        self.set_for_later(said.environment, said.paths);
        self.set_for_later(written.environment, written.paths);
        done.outputs
            .extend(said.outputs.into_iter().chain(written.outputs));
        done.state
            .extend(said.state.into_iter().chain(written.state));
        if !written.summary.is_empty()
            && let Err(error) = self.sink.summarize(&written.summary)
        {
            self.notes
                .push(format!("the summary could not be kept: {error}"));
        }
        for problem in problems.into_iter().chain(written.problems) {
            if problem.severity == Severity::Error {
                done.failure.get_or_insert(problem);
            } else {
                self.notes.push(self.sink.masked(&problem.message));
            }
        }
        for warning in written.warnings {
            self.annotate(&Annotation::new(Severity::Error, warning.message));
        }
    }

    /// Looks for a program on the `PATH` of a step.
    fn find_program(
        &self,
        level: &Level,
        own: &BTreeMap<String, String>,
        program: &str,
    ) -> Option<PathBuf> {
        let variables = self.step_variables(level, own);
        let before = variables
            .get("PATH")
            .or_else(|| self.machine.environment.get("PATH"));
        let before = before.map(|path| path.split(':')).into_iter().flatten();
        let folders = self.paths.iter().map(String::as_str).chain(before);
        let mut files = folders.map(|folder| Path::new(folder).join(program));
        files.find(|file| file.is_absolute() && is_executable(file))
    }

    fn failed_command(&mut self, command: &StepCommand) {
        let Some(look) = self.machine.after_failure else {
            return;
        };
        if self.cancel.is_cancelled() {
            return;
        }
        match &mut self.deferred {
            // A person looks at one at a time.
            Some(deferred) => deferred.failed.push(command.clone()),
            None => look(command),
        }
    }
}

/// What was heard of a process so far.
struct Heard {
    listener: Listener,
    written: Written,
    problems: Vec<Problem>,
    /// How many bytes its commands gave.
    given: usize,
    /// Within a line that comes in pieces: whether it is shown.
    long_line: Option<bool>,
}

impl Heard {
    /// Keeps a problem: of the errors the first, which fails the step, and a few warnings.
    fn tell(&mut self, problem: Problem) {
        let is_error = |one: &Problem| one.severity == Severity::Error;
        let is_kept = if is_error(&problem) {
            !self.problems.iter().any(is_error)
        } else {
            self.problems.len() < MOST_PROBLEMS
        };
        if is_kept {
            self.problems.push(problem);
        }
    }

    /// Tells whether what a command gives can be kept beside what came before.
    fn has_room(&mut self, command: &Command) -> bool {
        let size = match command {
            Command::SetOutput { name, value }
            | Command::SaveState { name, value }
            | Command::SetEnv { name, value } => name.len() + value.len(),
            Command::AddPath(path) => path.len(),
            _ => 0,
        };
        self.given += size;
        if size > 0 && self.given > MOST_GIVEN {
            let message = format!("the commands of the step give more than {MOST_GIVEN} bytes");
            let hint = "write what is that long to a file, and upload it as an artifact";
            self.tell(Problem::error(message).with_hint(hint));
            return false;
        }
        true
    }
}

/// Tells whether a command may stand in output; most output has none and passes as it is.
fn may_hold_command(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"::" || pair == b"##")
}

fn indented(script: &str) -> String {
    let lines: Vec<String> = script
        .trim_end()
        .lines()
        .map(|line| format!("  {line}"))
        .collect();
    lines.join("\n")
}

/// Returns what is said of a step whose time is over.
pub(super) fn took_too_long(step: &str) -> String {
    format!("step `{step}` took longer than it may")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Matchers;

    #[test]
    fn what_commands_say_is_bounded() {
        let mut heard = Heard {
            listener: Listener::new(ListenerSettings::default(), Matchers::default()),
            written: Written::default(),
            problems: Vec::new(),
            given: 0,
            long_line: None,
        };
        for number in 0..100 {
            let mut warning = Problem::error(number.to_string());
            warning.severity = Severity::Warning;
            heard.tell(warning);
            heard.tell(Problem::error(format!("error {number}")));
        }
        assert!(heard.problems.len() <= MOST_PROBLEMS + 1);
        let errors = heard.problems.iter();
        let errors = errors.filter(|problem| problem.severity == Severity::Error);
        let errors: Vec<&str> = errors.map(|problem| &*problem.message).collect();
        assert_eq!(errors, ["error 0"]);
        let output = Command::SetOutput {
            name: "a".to_owned(),
            value: "x".repeat(MOST_GIVEN - 1),
        };
        assert!(heard.has_room(&output));
        assert!(!heard.has_room(&output));
        assert!(heard.has_room(&Command::EndGroup));
    }
}
