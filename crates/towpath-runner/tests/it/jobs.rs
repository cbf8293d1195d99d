//! What becomes of jobs: conditions, needs, matrices, outputs, calls, concurrency.

use super::engine::Engine;

/// Runs jobs that are written in one line each where they can be, and returns how they ended.
fn ended(jobs: &str) -> String {
    Engine::new()
        .run(&format!("on: push\njobs:\n{jobs}"))
        .jobs()
}

const PASS: &str = "runs-on: ubuntu-latest, steps: [{run: 'true'}]";
const FAIL: &str = "runs-on: ubuntu-latest, steps: [{run: 'false'}]";

#[test]
fn conditions_of_jobs_look_at_all_jobs_above() {
    for (jobs, expected) in [
        (
            // A skipped need makes its dependents skip.
            format!("  a: {{{FAIL}}}\n  b: {{needs: a, {PASS}}}\n  c: {{needs: b, {PASS}}}\n"),
            "a failure, b skipped, c skipped",
        ),
        (
            // A failure is seen through a job that was skipped for it.
            format!(
                "  a: {{{FAIL}}}\n  b: {{needs: a, {PASS}}}\n  c: {{needs: b, if: failure(), {PASS}}}\n"
            ),
            "a failure, b skipped, c success",
        ),
        (
            // One that ran always does not hide what failed above it.
            format!(
                "  a: {{{FAIL}}}\n  b: {{needs: a, if: always(), {PASS}}}\n  c: {{needs: b, {PASS}}}\n"
            ),
            "a failure, b success, c skipped",
        ),
        (
            format!(
                "  a: {{{PASS}}}\n  b: {{needs: a, if: \"needs.a.result == 'success'\", {PASS}}}\n"
            ),
            "a success, b success",
        ),
        (
            format!("  a: {{if: false, {PASS}}}\n  b: {{needs: a, {PASS}}}\n"),
            "a skipped, b skipped",
        ),
        (
            // The word in a text is no function call.
            format!(
                "  a: {{{FAIL}}}\n  b: {{needs: a, if: \"contains('always()', 'always')\", {PASS}}}\n"
            ),
            "a failure, b skipped",
        ),
        (
            format!("  a: {{continue-on-error: true, {FAIL}}}\n  b: {{needs: a, {PASS}}}\n"),
            "a failure, b success",
        ),
    ] {
        assert_eq!(ended(&jobs), expected, "{jobs}");
    }
}

#[test]
fn matrices_become_jobs() {
    for (jobs, expected) in [
        (
            format!("  t: {{strategy: {{matrix: {{v: [1, 2], os: [x]}}}}, {PASS}}}\n"),
            "t (1, x) success, t (2, x) success",
        ),
        (
            format!(
                "  t: {{name: 'v${{{{ matrix.v }}}}', strategy: {{matrix: {{v: [3.10, a]}}}}, {PASS}}}\n"
            ),
            "v3.1 success, va success",
        ),
        (
            "  s: {runs-on: ubuntu-latest, outputs: {m: '${{ steps.a.outputs.m }}'}, steps: [{id: a, run: 'echo \"m=[1,2]\" >> $GITHUB_OUTPUT'}]}\n  t: {needs: s, runs-on: ubuntu-latest, strategy: {matrix: {v: '${{ fromJSON(needs.s.outputs.m) }}'}}, steps: [{run: 'test ${{ strategy.job-total }} = 2'}]}\n".to_owned(),
            "s success, t (1) success, t (2) success",
        ),
        (
            // The rest is not started where one fails.
            "  t: {runs-on: ubuntu-latest, strategy: {max-parallel: 1, matrix: {v: [1, 2, 3]}}, steps: [{run: 'exit 1'}]}\n".to_owned(),
            "t (1) failure, t (2) cancelled, t (3) cancelled",
        ),
        (
            "  t: {runs-on: ubuntu-latest, strategy: {fail-fast: false, matrix: {v: [1, 2]}}, steps: [{run: 'test ${{ matrix.v }} = 1'}]}\n".to_owned(),
            "t (1) success, t (2) failure",
        ),
        (
            // A copy that cannot run here is told as such, and decides nothing.
            "  t: {runs-on: '${{ matrix.os }}', strategy: {matrix: {os: [ubuntu-latest, windows-latest]}}, steps: [{run: 'true'}]}\n  u: {needs: t, runs-on: ubuntu-latest, steps: [{run: 'true'}]}\n".to_owned(),
            "t (ubuntu-latest) success, t (windows-latest) skipped, u success",
        ),
    ] {
        assert_eq!(ended(&jobs), expected, "{jobs}");
    }
}

