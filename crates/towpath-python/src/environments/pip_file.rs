//! Files of requirements in pip's format, as far as an exact installation depends on them: requirements
//! with their hashes, local projects, limits and the places packages are looked for.
//!
//! `manifests::requirements` reads the same files for facts about a project; this reads them to install.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use towpath_host::{Digest, digest_file};

use super::{Error, LocalProject};
use crate::requirement::{is_requirement, requirement_name};

/// What a file and those it includes hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PipFile {
    /// Requirements, in order.
    pub(super) lines: Vec<Line>,
    /// Limits (`-c`), as PEP 508.
    pub(super) constraints: Vec<String>,
    /// Projects and archives by path.
    pub(super) local: Vec<LocalProject>,
    /// Options that uv reads in such files too: indexes, `--find-links`, `--no-binary`.
    pub(super) options: Vec<String>,
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// As PEP 508.
    pub(super) requirement: String,
    /// SHA-256 digests, any of which may be installed.
    pub(super) sha256: Vec<String>,
    /// The file and the number of the line it starts at.
    pub(super) place: (PathBuf, usize),
}

impl PipFile {
    /// Returns whether hashes are enforced.
    pub(super) fn is_hashed(&self) -> bool {
        self.lines.iter().any(|line| !line.sha256.is_empty())
    }
}

/// Reads a file and those that it includes, once each.
pub(super) fn read(path: &Path) -> Result<PipFile, Error> {
    let mut file = PipFile::default();
    Reader::default().follow(path, false, &mut file)?;
    Ok(file)
}

/// Returns all that reading files of requirements reads, each with the digest of its content: themselves,
/// what they include, and the archives that they name.
pub fn requirement_files(paths: &[PathBuf]) -> Result<BTreeMap<PathBuf, Digest>, Error> {
    let mut file = PipFile::default();
    let mut reader = Reader::default();
    for path in paths {
        reader.follow(path, false, &mut file)?;
    }
    let mut files = reader.seen;
    for local in file.local.iter().filter(|local| local.path.is_file()) {
        let path = local.path.clone();
        match digest_file(&path) {
            Ok(digest) => files.insert(path, digest),
            Err(source) => return Err(Error::Read { path, source }),
        };
    }
    Ok(files)
}

/// Reads text in the same format; paths in it begin at `folder`.
pub(super) fn read_text(text: &str, path: &Path) -> Result<PipFile, Error> {
    let mut file = PipFile::default();
    Reader::default().read(text, path, false, &mut file)?;
    Ok(file)
}

#[derive(Default)]
struct Reader {
    seen: BTreeMap<PathBuf, Digest>,
}

impl Reader {
    fn follow(&mut self, path: &Path, limits: bool, file: &mut PipFile) -> Result<(), Error> {
        if self.seen.contains_key(path) {
            return Ok(());
        }
        let bytes = fs_err::read(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        self.seen.insert(path.to_owned(), Digest::of(&bytes));
        let text = String::from_utf8_lossy(&bytes);
        self.read(text.trim_start_matches('\u{feff}'), path, limits, file)
    }

    fn read(
        &mut self,
        text: &str,
        path: &Path,
        limits: bool,
        file: &mut PipFile,
    ) -> Result<(), Error> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        for (number, line) in logical_lines(text) {
            match option(&line) {
                Some(("-r" | "--requirement", value)) => {
                    let included = existing(value, (path, number))?;
                    self.follow(&included, limits, file)?;
                }
                Some(("-c" | "--constraint", value)) => {
                    self.follow(&existing(value, (path, number))?, true, file)?;
                }
                Some(("-e" | "--editable", value)) => {
                    add(value, true, folder, (path, number), limits, file)?;
                }
                Some((name, value)) => file.options.extend(kept_option(name, value, folder)),
                None => add(&line, false, folder, (path, number), limits, file)?,
            }
        }
        Ok(())
    }
}

/// Returns the file that a line includes.
fn existing(value: &str, (path, number): (&Path, usize)) -> Result<PathBuf, Error> {
    let included = normal(&path.parent().unwrap_or(Path::new("/")).join(value));
    if included.exists() {
        return Ok(included);
    }
    Err(Error::Lock {
        path: path.to_owned(),
        line: Some(number),
        what: format!("it includes `{value}`, which does not exist"),
        hint: format!(
            "add `{}`, or remove the line; paths begin at the folder of the file that holds them",
            included.display()
        ),
    })
}

