//! Text from outside may hold anything; every report must stay well-formed.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_report::writers::{coverage_html, github, html, json, junit, markdown, sarif};
use towpath_report::{Changes, RunRecord};

use crate::run::{coverage, run};

pub(crate) fn hostile() -> RunRecord {
    let nasty = "a\0b\u{1b}[31m]]> <!-- & \u{8}\u{fffe}\r\n::error::x\n</testcase><script>alert(1)</script> | ` \u{1b}]0;title\u{7}";
    let mut long = "x".repeat(10 * 1024 * 1024);
    let mut long_details = long.clone();
    let mut run = run();
    nasty.clone_into(&mut run.title);
    for job in &mut run.jobs {
        job.reason.push_str(nasty);
        let result = Arc::make_mut(&mut job.result);
        for finding in &mut result.findings {
            // One line of 10 MB is as hostile as eight.
            finding.message = format!("{nasty}{}", std::mem::take(&mut long));
            finding.rule.push_str(nasty);
            if let Some(place) = &mut finding.place {
                place.path.push_str(nasty);
            }
        }
        for case in result.tests.iter_mut().filter(|case| case.is_failure()) {
            case.id.push_str(nasty);
            nasty.clone_into(&mut case.message);
            case.details = format!("E   {nasty}");
        }
        if let Some(case) = result.tests.first_mut() {
            case.details = format!("{nasty}{}", std::mem::take(&mut long_details));
        }
    }
    run
}

#[test]
fn xml_and_json_stay_well_formed() {
    let run = hostile();
    let xml = junit::write(&run);
    assert!(xml.len() < 4 * 1024 * 1024, "{} bytes", xml.len());
    let cases = towpath_report::readers::junit::read(
        xml.as_bytes(),
        &towpath_report::readers::Paths::at_root("/r"),
    );
    assert!(cases.expect("well-formed").len() > 40);
    assert!(!xml.contains('\0') && !xml.contains('\u{1b}') && !xml.contains('\u{fffe}'));
    let log: serde_json::Value = serde_json::from_str(&sarif::write(&run)).expect("well-formed");
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(
        json::read(json::write(&run).expect("written").as_bytes()).expect("read"),
        run
    );
}

#[test]
fn lines_stay_lines() {
    let run = hostile();
    let annotations = github::annotations(&run, &Changes::default());
    assert!(
        annotations
            .lines()
            .all(|line| line.starts_with("::error ") || line.starts_with("::notice ")),
        "{annotations}"
    );
    assert!(annotations.len() < 100_000);
    let summary = markdown::write(
        &run,
        markdown::Links { files: "https://x" },
        &Changes::default(),
    );
    assert!(summary.len() < 1024 * 1024 && !summary.contains("<script>"));
}

#[test]
fn pages_run_nothing() {
    let run = hostile();
    let logs = BTreeMap::from([(
        "lint".to_owned(),
        format!("<script>\0\u{1b}[1m{}", "y".repeat(1 << 20)),
    )]);
    let page = html::write(
        &run,
        html::Material {
            sources: &BTreeMap::new(),
            logs: &logs,
        },
    );
    assert!(!page.contains("<script") && !page.contains('\0') && !page.contains('\u{1b}'));
    assert!(page.len() < 4 * 1024 * 1024, "{} bytes", page.len());
    let sources = BTreeMap::from([("src/humanize/lists.py".to_owned(), "<script>\0".to_owned())]);
    let pages = coverage_html::write("<script>", &coverage(), &sources);
    assert!(
        pages
            .values()
            .all(|page| !page.contains("<script") && !page.contains('\0'))
    );
}
