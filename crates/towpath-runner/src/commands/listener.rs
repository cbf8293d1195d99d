//! Listens to the output of a step, line by line: what is a command, what a problem matcher sees, and what is
//! to be shown.

use std::collections::BTreeMap;

use towpath_report::{Problem, Severity};

use super::annotation::Annotation;
use super::files::is_refused_variable;
use super::line::{self, Written};
use super::matchers::Matchers;

/// More annotations of one level are shown, but not kept.
const MOST_ANNOTATIONS: usize = 10;
/// A shorter token to resume commands stands in too many texts to be masked.
const LONGEST_OPEN_TOKEN: usize = 6;
const STOP: &str = "stop-commands";
const NAMES: [&str; 15] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    STOP,
    "warning",
];
/// Commands whose data is kept: a part of it would be wrong.
const GIVING: [&str; 6] = [
    "add-mask",
    "add-path",
    "save-state",
    "set-env",
    "set-output",
    STOP,
];
/// Their own line is never shown, whatever `echo` says.
const NEVER_ECHOED: [&str; 5] = ["add-mask", "debug", "error", "notice", "warning"];

/// What a step asks of its runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Set an output of the step.
    SetOutput {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Keep something for the step's post part.
    SaveState {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Set a variable for later steps.
    SetEnv {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Put a folder in front of `PATH` for later steps.
    AddPath(String),
    /// Show this value nowhere from now on.
    AddMask(String),
    /// Keep a message.
    Annotation(Annotation),
    /// A message for those who debug.
    Debug(String),
    /// Lines from here on belong together under this title.
    Group(String),
    /// The group ends.
    EndGroup,
    /// Take problem matchers from this file; a relative path starts at the workspace.
    AddMatcher(String),
    /// Take away the problem matchers of this owner.
    RemoveMatcher(String),
    /// Take away the problem matchers of the owners in this file.
    RemoveMatchersOf(String),
}

/// What one line of output means.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// What is to be shown, not masked yet; `None` for nothing.
    pub show: Option<String>,
    /// What is asked for.
    pub commands: Vec<Command>,
    /// What is wrong with a command. An error makes the step fail.
    pub problems: Vec<Problem>,
}

/// What a listener has to know of its step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenerSettings {
    /// The workspace, for paths in annotations.
    pub workspace: String,
    /// Whether `ACTIONS_ALLOW_UNSECURE_COMMANDS` is `true` in the step's environment.
    pub allows_unsecure_commands: bool,
    /// Whether `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` is.
    pub allows_unsecure_stop_tokens: bool,
    /// Whether messages for debugging are shown and commands echoed.
    pub is_debugging: bool,
}

/// Listens to one step.
#[derive(Debug)]
pub struct Listener {
    settings: ListenerSettings,
    matchers: Matchers,
    /// What resumes commands, in lower case, while they are stopped.
    stopped_until: Option<String>,
    is_echoing: bool,
    annotations: BTreeMap<Severity, usize>,
    /// Commands that were warned of.
    deprecated: Vec<String>,
}

impl Listener {
    /// Returns a listener for a step, with the problem matchers of its job.
    pub fn new(settings: ListenerSettings, mut matchers: Matchers) -> Self {
        matchers.reset();
        Self {
            is_echoing: settings.is_debugging,
            settings,
            matchers,
            stopped_until: None,
            annotations: BTreeMap::new(),
            deprecated: Vec::new(),
        }
    }

    /// Returns the problem matchers, for [`Command::AddMatcher`] and [`Command::RemoveMatcher`].
    pub fn matchers(&mut self) -> &mut Matchers {
        &mut self.matchers
    }

    /// Ends listening and returns the problem matchers for the next step.
    pub fn into_matchers(self) -> Matchers {
        self.matchers
    }

    /// Hears one line, without its end.
    pub fn line(&mut self, line: &str) -> Heard {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let token = self.stopped_until.as_deref();
        let is_known = |name: &str| NAMES.contains(&name) || token == Some(name);
        match line::read(line, &is_known) {
            Some(written) if token == Some(written.name.as_str()) => {
                self.stopped_until = None;
                Heard::shown(line)
            }
            Some(written) if token.is_none() => self.obey(line, written),
            _ => self.text(line),
        }
    }

