//! Tempo, timebase, MIDI clock, FD, and the parameters of intelligent mode.

use crate::host::Host;

/// The mean time from one F8 to the next, in ns.
fn clock_ns(host: &mut Host) -> u64 {
    host.wait_us(100_000);
    host.clocks();
    host.wait_us(3_000_000);
    let clocks = host.clocks();
    let (first, last) = (clocks[0], clocks[clocks.len() - 1]);
    (last - first) * 1_000 / (clocks.len() as u64 - 1)
}

#[test]
fn the_clock_follows_tempo_and_timebase_with_half_ticks_of_whole_microseconds() {
    let timebases: [u64; 7] = [48, 72, 96, 120, 144, 168, 192];
    for tempo in [8, 40, 77, 100, 120, 150, 199, 240] {
        for (timebase, code) in timebases.iter().zip(0xC2..) {
            let mut host = Host::new();
            host.command(code);
            host.set(0xE0, tempo as u8);
            let half_us = (30_000_000 + tempo * timebase / 2) / (tempo * timebase);
            let half_us = half_us.clamp(1_000, 65_536);
            let expected_ns = half_us * 2_000 * (timebase / 24);
            let pace_ns = clock_ns(&mut host);
            assert!(pace_ns.abs_diff(expected_ns) <= 1_000, "{tempo} {timebase}: {pace_ns}");
        }
    }
}

#[test]
fn tempo_240_gives_10420_us_a_clock() {
    let mut host = Host::new();
    host.set(0xE0, 240);
    assert_eq!(clock_ns(&mut host), 10_420_000);
}

#[test]
fn timebases_216_and_240_are_acknowledged_and_ignored() {
    for code in [0xC9, 0xCA] {
        let mut host = Host::new();
        host.command(code);
        assert_eq!(clock_ns(&mut host), 25_000_000);
    }
}

#[test]
fn the_relative_tempo_multiplies_and_b1_ends_it() {
    let mut host = Host::new();
    host.set(0xE1, 0x80);
    assert_eq!(clock_ns(&mut host), 12_500_000);
    assert_eq!(host.ask(0xAF), 200);
    host.command(0xB1);
    assert_eq!(clock_ns(&mut host), 25_000_000);
    assert_eq!(host.ask(0xAF), 100);
}

#[test]
fn the_tempo_is_answered_within_4_to_250_after_about_a_millisecond() {
    for (tempo, relative, answer) in
        [(0xFF, 0x40, 0xFA), (0x00, 0x40, 0x04), (120, 0x80, 0xF0), (120, 0x01, 0x04)]
    {
        let mut host = Host::new();
        host.set(0xE0, tempo);
        host.set(0xE1, relative);
        host.command(0xAF);
        let read_us = host.now_us();
        assert_eq!(host.next_byte(), answer);
        let took_us = host.now_us() - read_us;
        assert!((950..=1_062).contains(&took_us), "{took_us}");
    }
}

#[test]
fn a_graduation_doubles_the_tempo_by_and_by() {
    for (value, ms) in [(0xFF, 175), (0x80, 263), (0x40, 387), (0x10, 799), (0x01, 3_400)] {
        let mut host = Host::new();
        host.set(0xE2, value);
        host.set(0xE1, 0x80);
        let begun_us = host.now_us();
        host.wait_us(5_000_000);
        let clocks = host.clocks();
        let doubled = clocks.windows(2).find(|pair| pair[1] - pair[0] == 12_500).expect("reached");
        let took_ms = (doubled[0] - begun_us) / 1_000;
        // F8 comes every 12.5 ms, so an observer on the wire cannot measure the time more exactly.
        assert!(took_ms.abs_diff(ms) <= 13 + ms * 3 / 100, "{value:02X}: {took_ms} ms");
    }
}

