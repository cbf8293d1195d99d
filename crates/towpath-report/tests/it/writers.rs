use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_report::writers::{
    cobertura, coverage_html, github, html, json, junit, markdown, sarif,
};
use towpath_report::{Changes, RunRecord, Verdict};

use crate::run::{LISTS, coverage, run};

fn changes() -> Changes {
    Changes {
        files: BTreeMap::from([("src/humanize/lists.py".to_owned(), vec![(5, 8)])]),
    }
}

fn sources() -> BTreeMap<String, String> {
    BTreeMap::from([("src/humanize/lists.py".to_owned(), LISTS.to_owned())])
}

#[test]
fn json_comes_back_as_it_was() {
    let run = run();
    let text = json::write(&run).expect("written");
    assert_eq!(json::read(text.as_bytes()).expect("read"), run);
    insta::assert_snapshot!("json", text.lines().take(60).collect::<Vec<_>>().join("\n"));
}

#[test]
fn junit_form() {
    insta::assert_snapshot!("junit", junit::write(&run()));
}

#[test]
fn sarif_form() {
    insta::assert_snapshot!("sarif", sarif::write(&run()));
}

#[test]
fn github_forms() {
    insta::assert_snapshot!(
        "github_annotations",
        github::annotations(&run(), &changes())
    );
    let links = markdown::Links {
        files: "https://github.com/python-humanize/humanize/blob/5b41c9e",
    };
    insta::assert_snapshot!("github_summary", markdown::write(&run(), links, &changes()));
}

#[test]
fn github_shows_ten_errors_and_counts_the_rest() {
    let mut run = run();
    let lint = run
        .jobs
        .iter_mut()
        .find(|job| job.name == "lint")
        .expect("there");
    let findings = &mut Arc::make_mut(&mut lint.result).findings;
    let first = findings[0].clone();
    for line in 10..30 {
        let mut finding = first.clone();
        finding.place.as_mut().expect("placed").line = line;
        finding.place.as_mut().expect("placed").end_line = line;
        findings.push(finding);
    }
    let changed = Changes {
        files: BTreeMap::from([("src/humanize/lists.py".to_owned(), vec![(29, 29)])]),
    };
    let text = github::annotations(&run, &changed);
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("::error "))
            .count(),
        10
    );
    assert!(
        text.lines().next().expect("lines").contains("line=29,"),
        "a changed line comes first"
    );
    assert_eq!(
        text.lines().last(),
        Some(
            "::notice title=towpath::12 more problems and 2 findings that do not block: see the job summary"
        )
    );
}

#[test]
fn a_green_run_is_short() {
    let green = RunRecord {
        verdict: Verdict::Passed,
        jobs: Vec::new(),
        not_run: Vec::new(),
        workflows: Vec::new(),
        ..run()
    };
    assert_eq!(github::annotations(&green, &Changes::default()), "");
    let text = markdown::write(&green, markdown::Links { files: "" }, &Changes::default());
    assert!(
        text.starts_with("### ✓ towpath: passed, 0 jobs\n"),
        "{text}"
    );
}

#[test]
fn markdown_form() {
    insta::assert_snapshot!(
        "markdown",
        markdown::write(&run(), markdown::Links { files: "" }, &Changes::default())
    );
}

#[test]
fn cobertura_form() {
    insta::assert_snapshot!(
        "cobertura",
        cobertura::write(&coverage(), 1_795_256_400_000, &["/repo"])
    );
}

#[test]
fn html_form() {
    let logs = BTreeMap::from([(
        "tests 3.12".to_owned(),
        "collected 10 items\nE   assert <b>\n".to_owned(),
    )]);
    let page = html::write(
        &run(),
        html::Material {
            sources: &sources(),
            logs: &logs,
        },
    );
    let body = page.split_once("</svg>").expect("icons").1;
    insta::assert_snapshot!("html", body);
    assert!(!page.contains("<script") && !page.contains(" src=") && !page.contains("@import"));
}

#[test]
fn coverage_html_form() {
    let pages = coverage_html::write("humanize", &coverage(), &sources());
    assert_eq!(
        pages.keys().collect::<Vec<_>>(),
        [
            "index.html",
            "src_humanize___init___py.html",
            "src_humanize_lists_py.html"
        ]
    );
    insta::assert_snapshot!(
        "coverage_html",
        pages["src_humanize_lists_py.html"]
            .split_once("</head>")
            .expect("head")
            .1
    );
}
