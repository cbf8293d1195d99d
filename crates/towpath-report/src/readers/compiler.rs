//! Finds the first error of a compiler or linker in the output of a build: what comes last is only that
//! the compiler failed.

/// An error as a compiler prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilerError {
    /// The line, or with Rust what stands above the place.
    pub message: String,
    /// File and line as they are printed.
    pub place: Option<(String, u32)>,
}

/// Returns the first error of gcc, clang, a linker or rustc.
pub fn first_error(output: &str) -> Option<CompilerError> {
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        if is_rust_error(line) {
            let place = lines
                .next()
                .and_then(|next| next.trim_start().strip_prefix("--> "))
                .and_then(place);
            return Some(CompilerError {
                message: line.to_owned(),
                place,
            });
        }
        let lead = line
            .split_once(": error: ")
            .or_else(|| line.split_once(": fatal error: "))
            .or_else(|| line.split_once(": undefined reference to "))
            .or_else(|| line.split_once(": cannot find -l"));
        if let Some((lead, _)) = lead {
            return Some(CompilerError {
                message: line.to_owned(),
                place: place(lead),
            });
        }
    }
    None
}

/// Returns whether a line begins an error of rustc, and is not cargo's own word that there was one.
fn is_rust_error(line: &str) -> bool {
    line.starts_with("error[E")
        || line
            .strip_prefix("error: ")
            .is_some_and(|said| said.starts_with("linking with") || said.starts_with("linker `"))
}

/// Reads `path:line` and `path:line:column`.
fn place(text: &str) -> Option<(String, u32)> {
    let mut parts = text.split(':');
    let path = parts.next()?.trim();
    let line = parts.next()?.parse().ok()?;
    let path = path.strip_prefix("./").unwrap_or(path);
    Some((path.to_owned(), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_error_is_that_of_the_compiler() {
        for (output, expected) in [
            (
                "running build_ext\ng++ -c lib/dconv_wrapper.cc -o x.o\nlib/dconv_wrapper.cc:7:10: fatal error: gone.h: No such file or directory\n    7 | #include \"gone.h\"\ncompilation terminated.\nerror: command '/usr/bin/g++' failed with exit code 1\n",
                Some((
                    "lib/dconv_wrapper.cc:7:10: fatal error: gone.h: No such file or directory",
                    Some(("lib/dconv_wrapper.cc", 7)),
                )),
            ),
            (
                "./src/a.c:3:5: warning: unused\n./src/a.c:4:5: error: expected ';' before 'return'\n",
                Some((
                    "./src/a.c:4:5: error: expected ';' before 'return'",
                    Some(("src/a.c", 4)),
                )),
            ),
            (
                "/usr/bin/ld: cannot find -lfoo: No such file or directory\ncollect2: error: ld returned 1 exit status\n",
                Some((
                    "/usr/bin/ld: cannot find -lfoo: No such file or directory",
                    None,
                )),
            ),
            (
                "   Compiling x v0.1.0\nerror[E0425]: cannot find value `y` in this scope\n --> src/lib.rs:3:5\n  |\nerror: could not compile `x` (lib) due to 1 previous error\n",
                Some((
                    "error[E0425]: cannot find value `y` in this scope",
                    Some(("src/lib.rs", 3)),
                )),
            ),
            ("error: command 'gcc' failed\nValueError: bad\n", None),
        ] {
            let found = first_error(output);
            let found = found
                .as_ref()
                .map(|error| (error.message.as_str(), error.place.as_ref()));
            let found = found.map(|(message, place)| {
                (message, place.map(|(path, line)| (path.as_str(), *line)))
            });
            assert_eq!(found, expected, "{output}");
        }
    }
}