/// Returns the name and value of a line that is an option.
fn option(line: &str) -> Option<(&str, &str)> {
    if !line.starts_with('-') {
        return None;
    }
    // `-rbase.txt` is allowed; `--requirement=base.txt` too.
    let end = match line.strip_prefix("--") {
        Some(_) => line.find([' ', '=', '\t']).unwrap_or(line.len()),
        None => 2.min(line.len()),
    };
    let (name, value) = line.split_at_checked(end)?;
    Some((name, value.trim_start_matches([' ', '=', '\t']).trim()))
}

/// Options that decide where packages come from; uv refuses or ignores the others.
fn kept_option(name: &str, value: &str, folder: &Path) -> Option<String> {
    match name {
        "-i" | "--index-url" => Some(format!("--index-url {value}")),
        "--extra-index-url" | "--no-binary" | "--only-binary" => Some(format!("{name} {value}")),
        "--no-index" => Some(name.to_owned()),
        "-f" | "--find-links" if value.contains("://") => Some(format!("--find-links {value}")),
        "-f" | "--find-links" => Some(format!(
            "--find-links {}",
            normal(&folder.join(value)).display()
        )),
        _ => None,
    }
}

fn add(
    text: &str,
    editable: bool,
    folder: &Path,
    (path, number): (&Path, usize),
    limits: bool,
    file: &mut PipFile,
) -> Result<(), Error> {
    let mut parts = text.split(" --");
    let requirement = parts.next().unwrap_or_default().trim();
    let sha256 = parts
        .filter_map(|part| part.trim().strip_prefix("hash"))
        .filter_map(|hash| {
            hash.trim_start_matches(['=', ' '])
                .trim()
                .strip_prefix("sha256:")
        })
        .map(str::to_owned)
        .collect();
    if let Some(requirement) = as_requirement(requirement) {
        if limits {
            file.constraints.push(requirement);
        } else {
            let place = (path.to_owned(), number);
            file.lines.push(Line {
                requirement,
                sha256,
                place,
            });
        }
        return Ok(());
    }
    let local = local_project(requirement, editable, folder).filter(|local| local.path.exists());
    match local {
        Some(local) => file.local.push(local),
        None => {
            return Err(Error::Lock {
                path: path.to_owned(),
                line: Some(number),
                what: format!("`{requirement}` is neither a requirement nor a path that exists"),
                hint: "write it as PEP 508 has it, such as `name>=1.0`, or as a path that begins with `./`".to_owned(),
            });
        }
    }
    Ok(())
}

/// Returns the requirement as PEP 508. `git+https://…#egg=name` is an older way to write `name @ git+…`.
fn as_requirement(text: &str) -> Option<String> {
    if let Some((url, fragment)) = text.split_once("#egg=")
        && url.contains("://")
        && !url.contains(" @ ")
    {
        let name = fragment.split('&').next().unwrap_or_default();
        let rest = fragment
            .split_once('&')
            .map_or_else(String::new, |(_, rest)| format!("#{rest}"));
        return Some(format!("{name} @ {url}{rest}"));
    }
    let is_local = text.starts_with(['.', '/']) || text.contains("file:");
    (!is_local
        && (is_requirement(text) || (text.contains("://") && requirement_name(text).is_some())))
    .then(|| text.to_owned())
}

fn local_project(text: &str, editable: bool, folder: &Path) -> Option<LocalProject> {
    let text = text.split([';', '#']).next()?.trim();
    let text = text.split_once(" @ ").map_or(text, |(_, url)| url.trim());
    let (path, extras) = match text.split_once('[') {
        Some((path, extras)) => (path, extras.trim_end_matches(']')),
        None => (text, ""),
    };
    let path = path
        .strip_prefix("file://")
        .or_else(|| path.strip_prefix("file:"))
        .unwrap_or(path);
    let extras = extras
        .split(',')
        .map(str::trim)
        .filter(|extra| !extra.is_empty());
    Some(LocalProject {
        path: normal(&folder.join(path)),
        extras: extras.map(str::to_owned).collect(),
        editable,
    })
}

/// Removes `.` and `..` without asking the file system.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

/// Returns the lines with their numbers: continued ones joined, comments and empty ones left out.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_continued = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = without_comment(line).trim();
        let (line, continues) = line
            .strip_suffix('\\')
            .map_or((line, false), |line| (line.trim_end(), true));
        match lines.last_mut() {
            Some((_, last)) if is_continued => {
                last.push(' ');
                last.push_str(line);
            }
            _ => lines.push((number, line.to_owned())),
        }
        is_continued = continues;
    }
    lines.retain(|(_, line)| !line.is_empty());
    lines
}

