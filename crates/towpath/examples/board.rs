//! Replays a recorded run on the terminal, in real time: `cargo run -p towpath --example board`.
//!
//! For work on the live board without running a pipeline. Arguments: a file of recorded events (a JSON
//! object a line, each with `at_ms` since the start) and a speed; both have defaults.

use std::collections::BTreeMap;
use std::io::{Write, stderr};
use std::time::{Duration, Instant};

use serde::Deserialize;
use towpath::terminal::{
    ColorChoice, FinalReport, Header, Screen, Style, Surroundings, Verbosity, final_report,
    terminal_size,
};
use towpath_report::{RunEvent, RunRecord};

const RECORDED: &str = include_str!("humanize.jsonl");
const LISTS: &str = include_str!("humanize_lists.py");

/// An event with its time.
#[derive(Deserialize)]
struct Recorded {
    at_ms: u64,
    #[serde(flatten)]
    event: RunEvent,
}

#[expect(
    clippy::disallowed_methods,
    reason = "an example reads its environment itself"
)]
fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let recorded = arguments
        .next()
        .map_or(Ok(RECORDED.to_owned()), fs_err::read_to_string)?;
    let speed: f64 = arguments.next().map_or(Ok(1.0), |speed| speed.parse())?;
    let environment: BTreeMap<String, String> = std::env::vars().collect();

    let surroundings = Surroundings {
        environment: &environment,
        color: ColorChoice::Auto,
        stdout: terminal_size(std::io::stdout()),
        stderr: terminal_size(stderr()),
    };
    let header = Header {
        title: "humanize · hatchling, src layout · testing on Python 3.10 3.11 3.12 3.13"
            .to_owned(),
        notes: vec![
            "3.14 and 3.15 are declared but not on this machine (uv python install 3.14)"
                .to_owned(),
        ],
    };
    let mut screen = Screen::new(
        &surroundings,
        Verbosity::Normal,
        header,
        Box::new(stderr()),
        Box::new(|| terminal_size(stderr())),
    );
    let started = Instant::now();
    for line in recorded.lines() {
        let Recorded { at_ms, event } = serde_json::from_str(line)?;
        let due = Duration::from_millis(at_ms).div_f64(speed);
        while started.elapsed() < due {
            std::thread::sleep(
                Duration::from_millis(100).min(due.saturating_sub(started.elapsed())),
            );
            screen.tick();
        }
        screen.event(&event);
        if let RunEvent::RunFinished { record } = &event {
            print_report(record, surroundings.report_style())?;
        }
    }
    Ok(())
}

fn print_report(record: &RunRecord, style: Style) -> std::io::Result<()> {
    let text = final_report(&FinalReport {
        command: "towpath ci",
        record,
        style,
        is_quiet: false,
        is_verbose: false,
        source: &|path| (path == "src/humanize/lists.py").then(|| LISTS.to_owned()),
        moment: &|seconds| format!("{seconds} s"),
    });
    std::io::stdout().write_all(text.as_bytes())
}
