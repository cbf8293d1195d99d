//! Fetches the wheel of the pinned uv and takes the program out of it. Nothing of the wheel is executed
//! before its hash is known to be the one in the table.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use towpath_host::{Digest, http};

use super::error::{Refusal, Refusals};
use super::{Error, Indexes, PINNED, http_client, named_by, server, simple};
use crate::Machine;
use crate::child::Child;

/// One wheel of the pinned version: operating system, architecture, whether its C library is musl, the
/// rest of its name, its SHA-256.
type Wheel = (&'static str, &'static str, bool, &'static str, &'static str);

const WHEELS: &[Wheel] = &[
    (
        "linux",
        "x86_64",
        false,
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    ),
    (
        "linux",
        "x86_64",
        true,
        "musllinux_1_1_x86_64",
        "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",
    ),
    (
        "linux",
        "aarch64",
        false,
        "manylinux_2_28_aarch64",
        "5337c30bb893b4f9ce0ceb921ba2da0d13f649da644f40ad3bef84083bef0203",
    ),
    (
        "linux",
        "aarch64",
        true,
        "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
    ),
    (
        "macos",
        "x86_64",
        false,
        "macosx_10_12_x86_64",
        "b7124ca1956ec2e476a1003ea5715a15f0266afaec37f4dc9c6972ba8183e6d1",
    ),
    (
        "macos",
        "aarch64",
        false,
        "macosx_11_0_arm64",
        "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
    ),
];

const PIP_TIMEOUT: Duration = Duration::from_mins(5);

/// Fetches the wheel for this machine and puts the program in it at `program`.
pub(super) fn fetch(machine: &Machine<'_>, program: &Path) -> Result<(), Error> {
    let platform = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
    let (name, sha256) = wheel_for(std::env::consts::OS, std::env::consts::ARCH, has_musl())
        .ok_or(Error::Platform(platform))?;
    let indexes = Indexes::of(machine);
    let mut refusals = Refusals(Vec::new());
    let mut found = in_folders(&indexes, &name);
    if found.is_none() && machine.is_offline() {
        return Err(Error::Offline);
    }
    if found.is_none() {
        found = from_indexes(machine, &indexes, &name, &mut refusals.0);
    }
    // pip would wait for the same silence once more.
    if found.is_none() && !refusals.is_silent() {
        found = by_pip(machine, &name, &mut refusals.0);
    }
    let Some(wheel) = found else {
        let addresses = indexes.addresses();
        let addresses = addresses.iter().map(|url| simple::without_password(url));
        let addresses: Vec<String> = addresses.collect();
        return Err(Error::Index {
            version: PINNED,
            named: addresses
                .iter()
                .map(|url| named_by(machine, server(url)))
                .collect(),
            indexes: addresses,
            source: Box::new(refusals),
        });
    };
    let digest = Digest::of(&wheel).to_string();
    if digest != sha256 {
        let expected = sha256.to_owned();
        return Err(Error::Hash {
            file: name,
            expected,
            found: digest,
        });
    }
    let bytes = program_of(&wheel).ok_or(Error::Wheel { file: name })?;
    write(program, &bytes).map_err(|source| Error::Write {
        path: program.to_owned(),
        source,
    })
}

fn wheel_for(system: &str, architecture: &str, musl: bool) -> Option<(String, &'static str)> {
    let (.., tags, sha256) = WHEELS
        .iter()
        .find(|wheel| (wheel.0, wheel.1, wheel.2) == (system, architecture, musl))?;
    Some((format!("uv-{PINNED}-py3-none-{tags}.whl"), sha256))
}

fn has_musl() -> bool {
    let loader = format!("/lib/ld-musl-{}.so.1", std::env::consts::ARCH);
    Path::new(&loader).exists()
}

/// Looks into the folders of `find-links`.
fn in_folders(indexes: &Indexes, name: &str) -> Option<Vec<u8>> {
    let links = indexes.find_links();
    let folders = links
        .iter()
        .map(|link| link.strip_prefix("file://").unwrap_or(link));
    folders
        .into_iter()
        .find_map(|folder| std::fs::read(Path::new(folder).join(name)).ok())
}

