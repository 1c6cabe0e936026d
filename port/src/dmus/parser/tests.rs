//! The parser finds the messages in MIDI bytes, wherever the bytes are cut.

use super::*;
use Piece::{Raw, Whole};
use proptest::prelude::*;

fn at(time_100ns: i64) -> Stamp {
    Stamp { time_100ns, channel_group: 1 }
}

/// The pieces that the parser gives out when it is fed these slices of bytes one by one. The time
/// of a slice is its index.
fn parse(cuts: &[&[u8]]) -> Vec<(i64, Piece, Vec<u8>)> {
    let mut parser = Parser::default();
    let mut pieces = Vec::new();
    for (time, cut) in cuts.iter().enumerate() {
        parser.feed(at(time as i64), cut, &mut |stamp, piece, bytes| {
            pieces.push((stamp.time_100ns, piece, bytes.to_vec()));
        });
    }
    pieces
}

#[test]
fn a_message_is_stamped_with_the_cut_that_held_its_first_byte() {
    let pieces = parse(&[&[0x90], &[0x3C], &[0x40, 0xC5, 7, 0x80], &[1, 2]]);
    assert_eq!(
        pieces,
        [
            (0, Whole, vec![0x90, 0x3C, 0x40]),
            (2, Whole, vec![0xC5, 7]),
            (2, Whole, vec![0x80, 1, 2]),
        ]
    );
}

#[test]
fn running_status_is_written_out() {
    let pieces = parse(&[&[0x91, 1, 2, 3, 4, 5], &[6]]);
    assert_eq!(
        pieces,
        [(0, Whole, vec![0x91, 1, 2]), (0, Whole, vec![0x91, 3, 4]), (0, Whole, vec![0x91, 5, 6]),]
    );
}

#[test]
fn real_time_comes_out_at_once_and_disturbs_nothing() {
    let pieces = parse(&[&[0x90, 1], &[0xF8, 2, 0xF0, 3, 0xFE, 4, 0xF7]]);
    assert_eq!(
        pieces,
        [
            (1, Whole, vec![0xF8]),
            (0, Whole, vec![0x90, 1, 2]),
            (1, Whole, vec![0xFE]),
            (1, Whole, vec![0xF0, 3, 4, 0xF7]),
        ]
    );
}

#[test]
fn a_new_status_ends_an_open_system_exclusive_message_and_running_status_does_not_live_on() {
    let pieces = parse(&[&[0x90, 1, 2, 0xF0, 9], &[0x80, 3, 4, 0xF6, 5]]);
    assert_eq!(
        pieces,
        [
            (0, Whole, vec![0x90, 1, 2]),
            (0, Raw, vec![0xF0, 9]),
            (1, Whole, vec![0x80, 3, 4]),
            (1, Whole, vec![0xF6]),
            (1, Raw, vec![5]),
        ]
    );
}

#[test]
fn what_belongs_to_no_message_comes_out_raw() {
    let pieces = parse(&[&[7, 0xF7, 0x90, 1, 0x91, 2, 3, 4, 0xC0, 5]]);
    assert_eq!(
        pieces,
        [
            (0, Raw, vec![7]),
            (0, Raw, vec![0xF7]),
            (0, Raw, vec![0x90, 1]),
            (0, Whole, vec![0x91, 2, 3]),
            // The sender left out the status byte of this message.
            (0, Raw, vec![4]),
            (0, Whole, vec![0xC0, 5]),
        ]
    );
}

#[test]
fn a_system_exclusive_message_beyond_a_buffer_comes_out_in_pieces() {
    for length in [1_023, 1_024, 1_025, 2_049] {
        let mut message = vec![0x11; length];
        message[0] = 0xF0;
        message[length - 1] = 0xF7;
        let pieces = parse(&[&message[..500], &message[500..]]);
        let lengths: Vec<_> = pieces.iter().map(|(_, _, bytes)| bytes.len()).collect();
        let (last, others) = pieces.split_last().unwrap();
        assert_eq!(last.1, Whole, "{length}");
        assert!(others.iter().all(|(_, piece, _)| *piece == Raw), "{length}");
        let expected: Vec<_> = message.chunks(1_024).map(<[u8]>::len).collect();
        assert_eq!(lengths, expected);
        assert_eq!(pieces.concat_bytes(), message);
        let times: Vec<_> = pieces.iter().map(|(time, _, _)| *time).collect();
        assert_eq!(times[0], 0);
        assert!(times[1..].iter().all(|time| *time == 1));
    }
}

#[test]
fn a_flush_gives_out_an_open_system_exclusive_message_and_it_goes_on() {
    let mut parser = Parser::default();
    let mut pieces = Vec::new();
    let mut give = |_: Stamp, piece, bytes: &[u8]| pieces.push((piece, bytes.to_vec()));
    parser.feed(at(0), &[0xF0, 1], &mut give);
    parser.flush(&mut give);
    parser.flush(&mut give);
    parser.feed(at(0), &[2, 0xF7, 0x90, 1], &mut give);
    parser.flush(&mut give);
    parser.feed(at(0), &[2], &mut give);
    assert_eq!(pieces, [(Raw, vec![0xF0, 1]), (Whole, vec![2, 0xF7]), (Whole, vec![0x90, 1, 2])]);
}

