//! Files in the form of dotenv: `NAME=VALUE` lines, quotes, comments. Values are secrets more often than
//! not, so no mistake shows one.

use towpath_report::{Place, Problem};

/// Returns the variables of a file in its order, or what is wrong with it.
pub(super) fn parse(path: &str, text: &str) -> Result<Vec<(String, String)>, Vec<Problem>> {
    let mut variables = Vec::new();
    let mut problems = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let start = line;
        let (read, taken) = entry(rest);
        line += rest[..taken].matches('\n').count();
        rest = &rest[taken..];
        match read {
            Ok(Some(variable)) => variables.push(variable),
            Ok(None) => {}
            Err(what) => problems.push(mistake(path, start, what)),
        }
    }
    if problems.is_empty() {
        Ok(variables)
    } else {
        Err(problems)
    }
}

/// Tells whether a text can be the name of a variable or a secret.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What a line says: a variable, nothing, or a mistake.
type Entry = Result<Option<(String, String)>, &'static str>;

/// Returns what the first line, or the lines of a quoted value, say, and the bytes that they take.
fn entry(text: &str) -> (Entry, usize) {
    let end = text.find('\n').map_or(text.len(), |end| end + 1);
    let line = text[..end].trim();
    if line.is_empty() || line.starts_with('#') {
        return (Ok(None), end);
    }
    let Some(sign) = text[..end].find('=') else {
        return (Err("this line has no `=`"), end);
    };
    let name = text[..sign].trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    if !is_name(name) {
        return (Err("what stands before the `=` is no name"), end);
    }
    let behind = &text[sign + 1..];
    let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    let value_start = sign + 1 + blanks;
    let value = &text[value_start..];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some(quote) = quote else {
        return (
            Ok(Some((name.to_owned(), unquoted(&text[value_start..end])))),
            end,
        );
    };
    let Some((value, taken)) = quoted(&value[1..], quote) else {
        return (Err("the quote is not closed"), text.len());
    };
    let after = value_start + 1 + taken;
    let end = text[after..]
        .find('\n')
        .map_or(text.len(), |end| after + end + 1);
    let trailing = text[after..end].trim();
    if !(trailing.is_empty() || trailing.starts_with('#')) {
        return (Err("something stands behind the closing quote"), end);
    }
    (Ok(Some((name.to_owned(), value))), end)
}

/// A value without quotes ends before a comment, which needs a blank before it.
fn unquoted(value: &str) -> String {
    let comment = [" #", "\t#"]
        .iter()
        .filter_map(|sign| value.find(sign))
        .min();
    value[..comment.unwrap_or(value.len())].trim().to_owned()
}

/// Returns a quoted value and the bytes up to behind its closing quote; none where it is not closed.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        if c == quote {
            return Some((value, at + 1));
        }
        if c != '\\' || quote == '\'' {
            value.push(c);
            continue;
        }
        match characters.next()?.1 {
            'n' => value.push('\n'),
            'r' => value.push('\r'),
            't' => value.push('\t'),
            c @ ('"' | '\\' | '$') => value.push(c),
            c => value.extend(['\\', c]),
        }
    }
    None
}

fn mistake(path: &str, line: usize, what: &str) -> Problem {
    let mut problem = Problem::error(what)
        .with_hint("write one `NAME=VALUE` per line, or start a comment with `#`");
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    problem.place = Some(Place {
        path: path.to_owned(),
        line,
        column: 1,
        end_line: line,
        end_column: 1,
    });
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_value() {
        let text = "\u{feff}# comment\n\nA=1\nexport B = two words  # why\nC='a # $b\\n'\nD=\"x\\ny \\\"q\\\"\" # c\n\
                    E=\nF=a#b=c\r\nKEY=\"-----BEGIN\nabc\n-----END\"\nG=last";
        let read = parse("x.env", text).unwrap();
        let read: Vec<(&str, &str)> = read
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                ("A", "1"),
                ("B", "two words"),
                ("C", "a # $b\\n"),
                ("D", "x\ny \"q\""),
                ("E", ""),
                ("F", "a#b=c"),
                ("KEY", "-----BEGIN\nabc\n-----END"),
                ("G", "last"),
            ]
        );
    }

    #[test]
    fn mistakes_have_a_line_and_show_no_value() {
        let text = "A=1\nhunter2\n1B=hunter2\nC='hunter2' hunter2\nD=\"hunter2\n";
        let problems = parse("x.env", text).unwrap_err();
        let told: Vec<(u32, &str)> = problems
            .iter()
            .map(|problem| {
                (
                    problem.place.as_ref().unwrap().line,
                    problem.message.as_str(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (2, "this line has no `=`"),
                (3, "what stands before the `=` is no name"),
                (4, "something stands behind the closing quote"),
                (5, "the quote is not closed"),
            ]
        );
        assert!(!format!("{problems:?}").contains("hunter2"));
    }
}
