//! Compares `towpath ci` with other ways to run the same tools on the same project: a serial script,
//! `make -j`, `tox -p` and `nox`, each with environments made by uv, run in turn. Prints ratios to the
//! tools alone, which hold on a noisy machine; seconds are only for orientation.
//!
//! `cargo bench -p towpath --bench peers -- [itsdangerous|click|click-lines] [ROUNDS] [make] [tox] [nox] [towpath]`.
//! The tools alone always run; of the others those that are named, else all. Needs the package index, Python 3
//! with pip, make, and the Pythons of the project.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod contestants;
mod findings;
mod measure;
mod work;

use std::error::Error;
use std::path::{Path, PathBuf};

use contestants::{Contestant, Ground, contestants};
use measure::{Cost, median};
use work::{NAMES, project};

/// What the caches hold when a contestant starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No environments; uv's cache of packages is warm.
    Cold,
    /// Environments and tool caches are there; all work is done.
    Warm,
    /// The same command again, nothing changed.
    Again,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let name = arguments.first().map_or("itsdangerous", String::as_str);
    let rounds: usize = arguments.get(1).map_or(Ok(3), |text| text.parse())?;
    let project =
        project(name).ok_or_else(|| format!("`{name}` is none of {}", NAMES.join(", ")))?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("peers")
        .join(name);
    let ground = Ground::prepare(&project, &folder)?;
    let named = arguments.get(2..).unwrap_or_default();
    let contestants = chosen(contestants(&project, &ground)?, named)?;
    let has_towpath = contestants
        .iter()
        .any(|contestant| contestant.name == "towpath ci");
    let mut table = vec![String::new(); contestants.len()];
    println!(
        "{} {} on {} cores, {rounds} rounds",
        name,
        project.version,
        cores()
    );
    for phase in [Phase::Cold, Phase::Warm, Phase::Again] {
        let ratios = run_phase(phase, rounds, &contestants, &ground.tree)?;
        for (row, (cpu, wall)) in table.iter_mut().zip(ratios) {
            row.push_str(&format!(" {cpu:.2} | {wall:.2} |"));
        }
        if phase == Phase::Warm && has_towpath {
            println!("\nFound, by the tools alone and by towpath");
            for (what, alone, towpath) in findings::compare(&project, &ground)? {
                println!("  {what:<12} {alone:>12} {towpath:>12}");
            }
        }
    }
    println!("\n| | cold: CPU | wall/M | warm: CPU | wall/M | again: CPU | wall/M |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (contestant, row) in contestants.iter().zip(table) {
        println!("| {} |{row}", contestant.name);
    }
    Ok(())
}

/// Returns the contestants whose first word is named, all where none is, after the tools alone.
fn chosen(all: Vec<Contestant>, named: &[String]) -> Result<Vec<Contestant>, String> {
    let is_named =
        |contestant: &Contestant, name: &str| contestant.name.split(' ').next() == Some(name);
    if let Some(unknown) = named
        .iter()
        .find(|name| !all.iter().any(|one| is_named(one, name)))
    {
        return Err(format!("`{unknown}` is none of make, tox, nox, towpath"));
    }
    let stays = |contestant: &Contestant| {
        named.is_empty()
            || is_named(contestant, "tools")
            || named.iter().any(|name| is_named(contestant, name))
    };
    Ok(all.into_iter().filter(stays).collect())
}

/// Runs every contestant in turn; prints and returns what each cost, CPU to the tools alone and wall to M.
fn run_phase(
    phase: Phase,
    rounds: usize,
    contestants: &[Contestant],
    tree: &Path,
) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); contestants.len()];
    for _ in 0..rounds {
        for (contestant, costs) in contestants.iter().zip(&mut costs) {
            if phase == Phase::Cold {
                contestant.forget()?;
            }
            let command = if phase == Phase::Warm {
                &contestant.warm
            } else {
                &contestant.run
            };
            costs.push(measure::run(command, tree, &contestant.variables)?);
        }
    }
    println!("\n{phase:?}: wall s, CPU s, CPU to the tools alone, wall to M");
    let alone = median(&costs[0], |cost| cost.cpu);
    let bound = alone / cores() as f64;
    let mut ratios = Vec::new();
    for (contestant, costs) in contestants.iter().zip(&costs) {
        let (wall, cpu) = (
            median(costs, |cost| cost.wall),
            median(costs, |cost| cost.cpu),
        );
        let (to_alone, to_bound) = (cpu / alone, wall / bound);
        println!(
            "  {:<12} {wall:>7.2} {cpu:>7.2} {to_alone:>6.2} {to_bound:>6.2}",
            contestant.name
        );
        ratios.push((to_alone, to_bound));
    }
    Ok(ratios)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
