//! The files that a step writes for its runner: `GITHUB_ENV`, `GITHUB_OUTPUT`, `GITHUB_STATE`, `GITHUB_PATH`
//! and `GITHUB_STEP_SUMMARY`.

/// The longest summary of a step.
const LONGEST_SUMMARY: usize = 1 << 20;
/// Would run code in every Node.js process of later steps.
const REFUSED_VARIABLE: &str = "NODE_OPTIONS";
const HEREDOC: &str = "<<";

/// Why a file of a step cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A line is neither `NAME=VALUE` nor `NAME<<DELIMITER`.
    #[error("line {line} is neither `NAME=VALUE` nor `NAME<<DELIMITER`: `{text}`")]
    Format {
        /// From 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// Nothing stands before the sign.
    #[error("line {line} gives no name: `{text}`")]
    NoName {
        /// From 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// Nothing stands behind `<<`.
    #[error("line {line} gives no delimiter: `{text}`")]
    NoDelimiter {
        /// From 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// A value has no end.
    #[error("the value that begins in line {line} has no line `{delimiter}` at its end")]
    NoEnd {
        /// From 1.
        line: usize,
        /// What would end it.
        delimiter: String,
    },
    /// A summary is too long.
    #[error("the summary has {bytes} bytes; at most {LONGEST_SUMMARY} are kept")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl FileError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Format { .. } | Self::NoName { .. } | Self::NoDelimiter { .. } => {
                "a value of several lines is written as `NAME<<DELIMITER`, the lines, and `DELIMITER`"
            }
            Self::NoEnd { .. } => {
                "the delimiter stands alone on its line, without blanks; end the value before it with a newline"
            }
            Self::TooLong { .. } => "write a shorter summary, or upload the text as an artifact",
        }
    }
}

/// Names and values that a step wrote, up to the first mistake: what stands before it counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    /// In the order of the file.
    pub values: Vec<(String, String)>,
    /// What is wrong behind them.
    pub mistake: Option<FileError>,
}

/// What a step wrote to `GITHUB_ENV`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// Names and values in the order of the file.
    pub variables: Vec<(String, String)>,
    /// Names that may not be set; each is told as an error, without failing the step.
    pub refused: Vec<String>,
    /// What is wrong behind them.
    pub mistake: Option<FileError>,
}

/// Reads `GITHUB_ENV`.
pub fn read_environment(file: &[u8]) -> Environment {
    let read = read_variables(file);
    let (refused, variables) = read
        .values
        .into_iter()
        .partition::<Vec<_>, _>(|(name, _)| is_refused_variable(name));
    Environment {
        variables,
        refused: refused.into_iter().map(|(name, _)| name).collect(),
        mistake: read.mistake,
    }
}

/// Reads `GITHUB_OUTPUT` or `GITHUB_STATE`.
pub fn read_variables(file: &[u8]) -> Variables {
    let mut values = Vec::new();
    let mistake = read_up_to_mistake(&decode(file), &mut values).err();
    Variables { values, mistake }
}

fn read_up_to_mistake(text: &str, variables: &mut Vec<(String, String)>) -> Result<(), FileError> {
    let mut lines = (1..).zip(text.split_terminator('\n'));
    while let Some((number, line)) = lines.next() {
        let line_text = || line.to_owned();
        if line.is_empty() {
            continue;
        }
        let heredoc = line.split_once(HEREDOC);
        let (name, value) = match (line.split_once('='), heredoc) {
            (Some((name, value)), None) => (name, value.to_owned()),
            (Some((name, value)), Some((before, _))) if name.len() < before.len() => {
                (name, value.to_owned())
            }
            (_, Some((name, ""))) if !name.is_empty() => {
                return Err(FileError::NoDelimiter {
                    line: number,
                    text: line_text(),
                });
            }
            (_, Some((name, delimiter))) => (name, read_value(&mut lines, number, delimiter)?),
            (None, None) => {
                return Err(FileError::Format {
                    line: number,
                    text: line_text(),
                });
            }
        };
        if name.is_empty() {
            return Err(FileError::NoName {
                line: number,
                text: line_text(),
            });
        }
        variables.push((name.to_owned(), value));
    }
    Ok(())
}

/// Reads `GITHUB_PATH`: the folders in the order of the file.
pub fn read_paths(file: &[u8]) -> Vec<String> {
    let text = decode(file);
    let lines = text.split(['\n', '\r']);
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Adds folders to those that stand in front of `PATH`, the last one first; one that is there already
/// moves.
pub fn add_paths(paths: &mut Vec<String>, added: Vec<String>) {
    for path in added {
        paths.retain(|known| *known != path);
        paths.insert(0, path);
    }
}

/// Reads `GITHUB_STEP_SUMMARY`, not masked yet. An error does not make the step fail.
pub fn read_summary(file: &[u8]) -> Result<String, FileError> {
    if file.len() > LONGEST_SUMMARY {
        return Err(FileError::TooLong { bytes: file.len() });
    }
    Ok(decode(file))
}

/// Returns the variable in which an action finds an input.
pub fn input_variable(input: &str) -> String {
    format!("INPUT_{}", input.replace(' ', "_").to_uppercase())
}

/// Returns whether no step may set this variable for later ones.
pub(super) fn is_refused_variable(name: &str) -> bool {
    name.eq_ignore_ascii_case(REFUSED_VARIABLE)
}

fn read_value<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    begun: usize,
    delimiter: &str,
) -> Result<String, FileError> {
    let mut value: Vec<&str> = Vec::new();
    for (_, line) in lines {
        if line == delimiter {
            return Ok(value.join("\n"));
        }
        value.push(line);
    }
    Err(FileError::NoEnd {
        line: begun,
        delimiter: delimiter.to_owned(),
    })
}

