//! What the standard makes of repositories: files in, the work of the checks out. Nothing is started.

mod adoption;
mod calls;
mod docs;
mod extras;
mod format;
mod integration;
mod judgement;
mod left_out;
mod lint;
mod pipeline;
mod repository;
mod secrets;
mod security;
mod types;
mod undeclared;
mod wheel;
