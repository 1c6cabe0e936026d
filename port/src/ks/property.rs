//! How the answer to a property request tells its length, and lists of items.

use bytemuck::{Pod, Zeroable};
use portcls_emulator::NtStatus;

use super::{KsIdentifier, KsPropertyType, assert_layout, read};

/// The answer to a request that states its room in bytes.
///
/// `information` is the value for the I/O status block: the length of `bytes`, or the needed length
/// in a reply that tells the length and has no bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LengthReply {
    /// The status of the request.
    pub status: NtStatus,
    /// Bytes written, or bytes needed, or 0.
    pub information: u32,
    /// The bytes for the output buffer.
    pub bytes: Vec<u8>,
}

impl LengthReply {
    /// A reply without a value.
    #[must_use]
    pub fn of_status(status: NtStatus) -> LengthReply {
        LengthReply { status, information: 0, bytes: Vec::new() }
    }

    /// Answers a property request for `value` with `output_length` bytes of room.
    ///
    /// A request without room asks for the length. The reply is `STATUS_BUFFER_OVERFLOW` with the
    /// needed length. With too little room the reply is `STATUS_BUFFER_TOO_SMALL`, and no byte is
    /// written. Source: WDK, KS properties. `Assumed:` with too little room the reply has no
    /// length, because a failed request returns no length to a client.
    #[must_use]
    pub fn of_value(value: &[u8], output_length: u32) -> LengthReply {
        let needed = length_of(value);
        match output_length {
            0 => LengthReply {
                status: NtStatus::BUFFER_OVERFLOW,
                information: needed,
                bytes: Vec::new(),
            },
            room if room < needed => LengthReply::of_status(NtStatus::BUFFER_TOO_SMALL),
            _ => LengthReply::written(value),
        }
    }

    /// Answers a property request for a list from [`multiple_item`].
    ///
    /// The rules of [`of_value`](Self::of_value) hold here too, with two exceptions. A request with
    /// exactly the room of the list's head gets the head, which has the needed size and the number
    /// of items. A request with exactly the room of the first ULONG gets the needed size. Source:
    /// WDK, KsHandleSizedListQuery; `Assumed:` the case of one ULONG, which the pages describe only
    /// for relations between properties.
    #[must_use]
    pub fn of_list(list: &[u8], output_length: u32) -> LengthReply {
        match output_length {
            4 | 8 if length_of(list) >= 8 => LengthReply::written(&list[..output_length as usize]),
            _ => LengthReply::of_value(list, output_length),
        }
    }

    /// Answers a request for basic support: tells which of the accesses in `flags` a property has.
    ///
    /// A request with room for a [`KsPropertyDescription`] gets a description, which says nothing
    /// about the values. A request with less room, but at least 4 bytes, gets only the accesses, as
    /// a ULONG. Source: WDK, KSPROPERTY, KSPROPERTY_TYPE_BASICSUPPORT. `Assumed:` a request without
    /// room asks for the length of the description.
    #[must_use]
    pub fn of_support(flags: KsPropertyType, output_length: u32) -> LengthReply {
        let access_flags = (flags & KsPropertyType::GET.union(KsPropertyType::SET)).bits();
        let description = KsPropertyDescription {
            access_flags,
            description_size: size_of::<KsPropertyDescription>() as u32,
            ..KsPropertyDescription::zeroed()
        };
        match output_length {
            4..40 => LengthReply::written(&access_flags.to_le_bytes()),
            _ => LengthReply::of_value(bytemuck::bytes_of(&description), output_length),
        }
    }

    /// Answers a request for the properties that depend on a property: no property depends on
    /// another property.
    ///
    /// Source: WDK, KSPROPERTY, KSPROPERTY_TYPE_RELATIONS: every set supports the question.
    #[must_use]
    pub fn of_relations(output_length: u32) -> LengthReply {
        LengthReply::of_list(&multiple_item::<&[u8]>([]), output_length)
    }

    /// Answers a request for a device property with `length` bytes of room.
    ///
    /// With too little room, or without room, the reply is `STATUS_BUFFER_TOO_SMALL` with the
    /// needed length.
    /// Source: WDK, PcGetDeviceProperty.
    #[must_use]
    pub fn of_device_property(value: &[u8], length: u32) -> LengthReply {
        let needed = length_of(value);
        if length < needed {
            let status = NtStatus::BUFFER_TOO_SMALL;
            return LengthReply { status, information: needed, bytes: Vec::new() };
        }
        LengthReply::written(value)
    }

