//! `tests`: pytest with coverage on every Python, as the project's own automation runs it.

mod command;
mod judge;
mod left_out;
mod off_path;
mod read;

use towpath_python::{PythonVersion, TestRunner};
use towpath_report::readers::pytest;
use towpath_report::{CheckResult, Place, Problem};

use self::read::{read_with_pip, read_with_seed};
use super::Check;
use crate::facts::{Facts, NeededCheck};
use crate::pytest_plugins;
use crate::settings::Measure;
use crate::test_call::{TestCall, test_call};
use crate::test_environment::{TestEnvironment, test_environment};
use crate::tools;
use crate::work::{
    Applies, EnvironmentNeed, NativeWork, Network, Partial, ProjectInstall, PythonChoice, ToolWork,
    TreeUse, Work,
};
use command::{combine_command, is_measured_by_process, pytest_command};

pub(crate) use judge::conclude_tests;
pub(crate) use left_out::is_not_judged;

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "tests"
    }

    fn about(&self) -> &'static str {
        "runs the tests with coverage on every Python of the matrix"
    }

    fn matrix(&self, facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        if facts.pythons.run.is_empty() || facts.project.tests.is_none() {
            return vec![None];
        }
        facts.pythons.run.iter().copied().map(Some).collect()
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        if facts.project.tests.is_none() {
            return Applies::Skip("no tests were found".to_owned());
        }
        let Some(python) = python else {
            return Applies::Work(Box::new(Work::Native(no_python(facts))));
        };
        let project = if facts.project.is_package {
            ProjectInstall::Editable
        } else {
            ProjectInstall::No
        };
        let core = coverage_core(facts, python);
        Applies::Work(Box::new(Work::Tool(test_work(
            facts,
            TestRun::of_the_project(facts, python, project, core),
        ))))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let mut result = conclude_tests(facts, found);
        off_path::gather(facts, &mut result);
        result
    }
}

/// Without any Python for the tests there is no verdict: that is an error, never a pass.
fn no_python(facts: &Facts<'_>) -> NativeWork {
    let project = facts.project;
    let missing: Vec<String> = facts
        .pythons
        .missing
        .iter()
        .map(ToString::to_string)
        .collect();
    let (asked, hint) = match (missing.last(), &project.requires_python) {
        (Some(newest), _) => (
            format!("{} names {}", facts.pythons.reason, missing.join(", ")),
            format!("`uv python install {newest}` installs one without root"),
        ),
        (None, specifier) => (
            format!("`requires-python` is `{}`", specifier.as_deref().unwrap_or("empty")),
            "install such a Python, for example with `uv python install`, or change `requires-python`".to_owned(),
        ),
    };
    let what = format!(
        "no Python that `{}` admits is here: {asked}",
        project.display_name()
    );
    let place = Some(Place::file(&project.manifest.path));
    let problem = Problem {
        place,
        ..Problem::error(what)
    }
    .with_hint(hint);
    NativeWork::without_verdict(problem)
}

/// How coverage is measured on one Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core {
    /// Not at all.
    None,
    /// The tracer that coverage.py chooses.
    Tracer,
    /// `sys.monitoring`, several times cheaper.
    Monitoring,
    /// By pytest-cov, which the project's own options ask for.
    Plugin,
}

/// `sys.monitoring` is there from 3.12 on and serves lines only; branches need 3.14.
fn coverage_core(facts: &Facts<'_>, python: PythonVersion) -> Core {
    let newest = facts.pythons.run.last() == Some(&python);
    if pytest_plugins::is_given(facts.project, "--cov") {
        return Core::Plugin;
    }
    match facts.settings.measure {
        Measure::None => return Core::None,
        Measure::NewestOnly if !newest => return Core::None,
        _ => {}
    }
    let coverage = &facts.project.coverage;
    let plain = coverage.plugins.is_empty()
        && !coverage.dynamic_context
        && coverage
            .concurrency
            .iter()
            .all(|library| library == "thread");
    let serves = python >= PythonVersion::new(3, 14)
        || (python >= PythonVersion::new(3, 12) && !coverage.branch);
    if plain && serves {
        Core::Monitoring
    } else {
        Core::Tracer
    }
}

/// The first Python whose virtual environments come with pip alone.
const WITHOUT_SETUPTOOLS: PythonVersion = PythonVersion::new(3, 12);

/// One way to run tests.
pub(crate) struct TestRun {
    pub(crate) python: PythonVersion,
    pub(crate) project: ProjectInstall,
    pub(crate) core: Core,
    pub(crate) call: TestCall,
    pub(crate) environment: TestEnvironment,
    pub(crate) network: Network,
}

