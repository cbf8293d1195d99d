//! The generated files under `docs/` are those of today's declarations.
//! `UPDATE_GENERATED=1 cargo nextest run` rewrites them.

use std::path::Path;

use towpath::command_reference::{commands_page, exit_codes_page};
use towpath::context_reference::contexts_page;
use towpath::settings_reference::{configuration_page, schema};

#[test]
fn generated_pages_are_current() {
    let schema = serde_json::to_string_pretty(&schema()).expect("a schema is JSON") + "\n";
    let pages = [
        ("reference/configuration.md", configuration_page()),
        ("reference/commands.md", commands_page()),
        ("reference/exit-codes.md", exit_codes_page()),
        ("reference/contexts.md", contexts_page()),
        ("towpath.schema.json", schema),
    ];
    let mut outdated = Vec::new();
    for (path, expected) in pages {
        if !is_current(path, &expected) {
            outdated.push(path);
        }
    }
    assert!(
        outdated.is_empty(),
        "{outdated:?} differ; UPDATE_GENERATED=1 cargo nextest run rewrites them"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "the developer's wish to rewrite the files is in the environment"
)]
fn is_current(path: &str, expected: &str) -> bool {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(path);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs_err::create_dir_all(file.parent().expect("a file has a folder"))
            .expect("folder can be made");
        fs_err::write(&file, expected).expect("file can be written");
    }
    fs_err::read_to_string(&file).is_ok_and(|text| text == expected)
}
