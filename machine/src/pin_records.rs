//! The records in a client's buffer, in the format of its pin.
//!
//! Owns how messages become records and records become bytes again. It never knows a clock: all
//! times here are offsets from the presentation time of the buffer.

use portcls_port::ks::dmus::{EventForm, EventPacker, event_record_size, event_records};
use portcls_port::ks::music::{Packer, music_record_size, records};

use crate::pin_format::PinFormat;

/// The channel group of the first cable, which is the only one of an MPU-401.
/// Source: WDK, DMUS_EVENTHEADER; groups are counted from 1.
const FIRST_GROUP: u32 = 1;

/// Time units of 100 ns in the unit of KSMUSICFORMAT, 1 ms.
const UNITS_IN_MS: u64 = 10_000;

/// Fills a buffer with records.
pub(crate) enum RecordPacker<'a> {
    /// KSMUSICFORMAT, and the offset of the last record in ms.
    Midi(Packer<'a>, u64),
    /// DMUS_EVENTHEADER.
    DirectMusic(EventPacker<'a>),
}

impl PinFormat {
    /// An offset as a record can tell it: rounded up to the unit of the format.
    pub(crate) fn offset_100ns(self, offset_100ns: u64) -> u64 {
        match self {
            PinFormat::Midi => offset_100ns.next_multiple_of(UNITS_IN_MS),
            PinFormat::DirectMusic => offset_100ns,
        }
    }

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
            PinFormat::Midi => RecordPacker::Midi(Packer::new(buffer), 0),
            PinFormat::DirectMusic => RecordPacker::DirectMusic(EventPacker::new(buffer)),
        }
    }

    /// Appends a record with as much of a message as there is room for, and returns how many bytes
    /// that is. The offset must be one of [`PinFormat::offset_100ns`], and at least that of the
    /// record before.
    ///
    /// A channel message goes whole or not at all into a DirectMusic record: where there is room
    /// for a byte, there is room for four.
    pub fn push(&mut self, offset_100ns: u64, message: &[u8]) -> usize {
        match self {
            RecordPacker::Midi(packer, last_ms) => {
                let offset_ms = offset_100ns / UNITS_IN_MS;
                let taken = packer.push((offset_ms - *last_ms) as u32, message);
                if taken > 0 {
                    *last_ms = offset_ms;
                }
                taken
            }
            RecordPacker::DirectMusic(packer) => {
                let form = EventForm::of(message);
                packer.push(offset_100ns as i64, FIRST_GROUP, form, message)
            }
        }
    }

    /// How many bytes of the buffer are used.
    pub fn data_used(&self) -> usize {
        match self {
            RecordPacker::Midi(packer, _) => packer.data_used(),
            RecordPacker::DirectMusic(packer) => packer.data_used(),
        }
    }
}

/// Takes the used part of a buffer apart: shows `take` the offset of each record in 100 ns, and its
/// bytes. A malformed record is the end.
pub(crate) fn each_record(format: PinFormat, used: &[u8], mut take: impl FnMut(i64, &[u8])) {
    match format {
        PinFormat::Midi => {
            for record in records(used).map_while(Result::ok) {
                let offset_100ns = record.offset_ms.saturating_mul(UNITS_IN_MS);
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
            assert_eq!(packer.push(30_000, &[0xF0]), 1);
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
            assert_eq!(packer.push(10_000, &NOTE), 3);
            assert_eq!(packer.push(50_000, &[0xF8]), 1);
            let used = packer.data_used();
            let expected = [(10_000, NOTE.to_vec()), (50_000, vec![0xF8])];
            assert_eq!(unpacked(format, &buffer[..used]), expected, "{format}");
            assert_eq!(unpacked(format, &buffer[..used - 7]), expected[..1], "{format}: cut off");
        }
    }

    #[test]
    fn an_offset_is_rounded_up_to_what_the_format_can_tell() {
        assert_eq!(PinFormat::Midi.offset_100ns(10_001), 20_000);
        assert_eq!(PinFormat::DirectMusic.offset_100ns(10_001), 10_001);
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
