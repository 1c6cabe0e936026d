//! Wire bytes to messages, messages to a file and back: nothing is lost.

use proptest::prelude::*;

use super::tests::{assert_messages, hex};
use super::*;

/// Bytes one after the other on the wire, with small times: a byte begins every 320 ns.
fn wire(bytes: &[u8]) -> Vec<(u64, u8)> {
    (0..).step_by(320).zip(bytes.iter().copied()).collect()
}

#[test]
fn running_status_on_the_wire_gets_its_status_back() {
    let song = messages_from_wire(&wire(&[0x90, 0x3C, 0x40, 0xF8, 0x3C, 0x00, 0xC5, 1, 2]));
    assert_messages(
        &song,
        &[(0, "90 3C 40"), (960, "F8"), (1280, "90 3C 00"), (1920, "C5 01"), (2560, "C5 02")],
    );
}

#[test]
fn real_time_inside_a_message_comes_after_it_and_inside_a_sysex_splits_it() {
    let song = messages_from_wire(&wire(&[0x90, 0xF8, 0x3C, 0x40, 0xF0, 0x01, 0xFE, 0x02, 0xF7]));
    assert_messages(
        &song,
        &[(0, "90 3C 40"), (320, "F8"), (1280, "F0 01"), (1920, "FE"), (2240, "02 F7")],
    );
}

#[test]
fn broken_messages_and_stray_bytes_stay_as_they_came() {
    let song = messages_from_wire(&wire(&[
        1, 2, 0x90, 3, 0x80, 0xF0, 4, 0xF4, 5, 0xF6, 6, 0xF7, 0xF7, 0xF2, 7,
    ]));
    let parts: Vec<String> = song.iter().map(|message| hex(message.bytes)).collect();
    assert_eq!(parts, ["01 02", "90 03", "80", "F0 04", "F4", "05", "F6", "06 F7", "F7", "F2 07"]);
}

#[test]
fn a_written_file_is_what_the_standard_says() {
    let mut song = Song::new();
    song.push(20_000, &[0x90, 0x3C, 0x40]);
    song.push(1_310_009_999, &[0xF0, 0x01, 0xF7]);
    song.push(1_310_010_000, &[0xFA]);
    let file = write_smf(&song).expect("a short song fits");
    assert_eq!(
        hex(&file),
        "4D 54 68 64 00 00 00 06 00 00 00 01 61 A8 4D 54 72 6B 00 00 00 1A \
         00 FF 51 03 03 D0 90 02 90 3C 40 87 FF 36 F0 02 01 F7 01 F7 01 FA 00 FF 2F 00"
    );
}

#[test]
fn a_pause_of_hours_survives_a_file() {
    let mut song = Song::new();
    song.push(0, &[0xC0, 1]);
    song.push(10 * 3_600_000_000_000, &[0xC0, 2]);
    let file = write_smf(&song).expect("a short song fits");
    assert_eq!(read_song(&file, InputFormat::Auto), Ok(song));
}

/// Random bytes with their times. Many of them are status bytes.
fn wire_bytes() -> impl Strategy<Value = Vec<(u64, u8)>> {
    let byte = prop_oneof![any::<u8>(), 0x80..=0xFF_u8, Just(0xF0), Just(0xF7)];
    prop::collection::vec((0..2_000_000_u64, byte), 1..200).prop_map(|pairs| {
        let mut now_ns = 0;
        let later = pairs.into_iter().map(|(pause_ns, byte)| {
            now_ns += pause_ns;
            (now_ns, byte)
        });
        later.collect()
    })
}

/// The bytes of all messages whose values lie in a range.
fn only(song: &Song, real_time: std::ops::RangeInclusive<u8>) -> Vec<u8> {
    let bytes = song.iter().flat_map(|message| message.bytes);
    bytes.copied().filter(|b| real_time.contains(b)).collect()
}

proptest! {
    #[test]
    fn nothing_on_the_wire_is_lost_or_reordered(wire in wire_bytes()) {
        let bytes: Vec<u8> = wire.iter().map(|(_, byte)| *byte).collect();
        let raw = read_song(&bytes, InputFormat::Raw).expect("raw bytes can always be played");
        for range in [0x00..=0xF7, 0xF8..=0xFF] {
            let sent: Vec<u8> = bytes.iter().copied().filter(|b| range.contains(b)).collect();
            prop_assert_eq!(only(&raw, range), sent);
        }
        let song = messages_from_wire(&wire);
        prop_assert_eq!(song.len(), raw.len());
        for (expanded, kept) in song.iter().zip(&raw) {
            let added = expanded.bytes.len() - kept.bytes.len();
            prop_assert_eq!(&expanded.bytes[added..], kept.bytes);
            prop_assert!(added == 0 || (added == 1 && kept.bytes[0] < 0x80));
            let starts_on_the_wire = wire.iter().any(|(start_ns, byte)| {
                *start_ns == expanded.due_ns && *byte == kept.bytes[0]
            });
            prop_assert!(starts_on_the_wire);
        }
    }

    #[test]
    fn a_song_survives_a_file_to_within_one_tick(wire in wire_bytes()) {
        let song = messages_from_wire(&wire);
        let file = write_smf(&song).expect("a short song fits");
        let read = read_song(&file, InputFormat::Auto).expect("our own file can be played");
        prop_assert_eq!(read.warnings().len(), 0);
        prop_assert_eq!(read.len(), song.len());
        for (read, written) in read.iter().zip(&song) {
            prop_assert_eq!(read.bytes, written.bytes);
            prop_assert_eq!(read.due_ns, written.due_ns / FILE_TICK_NS * FILE_TICK_NS);
        }
    }
}
