//! `towpath completions` and `towpath man`: what a shell and a manual need, from the declaration.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;

/// Returns the completion script of a shell.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "towpath", &mut script);
    script
}

/// Returns the man page, in roff. Fails only if memory cannot be written.
pub(crate) fn man_page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_is_offered_the_commands_and_none_of_the_hidden() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(completions(*shell)).expect("UTF-8");
            assert!(script.contains("check-workflows"), "{shell}");
        }
    }

    #[test]
    fn man_page_names_the_commands() {
        let page = String::from_utf8(man_page().expect("memory can be written")).expect("UTF-8");
        assert!(page.contains(".TH towpath 1"), "{page}");
        assert!(page.contains("towpath\\-ci"), "{page}");
        assert!(!page.contains("supervise"), "{page}");
    }
}
