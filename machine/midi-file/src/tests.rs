//! Files written out byte by byte, and the songs or errors they must give.

use proptest::prelude::*;

use super::*;

/// A file of these tracks: header, then each track with its length.
fn smf(format: u8, declared_tracks: u8, division: [u8; 2], tracks: &[&[u8]]) -> Vec<u8> {
    let mut file = vec![0x4D, 0x54, 0x68, 0x64, 0, 0, 0, 6, 0, format, 0];
    file.push(declared_tracks);
    file.extend(division);
    for track in tracks {
        file.extend([0x4D, 0x54, 0x72, 0x6B, 0, 0, 0]);
        file.push(u8::try_from(track.len()).expect("a test track is short"));
        file.extend(*track);
    }
    file
}

/// The messages as (due in ns, bytes in hexadecimal).
fn messages(song: &Song) -> Vec<(u64, String)> {
    song.iter().map(|message| (message.due_ns, hex(message.bytes))).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let words: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    words.join(" ")
}

/// What a good file must give: these messages and no warning.
fn assert_plays(file: &[u8], expected: &[(u64, &str)]) {
    let song = read_song(file, InputFormat::Auto).expect("the file can be played");
    assert_eq!(song.warnings(), [""; 0]);
    assert_messages(&song, expected);
}

pub(crate) fn assert_messages(song: &Song, expected: &[(u64, &str)]) {
    let expected: Vec<(u64, String)> =
        expected.iter().map(|(due_ns, bytes)| (*due_ns, (*bytes).to_owned())).collect();
    assert_eq!(messages(song), expected);
}

/// What a damaged file must give: these messages and these warnings.
fn assert_plays_with(file: &[u8], expected: &[(u64, &str)], warnings: &[&str]) {
    let song = read_song(file, InputFormat::Auto).expect("the file can be played");
    assert_eq!(song.warnings(), warnings);
    assert_messages(&song, expected);
}

const NOTE_ON: &[u8] = &[0x00, 0x90, 0x3C, 0x40];
const END: &[u8] = &[0x00, 0xFF, 0x2F, 0x00];

