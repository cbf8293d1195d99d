//! Measures how fast output is masked with ten secrets, in pieces of several sizes and line by line.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::time::Instant;

use towpath_host::secret::{Masker, Secret};

const SIZE: usize = 32 << 20;
const LINE: &str =
    "tests/test_something.py::test_case_with_a_name PASSED and some more of ordinary output\n";

fn main() {
    let secrets: Vec<Secret> = (0..10)
        .map(|number| {
            Secret::new(format!(
                "s3cr3t-{number}-{}!&x\"",
                "Abc9".repeat(5 + number)
            ))
        })
        .collect();
    let started = Instant::now();
    let masker = Masker::new(&secrets);
    println!("ten secrets made ready in {:.1?}", started.elapsed());
    let ordinary = LINE.repeat(SIZE / LINE.len());
    let almost = "s3cr3t-1-Abc9Ab\n".repeat(SIZE / 16);
    for (name, text) in [("ordinary output", &ordinary), ("almost a secret", &almost)] {
        for size in [80, 4096, 65536] {
            let mut masker = masker.clone();
            let mut output = Vec::new();
            let started = Instant::now();
            for piece in text.as_bytes().chunks(size) {
                output.clear();
                masker.mask(piece, &mut output);
            }
            tell(&format!("{name} in pieces of {size} bytes"), text, started);
        }
        let started = Instant::now();
        let kept: usize = text.lines().map(|line| masker.mask_text(line).len()).sum();
        assert!(kept > 0, "nothing came out");
        tell(&format!("{name} line by line"), text, started);
    }
}

fn tell(what: &str, text: &str, started: Instant) {
    let megabytes = text.len() as f64 / 1e6;
    println!(
        "{what}: {:.0} MB/s",
        megabytes / started.elapsed().as_secs_f64()
    );
}
