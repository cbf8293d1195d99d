//! What becomes of steps: conditions, variables, command files, commands, masks, time, leftovers, composite
//! actions.

use std::time::{Duration, Instant};

use super::engine::{Engine, Ran};

/// Runs the steps of one job, `t`.
fn run(steps: &str) -> Ran {
    run_in(&Engine::new(), steps)
}

fn run_in(engine: &Engine, steps: &str) -> Ran {
    let steps: String = steps.lines().map(|line| format!("    {line}\n")).collect();
    engine.run(&format!(
        "on: push\nenv: {{LEVEL: workflow, ONLY: workflow}}\njobs:\n  t:\n    runs-on: ubuntu-latest\n    env: {{LEVEL: job}}\n    steps:\n{steps}"
    ))
}

#[test]
fn conditions_of_steps() {
    let ran = run(r#"- {name: a, run: echo last words; exit 3}
- {name: b, run: "true"}
- {name: c, if: failure(), run: "true"}
- {name: d, if: always(), run: "true"}
- {name: e, if: "contains('failure()', 'x') || true", run: "true"}
- {name: f, if: cancelled(), run: "true"}"#);
    assert_eq!(
        ran.steps("t"),
        "a failure, b skipped, c success, d success, e skipped, f skipped"
    );
    assert_eq!(ran.jobs(), "t failure");
    let findings = ran.findings("t");
    assert_eq!(findings, ["step `a` ended with exit code 3"]);
    assert_eq!(ran.job("t").steps[0].output, ["last words"]);
}

#[test]
fn a_checkout_may_have_been_forgotten() {
    for (script, expected) in [
        ("cat requirements.txt", true),
        ("no-such-tool", false),
        ("touch here; cat requirements.txt", false),
    ] {
        let ran = run(&format!("- run: {script}\n"));
        let is_told = ran.findings("t")[0].contains("the workspace is empty");
        assert_eq!(is_told, expected, "{script}");
    }
}

#[test]
fn outcome_comes_before_continue_on_error_and_conclusion_after() {
    let ran = run(r#"- {id: a, run: exit 1, continue-on-error: true}
- {id: s, if: false, run: "true"}
- run: echo ${{ steps.a.outcome }} ${{ steps.a.conclusion }} ${{ steps.s.outcome }} ${{ steps.s.conclusion }} ${{ job.status }}"#);
    assert_eq!(ran.jobs(), "t success");
    assert_eq!(
        ran.log("t"),
        "error: step `Run exit 1` ended with exit code 1\nfailure success skipped skipped success"
    );
}

#[test]
fn expressions_name_the_files_of_their_step() {
    let ran = run(
        r#"- {id: a, run: 'echo v=1 >> "${{ github.output }}"; test "${{ github.env }}" = "$GITHUB_ENV"'}
- run: echo ${{ steps.a.outputs.v }}; echo /added >> ${{ github.path }}
- {run: 'echo "${PATH%%:*}"'}"#,
    );
    assert_eq!(ran.log("t"), "1\n/added");
}

#[test]
fn variables_come_in_layers() {
    let ran = run(
        r#"- {run: 'echo "$LEVEL $ONLY"', env: {LEVEL: step, GITHUB_SHA: mine, RUNNER_OS: mine}}
- run: |
    echo LEVEL=set >> "$GITHUB_ENV"
    printf 'LONG<<END\none\ntwo\nEND\n' >> "$GITHUB_ENV"
- run: echo "$LEVEL $ONLY $LONG ${{ env.LEVEL }}" | tr '\n' ' '; echo
- {run: 'echo "$LEVEL"', env: {LEVEL: step}, if: "env.LEVEL == 'step'"}
- {run: 'echo "${GITHUB_SHA-unset} $RUNNER_OS $CI $GITHUB_REPOSITORY"', env: {RUNNER_OS: mine}}"#,
    );
    assert_eq!(
        ran.log("t"),
        "step workflow\nset workflow one two set \nstep\nunset Linux true octo/demo"
    );
}

#[test]
fn environment_is_built_and_not_inherited() {
    let ran =
        run("- run: env | cut -d= -f1 | sort | grep -v -e ^GITHUB -e ^RUNNER | tr '\\n' ' '; echo");
    let mut names: Vec<String> = ran.log("t").split_whitespace().map(str::to_owned).collect();
    names.retain(|name| name != "_" && name != "SHLVL" && name != "PWD");
    assert_eq!(names, ["CI", "HOME", "LEVEL", "ONLY", "PATH", "TMPDIR"]);
}

#[test]
fn files_of_a_step_speak_to_the_job() {
    let ran = run(r#"- id: a
  run: |
    mkdir -p bin other
    printf '#!/bin/sh\necho from-bin\n' > bin/tool; cp bin/tool other/tool
    chmod +x bin/tool other/tool
    echo "$PWD/other" >> "$GITHUB_PATH"
    echo "$PWD/bin" >> "$GITHUB_PATH"
    printf 'x=1\ny<<E\n2\n3\nE\n' >> "$GITHUB_OUTPUT"
    echo '# done' >> "$GITHUB_STEP_SUMMARY"
- run: tool; echo '${{ steps.a.outputs.x }} ${{ toJSON(steps.a.outputs.y) }}'
- {name: bad, run: 'echo nothing >> "$GITHUB_ENV"'}
- {name: unclosed, if: always(), run: 'echo "A<<E" >> "$GITHUB_ENV"'}"#);
    assert!(
        ran.log("t").starts_with("from-bin\n1 \"2\\n3\""),
        "{}",
        ran.log("t")
    );
    assert_eq!(
        ran.steps("t").split(", ").skip(2).collect::<Vec<_>>(),
        ["bad failure", "unclosed failure"]
    );
}

#[test]
fn commands_are_obeyed_and_not_all_shown() {
    let ran = run(r#"- id: a
  run: |
    echo "::set-output name=old::way"
    echo "::error file=src/a.py,line=3,col=5::is%0Abroken"
    echo "::warning::careful"
    echo "::add-mask::hidden-word"
    echo "this is hidden-word"
    echo "::stop-commands::pause-here-please"
    echo "::add-mask::visible"
    echo "::pause-here-please::"
    echo "visible"
- run: echo "${{ steps.a.outputs.old }} hidden-word"
- {name: closed, run: 'echo "::set-env name=A::b"'}"#);
    let log = ran.log("t");
    assert!(log.contains("this is ***"), "{log}");
    assert!(log.contains("\nvisible"), "{log}");
    assert!(log.contains("way ***"), "{log}");
    let finding = &ran.job("t").result.findings[0];
    assert_eq!(finding.message, "is\nbroken");
    let place = finding.place.as_ref().expect("a place");
    assert_eq!(
        (place.path.as_str(), place.line, place.column),
        ("src/a.py", 3, 5)
    );
    assert_eq!(ran.steps("t").rsplit(", ").next(), Some("closed failure"));
}

#[test]
fn secrets_are_masked_wherever_they_are_told() {
    let engine = Engine::new().with_secret("TOKEN", "line-one\nline-two-x");
    let ran = run_in(
        &engine,
        r#"- {env: {T: "${{ secrets.TOKEN }}"}, run: 'echo "$T"; printf %s "$T" | base64; printf line-; sleep 0.2; echo one'}
- {name: "say ${{ secrets.TOKEN }}", run: "echo '::error::it is line-two-x'; exit 1"}"#,
    );
    let log = ran.log("t");
    assert!(!log.contains("line-"), "{log}");
    assert!(ran.steps("t").contains("say ***"), "{}", ran.steps("t"));
    let findings = ran.findings("t");
    assert!(!findings.concat().contains("line-two"), "{findings:?}");
}

#[test]
fn secrets_are_masked_in_what_is_said_of_a_mistake() {
    let engine = Engine::new().with_secret("TOKEN", "s3cr3t-no-json");
    let ran = run_in(
        &engine,
        r#"- {run: 'echo "${{ fromJSON(secrets.TOKEN) }}"'}
- {if: always(), run: "echo s3cr3t-no-json >> $GITHUB_OUTPUT"}
- {if: always(), run: "s3cr3t-no-json"}
- {if: always(), run: "true", working-directory: "/${{ secrets.TOKEN }}"}"#,
    );
    let record = format!("{:?}", ran.job("t"));
    assert!(
        record.contains("***") && !record.contains("s3cr3t"),
        "{record}"
    );
}

#[test]
fn files_that_became_something_else_fail_their_step() {
    for (replace, reason) in [
        ("mkfifo $F", "is no file"),
        ("mkdir $F", "is no file"),
        ("ln -s /dev/zero $F", "is no file"),
        ("truncate -s 70M $F", "is longer than"),
    ] {
        for file in ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE"] {
            let ran = run(&format!(
                "- {{name: replaced, run: 'F=${file}; rm $F; {replace}'}}"
            ));
            assert_eq!(ran.steps("t"), "replaced failure", "{replace} {file}");
            let findings = ran.findings("t").concat();
            assert!(findings.contains(reason), "{replace} {file}: {findings}");
        }
    }
}

#[test]
fn shells_are_githubs() {
    let ran = run(
        r#"- {name: plain, run: 'false | true; echo "$0" | grep -c step_'}
- {name: pipefail, shell: bash, run: "false | true"}
- {name: sh, if: always(), shell: sh, run: "echo sh"}
- {name: python, if: always(), shell: python, run: "print('python')"}
- {name: custom, if: always(), shell: "env X=1 bash -e {0}", run: 'echo "custom $X"'}"#,
    );
    assert_eq!(
        ran.steps("t"),
        "plain success, pipefail failure, sh success, python success, custom success"
    );
    assert!(
        ran.log("t").ends_with("sh\npython\ncustom 1"),
        "{}",
        ran.log("t")
    );
}

#[test]
fn defaults_say_shell_and_folder() {
    let ran = Engine::new().run(
        "on: push\ndefaults: {run: {shell: sh}}\njobs:\n  t:\n    runs-on: ubuntu-latest\n    defaults: {run: {working-directory: sub}}\n    steps:\n    - {run: mkdir sub, working-directory: .}\n    - run: basename \"$PWD\"\n    - {run: basename \"$PWD\", working-directory: ../demo}\n",
    );
    assert_eq!(ran.log("t"), "sub\ndemo");
}

#[test]
fn step_that_takes_too_long_fails_and_others_follow() {
    let begun = Instant::now();
    let ran = run(
        r#"- {name: slow, run: sleep 60, timeout-minutes: "${{ fromJSON('0.01') }}"}
- {name: after, if: failure(), run: "true"}"#,
    );
    assert_eq!(ran.steps("t"), "slow failure, after success");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(
        ran.findings("t")[0].contains("took longer"),
        "{:?}",
        ran.findings("t")
    );
}

#[test]
fn job_that_takes_too_long_is_cancelled_and_cleans_up() {
    let ran = Engine::new().run(
        "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    timeout-minutes: ${{ fromJSON('0.01') }}\n    steps:\n    - {name: slow, run: sleep 60}\n    - {name: next, run: 'true'}\n    - {name: clean, if: always(), run: echo cleaned}\n    - {name: told, if: cancelled(), run: echo told}\n",
    );
    assert_eq!(ran.jobs(), "t failure");
    assert!(ran.log("t").contains("cleaned\ntold"), "{}", ran.log("t"));
    assert!(
        ran.findings("t").concat().contains("timeout-minutes"),
        "{:?}",
        ran.findings("t")
    );
}

#[test]
fn signal_interrupts_steps_and_runs_those_that_run_always() {
    let mut engine = Engine::new();
    engine.stop_at = "started";
    let begun = Instant::now();
    let ran = run_in(
        &engine,
        "- {name: long, run: 'sleep 0.2; echo started; sleep 60'}\n- {name: next, run: 'true'}\n- {name: clean, if: always(), run: echo cleaned}",
    );
    assert!(ran.interrupted);
    assert_eq!(ran.jobs(), "t cancelled");
    assert_eq!(
        ran.steps("t"),
        "long cancelled, next skipped, clean success"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_a_step_leaves_running_serves_later_steps_and_ends_with_the_job() {
    let ran = run(r#"- run: |
    (setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $! > pid)
    sleep 0.1
- run: |
    kill -0 "$(cat pid)" && echo there"#);
    assert_eq!(ran.log("t"), "there");
    assert_eq!(
        ran.job("t").result.notes,
        ["left 1 process running, which towpath ended"]
    );
}

#[test]
fn composite_actions_have_inputs_outputs_and_a_status_of_their_own() {
    let ran = run(r#"- run: |
    mkdir -p act
    sed 's/@{{/$\{\{/' > act/action.yml <<'EOF'
    name: act
    inputs:
      who: {default: "@{{ github.repository_owner }}"}
    outputs:
      said: {value: "@{{ steps.say.outputs.said }}"}
    runs:
      using: composite
      steps:
      - id: say
        shell: bash
        env: {INNER: inner}
        run: |
          echo "said=hello @{{ inputs.who }}" >> "$GITHUB_OUTPUT"
          echo "LEAK=leaked" >> "$GITHUB_ENV"
          echo "$OUTER @{{ github.action_path != '' }}"
      - {shell: bash, run: exit 1, continue-on-error: true}
      - {shell: bash, run: echo still}
    EOF
- {id: use, uses: ./act, env: {OUTER: outer}, with: {who: me}}
- run: echo "${{ steps.use.outputs.said }} $LEAK [${INNER-}] [${OUTER-}]""#);
    let log = ran.log("t");
    assert!(log.starts_with("outer true\n"), "{log}");
    assert!(log.ends_with("still\nhello me leaked [] []"), "{log}");
}

#[test]
fn failing_composite_action_fails_its_step_and_still_gives_outputs() {
    let ran = run(r#"- run: |
    mkdir -p act
    sed 's/@{{/$\{\{/' > act/action.yml <<'EOF'
    name: act
    outputs: {x: {value: "@{{ steps.a.outputs.x }}"}}
    runs:
      using: composite
      steps:
      - {id: a, shell: bash, run: 'echo x=1 >> "$GITHUB_OUTPUT"'}
      - {shell: bash, run: exit 4}
      - {shell: bash, run: echo never}
      - {shell: bash, if: failure(), run: echo cleanup}
    EOF
- {id: use, uses: ./act}
- {if: failure(), run: 'echo "x ${{ steps.use.outputs.x }} ${{ steps.use.outcome }}"'}"#);
    let log = ran.log("t");
    assert!(!log.contains("never"), "{log}");
    assert!(log.contains("cleanup"), "{log}");
    assert!(log.ends_with("x 1 failure"), "{log}");
    assert_eq!(ran.jobs(), "t failure");
    assert_eq!(ran.findings("t").len(), 1, "{:?}", ran.findings("t"));
}

#[test]
fn missing_workspace_and_actions_are_told_with_what_to_do() {
    let ran = run(
        "- {uses: ./nowhere}\n- {if: always(), run: 'true', working-directory: gone}\n- {if: always(), uses: some/action@v1}",
    );
    let findings = ran.findings("t");
    for (finding, expected) in findings.iter().zip([
        "the action `./nowhere` is not in the workspace",
        "does not exist",
        "the action `some/action@v1` is not on this machine",
    ]) {
        assert!(finding.contains(expected), "{finding}");
    }
    assert_eq!(findings.len(), 3, "{findings:?}");
}
