//! Buffers with which a client plays a song: messages as timed records.

use portcls_midi_file::Song;

use crate::pin_format::PinFormat;
use crate::pin_records::RecordPacker;

/// Size of a buffer in bytes.
pub(crate) const BUFFER_LENGTH: usize = 4_096;

/// The longest time from the first message of a buffer to the last, in ns.
const BUFFER_SPAN_NS: u64 = 500_000_000;

/// The place in a song up to which the client has written the song.
#[derive(Clone, Copy, Default)]
pub(crate) struct Position {
    message: usize,
    byte: usize,
    /// The time of the last record so far, in 100 ns of the song.
    last_100ns: u64,
}

/// A buffer that is ready to be written.
pub(crate) struct RecordBuffer {
    /// The presentation time of the buffer, in 100 ns of the song.
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
    /// Times are rounded up: in a buffer a message is never due earlier than in the song, and at
    /// most 1 ms later. In the format of DirectMusic it is at most 100 ns later. The times never go
    /// back from one buffer to the next, because a DirectMusic port plays the records of all
    /// buffers in the order of their times. A message for which the buffer has too little room
    /// goes on in the next buffer.
    pub fn next(song: &Song, position: &mut Position, format: PinFormat) -> Option<RecordBuffer> {
        let first_ns = song.get(position.message)?.due_ns;
        let start_100ns = first_ns.div_ceil(100).max(position.last_100ns);
        let mut buffer = RecordBuffer {
            start_100ns: i64::try_from(start_100ns).unwrap_or(i64::MAX),
            records: vec![0; BUFFER_LENGTH],
            messages: 0,
            data: Vec::with_capacity(BUFFER_LENGTH),
        };
        let mut packer = RecordPacker::new(format, &mut buffer.records);
        while let Some(message) = song.get(position.message) {
            if message.due_ns - first_ns > BUFFER_SPAN_NS {
                break;
            }
            let offset_ns = message.due_ns.saturating_sub(start_100ns * 100);
            let rest = &message.bytes[position.byte..];
            let taken = packer.push(offset_ns, rest);
            if taken == 0 {
                break;
            }
            buffer.messages += 1;
            buffer.data.extend_from_slice(&rest[..taken]);
            position.byte += taken;
            if taken < rest.len() {
                break;
            }
            position.message += 1;
            position.byte = 0;
        }
        position.last_100ns = start_100ns + packer.last_100ns();
        let used = packer.data_used();
        buffer.records.truncate(used);
        Some(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pin_records::each_record;

    /// The records of all buffers of a song: their times in ns, and their bytes.
    fn records(song: &Song, format: PinFormat) -> Vec<(u64, Vec<u8>)> {
        let mut position = Position::default();
        let mut records = Vec::new();
        while let Some(buffer) = RecordBuffer::next(song, &mut position, format) {
            each_record(format, &buffer.records, |offset_100ns, data| {
                let time_ns = (buffer.start_100ns + offset_100ns) as u64 * 100;
                records.push((time_ns, data.to_vec()));
            });
        }
        records
    }

    fn times_ns(song: &Song, format: PinFormat) -> Vec<u64> {
        records(song, format).into_iter().map(|(time_ns, _)| time_ns).collect()
    }

    #[test]
    fn the_rest_of_a_message_is_not_due_before_its_beginning() {
        let mut song = Song::new();
        song.push(0, &[0xF8]);
        song.push(1_200_000, &[0x11; 5_000]);
        song.push(1_500_000, &[0xFA]);
        assert_eq!(times_ns(&song, PinFormat::Midi), [0, 2_000_000, 2_000_000, 2_000_000]);
        let exact = [0, 1_200_000, 1_200_000, 1_500_000];
        assert_eq!(times_ns(&song, PinFormat::DirectMusic), exact);
    }

    #[test]
    fn every_byte_of_a_song_comes_out_in_order_and_never_early() {
        let mut song = Song::new();
        song.push(0, &[0xC0, 5]);
        song.push(1_234_567, &[0x90, 60, 64]);
        song.push(1_234_567, &[0x90, 64, 64]);
        song.push(900_000_001, &vec![0x55; 10_000]);
        let expected: Vec<u8> = song.iter().flat_map(|message| message.bytes.to_vec()).collect();
        for (format, note_ns) in [(PinFormat::Midi, 2_000_000), (PinFormat::DirectMusic, 1_234_600)]
        {
            let (times_ns, bytes): (Vec<u64>, Vec<_>) = records(&song, format).into_iter().unzip();
            assert_eq!(bytes.concat(), expected, "{format}");
            let long_ns = 900_000_100;
            assert_eq!(times_ns, [0, note_ns, note_ns, long_ns, long_ns, long_ns], "{format}");
        }
    }
}
