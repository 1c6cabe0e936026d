//! Music buffers: stream buffers with MIDI bytes in timed records.
//!
//! A buffer is a chain of records. A record has a head of 8 bytes (time since the record before,
//! byte count), the MIDI bytes, and 0 to 3 bytes up to a multiple of 4. [`records`] takes a chain
//! apart, [`record_places`] says where the records of a chain lie, and [`Packer`] builds a chain.
//! None of these three knows what the MIDI bytes mean.

use core::ops::Range;

use bytemuck::{Pod, Zeroable};
use portcls_emulator::NtStatus;

use super::{assert_layout, read};

/// The head of a record.
#[doc(alias = "KSMUSICFORMAT")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsMusicFormat {
    /// Time since the record before. For the first record the time counts from the buffer's
    /// presentation time.
    #[doc(alias = "TimeDeltaMs")]
    pub time_delta_ms: u32,
    /// The number of MIDI bytes that follow; the filling up to a multiple of 4 is not counted.
    #[doc(alias = "ByteCount")]
    pub byte_count: u32,
}

assert_layout!(KsMusicFormat, 8, time_delta_ms @ 0, byte_count @ 4);

/// The size of the head of a record, in bytes.
const HEAD_SIZE: usize = 8;

/// A record is filled up to a multiple of this number, in bytes.
const RECORD_ALIGNMENT: usize = 4;

/// The room that a record with one MIDI byte needs, in bytes, its filling included.
pub const LEAST_RECORD: usize = music_record_size(1);

/// The size of a record with this many MIDI bytes, in bytes, its filling included.
#[must_use]
pub const fn music_record_size(byte_count: usize) -> usize {
    (HEAD_SIZE + byte_count).next_multiple_of(RECORD_ALIGNMENT)
}

/// One record of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MusicRecord<'a> {
    /// Time since the record before, as it stands in the record.
    pub time_delta_ms: u32,
    /// Time since the presentation time of the buffer: the sum of the deltas so far.
    pub offset_ms: u64,
    /// The MIDI bytes; there may be none.
    pub data: &'a [u8],
}

/// The place of a record in a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPlace {
    /// Time since the presentation time of the buffer: the sum of the deltas so far.
    pub offset_ms: u64,
    /// Where the MIDI bytes lie in the buffer; the range may be empty.
    pub data: Range<usize>,
    /// Where the next record begins in the buffer.
    pub end: usize,
}

/// Takes apart the used part of a stream buffer (`DataUsed` bytes), record by record.
///
/// After an error there are no more records. The port also accepts an empty record, and a last
/// record whose filling is cut off. Source: WDK, KSMUSICFORMAT. `Assumed:` everything that this
/// function does with a malformed chain, because the page does not speak of malformed chains.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` in place of a record whose head is shorter than 8 bytes or whose
/// byte count goes past the end.
pub fn records(used: &[u8]) -> Records<'_> {
    Records { used, position: 0, offset_ms: 0 }
}

/// Finds the records in the used part of a stream buffer, in their order.
///
/// # Errors
/// The errors of [`records`].
pub fn record_places(used: &[u8]) -> impl Iterator<Item = Result<RecordPlace, NtStatus>> {
    let mut records = records(used);
    std::iter::from_fn(move || Some(records.advance()?.map(|(_, place)| place)))
}

/// The records of a stream buffer; see [`records`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    used: &'a [u8],
    position: usize,
    offset_ms: u64,
}

impl Records<'_> {
    /// The next record: its head and its place.
    fn advance(&mut self) -> Option<Result<(KsMusicFormat, RecordPlace), NtStatus>> {
        if self.position == self.used.len() {
            return None;
        }
        let Some((head, place)) = self.record_at(self.position) else {
            // The place of the record after a malformed record is not known.
            self.position = self.used.len();
            return Some(Err(NtStatus::INVALID_PARAMETER));
        };
        self.position = place.end;
        self.offset_ms = place.offset_ms;
        Some(Ok((head, place)))
    }

    fn record_at(&self, position: usize) -> Option<(KsMusicFormat, RecordPlace)> {
        let head: KsMusicFormat = read(&self.used[position..])?;
        let start = position + HEAD_SIZE;
        let data = start..start.checked_add(usize::try_from(head.byte_count).ok()?)?;
        if data.end > self.used.len() {
            return None;
        }
        let end = data.end.next_multiple_of(RECORD_ALIGNMENT).min(self.used.len());
        let offset_ms = self.offset_ms + u64::from(head.time_delta_ms);
        Some((head, RecordPlace { offset_ms, data, end }))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<MusicRecord<'a>, NtStatus>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.advance()?.map(|(head, place)| MusicRecord {
            time_delta_ms: head.time_delta_ms,
            offset_ms: place.offset_ms,
            data: &self.used[place.data],
        });
        Some(record)
    }
}

