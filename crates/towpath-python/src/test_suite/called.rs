//! Tests that no pattern finds and only the project's automation names: `python -m unittest tests.core`.

use towpath_host::Tree;

use crate::files::folder_exists;
use crate::folder;
use crate::{Automation, Project, TestRunner, TestSuite};

/// Gives the projects without tests those that their automation calls by name.
pub fn add_called_tests(tree: &Tree, automation: &Automation, projects: &mut [Project]) {
    for project in projects
        .iter_mut()
        .filter(|project| project.tests.is_none())
    {
        project.tests = [
            ("pytest", TestRunner::Pytest),
            ("unittest", TestRunner::Unittest),
        ]
        .into_iter()
        .find_map(|(tool, runner)| called(tree, automation, project, tool, runner));
    }
}

fn called(
    tree: &Tree,
    automation: &Automation,
    project: &Project,
    tool: &str,
    runner: TestRunner,
) -> Option<TestSuite> {
    let calls = automation.chosen(tool);
    let call = calls
        .iter()
        .find(|call| call.folder == project.root && !named(tree, call).is_empty())?;
    let paths = named(tree, call);
    let packages = &project.layout.packages;
    let is_inside = |path: &String| {
        packages
            .iter()
            .any(|package| folder::is_within(package, path))
    };
    Some(TestSuite {
        runner,
        inside_package: paths.iter().all(is_inside),
        paths,
        integration: Vec::new(),
        integration_marker: false,
        config: None,
        paths_configured: false,
        add_options: Vec::new(),
        django: None,
        reason: format!("named in {}", call.place),
    })
}

/// The files and folders of the tree that the arguments of a call name, as paths or as modules.
fn named(tree: &Tree, call: &crate::Invocation) -> Vec<String> {
    let arguments = call
        .arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'));
    let found = arguments.filter_map(|argument| {
        let path = argument.split("::").next().unwrap_or(argument);
        let module = path.replace('.', "/");
        // The last part of a dotted name may be a class.
        let outer = module
            .rsplit_once('/')
            .map(|(outer, _)| format!("{outer}.py"));
        [
            Some(path.to_owned()),
            Some(format!("{module}.py")),
            Some(module.clone()),
            outer,
        ]
        .into_iter()
        .flatten()
        .filter_map(|path| folder::resolve(&call.folder, &path))
        .find(|path| tree.contains(path) || (!path.is_empty() && folder_exists(tree, path)))
    });
    found.collect()
}
