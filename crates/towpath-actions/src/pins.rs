//! Built-in actions pinned by a commit, whose version the comment behind them tells. Where none does, the newest
//! version stands for the commit, and that is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_runner::{Action, Examined, JobContext, NeededResult, Outcome, StepInputs};

use crate::registry::BUILT_IN;
use crate::versions::{is_commit, version_comment};

/// The versions that comments tell, by `NAME@COMMIT`.
#[derive(Debug, Clone, Default)]
pub struct Pins(BTreeMap<String, String>);

impl Pins {
    /// Reads the comments of a workflow's or an action's text.
    pub fn read(&mut self, text: &str) {
        for line in text.lines() {
            let Some(version) = version_comment(line) else {
                continue;
            };
            let before = line.split(" #").next().unwrap_or_default();
            let words = before.split(|c: char| c.is_whitespace() || "'\"{},[]".contains(c));
            for word in words {
                let commit = word.split_once('@').map(|(_, commit)| commit);
                if commit.is_some_and(is_commit) {
                    let known = self.0.entry(word.to_owned());
                    known.or_insert_with(|| version.to_owned());
                }
            }
        }
    }

    /// Returns the version of `NAME@COMMIT`.
    pub fn version(&self, uses: &str) -> Option<&str> {
        self.0.get(uses).map(String::as_str)
    }

    /// Returns what is to be said of a built-in action at a commit of which nothing tells the version.
    pub fn untold(&self, uses: &str) -> Option<String> {
        let (name, commit) = uses.split_once('@').filter(|(_, end)| is_commit(end))?;
        let known = BUILT_IN.iter().find(|own| own.name == name)?;
        if self.version(uses).is_some() || known.versions.accept(name, commit).is_ok() {
            return None;
        }
        let (short, newest) = (&commit[..12], known.versions.newest());
        Some(format!(
            "`{name}@{short}…` runs as {newest}: nothing tells which version this commit is; write it behind \
             it, such as `# {newest}`"
        ))
    }
}

/// A built-in action that knows the versions of its commits.
struct Pinned<'a> {
    action: Box<dyn Action + 'a>,
    pins: Arc<Pins>,
}

/// Returns built-in actions that accept the commits whose versions are told.
pub fn pinned<'a>(actions: Vec<Box<dyn Action + 'a>>, pins: Pins) -> Vec<Box<dyn Action + 'a>> {
    let pins = Arc::new(pins);
    let with_pins = |action| {
        let pins = Arc::clone(&pins);
        Box::new(Pinned { action, pins }) as Box<dyn Action + 'a>
    };
    actions.into_iter().map(with_pins).collect()
}

impl Action for Pinned<'_> {
    fn name(&self) -> &'static str {
        self.action.name()
    }

    fn gives_programs(&self) -> bool {
        self.action.gives_programs()
    }

    fn is_self_contained(&self) -> bool {
        self.action.is_self_contained()
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        self.action.accepts(version).or_else(|unknown| {
            match self.pins.version(&format!("{}@{version}", self.name())) {
                Some(told) => self.action.accepts(told),
                None if is_commit(version) => Ok(()),
                None => Err(unknown),
            }
        })
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        self.action.defaults()
    }

    fn examine(&self, inputs: &StepInputs, needs: &[NeededResult]) -> Examined {
        self.action.examine(inputs, needs)
    }

    fn make_ready(&self, inputs: &StepInputs) {
        self.action.make_ready(inputs);
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        self.action.run(inputs, context)
    }

    fn post(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Option<Outcome> {
        self.action.post(inputs, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;

    #[test]
    fn comment_behind_a_commit_tells_its_version() {
        let (known, old, untold) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let mut pins = Pins::default();
        pins.read(&format!(
            "steps:\n- uses: \"actions/checkout@{known}\" # v4.9.9\n- {{uses: actions/checkout@{old}}} # v99.0\n\
             - uses: actions/checkout@{untold}\n- uses: other/checkout@{untold} # v4\n"
        ));
        let said = |commit: &str| pins.untold(&format!("actions/checkout@{commit}"));
        assert_eq!((said(&known), said(&old)), (None, None));
        let said = said(&untold).expect("it is told");
        assert!(
            said.starts_with("`actions/checkout@cccccccccccc…` runs as v"),
            "{said}"
        );
        let actions: Vec<Box<dyn Action>> = vec![Box::new(Checkout::default())];
        let actions = pinned(actions, pins);
        assert_eq!(actions[0].accepts(&known), Ok(()));
        assert_eq!(actions[0].accepts("v4"), Ok(()));
        let error = actions[0].accepts(&old).unwrap_err();
        assert!(error.starts_with("version `v99.0`"), "{error}");
        assert_eq!(actions[0].accepts(&untold), Ok(()));
        assert!(actions[0].accepts("v0").is_err());
    }
}
