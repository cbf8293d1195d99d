//! Where secrets come from that are not written down: a person at the terminal, or the program of a
//! secrets manager.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use super::Secret;

/// Why a secret is not known.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is no terminal to ask at.
    #[error("there is no terminal to ask for a secret at")]
    NoTerminal,
    /// The person ended the question.
    #[error("the question for a secret was not answered")]
    NotAnswered,
    /// The program could not be started.
    #[error("cannot start `{program}`, which knows a secret")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The program failed.
    #[error("`{program}`, which knows a secret, ended with {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
    },
    /// What the program printed is no text.
    #[error("`{program}` printed a secret that is no text in UTF-8")]
    NoText {
        /// The program.
        program: String,
    },
}

impl AskError {
    /// Returns what to do for the secret of this name.
    pub fn hints(&self, name: &str) -> Vec<String> {
        vec![match self {
            Self::NoTerminal | Self::NotAnswered => {
                format!(
                    "set the variable `{name}` in the environment, or give `--secret-file FILE`"
                )
            }
            Self::NotStarted { .. } => "install it, or correct `command`".to_owned(),
            Self::Failed { .. } | Self::NoText { .. } => {
                "run the command yourself to see what it says".to_owned()
            }
        }]
    }
}

/// Asks a person at the terminal of the process. What is typed is not shown.
pub fn ask_person(question: &str) -> Result<Secret, AskError> {
    let mut terminal = fs_err::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(|_| AskError::NoTerminal)?;
    let before = tcgetattr(&terminal).map_err(|_| AskError::NoTerminal)?;
    let _ = terminal.write_all(question.as_bytes());
    tcsetattr(&terminal, OptionalActions::Flush, &silent(&before))
        .map_err(|_| AskError::NoTerminal)?;
    let typed = typed(&mut terminal);
    // The terminal is the user's: it must show again what is typed, whatever came of the question.
    let _ = tcsetattr(&terminal, OptionalActions::Flush, &before);
    let _ = terminal.write_all(b"\n");
    typed.map(Secret::new)
}

/// Asks a person at the terminal of the process for a yes; anything else is a no, and so is no terminal.
pub fn confirm(question: &str) -> bool {
    let terminal = fs_err::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty");
    let Ok(mut terminal) = terminal else {
        return false;
    };
    let _ = terminal.write_all(question.as_bytes());
    let mut answer = String::new();
    let read = BufReader::new(&terminal).read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Every key comes at once, and none as a signal, which would leave the terminal silent.
fn silent(before: &Termios) -> Termios {
    let mut silent = before.clone();
    silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    silent.special_codes[SpecialCodeIndex::VMIN] = 1;
    silent.special_codes[SpecialCodeIndex::VTIME] = 0;
    silent
}

fn typed(keys: &mut dyn Read) -> Result<String, AskError> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    const BACKSPACE: [u8; 2] = [8, 127];
    let mut bytes = Vec::new();
    let mut key = [0];
    loop {
        match keys.read(&mut key) {
            Ok(1) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            _ => return Err(AskError::NotAnswered),
        }
        match key[0] {
            b'\n' | b'\r' => break,
            INTERRUPT => return Err(AskError::NotAnswered),
            END if bytes.is_empty() => return Err(AskError::NotAnswered),
            END => break,
            key if BACKSPACE.contains(&key) => {
                // A character may have several bytes.
                while bytes.pop().is_some_and(|byte: u8| byte & 0xC0 == 0x80) {}
            }
            key => bytes.push(key),
        }
    }
    String::from_utf8(bytes).map_err(|_| AskError::NotAnswered)
}

/// Asks a program, which prints the secret. The line end behind it is not part of it.
pub fn ask_program(command: &[String], folder: &Path) -> Result<Secret, AskError> {
    let (program, arguments) = command.split_first().ok_or_else(|| AskError::NotStarted {
        program: String::new(),
        source: std::io::ErrorKind::NotFound.into(),
    })?;
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| AskError::NotStarted {
            program: program.clone(),
            source,
        })?;
    if !output.status.success() {
        return Err(AskError::Failed {
            program: program.clone(),
            status: output.status.to_string(),
        });
    }
    let text = String::from_utf8(output.stdout).map_err(|_| AskError::NoText {
        program: program.clone(),
    })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_the_secret() {
        for (keys, expected) in [
            (&b"hunter2\nrest"[..], Some("hunter2")),
            (b"hunx\x7fter\xc3\xa4\x082\r", Some("hunter2")),
            (b"abc\x04", Some("abc")),
            (b"\n", Some("")),
            (b"abc\x03", None),
            (b"\x04", None),
            (b"abc", None),
        ] {
            let mut keys = keys;
            assert_eq!(typed(&mut keys).ok().as_deref(), expected);
        }
    }

    #[test]
    fn programs_print_the_secret() {
        let ask = |script: &str| {
            let command = ["sh", "-c", script].map(str::to_owned);
            ask_program(&command, Path::new("/")).map(|secret| secret.expose().to_owned())
        };
        assert_eq!(ask("printf 'a\\nb\\n'").unwrap(), "a\nb");
        assert!(matches!(
            ask("echo x; exit 3"),
            Err(AskError::Failed { .. })
        ));
        let missing = ask_program(&["/nowhere".to_owned()], Path::new("/"));
        assert!(matches!(missing, Err(AskError::NotStarted { .. })));
    }
}