#[test]
fn running_copies_are_asked_to_end_when_one_fails() {
    let ran = Engine::new().run(
        "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    strategy: {matrix: {v: [1, 2]}}\n    steps:\n    - run: '[ ${{ matrix.v }} = 2 ] && { sleep 0.3; exit 1; } || sleep 30'\n    - run: echo cleaning\n      if: always()\n",
    );
    assert_eq!(ran.jobs(), "t (1) cancelled, t (2) failure");
    assert!(
        ran.log("t (1)").contains("cleaning"),
        "{}",
        ran.log("t (1)")
    );
}

#[test]
fn jobs_give_outputs_to_those_that_need_them() {
    let ran = Engine::new().with_secret("TOKEN", "s3cr3t-value").run(
        r#"on: push
jobs:
  a:
    runs-on: ubuntu-latest
    outputs:
      version: ${{ steps.v.outputs.version }}
      hidden: ${{ secrets.TOKEN }}
    steps:
    - id: v
      run: echo "version=1.2" >> "$GITHUB_OUTPUT"
  b:
    needs: a
    runs-on: ubuntu-latest
    steps:
    - run: echo "[${{ needs.a.outputs.version }}] [${{ needs.a.outputs.hidden }}] [${{ needs.a.result }}]"
"#,
    );
    assert_eq!(ran.log("b"), "[1.2] [] [success]");
    let notes = &ran.job("a").result.notes;
    assert_eq!(notes, &["output `hidden` holds a secret and was left out"]);
}

#[test]
fn called_workflows_run_with_inputs_secrets_and_outputs() {
    let mut engine = Engine::new().with_secret("TOKEN", "s3cr3t-value");
    engine.sources.insert(
        "./.github/workflows/called.yml".to_owned(),
        r#"on:
  workflow_call:
    inputs:
      greeting: {type: string, default: "hello ${{ github.ref_name }}"}
      count: {type: number, required: true}
    secrets:
      token: {required: true}
    outputs:
      said: {value: "${{ jobs.say.outputs.said }}"}
jobs:
  say:
    runs-on: ubuntu-latest
    outputs: {said: "${{ steps.s.outputs.said }}"}
    steps:
    - id: s
      env: {T: "${{ secrets.token }}", O: "${{ env.OUTER }}"}
      run: |
        echo "said=${{ inputs.greeting }} ${{ inputs.count + 0 }}" >> "$GITHUB_OUTPUT"
        echo "${#T} [$O] ${{ github.event_name }}"
"#
        .replace("inputs.count + 0", "inputs.count"),
    );
    let ran = engine.run(
        r"on: push
env: {OUTER: outer}
jobs:
  call:
    uses: ./.github/workflows/called.yml
    with: {count: 3}
    secrets: {token: '${{ secrets.TOKEN }}'}
  after:
    needs: call
    runs-on: ubuntu-latest
    steps:
    - run: echo '${{ needs.call.outputs.said }} ${{ needs.call.result }}'
",
    );
    assert_eq!(ran.jobs(), "after success, call / say success");
    assert_eq!(ran.log("call / say"), "12 [] push");
    assert_eq!(ran.log("after"), "hello main 3 success");
}

#[test]
fn jobs_of_a_concurrency_group_run_one_at_a_time() {
    let mut engine = Engine::new();
    engine.slots = 4;
    let file = engine.context.folder().join("order");
    let job = |name: &str| {
        format!(
            "  {name}: {{runs-on: ubuntu-latest, concurrency: Deploy, steps: [{{run: 'echo +{name} >> {0}; sleep 0.3; echo -{name} >> {0}'}}]}}\n",
            file.display()
        )
    };
    let jobs: String = ["a", "b"].map(job).concat();
    let ran = engine.run(&format!("on: push\njobs:\n{jobs}"));
    assert_eq!(ran.jobs(), "a success, b success");
    let order = fs_err::read_to_string(&file).expect("the order");
    assert_eq!(order, "+a\n-a\n+b\n-b\n");
}

