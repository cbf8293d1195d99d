//! Makes ready, on a thread of its own, what jobs will need that wait for a slot: fetching and resolving
//! wait for the network while the running jobs use the processors.

use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};
use towpath_host::process::Cancel;

use crate::action::Actions;
use crate::plan::Plan;

/// Tells the thread which jobs wait and which have started.
pub(crate) struct Ahead<'a> {
    started: &'a [AtomicBool],
    waiting: Sender<usize>,
    told: Vec<bool>,
}

impl<'a> Ahead<'a> {
    /// Returns the teller, and the end of the channel for [`make_ready`].
    pub(crate) fn new(started: &'a [AtomicBool]) -> (Self, Receiver<usize>) {
        let (waiting, jobs) = crossbeam_channel::unbounded();
        let told = vec![false; started.len()];
        let ahead = Self {
            started,
            waiting,
            told,
        };
        (ahead, jobs)
    }

    /// Says that a job has started, so that it needs nothing made ready any more.
    pub(crate) fn start(&mut self, job: usize) {
        if let Some(started) = self.started.get(job) {
            started.store(true, Ordering::Relaxed);
        }
    }

    /// Says that a job will run but waits for a slot.
    pub(crate) fn waits(&mut self, job: usize) {
        // Nothing can be made ready for a job that the plan did not know.
        let Some(told) = self.told.get_mut(job) else {
            return;
        };
        if !std::mem::replace(told, true) {
            // The thread lives as long as the scope of the run.
            let _ = self.waiting.send(job);
        }
    }
}

/// Makes ready the jobs that come through the channel, one after the other, until it is closed.
pub(crate) fn make_ready(
    plan: &Plan,
    actions: &Actions<'_>,
    started: &[AtomicBool],
    jobs: &Receiver<usize>,
    cancel: &Cancel,
) {
    for index in jobs {
        for step in &plan.jobs[index].steps {
            if cancel.is_cancelled() || started[index].load(Ordering::Relaxed) {
                break;
            }
            if let Some(action) = actions.find(&step.uses) {
                action.make_ready(&step.inputs);
            }
        }
    }
}
