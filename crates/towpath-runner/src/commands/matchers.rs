//! Problem matchers: patterns in which actions describe how a tool prints its findings, so that they become
//! annotations.

use std::borrow::Cow;

use regex_lite::{Captures, Regex};
use serde::Deserialize;
use towpath_report::Severity;

use super::annotation::Annotation;

/// Why problem matchers cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// The text is no list of matchers.
    #[error("it is no list of problem matchers: {0}")]
    Form(String),
    /// A matcher is described in a way that makes no sense.
    #[error("the problem matcher `{owner}` {reason}")]
    Matcher {
        /// Its owner; empty where there is none.
        owner: String,
        /// What is wrong, as the rest of a sentence.
        reason: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    problem_matcher: Vec<Described>,
}

#[derive(Debug, Deserialize)]
struct Described {
    #[serde(default)]
    owner: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    pattern: Vec<Pattern>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pattern {
    #[serde(default)]
    regexp: String,
    file: Option<usize>,
    line: Option<usize>,
    column: Option<usize>,
    severity: Option<usize>,
    code: Option<usize>,
    message: Option<usize>,
    from_path: Option<usize>,
    #[serde(default, rename = "loop")]
    is_loop: bool,
}

impl Pattern {
    fn groups(&self) -> [(&'static str, Option<usize>); 7] {
        [
            ("file", self.file),
            ("line", self.line),
            ("column", self.column),
            ("severity", self.severity),
            ("code", self.code),
            ("message", self.message),
            ("fromPath", self.from_path),
        ]
    }
}

/// The problem matchers of a job.
#[derive(Debug, Clone, Default)]
pub struct Matchers(Vec<Matcher>);

#[derive(Debug, Clone)]
struct Matcher {
    owner: String,
    default_severity: String,
    patterns: Vec<(Regex, Pattern)>,
    /// What each pattern but the last has seen.
    seen: Vec<Option<Seen>>,
}

/// What the patterns of a matcher have seen so far, the first that saw something winning.
#[derive(Debug, Clone, Default)]
struct Seen([Option<String>; 7]);

impl Matchers {
    /// Adds the matchers of a file; those of the same owner are replaced.
    pub fn add(&mut self, json: &str) -> Result<(), MatcherError> {
        let described = read(json)?;
        let mut added: Vec<Matcher> = Vec::new();
        for matcher in described {
            let owner = matcher.owner.clone();
            let refuse = |reason: String| MatcherError::Matcher {
                owner: owner.clone(),
                reason,
            };
            if added.iter().any(|known| is_same(&known.owner, &owner)) {
                return Err(refuse("is there twice".to_owned()));
            }
            added.push(Matcher::new(matcher).map_err(refuse)?);
        }
        // The newest one is asked first.
        for matcher in added {
            self.remove(&matcher.owner);
            self.0.insert(0, matcher);
        }
        Ok(())
    }

    /// Adds those whose owner has none here.
    pub(crate) fn add_missing(&mut self, others: Self) {
        let is_missing =
            |other: &Matcher| !self.0.iter().any(|own| is_same(&own.owner, &other.owner));
        let missing: Vec<Matcher> = others.0.into_iter().filter(is_missing).collect();
        self.0.splice(0..0, missing);
    }

    /// Takes away the matchers of an owner.
    pub fn remove(&mut self, owner: &str) {
        self.0.retain(|matcher| !is_same(&matcher.owner, owner));
    }

    /// Takes away the matchers of all owners in a file.
    pub fn remove_all_of(&mut self, json: &str) -> Result<(), MatcherError> {
        for matcher in read(json)? {
            self.remove(&matcher.owner);
        }
        Ok(())
    }

    /// Looks at a line and returns the problem that it completes. Its file may not exist.
    pub fn line(&mut self, line: &str) -> Option<Annotation> {
        if self.0.is_empty() {
            return None;
        }
        let line = without_colour(line);
        for index in 0..self.0.len() {
            let seen = self
                .0
                .get_mut(index)
                .and_then(|matcher| matcher.line(&line));
            let Some((seen, default_severity)) = seen else {
                continue;
            };
            for (other, matcher) in self.0.iter_mut().enumerate() {
                if other != index {
                    matcher.reset();
                }
            }
            if let Some(annotation) = seen.annotation(&default_severity) {
                return Some(annotation);
            }
        }
        None
    }

    /// Forgets what was seen so far.
    pub(super) fn reset(&mut self) {
        self.0.iter_mut().for_each(Matcher::reset);
    }
}

fn read(json: &str) -> Result<Vec<Described>, MatcherError> {
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let file: File =
        serde_json::from_str(json).map_err(|error| MatcherError::Form(error.to_string()))?;
    Ok(file.problem_matcher)
}

fn is_same(owner: &str, other: &str) -> bool {
    owner.to_lowercase() == other.to_lowercase()
}

/// Returns a line without the codes that colour it.
pub(super) fn without_colour(line: &str) -> Cow<'_, str> {
    const CODE: &str = "\x1b[";
    if !line.contains(CODE) {
        return line.into();
    }
    let mut parts = line.split(CODE);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        plain.push_str(rest.strip_prefix('m').unwrap_or(rest));
    }
    plain.into()
}

