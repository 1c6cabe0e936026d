//! The program `portcls-emu`: MIDI files and scripts on a simulated MPU-401.
//!
//! This crate owns the command line and the files, and prints everything: data on stdout, messages
//! on stderr. This crate starts a run only through `portcls-machine`. It reads and writes traces
//! only through `portcls-report`.
//!
//! `arguments` is the command line; `input` and `output` are the files. `session` does the work of
//! `play`, `capture` and `debug`. `portcls-results` has the exit codes, and the texts and the JSON
//! about a run.

mod arguments;
mod capture;
mod card;
mod cards;
mod check;
mod console;
mod debug;
mod diff;
mod driver;
mod explain;
mod export;
mod failure;
mod filters;
mod imports;
mod inf;
mod input;
mod latency;
mod manual;
mod new;
mod ops;
mod output;
mod page;
mod partial_file;
mod play;
mod progress_bar;
mod rules;
mod run;
mod scenario_file;
mod schema;
mod section;
mod session;
mod trace;
mod trace_file;
mod verbosity;

use std::ffi::OsString;
use std::panic::{UnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;
use portcls_results::json;
use portcls_results::summary::NoResult;

use crate::arguments::{Arguments, Format, Verb};
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// The message of the newest panic, for the line that reports a fault of this program.
static NEWEST_PANIC: Mutex<String> = Mutex::new(String::new());

fn main() -> ExitCode {
    keep_panics_quiet();
    ExitCode::from(guarded(|| match Arguments::try_parse() {
        Ok(Arguments { verb, verbosity }) => {
            finish(&verb, verbosity.begin().and_then(|()| run(&verb)))
        }
        Err(error) => console::answer(&error, wanted_format(std::env::args_os())),
    }) as u8)
}

fn run(verb: &Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Play(arguments) => play::run(arguments),
        Verb::Capture(arguments) => capture::run(arguments),
        Verb::Debug(arguments) => debug::run(arguments),
        Verb::Filters(arguments) => filters::run(arguments),
        Verb::Ops(arguments) => ops::run(arguments),
        Verb::Cards(arguments) => cards::run(arguments),
        Verb::Imports(arguments) => imports::run(arguments),
        Verb::Rules(arguments) => rules::run(arguments),
        Verb::New(arguments) => new::run(arguments),
        Verb::Run(arguments) => run::run(arguments),
        Verb::Check(arguments) => check::run(arguments),
        Verb::Merge(arguments) => check::merge(arguments),
        Verb::Trace(arguments) => trace::run(arguments),
        Verb::Diff(arguments) => diff::run(arguments),
        Verb::Explain(arguments) => explain::run(arguments),
        Verb::Latency(arguments) => latency::run(arguments),
        Verb::Export(arguments) => export::run(arguments),
        Verb::Schema { document } => schema::run(*document),
        Verb::Completions { shell } => manual::completions(*shell),
        Verb::Man => manual::pages(),
    }
}

/// The form of output that a command line asks for, even if the rest of it is wrong.
fn wanted_format(words: impl Iterator<Item = OsString>) -> Format {
    let words: Vec<OsString> = words.collect();
    let has_pair = words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
    let has_word = words.iter().any(|word| word == "--format=json");
    if has_pair || has_word { Format::Json } else { Format::Text }
}

/// Ends a verb. If the verb could not do its work, prints an error line. Before this line it prints
/// a document about the failure, if the user wants JSON and [`Verb::document`] allows it.
fn finish(verb: &Verb, result: Result<Exit, Failure>) -> Exit {
    result.unwrap_or_else(|failure| {
        if let (Format::Json, console) = verb.document() {
            let document = NoResult::new(Some(verb.name()), failure.exit(), failure.to_string());
            // If the document cannot be written either, the error line is enough.
            let _ = console.print(&json(&document));
        }
        console::error(&failure);
        failure.exit()
    })
}

/// From now on a panic prints nothing, except a diagnostic line with `-vv`. Its message is kept. If
/// a driver panics, the panic is a result of the simulation and not a fault of this program.
fn keep_panics_quiet() {
    set_hook(Box::new(|panic| {
        let message = panic.to_string().replace('\n', " ");
        log::debug!("{message}");
        *NEWEST_PANIC.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = message;
    }));
}

/// Runs `work`. A panic that nothing inside `work` caught is a fault of this program, and one line
/// reports it.
fn guarded(work: impl FnOnce() -> Exit + UnwindSafe) -> Exit {
    catch_unwind(work).unwrap_or_else(|_| {
        let message = NEWEST_PANIC.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let line = format!(
            "a fault of portcls-emu {} itself, not of the driver or the file: {message}; please \
             report it to the project with this line, the command line and the input",
            env!("CARGO_PKG_VERSION")
        );
        if wanted_format(std::env::args_os()) == Format::Json {
            let document = NoResult::new(None, Exit::OwnFault, line.clone());
            let _ = Console::Stdout.print(&json(&document));
        }
        console::error(&line);
        Exit::OwnFault
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_found_in_a_command_line_that_cannot_be_read() {
        let form = |line: &str| wanted_format(line.split(' ').map(OsString::from));
        assert_eq!(form("portcls-emu play --crad --format json"), Format::Json);
        assert_eq!(form("portcls-emu paly --format=json"), Format::Json);
        assert_eq!(form("portcls-emu play json --format text"), Format::Text);
    }

    #[test]
    fn a_panic_that_nobody_catches_is_a_fault_of_our_own() {
        assert_eq!(guarded(|| panic!("the answer is not 42")) as u8, 70);
        assert_eq!(guarded(|| Exit::Good) as u8, 0);
    }
}
