//! MIDI IN in intelligent mode: thru, filters, record, MIDI sync.

use crate::host::Host;

#[test]
fn a_message_goes_through_570_us_after_its_last_byte() {
    let mut host = Host::new();
    host.hear(&[0x90, 0x3C, 0x40]);
    let heard_us = host.now_us();
    host.wait_us(5_000);
    let played = host.played();
    assert_eq!(played[0], (heard_us + 570, 0x90));
    assert_eq!(played.len(), 3);
    assert!(host.is_silent_for_us(1_000), "and not to the host");
    let counters = host.chip.counters();
    assert_eq!((counters.thru, counters.unheard), (3, 3));
}

#[test]
fn thru_is_switched_by_channel_and_as_a_whole() {
    let through = |commands: &[u8], mask: Option<u8>, bytes: &[u8]| {
        let mut host = Host::new();
        commands.iter().for_each(|command| host.command(*command));
        if let Some(mask) = mask {
            host.set(0xEE, mask);
        }
        host.hear(bytes);
        host.wait_us(5_000);
        host.played_bytes()
    };
    let note = [0x90, 0x3C, 0x40];
    assert_eq!(through(&[], None, &note), note);
    assert_eq!(through(&[0x88], None, &note), []);
    assert_eq!(through(&[0x88], Some(0xFE), &note), note, "channel 1 is not accepted");
    assert_eq!(through(&[0x88, 0x33], Some(0xFE), &note), []);
    assert_eq!(through(&[], None, &[0xF0, 0x41, 0xF7]), []);
    assert_eq!(through(&[0x37], None, &[0xF0, 0x41, 0xF7]), [0xF0, 0x41, 0xF7]);
    assert_eq!(through(&[], None, &[0xFE, 0xFA]), [], "realtime never goes through");
}

#[test]
fn a_reference_table_guards_the_notes_of_a_track() {
    for (table, through) in [(0x98, true), (0x99, false)] {
        let mut host = Host::new();
        host.command(0x43);
        host.command(table);
        host.start(0x01);
        host.answer(0xF0, &[0x00, 0x93, 0x3C, 0x40]);
        host.answer(0xF0, &[0xEF, 0x93, 0x3C, 0x00]);
        host.wait_us(5_000);
        host.played();
        host.hear(&[0x83, 0x3C, 0x00]);
        host.wait_us(5_000);
        assert_eq!(host.played_bytes().len() == 3, through, "{table:02X}");
        host.hear(&[0x83, 0x3D, 0x00]);
        host.wait_us(5_000);
        assert_eq!(host.played_bytes(), [0x83, 0x3D, 0x00], "another key");
    }
}

#[test]
fn record_puts_a_timing_byte_before_each_event_and_keeps_running_status() {
    let mut host = Host::new();
    host.command(0x22);
    host.wait_us(5_980 + 50_000 - 3 * 320);
    host.hear(&[0x90, 0x3C, 0x40]);
    assert_eq!(host.next_bytes(), [0x0A, 0x90, 0x3C, 0x40]);
    host.wait_us(50_000);
    host.hear(&[0x3C, 0x00]);
    let [ticks, key, velocity] = host.next_bytes();
    assert!((9..=12).contains(&ticks), "{ticks}");
    assert_eq!([key, velocity], [0x3C, 0x00]);
    host.command(0x11);
    let [_, end] = host.next_bytes();
    assert_eq!(end, 0xFC);
    assert_eq!(host.played_bytes()[0], 0xFA);
}

#[test]
fn record_without_traffic_marks_240_ticks_and_each_measure_of_four_beats() {
    let mut host = Host::new();
    host.command(0x22);
    let begun_us = host.now_us();
    assert_eq!(host.next_byte(), 0xF8);
    let took_us = host.now_us() - begun_us;
    assert!((1_205_000..=1_207_000).contains(&took_us), "{took_us}");
    assert_eq!(host.next_bytes(), [0xF8, 0x00, 0xF9, 0xF8, 0xF8, 0x00, 0xF9]);
    let mut host = Host::new();
    host.command(0x8C);
    host.command(0x22);
    assert_eq!(host.next_bytes(), [0xF8, 0xF8, 0xF8]);
}

#[test]
fn a_record_that_stands_by_begins_with_the_first_note() {
    let mut host = Host::new();
    host.command(0x20);
    assert!(host.is_silent_for_us(2_000_000));
    host.hear(&[0x91, 0x3C, 0x40]);
    assert_eq!(host.next_bytes(), [0x00, 0x91, 0x3C, 0x40]);
}

#[test]
fn the_record_counter_is_answered_and_cleared() {
    let mut host = Host::new();
    host.command(0x22);
    host.wait_us(200_000 - 78);
    assert_eq!(host.ask(0xAB), 0x26);
    assert_eq!(host.ask(0xAB), 0x00);
    host.wait_us(50_000);
    host.command(0xBA);
    assert_eq!(host.ask(0xAB), 0x00);
}

#[test]
fn data_in_stop_comes_without_timing_bytes_unless_34_wants_them() {
    let mut host = Host::new();
    host.command(0x8B);
    host.hear(&[0x90, 0x3C, 0x40, 0x3C, 0x00]);
    assert_eq!(host.next_bytes(), [0x90, 0x3C, 0x40, 0x3C, 0x00]);
    host.command(0x34);
    host.hear(&[0x90, 0x3C, 0x40]);
    let [_, status, key, velocity] = host.next_bytes();
    assert_eq!([status, key, velocity], [0x90, 0x3C, 0x40]);
}

