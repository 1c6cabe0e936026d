//! DirectMusic buffers: events with their times in a stream buffer.
//!
//! A buffer is a chain of records. A record has a head of 20 bytes (byte count, channel group,
//! time, flags), the data, and padding up to a multiple of 8. [`event_records`] takes a chain
//! apart, and [`EventPacker`] builds a chain. `event_records` and `EventPacker` do not know what
//! the data mean. Only [`EventForm::of`] looks at the data.

use bytemuck::{Pod, Zeroable};
use portcls_emulator::NtStatus;

use super::{assert_layout, read};

/// The head of a record. Source: WDK dmusbuff.h, packed to 4 bytes.
#[doc(alias = "DMUS_EVENTHEADER")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DmusEventHeader {
    /// How many bytes of data follow, without the padding.
    #[doc(alias = "cbEvent")]
    pub byte_count: u32,
    /// The number of a group of 16 channels.
    #[doc(alias = "dwChannelGroup")]
    pub channel_group: u32,
    /// Time since the presentation time of the buffer, in 100 ns, low half first.
    #[doc(alias = "rtDelta")]
    pub offset_100ns: [u32; 2],
    /// [`DmusEventHeader::STRUCTURED`] or 0.
    #[doc(alias = "dwFlags")]
    pub flags: u32,
}

assert_layout!(
    DmusEventHeader, 20, byte_count @ 0, channel_group @ 4, offset_100ns @ 8, flags @ 16,
);

impl DmusEventHeader {
    /// The flag of a channel message. Other data, such as system exclusive, do not have the flag.
    #[doc(alias = "DMUS_EVENT_STRUCTURED")]
    pub const STRUCTURED: u32 = 1;
}

/// The size of the head of a record, in bytes.
const HEAD_SIZE: usize = 20;

/// A record is padded up to a multiple of this number, in bytes.
const RECORD_ALIGNMENT: usize = 8;

/// The least room that a record with data needs, in bytes: a record with one byte of data.
pub const LEAST_EVENT_RECORD: usize = event_record_size(1);

/// The size of a record with this many bytes of data, in bytes, its padding included.
#[must_use]
pub const fn event_record_size(byte_count: usize) -> usize {
    (HEAD_SIZE + byte_count).next_multiple_of(RECORD_ALIGNMENT)
}

/// What kind of data a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventForm {
    /// One channel message.
    Structured,
    /// System exclusive, or any other bytes.
    Unstructured,
}

impl EventForm {
    /// The form of a record with this data: structured for one whole channel message.
    ///
    /// Source: WDK, DMUS_EVENTHEADER; MIDI 1.0 Detailed Specification, channel messages.
    #[must_use]
    pub fn of(data: &[u8]) -> EventForm {
        match data {
            [0xC0..=0xDF, 0..0x80] | [0x80..=0xBF | 0xE0..=0xEF, 0..0x80, 0..0x80] => {
                EventForm::Structured
            }
            _ => EventForm::Unstructured,
        }
    }
}

/// One record of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRecord<'a> {
    /// Time since the presentation time of the buffer, in 100 ns. The time does not count from the
    /// record before.
    pub offset_100ns: i64,
    /// The number of a group of 16 channels.
    pub channel_group: u32,
    /// The kind of the data.
    pub form: EventForm,
    /// The data, which may be empty.
    pub data: &'a [u8],
    /// Where the next record begins in the buffer.
    pub end: usize,
}

/// Takes apart the used part of a stream buffer (`DataUsed` bytes), record by record.
///
/// After an error there are no more records. The port also accepts an empty record, and a last
/// record with too little padding. Flags other than STRUCTURED have no effect. Source: WDK,
/// DMUS_EVENTHEADER. `Assumed:` everything that this function does with a malformed chain, because
/// the page does not speak of malformed chains.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` in place of a record whose head is shorter than 20 bytes or whose
/// byte count goes past the end.
pub fn event_records(used: &[u8]) -> EventRecords<'_> {
    EventRecords { used, position: 0 }
}

/// The records of a stream buffer; see [`event_records`].
#[derive(Clone, Debug)]
pub struct EventRecords<'a> {
    used: &'a [u8],
    position: usize,
}

impl<'a> Iterator for EventRecords<'a> {
    type Item = Result<EventRecord<'a>, NtStatus>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position == self.used.len() {
            return None;
        }
        let record = record_at(self.used, self.position);
        // A malformed record does not say where the next record begins.
        self.position = record.map_or(self.used.len(), |record| record.end);
        Some(record.ok_or(NtStatus::INVALID_PARAMETER))
    }
}

