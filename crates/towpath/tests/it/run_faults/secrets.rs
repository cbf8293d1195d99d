//! Secrets in every form and on every way out.

use std::path::Path;

use towpath_report::Severity;

use super::{log, run, with_steps, with_workflow};
use crate::faults::files_below;
use crate::world::World;

#[test]
fn no_way_to_print_a_secret_shows_it() {
    let table = [
        "echo \"$TOKEN\"",
        "echo -n \"$TOKEN\"",
        "set -x; true \"$TOKEN\"",
        "printf 's3cr3t'; sleep 0.3; printf '-hunter2&more'",
        "echo \"::error file=$TOKEN,title=$TOKEN::$TOKEN\"",
        "echo \"::group::$TOKEN\"; echo \"::debug::$TOKEN\"; echo \"::warning::$TOKEN\"",
        "echo \"::set-output name=$TOKEN::$TOKEN\"",
        "echo \"$TOKEN\" >> $GITHUB_STEP_SUMMARY",
        "echo \"$TOKEN\" >> $GITHUB_OUTPUT",
        "printf '%s<<%s\\n' \"$TOKEN\" \"$TOKEN\" >> $GITHUB_ENV",
        "printf %s \"$TOKEN\" | base64 -w 0",
        "printf 'x:%s' \"$TOKEN\" | base64 -w 0",
        "printf 'xy:%s' \"$TOKEN\" | base64 -w 0",
        "printf 'user:%s@host' \"$TOKEN\" | base64 -w 0",
        "printf %q \"$TOKEN\"",
        "python3 -c 'import json, os, urllib.parse as u, html; t = os.environ[\"TOKEN\"]; print(json.dumps(t), u.quote(t, safe=\"\"), u.quote_plus(t), html.escape(t))'",
        "echo '${{ secrets.TOKEN }}'",
        "\"$TOKEN\"",
        "cd \"/$TOKEN\"",
        "echo '${{ fromJSON(secrets.TOKEN) }}'",
        "exit 1 # ${{ secrets.TOKEN }}",
        "head -c 1048566 /dev/zero | tr '\\0' x; echo \"$TOKEN\"",
        "printf '::add-mask::'; head -c 1048554 /dev/zero | tr '\\0' x; echo \"$TOKEN\"; echo '***'",
    ];
    let value = "s3cr3t-hunter2&more";
    for script in table {
        let text = format!(
            "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    env:\n      TOKEN: ${{{{ secrets.TOKEN }}}}\n    \
             outputs:\n      out: ${{{{ steps.told.outputs.out }}}}\n    steps:\n      - run: |\n          {script}\n      \
             - name: told ${{{{ secrets.TOKEN }}}}\n        id: told\n        if: always()\n        run: echo \"out=$TOKEN\" >> $GITHUB_OUTPUT\n"
        );
        let mut world = with_workflow(World::offline(), &text);
        world.set("TOKEN", value);
        let arguments = ["run", "faults.yml", "--secret", "TOKEN"];
        let plain = world.towpath(&arguments);
        let recorded = world
            .command(Path::new(crate::world::TOWPATH))
            .args(arguments)
            .args(["--format", "json"])
            .output();
        let recorded = recorded.expect("towpath starts");
        let mut told = plain.to_string();
        told += &String::from_utf8_lossy(&recorded.stdout);
        told += &String::from_utf8_lossy(&recorded.stderr);
        for file in ["state", "cache", "temporary", "home"] {
            for path in files_below(&world.folder().join(file)) {
                told += &path.display().to_string();
                told += &String::from_utf8_lossy(&fs_err::read(path).expect("a file"));
            }
        }
        let forms = [
            value,
            "czNjcjN0LWh1bnRlcj",
            "hunter2%26more",
            "hunter2&amp;more",
            "xs3cr3t",
            "hunter2\\&more",
            "hunter2\\u0026more",
        ];
        for form in forms {
            assert!(!told.contains(form), "{script} tells `{form}`: {told}");
        }
        assert!(told.contains("***"), "{script}: {told}");
    }
}