impl Matcher {
    fn new(described: Described) -> Result<Self, String> {
        let severity = described.severity.to_lowercase();
        if described.owner.is_empty() {
            return Err("has no owner".to_owned());
        }
        if !["", "error", "warning", "notice"].contains(&severity.as_str()) {
            return Err(format!("has the unknown severity `{}`", described.severity));
        }
        let patterns = compile(described.pattern)?;
        Ok(Self {
            owner: described.owner,
            default_severity: severity,
            seen: vec![None; patterns.len().saturating_sub(1)],
            patterns,
        })
    }

    fn reset(&mut self) {
        self.seen.fill(None);
    }

    /// Looks at a line from the last pattern to the first, so that one line serves one pattern of a run.
    fn line(&mut self, line: &str) -> Option<(Seen, String)> {
        let last = self.patterns.len() - 1;
        for index in (0..=last).rev() {
            let before = match index.checked_sub(1) {
                Some(previous) => match self.seen.get(previous) {
                    Some(Some(seen)) => seen.clone(),
                    _ => continue,
                },
                None => Seen::default(),
            };
            let (regex, pattern) = self.patterns.get(index)?;
            let seen = regex
                .captures(line)
                .map(|found| before.clone().and(pattern, &found));
            if index < last {
                if let Some(place) = self.seen.get_mut(index) {
                    *place = seen;
                }
                continue;
            }
            let goes_on = seen.is_some() && pattern.is_loop;
            if seen.is_some() {
                self.reset();
            }
            if let Some(previous) = last
                .checked_sub(1)
                .and_then(|previous| self.seen.get_mut(previous))
            {
                *previous = goes_on.then_some(before);
            }
            if let Some(seen) = seen {
                return Some((seen, self.default_severity.clone()));
            }
        }
        None
    }
}

fn compile(patterns: Vec<Pattern>) -> Result<Vec<(Regex, Pattern)>, String> {
    let last = patterns.len().checked_sub(1).ok_or("has no pattern")?;
    let mut known: Vec<&str> = Vec::new();
    let mut compiled = Vec::new();
    for (index, pattern) in patterns.into_iter().enumerate() {
        if pattern.is_loop && (index == 0 || index < last) {
            return Err("has a `loop` in another pattern than the last of several".to_owned());
        }
        if pattern.is_loop && pattern.message.is_none() {
            return Err("has a `loop` without a `message`".to_owned());
        }
        let regex = Regex::new(&pattern.regexp).map_err(|error| {
            format!(
                "has a pattern that cannot be read, `{}`: {error}",
                pattern.regexp
            )
        })?;
        for (name, group) in pattern.groups() {
            let Some(group) = group else { continue };
            if known.contains(&name) {
                return Err(format!("sets `{name}` twice"));
            }
            if group >= regex.captures_len() {
                return Err(format!(
                    "sets `{name}` to the group {group}, which its pattern does not have"
                ));
            }
            known.push(name);
        }
        compiled.push((regex, pattern));
    }
    if !known.contains(&"message") {
        return Err("sets no `message`".to_owned());
    }
    Ok(compiled)
}

impl Seen {
    fn and(mut self, pattern: &Pattern, found: &Captures<'_>) -> Self {
        for (place, (_, group)) in self.0.iter_mut().zip(pattern.groups()) {
            let text = |group| {
                found
                    .get(group)
                    .map_or("", |found| found.as_str())
                    .to_owned()
            };
            *place = place.take().or_else(|| group.map(text));
        }
        self
    }