#[test]
fn a_newer_job_takes_the_place_of_one_that_waits_unless_the_group_is_a_queue() {
    for (queue, expected) in [
        ("single", "a success, b cancelled, c success"),
        ("max", "a success, b success, c success"),
    ] {
        let mut engine = Engine::new();
        engine.slots = 4;
        let job = |name: &str| {
            format!(
                "  {name}: {{runs-on: ubuntu-latest, concurrency: {{group: '${{{{ github.ref }}}}', queue: {queue}}}, steps: [{{run: sleep 0.2}}]}}\n"
            )
        };
        let jobs = ["a", "b", "c"].map(job).concat();
        let ran = engine.run(&format!("on: push\njobs:\n{jobs}"));
        assert_eq!(ran.jobs(), expected, "{queue}");
    }
}

#[test]
fn called_workflows_enter_their_concurrency_group() {
    let mut engine = Engine::new();
    engine.slots = 4;
    let file = engine.context.folder().join("order");
    let called = |name: &str, group: &str| {
        format!(
            "on: workflow_call\nconcurrency: {group}\njobs:\n  j: {{runs-on: ubuntu-latest, steps: [{{run: 'echo +{name} >> {0}; sleep 0.3; echo -{name} >> {0}'}}]}}\n",
            file.display()
        )
    };
    for (name, group) in [("a", "shared"), ("b", "Shared"), ("c", "around")] {
        let path = format!("./.github/workflows/{name}.yml");
        engine.sources.insert(path, called(name, group));
    }
    let ran = engine.run("on: push\nconcurrency: around\njobs:\n  a: {uses: ./.github/workflows/a.yml}\n  b: {uses: ./.github/workflows/b.yml}\n  c: {uses: ./.github/workflows/c.yml}\n  d: {runs-on: ubuntu-latest, concurrency: around, steps: [{run: 'true'}]}\n");
    assert_eq!(
        ran.jobs(),
        "a / j success, b / j success, c cancelled, d cancelled"
    );
    assert!(
        ran.job("d").reason.contains("deadlock"),
        "{}",
        ran.job("d").reason
    );
    let deadlock = ran.warnings.iter().find(|warning| warning.contains("`d`"));
    assert!(deadlock.is_some_and(|warning| warning.contains("deadlock")));
    let order = fs_err::read_to_string(&file).expect("the order");
    assert_eq!(order, "+a\n-a\n+b\n-b\n");
}

