//! Prints what is known about the projects of a repository, as JSON: `facts FOLDER`.

use std::path::Path;

use towpath_host::{SnapshotOptions, snapshot};

#[expect(clippy::print_stdout, reason = "a program that prints")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: facts FOLDER")?;
    let index = tempfile::tempdir()?;
    let options = SnapshotOptions { root: Path::new(&folder), index_file: &index.path().join("index"), verify: false };
    let tree = snapshot(&options)?;
    let (projects, problems) = towpath_python::read_projects(&tree);
    let json = serde_json::json!({ "projects": projects, "problems": problems });
    println!("{}", serde_json::to_string_pretty(&json)?);
    Ok(())
}
