//! The wish to end a running command, shared between the loop that decides and the thread that runs it.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::protocol::{self, Request};

/// How urgently a command is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Urgency {
    /// Not at all.
    #[default]
    None,
    /// INT, 7 s, TERM, 2 s, KILL.
    Soon,
    /// KILL.
    Now,
}

/// A flag that ends the commands which run under it, now or later. Clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    urgency: Urgency,
    listeners: Vec<Arc<File>>,
}

impl Cancel {
    /// Returns a flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to end: the commands get INT, after 7 s TERM, after 2 s more KILL.
    pub fn cancel(&self) {
        self.ask(Urgency::Soon);
    }

    /// Ends the commands at once.
    pub fn kill_now(&self) {
        self.ask(Urgency::Now);
    }

    /// Returns whether it was asked to end.
    pub fn is_cancelled(&self) -> bool {
        self.state().urgency > Urgency::None
    }

    /// Tells every wish, also one from before, to the supervisor behind `requests` until the returned guard
    /// is dropped.
    pub(super) fn listen(&self, requests: &Arc<File>) -> Listening {
        let urgency = {
            let mut state = self.state();
            state.listeners.push(Arc::clone(requests));
            state.urgency
        };
        tell(requests, urgency);
        Listening {
            cancel: self.clone(),
            requests: Arc::clone(requests),
        }
    }

    fn ask(&self, urgency: Urgency) {
        let listeners = {
            let mut state = self.state();
            if state.urgency >= urgency {
                return;
            }
            state.urgency = urgency;
            state.listeners.clone()
        };
        for requests in &listeners {
            tell(requests, urgency);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As long as it lives, a supervisor hears of the wish to end.
pub(super) struct Listening {
    cancel: Cancel,
    requests: Arc<File>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.cancel.state();
        let mine = state
            .listeners
            .iter()
            .position(|listener| Arc::ptr_eq(listener, &self.requests));
        if let Some(mine) = mine {
            state.listeners.swap_remove(mine);
        }
    }
}

/// Sends the wish as one write, which a pipe keeps whole. A supervisor that is gone needs no telling.
fn tell(requests: &File, urgency: Urgency) {
    let request = match urgency {
        Urgency::None => return,
        Urgency::Soon => Request::Interrupt,
        Urgency::Now => Request::Kill,
    };
    if let Ok(frame) = protocol::request_frame(&request)
        && let Err(error) = (&*requests).write_all(&frame)
    {
        tracing::debug!(%error, "the supervisor is gone already");
    }
}
