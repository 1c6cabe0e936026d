//! How many bytes the MIDI lines have carried so far, for a watcher.
//!
//! This file owns the counts that another thread may read. A watcher changes nothing of a run: the
//! machine writes the counts and never reads them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of the bytes that have begun on the MIDI lines of all machines that were built with this
/// meter. Clones share the counts.
///
/// Assumed: only one thread at a time runs these machines. So counting a byte costs only a load and
/// a store.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Lines>);

#[derive(Debug, Default)]
struct Lines {
    midi_out: AtomicU64,
    midi_in: AtomicU64,
}

impl Meter {
    /// Bytes that have begun on MIDI OUT.
    #[must_use]
    pub fn midi_out_bytes(&self) -> u64 {
        self.0.midi_out.load(Ordering::Relaxed)
    }

    /// Bytes that have begun on MIDI IN.
    #[must_use]
    pub fn midi_in_bytes(&self) -> u64 {
        self.0.midi_in.load(Ordering::Relaxed)
    }

    pub(crate) fn count_midi_out(&self) {
        count(&self.0.midi_out);
    }

    pub(crate) fn count_midi_in(&self) {
        count(&self.0.midi_in);
    }
}

fn count(bytes: &AtomicU64) {
    bytes.store(bytes.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use portcls_midi_file::{InputFormat, Song, read_song};

    use super::*;
    use crate::{Driver, Machine, MachineBuilder, capture, play};

    fn song() -> Song {
        read_song(&[0x90, 0x3C, 0x40, 0x80, 0x3C, 0x40], InputFormat::Raw).unwrap()
    }

    /// A machine with a card that sends nothing by itself.
    fn machine(meter: &Meter) -> Machine {
        let builder = MachineBuilder::new().card("smsc-superio").unwrap();
        builder.driver(Driver::named("uart").unwrap()).meter(meter).build().unwrap()
    }

    #[test]
    fn a_watcher_sees_the_bytes_of_the_line_that_a_song_takes() {
        let meter = Meter::default();
        play(&machine(&meter), &song()).unwrap();
        assert_eq!((meter.midi_out_bytes(), meter.midi_in_bytes()), (6, 0));

        let meter = Meter::default();
        capture(&machine(&meter), &song()).unwrap();
        assert_eq!((meter.midi_out_bytes(), meter.midi_in_bytes()), (0, 6));
    }
}
