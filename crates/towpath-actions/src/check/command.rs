//! One command of a job: what is started, how its end is understood, and what its reader makes of it.

use std::io;
use std::path::Path;

use towpath_host::sandbox::{CommandEnd, CommandOutcome, CommandSpec, Supervisor};
use towpath_report::Problem;
use towpath_runner::JobContext;
use towpath_standard::{Command, Output, Partial};

use super::Variables;
use super::executed::Executed;
use super::explain::job_variables;
use super::folders::{Folders, GIT_SETTINGS};
use super::log::{Events, Log, Tail};
use super::placeholders::Placeholders;
use super::session::problem;
use super::view::View;

/// How much a tool may write to standard output for its reader, in bytes.
const LARGEST_OUTPUT: u64 = 512 * 1024 * 1024;

/// One command on its way through the sandbox.
pub(super) struct Run<'a> {
    pub(super) root: &'a Path,
    pub(super) folders: &'a Folders,
    pub(super) view: &'a View,
    pub(super) context: &'a JobContext<'a>,
    /// The user's variables, where the network is open.
    pub(super) online: Option<&'a Variables>,
}

/// Variables of the user by which programs reach the network: proxies, and certificates of their own.
const NETWORK_VARIABLES: [&str; 8] = [
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

impl Run<'_> {
    /// Runs a command, on files where it takes some, and reads what it wrote; returns whether the next one
    /// may follow.
    pub(super) fn command(
        &self,
        index: usize,
        command: &Command,
        files: &[String],
        supervisor: &mut Supervisor,
        log: &mut Log,
        executed: &mut Executed,
    ) -> Result<bool, Vec<Problem>> {
        let spec = self.specification(index, command, files);
        self.context.progress.doing(&command.tool);
        executed.commands.push(spec.arguments.clone());
        log.line(format!("$ {}", spec.arguments.join(" ")).as_bytes());
        let mut errors = Tail::default();
        let mut events = Events::of(self.folders.out.join("events.jsonl"));
        let outcome = supervisor
            .run(&spec, self.context.cancel, &mut |line| {
                let line = self.view.told(line);
                errors.push(&line);
                log.line(&line);
                let text = String::from_utf8_lossy(&line);
                match events.newest() {
                    Some(progress) => self.context.progress.doing(&progress),
                    None => self.context.progress.output(text.trim_end()),
                }
            })
            .map_err(|error| vec![problem(&error, error.hints())])?;
        executed.cpu_ms += outcome.cpu_ms;
        if outcome.left_behind > 0 {
            executed.notes.push(format!(
                "{} left {} processes, which were ended",
                command.tool, outcome.left_behind
            ));
        }
        if let CommandEnd::Signalled(signal) = outcome.end {
            executed.fleeting = Some(format!("signal {signal} ended {}", command.tool));
        }
        match self.read(command, &spec, &outcome, &errors.text()) {
            Read::Found(partial) => executed.found.push(*partial),
            Read::Failed(problem) => executed.errors.push(problem),
            Read::Cancelled => executed.cancelled = true,
        }
        Ok(!executed.cancelled)
    }

    fn specification(&self, index: usize, command: &Command, files: &[String]) -> CommandSpec {
        let root = &self.view.root;
        let placeholders = Placeholders {
            python: &self.view.python,
            bin: &self.view.bin,
            tree: root,
            out: &self.folders.out,
            cache: &self.folders.cache,
        };
        let mut arguments: Vec<String> = command
            .arguments
            .iter()
            .map(|text| placeholders.fill(text))
            .collect();
        arguments.extend(files.iter().cloned());
        let mut variables = self.variables();
        variables.extend(
            command
                .environment
                .iter()
                .map(|(name, value)| (name.clone(), placeholders.fill(value))),
        );
        CommandSpec {
            arguments,
            environment: variables,
            folder: if command.folder.is_empty() {
                root.clone()
            } else {
                root.join(&command.folder)
            },
            stdout_file: command.reads_stdout.then(|| {
                self.folders
                    .scratch
                    .path()
                    .join(format!("sandbox/stdout-{index}"))
            }),
            timeout: None,
        }
    }

    /// The environment of a command is built, not inherited.
    fn variables(&self) -> Variables {
        let mut variables = job_variables();
        let View {
            bin, environment, ..
        } = self.view;
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
        variables.insert("PATH".to_owned(), path);
        let folder = environment.to_string_lossy().into_owned();
        variables.insert("VIRTUAL_ENV".to_owned(), folder);
        let settings = self.folders.out.join(GIT_SETTINGS.0);
        let settings = settings.to_string_lossy().into_owned();
        variables.insert("GIT_CONFIG_SYSTEM".to_owned(), settings);
        let given = self.online.into_iter().flatten();
        let reaches = |name: &str| NETWORK_VARIABLES.contains(&name.to_ascii_uppercase().as_str());
        variables.extend(
            given
                .filter(|(name, _)| reaches(name))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        variables
    }

    fn read(
        &self,
        command: &Command,
        spec: &CommandSpec,
        outcome: &CommandOutcome,
        errors: &str,
    ) -> Read {
        let exit = match &outcome.end {
            CommandEnd::Exited(code) => *code,
            CommandEnd::Signalled(signal) => 128 + signal,
            CommandEnd::Cancelled => return Read::Cancelled,
            CommandEnd::TimedOut => {
                return Read::Failed(Problem::error(format!(
                    "{} was ended, since it took too long",
                    command.tool
                )));
            }
            CommandEnd::NotStarted(why) => {
                return Read::Failed(
                    Problem::error(format!("{} could not be started: {why}", command.tool))
                        .with_hint("`towpath cache clean` removes environments that may be broken"),
                );
            }
        };
        let stdout = match spec.stdout_file.as_deref().map(read_output) {
            None => Vec::new(),
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => {
                let text = format!("the output of {} cannot be read: {error}", command.tool);
                return Read::Failed(Problem::error(text).with_hint("let the tool write less"));
            }
        };
        let stdout = self.view.told(&stdout);
        let file = |name: &str| {
            let bytes = fs_err::read(self.folders.out.join(name)).ok()?;
            Some(self.view.told(&bytes).into_owned())
        };
        let output = Output {
            exit,
            stdout: &stdout,
            stderr: errors,
            root: &self.root.to_string_lossy(),
            folder: &command.folder,
            hint: &command.hint,
            file: &file,
        };
        match (command.read)(&output) {
            Ok(partial) => Read::Found(Box::new(partial)),
            Err(why) => Read::Failed(Problem::error(format!(
                "{} did not do its work: {why}",
                command.tool
            ))),
        }
    }
}

/// Reads what a tool wrote to standard output; an absent file is empty.
fn read_output(file: &Path) -> io::Result<Vec<u8>> {
    match fs_err::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(data) if data.len() > LARGEST_OUTPUT => Err(io::Error::other(format!(
            "it is larger than {} MiB",
            LARGEST_OUTPUT / 1_048_576
        ))),
        Ok(_) => fs_err::read(file),
    }
}

enum Read {
    Found(Box<Partial>),
    Failed(Problem),
    Cancelled,
}
