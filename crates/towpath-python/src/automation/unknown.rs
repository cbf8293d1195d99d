//! Text with parts that only a run can know: `py$PYTHON-tests`, `tests-${{ matrix.python }}`.

/// Replaces each unknown part by `*`.
pub(super) fn with_stars(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('$') {
        result.push_str(before);
        result.push('*');
        rest = after_unknown(from);
    }
    result.push_str(rest);
    result
}

/// Returns what follows the unknown part whose `$` has just been passed.
fn after_unknown(text: &str) -> &str {
    for (open, close) in [("{{", "}}"), ("{", "}"), ("(", ")")] {
        if let Some(inner) = text.strip_prefix(open) {
            let end = if open == "(" {
                inner.rfind(close)
            } else {
                inner.find(close)
            };
            return end
                .and_then(|at| inner.get(at + close.len()..))
                .unwrap_or_default();
        }
    }
    text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns whether a name may be what a pattern with `*` means.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| name.strip_prefix(head)) else {
        return false;
    };
    let mut last = "";
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
        last = part;
    }
    rest.is_empty() || last.is_empty() || name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_for_what_is_unknown() {
        for (text, expected) in [
            ("py$PYTHON-tests", "py*-tests"),
            ("tests-${{ matrix.python }}", "tests-*"),
            ("pip${{ a }}${{ b && '-x' || '' }}", "pip**"),
            ("py$(echo $V | tr -d .)-x", "py*-x"),
            ("${X}-mypy,lint", "*-mypy,lint"),
            ("plain", "plain"),
        ] {
            assert_eq!(with_stars(text), expected);
        }
        for (pattern, name, expected) in [
            ("py*-tests", "py311-tests", true),
            ("py*-tests", "py311-mypy", false),
            ("*-mypy", "3.11-mypy", true),
            ("pip**", "piplatest-coverage", true),
            ("a*b", "axbb", true),
            ("a*b", "axbc", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