    fn annotation(self, default_severity: &str) -> Option<Annotation> {
        let [file, line, column, severity, code, message, from_path] = self
            .0
            .map(|text| text.filter(|text| !text.trim().is_empty()));
        let severity = severity
            .unwrap_or_else(|| default_severity.to_owned())
            .to_lowercase();
        let level = match severity.as_str() {
            "" | "error" => Severity::Error,
            "warning" => Severity::Warning,
            "notice" => Severity::Note,
            _ => return None,
        };
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let file =
            file.map(
                |file| match from_path.as_deref().and_then(|path| path.rsplit_once('/')) {
                    Some((folder, _)) if !file.starts_with('/') => format!("{folder}/{file}"),
                    _ => file,
                },
            );
        Some(Annotation {
            file,
            line: number(line),
            column: number(column),
            title: code.map(|code| code.trim().to_owned()),
            ..Annotation::new(level, message?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ESLINT: &str = r#"{"problemMatcher": [{"owner": "eslint-stylish", "pattern": [
        {"regexp": "^([^\\s].*)$", "file": 1},
        {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning|info)\\s+(.*)\\s\\s+(.*)$",
         "line": 1, "column": 2, "severity": 3, "message": 4, "code": 5, "loop": true}]}]}"#;
    const PYTHON: &str = r#"{"problemMatcher": [{"owner": "python", "pattern": [
        {"regexp": "^\\s*File\\s\\\"(.*)\\\",\\sline\\s(\\d+),\\sin\\s(.*)$", "file": 1, "line": 2},
        {"regexp": "^\\s*raise\\s(.*)\\(\\'(.*)\\'\\)$", "message": 2}]}]}"#;
    const SINGLE: &str = r#"{"problemMatcher": [{"owner": "single", "severity": "warning", "pattern": [
        {"regexp": "^(.+):(\\d+): (.+) \\((.+)\\)$", "file": 1, "line": 2, "message": 3, "fromPath": 4}]}]}"#;

    fn see(matchers: &mut Matchers, lines: &[&str]) -> Vec<String> {
        let seen = lines.iter().filter_map(|line| matchers.line(line));
        seen.map(|seen| {
            let number =
                |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
            format!(
                "{}:{}:{} {:?} {} [{}]",
                seen.file.unwrap_or_default(),
                number(seen.line),
                number(seen.column),
                seen.level,
                seen.message,
                seen.title.unwrap_or_default(),
            )
        })
        .collect()
    }

    fn matchers(json: &str) -> Matchers {
        let mut matchers = Matchers::default();
        matchers.add(json).unwrap();
        matchers
    }

    #[test]
    fn sees_problems_on_several_lines() {
        let lines = [
            "test.js",
            "  1:0   error  Missing \"use strict\"  strict",
            "\x1b[33m  5:10  \x1b[0mwarning  'addOne' is defined  no-unused-vars",
            "  6:1   info  nothing  none",
            "",
            "  7:1   error  no file any more  rule",
            "foo.js",
            "  2:3  error  Bad thing  bad",
        ];
        assert_eq!(
            see(&mut matchers(ESLINT), &lines),
            [
                "test.js:1:0 Error Missing \"use strict\" [strict]",
                "test.js:5:10 Warning 'addOne' is defined [no-unused-vars]",
                "foo.js:2:3 Error Bad thing [bad]",
            ]
        );
        let lines = [
            "Traceback (most recent call last):",
            "  File \"main.py\", line 13, in <module>",
            "  File \"main.py\", line 11, in main",
            "    raise Exception('nope')",
        ];
        assert_eq!(
            see(&mut matchers(PYTHON), &lines),
            ["main.py:11:- Error nope []"]
        );
    }

    #[test]
    fn sees_problems_on_one_line() {
        let lines = [
            "a.c:3: odd (src/project.x)",
            "/a.c:3: odd (src/project.x)",
            "a.c:3: odd",
        ];
        assert_eq!(
            see(&mut matchers(SINGLE), &lines),
            ["src/a.c:3:- Warning odd []", "/a.c:3:- Warning odd []"]
        );
    }

    #[test]
    fn owners_replace_and_remove_their_matchers() {
        let line = ["a.c:3: odd (x)"];
        let mut matchers = matchers(SINGLE);
        matchers
            .add(
                &SINGLE
                    .replace("warning", "notice")
                    .replace("single", "SINGLE"),
            )
            .unwrap();
        assert_eq!(see(&mut matchers, &line), ["a.c:3:- Note odd []"]);
        matchers.add(ESLINT).unwrap();
        matchers.remove("Single");
        assert_eq!(see(&mut matchers, &line), [""; 0]);
        matchers.add(SINGLE).unwrap();
        matchers.remove_all_of(SINGLE).unwrap();
        assert_eq!(see(&mut matchers, &line), [""; 0]);
    }

    #[test]
    fn refuses_matchers_that_make_no_sense() {
        let table = [
            (
                r#"{"owner": "", "pattern": []}"#,
                "the problem matcher `` has no owner",
            ),
            (
                r#"{"owner": "x", "pattern": []}"#,
                "the problem matcher `x` has no pattern",
            ),
            (
                r#"{"owner": "x", "severity": "bad", "pattern": [{"regexp": "(.)", "message": 1}]}"#,
                "the problem matcher `x` has the unknown severity `bad`",
            ),
            (
                r#"{"owner": "x", "pattern": [{"regexp": "(.)", "file": 1}]}"#,
                "the problem matcher `x` sets no `message`",
            ),
            (
                r#"{"owner": "x", "pattern": [{"regexp": "(.)", "message": 2}]}"#,
                "the problem matcher `x` sets `message` to the group 2, which its pattern does not have",
            ),
            (
                r#"{"owner": "x", "pattern": [{"regexp": "(.)", "message": 1, "loop": true}]}"#,
                "the problem matcher `x` has a `loop` in another pattern than the last of several",
            ),
            (
                r#"{"owner": "x", "pattern": [{"regexp": "(.)", "message": 1}, {"regexp": "(.)", "message": 1}]}"#,
                "the problem matcher `x` sets `message` twice",
            ),
        ];
        for (matcher, expected) in table {
            let json = format!(r#"{{"problemMatcher": [{matcher}]}}"#);
            let error = Matchers::default().add(&json).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        assert!(matches!(
            Matchers::default().add("5"),
            Err(MatcherError::Form(_))
        ));
        assert!(Matchers::default().add("{}").is_ok());
    }
}
