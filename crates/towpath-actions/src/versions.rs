//! Which versions of an action its built-in form stands for.

/// The versions of one action that are built in.
#[derive(Debug, Clone, Copy)]
pub struct Versions {
    /// First and last major version.
    pub majors: (u32, u32),
    /// Commits with the tags that they are.
    pub pins: &'static [(&'static str, &'static str)],
    /// Branches that stand for the newest version.
    pub branches: &'static [&'static str],
}

impl Versions {
    /// Tells whether a version, the text after `@`, is built in; the error says why not and what is.
    pub fn accept(&self, name: &str, version: &str) -> Result<(), String> {
        let known = self.pins.iter().find(|(commit, _)| *commit == version);
        let tag = known.map_or(version, |(_, tag)| tag);
        if self.branches.contains(&tag) {
            return Ok(());
        }
        if is_commit(tag) {
            return Err(format!(
                "towpath does not know which version of `{name}` the commit `{}` is; write it behind \
                 the commit, such as `# {}`",
                &tag[..12],
                self.newest()
            ));
        }
        match major(tag) {
            Some(major) if (self.majors.0..=self.majors.1).contains(&major) => Ok(()),
            _ => Err(format!(
                "version `{tag}` of `{name}` is not built in; `v{}` to `{}` are",
                self.majors.0,
                self.newest()
            )),
        }
    }

    pub(crate) fn newest(&self) -> String {
        format!("v{}", self.majors.1)
    }
}

/// Returns the major version of a tag such as `v4`, `v4.2.1` or `4.2`; `None` for what is none.
fn major(tag: &str) -> Option<u32> {
    let numbers = tag.strip_prefix('v').unwrap_or(tag);
    let numbers = numbers.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !numbers.split('.').all(is_number) {
        return None;
    }
    numbers.split('.').next()?.parse().ok()
}

/// Returns whether a text is the whole name of a commit.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the version that the comment behind a `uses` tells, such as `v4.2.0` in
/// `uses: actions/checkout@8ade1…  # v4.2.0`; the line that holds the `uses` is given.
pub fn version_comment(line: &str) -> Option<&str> {
    let comment = line.split_once(" #")?.1;
    let words = comment.split(|character: char| {
        character.is_whitespace() || matches!(character, '@' | '=' | ',' | '(' | ')' | ':')
    });
    words.into_iter().find(|word| {
        word.starts_with(|first: char| first == 'v' || first.is_ascii_digit())
            && !is_commit(word)
            && major(word).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_majors_pins_and_named_branches() {
        let versions = Versions {
            majors: (3, 5),
            pins: &[("11bd71901bbe5b1630ceea73d27597364c9af683", "v4.2.2")],
            branches: &["main"],
        };
        let unknown = "a".repeat(40);
        for (version, expected) in [
            ("v3", true),
            ("v4.2.1", true),
            ("5.0", true),
            ("v4-beta", true),
            ("v4.0.0-rc.1", true),
            ("main", true),
            ("11bd71901bbe5b1630ceea73d27597364c9af683", true),
            ("v2", false),
            ("v6", false),
            ("v", false),
            ("develop", false),
            ("v4x", false),
            ("", false),
            (unknown.as_str(), false),
        ] {
            assert_eq!(
                versions.accept("a/b", version).is_ok(),
                expected,
                "{version}"
            );
        }
        let error = versions.accept("a/b", "v9").unwrap_err();
        assert_eq!(
            error,
            "version `v9` of `a/b` is not built in; `v3` to `v5` are"
        );
    }

    #[test]
    fn reads_the_version_behind_a_commit() {
        for (line, expected) in [
            ("- uses: a/b@0123 # v4.2.0", Some("v4.2.0")),
            ("- uses: a/b@0123  #v4", Some("v4")),
            ("- uses: a/b@0123 # tag=v4.1", Some("v4.1")),
            ("- uses: a/b@0123 # ratchet:a/b@v3", Some("v3")),
            ("- uses: a/b@0123 # pin (4.2.0)", Some("4.2.0")),
            ("- uses: a/b@0123 # the newest", None),
            ("- uses: a/b@v1", None),
        ] {
            assert_eq!(version_comment(line), expected, "{line}");
        }
    }
}
