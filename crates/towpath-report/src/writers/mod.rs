//! Writers of reports: a run record in, text out. One file each.
//! Every one copes with text from outside: escapes, NUL, lines of any length.

mod marked;
mod style;

pub mod cobertura;
pub mod coverage_html;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod problem;
pub mod sarif;
pub mod snippet;

pub use style::Style;
