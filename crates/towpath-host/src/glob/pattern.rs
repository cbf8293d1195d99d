//! One pattern: where the search for it starts, and what fits it.

use std::path::{Path, PathBuf};

use super::Error;

/// A pattern with an absolute root.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// Whether it takes away what patterns before it gave.
    pub(super) is_negated: bool,
    /// The part before the first wildcard.
    pub(super) search_path: PathBuf,
    /// Whether it fits only folders: it ends with `/`.
    pub(super) is_for_folders: bool,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq)]
enum Segment {
    /// `**`: any number of names.
    Folders,
    Name(Vec<Piece>),
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Character(char),
    Any,
    Many,
    Set {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    pub(super) fn parse(written: &str, root: &Path, home: Option<&Path>) -> Result<Self, Error> {
        let invalid = |reason| Error::Pattern {
            pattern: written.to_owned(),
            reason,
        };
        let mut text = written;
        let mut is_negated = false;
        while let Some(rest) = text.strip_prefix('!') {
            is_negated = !is_negated;
            text = rest.trim();
        }
        if text.is_empty() {
            return Err(invalid("it is empty"));
        }
        let (base, text) = if let Some(rest) = below(text, "~") {
            let home = home.ok_or_else(|| invalid("there is no home folder"))?;
            (Some(home), rest)
        } else if let Some(rest) = below(text, ".") {
            (Some(root), rest)
        } else {
            ((!text.starts_with('/')).then_some(root), text)
        };
        let mut segments: Vec<Segment> = base.map(literal_segments).unwrap_or_default();
        for name in text.split('/').filter(|name| !name.is_empty()) {
            let segment = Segment::parse(name);
            if matches!(segment.literal().as_deref(), Some("." | "..")) {
                return Err(invalid("`.` and `..` are not allowed in it"));
            }
            segments.push(segment);
        }
        let mut search_path = PathBuf::from("/");
        search_path.extend(segments.iter().map_while(Segment::literal));
        Ok(Self {
            is_negated,
            search_path,
            is_for_folders: text.ends_with('/'),
            segments,
        })
    }

    /// Returns whether a path fits; the names of an absolute path are given.
    pub(super) fn fits(&self, names: &[String]) -> bool {
        self.positions(names).contains(&self.segments.len())
    }

    /// Returns whether a path is below what fits.
    pub(super) fn fits_above(&self, names: &[String]) -> bool {
        (0..names.len()).any(|length| self.fits(&names[..length]))
    }

    /// Returns whether something below a path may fit.
    pub(super) fn may_fit_below(&self, names: &[String]) -> bool {
        !self.positions(names).is_empty()
    }

    /// Returns how many segments may be used up by the names, in all the ways there are.
    fn positions(&self, names: &[String]) -> Vec<usize> {
        let mut positions = vec![0];
        self.skip_folders(&mut positions);
        for name in names {
            let mut next = Vec::new();
            for position in positions {
                match self.segments.get(position) {
                    Some(Segment::Folders) => add(&mut next, position),
                    Some(Segment::Name(pieces)) if name_fits(pieces, name) => {
                        add(&mut next, position + 1);
                    }
                    _ => {}
                }
            }
            self.skip_folders(&mut next);
            positions = next;
            if positions.is_empty() {
                break;
            }
        }
        positions
    }

    /// `**` also stands for no name at all.
    fn skip_folders(&self, positions: &mut Vec<usize>) {
        let mut index = 0;
        while let Some(position) = positions.get(index).copied() {
            if self.segments.get(position) == Some(&Segment::Folders) {
                add(positions, position + 1);
            }
            index += 1;
        }
    }
}

fn add(positions: &mut Vec<usize>, position: usize) {
    if !positions.contains(&position) {
        positions.push(position);
    }
}

/// Returns what follows a first segment.
fn below<'a>(text: &'a str, first: &str) -> Option<&'a str> {
    text.strip_prefix(first)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn literal_segments(path: &Path) -> Vec<Segment> {
    names_of(path)
        .iter()
        .map(|name| Segment::Name(name.chars().map(Piece::Character).collect()))
        .collect()
}

