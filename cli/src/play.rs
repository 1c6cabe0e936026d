//! `play`: plays a song through the driver to MIDI OUT.

use portcls_machine::midi_file::Song;
use portcls_machine::{Machine, play};

use crate::arguments::PlayArguments;
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::progress_bar::Line;
use crate::session::{self, Job, Run};
use crate::summary::{Ending, Flow};

/// Plays the song.
///
/// # Errors
/// The errors of [`session::run`].
pub fn run(arguments: &PlayArguments) -> Result<Exit, Failure> {
    let job = Job {
        verb: "play",
        source: arguments.file.as_ref().map_or(Source::Tune, Source::Input),
        song: &arguments.song,
        machine: &arguments.machine,
        client: &arguments.client,
        report: &arguments.report,
        line: Some(Line::MidiOut),
        raw_out: ("--wire-out", arguments.wire_out.as_ref()),
        midi_out: arguments.midi_out.as_ref(),
    };
    session::run(&job, work)
}

/// Does the run. Returns the bytes on MIDI OUT, and how the run ended.
pub fn work(machine: &Machine, song: &Song) -> Run {
    let ending = play(machine, song).map(|played| Ending {
        song_bytes: played.song_bytes,
        left_out: song.left_out(),
        flow: Flow::Wire(played.wire),
        job: played.job,
    });
    Run { bytes: machine.cable().sent(), ending }
}
