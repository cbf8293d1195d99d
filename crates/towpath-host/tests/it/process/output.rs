//! What steps print, and when it is not awaited any longer.

use std::time::{Duration, Instant};

use towpath_host::process::{Cancel, CommandEnd, LONGEST_LINE};

use super::support::{keepers, shell, wait_for};

#[test]
fn both_streams_arrive_in_order_and_unchanged() {
    for kept in keepers() {
        let mut output = Vec::new();
        let script = shell("echo one; echo two >&2; printf 'a\\377\\000b\\n'; printf end");
        kept.keeper
            .run(&script, &Cancel::new(), &mut |lines| {
                output.extend_from_slice(lines);
            })
            .unwrap();
        assert_eq!(output, b"one\ntwo\na\xff\0b\nend", "{}", kept.who);
    }
}

#[test]
fn a_long_line_comes_in_pieces_and_what_follows_is_whole() {
    for kept in keepers() {
        let script = "head -c 10000000 /dev/zero | tr '\\0' x; echo; echo after";
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        kept.keeper
            .run(&shell(script), &Cancel::new(), &mut |piece| {
                pieces.push(piece.to_vec());
            })
            .unwrap();
        assert_eq!(pieces[0].len(), LONGEST_LINE);
        assert!(pieces.iter().all(|piece| piece.len() <= LONGEST_LINE));
        assert_eq!(pieces.last().unwrap(), b"after\n", "{}", kept.who);
        assert_eq!(pieces.concat().len(), 10_000_000 + "\nafter\n".len());
    }
}

#[test]
fn much_output_flows_fast() {
    for kept in keepers() {
        let mut bytes = 0;
        let started = Instant::now();
        kept.keeper
            .run(
                &shell(
                    "yes 'a line of output that is about as long as lines are' | head -c 200000000",
                ),
                &Cancel::new(),
                &mut |lines| bytes += lines.len(),
            )
            .unwrap();
        assert_eq!(bytes, 200_000_000);
        assert!(started.elapsed() < Duration::from_secs(10), "{}", kept.who);
    }
}

#[test]
fn a_held_output_is_drained_for_five_seconds_and_its_holder_lives_on() {
    for kept in keepers() {
        let started = Instant::now();
        let proof = kept.folder.path().join("proof");
        let script = format!(
            "(sleep 1; echo late; sleep 6; head -c 3000000 /dev/zero && touch {}; sleep 100) & echo early",
            proof.display()
        );
        let (end, output) = kept.run(&shell(&script));
        assert_eq!(end.end, CommandEnd::Exited(0));
        assert_eq!(output, "early\nlate\n", "{}", kept.who);
        let elapsed = started.elapsed();
        assert!(
            elapsed > Duration::from_secs(5) && elapsed < Duration::from_secs(7),
            "{}: {elapsed:?}",
            kept.who
        );
        wait_for(|| proof.exists());
        assert!(kept.keeper.end_job("job-1").unwrap() >= 1);
    }
}

#[test]
fn a_closed_output_ends_nothing() {
    for kept in keepers() {
        let (end, output) = kept.run(&shell("echo before; exec >&- 2>&-; sleep 0.3; exit 4"));
        assert_eq!(output, "before\n");
        assert_eq!(end.end, CommandEnd::Exited(4), "{}", kept.who);
        assert!(end.wall_ms >= 300);
    }
}

#[test]
fn killing_at_once_waits_for_no_output() {
    for kept in keepers() {
        let cancel = Cancel::new();
        let asking = cancel.clone();
        let mut ask = |_: &[u8]| asking.kill_now();
        let started = Instant::now();
        let script = shell("setsid sleep 100 & echo up; sleep 100");
        let end = kept.keeper.run(&script, &cancel, &mut ask).unwrap();
        assert_eq!(end.end, CommandEnd::Cancelled);
        assert!(started.elapsed() < Duration::from_secs(3), "{}", kept.who);
    }
}
