//! Steps in the background: what they run beside, when what they did counts, how they end.

use std::time::{Duration, Instant};

use super::engine::{Engine, Ran};

/// Runs the steps of one job, `t`.
fn run(steps: &str) -> Ran {
    run_in(&Engine::new(), steps)
}

fn run_in(engine: &Engine, steps: &str) -> Ran {
    let steps: String = steps.lines().map(|line| format!("    {line}\n")).collect();
    engine.run(&format!(
        "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"
    ))
}

/// Waits in a script for a file, so that a step that would wait for the script never ends.
const UNTIL_GO: &str = "until [ -e go ]; do sleep 0.02; done";

#[test]
fn what_a_step_changes_counts_once_it_is_waited_for() {
    let ran = run(&format!(
        r#"- id: side
  background: true
  run: |
    {UNTIL_GO}
    echo v=1 >> "$GITHUB_OUTPUT"
    echo SET=yes >> "$GITHUB_ENV"
    echo /added >> "$GITHUB_PATH"
    echo done > side-ended
    echo from the side
- run: |
    touch go
    until [ -e side-ended ]; do sleep 0.02; done
    echo first
- run: echo "[${{{{ steps.side.outcome }}}}] [${{SET-}}] [${{{{ steps.side.outputs.v }}}}]"
- {{name: rest, wait: side}}
- run: echo "${{{{ steps.side.outputs.v }}}} ${{{{ steps.side.conclusion }}}} $SET"; echo "${{PATH%%:*}}"
- {{wait: [side]}}"#
    ));
    assert_eq!(ran.jobs(), "t success");
    assert_eq!(
        ran.log("t"),
        "first\n[] [] []\nfrom the side\n1 success yes\n/added"
    );
    assert!(
        ran.steps("t").contains("rest success"),
        "{}",
        ran.steps("t")
    );
}

#[test]
fn a_failure_fails_the_step_that_waits_and_the_job() {
    let ran = run(
        r#"- {name: side, id: side, background: true, run: echo last words; exit 3}
- {name: beside, run: "true"}
- {name: rest, id: rest, wait: side}
- {name: after, run: "true"}
- {name: told, if: failure(), run: 'echo ${{ steps.side.outcome }} ${{ steps.rest.outcome }}'}"#,
    );
    assert_eq!(
        ran.steps("t"),
        "side failure, beside success, rest failure, after skipped, told success"
    );
    assert_eq!(ran.jobs(), "t failure");
    assert_eq!(ran.findings("t"), ["step `side` ended with exit code 3"]);
    assert_eq!(ran.job("t").steps[0].output, ["last words"]);
    assert!(
        ran.log("t").ends_with("failure failure"),
        "{}",
        ran.log("t")
    );
}

#[test]
fn who_goes_on_after_an_error_decides_what_it_means() {
    for (side, rest, steps, job) in [
        (
            "continue-on-error: true, ",
            "",
            "side failure, rest success, after success",
            "t success",
        ),
        // The steps go on, and the job fails at its end all the same.
        (
            "",
            ", continue-on-error: true",
            "side failure, rest failure, after success",
            "t failure",
        ),
    ] {
        let ran = run(&format!(
            "- {{name: side, id: side, {side}background: true, run: exit 1}}\n- {{name: rest, wait-all: true{rest}}}\n- {{name: after, run: 'true'}}"
        ));
        assert_eq!((&*ran.steps("t"), &*ran.jobs()), (steps, job));
    }
}