#[test]
fn a_reset_forgets_the_open_message_and_the_running_status() {
    let mut parser = Parser::default();
    let mut pieces = Vec::new();
    let mut give = |_: Stamp, piece, bytes: &[u8]| pieces.push((piece, bytes.to_vec()));
    parser.feed(at(0), &[0x90, 1], &mut give);
    parser.reset();
    parser.feed(at(0), &[2, 0xF0], &mut give);
    parser.reset();
    parser.feed(at(0), &[3, 0xFE], &mut give);
    assert_eq!(pieces, [(Raw, vec![2]), (Raw, vec![3]), (Whole, vec![0xFE])]);
}

#[test]
fn whole_messages_are_known_by_their_bytes() {
    let whole: [&[u8]; 8] = [
        &[0x90, 1, 2],
        &[0xC0, 1],
        &[0xF0, 0xF7],
        &[0xF0, 1, 2, 0xF7],
        &[0xF8],
        &[0xF6],
        &[0xF1, 1],
        &[0xF2, 1, 2],
    ];
    assert!(whole.iter().all(|bytes| is_whole(bytes)));
    let other: [&[u8]; 8] = [
        &[],
        &[1],
        &[0x90, 1],
        &[0x90, 1, 2, 3],
        &[0xF0, 1],
        &[0xF7],
        &[0x90, 0x80, 1],
        &[0xF0, 0x90, 0xF7],
    ];
    assert!(other.iter().all(|bytes| !is_whole(bytes)));
}

trait Bytes {
    fn concat_bytes(&self) -> Vec<u8>;
}

impl Bytes for Vec<(i64, Piece, Vec<u8>)> {
    fn concat_bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|(_, _, bytes)| bytes.clone()).collect()
    }
}

/// A message of any defined kind except real time.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let data = 0_u8..0x80;
    prop_oneof![
        (0x80_u8..0xF0, data.clone(), data.clone())
            .prop_map(|(status, one, two)| { [status, one, two][..length_of(status)].to_vec() }),
        (prop_oneof![Just(0xF1_u8), Just(0xF3), Just(0xF2), Just(0xF6)], data.clone(), data)
            .prop_map(|(status, one, two)| [status, one, two][..length_of(status)].to_vec()),
        prop::collection::vec(0_u8..0x80, 0..30)
            .prop_map(|inner| [&[0xF0], &inner[..], &[0xF7]].concat()),
    ]
}

proptest! {
    /// The model: the test makes the messages, so the test knows each whole message. The test
    /// leaves out some of the status bytes that running status makes unnecessary, puts real-time
    /// bytes between other bytes, and cuts the bytes anywhere.
    #[test]
    fn messages_come_out_whole_under_any_cut(
        messages in prop::collection::vec((message(), any::<bool>()), 0..20),
        real_time in prop::collection::vec((any::<prop::sample::Index>(), 0xF8_u8..), 0..10),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let mut bytes = Vec::new();
        let mut running = 0;
        for (message, leave_out) in &messages {
            let skipped = usize::from(*leave_out && message[0] == running);
            bytes.extend(&message[skipped..]);
            running = if message[0] < 0xF0 { message[0] } else { 0 };
        }
        let mut clocks = Vec::new();
        for (place, byte) in &real_time {
            bytes.insert(place.index(bytes.len() + 1), *byte);
            clocks.push(*byte);
        }
        let mut places: Vec<_> =
            cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let slices: Vec<_> = places.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();

        let pieces = parse(&slices);
        prop_assert!(pieces.iter().all(|(_, piece, _)| *piece == Whole));
        let is_clock = |bytes: &[u8]| bytes[0] >= 0xF8;
        let (clock_pieces, others): (Vec<_>, Vec<_>) =
            pieces.into_iter().map(|(_, _, bytes)| bytes).partition(|it| is_clock(it));
        let expected: Vec<_> = messages.into_iter().map(|(message, _)| message).collect();
        prop_assert_eq!(others, expected);
        let mut found = clock_pieces.concat();
        found.sort_unstable();
        clocks.sort_unstable();
        prop_assert_eq!(found, clocks);
    }

    #[test]
    fn cuts_change_nothing_but_times(bytes: Vec<u8>, cut in any::<prop::sample::Index>()) {
        let cut = cut.index(bytes.len() + 1);
        let shape = |pieces: Vec<(i64, Piece, Vec<u8>)>| -> Vec<_> {
            pieces.into_iter().map(|(_, piece, bytes)| (piece, bytes)).collect()
        };
        prop_assert_eq!(shape(parse(&[&bytes[..cut], &bytes[cut..]])), shape(parse(&[&bytes])));
    }

    #[test]
    fn a_whole_piece_is_a_whole_message_of_any_bytes(bytes: Vec<u8>) {
        for (_, piece, bytes) in parse(&[&bytes]) {
            prop_assert_eq!(piece == Whole, is_whole(&bytes));
        }
    }
}
