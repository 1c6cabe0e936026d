//! Any bytes as a song: an error in one line, or messages as they must be.
//!
//! The first byte chooses the format and what to do with damage. The rest is the file.

use portcls_machine::midi_file::{
    Damage, FILE_TICK_NS, InputFormat, MAX_SONG_NS, MidiFileError, ReadOptions, Song,
    messages_from_wire, read_song, write_smf,
};

use crate::seeds::{Seed, files, with_first_byte};

const FORMATS: [InputFormat; 4] =
    [InputFormat::Auto, InputFormat::Smf, InputFormat::Syx, InputFormat::Raw];
const DAMAGES: [Damage; 3] = [Damage::LeaveOut, Damage::Clip, Damage::Refuse];

/// The time of a byte on the wire in ns.
const BYTE_TIME_NS: u64 = 320_000;

/// The first byte of an input, which chooses this format and this treatment of damage.
const fn choice(format: u8, damage: u8) -> u8 {
    format | damage << 2
}

/// Reads the bytes, and checks the song.
pub fn run(input: &[u8]) {
    let Some((&first, file)) = input.split_first() else { return };
    let format = FORMATS[usize::from(first & 3)];
    let damage = DAMAGES[usize::from(first >> 2 & 3) % DAMAGES.len()];
    let options = ReadOptions { format, damage };
    let song = match read_song(file, options) {
        Ok(song) => song,
        Err(error) => return check_error(&error, file, options),
    };
    check_song(&song);
    match format {
        InputFormat::Raw => check_raw(&song, file),
        InputFormat::Auto if file.starts_with(&[0xF0]) => check_syx(&song, file),
        InputFormat::Syx => check_syx(&song, file),
        InputFormat::Smf | InputFormat::Auto => check_messages(&song, file),
    }
    if damage == Damage::Refuse {
        assert!(song.left_out().is_nothing());
        assert_eq!(read_song(file, format), Ok(song.clone()), "nothing was left out");
    }
    check_written(&song);
    check_wire(&song);
}

/// If a file is refused only because the reader would leave a part out, the file must play when the
/// caller allows the reader to leave parts out.
fn check_error(error: &MidiFileError, file: &[u8], options: ReadOptions) {
    assert!(!error.to_string().contains('\n'), "{error}");
    if let MidiFileError::NotWhole { left_out, .. } = error {
        let song = read_song(file, options.format).expect("the rest can be played");
        assert_eq!(song.left_out(), *left_out);
        assert!(!left_out.is_nothing());
    }
}

/// Times never go back, and no message is empty.
fn check_song(song: &Song) {
    let mut last_ns = 0;
    let mut bytes = 0;
    for message in song {
        assert!(!message.bytes.is_empty() && message.due_ns >= last_ns);
        last_ns = message.due_ns;
        bytes += message.bytes.len();
    }
    assert!(last_ns <= MAX_SONG_NS && !song.is_empty());
    assert_eq!((bytes, last_ns), (song.byte_count(), song.duration_ns()));
    assert!(song.warnings().iter().all(|warning| !warning.contains('\n')));
    assert!(song.left_out().is_nothing() || !song.warnings().is_empty());
}

/// The real-time bytes of all messages, or all their other bytes.
fn bytes_of(song: &Song, is_real_time: bool) -> impl Iterator<Item = u8> {
    let bytes = song.iter().flat_map(|message| message.bytes).copied();
    bytes.filter(move |byte| (*byte >= 0xF8) == is_real_time)
}

/// Raw bytes go out as they are. Only a real-time byte may move after a short message.
fn check_raw(song: &Song, file: &[u8]) {
    for is_real_time in [false, true] {
        let wanted = file.iter().copied().filter(|byte| (*byte >= 0xF8) == is_real_time);
        assert!(bytes_of(song, is_real_time).eq(wanted), "real-time: {is_real_time}");
    }
}

/// Checks that the song has only whole SysEx messages and real-time bytes, and that it has the
/// whole file when nothing was left out.
fn check_syx(song: &Song, file: &[u8]) {
    let mut is_inside = false;
    for byte in bytes_of(song, false) {
        match (is_inside, byte) {
            (false, 0xF0) => is_inside = true,
            (true, 0xF7) => is_inside = false,
            (true, 0..=0x7F) => {}
            _ => panic!("{byte:02X} stands where it may not, inside: {is_inside}"),
        }
    }
    assert!(!is_inside, "the last message has its end");
    if song.left_out().is_nothing() {
        let bytes = song.iter().flat_map(|message| message.bytes);
        assert!(bytes.eq(file), "the whole file goes out");
    }
}