#[test]
fn a_cancelled_step_is_no_failure() {
    let ran = run(r"- name: server
  id: server
  background: true
  run: |
    trap 'echo stopped; exit 0' INT
    touch go
    while true; do sleep 0.05; done
- {name: use, run: 'until [ -e go ]; do sleep 0.02; done; exit 1'}
- {name: stop, cancel: server}
- {name: after, if: always(), run: 'echo ${{ steps.server.outcome }}'}");
    assert_eq!(
        ran.steps("t"),
        "server cancelled, use failure, stop success, after success"
    );
    let log = ran.log("t");
    assert!(
        log.contains("stopped") && log.ends_with("cancelled"),
        "{log}"
    );
    let ran = run(
        r#"- {name: server, id: server, background: true, run: sleep 60}
- {name: stop, cancel: server}
- {name: after, run: "true"}"#,
    );
    assert_eq!(ran.jobs(), "t success", "{}", ran.steps("t"));
}

#[test]
fn a_step_that_failed_before_it_was_cancelled_fails_the_job_at_its_end() {
    let ran = run(
        r#"- {name: server, id: server, background: true, run: touch failed; exit 1}
- {run: 'until [ -e failed ]; do sleep 0.02; done; sleep 1'}
- {name: stop, cancel: server}
- {name: after, run: "true"}"#,
    );
    assert!(
        ran.steps("t").ends_with("stop success, after success"),
        "{}",
        ran.steps("t")
    );
    assert_eq!(ran.jobs(), "t failure");
}

#[test]
fn what_nobody_waits_for_is_awaited() {
    let ran = run(r#"- {name: side, background: true, run: sleep 0.3; exit 2}
- {name: last, run: "true"}"#);
    assert_eq!(
        ran.steps("t"),
        "side failure, last success, Wait for all background steps failure"
    );
    assert_eq!(ran.jobs(), "t failure");
}

#[test]
fn parallel_steps_run_at_the_same_time() {
    let ran = run(r#"- parallel:
  - {name: one, id: one, run: 'touch 1; until [ -e 2 ]; do sleep 0.02; done; echo x=1 >> $GITHUB_OUTPUT; echo one'}
  - {name: two, run: 'touch 2; until [ -e 1 ]; do sleep 0.02; done; echo two'}
  - {name: three, if: false, run: exit 1}
- {name: then, run: 'echo "then ${{ steps.one.outputs.x }}"'}
- parallel:
  - {name: four, run: exit 1}
  - {name: five, run: sleep 0.3; echo five}
- {name: after, run: "true"}
- parallel:
  - {name: six, run: "true"}"#);
    assert_eq!(
        ran.steps("t"),
        "one success, two success, three skipped, Run in parallel success, then success, \
         four failure, five success, Run in parallel failure, after skipped, six skipped, \
         Run in parallel skipped"
    );
    let log = ran.log("t");
    assert!(log.starts_with("one\ntwo\n"), "{log}");
    assert!(log.contains("then 1\n") && log.contains("five"), "{log}");
}

#[test]
fn ten_run_at_a_time() {
    let steps: String = (0..12)
        .map(|step| {
            format!(
                "  - {{name: s{step}, run: 'mkdir -p on most; touch on/{step}; sleep 0.4; n=$(ls on | wc -l); touch most/$n; rm on/{step}'}}\n"
            )
        })
        .collect();
    let ran = run(&format!(
        "- parallel:\n{steps}- run: ls most | sort -n | tail -1"
    ));
    assert_eq!(ran.jobs(), "t success");
    let log = ran.log("t");
    let most: u32 = log.lines().last().unwrap_or_default().parse().unwrap();
    assert!((2..=10).contains(&most), "{log}");
}

#[test]
fn secrets_of_one_step_are_hidden_in_others() {
    let ran = run(
        r#"- {id: side, background: true, run: 'echo "::add-mask::s3cr3t-word"; touch go'}
- run: until [ -e go ]; do sleep 0.02; done; sleep 1; echo s3cr3t-word
- {background: true, run: echo s3cr3t-word}
- wait-all:"#,
    );
    let log = ran.log("t");
    assert!(!log.contains("s3cr3t"), "{log}");
    assert_eq!(log.matches("***").count(), 2, "{log}");
}

#[test]
fn time_and_signals_end_steps_in_the_background() {
    let ran = run(
        r#"- {name: slow, background: true, run: sleep 60, timeout-minutes: "${{ fromJSON('0.01') }}"}
- {name: rest, wait-all: null}"#,
    );
    assert_eq!(ran.steps("t"), "slow failure, rest failure");
    let mut engine = Engine::new();
    engine.stop_at = "started";
    let begun = Instant::now();
    let ran = run_in(
        &engine,
        "- {name: long, id: long, background: true, run: 'sleep 0.2; echo started; sleep 60'}\n- {name: rest, wait: long}\n- {name: next, run: 'true'}\n- {name: clean, if: always(), run: echo cleaned}",
    );
    assert!(ran.interrupted);
    assert_eq!(
        ran.steps("t"),
        "long cancelled, rest cancelled, next skipped, clean success"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn composite_actions_run_in_the_background() {
    let ran = run(r#"- run: |
    mkdir -p act
    sed 's/@{{/$\{\{/' > act/action.yml <<'EOF'
    name: act
    outputs: {x: {value: "@{{ steps.a.outputs.x }}"}}
    runs:
      using: composite
      steps:
      - {id: a, shell: bash, run: 'echo x=1 >> "$GITHUB_OUTPUT"; echo IN=side >> "$GITHUB_ENV"'}
      - {shell: bash, run: 'echo "inside $IN"'}
    EOF
- {id: use, uses: ./act, background: true}
- {wait: use}
- run: 'echo "${{ steps.use.outputs.x }} $IN"'"#);
    let log = ran.log("t");
    assert!(
        log.contains("inside side\n") && log.ends_with("1 side"),
        "{log}"
    );
}