#[test]
fn filters_let_benders_mode_common_realtime_and_exclusive_to_the_host() {
    let told = |commands: &[u8], bytes: &[u8]| {
        let mut host = Host::new();
        host.command(0x8B);
        commands.iter().for_each(|command| host.command(*command));
        host.hear(bytes);
        let mut told = Vec::new();
        while host.poll(0x80, 1_000, 0).is_ok() {
            told.push(host.data());
        }
        told
    };
    assert_eq!(told(&[], &[0xE0, 0x01, 0x02]), []);
    assert_eq!(told(&[0x87], &[0xE0, 0x01, 0x02]), [0xE0, 0x01, 0x02]);
    assert_eq!(told(&[0x87, 0x86], &[0xE0, 0x01, 0x02]), []);
    assert_eq!(told(&[], &[0xB0, 0x7B, 0x00]), []);
    assert_eq!(told(&[0x35], &[0xB0, 0x7B, 0x00]), [0xB0, 0x7B, 0x00]);
    assert_eq!(told(&[], &[0xF2, 0x01, 0x02]), []);
    assert_eq!(told(&[0x38], &[0xF2, 0x01, 0x02]), [0xFF, 0xF2, 0x01, 0x02]);
    assert_eq!(told(&[], &[0xFA]), []);
    assert_eq!(told(&[0x39], &[0xFA]), [0xFF, 0xFA]);
    assert_eq!(told(&[], &[0xF0, 0x41, 0x10, 0xF7]), []);
    assert_eq!(told(&[0x97], &[0xF0, 0x41, 0x10, 0xF7]), [0xFF, 0xF0, 0x41, 0x10, 0xF7]);
    assert_eq!(told(&[], &[0xC0, 0x07]), [0xC0, 0x07]);
}

#[test]
fn only_accepted_channels_go_to_the_host_and_a_lost_status_byte_is_put_in() {
    let mut host = Host::new();
    host.command(0x8B);
    host.set(0xEF, 0x7F);
    host.hear(&[0x90, 0x3C, 0x40, 0x9F, 0x3C, 0x40, 0x3D, 0x40]);
    assert_eq!(host.next_bytes(), [0x90, 0x3C, 0x40]);
    assert!(host.is_silent_for_us(5_000));
}

#[test]
fn with_midi_sync_the_ticks_follow_f8_on_midi_in() {
    let mut host = Host::new();
    host.command(0x82);
    host.sent();
    host.wait_us(1_000_000);
    assert_eq!(host.sent(), [], "no clock, no tick");
    host.start(0x01);
    for _ in 0..20 {
        host.hear(&[0xF8]);
        host.wait_us(19_680);
    }
    assert_eq!(host.next_byte(), 0xF0);
    for byte in [0x0A, 0x90, 0x3C, 0x40] {
        host.give(byte);
    }
    host.now_ns = host.now_ns.next_multiple_of(20_000_000);
    host.sent();
    for number in 0..6 {
        host.hear(&[0xF8]);
        host.wait_us(16_000);
        if host.status() & 0x80 == 0 {
            host.answer(0xF0, &[0xF8]);
            assert_eq!(number, 2, "the request behind the note");
        }
        host.now_ns = host.now_ns.next_multiple_of(20_000_000);
    }
    let sent = host.sent();
    let clocks: Vec<u64> =
        sent.iter().filter(|(_, byte)| *byte == 0xF8).map(|(us, _)| *us).collect();
    assert_eq!(clocks.len(), 6, "{sent:?}");
    let late_us = clocks[2] - clocks[1] - 20_000;
    assert!(late_us > 15_000, "one falls into the wait for an answer and is made up for");
    assert_eq!(clocks[5] - clocks[0], 100_000);
    let note_us = sent.iter().find(|(_, byte)| *byte == 0x90).expect("played").0;
    assert_eq!((note_us - clocks[0]) / 4_000, 9, "ticks: the first F8 is tick 1");
}

#[test]
fn realtime_affection_starts_and_stops_play() {
    let mut host = Host::new();
    host.command(0x91);
    host.set(0xEC, 0x01);
    host.command(0xB8);
    host.hear(&[0xFA]);
    host.answer(0xF0, &[0x10, 0x90, 0x3C, 0x40]);
    host.hear(&[0xFC]);
    assert!(host.is_silent_for_us(1_000_000));
    host.hear(&[0xFB]);
    host.answer(0xF0, &[]);
}

#[test]
fn a_byte_that_waits_for_the_host_lets_centuries_pass_at_once() {
    let mut host = Host::new();
    host.command(0x8B);
    host.command(0x95);
    host.hear(&[0xC0, 0x05]);
    host.wait_us(50_000);
    // All this time an FD is due, and the unit cannot give the FD to the host.
    host.wait_us(9_000_000_000_000_000);
    let bytes = [host.next_byte(), host.next_byte(), host.next_byte()];
    assert_eq!(bytes, [0xC0, 0x05, 0xFD]);
}