/// A `#` begins a comment at the start of a line or behind a space; elsewhere it is part of a URL.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    let end = line
        .find(" #")
        .or_else(|| line.find("\t#"))
        .unwrap_or(line.len());
    line.get(..end).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> PipFile {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("lib")).unwrap();
        let path = folder.path().join("requirements.txt");
        std::fs::write(&path, text).unwrap();
        std::fs::write(
            folder.path().join("base.txt"),
            "base==1\n-r requirements.txt\n",
        )
        .unwrap();
        std::fs::write(folder.path().join("limits.txt"), "limit<2\n").unwrap();
        let mut file = read(&path).unwrap();
        for local in &mut file.local {
            local.path = local.path.strip_prefix(folder.path()).unwrap().to_owned();
        }
        file
    }

    fn requirements(file: &PipFile) -> Vec<&str> {
        file.lines
            .iter()
            .map(|line| line.requirement.as_str())
            .collect()
    }

    #[test]
    fn hashes_stay_with_their_requirement() {
        let file = parse(
            "# made\na==1 ; python_version < '4' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb  # why\nb==2\n",
        );
        assert_eq!(requirements(&file), ["a==1 ; python_version < '4'", "b==2"]);
        let first = file.lines.first().unwrap();
        assert_eq!(
            (first.sha256.as_slice(), first.place.1),
            (&["aa".to_owned(), "bb".to_owned()][..], 2)
        );
        assert!(file.is_hashed());
    }

    #[test]
    fn includes_and_limits_are_followed_once() {
        let file = parse("-r base.txt\n-rbase.txt\n--requirement=base.txt\n-c limits.txt\n");
        assert_eq!(requirements(&file), ["base==1"]);
        assert_eq!(file.constraints, ["limit<2"]);
        assert!(!file.is_hashed());
    }

    #[test]
    fn everything_that_is_followed_has_a_digest() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let files = || requirement_files(&[at("test-deps.txt")]).unwrap();
        let lines = "-r more.txt\n-c limits.txt\n./own.whl\n";
        for (name, text) in [
            ("test-deps.txt", lines),
            ("more.txt", "a\n"),
            ("limits.txt", "a<2\n"),
            ("own.whl", "1"),
        ] {
            std::fs::write(at(name), text).unwrap();
        }
        let mut last = files();
        for (name, text) in [
            ("more.txt", "b\n"),
            ("limits.txt", "a<3\n"),
            ("own.whl", "2"),
        ] {
            std::fs::write(at(name), text).unwrap();
            let now = files();
            assert_ne!(now.get(&at(name)), last.get(&at(name)), "{name}");
            last = now;
        }
        assert_eq!(last.len(), 4);
    }

    #[test]
    fn local_projects_are_handed_back() {
        let local = |path: &str, extras: &[&str], editable| LocalProject {
            path: PathBuf::from(path),
            extras: extras.iter().map(|&extra| extra.to_owned()).collect(),
            editable,
        };
        let file = parse("-e .[test,dev]\n./lib\n-e file:lib\n.\n--editable=./lib/..\n");
        assert_eq!(
            file.local,
            [
                local("", &["test", "dev"], true),
                local("lib", &[], false),
                local("lib", &[], true),
                local("", &[], false),
                local("", &[], true),
            ]
        );
        assert!(file.lines.is_empty());
    }

    #[test]
    fn urls_and_options_are_kept() {
        let file = parse(
            "-e git+https://h/r.git@v1#egg=name&subdirectory=x\nb @ https://h/b-1.whl\n-i https://i\n\
             --find-links https://l\n--pre\n--no-index\n",
        );
        assert_eq!(
            requirements(&file),
            [
                "name @ git+https://h/r.git@v1#subdirectory=x",
                "b @ https://h/b-1.whl"
            ]
        );
        assert_eq!(
            file.options,
            [
                "--index-url https://i",
                "--find-links https://l",
                "--no-index"
            ]
        );
    }

    #[test]
    fn included_file_that_is_not_there_has_a_place() {
        for line in ["-r base.txt", "--requirement=base.txt", "-c base.txt"] {
            let error = read_text(&format!("a\n{line}\n"), Path::new("/x/r.txt")).unwrap_err();
            assert_eq!(
                error.to_string(),
                "`/x/r.txt` line 2: it includes `base.txt`, which does not exist"
            );
        }
    }

    #[test]
    fn nonsense_has_a_place() {
        let error = read_text("a\n\nb == == 1\n", Path::new("/x/r.txt")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`/x/r.txt` line 3: `b == == 1` is neither a requirement nor a path that exists"
        );
    }
}