impl TestRun {
    /// The tests as the project calls them.
    pub(crate) fn of_the_project(
        facts: &Facts<'_>,
        python: PythonVersion,
        project: ProjectInstall,
        core: Core,
    ) -> Self {
        Self {
            python,
            project,
            core,
            call: test_call(facts),
            environment: test_environment(facts, python),
            network: if facts.settings.test_network {
                Network::Open
            } else {
                Network::OnFailure
            },
        }
    }
}

/// Returns the work of running tests in one way.
pub(crate) fn test_work(facts: &Facts<'_>, run: TestRun) -> ToolWork {
    let TestRun {
        python,
        project,
        core,
        call,
        environment,
        network,
    } = run;
    let installed = matches!(project, ProjectInstall::Wheel(_));
    let mut notes = Vec::new();
    if facts
        .project
        .tests
        .as_ref()
        .is_some_and(|tests| tests.runner == TestRunner::Nose)
    {
        notes.push(
            "the tests are written for nose; they run with the last pytest that honours it"
                .to_owned(),
        );
    }
    if facts
        .project
        .tests
        .as_ref()
        .is_some_and(|tests| tests.runner == TestRunner::Django)
    {
        notes.push("the tests are Django's; they run with pytest-django".to_owned());
    }
    if core == Core::Monitoring {
        notes.push("coverage is measured by sys.monitoring".to_owned());
    }
    let mut commands = vec![pytest_command(facts, &call, core, installed)];
    commands[0].read = if python < WITHOUT_SETUPTOOLS {
        read_with_seed
    } else {
        read_with_pip
    };
    if is_measured_by_process(facts, core) {
        commands.push(combine_command(facts));
    }
    ToolWork {
        tree: if installed {
            TreeUse::WithoutSources
        } else {
            TreeUse::Private
        },
        network,
        executes_project: true,
        may_require: true,
        support_files: vec![
            (
                "pytest_launcher.py".to_owned(),
                include_bytes!("pytest_launcher.py").to_vec(),
            ),
            (
                "pytest_plugin.py".to_owned(),
                pytest::PLUGIN.as_bytes().to_vec(),
            ),
        ],
        notes,
        ..ToolWork::of(
            environment_need(facts, python, project, environment, core),
            commands,
        )
    }
}

fn environment_need(
    facts: &Facts<'_>,
    python: PythonVersion,
    project: ProjectInstall,
    environment: TestEnvironment,
    core: Core,
) -> EnvironmentNeed {
    let mut requirements = environment.requirements;
    let mut constraints = Vec::new();
    if matches!(core, Core::Tracer | Core::Monitoring) {
        requirements.push(coverage_requirement(facts));
        requirements.extend(coverage_plugins(facts));
    }
    for file in &environment.constraint_files {
        constraints.extend(
            facts
                .tree
                .read_text(file)
                .unwrap_or_default()
                .lines()
                .map(str::to_owned),
        );
    }
    let mut need = EnvironmentNeed {
        requirement_files: environment.requirement_files,
        constraints,
        project,
        ..EnvironmentNeed::of(PythonChoice::Exactly(python), requirements)
    };
    need.add_needs(facts.project, environment.groups, environment.extras);
    need
}

/// Each Python gets the newest coverage that it can have: their data files fit together, and pinning
/// one version would leave out the oldest Python.
pub(crate) fn coverage_requirement(facts: &Facts<'_>) -> String {
    let chosen = tools::choose("coverage", facts.project, facts.automation);
    let by_python = facts
        .project
        .locked
        .get("coverage")
        .is_some_and(|versions| versions.len() > 1);
    if chosen.note.is_empty() && !by_python {
        chosen.requirement
    } else {
        "coverage>=6.2,<8".to_owned()
    }
}

/// Returns the packages of coverage's plugins that are well known; coverage does not start without
/// them. Others are left to what the project declares.
pub(crate) fn coverage_plugins(facts: &Facts<'_>) -> impl Iterator<Item = String> {
    const PACKAGES: [(&str, &str); 6] = [
        ("covdefaults", "covdefaults"),
        ("Cython.Coverage", "Cython"),
        ("django_coverage_plugin", "django-coverage-plugin"),
        ("coverage_conditional_plugin", "coverage-conditional-plugin"),
        ("coverage_pyver_pragma", "coverage-pyver-pragma"),
        ("coverage_enable_subprocess", "coverage-enable-subprocess"),
    ];
    let package = |plugin: &String| PACKAGES.iter().find(|(module, _)| module == plugin);
    facts
        .project
        .coverage
        .plugins
        .iter()
        .filter_map(package)
        .map(|(_, package)| (*package).to_owned())
}