impl core::iter::FusedIterator for EventRecords<'_> {}

fn record_at(used: &[u8], position: usize) -> Option<EventRecord<'_>> {
    let head: DmusEventHeader = read(&used[position..])?;
    let start = position + HEAD_SIZE;
    let end = start.checked_add(usize::try_from(head.byte_count).ok()?)?;
    let data = used.get(start..end)?;
    let [low, high] = head.offset_100ns.map(u64::from);
    let is_structured = head.flags & DmusEventHeader::STRUCTURED != 0;
    Some(EventRecord {
        offset_100ns: (high << 32 | low) as i64,
        channel_group: head.channel_group,
        form: if is_structured { EventForm::Structured } else { EventForm::Unstructured },
        data,
        end: (position + (end - position).next_multiple_of(RECORD_ALIGNMENT)).min(used.len()),
    })
}

/// Builds a chain of records in a client's buffer.
#[derive(Debug)]
pub struct EventPacker<'a> {
    buffer: &'a mut [u8],
    used: usize,
}

impl<'a> EventPacker<'a> {
    /// Makes a packer at the start of a buffer of `FrameExtent` bytes.
    #[must_use]
    pub fn new(buffer: &'a mut [u8]) -> EventPacker<'a> {
        EventPacker { buffer, used: 0 }
    }

    /// The greatest number of bytes of data with which one more record, padding included, still
    /// fits into the buffer.
    #[must_use]
    pub fn room(&self) -> usize {
        let left = self.buffer.len() - self.used;
        let whole = left - left % RECORD_ALIGNMENT;
        whole.saturating_sub(HEAD_SIZE)
    }

    /// Appends a record with the first bytes of `data`, as many as there is room for. Returns the
    /// number of these bytes. When this number is 0, no record is appended.
    pub fn push(
        &mut self,
        offset_100ns: i64,
        channel_group: u32,
        form: EventForm,
        data: &[u8],
    ) -> usize {
        // The byte count of a record is a ULONG. The limit is the greatest ULONG that is a multiple
        // of 8.
        let taken = data.len().min(self.room()).min(u32::MAX as usize & !7);
        if taken == 0 {
            return 0;
        }
        let offset = offset_100ns as u64;
        let head = DmusEventHeader {
            byte_count: taken as u32,
            channel_group,
            offset_100ns: [offset as u32, (offset >> 32) as u32],
            flags: match form {
                EventForm::Structured => DmusEventHeader::STRUCTURED,
                EventForm::Unstructured => 0,
            },
        };
        let record = &mut self.buffer[self.used..];
        let end = HEAD_SIZE + taken;
        let filled = end.next_multiple_of(RECORD_ALIGNMENT);
        record[..HEAD_SIZE].copy_from_slice(bytemuck::bytes_of(&head));
        record[HEAD_SIZE..end].copy_from_slice(&data[..taken]);
        record[end..filled].fill(0);
        self.used += filled;
        taken
    }

    /// How many bytes of the buffer are used, for `DataUsed`. The number is always a multiple of 8.
    #[must_use]
    pub fn data_used(&self) -> usize {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EventForm::{Structured, Unstructured};
    use proptest::prelude::*;

    const INVALID: NtStatus = NtStatus(0xC000_000D);

    #[rustfmt::skip]
    const IMAGE: [u8; 56] = [
        3, 0, 0, 0, 1, 0, 0, 0, 0x10, 0x27, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x90, 0x3C, 0x40, 0,
        5, 0, 0, 0, 2, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
        0xF0, 1, 2, 3, 0xF7, 0, 0, 0, 0, 0, 0, 0,
    ];

    fn data_of(used: &[u8]) -> Vec<Result<Vec<u8>, NtStatus>> {
        event_records(used).map(|record| record.map(|record| record.data.to_vec())).collect()
    }

    fn head(byte_count: u32) -> Vec<u8> {
        let mut head = vec![0; 20];
        head[..4].copy_from_slice(&byte_count.to_le_bytes());
        head
    }

    #[test]
    fn one_whole_channel_message_is_structured_and_nothing_else_is() {
        for status in 0x80..=0xEF {
            let length = if (0xC0..0xE0).contains(&status) { 2 } else { 3 };
            let message = [status, 0x7F, 0, 0];
            for used in 0..=4 {
                let form = if used == length { Structured } else { Unstructured };
                assert_eq!(EventForm::of(&message[..used]), form, "{status:02X}, {used} bytes");
            }
        }
        let others: [&[u8]; 5] =
            [&[0xF8], &[0xF1, 1], &[0xF2, 1, 2], &[0xC0, 0x80], &[0x90, 0x3C, 0xF8]];
        for data in others {
            assert_eq!(EventForm::of(data), Unstructured, "{data:02X?}");
        }
    }

    #[test]
    fn a_chain_is_taken_apart_with_its_times_and_groups() {
        let chain: Vec<_> = event_records(&IMAGE).map(Result::unwrap).collect();
        let note = EventRecord {
            offset_100ns: 10_000,
            channel_group: 1,
            form: Structured,
            data: &[0x90, 0x3C, 0x40],
            end: 24,
        };
        let exclusive = EventRecord {
            offset_100ns: -1,
            channel_group: 2,
            form: Unstructured,
            data: &[0xF0, 1, 2, 3, 0xF7],
            end: 56,
        };
        assert_eq!(chain, [note, exclusive]);
    }

    #[test]
    fn packed_records_have_the_published_form() {
        let mut buffer = [0xEE; 60];
        let mut packer = EventPacker::new(&mut buffer);
        assert_eq!(packer.push(10_000, 1, Structured, &[0x90, 0x3C, 0x40]), 3);
        assert_eq!(packer.push(-1, 2, Unstructured, &[0xF0, 1, 2, 3, 0xF7]), 5);
        assert_eq!((packer.data_used(), packer.room()), (56, 0));
        assert_eq!(buffer[..56], IMAGE);
        assert_eq!(buffer[56..], [0xEE; 4]);
    }

    #[test]
    fn an_empty_record_is_accepted_and_a_last_filling_may_be_cut_short() {
        let empty = [&head(0)[..], &[0; 4], &head(1), &[0xFE]].concat();
        assert_eq!(data_of(&empty), [Ok(vec![]), Ok(vec![0xFE])]);
        assert_eq!(data_of(&head(0)), [Ok(vec![])]);
        assert_eq!(data_of(&[]), []);
    }

    #[test]
    fn a_head_shorter_than_20_bytes_is_an_error_and_the_end() {
        for length in 25..44 {
            let expected = [Ok(vec![0x90, 0x3C, 0x40]), Err(INVALID)];
            assert_eq!(data_of(&IMAGE[..length]), expected, "{length}");
        }
    }

    #[test]
    fn a_byte_count_past_the_end_is_an_error_and_the_end() {
        assert_eq!(data_of(&IMAGE[..48]), [Ok(vec![0x90, 0x3C, 0x40]), Err(INVALID)]);
        assert_eq!(data_of(&head(u32::MAX)), [Err(INVALID)]);
        assert_eq!(data_of(&head(1)), [Err(INVALID)]);
    }

    #[test]
    fn a_full_buffer_takes_a_part_and_then_nothing() {
        let mut buffer = [0xEE; 31];
        let mut packer = EventPacker::new(&mut buffer);
        assert_eq!(packer.room(), 4);
        assert_eq!(packer.push(0, 1, Unstructured, &[1, 2, 3, 4, 5]), 4);
        assert_eq!(packer.push(0, 1, Unstructured, &[5]), 0);
        assert_eq!((packer.data_used(), LEAST_EVENT_RECORD), (24, 24));
    }

    proptest! {
        #[test]
        fn what_was_packed_is_taken_apart_again(
            events in prop::collection::vec(
                (any::<i64>(), any::<u32>(), any::<bool>(),
                    prop::collection::vec(any::<u8>(), 1..20)), 0..9),
            size in 0_usize..300,
        ) {
            let mut buffer = vec![0xEE; size];
            let mut packer = EventPacker::new(&mut buffer);
            let mut expected = Vec::new();
            for (offset, group, is_structured, data) in events {
                let form = if is_structured { Structured } else { Unstructured };
                let room = packer.room();
                let taken = packer.push(offset, group, form, &data);
                prop_assert_eq!(taken, room.min(data.len()));
                if taken > 0 {
                    expected.push((offset, group, form, data[..taken].to_vec()));
                }
            }
            let used = packer.data_used();
            prop_assert!(used <= size && used.is_multiple_of(8));
            let found: Vec<_> = event_records(&buffer[..used])
                .map(Result::unwrap)
                .map(|it| (it.offset_100ns, it.channel_group, it.form, it.data.to_vec()))
                .collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_are_taken_apart_or_refused_without_panic(used: Vec<u8>) {
            let bytes: usize = event_records(&used).flatten().map(|record| record.data.len()).sum();
            prop_assert!(bytes <= used.len());
        }
    }
}
