//! What the program prints: data on stdout, one line per message on stderr.
//!
//! A closed pipe is not an error: its reader wants no more data. A message that cannot be written
//! to stderr is lost, because there is no other place to report it.

use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::error::ErrorKind as UsageErrorKind;
use portcls_results::json;
use portcls_results::summary::NoResult;
use portcls_results::trace_colour::Coloured;

use crate::arguments::Format;
use crate::failure::{Exit, Failure};
use crate::verbosity::Talk;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// Whether notes and the progress bar are shown. The command line decides this once, before the
/// work begins.
static TALK: OnceLock<Talk> = OnceLock::new();

/// The two places for text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Console {
    /// For data.
    Stdout,
    /// For all messages. Also for data, if an output takes stdout.
    Stderr,
}

impl Console {
    /// Prints text. Its colours stay only on a terminal that supports them. The variables NO_COLOR
    /// and CLICOLOR_FORCE change this.
    ///
    /// # Errors
    /// [`Failure::CannotWrite`], except on a closed pipe.
    pub fn print(self, text: &str) -> Result<(), Failure> {
        match self {
            Console::Stdout => {
                finish("stdout", print_to(AutoStream::auto(io::stdout().lock()), text))
            }
            Console::Stderr => {
                finish("stderr", print_to(AutoStream::auto(io::stderr().lock()), text))
            }
        }
    }
}

fn print_to(mut stream: impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Writes bytes to stdout unchanged.
///
/// # Errors
/// [`Failure::CannotWrite`], except on a closed pipe.
pub fn write_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let result = write(&mut stdout).and_then(|()| stdout.flush());
    // Without this, the buffer would try again to write the bytes of a write that failed.
    drop(stdout.into_parts());
    finish("stdout", result)
}

/// Writes the text of a trace to stdout. The text has colours in the same cases as the text of
/// [`Console::print`], but never in a file.
///
/// # Errors
/// [`Failure::CannotWrite`], except on a closed pipe.
pub fn write_trace(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let stdout = io::stdout().lock();
    let choice = AutoStream::choice(&stdout);
    // The text in a file is a golden, so it has no colours, even if CLICOLOR_FORCE is set.
    if choice == ColorChoice::Never || is_file(&stdout) {
        drop(stdout);
        return write_stdout(write);
    }
    let stream = AutoStream::new(stdout, choice);
    let mut coloured = io::BufWriter::new(Coloured::new(stream));
    let result = write(&mut coloured).and_then(|()| coloured.flush());
    drop(coloured.into_parts());
    finish("stdout", result)
}

/// Whether stdout goes into a file.
#[cfg(unix)]
fn is_file(stdout: &io::StdoutLock<'_>) -> bool {
    use std::os::fd::AsFd;
    is_regular(stdout.as_fd().try_clone_to_owned().map(File::from))
}

/// Whether stdout goes into a file.
#[cfg(windows)]
fn is_file(stdout: &io::StdoutLock<'_>) -> bool {
    use std::os::windows::io::AsHandle;
    is_regular(stdout.as_handle().try_clone_to_owned().map(File::from))
}

fn is_regular(stdout: io::Result<File>) -> bool {
    let found = stdout.and_then(|stdout| stdout.metadata());
    found.is_ok_and(|found| found.is_file())
}

fn finish(place: &str, result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::cannot_write(place, &error))
        }
        _ => Ok(()),
    }
}

/// Prints one line about work that failed or ended badly.
pub fn error(message: &dyn Display) {
    line(format_args!("{ERROR}error:{ERROR:#} {message}\n"));
}

/// Prints one line about something odd in work that did not fail.
pub fn warning(message: &dyn Display) {
    line(format_args!("{WARNING}warning:{WARNING:#} {message}\n"));
}

/// Prints one line that may interest the user. With `-q` it prints nothing.
pub fn note(message: &dyn Display) {
    if talk() == Talk::Usual {
        line(format_args!("{NOTE}note:{NOTE:#} {message}\n"));
    }
}

/// Sets for the whole run of the program whether notes and the progress bar are shown. Only the
/// first call counts.
pub fn set_talk(talk: Talk) {
    let _ = TALK.set(talk);
}

/// Whether notes and the progress bar are shown.
pub fn talk() -> Talk {
    TALK.get().copied().unwrap_or(Talk::Usual)
}

fn line(line: fmt::Arguments<'_>) {
    let _ = Console::Stderr.print(&line.to_string());
}

/// Answers a command line that runs no verb: with the help, the version, or one line about the
/// mistake on stderr. If the command line asks for JSON, stdout gets a document about the mistake.
pub fn answer(error: &clap::Error, format: Format) -> Exit {
    match error.kind() {
        UsageErrorKind::DisplayHelp | UsageErrorKind::DisplayVersion => {
            match Console::Stdout.print(&error.render().ansi().to_string()) {
                Ok(()) => Exit::Good,
                Err(failure) => {
                    self::error(&failure);
                    failure.exit()
                }
            }
        }
        UsageErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = Console::Stderr.print(&error.render().ansi().to_string());
            Exit::Usage
        }
        _ => {
            let line = one_line(&error.render().to_string());
            if format == Format::Json {
                let document = NoResult::new(None, Exit::Usage, line.clone());
                let _ = Console::Stdout.print(&json(&document));
            }
            self::error(&line);
            Exit::Usage
        }
    }
}

/// The argument parser's text on one line: what is wrong, its tips, and where to find help.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let (what, more) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut line = what.split_whitespace().collect::<Vec<_>>().join(" ");
    for tip in more.lines().filter_map(|line| line.trim_start().strip_prefix("tip: ")) {
        line.push_str("; ");
        line.push_str(tip);
    }
    line.push_str("; --help tells more");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_the_argument_parser_becomes_one_line() {
        let text = "error: unexpected argument '--crad' found\n\n  tip: a similar argument \
                    exists: '--card'\n\nUsage: portcls-emu play\n\nFor more information, try \
                    '--help'.\n";
        assert_eq!(
            one_line(text),
            "unexpected argument '--crad' found; a similar argument exists: '--card'; --help \
             tells more"
        );
    }
}
