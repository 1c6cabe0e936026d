//! Songs to play and to capture, and random songs.

use portcls_machine::midi_file::Song;
use proptest::prelude::*;

/// A song of `bytes` bytes, rounded up to whole messages of three bytes, all due at once.
pub fn flood(bytes: usize) -> Song {
    let notes = (0..).map(|index: usize| [0x90, (index % 128) as u8, (index / 128 % 128) as u8]);
    let mut song = Song::new();
    for note in notes.take(bytes.div_ceil(3)) {
        song.push(0, &note);
    }
    song
}

/// A SysEx of this length, with `F0` and `F7`. Its data bytes count from 0 to 127 again and again.
pub fn sysex(bytes: usize) -> Vec<u8> {
    let data = (0..bytes - 2).map(|index| (index % 128) as u8);
    [0xF0].into_iter().chain(data).chain([0xF7]).collect()
}

/// A channel message, a real-time message, or a SysEx.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let channel = (0x80..0xF0_u8, 0..128_u8, 0..128_u8).prop_map(|(status, first, second)| {
        match status & 0xF0 {
            0xC0 | 0xD0 => vec![status, first],
            _ => vec![status, first, second],
        }
    });
    let real_time = prop::sample::select(vec![0xF8_u8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF]);
    prop_oneof![
        8 => channel,
        2 => real_time.prop_map(|byte| vec![byte]),
        1 => (2..400_usize).prop_map(sysex),
    ]
}

/// A song of fewer than `messages` messages. About half of them follow without a pause, the others
/// after a pause of less than 40 ms.
pub fn random_song(messages: usize) -> impl Strategy<Value = Song> {
    let pause_ns = prop_oneof![Just(0), 0..40_000_000_u64];
    prop::collection::vec((pause_ns, message()), 1..messages).prop_map(|parts| {
        let mut song = Song::new();
        let mut due_ns = 0;
        for (pause_ns, bytes) in parts {
            due_ns += pause_ns;
            song.push(due_ns, &bytes);
        }
        song
    })
}
