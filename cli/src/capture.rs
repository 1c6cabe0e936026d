//! `capture`: a song into MIDI IN, through the driver to the application.

use portcls_machine::midi_file::Song;
use portcls_machine::{CaptureReport, Machine, capture};

use crate::arguments::CaptureArguments;
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::session::{self, Job, Report, Run};
use crate::summary::{ApplicationFacts, Ending, Flow};

/// Captures the song.
///
/// # Errors
/// As [`session::run`].
pub fn run(arguments: &CaptureArguments) -> Result<Exit, Failure> {
    let job = Job {
        verb: "capture",
        source: Source::Input(&arguments.file),
        song: &arguments.song,
        machine: &arguments.machine,
        report: &arguments.report,
        raw_out: ("--raw-out", arguments.raw_out.as_ref()),
        midi_out: arguments.midi_out.as_ref(),
    };
    session::run(&job, work)
}

/// The run itself, and how it went.
pub fn work(machine: &Machine, song: &Song) -> Run {
    match capture(machine, song) {
        Err(error) => Run { bytes: Vec::new(), report: Err(error) },
        Ok(captured) => {
            let chunks = captured.received.iter();
            let bytes = chunks
                .flat_map(|chunk| chunk.bytes.iter().map(|&byte| (chunk.time_ns, byte)))
                .collect();
            Run { bytes, report: Ok(report(machine, captured)) }
        }
    }
}

fn report(machine: &Machine, captured: CaptureReport) -> Report {
    let figures = captured.figures;
    let arrived_bytes = machine.card_counters().received;
    let flow = Flow::Application(ApplicationFacts {
        bytes: captured.received_bytes as u64,
        song_bytes: captured.matching as u64,
        arrived_bytes,
    });
    let ending = Ending {
        goal: "the application",
        stop: captured.stop,
        violations: captured.violations,
        violation_count: machine.kernel().violation_count(),
        warnings: machine.kernel().warnings(),
        leaks: captured.leaks,
        failed: Vec::new(),
        // Before a byte arrived none was lost: figures of a run that stopped before the song
        // count what the driver's start cost.
        lost_in_card: if arrived_bytes > 0 { figures.lost_in_card } else { 0 },
        song_bytes: captured.song_bytes as u64,
        passed: captured.matching as u64,
        surplus: captured.received_bytes.saturating_sub(captured.song_bytes) as u64,
    };
    Report { figures, flow, ending }
}
