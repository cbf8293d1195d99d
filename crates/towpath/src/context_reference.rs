//! The reference page of contexts by key, made from the table that checks them.

use std::fmt::Write as _;

use towpath_workflow::key_rules;

/// Returns the reference page of what expressions may use, in Markdown.
pub fn contexts_page() -> String {
    let mut page = "# Contexts and functions in workflows\n\n\
                    What an expression may use depends on the key in which it stands.\n\
                    Every expression may also call `contains`, `startsWith`, `endsWith`, `format`, `join`, \
                    `toJSON`, `fromJSON` and `case`.\n\n\
                    | where | contexts | functions |\n| --- | --- | --- |\n"
        .to_owned();
    let list = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    for rules in key_rules() {
        let _ = writeln!(
            page,
            "| {} | {} | {} |",
            rules.key,
            list(rules.contexts),
            list(&rules.functions)
        );
    }
    page
}
