//! Tests of the readers against recorded output of real tools, and of the writers by snapshots and
//! by validators that nobody here wrote.

mod causes;
mod hostile;
mod readers;
mod run;
mod validators;
mod writers;
