//! What jobs keep for later runs: the store, and the actions and clients that use it.

mod action;
mod archive;
mod store;

pub use action::{Cache, CacheRestore, CacheSave};
pub use store::{CacheStore, Entry, Error, Lookup};

pub(crate) use action::CACHE_VERSIONS;