    fn written(value: &[u8]) -> LengthReply {
        LengthReply {
            status: NtStatus::SUCCESS,
            information: length_of(value),
            bytes: value.to_vec(),
        }
    }
}

/// The length of a value, as a ULONG.
fn length_of(value: &[u8]) -> u32 {
    u32::try_from(value.len()).expect("a property value is shorter than 4 GiB")
}

/// The head of a description of a property: its accesses, and how its values are described.
#[doc(alias = "KSPROPERTY_DESCRIPTION")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsPropertyDescription {
    /// GET, SET or both: the accesses that the property has.
    #[doc(alias = "AccessFlags")]
    pub access_flags: u32,
    /// Size of the description in bytes, this head included.
    #[doc(alias = "DescriptionSize")]
    pub description_size: u32,
    /// The type of the value; zero when the description names no type.
    #[doc(alias = "PropTypeSet")]
    pub prop_type_set: KsIdentifier,
    /// The number of lists that follow.
    #[doc(alias = "MembersListCount")]
    pub members_list_count: u32,
    /// Zero.
    pub reserved: u32,
}

assert_layout!(
    KsPropertyDescription, 40, access_flags @ 0, description_size @ 4, prop_type_set @ 8,
    members_list_count @ 32, reserved @ 36,
);

/// The head of a list of items.
#[doc(alias = "KSMULTIPLE_ITEM")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsMultipleItem {
    /// Size of the list in bytes, this head included.
    pub size: u32,
    /// The number of items.
    pub count: u32,
}

assert_layout!(KsMultipleItem, 8, size @ 0, count @ 4);

/// The boundary at which each item of a list starts, in bytes.
pub(super) const ITEM_ALIGNMENT: usize = 8;

/// Builds a list: its head, then the items, each filled up with zeros to a multiple of 8 bytes.
///
/// Source: WDK, KSMULTIPLE_ITEM and the pages of properties that return this structure.
#[must_use]
pub fn multiple_item<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut list = vec![0; size_of::<KsMultipleItem>()];
    let mut count = 0;
    for item in items {
        list.extend_from_slice(item.as_ref());
        list.resize(list.len().next_multiple_of(ITEM_ALIGNMENT), 0);
        count += 1;
    }
    let head = KsMultipleItem { size: length_of(&list), count };
    list[..size_of::<KsMultipleItem>()].copy_from_slice(bytemuck::bytes_of(&head));
    list
}

