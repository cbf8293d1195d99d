//! `towpath fix`: the project's linters and formatters with their fixes on. The one command that edits.

use std::collections::BTreeMap;

use towpath_host::Digest;
use towpath_report::Problem;
use towpath_standard::CHECKS;

use crate::arguments::{FixArguments, GlobalArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::process::Process;
use crate::repository;
use crate::run::Ground;

pub(super) fn run(process: &Process, global: &GlobalArguments, fix: &FixArguments) -> anyhow::Result<ExitCode> {
    let folder = super::folder(process, global);
    let ground = Ground::prepare(process, &folder, &fix.execution)?;
    let facts = ground.repository.facts(&ground.interpreters, &[], None);
    let session = ground.session(process, &facts, &fix.execution);
    let project = fix.project.as_deref().map_or("", |project| project.trim_end_matches('/'));
    let Some(facts) = facts.iter().find(|facts| project.is_empty() || facts.project.root == project) else {
        return Err(Failure::of(
            Problem::error(format!("`{project}` is no project of this repository"))
                .with_hint("`towpath explain` lists the projects"),
        )
        .into());
    };
    let mut mended = Vec::new();
    for check in CHECKS {
        if fix.name.as_deref().is_none_or(|name| name == check.name())
            && let Some(work) = check.fix(facts)
        {
            session.mend(*check, facts, &work).map_err(|problems| Failure { problems, closing: String::new() })?;
            mended.push(check.name());
        }
    }
    if mended.is_empty() {
        let name = fix.name.as_deref().unwrap_or_default();
        return Err(Failure::of(
            Problem::error(format!("`{name}` is no check that can be mended"))
                .with_hint("`towpath fix lint` and `towpath fix format` edit files"),
        )
        .into());
    }
    let after = repository::open(&folder, process.folders()?, false)?;
    let before = digests(&ground.repository);
    let after = digests(&after);
    let changed: Vec<&String> = after.iter().filter(|(path, digest)| before.get(*path) != Some(digest)).map(|(path, _)| path).collect();
    let mut text: String = changed.iter().map(|path| format!("  mended {path}\n")).collect();
    text.push_str(&match changed.len() {
        0 => "Nothing to mend\n".to_owned(),
        1 => "1 file mended\n".to_owned(),
        number => format!("{number} files mended\n"),
    });
    output::print(&text);
    Ok(ExitCode::Passed)
}

fn digests(repository: &repository::Repository) -> BTreeMap<String, Option<Digest>> {
    let tree = &repository.tree;
    tree.files().keys().map(|path| (path.clone(), tree.digest(path))).collect()
}
