//! The forms in which a secret turns up in output: itself, its lines, and what programs make of it.
//! The list follows the value encoders of GitHub's runner, and adds what shells and URLs do.

use std::collections::BTreeSet;

use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, PAD};

/// Shorter pieces of a secret stand in every text; masking them would hide nothing and break much.
const SHORTEST_PIECE: usize = 4;
/// Shortest part of a secret at an ampersand that PowerShell prints alone.
const SHORTEST_SECTION: usize = 6;
/// Line lengths of `base64` and of PEM files.
const WRAPS: [usize; 2] = [76, 64];

/// Returns everything that is to be masked for a secret. A blank secret has nothing.
pub(super) fn forms(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    if secret.trim().is_empty() {
        return forms;
    }
    let mut values = vec![secret, secret.trim()];
    values.extend(["\"", "'"].map(|quote| secret.trim().trim_matches(|c| quote.contains(c))));
    let lines = secret.split(['\n', '\r']).map(str::trim);
    values.extend(lines.filter(|line| line.len() >= SHORTEST_PIECE));
    for value in values {
        if !value.is_empty() {
            forms.insert(value.as_bytes().to_vec());
            forms.extend(text_forms(value).into_iter().map(String::into_bytes));
            forms.extend(base64_forms(value.as_bytes()));
        }
    }
    forms.retain(|form| !form.iter().all(u8::is_ascii_whitespace));
    forms
}

fn text_forms(value: &str) -> Vec<String> {
    let mut forms = json_forms(value);
    forms.extend([
        percent(value, "-_.~", false, "%20"),
        percent(value, "-_.~", true, "%20"),
        percent(value, "-_.~/", false, "%20"),
        percent(value, "-_.*", false, "+"),
        percent(value, "-_.!~*'()", false, "%20"),
        escape(value, "&<>", xml_entity),
        escape(value, "&<>\"", xml_entity),
        escape(value, "&<>\"'", xml_entity),
        escape(value, "&<>\"'", |c| {
            if c == '\'' {
                "&#39;".to_owned()
            } else {
                xml_entity(c)
            }
        }),
        escape(value, "&<>\"'", |c| {
            if c == '\'' {
                "&#x27;".to_owned()
            } else {
                xml_entity(c)
            }
        }),
        escape(value, "'", |_| "''".to_owned()),
        escape(value, "\"", |_| "\"\"".to_owned()),
        escape(value, "'", |_| "'\\''".to_owned()),
        escape(value, "'", |_| "'\"'\"'".to_owned()),
        escape(value, "\"", |c| format!("\\{c}")),
        escape(value, "\\\"$`", |c| format!("\\{c}")),
        escape(value, "\\\"$`!", |c| format!("\\{c}")),
        escape(value, " \t|&;<>()$`\\\"'*?[]{}#~=%!^,", |c| {
            format!("\\{c}")
        }),
        escape(value, "\\'\n\t\r", ansi_c),
        escape(value, "`\"$", |c| format!("`{c}")),
        escape(value, "`'\"$&;|<>(){}@# ", |c| format!("`{c}")),
    ]);
    forms.extend(powershell_sections(value));
    forms
}

fn json_forms(value: &str) -> Vec<String> {
    let plain = serde_json::Value::from(value).to_string();
    let plain = plain
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(&plain);
    let mut units = [0; 2];
    let mut codes = |c: char, upper: bool| -> String {
        let code = |unit: &u16| {
            if upper {
                format!("\\u{unit:04X}")
            } else {
                format!("\\u{unit:04x}")
            }
        };
        c.encode_utf16(&mut units).iter().map(code).collect()
    };
    let mut ascii = |upper, also: &str| -> String {
        plain
            .chars()
            .map(|c| {
                if c.is_ascii() && !also.contains(c) {
                    c.to_string()
                } else {
                    codes(c, upper)
                }
            })
            .collect()
    };
    // Python writes all that is not ASCII as codes; .NET and Go also what HTML gives a meaning to.
    let mut forms = vec![
        plain.replace('/', "\\/"),
        ascii(false, ""),
        ascii(true, ""),
        ascii(false, "<>&"),
        ascii(true, "<>&'+"),
    ];
    forms.push(plain.to_owned());
    // JSON within JSON.
    forms.push(plain.replace('\\', "\\\\").replace('"', "\\\""));
    forms
}

/// Writes bytes other than letters, digits and `kept` as percent codes.
fn percent(value: &str, kept: &str, lower: bool, space: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b' ' => text.push_str(space),
            _ if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) => {
                text.push(char::from(byte));
            }
            _ if lower => push_code(&mut text, byte, "0123456789abcdef"),
            _ => push_code(&mut text, byte, "0123456789ABCDEF"),
        }
    }
    text
}

fn push_code(text: &mut String, byte: u8, digits: &str) {
    text.push('%');
    let digits = [byte >> 4, byte & 15].map(|digit| digits.chars().nth(usize::from(digit)));
    text.extend(digits.into_iter().flatten());
}

