//! One run from its files to its summary, for `play`, `capture` and `debug`.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use portcls_machine::emulator::trace::{DEFAULT_HELD_EVENTS, Hold};
use portcls_machine::midi_file::{Song, messages_from_wire, write_smf};
use portcls_machine::report::html::Page;
use portcls_machine::report::vcd::{self, Dialect, Tick};
use portcls_machine::report::{Filter, text};
use portcls_machine::{CardSignals, Machine, MachineError, Meter, vcd_options};
use portcls_results::numbers::duration;
use portcls_results::summary::{Ending, Flow, InfFacts, Outcome, RunFacts, Summary};
use portcls_results::work::Run;

use crate::arguments::{Format, MachineArguments, PinArguments, ReportArguments, SongArguments};
use crate::console::{self, Console};
use crate::explain::{command, readable_name};
use crate::failure::{Exit, Failure};
use crate::input::{Input, Source};
use crate::output::{Output, Target, prepare};
use crate::page::{PageOf, page};
use crate::progress_bar::{Line, ProgressBar};

/// How many events the trace holds if only the summary shows some of the trace.
const SUMMARY_EVENTS: usize = 256;

/// How many lines of the trace a summary shows, including the head.
const SUMMARY_LINES: usize = 20;

/// What the user asked for.
pub struct Job<'a> {
    /// The verb.
    pub verb: &'static str,
    /// Where the song comes from.
    pub source: Source<'a>,
    /// How to read the song.
    pub song: &'a SongArguments,
    /// The machine.
    pub machine: &'a MachineArguments,
    /// The pin that the application opens, and its format.
    pub client: &'a PinArguments,
    /// The trace and the summary.
    pub report: &'a ReportArguments,
    /// The line whose bytes measure the progress; `None` if the run waits for a debugger.
    pub line: Option<Line>,
    /// The option for the bytes that came out, and the option's value.
    pub raw_out: (&'static str, Option<&'a Target>),
    /// The value of `--midi-out`, for the same bytes as a MIDI file.
    pub midi_out: Option<&'a Target>,
}

/// Builds the machine that the user asked for.
pub type Build<'a> = dyn Fn() -> Result<Machine, MachineError> + 'a;

/// The outputs in the order of their options.
struct Outputs {
    trace: Option<Output>,
    page: Option<Output>,
    waves: Option<Output>,
    raw: Option<Output>,
    midi: Option<Output>,
}

/// The content of an output.
#[derive(Clone, Copy)]
enum Content {
    Trace,
    Page,
    Waves,
    Bytes,
    MidiFile,
}

impl Content {
    /// The content in words.
    fn name(self) -> &'static str {
        match self {
            Content::Trace => "trace",
            Content::Page => "page",
            Content::Waves => "waveforms",
            Content::Bytes => "bytes",
            Content::MidiFile => "MIDI file",
        }
    }
}

impl Outputs {
    fn prepare(job: &Job<'_>) -> Result<Outputs, Failure> {
        let wanted = [
            ("--trace", job.report.trace.as_ref()),
            ("--html", job.report.html.as_ref()),
            ("--vcd", job.report.waves.vcd.as_ref()),
            job.raw_out,
            ("--midi-out", job.midi_out),
        ];
        let inputs = job.source.path().into_iter().chain(job.machine.files());
        let mut outputs = prepare(&wanted, inputs)?.into_iter();
        let mut next = || outputs.next().flatten();
        Ok(Outputs { trace: next(), page: next(), waves: next(), raw: next(), midi: next() })
    }

    /// Each output with its content.
    fn each(&self) -> impl Iterator<Item = (Content, &Output)> {
        let each = [
            (Content::Trace, &self.trace),
            (Content::Waves, &self.waves),
            (Content::Bytes, &self.raw),
            (Content::MidiFile, &self.midi),
            // The page is the last of the files, because a trace can be too long for a page. The
            // other files are then already written.
            (Content::Page, &self.page),
        ];
        each.into_iter().filter_map(|(content, output)| Some((content, output.as_ref()?)))
    }

    fn use_stdout(&self) -> bool {
        self.each().any(|(_, output)| output.is_stdout())
    }

    /// The path of the trace, if it goes into a file.
    fn trace_file(&self) -> Option<&Path> {
        self.trace.as_ref()?.file()
    }

    /// True when an output needs the whole trace.
    fn show_trace(&self) -> bool {
        self.trace.is_some() || self.page.is_some() || self.waves.is_some()
    }

    /// How many events the trace must hold for the outputs.
    fn hold(&self) -> Hold {
        Hold::First(if self.show_trace() { DEFAULT_HELD_EVENTS } else { SUMMARY_EVENTS })
    }

    fn card_signals(&self) -> CardSignals {
        if self.waves.is_some() { CardSignals::Traced } else { CardSignals::Hidden }
    }