    /// Hears the beginning of a line that is too long to be heard. What it would give is refused, since
    /// its end would be missing; other lines are shown.
    pub fn long_line(&mut self, beginning: &str) -> Heard {
        let is_giving = |name: &str| GIVING.contains(&name);
        let written = line::read(beginning, &is_giving).filter(|_| self.stopped_until.is_none());
        let Some(Written { name, .. }) = written else {
            return Heard::shown(beginning);
        };
        let message = format!("the command `{name}` is longer than 1 MiB");
        let hint = "write what is that long to a file, and upload it as an artifact";
        Heard {
            problems: vec![Problem::error(message).with_hint(hint)],
            ..Heard::default()
        }
    }

    /// Counts an annotation; returns it where it is to be kept.
    pub fn count(&mut self, annotation: Annotation) -> Option<Annotation> {
        let count = self.annotations.entry(annotation.level).or_default();
        *count += 1;
        (*count <= MOST_ANNOTATIONS).then_some(annotation)
    }

    fn text(&mut self, line: &str) -> Heard {
        let Some(annotation) = self.matchers.line(line) else {
            return Heard::shown(line);
        };
        let said = Annotation::new(annotation.level, super::matchers::without_colour(line));
        let mut heard = Heard::shown(&said.shown());
        let kept = self.count(annotation).map(Command::Annotation);
        heard.commands.extend(kept);
        heard
    }

    fn obey(&mut self, line: &str, written: Written) -> Heard {
        let is_echoed = self.is_echoing && !NEVER_ECHOED.contains(&written.name.as_str());
        let mut heard = Heard {
            show: is_echoed.then(|| line.to_owned()),
            ..Heard::default()
        };
        let name = written.name.clone();
        if let Err(problem) = self.carry_out(written, line, &mut heard) {
            let shown = if NEVER_ECHOED.contains(&name.as_str()) {
                &name
            } else {
                line
            };
            let message = format!("the command `{}` failed: {problem}", shown.trim());
            heard.problems.push(problem.told(message));
        }
        heard
    }

    fn carry_out(
        &mut self,
        written: Written,
        line: &str,
        heard: &mut Heard,
    ) -> Result<(), Failure> {
        let Written {
            name,
            properties,
            data,
        } = written;
        match name.as_str() {
            "error" => self.annotate(Severity::Error, &data, &properties, heard),
            "warning" => self.annotate(Severity::Warning, &data, &properties, heard),
            "notice" => self.annotate(Severity::Note, &data, &properties, heard),
            "debug" => {
                heard.show = self.settings.is_debugging.then(|| format!("Debug: {data}"));
                heard.commands.push(Command::Debug(data));
            }
            "group" => {
                heard.show = Some(data.clone());
                heard.commands.push(Command::Group(data));
            }
            "endgroup" => heard.commands.push(Command::EndGroup),
            "echo" => self.is_echoing = read_switch(&data)?,
            "add-mask" => self.add_mask(data, heard),
            "set-output" | "save-state" => {
                self.warn_of_old(&name, heard);
                let key = named(&properties)?;
                heard.commands.push(match name.as_str() {
                    "set-output" => Command::SetOutput {
                        name: key,
                        value: data,
                    },
                    _ => Command::SaveState {
                        name: key,
                        value: data,
                    },
                });
            }
            "set-env" => {
                self.allow_unsecure("GITHUB_ENV")?;
                let key = named(&properties)?;
                if is_refused_variable(&key) {
                    let refused = format!("`{key}` cannot be set by the command `set-env`");
                    self.annotate(Severity::Error, &refused, &BTreeMap::new(), heard);
                } else {
                    heard.commands.push(Command::SetEnv {
                        name: key,
                        value: data,
                    });
                }
            }
            "add-path" => {
                self.allow_unsecure("GITHUB_PATH")?;
                heard
                    .commands
                    .push(Command::AddPath(not_empty(data, "no folder is given")?));
            }
            "add-matcher" if data.is_empty() => heard.warn("`add-matcher` names no file"),
            "add-matcher" => heard.commands.push(Command::AddMatcher(data)),
            "remove-matcher" => remove_matcher(&properties, data, heard),
            _ => {
                let token = self.check_token(data)?;
                if token.len() > LONGEST_OPEN_TOKEN {
                    heard.commands.push(Command::AddMask(token.clone()));
                }
                heard.show = Some(line.to_owned());
                self.stopped_until = Some(token.to_lowercase());
            }
        }
        Ok(())
    }

