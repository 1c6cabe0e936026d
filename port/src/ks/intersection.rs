//! Data intersection: a format in a client's range and in a pin's range.
//!
//! This file owns the port's own rule for a pair of ranges, the order in which pairs are tried, and
//! the check of a format that a client wants for a pin. Here the attributes of a range have no
//! effect. `Assumed:` no page names an attribute of music, so no attribute can keep two ranges
//! apart.

use portcls_emulator::NtStatus;

use super::attribute::read_list_of_ranges;
use super::data_format::{DataRange, KsDataFormat, KsDataRange};
use super::guids::data_format;
use super::property::LengthReply;
use crate::guid::Guid;

/// Answers KSPROPERTY_PIN_DATAINTERSECTION: the first pair of ranges with a format in common.
///
/// `client_list` is the KSMULTIPLE_ITEM that follows the request. Each of its ranges starts at a
/// multiple of 8 bytes, and the search skips the attribute list after a range. `output_length` is
/// the room for the answer in bytes.
///
/// The search tries the client ranges in their order. It tries each client range with every pin
/// range, in the order of the pin ranges. `ask` calls the miniport for each pair that fits; see
/// [`may_meet`]. When `ask` answers `STATUS_NOT_IMPLEMENTED`, [`default_intersection`] answers
/// instead. The search ends at any answer other than `STATUS_NO_MATCH`, and this answer is the
/// reply. Without such an answer the reply is `STATUS_NO_MATCH`.
///
/// With a malformed list the reply is `STATUS_INVALID_PARAMETER`, and `ask` is not called.
/// Source: WDK, IMiniport::DataRangeIntersection, KSPROPERTY_PIN_DATAINTERSECTION and
/// KsPinDataIntersection.
pub fn data_intersection(
    client_list: &[u8],
    pin_ranges: &[DataRange],
    output_length: u32,
    mut ask: impl FnMut(&DataRange, &DataRange, u32) -> LengthReply,
) -> LengthReply {
    let client_ranges = match read_list_of_ranges(client_list) {
        Ok(ranges) => ranges,
        Err(status) => return LengthReply::of_status(status),
    };
    for client in &client_ranges {
        for mine in pin_ranges.iter().filter(|mine| may_meet(client.head(), mine.head())) {
            let mut reply = ask(client, mine, output_length);
            if reply.status == NtStatus::NOT_IMPLEMENTED {
                reply = default_intersection(client.head(), mine.head(), output_length);
            }
            if reply.status != NtStatus::NO_MATCH {
                return reply;
            }
        }
    }
    LengthReply::of_status(NtStatus::NO_MATCH)
}

/// Whether two ranges can have a format in common, by their heads. Major format, subformat and
/// specifier must each be equal, or one of the two is all zero, the wildcard.
///
/// Source: WDK, KsPinDataIntersection; "Wildcards in data ranges". A wildcard fits every value, so
/// it may stand on either side, or on both.
#[must_use]
pub fn may_meet(client: &KsDataRange, mine: &KsDataRange) -> bool {
    let fits = |client: Guid, mine: Guid| client == mine || [client, mine].contains(&Guid::NULL);
    fits(client.major_format, mine.major_format)
        && fits(client.sub_format, mine.sub_format)
        && fits(client.specifier, mine.specifier)
}

/// The answer of the port for a pair of ranges that the miniport leaves to the port; see
/// [`intersect`].
#[must_use]
pub fn default_intersection(
    client: &KsDataRange,
    mine: &KsDataRange,
    output_length: u32,
) -> LengthReply {
    match intersect(client, mine) {
        Ok(format) => LengthReply::of_value(bytemuck::bytes_of(&format), output_length),
        Err(status) => LengthReply::of_status(status),
    }
}

/// The format that lies in both ranges.
///
/// Major format, subformat and specifier must each be equal, or one of the two values is all zero,
/// the wildcard. The format has nothing after its head, so its specifier is NONE.
///
/// # Errors
/// `STATUS_NO_MATCH` when a GUID differs, when both ranges have a wildcard for the same GUID, or
/// when the specifier asks for bytes after the head. `Assumed:` the last two cases; the pages speak
/// of equal GUIDs only.
pub fn intersect(client: &KsDataRange, mine: &KsDataRange) -> Result<KsDataFormat, NtStatus> {
    let specifier = common(&client.specifier, &mine.specifier)?;
    if specifier != data_format::NONE {
        return Err(NtStatus::NO_MATCH);
    }
    Ok(KsDataFormat {
        format_size: KsDataFormat::SIZE,
        flags: 0,
        sample_size: 0,
        reserved: 0,
        major_format: common(&client.major_format, &mine.major_format)?,
        sub_format: common(&client.sub_format, &mine.sub_format)?,
        specifier,
    })
}

