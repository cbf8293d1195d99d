//! One defect for each check, planted in a sound project: that check finds it, with file and line, and
//! no other does.

use towpath_report::Verdict;

use crate::world::{Run, World};

/// Runs the sound project after a change and asserts which checks are red and all that was found.
fn check_defect(plant: impl FnOnce(&World), red: &[&str], findings: &[&str]) -> Run {
    let world = World::with_index("sound");
    plant(&world);
    let run = world.ci(&[]);
    let told = format!("{}\n{:#?}", run.stderr, run.record.jobs);
    assert_eq!(run.red(), red, "{told}");
    assert_eq!(run.findings(), findings, "{told}");
    assert_eq!(run.code, Some(i32::from(!red.is_empty())), "{told}");
    run
}

#[test]
fn index_sound_project_passes_every_check() {
    let run = check_defect(|_| (), &[], &[]);
    assert_eq!(run.record.verdict, Verdict::Passed);
    assert_eq!(run.record.jobs.len(), 13);
}

#[test]
fn index_lint_finds_an_unused_import() {
    let plant = |world: &World| {
        world.replace(
            "src/demo/__init__.py",
            "\n\n\ndef",
            "\n\nimport os\n\n\ndef",
        );
    };
    check_defect(plant, &["lint"], &["lint F401 src/demo/__init__.py:3"]);
}

#[test]
fn index_format_finds_a_missing_space() {
    let plant = |world: &World| {
        world.replace("src/demo/__init__.py", "int) -> int", "int)->int");
    };
    check_defect(
        plant,
        &["format"],
        &["format unformatted src/demo/__init__.py:4"],
    );
}

#[test]
fn index_types_finds_a_wrong_annotation() {
    let plant = |world: &World| {
        world.append("src/demo/__init__.py", "\n\nWORDS: list[int] = [\"one\"]\n");
    };
    check_defect(
        plant,
        &["types"],
        &["types list-item src/demo/__init__.py:9"],
    );
}

#[test]
fn index_security_advises_against_exec() {
    let plant = |world: &World| {
        world.append("src/demo/__init__.py", "\n\nexec(\"NUMBER = 1\")\n");
    };
    check_defect(plant, &[], &["security B102 src/demo/__init__.py:9"]);
}

#[test]
fn index_security_blocks_where_the_project_says_so() {
    let plant = |world: &World| {
        world.append("src/demo/__init__.py", "\n\nexec(\"NUMBER = 1\")\n");
        world.append(
            "pyproject.toml",
            "\n[tool.towpath.security]\nblocking = true\n",
        );
    };
    check_defect(
        plant,
        &["security"],
        &["security B102 src/demo/__init__.py:9"],
    );
}

#[test]
fn index_security_finds_an_advisory_for_a_locked_version() {
    let plant = |world: &World| {
        world.append(
            "pyproject.toml",
            "\n[tool.towpath.security]\nadvisories = \"advisories\"\n",
        );
        world.write(
            "advisories/one.json",
            r#"{"id": "PYSEC-0000-1", "summary": "it leaks", "affected": [{
                "package": {"ecosystem": "PyPI", "name": "iniconfig"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}]}]}"#,
        );
        world.write("requirements.txt", "iniconfig==1.1.1 --hash=sha256:011e24c64b7f47f6ebd835bb12a743f2fbe9a26d4cecaa7f53bc4f35ee9da8b3\n");
    };
    let world = World::with_index("sound");
    plant(&world);
    let run = world.check("security");
    assert_eq!(
        run.findings(),
        ["security PYSEC-0000-1 requirements.txt:1"],
        "{:#?}",
        run.record.jobs
    );
}

/// The key of Amazon's own documentation, put together here so that it is none of this repository.
fn access_key() -> String {
    ["AKIA", "IOSFODNN7", "EXAMPLF"].concat()
}

#[test]
fn index_secrets_advises_where_no_baseline_is() {
    let plant = |world: &World| {
        world.write("deploy.cfg", format!("[aws]\nid = {}\n", access_key()));
    };
    check_defect(plant, &[], &["secrets AWS Access Key deploy.cfg:2"]);
}

