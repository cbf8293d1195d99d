//! What comes of a command's output.

use std::fs;
use std::time::{Duration, Instant};

use towpath_host::sandbox::{Cancel, CommandEnd, Level};

use super::support::{Bench, shell};

#[test]
fn a_hundred_megabytes_pass_in_bounded_pieces() {
    let mut job = Bench::new(Level::None).start();
    let (mut bytes, mut largest) = (0, 0);
    let started = Instant::now();
    let line = "x".repeat(99);
    let outcome = job
        .0
        .run(
            &shell(&format!("yes {line} | head -c 100000000")),
            &Cancel::new(),
            &mut |lines| {
                bytes += lines.len();
                largest = largest.max(lines.len());
                assert!(lines.ends_with(b"\n"));
            },
        )
        .unwrap();
    assert_eq!(outcome.end, CommandEnd::Exited(0));
    assert_eq!(bytes, 100_000_000);
    assert!(largest <= 1 << 20, "{largest}");
    assert!(started.elapsed() < Duration::from_secs(5), "20 MB a second");
}

#[test]
fn a_slow_reader_loses_nothing() {
    let mut job = Bench::new(Level::None).start();
    let mut bytes = 0;
    job.0
        .run(
            &shell("yes | head -c 3000000"),
            &Cancel::new(),
            &mut |lines| {
                bytes += lines.len();
                std::thread::sleep(Duration::from_millis(2));
            },
        )
        .unwrap();
    assert_eq!(bytes, 3_000_000);
}

#[test]
fn a_long_line_is_cut_and_the_next_is_whole() {
    let mut job = Bench::new(Level::None).start();
    let script = "head -c 10000000 /dev/zero; echo; echo after";
    let (_, output) = job.run(&shell(script));
    assert!(
        output.ends_with("[line cut: 8951488 more bytes]\nafter\n"),
        "{}",
        &output[output.len() - 100..]
    );
}

#[test]
fn invalid_text_passes_unchanged() {
    let mut job = Bench::new(Level::None).start();
    let mut output = Vec::new();
    job.0
        .run(
            &shell(r"printf 'a\377\000b\nend'"),
            &Cancel::new(),
            &mut |lines| output.extend_from_slice(lines),
        )
        .unwrap();
    assert_eq!(output, b"a\xff\0b\nend");
}

#[test]
fn machine_output_goes_to_a_file_of_the_host() {
    for level in [Level::None, super::support::level()] {
        let bench = Bench::new(level);
        let mut job = bench.start();
        let mut command = shell("echo '{}'; echo words >&2");
        let file = bench.sandbox.scratch.join("result.json");
        command.stdout_file = Some(file.clone());
        let (_, output) = job.run(&command);
        assert_eq!(output, "words\n", "{level}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "{}\n");
        command.stdout_file = Some("/elsewhere".into());
        assert!(matches!(
            job.run(&command).0.end,
            CommandEnd::NotStarted(reason) if reason.contains("outside the sandbox")
        ));
    }
}
