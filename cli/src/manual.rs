//! `completions` and `man`: what a shell and a manual reader want to know of the command line.

use std::io;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::arguments::Arguments;
use crate::console::write_stdout;
use crate::failure::{Exit, Failure};

/// Writes the completions for a shell.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "portcls-emu", &mut text);
    write_stdout(|to| to.write_all(&text))?;
    Ok(Exit::Good)
}

/// Writes the manual pages, the program's first, then one a verb.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn pages() -> Result<Exit, Failure> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let mut text = Vec::new();
    // A Vec takes everything.
    page(&program, &mut text).expect("memory takes a page");
    for verb in program.get_subcommands() {
        page(verb, &mut text).expect("memory takes a page");
    }
    write_stdout(|to| to.write_all(&text))?;
    Ok(Exit::Good)
}

fn page(command: &Command, text: &mut Vec<u8>) -> io::Result<()> {
    let source = format!("portcls-emu {}", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(source).manual("portcls-emu").render(text)
}