#[test]
fn an_added_mask_holds_for_the_rest_of_the_job() {
    let world = with_steps(&[
        "echo before-added-secret",
        "echo '::add-mask::added-secret'; echo now added-secret",
        "echo added-secret; echo '::error::added-secret'; echo added-secret >> $GITHUB_STEP_SUMMARY",
        "echo '::stop-commands::resume-token'; echo '::add-mask::visible'; echo '::resume-token::'; echo visible",
    ]);
    let run = run(&world);
    let log = log(&world);
    assert_eq!(log.matches("before-added-secret").count(), 3, "{log}");
    assert!(
        log.contains("now ***\n") && log.contains("Error: ***\n"),
        "{log}"
    );
    assert!(log.contains("\nvisible\n"), "{log}");
    let findings = &run.record.jobs[0].result.findings;
    assert!(
        findings.iter().any(|finding| finding.message == "***"),
        "{findings:#?}"
    );
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity == Severity::Error)
    );
}

#[test]
fn what_the_caller_has_stays_with_the_caller() {
    let mut world = with_steps(&[
        "env; cat /proc/1/environ /proc/$PPID/environ 2> /dev/null | tr '\\0' '\\n'; cat ~/.netrc || true",
    ]);
    let secrets = [
        ("AWS_SECRET_ACCESS_KEY", "hunter-aws"),
        ("UV_PUBLISH_TOKEN", "hunter-uv"),
        ("GITHUB_TOKEN", "hunter-github"),
        ("MY_OWN", "hunter-own"),
        (
            "PIP_INDEX_URL",
            "https://user:hunter-index@example.org/simple",
        ),
        ("https_proxy", "http://user:hunter-proxy@example.org"),
    ];
    for (name, value) in secrets {
        world.set(name, value);
    }
    fs_err::write(world.folder().join("home/.netrc"), "hunter-netrc").expect("a file");
    assert_eq!(run(&world).code, Some(0));
    let log = log(&world);
    assert!(log.contains("https://user:***@example.org/simple"), "{log}");
    assert!(!log.contains("hunter"), "{log}");
}

#[test]
fn a_secret_that_comes_as_an_input_too_is_in_no_name_and_no_file() {
    let value = "s3cr3t-hunter2&more";
    let text = "on: {workflow_dispatch: {inputs: {i: {type: string}}}}\njobs:\n  job:\n    name: j ${{ inputs.i }}\n    \
                runs-on: ubuntu-latest\n    steps:\n      - name: s ${{ inputs.i }} ${{ vars.V }}\n        \
                run: printf '%0395d%s\\n' 0 '${{ secrets.TOKEN }}'; exit 1\n";
    let mut world = with_workflow(World::offline(), text);
    world.set("TOKEN", value);
    let (input, variable) = (format!("i={value}"), format!("V={value}"));
    for format in [
        "text", "json", "junit", "sarif", "markdown", "html", "github",
    ] {
        let answer = world.towpath(&[
            "run",
            "faults.yml",
            "--event",
            "workflow_dispatch",
            "--input",
            &input,
            "--var",
            &variable,
            "--secret",
            "TOKEN",
            "--format",
            format,
        ]);
        let told = answer.to_string();
        assert_eq!(answer.code, Some(1), "{told}");
        for form in [value, "hunter2&amp;more", "hunter2\\u0026more", "s3cr3t"] {
            assert!(!told.contains(form), "{format} tells `{form}`: {told}");
        }
    }
    for path in files_below(&world.folder().join("state")) {
        let text = String::from_utf8_lossy(&fs_err::read(&path).expect("a file")).into_owned();
        assert!(
            !text.contains("s3cr3t") && !path.to_string_lossy().contains("s3cr3t"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn mistakes_with_secrets_show_none() {
    let world = with_steps(&["echo x"]);
    world.write("bad.env", "A=hunter2\nno sign hunter2\n\"hunter2\n");
    for arguments in [
        &["--secret", "=hunter2"][..],
        &["--secret", "A B=hunter2"],
        &["--secret", "A=hunter2", "--event", "none"],
        &["--secret-file", "bad.env"],
        &["--secret-file", "none.env"],
    ] {
        let answer = world.towpath(&[&["run", "faults.yml"], arguments].concat());
        let told = answer.to_string();
        assert_eq!(answer.code, Some(2), "{told}");
        assert!(
            !told.contains("hunter2") && told.contains("hint: "),
            "{told}"
        );
    }
}
