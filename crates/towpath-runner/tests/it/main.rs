//! Plans that are run: with actions of the tests' own, and with the steps of workflow files.

mod background;
mod engine;
mod jobs;
mod parts;
mod past;
mod rules;
mod run;
mod script;
mod steps;
