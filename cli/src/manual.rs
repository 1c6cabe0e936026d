//! `completions` and `man`: completions for a shell, and manual pages.

use std::fmt::Write;

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
    let mut program = Arguments::command();
    clap_complete::generate(shell, &mut program, "portcls-emu", &mut text);
    let text = String::from_utf8(text).expect("a script is text");
    let text = match shell {
        Shell::Bash => name_states_alike(&text),
        Shell::Fish => text + &values_of_words(&program),
        _ => text,
    };
    write_stdout(|to| to.write_all(text.as_bytes()))?;
    Ok(Exit::Good)
}

/// Repairs the script for bash. The script is a state machine. If the program's name has a hyphen,
/// clap_complete writes a state's name in two ways: `portcls__emu__...` where it sets the state,
/// and `portcls__subcmd__emu__...` where it tests the state. Without the repair, bash completes no
/// option of a verb.
/// Measured: clap_complete 4.6.11.
fn name_states_alike(script: &str) -> String {
    script.replace("portcls__subcmd__emu", "portcls__emu")
}

/// The lines for fish that clap_complete leaves out: the values of a verb's arguments that are not
/// options, such as the names of the rules.
/// Measured: clap_complete 4.6.11.
fn values_of_words(program: &Command) -> String {
    let mut lines = String::new();
    for verb in program.get_subcommands() {
        for word in verb.get_positionals() {
            let values = word.get_possible_values();
            let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
            if !names.is_empty() {
                // Writing to a String cannot fail.
                let _ = writeln!(
                    lines,
                    "complete -c portcls-emu -n \"__fish_portcls_emu_using_subcommand {}\" \
                     -f -a \"{}\"",
                    verb.get_name(),
                    names.join(" ")
                );
            }
        }
    }
    lines
}

/// Writes the manual pages: first the page of the program, then a page for each verb.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn pages() -> Result<Exit, Failure> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let mut text = page(&program);
    program.get_subcommands().for_each(|verb| text.push_str(&page(verb)));
    write_stdout(|to| to.write_all(text.as_bytes()))?;
    Ok(Exit::Good)
}

/// The page of a command. The examples and tables of the page keep their line breaks.
fn page(command: &Command) -> String {
    let source = format!("portcls-emu {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(source).manual("portcls-emu");
    let mut page = Vec::new();
    man.render(&mut page).expect("memory takes a page");
    let page = String::from_utf8(page).expect("the help is text");
    page.replace("\n.SH EXTRA\n", "\n.SH NOTES\n.nf\n") + ".fi\n"
}
