//! How many steps of a job run in the background at a time: ten, as on GitHub; the rest wait for their turn.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use towpath_host::process::Cancel;

/// As many steps run at a time.
const MOST: usize = 10;
/// How often one that waits looks whether it is cancelled.
const PAUSE: Duration = Duration::from_millis(50);

/// The places of steps that run.
#[derive(Default)]
pub(super) struct Slots {
    turns: Mutex<Turns>,
    changed: Condvar,
}

#[derive(Default)]
struct Turns {
    taken: usize,
    given_out: usize,
    waiting: BTreeSet<usize>,
}

/// A place that is taken; dropping it gives it back.
pub(super) struct Slot<'a>(&'a Slots);

impl Slots {
    /// Returns the number of a step that is to run after those with a lower one began.
    pub(super) fn ticket(&self) -> usize {
        let mut turns = self.turns();
        turns.given_out += 1;
        let ticket = turns.given_out;
        turns.waiting.insert(ticket);
        ticket
    }

    /// Waits for a place; none where the step is cancelled or its time is over before.
    pub(super) fn take(&self, ticket: usize, cancel: &Cancel, until: Instant) -> Option<Slot<'_>> {
        let mut turns = self.turns();
        loop {
            if cancel.is_cancelled() || until <= Instant::now() {
                turns.waiting.remove(&ticket);
                self.changed.notify_all();
                return None;
            }
            if turns.taken < MOST && turns.waiting.first() == Some(&ticket) {
                turns.waiting.remove(&ticket);
                turns.taken += 1;
                self.changed.notify_all();
                return Some(Slot(self));
            }
            let woken = self.changed.wait_timeout(turns, PAUSE);
            turns = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.turns().taken -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_in_order_and_given_back() {
        let (slots, cancel) = (Slots::default(), Cancel::new());
        let soon = || Instant::now() + Duration::from_millis(1);
        let late = Instant::now() + Duration::from_mins(1);
        let tickets: Vec<usize> = (0..=MOST).map(|_| slots.ticket()).collect();
        assert!(slots.take(tickets[1], &cancel, soon()).is_none());
        let mut taken: Vec<Slot<'_>> = [0]
            .into_iter()
            .chain(2..MOST)
            .filter_map(|turn| slots.take(tickets[turn], &cancel, late))
            .collect();
        assert_eq!(taken.len(), MOST - 1);
        let first = slots.ticket();
        let second = slots.ticket();
        taken.extend(slots.take(tickets[MOST], &cancel, late));
        assert!(slots.take(first, &cancel, soon()).is_none());
        taken.pop();
        assert!(slots.take(second, &cancel, late).is_some());
    }

    #[test]
    fn who_is_cancelled_waits_no_longer() {
        let (slots, cancel) = (Slots::default(), Cancel::new());
        cancel.cancel();
        let late = Instant::now() + Duration::from_mins(1);
        assert!(slots.take(slots.ticket(), &cancel, late).is_none());
    }
}
