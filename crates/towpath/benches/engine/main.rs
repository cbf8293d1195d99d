//! Compares `towpath run` with a plain `sh` loop that starts `bash -e FILE` for each step, run in turn, and
//! measures a step that prints much. Prints ratios, which hold on a noisy machine, against their bars.
//!
//! `cargo bench -p towpath --bench engine -- [steps|matrix|chain|grid|output] [ROUNDS]`. Needs git and bash.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../peers/measure.rs"]
mod measure;
mod scenario;

use std::error::Error;
use std::path::Path;
use std::process::Command;

use measure::{Cost, median};
use nix::sys::resource::{UsageWho, getrusage};
use scenario::{OUTPUT, SCENARIOS, Scenario};

/// What towpath may use of the processor for itself, in milliseconds for each step.
const OWN_CPU_BAR: f64 = 1.0;
/// Megabytes of output in a second, at least.
const OUTPUT_BAR: f64 = 20.0;
/// Mebibytes of memory while that output flows, at most.
const MEMORY_BAR: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let rounds: usize = arguments.get(1).map_or(Ok(7), |text| text.parse())?;
    match arguments.first().map(String::as_str) {
        None => {
            for scenario in &SCENARIOS {
                compare(scenario, rounds)?;
            }
            // In a process of its own, because the largest memory of all children is what the system tells.
            let status = Command::new(std::env::current_exe()?)
                .arg(OUTPUT)
                .status()?;
            status
                .success()
                .then_some(())
                .ok_or("the output was not measured")?;
            Ok(())
        }
        Some(OUTPUT) => measure_output(),
        Some(name) => {
            let known = SCENARIOS.iter().find(|scenario| scenario.name == name);
            compare(known.ok_or("there is no such comparison")?, rounds)
        }
    }
}

fn compare(scenario: &Scenario, rounds: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let ground = scenario.prepare(folder.path())?;
    let (mut ratios, mut owns) = (Vec::new(), Vec::new());
    let (mut plain_costs, mut costs) = (Vec::new(), Vec::new());
    // The first round fills caches and is not counted.
    for round in 0..=rounds {
        let plain = measure::run(&ground.plain, &ground.folder, &[])?;
        let towpath = measure::run(&ground.towpath, &ground.folder, &ground.variables)?;
        if round > 0 {
            ratios.push(towpath.cpu / plain.cpu);
            owns.push((towpath.cpu - plain.cpu) * 1000.0 / scenario.steps() as f64);
            plain_costs.push(plain);
            costs.push(towpath);
        }
    }
    let wall = |costs: &[Cost]| median(costs, |cost| cost.wall);
    println!(
        "{}: CPU {:.2} times ({}), own CPU {:.2} ms a step ({}), wall {:.2} s against {:.2} s",
        scenario.title,
        middle(&mut ratios),
        bar("at most", scenario.cpu_bar),
        middle(&mut owns),
        bar("under", OWN_CPU_BAR),
        wall(&costs),
        wall(&plain_costs),
    );
    Ok(())
}

fn measure_output() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let ground = scenario::prepare_output(folder.path())?;
    let cost = measure::run(&ground.towpath, &ground.folder, &ground.variables)?;
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() as f64 / 1024.0;
    println!(
        "a step that prints 1 GB: {:.0} MB/s ({}), {memory:.0} MiB of memory ({}), {:.1} s of CPU",
        scenario::OUTPUT_BYTES as f64 / 1e6 / cost.wall,
        bar("at least", OUTPUT_BAR),
        bar("at most", MEMORY_BAR),
        cost.cpu,
    );
    report_disk(&ground.state)
}

/// What is kept of the output has a bound as well.
fn report_disk(state: &Path) -> Result<(), Box<dyn Error>> {
    let mut bytes = 0;
    let mut folders = vec![state.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += entry.metadata()?.len();
            }
        }
    }
    println!("kept of it: {:.1} MB", bytes as f64 / 1e6);
    Ok(())
}

fn bar(relation: &str, value: f64) -> String {
    format!("bar: {relation} {value}")
}

fn middle(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
