//! Coverage as pages: an index and one page for each file with its lines coloured.

use std::collections::{BTreeMap, BTreeSet};

use crate::text::escaped;
use crate::{Coverage, FileCoverage, percent_covered};

const CSS: &str = include_str!("coverage.css");
const LINE: usize = 10_000;
/// Longer files are cut: their page would not open.
const LINES: usize = 50_000;

/// Returns the pages by file name; `index.html` is the first to open. `sources` holds the text of the
/// files by path; a file that it lacks has its numbers and no lines.
pub fn write(
    title: &str,
    coverage: &Coverage,
    sources: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut rows = Vec::new();
    for (path, file) in &coverage.files {
        let name = page_name(path, &pages);
        rows.push(row(path, &name, file, coverage.branches));
        pages.insert(
            name,
            file_page(title, path, file, sources.get(path).map(String::as_str)),
        );
    }
    let branches = if coverage.branches {
        "<th>branches</th><th>missed</th>"
    } else {
        ""
    };
    let body = format!(
        "<h1>{} <b>{:.1} %</b></h1>\n<table>\n<thead><tr><th>file</th><th>lines</th><th>missed</th>{branches}<th>covered</th></tr></thead>\n<tbody>\n{}\n</tbody>\n</table>",
        escaped(title, LINE),
        coverage.percent(),
        rows.join("\n")
    );
    pages.insert("index.html".to_owned(), page(title, &body));
    pages
}

/// Returns a flat name that no other page has: `src_pkg_a_py.html`.
fn page_name(path: &str, taken: &BTreeMap<String, String>) -> String {
    let stem: String = path
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let stem: String = stem
        .chars()
        .rev()
        .take(180)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let mut name = format!("{stem}.html");
    let mut count = 2;
    while taken.contains_key(&name) || name == "index.html" {
        name = format!("{stem}-{count}.html");
        count += 1;
    }
    name
}

fn percent(file: &FileCoverage) -> f64 {
    let hit = file.executed.len() + file.executed_branches.len();
    percent_covered(hit, hit + file.missing.len() + file.missing_branches.len())
}

fn row(path: &str, name: &str, file: &FileCoverage, has_branches: bool) -> String {
    let branches = if has_branches {
        let all = file.executed_branches.len() + file.missing_branches.len();
        format!("<td>{all}</td><td>{}</td>", file.missing_branches.len())
    } else {
        String::new()
    };
    format!(
        "<tr><td><a href=\"{name}\">{}</a></td><td>{}</td><td>{}</td>{branches}<td>{:.0} %</td></tr>",
        escaped(path, LINE),
        file.executed.len() + file.missing.len(),
        file.missing.len(),
        percent(file).floor()
    )
}

fn file_page(title: &str, path: &str, file: &FileCoverage, source: Option<&str>) -> String {
    let head = format!(
        "<p><a href=\"index.html\">{}</a></p>\n<h1>{} <b>{:.1} %</b></h1>\n<p class=\"key\"><span class=\"hit\">ran</span> <span class=\"miss\">did not run</span> <span class=\"part\">ran, a branch was not taken</span></p>",
        escaped(title, LINE),
        escaped(path, LINE),
        percent(file)
    );
    let Some(source) = source else {
        return page(
            path,
            &format!(
                "{head}\n<p>The source is not at hand. Lines that did not run: {}</p>",
                listed(&file.missing)
            ),
        );
    };
    let executed: BTreeSet<u32> = file.executed.iter().copied().collect();
    let missing: BTreeSet<u32> = file.missing.iter().copied().collect();
    let mut partial: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (from, to) in &file.missing_branches {
        let words = if *to <= 0 {
            "the end".to_owned()
        } else {
            format!("line {to}")
        };
        partial.entry(from.unsigned_abs()).or_default().push(words);
    }
    let lines: Vec<String> = source
        .lines()
        .zip(1_u32..)
        .take(LINES)
        .map(|(line, number)| {
            let missed = partial.get(&number).filter(|_| executed.contains(&number));
            let (class, note) = match missed {
                Some(targets) => ("part", format!("<i>did not jump to {}</i>", targets.join(", "))),
                None if missing.contains(&number) => ("miss", String::new()),
                None if executed.contains(&number) => ("hit", String::new()),
                None => ("", String::new()),
            };
            let word = match class {
                "miss" => "<span class=\"sr\">did not run </span>",
                _ => "",
            };
            format!("<li id=\"L{number}\" class=\"{class}\"><a href=\"#L{number}\">{number}</a>{word}<code>{}</code>{note}</li>", escaped(line, LINE))
        })
        .collect();
    page(path, &format!("{head}\n<ol>\n{}\n</ol>", lines.join("\n")))
}

/// Joins numbers into ranges: `3, 7-9`.
fn listed(lines: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*line) => *last = *line,
            _ => ranges.push((*line, *line)),
        }
    }
    let words = ranges.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{} · coverage</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n",
        escaped(title, LINE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pages_apart() {
        let mut pages = BTreeMap::new();
        for (path, expected) in [
            ("src/a.py", "src_a_py.html"),
            ("src_a.py", "src_a_py-2.html"),
            ("index", "index-2.html"),
        ] {
            let name = page_name(path, &pages);
            assert_eq!(name, expected);
            pages.insert(name, String::new());
        }
    }

    #[test]
    fn joins_lines_into_ranges() {
        assert_eq!(listed(&[3, 7, 8, 9, u32::MAX]), "3, 7-9, 4294967295");
    }

    #[test]
    fn colours_lines_and_escapes_them() {
        let file = FileCoverage {
            executed: vec![1, 2],
            missing: vec![3],
            executed_branches: vec![(2, 4)],
            missing_branches: vec![(2, 3)],
        };
        let coverage = Coverage {
            files: [("a<b>.py".to_owned(), file)].into(),
            branches: true,
        };
        let sources = [(
            "a<b>.py".to_owned(),
            "import x\nif a < b:\n    c()\n\0\n".to_owned(),
        )]
        .into();
        let pages = write("pkg & co", &coverage, &sources);
        let page = &pages["a_b__py.html"];
        assert!(page.contains("<li id=\"L2\" class=\"part\"><a href=\"#L2\">2</a><code>if a &lt; b:</code><i>did not jump to line 3</i></li>"), "{page}");
        assert!(page.contains("class=\"miss\""));
        assert!(!page.contains('\0'));
        assert!(pages["index.html"].contains("a&lt;b&gt;.py"));
    }
}
