//! What the findings of detect-secrets depend on.

use towpath_standard::{Applies, Work, check};

use crate::repository::with_facts;

/// Returns whether code of the project runs, and the key of the findings of single files.
fn depends_on(baseline: &str, other: &str) -> (bool, Vec<String>) {
    let files = [
        ("pkg.py", ""),
        ("detector.py", other),
        (".secrets.baseline", baseline),
    ];
    with_facts(&files, |facts| {
        let check = check("secrets").expect("there is such a check");
        let Applies::Work(work) = check.work(facts, None, &[]) else {
            panic!("there are files");
        };
        let Work::Tool(work) = *work else {
            panic!("detect-secrets looks at them");
        };
        (work.executes_project, work.scan.expect("by files").key)
    })
}

#[test]
fn plugins_and_filters_of_the_project_are_its_code() {
    let own = |what: &str| format!(r#"{{"plugins_used": [{what}], "filters_used": [{what}]}}"#);
    let shipped = own(r#"{"name": "AWSKeyDetector"}"#);
    assert!(!depends_on(&shipped, "").0);
    assert_eq!(
        depends_on(&shipped, "").1,
        depends_on(&shipped, "x = 1\n").1
    );
    for what in [
        r#"{"name": "Own", "path": "file://detector.py"}"#,
        r#"{"path": "file://detector.py::is_known"}"#,
        r#"{"path": "detect_secrets.filters.wordlist.should_exclude_secret", "file_name": "detector.py"}"#,
    ] {
        let baseline = own(what);
        assert!(depends_on(&baseline, "").0, "{what}");
        assert_ne!(
            depends_on(&baseline, "").1,
            depends_on(&baseline, "x = 1\n").1,
            "{what}"
        );
    }
}
