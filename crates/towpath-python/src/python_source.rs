//! Python source as a syntax tree, within limits that hostile files cannot leave. Runs nothing.

use ruff_python_ast::{Mod, Stmt};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

/// The largest module that is parsed, in bytes.
const LARGEST: usize = 1 << 20;
/// The deepest nesting of brackets and the longest run of prefix operators; Python's own limits are
/// 200 and 100.
const DEEPEST: usize = 200;
/// Stack of the thread that parses, since trees are built and dropped recursively.
const STACK: usize = 256 << 20;

/// Runs a function on a thread with a large stack; `None` when no thread can be had.
pub(crate) fn with_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .ok()?;
        thread.join().ok()
    })
}

/// Parses a module; only to be called on a large stack, where the tree is also dropped. What cannot be
/// parsed is left out of the statements; a text beyond the limits is `None`.
pub(crate) fn parse(text: &str) -> Option<Vec<Stmt>> {
    if text.len() > LARGEST || is_too_deep(text) {
        return None;
    }
    match parse_unchecked(text, ParseOptions::from(Mode::Module)).into_syntax() {
        Mod::Module(module) => Some(module.body.into_iter().collect()),
        Mod::Expression(_) => None,
    }
}

/// Whether brackets or prefix operators nest beyond what Python itself reads. Strings and comments are
/// counted too, which only ever refuses more.
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut prefixes) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match byte {
            b'~' | b'+' => prefixes += 1,
            b' ' | b'\t' | b'\\' | b'\n' | b'\r' => {}
            _ => prefixes = 0,
        }
        if depth > DEEPEST || prefixes > 10 * DEEPEST {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> Option<usize> {
        with_large_stack(|| parse(text).map(|body| body.len()))?
    }

    #[test]
    fn parses_what_it_can() {
        assert_eq!(count("a = 1\nb = 2\n"), Some(2));
        assert!(count("a = 1\ndef (:\nb = 2\n").is_some_and(|count| count >= 2));
        assert_eq!(count(&"(".repeat(100_000)), None);
        assert_eq!(
            count(&"a+".repeat(300_000)).map(|count| count > 0),
            Some(true)
        );
        assert!(count(&"not ".repeat(200_000)).is_some());
        assert!(count(&"lambda:".repeat(140_000)).is_some());
    }
}
