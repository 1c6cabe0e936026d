//! `play`: plays a song through the driver to MIDI OUT.

use portcls_results::work;

use crate::arguments::PlayArguments;
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::progress_bar::Line;
use crate::session::{self, Job};

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
    session::run(&job, work::play)
}