/// Reads the text of a file, as the mark at its beginning says or as UTF-8.
fn decode(file: &[u8]) -> String {
    let units = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| read(*pair))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match file {
        [0xff, 0xfe, text @ ..] => units(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => units(text, u16::from_be_bytes),
        text => {
            let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            String::from_utf8_lossy(text).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(values: Vec<(String, String)>) -> Variables {
        Variables {
            values,
            mistake: None,
        }
    }

    #[test]
    fn reads_variables() {
        let table: [(&str, &[(&str, &str)]); 12] = [
            ("", &[]),
            ("\n\n", &[]),
            ("A=b", &[("A", "b")]),
            ("A=b\n\nC=d=e\n", &[("A", "b"), ("C", "d=e")]),
            ("A=\n", &[("A", "")]),
            ("A= b \n", &[("A", " b ")]),
            ("A=b<<c\n", &[("A", "b<<c")]),
            (
                "A<<E\none\n\ntwo\nE\nB=c",
                &[("A", "one\n\ntwo"), ("B", "c")],
            ),
            ("A<<E\nE\n", &[("A", "")]),
            ("A<<E=F\nE\nE=F\n", &[("A", "E")]),
            ("A<<E\n E\nE \nE\n", &[("A", " E\nE ")]),
            ("A=b\r\n", &[("A", "b\r")]),
        ];
        for (file, expected) in table {
            let expected: Vec<(String, String)> = expected
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(read_variables(file.as_bytes()), whole(expected), "{file:?}");
        }
    }

    #[test]
    fn tells_what_is_wrong_with_a_file() {
        let table = [
            (
                "A=b\nplain",
                "line 2 is neither `NAME=VALUE` nor `NAME<<DELIMITER`: `plain`",
            ),
            ("=b", "line 1 gives no name: `=b`"),
            ("<<E\nE", "line 1 gives no name: `<<E`"),
            ("A<<", "line 1 gives no delimiter: `A<<`"),
            (
                "A<<E\nb\nE ",
                "the value that begins in line 1 has no line `E` at its end",
            ),
            (
                "A<<E\r\nb\r\nE",
                "the value that begins in line 1 has no line `E\r` at its end",
            ),
        ];
        for (file, expected) in table {
            let read = read_variables(file.as_bytes());
            let before = file.starts_with("A=b\n");
            assert_eq!(read.values.len(), usize::from(before), "{file:?}");
            let error = read.mistake.unwrap();
            assert_eq!(error.to_string(), expected, "{file:?}");
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn reads_what_other_systems_write() {
        let table: [&[u8]; 4] = [
            b"A=\xc3\xa4",
            b"\xef\xbb\xbfA=\xc3\xa4",
            b"\xff\xfeA\0=\0\xe4\0",
            b"\xfe\xff\0A\0=\0\xe4",
        ];
        for file in table {
            let expected = vec![("A".to_owned(), "ä".to_owned())];
            assert_eq!(read_variables(file), whole(expected), "{file:?}");
        }
        let expected = vec![("A".to_owned(), "\u{fffd}b".to_owned())];
        assert_eq!(read_variables(b"A=\xffb"), whole(expected));
    }

    #[test]
    fn some_variables_cannot_be_set() {
        let read = read_environment(b"A=b\nNODE_OPTIONS=--require x\nnode_options<<E\nE\n");
        let expected = Environment {
            variables: vec![("A".to_owned(), "b".to_owned())],
            refused: vec!["NODE_OPTIONS".to_owned(), "node_options".to_owned()],
            mistake: None,
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn the_last_path_comes_first() {
        assert_eq!(read_paths(b"/a\n\n/b\r\n /c \n"), ["/a", "/b", " /c "]);
        let mut paths = vec!["/x".to_owned(), "/a".to_owned()];
        add_paths(
            &mut paths,
            vec!["/a".to_owned(), "/b".to_owned(), "/a".to_owned()],
        );
        assert_eq!(paths, ["/a", "/b", "/x"]);
    }

    #[test]
    fn long_summaries_are_refused() {
        assert_eq!(read_summary(b"# Title\n").as_deref(), Ok("# Title\n"));
        assert!(read_summary(&vec![b'x'; LONGEST_SUMMARY]).is_ok());
        let error = read_summary(&vec![b'x'; LONGEST_SUMMARY + 1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the summary has 1048577 bytes; at most 1048576 are kept"
        );
    }

    #[test]
    fn inputs_become_variables() {
        let table = [
            ("python-version", "INPUT_PYTHON-VERSION"),
            ("some input", "INPUT_SOME_INPUT"),
            ("a_b", "INPUT_A_B"),
        ];
        for (input, variable) in table {
            assert_eq!(input_variable(input), variable);
        }
    }
}
