//! Tests of the command, from events or arguments to what a person reads.

mod reference;
mod settings;
mod terminal;