    /// Writes all outputs. Stdout is the last one, so it stays empty if a file cannot be written.
    fn write(
        &self,
        machine: &Machine,
        report: &ReportArguments,
        bytes: &[(u64, u8)],
    ) -> Result<(), Failure> {
        let (stdout, files): (Vec<_>, Vec<_>) =
            self.each().partition(|(_, output)| output.is_stdout());
        for (content, output) in files.into_iter().chain(stdout) {
            match content {
                Content::Page => {
                    let page = page_of(machine, output, self.trace_file())?;
                    output.write(|to| page.write(to))
                }
                Content::Trace => {
                    output.write_trace(|to| write_trace(machine, report.filter.into(), to))
                }
                Content::Waves => output.write(|to| write_waves(machine, report.waves.form(), to)),
                Content::Bytes => output.write(|to| write_bytes(bytes, to)),
                Content::MidiFile => output.write(|to| write_midi(bytes, to)),
            }?;
        }
        Ok(())
    }
}

/// Does a job: reads the song, builds the machine, lets `work` run it, writes the outputs, prints
/// the summary.
///
/// # Errors
/// [`Failure`]: the options do not fit together, a file cannot be used, or `work` returns an error,
/// for example because the driver refuses to start.
pub fn run(job: &Job<'_>, work: impl FnOnce(&Machine, &Song) -> Run) -> Result<Exit, Failure> {
    run_on(job, |build, song| {
        let machine = build()?;
        let run = work(&machine, song);
        Ok((machine, run))
    })
}