#[test]
fn index_secrets_blocks_what_the_baseline_does_not_know() {
    let plant = |world: &World| {
        world.write("deploy.cfg", format!("[aws]\nid = {}\n", access_key()));
        world.write(
            ".secrets.baseline",
            r#"{"version": "1.5.0", "plugins_used": [{"name": "AWSKeyDetector"}], "filters_used": [], "results": {}}"#,
        );
    };
    check_defect(
        plant,
        &["secrets"],
        &["secrets AWS Access Key deploy.cfg:2"],
    );
}

#[test]
fn index_tests_find_a_wrong_answer() {
    let plant = |world: &World| {
        world.replace("tests/test_demo.py", "double(2) == 4", "double(2) == 5");
    };
    let run = check_defect(plant, &["tests", "wheel"], &[]);
    assert_eq!(
        run.failed_tests(),
        ["tests tests/test_demo.py:5", "wheel tests/test_demo.py:5"]
    );
}

#[test]
fn index_coverage_finds_lines_that_no_test_runs() {
    let plant = |world: &World| {
        world.append(
            "src/demo/__init__.py",
            "\n\ndef half(number: int) -> int:\n    \"\"\"Return half the number.\"\"\"\n    return number // 2\n",
        );
    };
    let run = check_defect(plant, &["coverage"], &["coverage total"]);
    let coverage = run
        .job("coverage")
        .result
        .coverage
        .as_ref()
        .expect("coverage was computed");
    let file = &coverage.files["src/demo/__init__.py"];
    assert_eq!(file.missing.clone(), [11], "{file:?}");
}

#[test]
fn index_coverage_threshold_of_the_settings_counts_too() {
    let plant = |world: &World| {
        world.append(
            "src/demo/__init__.py",
            "\n\nif __name__ == \"elsewhere\":\n    print()\n",
        );
        world.replace("pyproject.toml", "fail_under = 100", "fail_under = 50");
        world.append("pyproject.toml", "\n[tool.towpath.tests]\ncoverage = 95\n");
    };
    check_defect(plant, &["coverage"], &["coverage total"]);
}

#[test]
fn index_coverage_threshold_that_nobody_heeds_does_not_block() {
    let plant = |world: &World| {
        world.append(
            "src/demo/__init__.py",
            "\n\nif __name__ == \"elsewhere\":\n    print()\n",
        );
        let measured = "coverage run -m pytest\n      - run: coverage report";
        world.replace(".github/workflows/ci.yml", measured, "pytest");
    };
    check_defect(plant, &[], &[]);
}

#[test]
fn index_coverage_holds_changed_lines_against_their_threshold() {
    let world = World::with_index("sound");
    world.replace("pyproject.toml", "fail_under = 100", "fail_under = 10");
    world.append(
        "pyproject.toml",
        "\n[tool.towpath.coverage]\nchanged-lines = 100\n",
    );
    world.commit("start");
    world.append(
        "src/demo/__init__.py",
        "\n\nif __name__ == \"elsewhere\":\n    print()\n",
    );
    let run = world.ci(&["--changed-since", "HEAD"]);
    assert_eq!(
        run.red(),
        ["coverage"],
        "{}\n{:#?}",
        run.stderr,
        run.record.jobs
    );
    assert_eq!(
        run.findings(),
        ["coverage changed-lines src/demo/__init__.py:10"]
    );
    // A gate that cannot be judged passes nobody.
    let without_base = world.ci(&[]);
    assert_eq!(without_base.code, Some(2), "{}", without_base.stderr);
}

