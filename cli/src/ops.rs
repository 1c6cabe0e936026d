//! `ops`: register scripts on a card.

use std::io::{self, Write};
use std::str;

use portcls_machine::card_bench::ops::{self, OpsError, Recorder, RunReport, Script, Verdict};
use portcls_machine::card_bench::vcd_options;
use portcls_machine::emulator::trace::DEFAULT_HELD_EVENTS;
use portcls_machine::report::vcd::{self, Dialect, Tick};

use crate::arguments::OpsArguments;
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};
use crate::figures::counted;
use crate::input::{Input, Obstacle};
use crate::output::prepare;

/// The longest script in bytes: room for the longest script that the reader allows, with comments.
const MAX_SCRIPT_BYTES: usize = 1 << 24;

/// The most failures of a script that the program reports with an error line; the script's report
/// has all failures.
const SHOWN_FAILURES: usize = 10;

/// Reads all scripts, runs each script in turn, and reports the results that were not expected.
///
/// # Errors
/// [`Failure`]: the program cannot read a file, or a file is no script, or the program cannot write
/// to stdout. In the first two cases no script runs.
pub fn run(arguments: &OpsArguments) -> Result<Exit, Failure> {
    if arguments.files.iter().filter(|file| **file == Input::Stdin).count() > 1 {
        return Err(Failure::StdinTwice);
    }
    let card = arguments.card.load()?.profile;
    let read = |file| read(file, &card.name);
    let scripts = arguments.files.iter().map(read).collect::<Result<Vec<Script>, Failure>>()?;
    let waves = prepare(&[("--vcd", arguments.waves.vcd.as_ref())], None)?.pop().flatten();
    let recorder = Recorder::new();
    let console = match &waves {
        Some(output) if output.is_stdout() => Console::Stderr,
        _ => Console::Stdout,
    };
    let mut exit = Exit::Good;
    for (index, script) in scripts.iter().enumerate() {
        let report = match waves {
            Some(_) => ops::run_recorded(script, &card, arguments.card_timing, &recorder),
            None => ops::run_with(script, &card, arguments.card_timing),
        };
        let gap = if index > 0 { "\n" } else { "" };
        console.print(&format!("{gap}{report}"))?;
        if report.verdict() != Verdict::Passed {
            complain(&report);
            exit = Exit::CheckFailed;
        }
    }
    if let Some(output) = &waves {
        output.write(|to| write_waves(&recorder, arguments.waves.form(), to))?;
    }
    Ok(exit)
}

fn write_waves(
    recorder: &Recorder,
    (dialect, tick): (Dialect, Tick),
    mut to: &mut dyn Write,
) -> io::Result<()> {
    if let Some(dropped_ns) = recorder.first_dropped_ns() {
        console::warning(&format_args!(
            "the waveforms end at {dropped_ns} ns, where {DEFAULT_HELD_EVENTS} events were held"
        ));
    }
    let log = recorder.log();
    vcd::write(&log, &vcd_options(&log, dialect, tick), &mut to)
}

/// Reports the results that were not expected, with one line for each failure.
fn complain(report: &RunReport) {
    let mut failures = report.failures();
    for failure in failures.by_ref().take(SHOWN_FAILURES) {
        console::error(&failure);
    }
    let more = failures.count() as u64;
    if more > 0 {
        console::error(&format_args!(
            "{}: {} more not as expected; the report on stdout has all of them",
            report.file,
            counted(more, "line")
        ));
    }
    if report.verdict() == Verdict::NothingChecked {
        let RunReport { file, card, .. } = report;
        let is_meant = report.scenarios.iter().any(|scenario| scenario.lines.is_some());
        let mend = if is_meant {
            "say behind a line what has to come of it, as in R S -> 80/C0".to_owned()
        } else {
            format!("no scenario in it is meant for {card}: choose another --card")
        };
        console::error(&format_args!("{file}: nothing was checked: {mend}"));
    }
}

fn read(input: &Input, card: &str) -> Result<Script, Failure> {
    let name = input.name();
    let bytes = input.bytes(MAX_SCRIPT_BYTES).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => {
            Failure::cannot_read(&name, &error, "give a register script (.ops) or -")
        }
        Obstacle::TooBig(bytes) => {
            Failure::ScriptTooBig { name: name.clone(), bytes, limit: MAX_SCRIPT_BYTES }
        }
    })?;
    let text = text(&name, &bytes)?;
    Ok(Script::parse_for(&name, text, &[card])?)
}

/// Reads the bytes as text, and refuses text that is not safe on a terminal. A report prints lines
/// of this text, so the text must be safe.
fn text<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, OpsError> {
    let not_text = |before: &str, what: String| {
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Err(OpsError {
            file: name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what,
            hint: "save the script as plain text in UTF-8".to_owned(),
        })
    };
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (before, rest) = bytes.split_at(error.valid_up_to());
            let before = str::from_utf8(before).expect("valid up to here");
            return not_text(before, format!("the byte {:02X} is no text", rest[0]));
        }
    };
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n');
    match text.char_indices().find(|&(_, letter)| is_odd(letter)) {
        Some((at, letter)) => {
            let number = u32::from(letter);
            not_text(&text[..at], format!("the control character {number:02X} is no text"))
        }
        None => Ok(text),
    }
}