/// Returns the names of an absolute path, as patterns see them.
pub(super) fn names_of(path: &Path) -> Vec<String> {
    let names = path.components().filter_map(|part| match part {
        std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    names.collect()
}

impl Segment {
    fn parse(text: &str) -> Self {
        if text == "**" {
            return Self::Folders;
        }
        let characters: Vec<char> = text.chars().collect();
        let mut pieces = Vec::new();
        let mut index = 0;
        while let Some(&character) = characters.get(index) {
            index += 1;
            pieces.push(match character {
                '\\' if index < characters.len() => {
                    index += 1;
                    Piece::Character(characters[index - 1])
                }
                '*' => Piece::Many,
                '?' => Piece::Any,
                '[' => match set(&characters[index..]) {
                    Some((piece, length)) => {
                        index += length;
                        piece
                    }
                    None => Piece::Character('['),
                },
                other => Piece::Character(other),
            });
        }
        Self::Name(pieces)
    }

    /// Returns the one name that fits, if there is only one.
    fn literal(&self) -> Option<String> {
        let Self::Name(pieces) = self else {
            return None;
        };
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Character(character) => Some(*character),
                Piece::Set {
                    is_negated: false,
                    ranges,
                } if ranges.len() == 1 && ranges[0].0 == ranges[0].1 => Some(ranges[0].0),
                _ => None,
            })
            .collect()
    }
}

/// Reads a set after its `[` and returns its length with the `]`; `None` where it is not closed.
fn set(characters: &[char]) -> Option<(Piece, usize)> {
    let is_negated = matches!(characters.first(), Some('!' | '^'));
    let start = usize::from(is_negated);
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut index = start;
    loop {
        let mut character = *characters.get(index)?;
        if character == ']' && index > start {
            return Some((Piece::Set { is_negated, ranges }, index + 1));
        }
        if character == '\\' {
            index += 1;
            character = *characters.get(index)?;
        }
        let last = match (characters.get(index + 1), characters.get(index + 2)) {
            (Some('-'), Some(last)) if *last != ']' => {
                index += 2;
                *last
            }
            _ => character,
        };
        ranges.push((character, last));
        index += 1;
    }
}

fn name_fits(pieces: &[Piece], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // The last `*` that was passed, and how much of the name it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    let (mut piece, mut at) = (0, 0);
    while at < name.len() || piece < pieces.len() {
        let fits = match (pieces.get(piece), name.get(at)) {
            (Some(Piece::Many), _) => {
                star = Some((piece, at));
                piece += 1;
                continue;
            }
            (Some(Piece::Any), Some(_)) => true,
            (Some(Piece::Character(own)), Some(character)) => own == character,
            (Some(Piece::Set { is_negated, ranges }), Some(character)) => {
                let is_in = ranges
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(character));
                is_in != *is_negated
            }
            _ => false,
        };
        if fits {
            piece += 1;
            at += 1;
            continue;
        }
        match &mut star {
            Some((many, taken)) if *taken < name.len() => {
                *taken += 1;
                piece = *many + 1;
                at = *taken;
            }
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text, Path::new("/w"), Some(Path::new("/home/me"))).unwrap()
    }

    #[test]
    fn fits_as_the_toolkit_does() {
        for (text, path, expected) in [
            ("a.txt", "/w/a.txt", true),
            ("./a.txt", "/w/a.txt", true),
            ("*.txt", "/w/a.txt", true),
            ("*.txt", "/w/.txt", true),
            ("*", "/w/.hidden", true),
            ("*.txt", "/w/b/a.txt", false),
            ("**/*.txt", "/w/a.txt", true),
            ("**/*.txt", "/w/b/c/a.txt", true),
            ("**/c/**/*.txt", "/w/b/c/a.txt", true),
            ("a?c", "/w/abc", true),
            ("a?c", "/w/ac", false),
            ("[a-c]x", "/w/bx", true),
            ("[!a-c]x", "/w/bx", false),
            ("[^a-c]x", "/w/dx", true),
            ("[]]", "/w/]", true),
            ("[a", "/w/[a", true),
            ("\\*", "/w/*", true),
            ("\\*", "/w/a", false),
            ("{a,b}", "/w/a", false),
            ("a**b", "/w/axxb", true),
            ("*a*b*", "/w/xaab", true),
            ("/etc/*", "/etc/passwd", true),
            ("~/x", "/home/me/x", true),
            ("~x", "/w/~x", true),
            ("dir/**", "/w/dir", true),
            ("!!a", "/w/a", true),
        ] {
            assert_eq!(
                pattern(text).fits(&names_of(Path::new(path))),
                expected,
                "{text} {path}"
            );
        }
    }

    #[test]
    fn searches_from_before_the_first_wildcard() {
        for (text, expected) in [
            ("a/b*/c", "/w/a"),
            ("**", "/w"),
            ("a/[b]/c", "/w/a/b/c"),
            ("/x/y", "/x/y"),
            ("/*", "/"),
            ("~/.cache/pip", "/home/me/.cache/pip"),
        ] {
            assert_eq!(pattern(text).search_path, Path::new(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_leaves_the_folder() {
        for text in ["../x", "a/./b", "a/../b", "!"] {
            assert!(
                Pattern::parse(text, Path::new("/w"), None).is_err(),
                "{text}"
            );
        }
    }
}
