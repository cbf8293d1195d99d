//! From requirements to exact packages. What a lock fixes needs no index; the rest is resolved by uv, once
//! a day, and remembered in the store, so that a second call starts no process.

use std::path::Path;

use serde::{Deserialize, Serialize};
use towpath_host::{Digest, Store};

use super::context::Context;
use super::find_links::offered;
use super::installer_settings::uv_settings;
use super::markers::Target;
use super::wanted::{self, Wanted};
use super::{Error, Package, Requirements, Resolution, lock, pip_file};
use crate::uv::Indexes;
use crate::{Interpreter, Machine, Uv, normalise_name};

/// Kind of the entries in the store.
const KIND: &str = "resolution";
/// Kind of the entries that hold the last answer of any day, for work without network.
const LAST_KIND: &str = "resolution-last";

/// What the index decided.
#[derive(Debug, Serialize, Deserialize)]
struct Decided {
    packages: Vec<Package>,
}

/// Returns the exact packages that fulfil `requirements` on `interpreter`.
///
/// What is locked wins. The rest is looked up on the index when it was not on this `date` (UTC) yet.
/// Offline, the last answer of any day is taken. Projects by path are handed back, not resolved.
pub fn resolve(
    uv: &Uv,
    machine: &Machine<'_>,
    interpreter: &Interpreter,
    requirements: &Requirements,
    store: &Store,
    date: &str,
) -> Result<Resolution, Error> {
    let target = Target::of(interpreter);
    let context = Context {
        uv,
        machine,
        interpreter,
        store,
        indexes: Indexes::of(machine),
    };
    let mut wanted = Wanted::read(requirements, &target)?;
    if let Some(locked) = &requirements.locked {
        lock::add(&context, locked, &target, &mut wanted)?;
    }
    wanted.close(&target);
    let is_locked = wanted.open.is_empty();
    let mut packages = std::mem::take(&mut wanted.exact);
    if !is_locked {
        let decided = context.decide(&wanted, &packages, requirements, date)?;
        let is_new = |package: &Package| !packages.iter().any(|exact| exact.name == package.name);
        let added: Vec<Package> = decided.into_iter().filter(is_new).collect();
        packages.extend(added);
    }
    packages.retain(|package| {
        let is_it = |name: &String| normalise_name(name) == package.name;
        !requirements.without.iter().any(is_it)
    });
    packages.sort();
    Ok(Resolution {
        digest: digest_of(&packages),
        packages,
        editables: wanted.local,
        locked: is_locked,
        options: wanted.options,
        settings_folder: requirements.settings_folder.clone(),
    })
}

fn digest_of(packages: &[Package]) -> Digest {
    let lines: Vec<String> = packages.iter().map(Package::line).collect();
    Digest::of_parts(lines.iter().map(String::as_bytes))
}