fn track(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn running_status_is_expanded_and_ticks_become_ns() {
    // 96 ticks in a beat, at 120 beats a minute: 48 ticks are 250 ms.
    let events = track(&[NOTE_ON, &[0x30, 0x3C, 0x00], &[0x81, 0x10, 0xC1, 0x05], END]);
    assert_plays(
        &smf(0, 1, [0, 96], &[&events]),
        &[(0, "90 3C 40"), (250_000_000, "90 3C 00"), (1_000_000_000, "C1 05")],
    );
}

#[test]
fn a_tempo_event_of_one_track_counts_for_all() {
    let tempo = [0x60, 0xFF, 0x51, 0x03, 0x0F, 0x42, 0x40];
    let first = track(&[&tempo, END]);
    let second = track(&[&[0x60, 0x90, 0x3C, 0x40, 0x60, 0x3C, 0x00], END]);
    assert_plays(
        &smf(1, 2, [0, 96], &[&first, &second]),
        &[(500_000_000, "90 3C 40"), (1_500_000_000, "90 3C 00")],
    );
}

#[test]
fn events_of_one_tick_go_out_in_track_order() {
    let first = track(&[&[0x01, 0x90, 1, 1, 0x00, 2, 2, 0x01, 5, 5], END]);
    let second = track(&[&[0x00, 0x91, 0, 0, 0x01, 3, 3, 0x00, 4, 4], END]);
    let file = smf(1, 2, [1, 0xF4], &[&first, &second]);
    let song = read_song(&file, InputFormat::Smf).expect("the file can be played");
    let first_data: Vec<u8> = song.iter().map(|message| message.bytes[1]).collect();
    assert_eq!(first_data, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn tracks_of_format_2_play_one_after_another_each_at_its_own_tempo() {
    let tempo = [0x00, 0xFF, 0x51, 0x03, 0x0F, 0x42, 0x40];
    let first = track(&[&tempo, NOTE_ON, &[0x60, 0xFF, 0x2F, 0x00]]);
    let second = track(&[&[0x60, 0x91, 0x3C, 0x40], END]);
    assert_plays_with(
        &smf(2, 2, [0, 96], &[&first, &second]),
        &[(0, "90 3C 40"), (1_500_000_000, "91 3C 40")],
        &["a file of format 2: its 2 tracks are played one after another"],
    );
}

#[test]
fn smpte_division_counts_frames() {
    // E7 28: 25 frames a second, 40 ticks in a frame. So a tick is 1 ms.
    let events = track(&[&[0x0A, 0x90, 0x3C, 0x40], END]);
    assert_plays(&smf(0, 1, [0xE7, 0x28], &[&events]), &[(10_000_000, "90 3C 40")]);
}

#[test]
fn sysex_packets_and_escapes_go_out_as_they_are() {
    let events = track(&[
        &[0x00, 0xF0, 0x03, 0x43, 0x12, 0x00],
        &[0x60, 0xF7, 0x02, 0x01, 0xF7],
        &[0x00, 0xF7, 0x01, 0xF8],
        &[0x00, 0xF7, 0x03, 0xF2, 0x01, 0x02],
        END,
    ]);
    assert_plays(
        &smf(0, 1, [0, 96], &[&events]),
        &[
            (0, "F0 43 12 00"),
            (500_000_000, "01 F7"),
            (500_000_000, "F8"),
            (500_000_000, "F2 01 02"),
        ],
    );
}

#[test]
fn a_riff_wrapper_and_foreign_chunks_are_passed_over() {
    let mut inner = smf(0, 1, [0, 96], &[]);
    inner.extend(*b"XFIH\0\0\0\x01Z");
    inner.extend(*b"MTrk\0\0\0\x08");
    inner.extend(track(&[NOTE_ON, END]));
    let mut file = b"RIFF\xFF\0\0\0RMIDDISP\x01\0\0\0x\0data".to_vec();
    file.extend(u32::try_from(inner.len()).expect("short").to_le_bytes());
    file.extend(inner);
    assert_plays(&file, &[(0, "90 3C 40")]);
}

#[test]
fn a_sysex_event_that_is_cut_off_by_the_end_of_its_track_is_left_out() {
    let cut_sysex = track(&[NOTE_ON, &[0x00, 0xF0, 0x7F, 0x43, 0x12]]);
    let good = track(&[NOTE_ON, END]);
    assert_plays_with(
        &smf(1, 2, [0, 96], &[&cut_sysex, &good]),
        &[(0, "90 3C 40"), (0, "90 3C 40")],
        &[
            "track 1: places without an event that can be read: 1, the first at byte 26; bytes \
             left out: 5",
            "track 1: the event End of Track is missing",
        ],
    );
}

/// What of the file is not in its song, in words.
fn left_out(file: &[u8], options: impl Into<ReadOptions>) -> String {
    read_song(file, options).expect("the file can be played").left_out().to_string()
}

/// A file with a note, a controller whose value is C8, and 50 notes after the controller.
const HIGH_DATA: &[u8] = include_bytes!("../testdata/data-byte-over-127.mid");

#[test]
fn behind_a_data_byte_above_127_the_reader_goes_on_at_the_next_event() {
    let song = read_song(HIGH_DATA, InputFormat::Auto).expect("the file can be played");
    assert_eq!(song.len(), 51);
    assert_eq!(song.left_out(), LeftOut { messages: 1, ..LeftOut::default() });
    assert_eq!(song.left_out().to_string(), "1 message of the file was left out");
    let warnings = song.warnings();
    assert_eq!(
        warnings,
        ["track 1: messages with a data byte above 127, left out: 1, the first at byte 26"]
    );
    // 480 ticks in a beat of 500 ms: the message that was left out still takes its 16 ticks.
    let second = song.get(1).expect("a second message");
    assert_eq!((second.due_ns, second.bytes), (33_333_333, &[0x90, 0x3E, 0x40][..]));
}

#[test]
fn a_data_byte_above_127_can_be_taken_as_127_or_refused() {
    let clip = ReadOptions { damage: Damage::Clip, ..ReadOptions::default() };
    let song = read_song(HIGH_DATA, clip).expect("the file can be played");
    assert_eq!((song.len(), song.left_out()), (52, LeftOut::default()));
    assert_eq!(song.get(1).expect("a second message").bytes, [0xB0, 0x07, 0x7F]);
    assert_eq!(
        song.warnings(),
        ["track 1: messages with a data byte above 127, played with 127: 1, the first at byte 26"]
    );
    let strict = ReadOptions { damage: Damage::Refuse, ..ReadOptions::default() };
    assert_eq!(
        read_song(HIGH_DATA, strict).expect_err("the file is damaged").to_string(),
        "1 message of the file was left out (track 1: messages with a data byte above 127, left \
         out: 1, the first at byte 26); save the file again, or have the rest of it played"
    );
    let whole = smf(0, 1, [0, 96], &[&track(&[NOTE_ON, END])]);
    assert_eq!(read_song(&whole, strict).expect("the file is whole").len(), 1);
}

#[test]
fn running_status_goes_on_behind_a_message_that_was_left_out() {
    let events = track(&[NOTE_ON, &[0x00, 0x3D, 0x80, 0x00, 0x3E, 0x40, 0x00, 0x3F, 0xFF], END]);
    let file = smf(0, 1, [0, 96], &[&events]);
    assert_plays_with(
        &file,
        &[(0, "90 3C 40"), (0, "90 3E 40")],
        &["track 1: messages with a data byte above 127, left out: 2, the first at byte 26"],
    );
    assert_eq!(left_out(&file, InputFormat::Auto), "2 messages of the file were left out");
}

#[test]
fn behind_bytes_that_are_no_event_the_reader_looks_for_the_next_ones() {
    let lost_status = [0x60, 0xC8, 0xC8, 0xC8, 0xC8, 0xC8];
    let rest = [0x00, 0x91, 0x3C, 0x40, 0x30, 0x3C, 0x00, 0x00, 0xC1, 0x05];
    let events = track(&[&[0x00, 0x10, 0x20], &rest, &[0xFF, 0xFF], &lost_status, &rest, END]);
    let file = smf(0, 1, [0, 96], &[&events]);
    let song = read_song(&file, InputFormat::Auto).expect("the file can be played");
    let parts: Vec<String> = song.iter().map(|message| hex(message.bytes)).collect();
    assert_eq!(
        parts,
        ["91 3C 40", "91 3C 00", "C1 05", "91 3C 40", "91 3C 00", "C1 05"],
        "{:?}",
        song.warnings()
    );
    assert!(song.left_out().bytes > 0);
}

#[test]
fn a_system_message_as_an_event_is_left_out_with_its_data() {
    let events = track(&[&[0x00, 0xF8, 0x00, 0xF2, 0x01, 0x02], NOTE_ON, END]);
    let file = smf(0, 1, [0, 96], &[&events]);
    assert_plays_with(
        &file,
        &[(0, "90 3C 40")],
        &["track 1: system messages that no file may have as an event, left out: 2, the first at \
           byte 22"],
    );
    assert_eq!(left_out(&file, InputFormat::Auto), "2 messages of the file were left out");
}

#[test]
fn a_song_is_whole_only_when_its_file_is() {
    let good = track(&[NOTE_ON, END]);
    let file = smf(1, 2, [0, 96], &[&good, &good]);
    let cut = |length: usize| left_out(&file[..length], InputFormat::Auto);
    assert_eq!(cut(file.len()), "");
    assert_eq!(cut(file.len() - 4), "the file lacks 4 bytes");
    let both = "3 bytes of the file were left out as no message, the file lacks 5 bytes";
    assert_eq!(cut(file.len() - 5), both);
    assert_eq!(cut(30), "the file lacks 1 track");
    // The length of this chunk goes past the end of the file. But the track has its end event, so
    // nothing of the song is missing.
    let mut declared = smf(0, 1, [0, 96], &[&good]);
    declared[21] = 0x7F;
    assert_eq!(left_out(&declared, InputFormat::Auto), "");
}

#[test]
fn running_status_that_goes_on_behind_a_meta_event_is_played() {
    let marker = [0x00, 0xFF, 0x06, 0x01, 0x41];
    let rest = [0x60, 0x3C, 0x00, 0x00, 0x40, 0x7F];
    let events = track(&[NOTE_ON, &marker, &rest, &[0x00, 0xC1, 0x05], END]);
    assert_plays_with(
        &smf(0, 1, [0, 96], &[&events]),
        &[
            (0, "90 3C 40"),
            (500_000_000, "90 3C 00"),
            (500_000_000, "90 40 7F"),
            (500_000_000, "C1 05"),
        ],
        &["track 1: messages whose status byte is missing after another event, read with the \
           last one: 2"],
    );
}

#[test]
fn a_meta_event_with_bad_contents_is_skipped_and_its_time_counts() {
    let key_signature_of_one_byte = [0x60, 0xFF, 0x59, 0x01, 0x00];
    let events = track(&[&key_signature_of_one_byte, NOTE_ON, END]);
    assert_plays_with(
        &smf(0, 1, [0, 96], &[&events]),
        &[(500_000_000, "90 3C 40")],
        &["track 1: damaged meta events skipped: 1"],
    );
}

#[test]
fn wrong_counts_and_lengths_are_noted_and_played() {
    let mut file = smf(0, 9, [0, 96], &[NOTE_ON, &track(&[NOTE_ON, END, &[1, 2]])]);
    file.extend(*b"MTrk\0\0\0\x7F");
    assert_plays_with(
        &file,
        &[(0, "90 3C 40"), (0, "90 3C 40")],
        &[
            "the chunk at byte 44 is cut short: bytes declared: 127, found: 0",
            "tracks declared in the header: 9, found in the file: 3; all are used",
            "a file of format 0 has one track, this one has 3; they are played together",
            "track 1: the event End of Track is missing",
            "track 2: bytes left out after End of Track: 2",
            "track 3: the event End of Track is missing",
        ],
    );
}

#[test]
fn bytes_that_are_no_chunk_are_left_out() {
    let mut file = smf(0, 1, [0, 96], &[&track(&[NOTE_ON, END])]);
    file.extend([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_plays_with(
        &file,
        &[(0, "90 3C 40")],
        &["what follows from byte 30 on is no chunk of a MIDI file; bytes left out: 9"],
    );
}

#[test]
fn a_pause_of_days_is_played_and_one_of_months_is_refused() {
    // One tick in a beat: 155 hours are 1 116 000 ticks of 500 ms.
    let days = track(&[NOTE_ON, &[0xC4, 0x8E, 0x60, 0x80, 0x3C, 0x00], END]);
    let hours_155_ns = 155 * 3_600 * 1_000_000_000;
    assert_plays(&smf(0, 1, [0, 1], &[&days]), &[(0, "90 3C 40"), (hours_155_ns, "80 3C 00")]);
    let months = track(&[NOTE_ON, &[0xFF, 0xFF, 0xFF, 0x7F, 0x80, 0x3C, 0x00], END]);
    assert_eq!(
        error(&smf(0, 1, [0, 1], &[&months]), InputFormat::Auto),
        "an event of track 1 is due after 37282 hours, the limit is 1000: shorten the pause \
         before it, or mend its delta time"
    );
    let silent = track(&[NOTE_ON, &[0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0x06, 0x00], END]);
    assert_plays(&smf(0, 1, [0, 1], &[&silent]), &[(0, "90 3C 40")]);
}

#[test]
fn a_tempo_of_nothing_is_skipped() {
    let events = track(&[&[0x00, 0xFF, 0x51, 0x03, 0, 0, 0, 0x60, 0x90, 1, 1], END]);
    assert_plays_with(
        &smf(0, 1, [0, 96], &[&events]),
        &[(500_000_000, "90 01 01")],
        &["a tempo of 0 us a beat is no tempo and is skipped"],
    );
}

#[test]
fn warnings_have_a_limit() {
    let song = read_song(&smf(1, 60, [0, 96], &[NOTE_ON; 60]), InputFormat::Auto);
    let warnings = song.expect("the file can be played").warnings().to_vec();
    assert_eq!(warnings.len(), 51);
    assert_eq!(warnings[50], "10 more warnings are not shown");
}

/// The text of the error that a file gives.
fn error(file: &[u8], format: InputFormat) -> String {
    match read_song(file, format) {
        Ok(song) => panic!("the file has {} messages", song.len()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn errors_say_what_where_and_how_to_mend_it() {
    assert_eq!(
        error(&[], InputFormat::Raw),
        "the file is empty: give a MIDI file (.mid, .rmi) or a SysEx file (.syx)"
    );
    assert_eq!(
        error(b"PK\x03\x04", InputFormat::Auto),
        "not a MIDI file: it starts with 50 4B 03 04; a MIDI file starts with 4D 54 68 64 \
         (MThd), a SysEx file with F0; choose the format raw to send the bytes as they are"
    );
    assert_eq!(
        error(b"MThd\0\0\0\x06\0", InputFormat::Auto),
        "damaged MIDI file header at byte 0: it has 14 bytes, but only 9 are there; \
         save the file again"
    );
    assert_eq!(
        error(&smf(0, 1, [0, 96], &[END]), InputFormat::Auto),
        "holds no MIDI event: nothing to play"
    );
    assert_eq!(
        error(&smf(0, 0, [0, 96], &[&[0x00, 0x90]]), InputFormat::Auto),
        "holds no MIDI event: nothing to play (tracks declared in the header: 0, found in the \
         file: 1; all are used)"
    );
    assert_eq!(
        error(&vec![0xF8; MAX_FILE_BYTES + 1], InputFormat::Raw),
        "the file has 67108865 bytes, the limit is 67108864: split it"
    );
    assert_eq!(
        error(&vec![0xF8; MAX_MESSAGES + 1], InputFormat::Raw),
        "the file holds more than 8388608 MIDI messages: split it"
    );
    let mut never_whole = vec![0xF8; MAX_MESSAGES + 2];
    never_whole[0] = 0x90;
    assert_eq!(
        error(&never_whole, InputFormat::Raw),
        "the file holds more than 8388608 MIDI messages: split it"
    );
}

#[test]
fn a_header_that_gives_no_time_is_damaged() {
    for (format, division, problem) in [
        (3, [0, 96], "8: format 3 is unknown, there are 0, 1 and 2"),
        (0, [0, 0], "12: a beat of 0 ticks makes no time"),
        (0, [0xE7, 0], "12: a frame of 0 ticks makes no time"),
        (0, [0x80, 1], "12: 128 frames a second are unknown, there are 24, 25, 29 and 30"),
    ] {
        let text = error(&smf(format, 1, division, &[NOTE_ON]), InputFormat::Auto);
        let expected = format!("damaged MIDI file header at byte {problem}; save the file again");
        assert_eq!(text, expected);
    }
}

#[test]
fn a_syx_file_gives_each_whole_message_at_time_0() {
    let file = [0xF0, 0x43, 0xF7, 0x00, 0x01, 0xF0, 0x44, 0x90, 0xF7, 0xF0, 0xF7, 0xF0, 0x45];
    assert_plays_with(
        &file,
        &[(0, "F0 43 F7"), (0, "F0 F7")],
        &["bytes left out because they are in no whole message F0..F7: 8, the first at byte 3"],
    );
}

#[test]
fn a_real_time_byte_passes_through_a_syx_file() {
    let file = include_bytes!("../testdata/realtime-in-sysex.syx");
    assert_plays(file, &[(0, "F0 41"), (0, "F8"), (0, "10 F7")]);
    let between = [0xF0, 0x41, 0xF7, 0xFE, 0xF0, 0xF8, 0x42, 0xF7];
    assert_plays(&between, &[(0, "F0 41 F7"), (0, "FE"), (0, "F0"), (0, "F8"), (0, "42 F7")]);
    let cut = [0xF0, 0xF7, 0x05, 0xF0, 0x41, 0xF8, 0x10];
    assert_eq!(
        left_out(&cut, InputFormat::Syx),
        "1 message of the file was left out, 2 bytes of the file were left out as no message"
    );
}

#[test]
fn raw_bytes_stay_unchanged_and_are_split_at_messages() {
    let file = [0x90, 0x3C, 0x40, 0x3C, 0x00, 0xF0, 0x01, 0xF8, 0x02, 0xF7, 0xC0];
    let song = read_song(&file, InputFormat::Raw).expect("raw bytes can always be played");
    let parts = ["90 3C 40", "3C 00", "F0 01", "F8", "02 F7", "C0"];
    assert_messages(&song, &parts.map(|part| (0, part)));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in [InputFormat::Auto, InputFormat::Smf, InputFormat::Syx, InputFormat::Raw] {
            let _ = read_song(&bytes, format);
        }
    }

    #[test]
    fn no_header_and_no_track_make_the_reader_panic(
        format in 0..3_u8,
        division in any::<[u8; 2]>(),
        events in prop::collection::vec(
            prop_oneof![any::<u8>(), Just(0), Just(0xFF), Just(0xF7), Just(0x51)],
            0..200,
        ),
    ) {
        let (first, second) = events.split_at(events.len() / 2);
        let mut file = smf(format, 2, division, &[first, second]);
        let _ = read_song(&file, InputFormat::Auto);
        file.extend_from_slice(&events);
        let _ = read_song(&file, InputFormat::Auto);
    }

    #[test]
    fn a_file_with_one_byte_changed_still_reads(at in any::<prop::sample::Index>(), byte: u8) {
        let mut file = write_smf(&default_tune()).expect("the tune fits");
        let at = at.index(file.len());
        file[at] = byte;
        let _ = read_song(&file, InputFormat::Auto);
    }
}
