//! `capture`: sends a song into MIDI IN and keeps what the application reads.

use portcls_machine::midi_file::Song;
use portcls_machine::{Machine, capture};

use crate::arguments::CaptureArguments;
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::progress_bar::Line;
use crate::session::{self, Job, Run};
use crate::summary::{Ending, Flow};

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
    session::run(&job, work)
}

/// Does the run. Returns the bytes that the application read, and how the run ended.
pub fn work(machine: &Machine, song: &Song) -> Run {
    match capture(machine, song) {
        Err(error) => Run { bytes: Vec::new(), ending: Err(error) },
        Ok(captured) => {
            let chunks = captured.received.iter();
            let bytes = chunks
                .flat_map(|chunk| chunk.bytes.iter().map(|&byte| (chunk.time_ns, byte)))
                .collect();
            let ending = Ending {
                song_bytes: captured.song_bytes,
                left_out: song.left_out(),
                flow: Flow::Application(captured.application),
                job: captured.job,
            };
            Run { bytes, ending: Ok(ending) }
        }
    }
}
