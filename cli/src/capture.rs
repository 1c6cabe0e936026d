//! `capture`: sends a song into MIDI IN and keeps what the application reads.

use portcls_results::work;

use crate::arguments::CaptureArguments;
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::progress_bar::Line;
use crate::session::{self, Job};

/// Captures the song.
///
/// # Errors
/// The errors of [`session::run`].
pub fn run(arguments: &CaptureArguments) -> Result<Exit, Failure> {
    let job = Job {
        verb: "capture",
        source: Source::Input(&arguments.file),
        song: &arguments.song,
        machine: &arguments.machine,
        client: &arguments.client,
        report: &arguments.report,
        line: Some(Line::MidiIn),
        raw_out: ("--raw-out", arguments.raw_out.as_ref()),
        midi_out: arguments.midi_out.as_ref(),
    };
    session::run(&job, work::capture)
}
