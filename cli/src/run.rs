//! `run`: scenarios, one after the other, with a line for each expectation.

use portcls_machine::emulator::trace::DEFAULT_HELD_EVENTS;
use portcls_machine::report::Filter;
use portcls_machine::report::text;
use portcls_machine::scenario::{Outcome, Scenario, Verdict};
use portcls_results::scenarios::{Facts, FileResult, Invalid, Ran, exit, text as as_text};
use portcls_results::{json, moment_of_scenario};

use crate::arguments::{Format, RunArguments};
use crate::console::{self, Console};
use crate::explain::{command, readable_name};
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::output::{Output, prepare};
use crate::page::{PageOf, page};
use crate::scenario_file;

/// The outputs that the user wants for the only scenario.
struct Outputs {
    trace: Option<Output>,
    page: Option<Output>,
}

impl Outputs {
    fn prepare(arguments: &RunArguments) -> Result<Outputs, Failure> {
        let wanted = [("--trace", arguments.trace.as_ref()), ("--html", arguments.html.as_ref())];
        let inputs = arguments.files.iter().filter_map(Input::path);
        let mut outputs = prepare(&wanted, inputs)?.into_iter();
        let mut next = || outputs.next().flatten();
        Ok(Outputs { trace: next(), page: next() })
    }

    /// An option that needs a single scenario, if the user gave one.
    fn first_option(&self) -> Option<&'static str> {
        let trace = self.trace.as_ref().map(|_| "--trace");
        trace.or_else(|| self.page.as_ref().map(|_| "--html"))
    }

    fn use_stdout(&self) -> bool {
        [&self.trace, &self.page].into_iter().flatten().any(Output::is_stdout)
    }

    /// Writes the trace, then the page. A trace can be too long for a page, and then at least the
    /// trace is written.
    fn write(&self, outcome: &Outcome, filter: Filter) -> Result<(), Failure> {
        let Outcome { trace: log, header, .. } = outcome;
        if let Some(output) = &self.trace {
            output.write_trace(|mut to| text::write(log, header, filter, &mut to))?;
        }
        if let Some(output) = &self.page {
            let file = self.trace.as_ref().and_then(Output::file).and_then(readable_name);
            let name = &output.target().to_string();
            let page = page(&PageOf { name, file, header, log, diff: None })?;
            output.write(|to| page.write(to))?;
        }
        Ok(())
    }

    /// The command that explains the failure of a scenario, if its trace is in a file and the
    /// failure has a moment.
    fn explained(&self, ran: &Ran) -> Option<String> {
        if ran.exit() == Exit::Good {
            return None;
        }
        command(self.trace.as_ref()?.file()?, moment_of_scenario(&ran.outcome)?)
    }
}

/// Runs the scenarios of the files. If a file is not a scenario, the other files still run.
///
/// # Errors
/// [`Failure`]: the user wants the trace or the page of more than one scenario, the trace is too
/// long for a page, or an output cannot be written.
pub fn run(arguments: &RunArguments) -> Result<Exit, Failure> {
    let outputs = Outputs::prepare(arguments)?;
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
    let mut explain = None;
    match (outputs.first_option(), &ran[..]) {
        (Some(_), [only]) => {
            outputs.write(&only.outcome, arguments.filter.into())?;
            explain = outputs.explained(only);
        }
        // The user wants no output, or no scenario was run. In the second case the results say what
        // is wrong with the files.
        (None, _) | (Some(_), []) => {}
        (Some(option), _) => return Err(Failure::OneScenario { option }),
    }
    let console = if outputs.use_stdout() { Console::Stderr } else { Console::Stdout };
    console.print(&match arguments.format {
        Format::Text => as_text(&results, explain.as_deref()),
        Format::Json => json(&Facts::new(&results)),
    })?;
    for invalid in results.iter().filter_map(|result| result.ran.as_ref().err()) {
        console::error(&invalid.message);
    }
    ran.iter().for_each(|ran| warn(ran));
    Ok(exit(&results))
}

/// Prints on stderr what the results do not tell.
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
            "{name}: it has no expectation; `check` compares its golden"
        )),
        (Verdict::NothingChecked, None) => console::error(&format_args!(
            "{name}: nothing was checked: write an expected result in [expect], or write [golden]"
        )),
        _ => {}
    }
}
