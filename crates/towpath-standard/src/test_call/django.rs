//! What `manage.py test` of Django means, in the words of pytest and its plugin for Django.

use towpath_python::DjangoProject;

use super::TestCall;
use super::names::existing;
use crate::facts::Facts;
use crate::test_invocation::best_invocation;

/// Options of `manage.py test` with a value in the next argument.
const WITH_VALUE: [&str; 9] = [
    "-v",
    "--verbosity",
    "-p",
    "--pattern",
    "-t",
    "--top-level-directory",
    "--tag",
    "--exclude-tag",
    "-k",
];

/// Returns the Django project whose own runner runs the tests.
pub(crate) fn django<'a>(facts: &'a Facts<'_>) -> Option<&'a DjangoProject> {
    facts.project.tests.as_ref()?.django.as_ref()
}

/// Says what Django's runner finds: the labels and settings of the automation's call, else everything.
pub(super) fn call_django(call: &mut TestCall, django: &DjangoProject, facts: &Facts<'_>) {
    call.folder.clone_from(&django.folder);
    call.only_unittest = true;
    call.arguments = vec!["-opython_files=test*.py".to_owned()];
    let called = best_invocation(facts, "manage.py test");
    let arguments = called.iter().flat_map(|invocation| &invocation.arguments);
    let (settings, labels) = settings_and_labels(arguments);
    let found = existing(&call.folder, &labels, facts);
    call.arguments.extend(found);
    if let Some(invocation) = called {
        call.environment.extend(invocation.environment.clone());
        call.place = invocation.place.to_string();
    }
    call.environment.insert(
        "DJANGO_SETTINGS_MODULE".to_owned(),
        settings.unwrap_or_else(|| django.settings.clone()),
    );
}

fn settings_and_labels<'a>(
    mut arguments: impl Iterator<Item = &'a String>,
) -> (Option<String>, Vec<String>) {
    let (mut settings, mut labels) = (None, Vec::new());
    while let Some(argument) = arguments.next() {
        if let Some(module) = argument.strip_prefix("--settings=") {
            settings = Some(module.to_owned());
        } else if argument == "--settings" {
            settings = arguments.next().cloned();
        } else if WITH_VALUE.contains(&argument.as_str()) {
            arguments.next();
        } else if !argument.starts_with('-') {
            labels.push(argument.clone());
        }
    }
    (settings, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_calls_of_manage_py() {
        for (given, settings, labels) in [
            ("polls accounts.tests", None, "polls accounts.tests"),
            ("--settings=a.b -v 2 polls", Some("a.b"), "polls"),
            ("--settings a.b --parallel", Some("a.b"), ""),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            let found = settings_and_labels(given.iter());
            assert_eq!(
                (found.0.as_deref(), found.1.join(" ").as_str()),
                (settings, labels),
                "{given:?}"
            );
        }
    }
}
