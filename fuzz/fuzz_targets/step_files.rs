//! No bytes stop the readers of the files that a step writes, and what they read can be written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_runner::commands::{
    add_paths, read_environment, read_paths, read_summary, read_variables,
};

fuzz_target!(|file: &[u8]| {
    let _ = read_environment(file);
    let _ = read_summary(file);
    let mut paths = Vec::new();
    add_paths(&mut paths, read_paths(file));
    let variables = read_variables(file).values;
    // A mark at the beginning of a file is none of its text.
    let mut again = "\n".to_owned();
    for (name, value) in &variables {
        // A name with a sign of the forms came from the other one.
        if name.contains(['=', '<']) || value.contains("fuzz-end") {
            return;
        }
        again += &format!("{name}<<fuzz-end\n{value}\nfuzz-end\n");
    }
    assert_eq!(read_variables(again.as_bytes()).values, variables);
});
