//! Plans that are run with actions of the tests' own.

mod past;
mod run;
mod script;
