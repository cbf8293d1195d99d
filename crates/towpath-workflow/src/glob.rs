//! Patterns for names of branches and tags and for paths of files, as filters of events hold them.

/// A pattern: `*` stands for all but `/`, `**` for everything, `?` and `+` repeat the character before
/// them, `[]` is one of several, `\` takes the meaning from what follows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    One(Class),
    Optional(Class),
    Repeated(Class),
    /// `*`.
    Name,
    /// `**`.
    Everything,
    /// `**/` at the start of a name: any folders, also none.
    Folders,
}

#[derive(Debug, Clone, PartialEq)]
enum Class {
    Character(char),
    Set(Vec<(char, char)>),
}

impl Class {
    fn holds(&self, character: char) -> bool {
        match self {
            Self::Character(own) => *own == character,
            Self::Set(ranges) => ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&character)),
        }
    }
}

impl Pattern {
    /// Reads a pattern without its leading `!`; an error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut characters = text.chars().peekable();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut starts_name = true;
        while let Some(character) = characters.next() {
            let piece = match character {
                '*' if characters.next_if_eq(&'*').is_some() => {
                    if starts_name && characters.next_if_eq(&'/').is_some() {
                        pieces.push(Piece::Folders);
                        continue;
                    }
                    Piece::Everything
                }
                '*' => Piece::Name,
                '?' | '+' => quantified(pieces.pop(), character)?,
                '[' => Piece::One(set(&mut characters)?),
                '\\' => Piece::One(Class::Character(
                    characters.next().ok_or("it ends with `\\`")?,
                )),
                _ => Piece::One(Class::Character(character)),
            };
            starts_name = character == '/';
            pieces.push(piece);
        }
        if pieces.is_empty() {
            return Err("it is empty");
        }
        Ok(Self(pieces))
    }

    /// Tells whether the pattern stands for the whole of `name`. Takes time in proportion to the
    /// lengths of both, whatever the pattern.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut here = vec![false; self.0.len() + 1];
        here[0] = true;
        self.skip_optional(&mut here, true);
        for character in name.chars() {
            let mut next = vec![false; self.0.len() + 1];
            for (index, piece) in self.0.iter().enumerate().filter(|(index, _)| here[*index]) {
                let (stays, moves) = match piece {
                    Piece::One(class) | Piece::Optional(class) => (false, class.holds(character)),
                    Piece::Repeated(class) => (class.holds(character), class.holds(character)),
                    Piece::Name => (character != '/', character != '/'),
                    Piece::Everything => (true, true),
                    Piece::Folders => (true, character == '/'),
                };
                next[index] |= stays;
                next[index + 1] |= moves;
            }
            self.skip_optional(&mut next, character == '/');
            here = next;
        }
        here[self.0.len()]
    }

    /// Also reaches what follows pieces that may stand for nothing.
    fn skip_optional(&self, reached: &mut [bool], starts_name: bool) {
        for (index, piece) in self.0.iter().enumerate() {
            let is_optional = match piece {
                Piece::Optional(_) | Piece::Name | Piece::Everything => true,
                Piece::Folders => starts_name,
                Piece::One(_) | Piece::Repeated(_) => false,
            };
            reached[index + 1] |= reached[index] && is_optional;
        }
    }
}

fn quantified(before: Option<Piece>, mark: char) -> Result<Piece, &'static str> {
    match (before, mark) {
        (Some(Piece::One(class)), '?') => Ok(Piece::Optional(class)),
        (Some(Piece::One(class)), _) => Ok(Piece::Repeated(class)),
        (_, '?') => Err("`?` follows no character"),
        _ => Err("`+` follows no character"),
    }
}

fn set(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Class, &'static str> {
    const OPEN: &str = "a `[` is not closed";
    let mut ranges = Vec::new();
    loop {
        let first = match characters.next().ok_or(OPEN)? {
            ']' if ranges.is_empty() => return Err("`[]` holds no character"),
            ']' => return Ok(Class::Set(ranges)),
            '\\' => characters.next().ok_or(OPEN)?,
            first => first,
        };
        let mut ahead = characters.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                *characters = ahead;
                last
            }
            _ => first,
        };
        if last < first {
            return Err("a range in `[]` runs backwards");
        }
        ranges.push((first, last));
    }
}