    fn annotate(
        &mut self,
        level: Severity,
        message: &str,
        properties: &BTreeMap<String, String>,
        heard: &mut Heard,
    ) {
        let workspace = &self.settings.workspace;
        let annotation = Annotation::from_properties(level, message, properties, workspace);
        heard.show = Some(annotation.shown());
        let kept = self.count(annotation).map(Command::Annotation);
        heard.commands.extend(kept);
    }

    fn add_mask(&mut self, value: String, heard: &mut Heard) {
        if value.trim().is_empty() {
            heard.warn("`add-mask` has nothing to mask");
            return;
        }
        heard.show = self.is_echoing.then(|| "::add-mask::***".to_owned());
        heard.commands.push(Command::AddMask(value));
    }

    fn warn_of_old(&mut self, name: &str, heard: &mut Heard) {
        if self.deprecated.iter().any(|known| known == name) {
            return;
        }
        self.deprecated.push(name.to_owned());
        let file = if name == "set-output" {
            "GITHUB_OUTPUT"
        } else {
            "GITHUB_STATE"
        };
        let problem = Problem::error(format!("the command `{name}` is deprecated"))
            .as_warning()
            .with_hint(format!("write `NAME=VALUE` to the file `${file}`"));
        heard.problems.push(problem);
    }

    fn allow_unsecure(&self, file: &'static str) -> Result<(), Failure> {
        if self.settings.allows_unsecure_commands {
            return Ok(());
        }
        Err(Failure {
            reason: "it is switched off, since any program that prints could use it".to_owned(),
            hints: vec![
                format!("write to the file `${file}`"),
                "to allow it all the same, set `ACTIONS_ALLOW_UNSECURE_COMMANDS: true` in `env`"
                    .to_owned(),
            ],
        })
    }

    fn check_token(&self, token: String) -> Result<String, Failure> {
        let is_weak = token.is_empty()
            || token.eq_ignore_ascii_case("pause-logging")
            || NAMES.contains(&token.to_lowercase().as_str());
        if !is_weak || (self.settings.allows_unsecure_stop_tokens && !token.is_empty()) {
            return Ok(token);
        }
        Err(Failure {
            reason: "its token is empty or a command itself".to_owned(),
            hints: vec!["use a random token of one word".to_owned()],
        })
    }
}

impl Heard {
    fn shown(line: &str) -> Self {
        Self {
            show: Some(line.to_owned()),
            ..Self::default()
        }
    }

    fn warn(&mut self, message: &str) {
        self.problems.push(Problem::error(message).as_warning());
    }
}

/// Why a command was not carried out.
struct Failure {
    reason: String,
    hints: Vec<String>,
}

impl Failure {
    fn new(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            hints: Vec::new(),
        }
    }

    fn told(self, message: String) -> Problem {
        self.hints
            .into_iter()
            .fold(Problem::error(message), Problem::with_hint)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.reason)
    }
}

fn named(properties: &BTreeMap<String, String>) -> Result<String, Failure> {
    let name = properties.get("name").cloned().unwrap_or_default();
    not_empty(name, "the property `name` is missing")
}

fn not_empty(text: String, reason: &str) -> Result<String, Failure> {
    if text.is_empty() {
        Err(Failure::new(reason))
    } else {
        Ok(text)
    }
}

fn read_switch(text: &str) -> Result<bool, Failure> {
    match text.trim().to_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Failure::new("it takes `on` or `off`")),
    }
}

fn remove_matcher(properties: &BTreeMap<String, String>, file: String, heard: &mut Heard) {
    let owner = properties.get("owner").filter(|owner| !owner.is_empty());
    match (owner, file.is_empty()) {
        (Some(owner), true) => heard.commands.push(Command::RemoveMatcher(owner.clone())),
        (None, false) => heard.commands.push(Command::RemoveMatchersOf(file)),
        _ => heard.warn("`remove-matcher` takes either an owner or a file"),
    }
}

#[cfg(test)]
mod tests;
