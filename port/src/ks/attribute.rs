//! Attributes of data ranges, and lists of ranges with their attributes.
//!
//! This file owns the wire form of attributes and of lists. A range with attributes has the flag
//! [`DataRange::ATTRIBUTES`]. In a list of ranges, the item after such a range is the attribute
//! list of the range. This item is itself a list.

use portcls_emulator::NtStatus;

use super::data_format::DataRange;
use super::property::{ITEM_ALIGNMENT, multiple_item, read_multiple_item};
use crate::guid::Guid;

/// The size of an attribute with nothing after its head, in bytes. Source: WDK ks.h, KSATTRIBUTE.
const HEAD_SIZE: usize = 24;

/// An attribute of a data range: its identifier, and the bytes after the identifier.
///
/// Source: WDK, KSATTRIBUTE.
#[doc(alias = "KSATTRIBUTE")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataAttribute {
    /// [`DataAttribute::REQUIRED`], or 0.
    pub flags: u32,
    /// The identifier of the attribute.
    pub attribute: Guid,
    /// The bytes after the head. The identifier gives their meaning.
    pub rest: Vec<u8>,
}

impl DataAttribute {
    /// The flag of an attribute that a format must have.
    #[doc(alias = "KSATTRIBUTE_REQUIRED")]
    pub const REQUIRED: u32 = 0x1;

    /// An attribute with no bytes after its head.
    #[must_use]
    pub const fn new(attribute: Guid) -> DataAttribute {
        DataAttribute { flags: 0, attribute, rest: Vec::new() }
    }

    /// Reads the attribute at the start of a buffer. Bytes after the attribute are ignored.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` when the size in the head is less than the size of the head, or
    /// more than the number of bytes.
    pub fn read(bytes: &[u8]) -> Result<DataAttribute, NtStatus> {
        let number = |at: usize| super::read::<u32>(bytes.get(at..)?);
        let head = (number(0), number(4), bytes.get(8..).and_then(super::read::<Guid>));
        let (Some(size), Some(flags), Some(attribute)) = head else {
            return Err(NtStatus::INVALID_PARAMETER);
        };
        let rest = bytes.get(HEAD_SIZE..size as usize).ok_or(NtStatus::INVALID_PARAMETER)?;
        Ok(DataAttribute { flags, attribute, rest: rest.to_vec() })
    }

    /// The length of the binary form in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        HEAD_SIZE + self.rest.len()
    }

    /// The attribute in its binary form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let size = u32::try_from(self.size()).unwrap_or(u32::MAX);
        let guid = bytemuck::bytes_of(&self.attribute);
        [&size.to_le_bytes()[..], &self.flags.to_le_bytes(), guid, &self.rest].concat()
    }
}

/// The list of ranges, in the form that a client gets. After each range with the flag for an
/// attribute list comes the attribute list of the range.
///
/// Source: WDK, KSPROPERTY_PIN_DATARANGES: a KSMULTIPLE_ITEM with items at multiples of 8 bytes;
/// KSDATARANGE: a reader must read the item after a range with the flag as an attribute list.
/// Assumed: the attribute list is a KSMULTIPLE_ITEM of KSATTRIBUTE, and counts as one item of the
/// outer list, because the pages give a client no other way to find the next range.
#[must_use]
pub fn list_of_ranges(ranges: &[DataRange]) -> Vec<u8> {
    let mut items = Vec::new();
    for range in ranges {
        items.push(range.to_bytes());
        if range.has_attributes() {
            items.push(multiple_item(range.attributes().iter().map(DataAttribute::to_bytes)));
        }
    }
    multiple_item(items)
}

/// Reads a list of ranges. A range with the flag for an attribute list gets the attributes of the
/// item after it.
///
/// The last item may be a range with the flag, without an attribute list after it. The range then
/// has no attributes. `Assumed:` a client makes such a list when it copies a range of a pin into a
/// request of its own.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` when the list ends before its last item, or when a size that stands
/// in a head is less than this head, or more than the number of bytes.
pub fn read_list_of_ranges(list: &[u8]) -> Result<Vec<DataRange>, NtStatus> {
    let (count, mut items) = read_multiple_item(list)?;
    let mut ranges = Vec::new();
    let mut left = count;
    while left > 0 {
        let mut range = DataRange::read(items)?;
        items = behind(items, range.size());
        left -= 1;
        if range.has_attributes() && left > 0 {
            let (attributes, size) = read_attributes(items)?;
            range = range.with_attributes(attributes);
            items = behind(items, size);
            left -= 1;
        }
        ranges.push(range);
    }
    Ok(ranges)
}