/// Tells whether a name is meant by a list of patterns: the last that matches decides, and one with a
/// leading `!` excludes. A pattern that is wrong matches nothing.
pub(crate) fn selects(patterns: &[String], name: &str) -> bool {
    let mut is_selected = false;
    for pattern in patterns {
        let (text, selects) = match pattern.strip_prefix('!') {
            Some(text) => (text, false),
            None => (pattern.as_str(), true),
        };
        if is_selected != selects && Pattern::parse(text).is_ok_and(|pattern| pattern.matches(name))
        {
            is_selected = selects;
        }
    }
    is_selected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_github_documents_them() {
        for (pattern, matching, other) in [
            (
                "feature/*",
                &["feature/a", "feature/"][..],
                &["feature/a/b", "feature"][..],
            ),
            ("feature/**", &["feature/a", "feature/a/b"], &["features/a"]),
            ("main", &["main"], &["mains", "main/x"]),
            ("*", &["main", "v1"], &["a/b"]),
            ("**", &["main", "a/b"], &[]),
            ("*feature", &["feature", "my-feature"], &["a/feature"]),
            ("v2*", &["v2", "v2.0"], &["v1"]),
            (
                "v[12].[0-9]+.[0-9]+",
                &["v1.10.1", "v2.0.0"],
                &["v1.0", "v3.0.0", "v1.x.0"],
            ),
            (
                "*.jsx?",
                &["page.js", "page.jsx"],
                &["page.jsxx", "a/page.js"],
            ),
            ("**.js", &["index.js", "src/a.js"], &["a.jsx"]),
            ("docs/*", &["docs/a.md"], &["docs/a/b.md"]),
            (
                "docs/**/*.md",
                &["docs/a.md", "docs/x/y/a.md"],
                &["docs.md"],
            ),
            (
                "**/docs/**",
                &["docs/a", "x/docs/a/b"],
                &["mydocs/a", "docs"],
            ),
            (
                "**/README.md",
                &["README.md", "js/README.md"],
                &["js/MY-README.md"],
            ),
            ("**/*src/**", &["a/src/x", "my-src/code/x"], &["src"]),
            (
                "**/*-post.md",
                &["my-post.md", "path/their-post.md"],
                &["post.md"],
            ),
            ("rel-[0-9a-c]", &["rel-5", "rel-b"], &["rel-d", "rel-12"]),
            ("a\\*b", &["a*b"], &["axb", "ab"]),
            ("[a\\]]x", &["ax", "]x"], &["bx"]),
            ("a?b", &["ab", "b"], &["aab"]),
            ("ä+", &["ä", "ää"], &["", "a"]),
            ("Main", &["Main"], &["main"]),
        ] {
            let parsed = Pattern::parse(pattern).expect(pattern);
            for name in matching {
                assert!(parsed.matches(name), "{pattern} {name}");
            }
            for name in other {
                assert!(!parsed.matches(name), "{pattern} {name}");
            }
        }
    }

    #[test]
    fn wrong_patterns_say_what_is_wrong() {
        for (pattern, expected) in [
            ("", "it is empty"),
            ("a[b", "a `[` is not closed"),
            ("a[]", "`[]` holds no character"),
            ("[z-a]", "a range in `[]` runs backwards"),
            ("+a", "`+` follows no character"),
            ("a**?", "`?` follows no character"),
            ("a\\", "it ends with `\\`"),
        ] {
            assert_eq!(Pattern::parse(pattern), Err(expected), "{pattern}");
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let selects = |patterns: &[&str], name: &str| {
            let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
            selects(&patterns, name)
        };
        assert!(selects(
            &["releases/**", "!releases/**-alpha"],
            "releases/10"
        ));
        assert!(!selects(
            &["releases/**", "!releases/**-alpha"],
            "releases/beta/3-alpha"
        ));
        assert!(selects(&["a*", "!ab*", "abc"], "abc"));
        assert!(!selects(&["!a"], "b"));
    }

    #[test]
    fn long_names_take_no_time() {
        let pattern = Pattern::parse(&"**a*".repeat(50)).expect("it is a pattern");
        assert!(!pattern.matches(&"a/b".repeat(2_000).replace('a', "c")));
    }
}
