//! `run`: scenarios, one after the other, with a line for each expectation.

use portcls_machine::emulator::trace::DEFAULT_HELD_EVENTS;
use portcls_machine::report::Filter;
use portcls_machine::report::text;
use portcls_machine::scenario::{Outcome, Scenario, Verdict};
use portcls_results::json;
use portcls_results::scenarios::{Facts, FileResult, Invalid, Ran, exit, text as as_text};

use crate::arguments::{Format, RunArguments};
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};
use crate::output::{Output, prepare};
use crate::scenario_file;

/// Runs the scenarios of the files. If a file is no scenario, the other files still run.
///
/// # Errors
/// [`Failure`]: a trace is wanted of more than one scenario, or an output cannot be written.
pub fn run(arguments: &RunArguments) -> Result<Exit, Failure> {
    let wanted = [("--trace", arguments.trace.as_ref())];
    let input = arguments.files.first().and_then(|input| input.path());
    let output = prepare(&wanted, input)?.pop().flatten();
    let results: Vec<FileResult> = arguments
        .files
        .iter()
        .map(|input| {
            let run = |scenario: Scenario| Ran { outcome: scenario.run(), scenario };
            let ran = scenario_file::read(input).map(|all| all.into_iter().map(run).collect());
            let ran = ran
                .map_err(|failure| Invalid { exit: failure.exit(), message: failure.to_string() });
            FileResult { name: input.name(), ran }
        })
        .collect();
    let ran: Vec<&Ran> =
        results.iter().filter_map(|result| result.ran.as_ref().ok()).flatten().collect();
    if let Some(output) = &output {
        match ran[..] {
            [only] => write_trace(&only.outcome, arguments.filter.into(), output)?,
            // The results say what is wrong with the only file.
            [] => {}
            _ => return Err(Failure::OneScenario { option: "--trace" }),
        }
    }
    let console = match &output {
        Some(output) if output.is_stdout() => Console::Stderr,
        _ => Console::Stdout,
    };
    console.print(&match arguments.format {
        Format::Text => as_text(&results),
        Format::Json => json(&Facts::new(&results)),
    })?;
    for invalid in results.iter().filter_map(|result| result.ran.as_ref().err()) {
        console::error(&invalid.message);
    }
    ran.iter().for_each(|ran| warn(ran));
    Ok(exit(&results))
}

fn write_trace(outcome: &Outcome, filter: Filter, output: &Output) -> Result<(), Failure> {
    output.write(|mut to| text::write(&outcome.trace, &outcome.header, filter, &mut to))
}

/// Says on stderr what the results alone do not tell.
fn warn(ran: &Ran) {
    let name = &ran.scenario.name;
    if ran.outcome.trace.records().len() >= DEFAULT_HELD_EVENTS {
        console::warning(&format_args!(
            "{name}: the trace holds {DEFAULT_HELD_EVENTS} events and is full: expectations about \
             what came later saw nothing"
        ));
    }
    match (ran.outcome.verdict(), &ran.scenario.golden) {
        (Verdict::NothingChecked, Some(_)) => console::note(&format_args!(
            "{name}: it expects nothing by name; `check` compares its golden"
        )),
        (Verdict::NothingChecked, None) => console::error(&format_args!(
            "{name}: nothing was checked: say in [expect] what has to come of it, or write [golden]"
        )),
        _ => {}
    }
}
