//! A load that is usual in real files: a dense file of several tracks.
//!
//! The file goes through the reader of MIDI files and through the driver.

use portcls_machine::midi_file::{InputFormat, read_song};
use portcls_machine::play;

use crate::{CARDS, assert_played, machine};

/// Tracks of the file. Each track has its own channel.
const TRACKS: u8 = 8;

/// Notes of each track. Each note is two messages.
const NOTES: u32 = 400;

/// Ticks of a quarter note. Without a tempo event a quarter note takes 500 ms.
const TICKS_PER_QUARTER: u16 = 480;

/// A track: a program change, then notes in running status; velocity 0 ends each note.
fn track(channel: u8) -> Vec<u8> {
    let mut events = vec![0x00, 0xC0 | channel, channel, 0x00, 0x90 | channel];
    for note in 0..NOTES {
        let key = 36 + ((note * 7 + u32::from(channel) * 5) % 48) as u8;
        if note > 0 {
            events.push(20);
        }
        // 20 ticks on, 20 ticks off, with all tracks at the same ticks.
        events.extend_from_slice(&[key, 100, 20, key, 0]);
    }
    events.extend_from_slice(&[0x00, 0xFF, 0x2F, 0x00]);
    chunk(b"MTrk", &events)
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [kind, &(data.len() as u32).to_be_bytes()[..], data].concat()
}

/// A standard MIDI file of format 1.
fn dense_file() -> Vec<u8> {
    let [high, low] = TICKS_PER_QUARTER.to_be_bytes();
    let mut file = chunk(b"MThd", &[0, 1, 0, TRACKS, high, low]);
    for channel in 0..TRACKS {
        file.extend(track(channel));
    }
    file
}

/// The bytes that a player sends for this file: tick by tick, and within a tick track by track.
fn expected_bytes() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..TRACKS).flat_map(|channel| [0xC0 | channel, channel]).collect();
    let first_notes = bytes.len();
    for note in 0..NOTES {
        for velocity in [100, 0] {
            for channel in 0..TRACKS {
                let key = 36 + ((note * 7 + u32::from(channel) * 5) % 48) as u8;
                bytes.extend_from_slice(&[0x90 | channel, key, velocity]);
            }
        }
    }
    // At tick 0 a track sends its program change and its first note before the next track sends its
    // messages.
    let program_changes: Vec<u8> = bytes.drain(..first_notes).collect();
    for (channel, change) in program_changes.chunks(2).enumerate() {
        let at = channel * 5;
        bytes.splice(at..at, change.iter().copied());
    }
    bytes
}

#[test]
fn a_dense_file_plays_whole_and_in_order_on_every_card() {
    let song = read_song(&dense_file(), InputFormat::Auto).expect("the file is valid");
    assert!(song.len() >= 5_000, "{} messages", song.len());
    let bytes: Vec<u8> = song.iter().flat_map(|message| message.bytes).copied().collect();
    assert_eq!(bytes, expected_bytes());
    for card in CARDS {
        let report = play(&machine(card), &song).expect("the song plays");
        assert_played(card, &report);
        // Eight messages at a time take 7.7 ms on the wire, and the next eight come 20.8 ms later.
        assert!(report.wire.late.most_ns < 12_000_000, "{card}: {:?}", report.wire.late);
    }
}
