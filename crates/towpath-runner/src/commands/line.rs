//! Reads a command out of one line of output. Two forms are known: `::NAME KEY=VALUE,KEY=VALUE::DATA` at the
//! beginning of the line, and the older `##[NAME KEY=VALUE;KEY=VALUE]DATA` anywhere in it.

use std::collections::BTreeMap;

/// A command as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// In lower case.
    pub(super) name: String,
    /// By name in lower case.
    pub(super) properties: BTreeMap<String, String>,
    pub(super) data: String,
}

/// How one of the two forms is written.
struct Form {
    separator: char,
    property_codes: &'static [(&'static str, char)],
    data_codes: &'static [(&'static str, char)],
}

const MARK: &str = "::";
const FORM: Form = Form {
    separator: ',',
    property_codes: &[
        ("%0D", '\r'),
        ("%0A", '\n'),
        ("%3A", ':'),
        ("%2C", ','),
        ("%25", '%'),
    ],
    data_codes: &[("%0D", '\r'), ("%0A", '\n'), ("%25", '%')],
};
const OLD_MARK: &str = "##[";
const OLD_CODES: &[(&str, char)] = &[
    ("%3B", ';'),
    ("%0D", '\r'),
    ("%0A", '\n'),
    ("%5D", ']'),
    ("%25", '%'),
];
const OLD_FORM: Form = Form {
    separator: ';',
    property_codes: OLD_CODES,
    data_codes: OLD_CODES,
};

/// Reads a command whose name, compared in lower case, is known.
pub(super) fn read(line: &str, is_known: &dyn Fn(&str) -> bool) -> Option<Written> {
    read_new(line, is_known).or_else(|| read_old(line, is_known))
}

fn read_new(line: &str, is_known: &dyn Fn(&str) -> bool) -> Option<Written> {
    let (head, data) = line.trim_start().strip_prefix(MARK)?.split_once(MARK)?;
    written(head, data, is_known, &FORM)
}

fn read_old(line: &str, is_known: &dyn Fn(&str) -> bool) -> Option<Written> {
    let (_, rest) = line.split_once(OLD_MARK)?;
    let (head, data) = rest.split_once(']')?;
    written(head, data, is_known, &OLD_FORM)
}

fn written(
    head: &str,
    data: &str,
    is_known: &dyn Fn(&str) -> bool,
    form: &Form,
) -> Option<Written> {
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let name = name.to_lowercase();
    if !is_known(&name) {
        return None;
    }
    // A property without a value is none.
    let properties = properties
        .trim()
        .split(form.separator)
        .filter_map(|property| property.split_once('='))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
        .map(|(key, value)| (key.to_lowercase(), decode(value, form.property_codes)))
        .collect();
    Some(Written {
        name,
        properties,
        data: decode(data, form.data_codes),
    })
}

fn decode(text: &str, codes: &[(&str, char)]) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        decoded.push_str(before);
        let code = codes.iter().find(|(code, _)| from.starts_with(code));
        let (character, length) =
            code.map_or(('%', 1), |(code, character)| (*character, code.len()));
        decoded.push(character);
        rest = from.get(length..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_commands() {
        // Line; name, properties as `key=value` each on a line, data.
        let table = [
            ("::error::m", Some(("error", "", "m"))),
            ("  \t::Error::m", Some(("error", "", "m"))),
            (
                "::error file=a.py,line=3::m",
                Some(("error", "file=a.py|line=3", "m")),
            ),
            ("::error FILE=a.py::m", Some(("error", "file=a.py", "m"))),
            (
                "::error file=a.py, line=3::m",
                Some(("error", " line=3|file=a.py", "m")),
            ),
            ("::error file=,line::m", Some(("error", "", "m"))),
            ("::error file=a=b::m", Some(("error", "file=a=b", "m"))),
            (
                "::error file=a%3Ab%2Cc%25d%0A::m%3An%0Ao%25p%250A",
                Some(("error", "file=a:b,c%d\n", "m%3An\no%p%0A")),
            ),
            ("::error::a::b", Some(("error", "", "a::b"))),
            ("::error::", Some(("error", "", ""))),
            ("##[error]m", Some(("error", "", "m"))),
            (
                "before ##[error file=a;line=3]m%5D",
                Some(("error", "file=a|line=3", "m]")),
            ),
            ("text ::error::m", None),
            ("::error", None),
            ("::error m", None),
            ("::unknown::m", None),
            (":: error::m", None),
            ("##[error m", None),
            ("", None),
        ];
        for (line, expected) in table {
            let found = read(line, &|name| name == "error").map(|written| {
                let properties: Vec<String> = written
                    .properties
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                (written.name, properties.join("|"), written.data)
            });
            let expected = expected.map(|(name, properties, data)| {
                (name.to_owned(), properties.to_owned(), data.to_owned())
            });
            assert_eq!(found, expected, "{line}");
        }
    }
}
