//! Buffers with which a client plays a song: messages as timed music records.

use portcls_midi_file::Song;
use portcls_port::ks::music::Packer;

/// Size of a buffer in bytes.
pub(crate) const BUFFER_LENGTH: usize = 4_096;

/// The longest time from the first message of a buffer to the last, in ns.
const BUFFER_SPAN_NS: u64 = 500_000_000;

/// The place in a song up to which the client has written it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Position {
    message: usize,
    byte: usize,
    /// The time of the last record that was written, in 100 ns of stream time.
    last_100ns: u64,
}

/// A buffer that is ready to be written.
pub(crate) struct RecordBuffer {
    /// When its first message is due, in 100 ns of stream time.
    pub start_100ns: i64,
    /// The records.
    pub records: Vec<u8>,
    /// How many messages begin or continue in this buffer.
    pub messages: usize,
    /// The bytes of these messages.
    pub data: Vec<u8>,
}

impl RecordBuffer {
    /// The next buffer of a song from `position` on; `None` at the end of the song.
    ///
    /// Times are rounded up: a message is never due earlier than in the song, and at most 1 ms
    /// later. They never go back from one buffer to the next, because a DirectMusic port plays the
    /// records of all buffers in the order of their times.
    pub fn next(song: &Song, position: &mut Position) -> Option<RecordBuffer> {
        let first_ns = song.get(position.message)?.due_ns;
        let start_100ns = first_ns.div_ceil(100).max(position.last_100ns);
        let mut buffer = RecordBuffer {
            start_100ns: i64::try_from(start_100ns).unwrap_or(i64::MAX),
            records: vec![0; BUFFER_LENGTH],
            messages: 0,
            data: Vec::new(),
        };
        let mut packer = Packer::new(&mut buffer.records);
        let mut last_ms = 0;
        while let Some(message) = song.get(position.message) {
            if message.due_ns - first_ns > BUFFER_SPAN_NS {
                break;
            }
            let offset_ms = message.due_ns.saturating_sub(start_100ns * 100).div_ceil(1_000_000);
            let rest = &message.bytes[position.byte..];
            let taken = packer.push((offset_ms - last_ms) as u32, rest);
            if taken == 0 {
                break;
            }
            last_ms = offset_ms;
            position.last_100ns = start_100ns + offset_ms * 10_000;
            buffer.messages += 1;
            buffer.data.extend_from_slice(&rest[..taken]);
            position.byte += taken;
            if taken < rest.len() {
                break;
            }
            position.message += 1;
            position.byte = 0;
        }
        let used = packer.data_used();
        buffer.records.truncate(used);
        Some(buffer)
    }
}

#[cfg(test)]
mod tests {
    use portcls_port::ks::music::records;

    use super::*;

    /// The times of all records of a song, in ns.
    fn times_ns(song: &Song) -> Vec<u64> {
        let mut position = Position::default();
        let mut times_ns = Vec::new();
        while let Some(buffer) = RecordBuffer::next(song, &mut position) {
            for record in records(&buffer.records) {
                let record = record.unwrap();
                times_ns.push(buffer.start_100ns as u64 * 100 + record.offset_ms * 1_000_000);
            }
        }
        times_ns
    }

    #[test]
    fn the_rest_of_a_message_is_not_due_before_its_beginning() {
        let mut song = Song::new();
        song.push(0, &[0xF8]);
        song.push(1_200_000, &[0x11; 5_000]);
        song.push(1_500_000, &[0xFA]);
        assert_eq!(times_ns(&song), [0, 2_000_000, 2_000_000, 2_000_000]);
    }

    #[test]
    fn every_byte_of_a_song_comes_out_in_order_and_never_early() {
        let mut song = Song::new();
        song.push(0, &[0xC0, 5]);
        song.push(1_234_567, &[0x90, 60, 64]);
        song.push(1_234_567, &[0x90, 64, 64]);
        song.push(900_000_001, &vec![0x55; 10_000]);
        let mut position = Position::default();
        let mut bytes = Vec::new();
        let mut times_ns = Vec::new();
        while let Some(buffer) = RecordBuffer::next(&song, &mut position) {
            for record in records(&buffer.records) {
                let record = record.unwrap();
                times_ns.push(buffer.start_100ns as u64 * 100 + record.offset_ms * 1_000_000);
                bytes.extend_from_slice(record.data);
            }
        }
        let expected: Vec<u8> = song.iter().flat_map(|message| message.bytes.to_vec()).collect();
        assert_eq!(bytes, expected);
        assert_eq!(times_ns, [0, 2_000_000, 2_000_000, 900_000_100, 900_000_100, 900_000_100]);
    }
}
