use std::collections::BTreeMap;

use super::{Shell, read, words};

/// Commands as lines: folder in front, `?` behind what cannot fail.
fn lines(text: &str, errexit: bool) -> Vec<String> {
    let shell = Shell {
        errexit,
        pipefail: false,
        variables: BTreeMap::new(),
    };
    let line = |command: super::Command| {
        let folder = if command.folder.is_empty() {
            String::new()
        } else {
            format!("{}: ", command.folder)
        };
        let pairs: Vec<String> = command
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value} "))
            .collect();
        let environment = pairs.concat();
        let mark = if command.can_fail { "" } else { " ?" };
        format!("{folder}{environment}{}{mark}", command.words.join("|"))
    };
    read(text, &shell).commands.into_iter().map(line).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(lines(text, true), expected, "{text}");
}

#[test]
fn splits_words() {
    check("a 'b c' \"d e\" f\\ g", &["a|b c|d e|f g"]);
    check("a # b\n#c\nd#e", &["a", "d#e"]);
    check("a \\\n  b", &["a|b"]);
    check("a;b\nc", &["a", "b", "c"]);
    check("a > out 2>&1 < in b", &["a|b"]);
    check(
        "a ${{ matrix.x }} \"${{ github.event['a b'] }}\"",
        &["a|${{ matrix.x }}|${{ github.event['a b'] }}"],
    );
    check("cat <<EOF > f\npytest\nEOF\nruff", &["cat", "ruff"]);
    check("cat <<-'EOF'\n\tpytest\n\tEOF\nruff", &["cat", "ruff"]);
    check("a src/{b,c}.py", &["a|src/b.py|src/c.py"]);
    check("a '' \"\"", &["a||"]);
    check("a 'open", &["a|open"]);
}

#[test]
fn expands_what_is_known() {
    check("X='a b'; run $X \"$X\" $Y ${Y:-d}", &["run|a|b|a b|$Y|d"]);
    check("export A=1\nB=2 run", &["A=1 B=2 run"]);
    check("for t in a b; do run $t; done", &["run|a", "run|b"]);
    check("for f in *.py; do run $f; done", &["run|$f"]);
    check(
        "run py$(echo 3.12 | tr -d .) $(git ls-files)",
        &["run|py312|$(git ls-files)"],
    );
    check("run \"$@\" $1", &["run|$1"]);
    check("f() { run $1; }\nf x", &["run|x"]);
    check(
        "cd docs && make html\ncd ..\nrun",
        &["docs: make|html", "docs/..: run"],
    );
    check("(cd docs; run)\nrun", &["docs: run", "run"]);
    check("pushd a; run; popd; run", &["a: run", "run"]);
}

#[test]
fn knows_whose_failure_counts() {
    check("a || true", &["a ?"]);
    check("a || exit 0", &["a ?"]);
    check("a || exit 1", &["a"]);
    check("a || :\nb", &["a ?", "b"]);
    check("a || echo failed", &["a ?"]);
    check("a || { echo failed; exit 1; }", &["a"]);
    check("a || (echo failed && exit 1)", &["a"]);
    check("(a || exit 1) || true", &["a ?"]);
    check("a || b", &["a", "b"]);
    check("a && b", &["a", "b"]);
    check("a && b\nc", &["a ?", "b", "c"]);
    check("a && b || true", &["a ?", "b ?"]);
    check("a | tee log", &["a ?", "tee|log"]);
    check("set -o pipefail\na | tee log", &["a", "tee|log"]);
    check("set +e\na\nb", &["a ?", "b"]);
    check("a &\nb", &["a ?", "b"]);
    check("if a; then b; else c; fi", &["a ?", "b", "c"]);
    check("if ! a; then echo no; exit 1; fi", &["a"]);
    check("while a; do b; done", &["a ?", "b"]);
    check("case $X in y) a;; *) b;; esac", &["a", "b"]);
    check("[[ -n $X && $Y == z ]] && a", &["a"]);
    check("a || status=1\nexit $status", &["a"]);
}

#[test]
fn only_the_last_counts_without_errexit() {
    assert_eq!(lines("a\nb", false), ["a ?", "b"]);
    assert_eq!(lines("set -e\na\nb", false), ["a", "b"]);
    assert_eq!(lines("set -euo pipefail\na | b\nc", false), ["a", "b", "c"]);
    assert_eq!(lines("a; r=$?\nb\nexit $r", false), ["a", "b"]);
}

#[test]
fn notes_lines_and_variables_for_later_steps() {
    let shell = Shell {
        errexit: true,
        pipefail: false,
        variables: BTreeMap::from([("V".to_owned(), "3.12".to_owned())]),
    };
    let script = read(
        "a\n\nb \\\n c\nd\necho \"X=py$(echo $V | tr -d .)\" >> \"$GITHUB_ENV\"\necho Y=1 >> $OTHER",
        &shell,
    );
    let numbers: Vec<u32> = script.commands.iter().map(|command| command.line).collect();
    assert_eq!(numbers, [0, 2, 4]);
    assert_eq!(
        script.exported,
        BTreeMap::from([("X".to_owned(), "py312".to_owned())])
    );
}

#[test]
fn survives_nonsense() {
    for text in [
        "if",
        "for",
        "case x in",
        "((((",
        "}",
        "a && ",
        "| |",
        "f() {",
        "$(",
        "`",
        "${",
        "<<",
        "done",
        "[[",
    ] {
        let _ = lines(text, true);
    }
    let deep = "(".repeat(5_000);
    let _ = lines(&deep, true);
}

#[test]
fn splits_a_line_without_a_shell() {
    assert_eq!(
        words("a 'b c' \"d\\\"e\" f\\ g>=1 && # h"),
        ["a", "b c", "d\"e", "f g>=1", "&&"]
    );
    assert_eq!(words("a ''"), ["a", ""]);
}