/// Checks that channel messages are whole. A file with a byte F7 is not checked, because an escape
/// event, which begins with F7, may hold any bytes.
fn check_messages(song: &Song, file: &[u8]) {
    if file.contains(&0xF7) {
        return;
    }
    for message in song {
        let data_bytes = match message.bytes[0] {
            0xC0..=0xDF => 1,
            0x80..=0xEF => 2,
            0xF0 => continue,
            other => panic!("{other:02X} begins no event of a file"),
        };
        let data = &message.bytes[1..];
        let is_whole = data.len() == data_bytes && data.iter().all(|byte| *byte < 0x80);
        assert!(is_whole, "{:02X?}", message.bytes);
    }
}

/// A song that is written as a file and read again has the same messages, at most a tick earlier.
fn check_written(song: &Song) {
    let file = write_smf(song).expect("a short song fits");
    let again = read_song(&file, InputFormat::Smf).expect("our own file is good");
    assert!(again.warnings().is_empty() && again.left_out().is_nothing());
    let written = song.iter().map(|message| (message.due_ns / FILE_TICK_NS, message.bytes));
    let read = again.iter().map(|message| (message.due_ns / FILE_TICK_NS, message.bytes));
    assert!(read.eq(written), "{again:?}");
}

/// Checks that a song can be sent over the wire and split into messages again. Only the status
/// bytes that running status left out may be added.
fn check_wire(song: &Song) {
    let bytes: Vec<(u64, u8)> = (0..)
        .step_by(BYTE_TIME_NS as usize)
        .zip(song.iter().flat_map(|message| message.bytes).copied())
        .collect();
    let heard = messages_from_wire(&bytes);
    let added = heard.byte_count() - bytes.len();
    let bare = heard.iter().filter(|message| message.bytes[0] >= 0x80).count();
    assert!(added <= bare, "{added} status bytes were put back into {bare} messages");
    assert!(bytes_of(&heard, true).eq(bytes_of(song, true)));
}

/// MIDI files and a SysEx file, each with every treatment of damage, and raw bytes.
pub fn seeds() -> Vec<Seed> {
    let tune = write_smf(&portcls_machine::midi_file::default_tune()).expect("the tune fits");
    let mut songs: Vec<Seed> = files("machine/midi-file/testdata", "mid");
    songs.push(("tune.mid".to_owned(), tune));
    songs.push(("damaged.mid".to_owned(), DAMAGED.to_vec()));
    let mut seeds = Vec::new();
    for damage in 0..DAMAGES.len() as u8 {
        seeds.extend(with_first_byte(&songs, choice(0, damage)));
        let dumps = [("dump.syx".to_owned(), DUMP.to_vec())];
        seeds.extend(with_first_byte(&dumps, choice(2, damage)));
    }
    seeds.extend(with_first_byte(&[("bytes.raw".to_owned(), BYTES.to_vec())], choice(3, 0)));
    seeds
}

/// Format 0, 96 ticks a beat, with a data byte above 127, running status, SysEx in two packets, an
/// escape event, a tempo, and no End of Track.
const DAMAGED: &[u8] = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x2A\
    \0\xFF\x51\x03\x07\xA1\x20\0\x90\x3C\x40\x60\x3C\0\0\x90\x3C\x90\0\xF0\x03\x43\x12\0\
    \x10\xF7\x02\x11\xF7\0\xF7\x01\xF8\x81\x00\xC0\x05\0\xFF\x01";

/// A dump with a real-time byte inside, bytes between dumps, a second dump, a real-time byte, and a
/// dump without its end.
const DUMP: &[u8] = b"\xF0\x41\x10\x42\xF8\x12\xF7\x01\x02\xF0\x7E\x7F\x09\x01\xF7\xFE\xF0\x41";

/// Running status, real-time bytes inside messages, and broken messages.
const BYTES: &[u8] =
    b"\x90\x3C\x40\x3C\0\xF8\xC0\x05\x06\xF0\x01\xFA\x02\xF7\xF2\x01\x90\x3C\xF4\x05\xF7\x01";
