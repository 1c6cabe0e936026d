//! The records in a client's buffer, in the format of its pin.
//!
//! This file turns messages into records, and records into bytes again. This file never knows a
//! clock: all times here are offsets from the presentation time of the buffer.

use portcls_port::ks::dmus::{EventForm, EventPacker, event_record_size, event_records};
use portcls_port::ks::music::{Packer, music_record_size, records};

use crate::pin_format::PinFormat;

/// The channel group of the first cable. An MPU-401 has only this cable.
/// Source: WDK, DMUS_EVENTHEADER; groups are counted from 1.
const FIRST_GROUP: u32 = 1;

/// The unit of the times in KSMUSICFORMAT, 1 ms, in 100 ns.
const MS_100NS: u64 = 10_000;

/// The unit of the times in KSMUSICFORMAT, 1 ms, in ns.
const MS_NS: u64 = 1_000_000;

/// Fills a buffer with records.
pub(crate) enum RecordPacker<'a> {
    /// KSMUSICFORMAT.
    Midi {
        packer: Packer<'a>,
        /// The offset of the last record.
        last_ms: u64,
    },
    /// DMUS_EVENTHEADER.
    DirectMusic {
        packer: EventPacker<'a>,
        /// The offset of the last record.
        last_100ns: u64,
    },
}

impl PinFormat {
    /// The size of a record with this many bytes of MIDI.
    pub(crate) fn record_size(self, byte_count: usize) -> usize {
        match self {
            PinFormat::Midi => music_record_size(byte_count),
            PinFormat::DirectMusic => event_record_size(byte_count),
        }
    }
}

impl<'a> RecordPacker<'a> {
    /// Makes a packer at the start of a buffer.
    pub fn new(format: PinFormat, buffer: &'a mut [u8]) -> RecordPacker<'a> {
        match format {
            PinFormat::Midi => RecordPacker::Midi { packer: Packer::new(buffer), last_ms: 0 },
            PinFormat::DirectMusic => {
                RecordPacker::DirectMusic { packer: EventPacker::new(buffer), last_100ns: 0 }
            }
        }
    }

    /// Appends a record with the part of a message for which there is room, and returns the number
    /// of bytes in this part. The offset must not be less than the offset of the record before. The
    /// packer rounds the offset up to the unit of the format.
    ///
    /// A channel message goes whole or not at all into a DirectMusic record. Such a record has a
    /// head of 20 bytes and a length that is a multiple of 8 bytes. So if there is room for one
    /// byte of data, there is room for four.
    pub fn push(&mut self, offset_ns: u64, message: &[u8]) -> usize {
        match self {
            RecordPacker::Midi { packer, last_ms } => {
                let offset_ms = offset_ns.div_ceil(MS_NS);
                let taken = packer.push((offset_ms - *last_ms) as u32, message);
                if taken > 0 {
                    *last_ms = offset_ms;
                }
                taken
            }
            RecordPacker::DirectMusic { packer, last_100ns } => {
                let offset_100ns = offset_ns.div_ceil(100);
                let form = EventForm::of(message);
                let taken = packer.push(offset_100ns as i64, FIRST_GROUP, form, message);
                if taken > 0 {
                    *last_100ns = offset_100ns;
                }
                taken
            }
        }
    }

    /// The offset of the last record after rounding; 0 before the first record.
    pub fn last_100ns(&self) -> u64 {
        match self {
            RecordPacker::Midi { last_ms, .. } => last_ms * MS_100NS,
            RecordPacker::DirectMusic { last_100ns, .. } => *last_100ns,
        }
    }

    /// How many bytes of the buffer are used.
    pub fn data_used(&self) -> usize {
        match self {
            RecordPacker::Midi { packer, .. } => packer.data_used(),
            RecordPacker::DirectMusic { packer, .. } => packer.data_used(),
        }
    }
}

/// Reads the records in the used part of a buffer, up to the first malformed record. Calls `take`
/// with the offset of each record, in units of 100 ns, and with the bytes of the record.
pub(crate) fn each_record(format: PinFormat, used: &[u8], mut take: impl FnMut(i64, &[u8])) {
    match format {
        PinFormat::Midi => {
            for record in records(used).map_while(Result::ok) {
                let offset_100ns = record.offset_ms.saturating_mul(MS_100NS);
                take(i64::try_from(offset_100ns).unwrap_or(i64::MAX), record.data);
            }
        }
        PinFormat::DirectMusic => {
            for record in event_records(used).map_while(Result::ok) {
                take(record.offset_100ns, record.data);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: [u8; 3] = [0x90, 0x3C, 0x40];

    fn unpacked(format: PinFormat, used: &[u8]) -> Vec<(i64, Vec<u8>)> {
        let mut records = Vec::new();
        each_record(format, used, |offset_100ns, data| records.push((offset_100ns, data.to_vec())));
        records
    }

    #[test]
    fn a_note_and_a_byte_of_sysex_have_the_published_form_in_both_formats() {
        let packed = |format: PinFormat| {
            let mut buffer = [0xEE; 64];
            let mut packer = RecordPacker::new(format, &mut buffer);
            assert_eq!(packer.push(0, &NOTE), 3);
            assert_eq!(packer.push(3_000_000, &[0xF0]), 1);
            let used = packer.data_used();
            assert_eq!(used, format.record_size(3) + format.record_size(1));
            buffer[..used].to_vec()
        };
        assert_eq!(
            packed(PinFormat::Midi),
            [0, 0, 0, 0, 3, 0, 0, 0, 0x90, 0x3C, 0x40, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0xF0, 0, 0, 0]
        );
        #[rustfmt::skip]
        let events = [
            3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x90, 0x3C, 0x40, 0,
            1, 0, 0, 0, 1, 0, 0, 0, 0x30, 0x75, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0, 0, 0,
        ];
        assert_eq!(packed(PinFormat::DirectMusic), events);
    }

    #[test]
    fn what_was_packed_is_taken_apart_with_its_offsets() {
        for format in [PinFormat::Midi, PinFormat::DirectMusic] {
            let mut buffer = [0; 100];
            let mut packer = RecordPacker::new(format, &mut buffer);
            assert_eq!(packer.push(1_000_000, &NOTE), 3);
            assert_eq!(packer.push(5_000_000, &[0xF8]), 1);
            let used = packer.data_used();
            let expected = [(10_000, NOTE.to_vec()), (50_000, vec![0xF8])];
            assert_eq!(unpacked(format, &buffer[..used]), expected, "{format}");
            assert_eq!(unpacked(format, &buffer[..used - 7]), expected[..1], "{format}: cut off");
        }
    }

    #[test]
    fn an_offset_is_rounded_up_to_what_the_format_can_tell() {
        for (format, told_100ns) in [(PinFormat::Midi, 20_000), (PinFormat::DirectMusic, 10_001)] {
            let mut buffer = [0; 40];
            let mut packer = RecordPacker::new(format, &mut buffer);
            assert_eq!((packer.push(1_000_001, &NOTE), packer.last_100ns()), (3, told_100ns));
            let used = packer.data_used();
            assert_eq!(unpacked(format, &buffer[..used])[0].0, told_100ns as i64, "{format}");
        }
    }

    #[test]
    fn a_channel_message_is_never_split_between_two_directmusic_records() {
        for size in 0..60 {
            let mut buffer = vec![0; size];
            let mut packer = RecordPacker::new(PinFormat::DirectMusic, &mut buffer);
            assert!([0, 3].contains(&packer.push(0, &NOTE)), "{size}");
            assert!([0, 3].contains(&packer.push(0, &NOTE)), "{size}");
        }
    }
}