/// Does the same as [`run`] for work that builds its own machines. The outputs come from the
/// machine that `work` returns.
///
/// # Errors
/// The errors of [`run`], and the [`Failure`] that `work` returns.
pub fn run_on(
    job: &Job<'_>,
    work: impl FnOnce(&Build<'_>, &Song) -> Result<(Machine, Run), Failure>,
) -> Result<Exit, Failure> {
    if job.source == Source::Input(&Input::Stdin) && job.machine.driver.is_stdin() {
        return Err(Failure::StdinTwice);
    }
    let outputs = Outputs::prepare(job)?;
    let card = job.machine.card.load()?;
    let song = job.source.read(job.song.options())?;
    log::info!(
        "{}: {} messages, {} bytes, {}",
        job.source.name(),
        song.len(),
        song.byte_count(),
        duration(song.duration_ns())
    );
    let builder = job.machine.builder(&card, outputs.hold(), outputs.card_signals())?;
    let PinArguments { pin, pin_format } = job.client;
    let meter = Meter::default();
    let builder = builder.pin(pin.clone()).pin_format((*pin_format).into()).meter(&meter);
    let build = || builder.clone().build();
    let begin = Instant::now();
    let bar = job.line.and_then(|line| ProgressBar::begin(meter, line, song.byte_count() as u64));
    let result = work(&build, &song);
    drop(bar);
    let (machine, run) = result?;
    log::info!(
        "{}: {} of simulated time in {} ms",
        job.verb,
        duration(machine.now_ns()),
        begin.elapsed().as_millis()
    );
    let written = outputs.write(&machine, job.report, &run.bytes);
    if outputs.show_trace() {
        warn_of_limit(&machine);
    }
    let ending = match run.ending {
        Ok(ending) => ending,
        Err(error) => {
            written?;
            return Err(error.into());
        }
    };
    let moment = moment(&ending);
    let facts = RunFacts {
        verb: job.verb,
        song_name: job.source.name(),
        song: &song,
        driver_name: job.machine.driver.name(),
        ending,
    };
    let mut summary = Summary::new(facts, &machine, &card.profile);
    if let (Some(choice), Some(found)) = (&job.machine.inf, machine.inf()) {
        let named = job.machine.names_resources(&card);
        summary.add_inf(InfFacts::new(choice.file_name(), found, named, &machine));
    }
    if written.is_ok() {
        outputs.each().for_each(|(content, output)| {
            summary.add_output(content.name(), output.target().to_string())
        });
        let command = outputs.trace_file().zip(moment).and_then(|(file, at)| command(file, at));
        command.into_iter().for_each(|command| summary.add_explain(command));
    }
    if let Some(analysis) = machine.analysis() {
        summary.add_analysis(analysis);
    }
    if !outputs.show_trace() {
        let filter = job.report.filter.into();
        let first = text::print(&machine.trace_log(), &machine.trace_header(), filter);
        summary.add_first_lines(first_lines(&first, SUMMARY_LINES));
    }
    // If an output is missing, the caller prints a JSON document about this failure. A program
    // reads only one document, and a summary could not say that an output is missing.
    if written.is_ok() || job.report.format == Format::Text {
        print(&summary, job.report.format, &outputs)?;
    }
    written?;
    Ok(summary.exit())
}

fn print(summary: &Summary, format: Format, outputs: &Outputs) -> Result<(), Failure> {
    let console = if outputs.use_stdout() { Console::Stderr } else { Console::Stdout };
    let text = match format {
        Format::Text => summary.text(),
        Format::Json => summary.json(),
    };
    console.print(&text)?;
    match summary.outcome() {
        Outcome::Complete => {}
        Outcome::TimeLimit => console::note(&summary.reason()),
        _ => console::error(&summary.reason()),
    }
    Ok(())
}

fn first_lines(text: &str, lines: usize) -> String {
    text.split_inclusive('\n').take(lines).collect()
}

fn write_trace(machine: &Machine, filter: Filter, mut to: &mut dyn Write) -> io::Result<()> {
    text::write(&machine.trace_log(), &machine.trace_header(), filter, &mut to)
}

fn page_of(machine: &Machine, output: &Output, trace: Option<&Path>) -> Result<Page, Failure> {
    let (header, log) = (&machine.trace_header(), &machine.trace_log());
    let file = trace.and_then(readable_name);
    page(&PageOf { name: &output.target().to_string(), file, header, log, diff: None })
}

/// The moment for which a summary prints the command `explain`: the time at which the driver ended
/// the run, or else the first breach of a rule, or else the first byte that is lost or wrong.
fn moment(ending: &Ending) -> Option<u64> {
    let difference = match ending.flow {
        Flow::Wire(wire) => wire.first_difference,
        Flow::Application(application) => application.first_difference,
    };
    let job = &ending.job;
    let moment = portcls_results::moment(job.stop.as_ref(), &job.violations);
    moment.or_else(|| Some(difference?.time_ns))
}

fn write_waves(
    machine: &Machine,
    (dialect, tick): (Dialect, Tick),
    mut to: &mut dyn Write,
) -> io::Result<()> {
    let log = machine.trace_log();
    let options = vcd_options(&log, dialect, tick);
    vcd::write(&log, &options, &mut to)
}

fn write_bytes(bytes: &[(u64, u8)], to: &mut dyn Write) -> io::Result<()> {
    let bytes: Vec<u8> = bytes.iter().map(|&(_, byte)| byte).collect();
    to.write_all(&bytes)
}

fn write_midi(bytes: &[(u64, u8)], to: &mut dyn Write) -> io::Result<()> {
    let file = write_smf(&messages_from_wire(bytes)).map_err(io::Error::other)?;
    to.write_all(&file)
}

fn warn_of_limit(machine: &Machine) {
    if let Some(dropped_ns) = machine.kernel().trace().first_dropped_ns() {
        console::warning(&format_args!(
            "the trace holds {DEFAULT_HELD_EVENTS} events and was full at {dropped_ns} ns: what \
             came later is not in it; --until ends a run before that"
        ));
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::rc::Rc;

    use clap::Parser;
    use portcls_machine::Driver;
    use portcls_machine::emulator::{BugCheckCode, DriverObject, Kernel, NtStatus};

    use super::*;
    use crate::arguments::{Arguments, Verb};
    use crate::driver::DriverChoice;
    use crate::play;

    type Entry = fn(&Kernel, &Rc<DriverObject>, &str) -> Result<(), NtStatus>;

    /// Plays the tune on a driver; returns the result and the trace that was written.
    fn play_on(entry: Entry) -> (Result<Exit, Failure>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("trace.txt");
        let line = ["portcls-emu", "play", "--trace", path.to_str().unwrap()];
        let Verb::Play(mut arguments) = Arguments::try_parse_from(line).unwrap().verb else {
            panic!("play is play");
        };
        arguments.machine.driver = DriverChoice::BuiltIn(Driver::new("odd", entry));
        let result = play::run(&arguments);
        (result, std::fs::read_to_string(path).unwrap())
    }

    #[test]
    fn a_driver_that_refuses_to_start_is_exit_1_and_its_trace_is_written() {
        let (result, trace) = play_on(|_, _, _| Err(NtStatus::DEVICE_CONFIGURATION_ERROR));
        let failure = result.unwrap_err();
        assert_eq!(failure.exit(), Exit::CheckFailed);
        assert_eq!(
            failure.to_string(),
            "the driver refuses to start: DriverEntry answered \
             STATUS_DEVICE_CONFIGURATION_ERROR; with --trace - you see what the driver did"
        );
        assert!(trace.contains("== 0.000 driver loads"), "{trace}");
    }

    #[test]
    fn a_refusal_tells_of_ports_that_no_card_has() {
        let (result, _) = play_on(|kernel, _, _| {
            let _ = kernel.read_port_u8(0x220);
            Err(NtStatus::DEVICE_CONFIGURATION_ERROR)
        });
        assert_eq!(
            result.unwrap_err().to_string(),
            "the driver refuses to start: DriverEntry answered \
             STATUS_DEVICE_CONFIGURATION_ERROR; 1 access was to ports that no card has, the first \
             to port 220; with --trace - you see what the driver did"
        );
    }

    #[test]
    fn a_driver_that_panics_or_stops_the_machine_is_exit_4_and_its_trace_is_written() {
        let (result, trace) = play_on(|_, _, _| panic!("no card"));
        assert_eq!(result.unwrap(), Exit::DriverDied);
        assert!(trace.contains("stop: the driver panicked in DriverEntry: no card"), "{trace}");
        let (result, trace) = play_on(|kernel, _, _| {
            kernel.bug_check(BugCheckCode::BAD_POOL_CALLER, [7, 0, 0, 0]);
            Ok(())
        });
        assert_eq!(result.unwrap(), Exit::DriverDied);
        assert!(trace.contains("stop: BAD_POOL_CALLER (C2)"), "{trace}");
    }
}
