//! Mappings whose keys are fixed: unknown keys with the nearest right one.

use towpath_report::nearest;

use super::reader::Reader;
use crate::yaml::Node;

/// The keys of a kind of mapping.
pub(super) struct Form<'a> {
    /// The keys.
    pub(super) keys: &'a [&'static str],
    /// Which mapping it is, for messages: "job `lint`".
    pub(super) which: &'a str,
    /// What kind of mapping it is, for labels: "a job".
    pub(super) kind: &'a str,
}

/// The entries of a mapping by their right keys.
pub(super) struct Fields<'n>(Vec<(&'static str, &'n Node, &'n Node)>);

impl<'n> Fields<'n> {
    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.0
            .iter()
            .find(|(name, ..)| *name == key)
            .map(|(_, _, value)| *value)
    }

    /// Returns the key itself, as it stands in the file.
    pub(super) fn key(&self, key: &str) -> Option<&'n Node> {
        self.0
            .iter()
            .find(|(name, ..)| *name == key)
            .map(|(_, key, _)| *key)
    }

    /// Returns the first of `keys` that is there, in the order of the file.
    pub(super) fn first_of(&self, keys: &[&str]) -> Option<(&'static str, &'n Node)> {
        self.0
            .iter()
            .find(|(name, ..)| keys.contains(name))
            .map(|(name, key, _)| (*name, *key))
    }
}

impl Reader<'_> {
    /// Returns the entries of a mapping. A key that is nearly right is reported and read as what it
    /// was meant for, so that its value is checked and the right key is not missed too.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, form: &Form<'_>) -> Option<Fields<'n>> {
        let Some(entries) = node.as_mapping() else {
            self.wrong_kind(node, form.which, "a mapping");
            return None;
        };
        let is_known = |name: &str| form.keys.iter().copied().find(|key| *key == name);
        let mut fields: Vec<_> = entries
            .iter()
            .filter_map(|(key, value)| Some((is_known(key.text()?)?, key, value)))
            .collect();
        for (key, value) in entries {
            let Some(name) = key.text().filter(|name| is_known(name).is_none()) else {
                continue;
            };
            let meant = nearest(name, form.keys.iter().copied());
            self.unknown_key(key, name, form, meant);
            if let Some(meant) = meant.and_then(is_known)
                && fields.iter().all(|(present, ..)| *present != meant)
            {
                fields.push((meant, key, value));
            }
        }
        Some(Fields(fields))
    }

    /// Returns the entries of a mapping of which GitHub ignores the keys that it does not know.
    pub(super) fn fields_with_others<'n>(
        &mut self,
        node: &'n Node,
        form: &Form<'_>,
    ) -> Option<Fields<'n>> {
        let Some(entries) = node.as_mapping() else {
            self.wrong_kind(node, form.which, "a mapping");
            return None;
        };
        let mut fields = Vec::new();
        for (key, value) in entries {
            let Some(name) = key.text() else { continue };
            if let Some(known) = form.keys.iter().copied().find(|known| *known == name) {
                fields.push((known, key, value));
                continue;
            }
            let meant = nearest(name, form.keys.iter().copied());
            let hint = meant.map_or_else(
                || format!("the keys are {}", list(form.keys.iter().copied())),
                |meant| format!("did you mean `{meant}`?"),
            );
            let message = format!("unknown key `{name}` in {} has no effect", form.which);
            self.warning(key.span.clone(), message, "ignored", hint);
        }
        Some(Fields(fields))
    }

    fn unknown_key(&mut self, key: &Node, name: &str, form: &Form<'_>, meant: Option<&str>) {
        let hint = meant.map_or_else(
            || format!("the keys are {}", list(form.keys.iter().copied())),
            |meant| format!("did you mean `{meant}`?"),
        );
        let message = format!("unknown key `{name}` in {}", form.which);
        self.problem(
            key.span.clone(),
            message,
            &format!("not a key of {}", form.kind),
            hint,
        );
    }
}

/// Returns names in backticks with commas between, sorted.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