impl Context<'_> {
    fn decide(
        &self,
        wanted: &Wanted,
        exact: &[Package],
        requirements: &Requirements,
        date: &str,
    ) -> Result<Vec<Package>, Error> {
        let question = self.question(wanted, exact, requirements)?;
        let key = Digest::of_parts([question.as_str().as_bytes(), date.as_bytes()]);
        if let Some(decided) = self.remembered(KIND, key.as_str())? {
            return Ok(decided);
        }
        if self.machine.is_offline()
            && let Some(decided) = self.remembered(LAST_KIND, question.as_str())?
        {
            tracing::debug!("offline, so the last resolution is taken");
            return Ok(decided);
        }
        let packages = self.compile(wanted, exact, requirements)?;
        self.remember(KIND, key.as_str(), &packages)?;
        self.remember(LAST_KIND, question.as_str(), &packages)?;
        Ok(packages)
    }

    /// Identity of all that an answer depends on, except the day.
    fn question(
        &self,
        wanted: &Wanted,
        exact: &[Package],
        requirements: &Requirements,
    ) -> Result<Digest, Error> {
        let settings = uv_settings(self.machine, requirements.settings_folder.as_deref())?;
        let places = wanted.options.iter().filter_map(|option| {
            let (name, place) = option.split_once(' ')?;
            let is_place = matches!(name, "--find-links" | "--index-url" | "--extra-index-url");
            is_place.then_some(place)
        });
        let offers: String = places.map(|place| offered(place, Path::new("/"))).collect();
        let archives: Vec<&str> = wanted.archives.iter().map(Digest::as_str).collect();
        let text = serde_json::json!({
            "format": 1,
            "uv": self.uv.version,
            "indexes": self.indexes.digest(),
            "python": self.interpreter.markers,
            "platform": self.interpreter.platform,
            "free_threaded": self.interpreter.is_free_threaded,
            "exact": exact,
            "open": wanted.open,
            "constraints": wanted.constraints,
            "options": wanted.options,
            "archives": archives,
            "exclude_newer": requirements.exclude_newer,
            "settings": settings,
            "offers": offers,
        });
        Ok(Digest::of(text.to_string().as_bytes()))
    }

    fn remembered(&self, kind: &str, key: &str) -> Result<Option<Vec<Package>>, Error> {
        let bytes = self.store.entry(kind, key)?;
        let decided = bytes.and_then(|bytes| serde_json::from_slice::<Decided>(&bytes).ok());
        Ok(decided.map(|decided| decided.packages))
    }

    fn remember(&self, kind: &str, key: &str, packages: &[Package]) -> Result<(), Error> {
        let decided = Decided {
            packages: packages.to_vec(),
        };
        if let Ok(bytes) = serde_json::to_vec(&decided) {
            self.store.put_entry(kind, key, &bytes)?;
        }
        Ok(())
    }

    fn compile(
        &self,
        wanted: &Wanted,
        exact: &[Package],
        requirements: &Requirements,
    ) -> Result<Vec<Package>, Error> {
        let folder = scratch()?;
        let write = |name: &str, lines: &[String]| {
            let path = folder.path().join(name);
            let written = fs_err::write(&path, lines.join("\n") + "\n");
            written
                .map(|()| path.display().to_string())
                .map_err(|source| Error::write(&path, source))
        };
        let mut arguments = vec!["pip".to_owned(), "compile".to_owned()];
        let lines: Vec<String> = wanted.options.iter().chain(&wanted.open).cloned().collect();
        arguments.push(write("requirements.in", &lines)?);
        if !wanted.constraints.is_empty() {
            arguments.extend([
                "--constraint".to_owned(),
                write("constraints.txt", &wanted.constraints)?,
            ]);
        }
        if !exact.is_empty() {
            let pins: Vec<String> = exact.iter().map(Package::pin).collect();
            arguments.extend(["--override".to_owned(), write("overrides.txt", &pins)?]);
        }
        arguments.extend(index_arguments(&self.indexes, &wanted.options));
        if let Some(date) = &requirements.exclude_newer {
            arguments.extend(["--exclude-newer".to_owned(), date.clone()]);
        }
        arguments.extend([
            "--python".to_owned(),
            self.interpreter.path.display().to_string(),
        ]);
        arguments.extend(
            [
                "--quiet",
                "--generate-hashes",
                "--no-header",
                "--no-annotate",
            ]
            .map(str::to_owned),
        );
        let settings = requirements
            .settings_folder
            .as_deref()
            .unwrap_or(folder.path());
        let output = self
            .run(arguments, settings, "resolve the requirements".to_owned())
            .map_err(|error| error.without(folder.path()))?;
        let file = pip_file::read_text(&output, &folder.path().join("requirements.txt"))?;
        wanted::exact(&file.lines, &Target::of(self.interpreter))
    }
}

/// Returns the options of `uv pip` about indexes that are neither variables nor lines of a file. A file
/// that names a further index means it as pip does: the best version of all of them.
pub(super) fn index_arguments(indexes: &Indexes, options: &[String]) -> Vec<String> {
    let mut arguments = Vec::new();
    if indexes.no_index {
        arguments.push("--no-index".to_owned());
    }
    let has_further = options
        .iter()
        .any(|option| option.starts_with("--extra-index-url"));
    if has_further && !indexes.variables.contains_key("UV_INDEX_STRATEGY") {
        arguments.push("--index-strategy=unsafe-best-match".to_owned());
    }
    arguments
}

pub(super) fn scratch() -> Result<tempfile::TempDir, Error> {
    tempfile::tempdir().map_err(|source| Error::write(Path::new("the temporary folder"), source))
}