#[test]
fn index_build_finds_an_sdist_that_cannot_become_a_wheel() {
    let plant = |world: &World| {
        world.append("pyproject.toml", "\n[tool.hatch.build.targets.wheel.force-include]\n\"extra.bin\" = \"demo/extra.bin\"\n");
        world.append(
            "pyproject.toml",
            "\n[tool.hatch.build.targets.sdist]\nexclude = [\"extra.bin\"]\n",
        );
        world.write("extra.bin", "0");
    };
    let run = check_defect(plant, &["build"], &["build build_wheel pyproject.toml:0"]);
    let message = &run.job("build").result.findings[0].message;
    assert!(message.contains("extra.bin"), "{message}");
}

#[test]
fn index_wheel_finds_a_module_that_was_left_out() {
    let plant = |world: &World| {
        world.write(
            "src/demo/extra.py",
            "\"\"\"An extra.\"\"\"\n\nANSWER = 42\n",
        );
        world.write(
            "tests/test_extra.py",
            "from demo.extra import ANSWER\n\n\ndef test_answer() -> None:\n    assert ANSWER == 42\n",
        );
        let packages = "packages = [\"src/demo\"]";
        world.replace(
            "pyproject.toml",
            packages,
            &format!("{packages}\nexclude = [\"src/demo/extra.py\"]"),
        );
    };
    let world = World::with_index("sound");
    plant(&world);
    let run = world.ci(&[]);
    assert_eq!(run.red(), ["wheel"], "{:#?}", run.record.jobs);
    assert_eq!(run.code, Some(1));
    let job = run.job("wheel");
    let told: Vec<String> = job
        .result
        .findings
        .iter()
        .map(|finding| finding.message.clone())
        .chain(job.result.tests.iter().map(|case| case.message.clone()))
        .collect();
    assert!(
        told.iter()
            .any(|text| text.contains("demo.extra") || text.contains("`demo`")),
        "{told:?}"
    );
}

#[test]
fn index_docs_find_a_link_that_leads_nowhere() {
    let plant = |world: &World| {
        world.write("mkdocs.yml", "site_name: demo\nnav:\n  - index.md\n");
        world.write("docs/index.md", "# demo\n\nSee [the guide](guide.md).\n");
        world.append(
            ".github/workflows/ci.yml",
            "      - run: mkdocs build --strict\n",
        );
    };
    let run = check_defect(plant, &["docs"], &["docs  docs/index.md:3"]);
    assert!(
        run.job("docs").result.findings[0]
            .message
            .contains("guide.md")
    );
}

#[test]
fn version_finds_what_is_no_version() {
    let world = World::offline();
    world.write(
        "pyproject.toml",
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\n\
         [project]\nname = \"demo\"\nversion = \"1.0-x-2\"\n",
    );
    world.write("demo.py", "");
    let run = world.recorded(&["check", "version", "--offline"]);
    assert_eq!(run.findings(), ["version PEP 440 pyproject.toml:7"]);
    assert_eq!((run.red(), run.code), (vec!["version"], Some(1)));
}

#[test]
fn index_integration_finds_what_only_its_tests_see() {
    let plant = |world: &World| {
        world.write(
            "tests/integration/test_services.py",
            "import socket\n\n\ndef test_absent():\n    socket.create_connection((\"127.0.0.1\", 1))\n\n\ndef test_broken():\n    assert 1 == 2\n",
        );
        world.replace(
            ".github/workflows/ci.yml",
            "      - run: coverage run -m pytest",
            "      - run: pytest tests/integration\n      - run: coverage run -m pytest --ignore=tests/integration",
        );
    };
    let run = check_defect(plant, &["integration"], &[]);
    assert_eq!(
        run.failed_tests(),
        ["integration tests/integration/test_services.py:9"]
    );
}

#[test]
fn workflows_find_what_the_forge_would_refuse() {
    let world = World::offline();
    world.write("demo.py", "");
    world.write(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  ci:\n    runs-on: ubuntu-latest\n    needs: biuld\n    steps:\n      - run: true\n",
    );
    let run = world.recorded(&["check-workflows"]);
    assert_eq!(run.findings(), ["workflows  .github/workflows/ci.yml:5"]);
    assert_eq!((run.red(), run.code), (vec!["workflows"], Some(1)));
}