/// Reads the attribute list at the start of a buffer. Also returns the size of the list in bytes.
fn read_attributes(list: &[u8]) -> Result<(Vec<DataAttribute>, usize), NtStatus> {
    let (count, mut items) = read_multiple_item(list)?;
    let size = list.len().min(size_of::<u64>() + items.len());
    let mut attributes = Vec::new();
    for _ in 0..count {
        let attribute = DataAttribute::read(items)?;
        items = behind(items, attribute.size());
        attributes.push(attribute);
    }
    Ok((attributes, size))
}

/// The bytes from the next item of a list on. `size` is the size of the first item in bytes.
fn behind(items: &[u8], size: usize) -> &[u8] {
    items.get(size.next_multiple_of(ITEM_ALIGNMENT)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ks::KsDataRangeMusic;
    use proptest::prelude::*;

    const INVALID: NtStatus = NtStatus(0xC000_000D);

    fn plain() -> DataRange {
        KsDataRangeMusic::MIDI_PORT.into()
    }

    fn with_two_attributes() -> DataRange {
        let first = DataAttribute::new(Guid { data1: 0x11, ..Guid::NULL });
        let second = DataAttribute {
            flags: DataAttribute::REQUIRED,
            rest: vec![1, 2, 3],
            ..DataAttribute::new(Guid { data1: 0x22, ..Guid::NULL })
        };
        plain().with_attributes(vec![first, second])
    }

    #[test]
    fn an_attribute_list_is_an_item_behind_its_range() {
        let list = list_of_ranges(&[with_two_attributes(), plain()]);
        // The head; a range of 96 bytes; a list of 8 + 24 + 32 bytes; a range of 96 bytes.
        assert_eq!(list.len(), 8 + 96 + 64 + 96);
        assert_eq!(list[..8], [8, 1, 0, 0, 3, 0, 0, 0], "264 bytes, 3 items");
        assert_eq!(list[12], 2, "the flag of the first range");
        #[rustfmt::skip]
        let attributes = [
            64, 0, 0, 0, 2, 0, 0, 0,
            24, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            27, 0, 0, 0, 1, 0, 0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            1, 2, 3, 0, 0, 0, 0, 0,
        ];
        assert_eq!(list[104..168], attributes);
        assert_eq!(list[168], 96, "the next range");
        assert_eq!(list[172], 0, "without attributes");
    }

    #[test]
    fn a_list_is_read_back_with_its_attributes() {
        let ranges = [plain(), with_two_attributes(), plain().with_attributes(Vec::new())];
        assert_eq!(read_list_of_ranges(&list_of_ranges(&ranges)), Ok(ranges.to_vec()));
        assert_eq!(read_list_of_ranges(&list_of_ranges(&[])), Ok(Vec::new()));
    }

    #[test]
    fn a_last_range_with_the_flag_needs_no_attribute_list() {
        let list = multiple_item([plain().to_bytes(), with_two_attributes().to_bytes()]);
        let bare = plain().with_attributes(Vec::new());
        assert_eq!(read_list_of_ranges(&list), Ok(vec![plain(), bare]));
    }

    #[test]
    fn an_attribute_list_that_is_wrong_refuses_the_whole_list() {
        let whole = list_of_ranges(&[with_two_attributes()]);
        let change = |at: usize, byte: u8| [&whole[..at], &[byte], &whole[at + 1..]].concat();
        let list_below_its_head = change(104, 7);
        let list_past_the_end = change(104, 65);
        let one_attribute_too_many = change(108, 3);
        let attribute_below_its_head = change(112, 23);
        let attribute_past_the_end = change(136, 33);
        for list in [
            list_below_its_head,
            list_past_the_end,
            one_attribute_too_many,
            attribute_below_its_head,
            attribute_past_the_end,
        ] {
            assert_eq!(read_list_of_ranges(&list), Err(INVALID));
        }
    }

    proptest! {
        #[test]
        fn any_list_is_read_without_panic(
            count: u32, body in prop::collection::vec(prop_oneof![0_u8..3, any::<u8>()], 0..200),
        ) {
            let size = 8 + body.len() as u32;
            let list = [&size.to_le_bytes()[..], &count.to_le_bytes(), &body].concat();
            let _ = read_list_of_ranges(&list);
        }
    }
}
