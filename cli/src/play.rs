//! `play`: a song out through the driver to MIDI OUT.

use portcls_machine::emulator::Stop;
use portcls_machine::midi_file::Song;
use portcls_machine::{Machine, PlayReport, play};

use crate::arguments::PlayArguments;
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::session::{self, Job, Report, Run};
use crate::summary::{Ending, Flow, LateFacts, WireFacts};

/// Plays the song.
///
/// # Errors
/// As [`session::run`].
pub fn run(arguments: &PlayArguments) -> Result<Exit, Failure> {
    let job = Job {
        verb: "play",
        source: arguments.file.as_ref().map_or(Source::Tune, Source::Input),
        song: &arguments.song,
        machine: &arguments.machine,
        report: &arguments.report,
        raw_out: ("--wire-out", arguments.wire_out.as_ref()),
        midi_out: arguments.midi_out.as_ref(),
    };
    session::run(&job, work)
}

/// The run itself, and how it went.
pub fn work(machine: &Machine, song: &Song) -> Run {
    let played = play(machine, song);
    let report = played.map(|played| report(machine, played));
    Run { bytes: machine.cable().sent(), report }
}

fn report(machine: &Machine, played: PlayReport) -> Report {
    let figures = played.figures;
    // A run that stopped before the song has no figures of it.
    let end_ns = played.stop.as_ref().map_or(figures.simulated_ns, Stop::time_ns);
    let began = played.run_ns < end_ns;
    let late = played.lateness;
    let flow = Flow::Wire(WireFacts {
        bytes: played.wire.len() as u64,
        song_bytes: played.delivered as u64,
        own_bytes: machine.card_counters().generated,
        song_start_ns: began.then_some(played.run_ns),
        busy_permille: played.wire_busy_permille,
        late: LateFacts {
            messages: late.messages,
            least_ns: late.least_ns,
            mean_ns: late.mean_ns(),
            most_ns: late.most_ns,
            early: late.early,
        },
    });
    let ending = Ending {
        goal: "MIDI OUT",
        stop: played.stop,
        violations: played.violations,
        violation_count: machine.kernel().violation_count(),
        warnings: machine.kernel().warnings(),
        leaks: played.leaks,
        failed: played.failed,
        lost_in_card: if began { figures.lost_in_card } else { 0 },
        song_bytes: played.song_bytes as u64,
        passed: played.delivered as u64,
        surplus: 0,
    };
    Report { figures, flow, ending }
}