impl core::iter::FusedIterator for Records<'_> {}

/// Builds a chain of records in a client's buffer.
#[derive(Debug)]
pub struct Packer<'a> {
    buffer: &'a mut [u8],
    used: usize,
}

impl<'a> Packer<'a> {
    /// A packer at the start of a buffer of `FrameExtent` bytes.
    #[must_use]
    pub fn new(buffer: &'a mut [u8]) -> Packer<'a> {
        Packer { buffer, used: 0 }
    }

    /// The greatest number of MIDI bytes with which one more record, filling included, still fits
    /// into the buffer.
    #[must_use]
    pub fn room(&self) -> usize {
        let left = self.buffer.len() - self.used;
        let whole = left - left % RECORD_ALIGNMENT;
        whole.saturating_sub(HEAD_SIZE)
    }

    /// Appends a record with the bytes of `data` for which there is room, and returns the number of
    /// these bytes. When this number is 0, no record is appended.
    pub fn push(&mut self, time_delta_ms: u32, data: &[u8]) -> usize {
        // The byte count of a record is a ULONG. The limit is the greatest ULONG that is a multiple
        // of 4, so a record with this number of bytes needs no filling.
        let taken = data.len().min(self.room()).min(u32::MAX as usize & !3);
        if taken == 0 {
            return 0;
        }
        let record = &mut self.buffer[self.used..];
        let head = KsMusicFormat { time_delta_ms, byte_count: taken as u32 };
        let end = HEAD_SIZE + taken;
        let filled = end.next_multiple_of(RECORD_ALIGNMENT);
        record[..HEAD_SIZE].copy_from_slice(bytemuck::bytes_of(&head));
        record[HEAD_SIZE..end].copy_from_slice(&data[..taken]);
        record[end..filled].fill(0);
        self.used += filled;
        taken
    }

    /// The number of bytes of the buffer that are used, for `DataUsed`. The number is always a
    /// multiple of 4.
    #[must_use]
    pub fn data_used(&self) -> usize {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INVALID: NtStatus = NtStatus(0xC000_000D);

    fn data_of(used: &[u8]) -> Vec<Result<Vec<u8>, NtStatus>> {
        records(used).map(|record| record.map(|record| record.data.to_vec())).collect()
    }

    #[test]
    fn a_chain_is_taken_apart_with_its_times() {
        #[rustfmt::skip]
        let used = [
            5, 0, 0, 0, 3, 0, 0, 0, 0x90, 0x3C, 0x40, 0xEE,
            7, 0, 0, 0, 1, 0, 0, 0, 0xF8, 0xEE, 0xEE, 0xEE,
        ];
        let chain: Vec<_> = records(&used).map(Result::unwrap).collect();
        let note = MusicRecord { time_delta_ms: 5, offset_ms: 5, data: &[0x90, 0x3C, 0x40] };
        let clock = MusicRecord { time_delta_ms: 7, offset_ms: 12, data: &[0xF8] };
        assert_eq!(chain, [note, clock]);
    }

    #[test]
    fn a_walk_says_where_each_record_lies_and_where_the_next_begins() {
        #[rustfmt::skip]
        let used = [
            5, 0, 0, 0, 3, 0, 0, 0, 0x90, 0x3C, 0x40, 0xEE,
            7, 0, 0, 0, 0, 0, 0, 0,
            1, 0, 0, 0, 1, 0, 0, 0, 0xF8,
        ];
        let note = RecordPlace { offset_ms: 5, data: 8..11, end: 12 };
        let empty = RecordPlace { offset_ms: 12, data: 20..20, end: 20 };
        let clock = RecordPlace { offset_ms: 13, data: 28..29, end: 29 };
        let places = |used| record_places(used).collect::<Result<Vec<_>, _>>();
        assert_eq!(places(&used), Ok(vec![note, empty, clock]));
        assert_eq!(places(&used[..28]), Err(INVALID));
        assert_eq!(places(&[]), Ok(vec![]));
    }

    #[test]
    fn an_empty_buffer_has_no_records() {
        assert_eq!(data_of(&[]), []);
    }

    #[test]
    fn an_empty_record_is_accepted() {
        let used = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xFE];
        assert_eq!(data_of(&used), [Ok(vec![]), Ok(vec![0xFE])]);
    }

    #[test]
    fn the_filling_of_the_last_record_may_be_cut_short() {
        let used = [0, 0, 0, 0, 1, 0, 0, 0, 0xFE, 0, 0, 0];
        for length in 9..=12 {
            assert_eq!(data_of(&used[..length]), [Ok(vec![0xFE])]);
        }
    }

    #[test]
    fn a_head_shorter_than_8_bytes_is_an_error_and_the_end() {
        let used = [0, 0, 0, 0, 1, 0, 0, 0, 0xFE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for length in 13..=19 {
            assert_eq!(data_of(&used[..length]), [Ok(vec![0xFE]), Err(INVALID)]);
        }
    }

    #[test]
    fn a_byte_count_past_the_end_is_an_error_and_the_end() {
        assert_eq!(data_of(&[0, 0, 0, 0, 2, 0, 0, 0, 0xFE]), [Err(INVALID)]);
        let largest = [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE];
        assert_eq!(data_of(&largest), [Err(INVALID)]);
    }

    #[test]
    fn packed_records_have_the_published_form() {
        let mut buffer = [0xEE; 24];
        let mut packer = Packer::new(&mut buffer);
        assert_eq!(packer.push(5, &[0x90, 0x3C, 0x40]), 3);
        assert_eq!(packer.push(7, &[0xF8]), 1);
        assert_eq!(packer.data_used(), 24);
        #[rustfmt::skip]
        assert_eq!(buffer, [
            5, 0, 0, 0, 3, 0, 0, 0, 0x90, 0x3C, 0x40, 0,
            7, 0, 0, 0, 1, 0, 0, 0, 0xF8, 0, 0, 0,
        ]);
    }

    #[test]
    fn a_full_buffer_takes_a_part_and_then_nothing() {
        let mut buffer = [0xEE; 15];
        let mut packer = Packer::new(&mut buffer);
        assert_eq!(packer.room(), 4);
        assert_eq!(packer.push(0, &[1, 2, 3, 4, 5]), 4);
        assert_eq!(packer.room(), 0);
        assert_eq!(packer.push(0, &[5]), 0);
        assert_eq!(packer.data_used(), 12);
        assert_eq!(LEAST_RECORD, 12);
        assert_eq!(buffer[12..], [0xEE; 3]);
    }

    #[test]
    fn a_record_without_bytes_is_not_packed() {
        let mut buffer = [0xEE; 12];
        let mut packer = Packer::new(&mut buffer);
        assert_eq!(packer.push(1, &[]), 0);
        assert_eq!(packer.data_used(), 0);
    }

    proptest! {
        #[test]
        fn what_was_packed_is_taken_apart_again(
            messages in prop::collection::vec(
                (any::<u32>(), prop::collection::vec(any::<u8>(), 1..9)), 0..9),
            size in 0_usize..160,
        ) {
            let mut buffer = vec![0xEE; size];
            let mut packer = Packer::new(&mut buffer);
            let mut expected = Vec::new();
            for (delta, data) in &messages {
                let room = packer.room();
                let taken = packer.push(*delta, data);
                prop_assert_eq!(taken, room.min(data.len()));
                if taken > 0 {
                    expected.push((*delta, data[..taken].to_vec()));
                }
            }
            let used = packer.data_used();
            prop_assert!(used <= size && used.is_multiple_of(4));
            let mut offset_ms = 0;
            let mut found = Vec::new();
            for record in records(&buffer[..used]) {
                let record = record.unwrap();
                offset_ms += u64::from(record.time_delta_ms);
                prop_assert_eq!(record.offset_ms, offset_ms);
                found.push((record.time_delta_ms, record.data.to_vec()));
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_are_taken_apart_or_refused_without_panic(used: Vec<u8>) {
            let bytes: usize = records(&used).flatten().map(|record| record.data.len()).sum();
            prop_assert!(bytes <= used.len());
            let taken: Result<Vec<_>, _> = records(&used).collect();
            let placed: Result<Vec<_>, _> = record_places(&used).collect();
            prop_assert_eq!(placed.as_ref().err(), taken.as_ref().err());
            for (place, record) in placed.iter().flatten().zip(taken.iter().flatten()) {
                prop_assert_eq!(&used[place.data.clone()], record.data);
                prop_assert_eq!(place.offset_ms, record.offset_ms);
            }
        }
    }
}
