//! The bytes on MIDI OUT, which an observer sees with a probe.

use portcls_midi_file::MAX_FILE_BYTES;

/// The most bytes that the list takes: as many as the largest file has, nearly 6 hours of a busy
/// line. Further bytes are only counted.
pub const SENT_LIMIT: usize = MAX_FILE_BYTES;

/// The bytes that have begun on MIDI OUT since power-on: a list of the first ones, up to a limit,
/// and the number of the others.
pub(crate) struct SentBytes {
    // Configuration.
    limit: usize,
    // State.
    listed: Vec<(u64, u8)>,
    unlisted: u64,
}

impl Default for SentBytes {
    fn default() -> SentBytes {
        SentBytes::with_limit(SENT_LIMIT)
    }
}

impl SentBytes {
    /// An empty list that takes up to `limit` bytes.
    pub fn with_limit(limit: usize) -> SentBytes {
        SentBytes { limit, listed: Vec::new(), unlisted: 0 }
    }

    /// Adds a byte whose start bit is at `start_ns`.
    pub fn push(&mut self, start_ns: u64, byte: u8) {
        if self.listed.len() < self.limit {
            self.listed.push((start_ns, byte));
        } else {
            self.unlisted += 1;
        }
    }

    /// The listed bytes, each with the time of its start bit in ns.
    pub fn listed(&self) -> &[(u64, u8)] {
        &self.listed
    }

    /// How many bytes came after the list was full.
    pub fn unlisted(&self) -> u64 {
        self.unlisted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::midi_file::Song;
    use crate::{MachineBuilder, MachineError, play};

    #[test]
    fn the_list_keeps_the_first_bytes_and_counts_the_others() {
        let mut sent = SentBytes::with_limit(2);
        for byte in 1..=5 {
            sent.push(u64::from(byte) * 320_000, byte);
        }
        assert_eq!(sent.listed(), [(320_000, 1), (640_000, 2)]);
        assert_eq!(sent.unlisted(), 3);
    }

    #[test]
    fn a_run_whose_bytes_do_not_all_fit_says_how_many_do_not() {
        let builder = MachineBuilder::new().card("smsc-superio").expect("a known card");
        let machine = builder.build().expect("a machine");
        machine.cable().limit_list(2);
        let mut song = Song::new();
        song.push(0, &[0x90, 0x3C, 0x40]);
        let error = play(&machine, &song).expect_err("too many bytes");
        assert!(matches!(error, MachineError::SentListFull { listed: 2, unlisted: 1 }), "{error}");
        assert_eq!(machine.cable().sent_bytes(), [0x90, 0x3C]);
        assert_eq!(machine.cable().unlisted_count(), 1);
    }
}
