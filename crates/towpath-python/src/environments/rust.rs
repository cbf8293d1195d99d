//! The Rust toolchain of the user, which lies in a home that builds do not see. Installs none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Machine;
use crate::child::Child;

/// A toolchain that is not among the system's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RustToolchain {
    /// Its folder, which holds `bin/cargo`.
    pub folder: PathBuf,
    /// Which compiler it is, down to the commit.
    pub identity: String,
    /// The crates that cargo has fetched, where there are any.
    pub registry: Option<PathBuf>,
}

/// Where builds look for programs in any case.
const SYSTEM: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Returns the toolchain that `cargo` stands for in a folder; `None` where there is none, or where every
/// build sees it anyway. Asks the compiler, since rustup chooses by the folder.
pub fn rust_toolchain(machine: &Machine<'_>, folder: &Path) -> Option<RustToolchain> {
    let programs = machine
        .search_path()
        .into_iter()
        .find(|folder| folder.join("cargo").is_file() && folder.join("rustc").is_file())?;
    if SYSTEM.iter().any(|system| programs == Path::new(system)) {
        return None;
    }
    let ask = |program: &Path, arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        let mut environment = machine.environment.clone();
        environment.insert("RUSTUP_AUTO_INSTALL".to_owned(), "0".to_owned());
        let child = Child {
            program,
            arguments: &arguments,
            environment: &environment,
            folder,
            timeout: Some(Duration::from_secs(20)),
        };
        match child.run() {
            Ok(output) if output.status.success() => Some(output.stdout.trim().to_owned()),
            Ok(output) => {
                tracing::debug!("{} says: {}", program.display(), output.stderr);
                None
            }
            Err(error) => {
                tracing::debug!("{error}");
                None
            }
        }
    };
    let toolchain = PathBuf::from(ask(&programs.join("rustc"), &["--print", "sysroot"])?);
    let identity = ask(&toolchain.join("bin/rustc"), &["-vV"])?;
    let registry = machine.folder("CARGO_HOME", ".cargo")?.join("registry");
    Some(RustToolchain {
        folder: toolchain,
        identity,
        registry: Some(registry).filter(|folder| folder.is_dir()),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::machine::tests::environment;

    #[test]
    fn finds_the_toolchain_behind_the_programs_of_a_home() {
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(&path, text).unwrap();
            fs_err::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        };
        let toolchain = home.path().join("toolchains/stable");
        write("shims/cargo", "");
        write(
            "shims/rustc",
            &format!("#!/bin/sh\necho {}\n", toolchain.display()),
        );
        write(
            "toolchains/stable/bin/rustc",
            "#!/bin/sh\necho rustc 1.95.0\n",
        );
        let path = home.path().join("shims").display().to_string();
        let found = |path: &str| {
            let environment = environment(&[("PATH", path)]);
            let machine = Machine {
                environment: &environment,
                home: Some(home.path()),
                cache: home.path(),
                offline: false,
            };
            rust_toolchain(&machine, home.path())
        };
        assert_eq!(
            found(&path),
            Some(RustToolchain {
                folder: toolchain,
                identity: "rustc 1.95.0".to_owned(),
                registry: None,
            })
        );
        write("shims/rustc", "#!/bin/sh\nexit 1\n");
        assert_eq!(found(&path), None);
        assert_eq!(found("/nowhere"), None);
    }
}
