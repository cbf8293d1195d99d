//! Signals that ask a run to end, as messages: the first stops jobs, the second kills them. And one that
//! would end towpath in the middle of a file.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossbeam_channel::Receiver;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// Returns a channel that receives a message for each INT, TERM and HUP from now on.
pub(crate) fn listen() -> anyhow::Result<Receiver<()>> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let (sender, receiver) = crossbeam_channel::unbounded();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for _ in signals.forever() {
                if sender.send(()).is_err() {
                    return;
                }
            }
        })?;
    Ok(receiver)
}

/// Lets a write beyond the size that files may have (`ulimit -f`) fail, where it would end towpath. What
/// towpath starts is ended as ever.
pub(crate) fn survive_size_limit() -> io::Result<()> {
    flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(|_| ())
}
