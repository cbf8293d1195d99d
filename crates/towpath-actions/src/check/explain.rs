//! What `towpath explain` tells of a job without running it.

use towpath_runner::{NeededResult, StepInputs};
use towpath_standard::{Applies, ProjectInstall, ToolWork, Work};

use super::{CheckAction, Subject, Variables};

/// What is known of a job before it runs.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Why it is in the pipeline: what its check does.
    pub reason: String,
    /// Why it does not apply; `None` where it does.
    pub skipped: Option<String>,
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
    /// Returns what is known of a job before it runs, given what became of the jobs that it needs.
    pub fn explain(&self, inputs: &StepInputs, needs: &[NeededResult]) -> Explanation {
        let subject = match Subject::of(self.session, inputs) {
            Ok(subject) => subject,
            Err(problem) => {
                return Explanation {
                    skipped: Some(problem.message),
                    ..Explanation::default()
                };
            }
        };
        let about = Explanation {
            reason: format!("it {}", subject.check.about()),
            ..Explanation::default()
        };
        match subject.work(needs) {
            Applies::Skip(reason) => Explanation {
                skipped: Some(reason),
                ..about
            },
            Applies::Work(work) => match *work {
                Work::Native(_) => about,
                Work::Tool(work) => Explanation {
                    installs: installs(&subject, &work),
                    commands: work
                        .commands
                        .iter()
                        .map(|command| command.arguments.join(" "))
                        .collect(),
                    python: match self.session.interpreter(&work.environment) {
                        Ok(found) => format!("{} ({})", found.version, found.origin),
                        Err(problem) => problem.message,
                    },
                    ..about
                },
            },
        }
    }
}

fn installs(subject: &Subject<'_>, work: &ToolWork) -> Vec<String> {
    let need = &work.environment;
    let files = need.requirement_files.iter();
    let mut installs = need.requirements.clone();
    installs.extend(files.map(|path| format!("-r {path}")));
    if let Some((groups, extras)) = &need.locked {
        installs.extend(groups.iter().map(|group| format!("group {group}")));
        installs.extend(extras.iter().map(|extra| format!("extra {extra}")));
    }
    let project = subject.facts.project.display_name();
    match &need.project {
        ProjectInstall::Editable => installs.push(format!("{project} for editing")),
        ProjectInstall::Wheel(wheel) => installs.push(wheel.name.clone()),
        ProjectInstall::No => {}
    }
    installs
}
