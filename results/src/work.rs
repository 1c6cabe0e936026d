//! Plays or captures a song on a machine, and gives the facts for a summary.

use portcls_machine::midi_file::Song;
use portcls_machine::{Machine, MachineError};

use crate::summary::{Ending, Flow};

/// What a verb got from a machine and a song.
pub struct Run {
    /// The bytes that came out. For `play`, each has the time of its start bit in ns since
    /// power-on. For `capture`, each has the time that the port gave it, in ns from time 0 of the
    /// pin.
    pub bytes: Vec<(u64, u8)>,
    /// How the run ended.
    pub ending: Result<Ending, MachineError>,
}

/// Plays the song. Returns the bytes on MIDI OUT, and how the run ended.
#[must_use]
pub fn play(machine: &Machine, song: &Song) -> Run {
    let ending = portcls_machine::play(machine, song).map(|played| Ending {
        song_bytes: played.song_bytes,
        left_out: song.left_out(),
        flow: Flow::Wire(played.wire),
        job: played.job,
    });
    Run { bytes: machine.cable().sent(), ending }
}

/// Captures the song. Returns the bytes that the application read, and how the run ended.
#[must_use]
pub fn capture(machine: &Machine, song: &Song) -> Run {
    match portcls_machine::capture(machine, song) {
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