/// Reads a list: the number of its items, and the bytes that hold them.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` when the size in the head is less than the head, or more than the
/// number of bytes.
pub fn read_multiple_item(list: &[u8]) -> Result<(u32, &[u8]), NtStatus> {
    let head: KsMultipleItem = read(list).ok_or(NtStatus::INVALID_PARAMETER)?;
    let items = list.get(size_of::<KsMultipleItem>()..head.size as usize);
    Ok((head.count, items.ok_or(NtStatus::INVALID_PARAMETER)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OVERFLOW: NtStatus = NtStatus(0x8000_0005);
    const TOO_SMALL: NtStatus = NtStatus(0xC000_0023);
    const INVALID: NtStatus = NtStatus(0xC000_000D);

    fn reply(status: NtStatus, information: u32, bytes: &[u8]) -> LengthReply {
        LengthReply { status, information, bytes: bytes.to_vec() }
    }

    #[test]
    fn no_room_asks_for_the_length() {
        assert_eq!(LengthReply::of_value(&[1, 2, 3, 4], 0), reply(OVERFLOW, 4, &[]));
    }

    #[test]
    fn too_little_room_fails_and_writes_nothing() {
        assert_eq!(LengthReply::of_value(&[1, 2, 3, 4], 3), reply(TOO_SMALL, 0, &[]));
    }

    #[test]
    fn enough_room_gets_the_value_and_no_more() {
        let full = reply(NtStatus(0), 4, &[1, 2, 3, 4]);
        assert_eq!(LengthReply::of_value(&[1, 2, 3, 4], 4), full);
        assert_eq!(LengthReply::of_value(&[1, 2, 3, 4], 100), full);
    }

    #[test]
    fn a_device_property_tells_its_length_with_the_failure() {
        assert_eq!(LengthReply::of_device_property(&[1, 2], 0), reply(TOO_SMALL, 2, &[]));
        assert_eq!(LengthReply::of_device_property(&[1, 2], 1), reply(TOO_SMALL, 2, &[]));
        assert_eq!(LengthReply::of_device_property(&[1, 2], 2), reply(NtStatus(0), 2, &[1, 2]));
    }

    #[test]
    fn a_list_is_its_head_and_padded_items() {
        let list = multiple_item([&[1, 2, 3][..], &[4; 8], &[5]]);
        #[rustfmt::skip]
        assert_eq!(list, [
            32, 0, 0, 0, 3, 0, 0, 0,
            1, 2, 3, 0, 0, 0, 0, 0,
            4, 4, 4, 4, 4, 4, 4, 4,
            5, 0, 0, 0, 0, 0, 0, 0,
        ]);
        assert_eq!(multiple_item::<&[u8]>([]), [8, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn room_for_the_head_of_a_list_gets_the_head() {
        let list = multiple_item([[7; 8]]);
        assert_eq!(LengthReply::of_list(&list, 0), reply(OVERFLOW, 16, &[]));
        assert_eq!(LengthReply::of_list(&list, 4), reply(NtStatus(0), 4, &[16, 0, 0, 0]));
        let head = [16, 0, 0, 0, 1, 0, 0, 0];
        assert_eq!(LengthReply::of_list(&list, 8), reply(NtStatus(0), 8, &head));
        assert_eq!(LengthReply::of_list(&list, 7), reply(TOO_SMALL, 0, &[]));
        assert_eq!(LengthReply::of_list(&list, 15), reply(TOO_SMALL, 0, &[]));
        assert_eq!(LengthReply::of_list(&list, 16), reply(NtStatus(0), 16, &list));
    }

    #[test]
    fn basic_support_is_the_accesses_or_a_whole_description() {
        let both = KsPropertyType::GET | KsPropertyType::SET;
        let support = |room| LengthReply::of_support(both | KsPropertyType::BASICSUPPORT, room);
        assert_eq!(support(0), reply(OVERFLOW, 40, &[]));
        assert_eq!(support(3), reply(TOO_SMALL, 0, &[]));
        assert_eq!(support(4), reply(NtStatus(0), 4, &[3, 0, 0, 0]));
        assert_eq!(support(39), reply(NtStatus(0), 4, &[3, 0, 0, 0]));
        let mut description = [0; 40];
        (description[0], description[4]) = (3, 40);
        assert_eq!(support(40), reply(NtStatus(0), 40, &description));
        assert_eq!(support(100), reply(NtStatus(0), 40, &description));
    }

    #[test]
    fn relations_are_an_empty_list() {
        assert_eq!(LengthReply::of_relations(0), reply(OVERFLOW, 8, &[]));
        assert_eq!(LengthReply::of_relations(4), reply(NtStatus(0), 4, &[8, 0, 0, 0]));
        let empty = [8, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(LengthReply::of_relations(8), reply(NtStatus(0), 8, &empty));
    }

    #[test]
    fn a_list_with_a_wrong_size_is_refused() {
        assert_eq!(read_multiple_item(&[16, 0, 0, 0, 1, 0, 0]), Err(INVALID));
        assert_eq!(read_multiple_item(&[7, 0, 0, 0, 1, 0, 0, 0]), Err(INVALID));
        assert_eq!(read_multiple_item(&[9, 0, 0, 0, 1, 0, 0, 0]), Err(INVALID));
        assert_eq!(read_multiple_item(&[8, 0, 0, 0, 1, 0, 0, 0, 5]), Ok((1, &[][..])));
    }

    proptest! {
        #[test]
        fn any_list_reads_back(items: Vec<[u8; 24]>) {
            let list = multiple_item(&items);
            let (count, bytes) = read_multiple_item(&list).unwrap();
            prop_assert_eq!(count as usize, items.len());
            prop_assert_eq!(bytes, items.concat());
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes: Vec<u8>) {
            let _ = read_multiple_item(&bytes);
        }
    }
}
