//! Prints what the automation of a repository runs, as JSON, or with `--short` as lines to read.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;

use towpath_host::{SnapshotOptions, snapshot};
use towpath_python::{Automation, read_automation};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_short = arguments.iter().any(|argument| argument == "--short");
    arguments.retain(|argument| argument != "--short");
    let root = arguments.first().map_or(".", String::as_str);
    let folder = tempfile::tempdir()?;
    let index_file = folder.path().join("index");
    let tree = snapshot(&SnapshotOptions {
        root: Path::new(root),
        index_file: &index_file,
        verify: false,
    })?;
    let automation = read_automation(&tree, &[]);
    if is_short {
        print_short(&automation);
    } else {
        println!("{}", serde_json::to_string_pretty(&automation)?);
    }
    Ok(())
}

fn print_short(automation: &Automation) {
    let sources: Vec<&str> = automation
        .sources
        .iter()
        .map(|source| source.path.as_str())
        .collect();
    println!(
        "sources: {} (ci {}, whole {})",
        sources.join(" "),
        automation.has_ci,
        automation.ci_is_whole
    );
    let pythons: Vec<String> = automation
        .pythons
        .iter()
        .map(|(python, _)| python.to_string())
        .collect();
    println!("pythons: {}", pythons.join(" "));
    for line in &automation.unreadable {
        println!("unreadable: {line}");
    }
    let mut tools: Vec<&str> = automation
        .speaking()
        .map(|invocation| invocation.tool.as_str())
        .collect();
    tools.sort_unstable();
    tools.dedup();
    for tool in tools {
        for one in automation.chosen(tool) {
            let version = one
                .version
                .as_ref()
                .map_or(String::new(), |pin| format!(" =={}", pin.version));
            let fails = if one.can_fail { "" } else { " (cannot fail)" };
            let folder = if one.folder.is_empty() {
                String::new()
            } else {
                format!(" in {}", one.folder)
            };
            println!(
                "{tool}: {}{version}{fails}{folder} @{} [{}]",
                one.command(),
                one.place,
                one.via.join(" > ")
            );
        }
    }
    for other in automation.other_checks() {
        println!("other: {} @{}", other.command(), other.place);
    }
    for install in &automation.installs {
        if install
            .for_tools
            .iter()
            .any(|tool| tool == "pytest" || tool == "mypy")
            && install.reached_from_ci
        {
            println!(
                "install: {} {:?} files={:?} extras={:?} groups={:?} project={} for={:?} @{}",
                install.installer,
                install.requirements,
                install.requirement_files,
                install.extras,
                install.groups,
                install.project,
                install.for_tools,
                install.place
            );
        }
    }
    println!("apt: {}", automation.apt_packages.join(" "));
}