fn from_indexes(
    machine: &Machine<'_>,
    indexes: &Indexes,
    name: &str,
    refusals: &mut Vec<Refusal>,
) -> Option<Vec<u8>> {
    let client = match http_client(machine) {
        Ok(client) => client,
        Err(error) => {
            refusals.push(error.into());
            return None;
        }
    };
    let links = indexes.find_links();
    let pages = links.into_iter().filter(|link| link.starts_with("http"));
    let indexes = indexes.addresses().into_iter();
    let pages = pages.chain(indexes.map(|index| format!("{}/uv/", index.trim_end_matches('/'))));
    for page in pages {
        match from_page(&client, &page, name) {
            Ok(wheel) => return Some(wheel),
            Err(refusal) => refusals.push(refusal),
        }
    }
    None
}

fn from_page(client: &http::Client, page: &str, name: &str) -> Result<Vec<u8>, Refusal> {
    let accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
    let response = client.get(page, &[("accept", accept)])?;
    let body = String::from_utf8_lossy(&response.body);
    let address = simple::find(page, &body, name).ok_or_else(|| Refusal::Absent {
        index: simple::without_password(page),
        file: name.to_owned(),
    })?;
    Ok(client.get(&address, &[])?.body)
}

/// Asks pip, which may know ways to the index that towpath does not: a keyring, a plugin.
fn by_pip(machine: &Machine<'_>, name: &str, refusals: &mut Vec<Refusal>) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().ok()?;
    for interpreter in crate::find_interpreters(machine).iter().rev() {
        let arguments = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--retries=1",
        ];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.extend(["--only-binary=:all:", "--dest"].map(str::to_owned));
        arguments.push(folder.path().display().to_string());
        arguments.push(format!("uv=={PINNED}"));
        match run_pip(&interpreter.path, &arguments, machine.environment) {
            Ok(()) => match std::fs::read(folder.path().join(name)) {
                Ok(wheel) => return Some(wheel),
                Err(error) => refusals.push(Refusal::Pip(format!("it got another file: {error}"))),
            },
            // An interpreter without pip says nothing about the index.
            Err(words) if words.contains("No module named pip") => continue,
            Err(words) => refusals.push(Refusal::Pip(words)),
        }
        return None;
    }
    None
}

fn run_pip(
    python: &Path,
    arguments: &[String],
    environment: &BTreeMap<String, String>,
) -> Result<(), String> {
    let child = Child {
        program: python,
        arguments,
        environment,
        folder: Path::new("/"),
        timeout: Some(PIP_TIMEOUT),
    };
    let output = child.run().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let last = output
        .stderr
        .lines()
        .rfind(|line| line.starts_with("ERROR:") || line.contains("No module named"));
    Err(last
        .unwrap_or("it failed")
        .trim_start_matches("ERROR:")
        .trim()
        .to_owned())
}

fn program_of(wheel: &[u8]) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(wheel)).ok()?;
    let mut file = archive
        .by_name(&format!("uv-{PINNED}.data/scripts/uv"))
        .ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Writes the program under a temporary name and renames it, so that no other run starts half of it.
fn write(program: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = program.parent().unwrap_or(Path::new("/"));
    fs_err::create_dir_all(folder)?;
    let temporary = tempfile::NamedTempFile::new_in(folder)?.into_temp_path();
    fs_err::write(&temporary, bytes)?;
    fs_err::set_permissions(&temporary, std::fs::Permissions::from_mode(0o755))?;
    temporary.persist(program).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn each_platform_has_its_wheel() {
        let name = |system, architecture, musl| {
            wheel_for(system, architecture, musl).map(|(name, _)| name)
        };
        assert_eq!(
            name("linux", "x86_64", false).as_deref(),
            Some("uv-0.13.8-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
        );
        assert!(name("macos", "aarch64", false).is_some());
        assert_eq!(name("freebsd", "x86_64", false), None);
    }

    #[test]
    fn the_program_is_taken_out_of_the_wheel() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        writer
            .start_file("uv-0.13.8.data/scripts/uv", options)
            .unwrap();
        writer.write_all(b"program").unwrap();
        let wheel = writer.finish().unwrap().into_inner();
        assert_eq!(program_of(&wheel).as_deref(), Some(&b"program"[..]));
        assert_eq!(program_of(b"no zip"), None);
    }
}
