//! Tests of the command, from events or arguments to what a person reads.

mod bad_input;
mod defects;
mod faults;
mod interruption;
mod projects;
mod reference;
mod reports;
mod reuse;
mod run_actions;
mod run_containers;
mod run_faults;
mod run_looks;
mod run_workflows;
mod settings;
mod soundness;
mod terminal;
mod undeclared;
mod world;
