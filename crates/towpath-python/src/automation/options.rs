//! Options and operands of a command line, by a list of the options that take a value.
//! Knows no program.

/// A command line taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Options with their values; a flag has an empty value.
    pub(super) given: Vec<(String, String)>,
    /// What is no option.
    pub(super) operands: Vec<String>,
    /// What follows `--`.
    pub(super) after: Vec<String>,
}

impl Options {
    /// Returns the values of an option under any of its names, in order.
    pub(super) fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.given
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the last value of an option.
    pub(super) fn value<'a>(&'a self, names: &'a [&str]) -> Option<&'a str> {
        self.values(names).last()
    }

    /// Returns whether a flag or option is given.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.given
            .iter()
            .any(|(name, _)| names.contains(&name.as_str()))
    }

    /// Returns the values of an option that takes lists, `a,b` or `a b`.
    pub(super) fn lists(&self, names: &[&str]) -> Vec<String> {
        self.values(names)
            .flat_map(|value| value.split([',', ' ']))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// Reads options wherever they stand.
pub(super) fn all(words: &[String], valued: &[&str]) -> Options {
    read(words, valued, false)
}

/// Reads options up to the first operand; it and all that follows are operands, for programs that
/// run another.
pub(super) fn leading(words: &[String], valued: &[&str]) -> Options {
    let mut options = read(words, valued, true);
    options.operands.append(&mut options.after);
    options
}

fn read(words: &[String], valued: &[&str], stops: bool) -> Options {
    let mut read = Options::default();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            read.after.extend(rest.cloned());
            return read;
        }
        if !word.starts_with('-') || word == "-" {
            read.operands.push(word.clone());
            if stops {
                read.operands.extend(rest.cloned());
                return read;
            }
            continue;
        }
        if valued.contains(&word.as_str()) {
            read.given
                .push((word.clone(), rest.next().cloned().unwrap_or_default()));
        } else if let Some((name, value)) = word.split_once('=').filter(|_| word.starts_with("--"))
        {
            read.given.push((name.to_owned(), value.to_owned()));
        } else if let Some((name, value)) = attached(word, valued) {
            read.given.push((name, value));
        } else {
            read.given.push((word.clone(), String::new()));
        }
    }
    read
}

/// Splits `-p3.12` into `-p` and `3.12`.
fn attached(word: &str, valued: &[&str]) -> Option<(String, String)> {
    if word.starts_with("--") {
        return None;
    }
    let (name, value) = word.split_at_checked(2)?;
    (!value.is_empty() && valued.contains(&name))
        .then(|| (name.to_owned(), value.trim_start_matches('=').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn takes_options_apart() {
        let read = all(
            &words("run -p3.12 --with=a --with b -x file -- -y"),
            &["-p", "--with"],
        );
        assert_eq!(read.value(&["-p"]), Some("3.12"));
        assert_eq!(read.values(&["--with"]).collect::<Vec<_>>(), ["a", "b"]);
        assert!(read.has(&["-x"]));
        assert_eq!(read.operands, ["run", "file"]);
        assert_eq!(read.after, ["-y"]);
    }

    #[test]
    fn leaves_the_options_of_the_inner_command() {
        let read = leading(&words("--group a pytest -x --group b"), &["--group"]);
        assert_eq!(read.operands, words("pytest -x --group b"));
        assert_eq!(read.lists(&["--group"]), ["a"]);
    }
}
