//! What is compared: workflows of many small steps, and the same steps as scripts for a loop.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of the measurement of a step that prints much.
pub(crate) const OUTPUT: &str = "output";
/// What that step prints.
pub(crate) const OUTPUT_BYTES: u64 = 1_000_000_000;

/// How the jobs of a workflow hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One job, or a matrix of as many as there are.
    Matrix,
    /// Each job needs the one before.
    Chain,
}

/// One comparison.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// How much CPU towpath may use for each CPU second of the loop.
    pub(crate) cpu_bar: f64,
    shape: Shape,
    jobs: usize,
    steps_of_a_job: usize,
}

pub(crate) const SCENARIOS: [Scenario; 4] = [
    Scenario {
        name: "steps",
        title: "1 job of 200 steps",
        cpu_bar: 1.5,
        shape: Shape::Matrix,
        jobs: 1,
        steps_of_a_job: 200,
    },
    Scenario {
        name: "matrix",
        title: "100 matrix jobs",
        cpu_bar: 2.0,
        shape: Shape::Matrix,
        jobs: 100,
        steps_of_a_job: 1,
    },
    Scenario {
        name: "chain",
        title: "50 chained jobs",
        cpu_bar: 2.0,
        shape: Shape::Chain,
        jobs: 50,
        steps_of_a_job: 1,
    },
    Scenario {
        name: "grid",
        title: "8 jobs of 25 steps",
        cpu_bar: 1.5,
        shape: Shape::Matrix,
        jobs: 8,
        steps_of_a_job: 25,
    },
];

/// A repository with a workflow, and the two ways to run what it says.
pub(crate) struct Ground {
    pub(crate) folder: PathBuf,
    pub(crate) state: PathBuf,
    pub(crate) plain: Vec<String>,
    pub(crate) towpath: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
}

impl Scenario {
    pub(crate) fn steps(&self) -> usize {
        self.jobs * self.steps_of_a_job
    }

    pub(crate) fn prepare(&self, folder: &Path) -> Result<Ground, Box<dyn Error>> {
        let scripts = folder.join("scripts");
        fs::create_dir_all(&scripts)?;
        for number in 0..self.steps() {
            fs::write(
                scripts.join(format!("{number}.sh")),
                format!("echo {number}\n"),
            )?;
        }
        ground(folder, &self.workflow())
    }

    fn workflow(&self) -> String {
        let mut text = "on: push\njobs:\n".to_owned();
        let steps: String = (0..self.steps_of_a_job)
            .map(|number| format!("      - run: echo {number}\n"))
            .collect();
        match self.shape {
            Shape::Matrix => {
                let numbers: Vec<String> =
                    (0..self.jobs).map(|number| number.to_string()).collect();
                text += &format!(
                    "  job:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        number: [{}]\n    steps:\n{steps}",
                    numbers.join(", ")
                );
            }
            Shape::Chain => {
                for number in 0..self.jobs {
                    let needs = match number.checked_sub(1) {
                        Some(before) => format!("    needs: job-{before}\n"),
                        None => String::new(),
                    };
                    text += &format!(
                        "  job-{number}:\n{needs}    runs-on: ubuntu-latest\n    steps:\n{steps}"
                    );
                }
            }
        }
        text
    }
}

/// Returns a workflow of one step that prints much.
pub(crate) fn prepare_output(folder: &Path) -> Result<Ground, Box<dyn Error>> {
    let line = "a line of output that is about as long as the lines of test runners are";
    let workflow = format!(
        "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      - run: yes '{line}' | head -c {OUTPUT_BYTES}\n"
    );
    ground(folder, &workflow)
}

fn ground(folder: &Path, workflow: &str) -> Result<Ground, Box<dyn Error>> {
    let repository = folder.join("repository");
    let file = repository.join(".github/workflows/bench.yml");
    fs::create_dir_all(file.parent().ok_or("the file has a folder")?)?;
    fs::write(&file, workflow)?;
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=Bench",
            "-c",
            "user.email=bench@example.org",
            "commit",
            "--quiet",
            "-m",
            "bench",
        ],
    ] {
        let status = Command::new("git")
            .args(arguments)
            .current_dir(&repository)
            .status()?;
        status.success().then_some(()).ok_or("git failed")?;
    }
    let state = folder.join("state");
    let variable = |name: &str, value: &Path| (name.to_owned(), value.display().to_string());
    let loop_over = "for script in ../scripts/*.sh; do bash -e \"$script\"; done";
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Ok(Ground {
        plain: words(&["sh", "-c", loop_over]),
        towpath: words(&[
            env!("CARGO_BIN_EXE_towpath"),
            "run",
            ".github/workflows/bench.yml",
        ]),
        variables: vec![
            variable("TOWPATH_STATE_DIR", &state),
            variable("TOWPATH_CACHE_DIR", &folder.join("cache")),
            variable("HOME", folder),
        ],
        folder: repository,
        state,
    })
}
