//! Prints what is known about the projects of a repository, as JSON: `facts FOLDER`.

use std::path::Path;

use towpath_host::{SnapshotOptions, snapshot};

#[expect(clippy::print_stdout, reason = "a program that prints")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: facts FOLDER")?;
    let index = tempfile::tempdir()?;
    let options = SnapshotOptions {
        root: Path::new(&folder),
        index_file: &index.path().join("index"),
        verify: false,
    };
    let tree = snapshot(&options)?;
    let (projects, problems) = towpath_python::read_projects(&tree);
    let needs: Vec<_> = projects
        .iter()
        .map(|project| {
            let needs = towpath_python::test_needs(project);
            let paths = project
                .tests
                .as_ref()
                .map(|tests| tests.paths.clone())
                .unwrap_or_default();
            let imports = towpath_python::third_party_imports(&tree, &paths);
            let requirements = towpath_python::requirements_of(project, &needs);
            serde_json::json!({ "needs": needs, "requirements": requirements, "imports": imports })
        })
        .collect();
    let json =
        serde_json::json!({ "projects": projects, "test_needs": needs, "problems": problems });
    println!("{}", serde_json::to_string_pretty(&json)?);
    Ok(())
}
