//! The wish to end running commands, shared between the loop that decides and the threads that run them.

use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How to stop a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Stop {
    /// With time to clean up.
    Interrupt,
    /// At once.
    Kill,
}

/// Takes a wish to whoever can fulfil it; must not wait.
pub(crate) type Listener = Arc<dyn Fn(Stop) + Send + Sync>;

/// A flag that ends the commands which run under it, now or later. Clones are the same flag.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    wish: Option<Stop>,
    /// When the first wish came.
    since: Option<Instant>,
    listeners: Vec<Listener>,
    heirs: Vec<Cancel>,
}

impl Cancel {
    /// Returns a flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to end: the commands get INT, after some seconds TERM, and a little later KILL.
    pub fn cancel(&self) {
        self.ask(Stop::Interrupt);
    }

    /// Ends the commands at once.
    pub fn kill_now(&self) {
        self.ask(Stop::Kill);
    }

    /// Returns whether it was asked to end.
    pub fn is_cancelled(&self) -> bool {
        self.state().wish.is_some()
    }

    /// Returns when it was first asked to end.
    pub fn since(&self) -> Option<Instant> {
        self.state().since
    }

    /// Returns a flag for what may still run once this one was set: it hears only the wish to end at once.
    #[must_use]
    pub fn heir(&self) -> Self {
        let heir = Self::new();
        let mut state = self.state();
        if state.wish == Some(Stop::Kill) {
            heir.kill_now();
        }
        state.heirs.push(heir.clone());
        heir
    }

    /// Returns a flag that hears every wish of this one, and can be set without it.
    #[must_use]
    pub fn child(&self) -> Self {
        let child = Self::new();
        let heard = child.clone();
        let listener: Listener = Arc::new(move |stop| heard.ask(stop));
        self.tell(&listener);
        child
    }

    /// Asks the heirs to end as well.
    pub fn cancel_heirs(&self) {
        let heirs = self.state().heirs.clone();
        heirs.iter().for_each(Self::cancel);
    }

    /// Does work under a flag that hears the wishes of this one, and is set by itself when `left` is over.
    pub fn within<T>(&self, left: Duration, work: impl FnOnce(&Self) -> T) -> T {
        let limited = Self::new();
        let heard = limited.clone();
        let _listening = self.listen(Arc::new(move |stop| heard.ask(stop)));
        let (done, waits) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let late = limited.clone();
            scope.spawn(move || {
                if waits.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                    late.cancel();
                }
            });
            let result = work(&limited);
            drop(done);
            result
        })
    }

    /// Does work while every wish is told as a signal would: one message asks to end, a second one kills.
    pub fn as_signals<T>(
        &self,
        tell: impl Fn() + Send + Sync + 'static,
        work: impl FnOnce() -> T,
    ) -> T {
        let told = Mutex::new(0);
        let _listening = self.listen(Arc::new(move |stop| {
            let messages = if stop == Stop::Kill { 2 } else { 1 };
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            while *told < messages {
                *told += 1;
                tell();
            }
        }));
        work()
    }

    /// Tells every wish, also one from before, to `listener` until the returned guard is dropped.
    pub(crate) fn listen(&self, listener: Listener) -> Listening {
        self.tell(&listener);
        Listening {
            cancel: self.clone(),
            listener,
        }
    }

    /// Tells every wish, also one from before.
    fn tell(&self, listener: &Listener) {
        let wish = {
            let mut state = self.state();
            state.listeners.push(Arc::clone(listener));
            state.wish
        };
        if let Some(stop) = wish {
            listener(stop);
        }
    }

    fn ask(&self, stop: Stop) {
        let (listeners, heirs) = {
            let mut state = self.state();
            if state.wish >= Some(stop) {
                return;
            }
            state.wish = Some(stop);
            state.since.get_or_insert_with(Instant::now);
            (state.listeners.clone(), state.heirs.clone())
        };
        for listener in &listeners {
            listener(stop);
        }
        if stop == Stop::Kill {
            heirs.iter().for_each(Self::kill_now);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wish = self.state().wish;
        formatter.debug_tuple("Cancel").field(&wish).finish()
    }
}

/// As long as it lives, its listener hears of the wish to end.
pub(crate) struct Listening {
    cancel: Cancel,
    listener: Listener,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.cancel.state();
        let mine = state
            .listeners
            .iter()
            .position(|listener| Arc::ptr_eq(listener, &self.listener));
        if let Some(mine) = mine {
            state.listeners.swap_remove(mine);
        }
    }
}
