//! The keeper of steps' processes, tried for real as root and as an ordinary user.

mod ending;
mod leaving;
mod output;
mod support;