#[test]
fn runs_of_a_repository_wait_for_one_another() {
    for (workflow, job, waits) in [
        ("concurrency: Deploy\n", "", "concurrency group `deploy`"),
        ("", "concurrency: Deploy, ", "concurrency group `deploy`"),
        ("", "environment: staging, ", "environment `staging`"),
    ] {
        let (mut first, mut second) = (Engine::new(), Engine::new());
        let shared = first.context.folder().join("shared");
        fs_err::create_dir_all(&shared).expect("a folder");
        let (order, begun) = (shared.join("order"), shared.join("begun"));
        let text = |name: &str| {
            format!(
                "on: push\n{workflow}jobs:\n  t: {{{job}runs-on: ubuntu-latest, steps: [{{run: 'echo +{name} >> {0}; touch {1}; until [ -e {2}/waiting ]; do sleep 0.05; done; echo -{name} >> {0}'}}]}}\n",
                order.display(),
                begun.display(),
                shared.join("locks").display()
            )
        };
        for engine in [&mut first, &mut second] {
            engine.locks = Some(shared.join("locks"));
        }
        let ran = std::thread::scope(|scope| {
            let other = scope.spawn(|| first.run(&text("a")));
            while !begun.exists() {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            let ran = second.run(&text("b"));
            assert_eq!(other.join().expect("the other run").jobs(), "t success");
            ran
        });
        assert_eq!(ran.jobs(), "t success");
        let text = fs_err::read_to_string(&order).expect("the order");
        assert_eq!(text, "+a\n-a\n+b\n-b\n");
        let said = format!(
            "t waits for the {waits}, which towpath process {} has (run 1, job `t`)",
            std::process::id()
        );
        assert_eq!(ran.waits, [said]);
    }
}

// A job that must be alone and cannot know that it is does not run.
#[test]
fn a_lock_that_cannot_be_made_fails_its_job() {
    let mut engine = Engine::new();
    let locks = engine.context.folder().join("locks");
    fs_err::write(&locks, "no folder").expect("a file");
    engine.locks = Some(locks);
    let ran = engine.run(&format!(
        "on: push\njobs:\n  a: {{concurrency: g, {PASS}}}\n  b: {{needs: a, {PASS}}}\n  c: {{{PASS}}}\n"
    ));
    assert_eq!(ran.jobs(), "a failure, b skipped, c success");
    let said = &ran.job("a").result.errors[0].message;
    assert!(
        said.starts_with("cannot keep other runs from the concurrency group `g`: cannot lock"),
        "{said}"
    );
}

#[test]
fn a_job_that_has_ended_gives_way_to_nobody() {
    let job = "runs-on: ubuntu-latest, concurrency: {group: g, cancel-in-progress: true}, steps: [{run: 'true'}]";
    let ran = Engine::new().run(&format!(
        "on: push\njobs:\n  a: {{{job}}}\n  b: {{needs: a, {job}}}\n"
    ));
    assert_eq!(ran.jobs(), "a success, b success");
    assert_eq!(ran.warnings, Vec::<String>::new());
}

#[test]
fn no_environment_is_named_by_an_empty_name() {
    let ran = Engine::new().run("on: push\njobs:\n  deploy: {runs-on: ubuntu-latest, environment: \"${{ github.ref == 'other' && 'production' || '' }}\", steps: [{run: 'true'}]}\n");
    assert_eq!(ran.jobs(), "deploy success");
}

#[test]
fn environments_wait_for_an_approval() {
    let workflow = "on: push\njobs:\n  deploy: {runs-on: ubuntu-latest, environment: production, steps: [{run: 'echo ${{ vars.WHERE }} ${{ secrets.KEY }}'}]}\n";
    let ran = Engine::new().run(workflow);
    assert_eq!(ran.jobs(), "deploy cancelled");
    assert!(
        ran.job("deploy")
            .reason
            .contains("towpath run --approve production"),
        "{}",
        ran.job("deploy").reason
    );
    let mut environment = towpath_runner::EnvironmentContext::of("production");
    environment.approval = towpath_runner::Approval::Given;
    environment
        .variables
        .insert("WHERE".to_owned(), "there".to_owned());
    environment.secrets.insert(
        "KEY".to_owned(),
        towpath_host::secret::Secret::new("k3y-k3y"),
    );
    let ran = Engine::new()
        .with_environment("production", environment)
        .run(workflow);
    assert_eq!(ran.log("deploy"), "there ***");
}

#[test]
fn nothing_of_a_job_is_seen_by_the_next_one() {
    let leave = [
        "touch $F/.hidden; mkdir -p $F/a/b; chmod 0 $F/a",
        "rm -r $F; ln -s / $F",
        "rm -r $F; touch $F",
        "chmod 0 $F",
        "rm -r $F",
    ];
    for place in [
        "GITHUB_WORKSPACE",
        "RUNNER_TEMP",
        "HOME",
        "RUNNER_WORKSPACE",
    ] {
        for leave in leave {
            let ran = Engine::new().run(&format!(
                "on: push
jobs:
  first:
    runs-on: ubuntu-latest
    steps:
      - run: echo A=b | tee $GITHUB_ENV > $RUNNER_TEMP/_runner_file_commands/env
      - run: F=${place}; cd /; {leave}
  second:
    needs: first
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: |
          test -z \"$A\"
          test \"$(ls -A $RUNNER_WORKSPACE)\" = demo
          test \"$(ls -A $RUNNER_TEMP | wc -l)\" = 3
          for f in $GITHUB_WORKSPACE $HOME; do test -d $f; test ! -L $f; test -z \"$(ls -A $f)\"; echo x > $f/x; done
"
            ));
            assert!(
                ran.jobs().ends_with("second success"),
                "{place} {leave}: {:?}",
                ran.job("second")
            );
        }
    }
}

#[test]
fn copies_of_a_call_obey_their_strategy() {
    let mut engine = Engine::new();
    engine.slots = 4;
    let file = engine.context.folder().join("order");
    engine.sources.insert(
        "./.github/workflows/deploy.yml".to_owned(),
        format!(
            "on: {{workflow_call: {{inputs: {{to: {{type: string}}}}}}}}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n    - run: echo ${{{{ inputs.to }}}} >> {0}; test ${{{{ inputs.to }}}} != staging\n",
            file.display()
        ),
    );
    let ran = engine.run(
        "on: push\njobs:\n  d:\n    strategy: {max-parallel: 1, matrix: {to: [dev, staging, prod]}}\n    uses: ./.github/workflows/deploy.yml\n    with: {to: '${{ matrix.to }}'}\n",
    );
    assert_eq!(
        ran.jobs(),
        "d (dev) / deploy success, d (prod) cancelled, d (staging) / deploy failure"
    );
    let order = fs_err::read_to_string(&file).expect("the order");
    assert_eq!(order, "dev\nstaging\n");
}