fn escape(value: &str, special: &str, write: impl Fn(char) -> String) -> String {
    value
        .chars()
        .map(|c| {
            if special.contains(c) {
                write(c)
            } else {
                c.to_string()
            }
        })
        .collect()
}

fn xml_entity(c: char) -> String {
    match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        _ => "&apos;",
    }
    .to_owned()
}

/// Within `$'…'` of bash.
fn ansi_c(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\r' => "\\r".to_owned(),
        c => format!("\\{c}"),
    }
}

/// PowerShell's error messages print what stands before and after an ampersand apart.
fn powershell_sections(value: &str) -> Vec<String> {
    let sections = match value.split_once("&+") {
        // It also leaves out one character there.
        Some((before, after)) => {
            let mut rest = after.chars();
            rest.next();
            vec![format!("{before}&+"), rest.as_str().to_owned()]
        }
        None => match value.rsplit_once('&') {
            Some((before, after)) => vec![format!("{before}&"), after.to_owned()],
            None => Vec::new(),
        },
    };
    sections
        .into_iter()
        .filter(|section| section.len() >= SHORTEST_SECTION)
        .collect()
}

/// Base64 of the value alone, and what is sure of it when it stands within longer bytes, where it may
/// begin at any of three places of a group.
fn base64_forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for alphabet in [&STANDARD, &URL_SAFE] {
        forms.push(encode(alphabet, value, true));
        let alone = encode(alphabet, value, false);
        for width in WRAPS {
            if alone.len() > width {
                let pieces = alone
                    .chunks(width)
                    .filter(|piece| piece.len() >= 2 * SHORTEST_PIECE);
                forms.extend(pieces.map(<[u8]>::to_vec));
            }
        }
        forms.push(alone);
        for shift in 0..3 {
            let mut bytes = vec![0; shift];
            bytes.extend_from_slice(value);
            let text = encode(alphabet, &bytes, false);
            // Characters that the bytes before or after have a part in are not sure.
            let (first, end) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
            let sure = text.get(first..end).unwrap_or_default();
            if sure.len() >= SHORTEST_PIECE {
                forms.push(sure.to_vec());
            }
        }
    }
    forms
}

fn encode(alphabet: &Alphabet, bytes: &[u8], pad: bool) -> Vec<u8> {
    let configuration = if pad { PAD } else { NO_PAD };
    GeneralPurpose::new(alphabet, configuration)
        .encode(bytes)
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(secret: &str, form: &str) -> bool {
        forms(secret).contains(form.as_bytes())
    }

    #[test]
    fn knows_the_encodings() {
        let cases = [
            ("pässword", "p%C3%A4ssword"),
            ("pässword", "p%c3%a4ssword"),
            ("pässword", "p\\u00e4ssword"),
            ("pass word/1", "pass+word%2F1"),
            ("pass word/1", "pass%20word/1"),
            ("a\"b\\c", "a\\\"b\\\\c"),
            ("a\"b\\c", "a\\\"b\\c"),
            ("a\nb", "a\\nb"),
            ("a<b&c", "a&lt;b&amp;c"),
            ("a<b&c", "a\\u003cb\\u0026c"),
            ("it's", "it''s"),
            ("it's", "it'\\''s"),
            ("it's", "it&#39;s"),
            ("a $b", "a\\ \\$b"),
            ("a$b", "a`$b"),
            ("  padded  ", "padded"),
            ("\"quoted\"", "quoted"),
            ("first line\nsecond line", "second line"),
            ("part1&part2&part3x", "part1&part2&"),
            ("part1&part2&part3x", "part3x"),
            ("part1&+spart2", "part1&+"),
            ("hunter22", "aHVudGVyMjI="),
            ("hunter22", "aHVudGVyMjI"),
        ];
        for (secret, form) in cases {
            assert!(holds(secret, form), "{secret:?} as {form:?}");
        }
    }

    #[test]
    fn base64_is_known_at_every_place_in_longer_bytes() {
        let secret = "s3cr3t-v4lue!";
        let known = forms(secret);
        for (before, after) in [
            ("", ""),
            ("a", "bb"),
            ("ab", "c"),
            ("abc", "cd"),
            ("user:", "x"),
        ] {
            let text = encode(
                &STANDARD,
                format!("{before}{secret}{after}").as_bytes(),
                true,
            );
            let covered = known.iter().filter(|form| {
                text.windows(form.len())
                    .any(|window| window == form.as_slice())
            });
            let longest = covered.map(Vec::len).max().unwrap_or_default();
            assert!(
                longest + 4 >= secret.len() * 8 / 6,
                "{before} {after}: {longest}"
            );
        }
    }

    #[test]
    fn blank_secrets_and_short_lines_mask_nothing() {
        assert!(forms("").is_empty());
        assert!(forms(" \n\t").is_empty());
        assert!(!holds("{\n\"key\": \"value\"\n}", "{"));
    }
}
