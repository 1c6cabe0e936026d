//! The built-in tune: ten seconds of music for a run without a file.
//!
//! Five bars in A minor, written for this project: melody, chords and bass on three channels. The
//! tune has each kind of message that is usual in music: a SysEx (GM System On), control changes
//! and program changes, single notes, several notes at one time, a pitch bend.

use crate::song::Song;

/// Time of an eighth note, in ns: 120 quarter notes a minute.
const EIGHTH_NS: u64 = 250_000_000;

/// When the first bar begins, in ns.
/// Assumed: a synthesizer needs a moment after GM System On; 200 ms is enough for most.
const FIRST_BAR_NS: u64 = 200_000_000;

/// The time from the release of a note to the end of its length, in ns. So a listener hears a
/// repeated note twice.
const GAP_NS: u64 = 20_000_000;

/// Eighth notes in a bar.
const BAR_EIGHTHS: u64 = 8;

/// GM System On: universal non-real-time SysEx to all devices.
/// Source: General MIDI System Level 1.
const GM_SYSTEM_ON: [u8; 6] = [0xF0, 0x7E, 0x7F, 0x09, 0x01, 0xF7];

const MELODY_CHANNEL: u8 = 0;
const CHORD_CHANNEL: u8 = 1;
const BASS_CHANNEL: u8 = 2;

/// Program of each channel: flute, electric piano 1, acoustic bass, counted from 0.
const PROGRAMS: [(u8, u8); 3] = [(MELODY_CHANNEL, 73), (CHORD_CHANNEL, 4), (BASS_CHANNEL, 32)];

/// The melody: length in eighths, key. Each note begins at the end of the note before it.
#[rustfmt::skip]
const MELODY: [(u64, u8); 19] = [
    (2, 69), (1, 72), (1, 76), (2, 74), (2, 72),
    (3, 69), (1, 72), (2, 77), (2, 76),
    (2, 79), (1, 76), (1, 74), (4, 76),
    (3, 74), (1, 71), (2, 67), (2, 71),
    (1, 72), (7, 69),
];

/// The chord of each bar: A minor, F, C, G, A minor.
const CHORDS: [[u8; 3]; 5] = [[57, 60, 64], [57, 60, 65], [55, 60, 64], [55, 59, 62], [57, 60, 64]];

/// The bass of each bar: two half notes.
const BASS: [[u8; 2]; 5] = [[45, 40], [41, 48], [48, 43], [43, 38], [45, 33]];

/// The bend of the last melody note: each step with its eighth, counted from the first bar, and its
/// 14-bit value. The value 0x2000 is no bend.
const BENDS: [(u64, u16); 4] = [(35, 0x2400), (36, 0x2800), (37, 0x2400), (38, 0x2000)];

/// The tune as a song.
#[must_use]
pub fn default_tune() -> Song {
    let mut score = Score::default();
    score.add(0, &GM_SYSTEM_ON);
    for (channel, program) in PROGRAMS {
        score.add(FIRST_BAR_NS / 2, &[0xC0 | channel, program]);
        score.add(FIRST_BAR_NS / 2, &[0xB0 | channel, 7, 100]);
    }
    let mut eighth = 0;
    for (length, key) in MELODY {
        score.add_note(MELODY_CHANNEL, eighth, length, key);
        eighth += length;
    }
    for (bar, (chord, [first, second])) in (0..).zip(CHORDS.into_iter().zip(BASS)) {
        let eighth = bar * BAR_EIGHTHS;
        for key in chord {
            score.add_note(CHORD_CHANNEL, eighth, BAR_EIGHTHS, key);
        }
        score.add_note(BASS_CHANNEL, eighth, 4, first);
        score.add_note(BASS_CHANNEL, eighth + 4, 4, second);
    }
    for (eighth, bend) in BENDS {
        let [high, low] = (bend << 1).to_be_bytes();
        score.add(FIRST_BAR_NS + eighth * EIGHTH_NS, &[0xE0 | MELODY_CHANNEL, low >> 1, high]);
    }
    score.into_song()
}

/// Messages in the order of writing, not yet in the order of time.
#[derive(Default)]
struct Score {
    messages: Vec<(u64, Vec<u8>)>,
}

impl Score {
    fn add(&mut self, due_ns: u64, bytes: &[u8]) {
        self.messages.push((due_ns, bytes.to_vec()));
    }

    /// Adds a note: its Note On and its Note Off.
    fn add_note(&mut self, channel: u8, start_eighth: u64, length_eighths: u64, key: u8) {
        let start_ns = FIRST_BAR_NS + start_eighth * EIGHTH_NS;
        let end_ns = start_ns + length_eighths * EIGHTH_NS - GAP_NS;
        self.add(start_ns, &[0x90 | channel, key, 96]);
        self.add(end_ns, &[0x80 | channel, key, 64]);
    }

    /// Sorts the messages by time; messages of the same time stay in the order of writing.
    fn into_song(mut self) -> Song {
        self.messages.sort_by_key(|(due_ns, _)| *due_ns);
        let mut song = Song::new();
        for (due_ns, bytes) in &self.messages {
            song.push(*due_ns, bytes);
        }
        song
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InputFormat, read_song, write_smf};

    #[test]
    fn the_tune_lasts_ten_seconds_and_lets_every_note_go() {
        let song = default_tune();
        assert_eq!(song.duration_ns(), 10_180_000_000);
        let mut sounding = Vec::new();
        for message in &song {
            match *message.bytes {
                [on @ 0x90..=0x9F, key, _] => sounding.push((on & 0x0F, key)),
                [off @ 0x80..=0x8F, key, _] => {
                    let note = (off & 0x0F, key);
                    let index = sounding.iter().position(|other| *other == note);
                    sounding.swap_remove(index.expect("a note ends that sounds"));
                }
                _ => {}
            }
        }
        assert_eq!(sounding, []);
    }

    #[test]
    fn the_tune_has_one_of_each_kind_of_message() {
        let song = default_tune();
        let kinds: std::collections::BTreeSet<u8> =
            song.iter().map(|message| message.bytes[0] & 0xF0).collect();
        assert_eq!(Vec::from_iter(kinds), [0x80, 0x90, 0xB0, 0xC0, 0xE0, 0xF0]);
        let bends: Vec<&[u8]> =
            song.iter().map(|message| message.bytes).filter(|bytes| bytes[0] == 0xE0).collect();
        assert_eq!(bends[0], [0xE0, 0x00, 0x48]);
        assert_eq!(bends[3], [0xE0, 0x00, 0x40]);
    }

    #[test]
    fn the_tune_survives_a_file() {
        let song = default_tune();
        let file = write_smf(&song).expect("the tune fits into a file");
        assert_eq!(read_song(&file, InputFormat::Auto), Ok(song));
    }
}