#[test]
fn every_code_of_e0_to_ef_takes_one_data_byte_and_all_stands_still_till_it_comes() {
    for code in 0xE0..=0xEF {
        let mut host = Host::new();
        host.wait_us(99_000);
        host.command(code);
        host.sent();
        host.wait_us(1_000_000);
        assert_eq!(host.sent(), [], "{code:02X}");
        host.give(0x40);
        host.wait_us(100_000);
        assert!(host.clocks().len() >= 2, "{code:02X}");
        assert_eq!(host.chip.counters().parameters, 1);
    }
}

#[test]
fn a_command_instead_of_the_data_byte_is_run_and_the_wait_is_over() {
    let mut host = Host::new();
    host.command(0xE0);
    assert_eq!(host.ask(0xAC), 0x15);
    host.give(0x30);
    host.wait_us(1_000);
    assert_eq!(host.ask(0xAF), 100, "the byte was a stray one");
}

#[test]
fn a_command_right_after_a_new_tempo_is_acknowledged_up_to_a_millisecond_later() {
    let mut host = Host::new();
    host.set(0xE0, 120);
    host.poll(0x40, 1_000, 0).expect("taken");
    let written_us = host.now_us();
    host.command(0xB1);
    let took_us = host.now_us() - written_us;
    assert!((800..=1_000).contains(&took_us), "{took_us}");
}

#[test]
fn fd_comes_every_quarter_of_e7_ticks_once_it_is_wanted() {
    for (value, gaps) in [(5, [2, 1, 1, 1]), (6, [2, 1, 2, 1]), (7, [2, 2, 2, 1]), (20, [5; 4])] {
        let mut host = Host::new();
        host.set(0xE7, value);
        assert!(host.is_silent_for_us(100_000));
        host.command(0x95);
        let mut times = [0; 40];
        for time_us in &mut times {
            assert_eq!(host.next_byte(), 0xFD);
            *time_us = host.now_us();
        }
        let ticks: Vec<u64> =
            times.windows(2).map(|pair| (pair[1] - pair[0] + 2_500) / 5_000).collect();
        let matches = (0..4).any(|phase| {
            ticks.iter().enumerate().all(|(number, ticks)| *ticks == gaps[(number + phase) % 4])
        });
        assert!(matches, "{value}: {ticks:?}");
        host.command(0x94);
        assert!(host.is_silent_for_us(100_000));
    }
}

#[test]
fn an_fd_that_is_late_is_not_lost_and_the_backlog_comes_08_ms_apart() {
    let mut host = Host::new();
    host.set(0xE7, 20);
    host.command(0x95);
    host.wait_us(500_000);
    let mut times = Vec::new();
    while let Ok(()) = host.poll(0x80, 5_000, 0) {
        assert_eq!(host.data(), 0xFD);
        times.push(host.now_us());
    }
    assert!((19..=21).contains(&times.len()), "{}", times.len());
    let gaps: Vec<u64> = times[2..].windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|us| (790..=810).contains(us)), "{gaps:?}");
}

#[test]
fn an_unread_fd_keeps_commands_waiting_and_the_clock_running() {
    let mut host = Host::new();
    host.set(0xE7, 20);
    host.command(0x95);
    host.wait_us(100_000);
    host.sent();
    host.write_command(0xAC);
    assert!(host.poll(0x40, 100_000, 0).is_err(), "a second FD waits, so the unit does");
    assert!(host.clocks().len() >= 3, "F8 goes on");
    assert_eq!(host.data(), 0xFD);
    host.poll(0x40, 2_000, 0).expect("taken in the end");
}

#[test]
fn starts_and_stops_put_fa_fb_and_fc_on_midi_out() {
    for (command, byte) in [(0x02, 0xFA), (0x03, 0xFB), (0x01, 0xFC), (0x0E, 0xFA), (0x2F, 0xFB)] {
        let mut host = Host::new();
        host.command(command);
        host.wait_us(30_000);
        assert_eq!(host.played_bytes(), [byte], "{command:02X}");
    }
    let mut host = Host::new();
    host.command(0x32);
    host.command(0x02);
    host.wait_us(100_000);
    assert_eq!(host.sent(), [], "32: no realtime output");
}
