//! What `towpath explain` tells of a job without running it.

use towpath_runner::StepInputs;
use towpath_standard::{Applies, ProjectInstall, Work};

use super::{CheckAction, Subject, Variables};

/// What is known of a job before it runs.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Why it runs, or why it is skipped.
    pub reason: String,
    /// What is installed for it.
    pub installs: Vec<String>,
    /// Its commands, with names in braces for what only a run knows.
    pub commands: Vec<String>,
    /// Its Python.
    pub python: String,
}

/// Returns the variables that every job gets; a check may add some.
pub fn job_variables() -> Variables {
    [
        ("CI", "true"),
        ("HOME", "/home/towpath"),
        ("LANG", "C.UTF-8"),
        ("LOGNAME", "towpath"),
        ("TMPDIR", "/tmp"),
        ("USER", "towpath"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

impl CheckAction<'_> {
    /// Returns what is known of a job before it runs.
    pub fn explain(&self, inputs: &StepInputs) -> Explanation {
        let subject = match Subject::of(self.session, inputs) {
            Ok(subject) => subject,
            Err(problem) => {
                return Explanation {
                    reason: problem.message,
                    ..Explanation::default()
                };
            }
        };
        let about = subject.check.about().to_owned();
        match subject.work(&[]) {
            Applies::Skip(reason) => Explanation {
                reason: format!("skipped: {reason}"),
                ..Explanation::default()
            },
            Applies::Work(work) => match *work {
                Work::Native(_) => Explanation {
                    reason: format!("it {about}"),
                    ..Explanation::default()
                },
                Work::Tool(work) => {
                    let need = &work.environment;
                    let mut installs = need.requirements.clone();
                    installs.extend(
                        need.requirement_files
                            .iter()
                            .map(|path| format!("-r {path}")),
                    );
                    if let Some((groups, extras)) = &need.locked {
                        installs.extend(groups.iter().map(|group| format!("group {group}")));
                        installs.extend(extras.iter().map(|extra| format!("extra {extra}")));
                    }
                    if need.project == ProjectInstall::Editable {
                        installs.push(format!(
                            "{} for editing",
                            subject.facts.project.display_name()
                        ));
                    }
                    let interpreter = self.session.interpreter(need);
                    Explanation {
                        reason: format!("it {about}"),
                        installs,
                        commands: work
                            .commands
                            .iter()
                            .map(|command| command.arguments.join(" "))
                            .collect(),
                        python: interpreter.map_or_else(
                            |problem| problem.message,
                            |interpreter| {
                                format!("{} ({})", interpreter.version, interpreter.origin)
                            },
                        ),
                    }
                }
            },
        }
    }
}