/// Checks a format against the pin's ranges. A client opens a pin with this format, sets the format
/// on an open pin, or proposes the format to the filter.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` when the size in the format is less than the size of its head;
/// `STATUS_NO_MATCH` when the format lies in no range. A format with wildcards or with bytes after
/// its head lies in no range. `Assumed:` the port refuses such a format, because a MIDI format is
/// documented as its head alone.
pub fn check_format(format: &KsDataFormat, pin_ranges: &[DataRange]) -> Result<(), NtStatus> {
    if format.format_size < KsDataFormat::SIZE {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let open = [format.major_format, format.sub_format, format.specifier].contains(&Guid::NULL);
    if open || format.format_size > KsDataFormat::SIZE {
        return Err(NtStatus::NO_MATCH);
    }
    let fits = pin_ranges.iter().any(|range| intersect(format, range.head()).is_ok());
    if fits { Ok(()) } else { Err(NtStatus::NO_MATCH) }
}

/// The GUID that both sides accept.
fn common(client: &Guid, mine: &Guid) -> Result<Guid, NtStatus> {
    match (*client, *mine) {
        (Guid::NULL, Guid::NULL) => Err(NtStatus::NO_MATCH),
        (Guid::NULL, guid) | (guid, Guid::NULL) => Ok(guid),
        (client, mine) if client == mine => Ok(client),
        _ => Err(NtStatus::NO_MATCH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ks::{DataAttribute, KsDataRangeMusic, list_of_ranges};
    use proptest::prelude::*;

    const MATCHED: NtStatus = NtStatus(0);
    const NO_MATCH: NtStatus = NtStatus(0xC000_0272);
    const INVALID: NtStatus = NtStatus(0xC000_000D);

    fn midi_port() -> DataRange {
        KsDataRangeMusic::MIDI_PORT.into()
    }

    fn wildcard() -> KsDataRange {
        let null = Guid::NULL;
        KsDataRange { major_format: null, sub_format: null, specifier: null, ..KsDataFormat::MIDI }
    }

    fn directmusic() -> KsDataRange {
        KsDataFormat::music(data_format::DIRECTMUSIC)
    }

    /// A miniport that leaves every pair to the port.
    fn leave_it(_: &DataRange, _: &DataRange, _: u32) -> LengthReply {
        LengthReply::of_status(NtStatus::NOT_IMPLEMENTED)
    }

    #[test]
    fn equal_ranges_meet_in_the_midi_format() {
        assert_eq!(intersect(midi_port().head(), midi_port().head()), Ok(KsDataFormat::MIDI));
    }

    #[test]
    fn a_wildcard_fits_whatever_the_other_side_names() {
        assert_eq!(intersect(&wildcard(), midi_port().head()), Ok(KsDataFormat::MIDI));
        assert_eq!(intersect(midi_port().head(), &wildcard()), Ok(KsDataFormat::MIDI));
        assert_eq!(intersect(&wildcard(), &wildcard()), Err(NO_MATCH));
    }

    #[test]
    fn a_difference_in_any_guid_is_no_match() {
        let other = Guid { data1: 1, ..Guid::NULL };
        let midi = KsDataFormat::MIDI;
        for client in [
            KsDataRange { major_format: other, ..midi },
            KsDataRange { sub_format: other, ..midi },
            KsDataRange { specifier: other, ..midi },
        ] {
            assert_eq!(intersect(&client, &midi), Err(NO_MATCH));
        }
    }

    #[test]
    fn a_specifier_that_asks_for_more_is_left_to_the_miniport() {
        let wave = KsDataRange { specifier: Guid { data1: 1, ..Guid::NULL }, ..KsDataFormat::MIDI };
        assert_eq!(intersect(&wave, &wave), Err(NO_MATCH));
    }

    #[test]
    fn the_first_pair_that_matches_is_the_reply() {
        let clients = list_of_ranges(&[directmusic().into(), midi_port()]);
        let mine = [KsDataFormat::MIDI_BUS.into(), midi_port()];
        let mut asked = Vec::new();
        let reply = data_intersection(&clients, &mine, 64, |client, mine, room| {
            asked.push((client.size(), mine.size(), room));
            leave_it(client, mine, room)
        });
        assert_eq!((reply.status, reply.information), (MATCHED, 64));
        assert_eq!(reply.bytes, bytemuck::bytes_of(&KsDataFormat::MIDI));
        // Only the last of the four pairs has the same subformat on both sides.
        assert_eq!(asked, [(96, 96, 64)]);
    }

    #[test]
    fn the_miniport_is_asked_for_pairs_with_equal_guids_or_a_wildcard_on_either_side_only() {
        let other = Guid { data1: 1, ..Guid::NULL };
        let mine = *midi_port().head();
        let asks = |client: KsDataRange, mine: KsDataRange| {
            let mut count = 0;
            data_intersection(&list_of_ranges(&[client.into()]), &[mine.into()], 64, |_, _, _| {
                count += 1;
                LengthReply::of_status(NO_MATCH)
            });
            count
        };
        let change: [fn(&mut KsDataRange) -> &mut Guid; 3] = [
            |range| &mut range.major_format,
            |range| &mut range.sub_format,
            |range| &mut range.specifier,
        ];
        let head = KsDataRange { format_size: 64, ..mine };
        assert_eq!(asks(head, head), 1);
        for field in change {
            let with = |guid| {
                let mut range = head;
                *field(&mut range) = guid;
                range
            };
            assert_eq!(asks(with(other), head), 0);
            assert_eq!(asks(head, with(other)), 0);
            assert_eq!(asks(with(other), with(other)), 1);
            assert_eq!(asks(with(Guid::NULL), head), 1);
            assert_eq!(asks(head, with(Guid::NULL)), 1);
            assert_eq!(asks(with(Guid::NULL), with(Guid::NULL)), 1);
        }
    }

    #[test]
    fn the_miniport_has_the_last_word_on_a_pair() {
        let clients = list_of_ranges(&[midi_port(), midi_port()]);
        let refuse = |_: &_, _: &_, _| LengthReply::of_status(NO_MATCH);
        let reply = data_intersection(&clients, &[midi_port()], 64, refuse);
        assert_eq!(reply.status, NO_MATCH);
        let fail = |_: &_, _: &_, _| LengthReply::of_status(NtStatus(0xC000_0185));
        let reply = data_intersection(&clients, &[midi_port()], 64, fail);
        assert_eq!(reply.status, NtStatus(0xC000_0185));
    }

    #[test]
    fn the_length_protocol_holds_for_the_default_rule() {
        let clients = list_of_ranges(&[midi_port()]);
        let ask = |room| data_intersection(&clients, &[midi_port()], room, leave_it);
        assert_eq!((ask(0).status, ask(0).information), (NtStatus(0x8000_0005), 64));
        assert_eq!(ask(63).status, NtStatus(0xC000_0023));
    }

    #[test]
    fn client_ranges_start_at_multiples_of_8() {
        let odd = DataRange::new(KsDataRange { format_size: 67, ..directmusic() }, vec![1, 2, 3]);
        let clients = list_of_ranges(&[odd.clone(), midi_port()]);
        assert_eq!(clients.len(), 8 + 72 + 96);
        assert_eq!(read_list_of_ranges(&clients), Ok(vec![odd, midi_port()]));
    }

    #[test]
    fn an_attribute_list_on_either_side_is_passed_over() {
        let attribute = DataAttribute::new(Guid { data1: 1, ..Guid::NULL });
        let other = DataRange::from(directmusic()).with_attributes(vec![attribute.clone()]);
        let clients = list_of_ranges(&[other, midi_port()]);
        let mine = [midi_port().with_attributes(vec![attribute])];
        let reply = data_intersection(&clients, &mine, 64, leave_it);
        assert_eq!((reply.status, reply.information), (MATCHED, 64));
        assert_eq!(reply.bytes, bytemuck::bytes_of(&KsDataFormat::MIDI), "without the flag");
    }

    #[test]
    fn a_malformed_list_is_refused_before_anybody_is_asked() {
        let whole = list_of_ranges(&[midi_port()]);
        let size_below_head = [&whole[..8], &[63], &whole[9..]].concat();
        let size_past_end = [&whole[..8], &[97], &whole[9..]].concat();
        let one_too_many = [&whole[..4], &[2], &whole[5..]].concat();
        for bytes in [&whole[..7], &whole[..100], &size_below_head, &size_past_end, &one_too_many] {
            let reply = data_intersection(bytes, &[midi_port()], 64, |_, _, _| unreachable!());
            assert_eq!(reply, LengthReply::of_status(INVALID));
        }
    }

    #[test]
    fn no_ranges_are_no_match() {
        assert_eq!(
            data_intersection(&list_of_ranges(&[]), &[midi_port()], 64, leave_it).status,
            NO_MATCH
        );
        let clients = list_of_ranges(&[midi_port()]);
        assert_eq!(data_intersection(&clients, &[], 64, leave_it).status, NO_MATCH);
    }

    #[test]
    fn a_pin_is_opened_with_a_format_of_its_ranges() {
        let midi = KsDataFormat::MIDI;
        let ranges = [directmusic().into(), midi_port()];
        assert_eq!(check_format(&midi, &ranges), Ok(()));
        assert_eq!(check_format(&KsDataFormat::MIDI_BUS, &ranges), Err(NO_MATCH));
        assert_eq!(check_format(&wildcard(), &ranges), Err(NO_MATCH));
        assert_eq!(check_format(&midi, &[]), Err(NO_MATCH));
    }

    #[test]
    fn a_pin_is_not_opened_with_a_format_of_another_size() {
        let sized = |format_size| KsDataFormat { format_size, ..KsDataFormat::MIDI };
        assert_eq!(check_format(&sized(63), &[midi_port()]), Err(INVALID));
        assert_eq!(check_format(&sized(65), &[midi_port()]), Err(NO_MATCH));
    }

    proptest! {
        #[test]
        fn any_list_is_answered_without_panic(bytes: Vec<u8>, room: u32) {
            let _ = data_intersection(&bytes, &[midi_port()], room, leave_it);
        }

        #[test]
        fn any_head_with_any_ranges_is_answered_without_panic(
            count: u32, body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let size = 8 + body.len() as u32;
            let bytes = [&size.to_le_bytes()[..], &count.to_le_bytes(), &body].concat();
            let _ = data_intersection(&bytes, &[midi_port()], 64, leave_it);
        }
    }
}
