//! The Roland unit as measured: its times, its buffers, and its mailboxes.

use crate::bus::{Bus, UART};
use hw_mpu401::{InitialState, Mode, Register};

fn roland(initial: InitialState) -> Bus {
    Bus::new("roland-mpu401", initial)
}

/// Time from now until DRR clears, in us.
fn drr_clear_us(bus: &mut Bus) -> u64 {
    let written_us = bus.now_us();
    bus.poll(0x40, 200_000, 0).expect("DRR clears");
    bus.now_us() - written_us
}

#[test]
fn a_data_byte_is_taken_in_21_us_and_on_the_wire_91_us_later() {
    let mut bus = roland(UART);
    bus.write_data(0x90);
    assert_eq!(drr_clear_us(&mut bus), 21);
    bus.wait_us(1_000);
    assert_eq!(bus.sent(), [(1 + 21 + 91, 0x90)]);
}

#[test]
fn bytes_written_back_to_back_are_taken_every_155_us_until_258_are_inside() {
    let mut bus = roland(UART);
    let mut written = 0;
    let mut taken_us = Vec::new();
    let mut most = 0;
    while drr_clear_us_within(&mut bus, 200) {
        taken_us.push(bus.now_us());
        bus.write_data(written);
        written = written.wrapping_add(1);
        let waiting = bus.chip.waiting();
        most = most.max(waiting.host + waiting.output);
    }
    let pace: Vec<u64> = taken_us.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pace[2..200].iter().all(|us| (155..=157).contains(us)), "{pace:?}");
    assert_eq!(most, 258);
    bus.wait_us(90_000);
    let expected: Vec<u8> = (0..taken_us.len()).map(|number| number as u8).collect();
    assert_eq!(bus.sent_bytes(), expected, "nothing is lost, nothing out of order");
}

#[test]
fn a_full_buffer_takes_a_byte_every_294_or_330_us_and_every_320_us_in_the_mean() {
    let mut bus = roland(UART);
    let mut takes_us = Vec::new();
    for _ in 0..1_400 {
        bus.poll(0x40, 400, 0).expect("taken");
        takes_us.push(bus.now_us());
        bus.write_data(0x55);
    }
    let full = &takes_us[600..=1_320];
    let paces: Vec<u64> = full.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(paces.iter().all(|us| [294, 330].contains(us)), "{paces:?}");
    // 5 of 18 paces are short: 5 * 294 + 13 * 330 = 18 * 320.
    assert_eq!(paces.iter().filter(|us| **us == 294).count(), 200);
    let sent = bus.sent();
    let gaps = sent[1..].windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(gaps.into_iter().all(|us| us == 320), "the wire never pauses");
}

#[test]
fn a_byte_that_comes_in_delays_the_next_host_byte_by_its_service() {
    let mut bus = roland(UART);
    bus.chip.midi_in(0, 0xF8);
    bus.wait_us(310);
    bus.write_data(0x90);
    // The byte has come in 320 us after its start bit. 139 us later it is in DATA.
    assert_eq!(bus.now_us() + drr_clear_us(&mut bus), 320 + 139);
    bus.data();
    bus.chip.midi_in(0, 0xF8);
    bus.wait_us(200);
    bus.write_data(0x91);
    assert_eq!(drr_clear_us(&mut bus), 21, "before the byte has come in");
}

fn drr_clear_us_within(bus: &mut Bus, limit: u32) -> bool {
    bus.poll(0x40, limit, 0).is_ok()
}

#[test]
fn a_second_byte_written_too_soon_replaces_the_first() {
    let mut bus = roland(UART);
    bus.write_data(0x90);
    bus.write_data(0x91);
    bus.wait_us(1_000);
    assert_eq!(bus.sent_bytes(), [0x91]);
    assert_eq!(bus.chip.counters().overwritten, 1);
}

#[test]
fn every_one_of_the_256_codes_is_acknowledged_in_intelligent_mode() {
    for code in 0..=0xFF {
        let mut bus = roland(InitialState::Idle);
        bus.write_command(code);
        bus.poll(0x80, 1_000, 0).expect("an ACK");
        assert_eq!(bus.now_us(), 1 + 52 + 25, "{code:02X}");
        assert_eq!(bus.data(), 0xFE, "{code:02X}");
    }
}

#[test]
fn the_version_is_answered_once_the_ack_has_been_read() {
    for (code, answer) in [(0xAC, 0x15), (0xAD, 0x01)] {
        let mut bus = roland(InitialState::Idle);
        bus.write_command(code);
        bus.wait_us(5_000);
        assert_eq!(bus.data(), 0xFE);
        let read_us = bus.now_us();
        bus.poll(0x80, 1_000, 0).expect("the answer");
        assert_eq!(bus.now_us() - read_us, 85);
        assert_eq!(bus.data(), answer);
    }
}

#[test]
fn a_command_behind_an_unread_ack_is_taken_but_not_acknowledged() {
    let mut bus = roland(InitialState::Idle);
    bus.write_command(0x05);
    bus.wait_us(1_000);
    bus.write_command(0xAC);
    assert_eq!(drr_clear_us(&mut bus), 52);
    bus.write_command(0xAD);
    assert!(bus.poll(0x40, 50_000, 0).is_err(), "the unit waits for the host to read");
    assert_eq!(bus.data(), 0xFE);
    bus.poll(0x80, 100, 0).expect("the ACK of AC");
    assert_eq!(bus.data(), 0xFE);
    bus.poll(0x80, 100, 0).expect("the answer of AC");
    assert_eq!(bus.data(), 0x15);
    bus.poll(0x80, 200, 0).expect("the ACK of AD");
}

#[test]
fn the_ack_of_a_reset_comes_before_its_27_ms() {
    let mut bus = roland(InitialState::Idle);
    bus.write_command(0xFF);
    bus.poll(0x80, 1_000, 0).expect("an ACK");
    assert_eq!(bus.data(), 0xFE);
    assert_eq!(bus.status() & 0x40, 0, "the latch is empty");
    bus.write_command(0x05);
    drr_clear_us(&mut bus);
    assert_eq!(bus.now_us(), 1 + 52 + 27_200);
}

#[test]
fn data_is_taken_34_7_ms_after_the_ack_of_3f_and_midi_in_is_lost_till_then() {
    let mut bus = roland(InitialState::Idle);
    bus.write_command(0x3F);
    let ack_us = 1 + 52 + 25;
    bus.chip.midi_in(10_000_000, 0x90);
    bus.chip.midi_in((ack_us + 34_700) * 1_000, 0x91);
    bus.wait_us(1_000);
    assert_eq!(bus.data(), 0xFE);
    assert_eq!(bus.chip.mode(), Mode::Uart);
    bus.write_data(0xC0);
    drr_clear_us(&mut bus);
    assert_eq!(bus.now_us(), ack_us + 34_700);
    bus.poll(0x80, 1_000, 0).expect("the second byte");
    assert_eq!(bus.data(), 0x91);
    assert_eq!(bus.chip.counters().lost_in_busy, 1);
}

#[test]
fn a_reset_in_uart_mode_is_not_acknowledged_and_takes_60_ms() {
    let mut bus = roland(UART);
    bus.write_command(0xFF);
    assert_eq!(drr_clear_us(&mut bus), 21);
    bus.write_command(0x05);
    drr_clear_us(&mut bus);
    assert_eq!(bus.now_us(), 1 + 21 + 60_460);
    assert_eq!(bus.status() & 0x80, 0x80, "no ACK so far");
    bus.poll(0x80, 100, 0).expect("the ACK of 05");
}

#[test]
fn any_other_command_in_uart_mode_is_swallowed() {
    for code in 0..0xFF {
        let mut bus = roland(UART);
        bus.write_command(code);
        assert_eq!(drr_clear_us(&mut bus), 21);
        assert!(bus.poll(0x80, 1_000, 0).is_err());
        assert_eq!(bus.chip.mode(), Mode::Uart);
        assert_eq!(bus.chip.counters().ignored, 1);
    }
}

#[test]
fn a_full_output_buffer_is_sent_for_43_ms_after_a_reset_and_then_thrown_away() {
    let mut bus = roland(UART);
    for _ in 0..1_000 {
        if bus.poll(0x40, 200, 0).is_err() {
            break;
        }
        bus.write_data(0x40);
    }
    bus.poll(0x40, 1_000, 0).expect("room for the command");
    bus.sent();
    bus.write_command(0xFF);
    bus.poll(0x40, 1_000, 0).expect("taken");
    let taken_us = bus.now_us();
    bus.write_command(0x05);
    drr_clear_us(&mut bus);
    let busy_us = bus.now_us() - taken_us;
    assert!((70_110..=70_180).contains(&busy_us), "{busy_us}");
    let sent = bus.sent();
    let notes = sent.iter().filter(|(_, byte)| *byte == 0x40).count();
    assert!((130..=137).contains(&notes), "{notes}");
    assert_eq!(sent.last().map(|(_, byte)| *byte), Some(0xFC));
    let dropped = bus.chip.counters().dropped_by_reset;
    assert!((110..=125).contains(&dropped), "{dropped}");
}

#[test]
fn stop_and_clock_are_sent_after_a_reset_until_uart_mode_is_entered() {
    let mut bus = roland(InitialState::Idle);
    bus.write_command(0xFF);
    bus.wait_us(100_000);
    let taken_us = 1 + 52;
    assert_eq!(
        bus.sent(),
        [
            (taken_us + 26_630, 0xFC),
            (taken_us + 39_000, 0xF8),
            (taken_us + 64_000, 0xF8),
            (taken_us + 89_000, 0xF8),
        ]
    );
    bus.data();
    bus.write_command(0x3F);
    bus.wait_us(200_000);
    assert_eq!(bus.sent(), []);
}

#[test]
fn power_on_takes_27_ms_and_acknowledges_nothing() {
    let mut bus = roland(InitialState::PowerOn);
    bus.write_command(0xFF);
    drr_clear_us(&mut bus);
    assert_eq!(bus.now_us(), 27_010);
    assert_eq!(bus.sent_bytes(), [0xFC]);
    bus.poll(0x80, 100, 0).expect("the ACK of FF");
}

#[test]
fn a_midi_in_byte_is_readable_139_us_after_its_stop_bit() {
    let mut chip = roland(UART).chip;
    chip.midi_in(50_000, 0x90);
    assert_eq!(chip.next_event_ns(), 50_000);
    chip.advance(50_000);
    assert_eq!(chip.next_event_ns(), 370_000);
    chip.advance(370_000);
    assert_eq!(chip.next_event_ns(), 509_000);
    assert!(!chip.interrupt_line());
    chip.advance(509_000);
    assert!(chip.interrupt_line());
    assert_eq!(chip.next_event_ns(), u64::MAX);
    assert_eq!(chip.read(Register::Data, 600_000), 0x90);
    assert!(!chip.interrupt_line());
}

#[test]
fn the_line_gives_an_edge_a_byte_9_us_after_the_read() {
    let mut chip = roland(UART).chip;
    chip.midi_in(0, 0x90);
    chip.midi_in(0, 0x3C);
    chip.advance(10_000_000);
    assert_eq!(chip.read(Register::Data, 10_000_000), 0x90);
    assert!(!chip.interrupt_line());
    assert_eq!(chip.next_event_ns(), 10_009_000);
    chip.advance(10_009_000);
    assert!(chip.interrupt_line());
    assert_eq!(chip.read(Register::Data, 10_010_000), 0x3C);
}

#[test]
fn a_backlog_of_input_is_read_at_7200_bytes_a_second() {
    let mut bus = roland(UART);
    for byte in 0..100 {
        bus.chip.midi_in(0, byte);
    }
    bus.wait_us(40_000);
    let started_us = bus.now_us();
    for byte in 0..100 {
        bus.poll(0x80, 1_000, 0).expect("a byte");
        assert_eq!(bus.data(), byte);
    }
    let rate = 98 * 1_000_000 / (bus.now_us() - started_us);
    assert!((7_000..=7_300).contains(&rate), "{rate}");
}

#[test]
fn one_unread_byte_does_not_stop_output_but_a_second_one_does() {
    let mut bus = roland(UART);
    bus.chip.midi_in(0, 0x90);
    bus.wait_us(1_000);
    bus.write_data(0xC0);
    assert_eq!(drr_clear_us(&mut bus), 21);
    bus.chip.midi_in(bus.now_ns, 0x3C);
    bus.chip.midi_in(bus.now_ns, 0x40);
    bus.wait_us(2_000);
    bus.write_data(0xC1);
    assert!(bus.poll(0x40, 1_000_000, 0).is_err(), "for ever");
    bus.write_command(0xFF);
    assert!(bus.poll(0x40, 1_000_000, 0).is_err(), "a reset neither");
    bus.write_data(0xC2);
    assert_eq!(bus.data(), 0x90);
    assert!(drr_clear_us(&mut bus) <= 200);
    bus.wait_us(1_000);
    assert_eq!(bus.sent_bytes(), [0xC0, 0xC2]);
}

#[test]
fn a_byte_that_arrives_when_the_unit_is_free_again_goes_before_the_byte_of_the_host() {
    let mut bus = roland(InitialState::Uart { stale: 0x00 });
    bus.write_data(0x00);
    bus.wait_us(33);
    // Its stop bit ends at 354 us.
    bus.chip.midi_in(bus.now_ns, 0x00);
    bus.write_command(0x00);
    let mut free_us = Vec::new();
    for _ in 0..3 {
        bus.poll(0x40, 500, 0).expect("the latch is empty");
        free_us.push(bus.now_us());
        bus.write_data(0x55);
    }
    // The unit takes the data byte 00 at 22 us. It drops the command at 177 us, at the end of its
    // work on the 00. It takes the first 55 at 199 us, and its work on this byte ends at 354 us.
    // Then the unit fetches the byte that has just arrived. The fetch takes 139 us, and after the
    // fetch the unit takes the second 55.
    assert_eq!(free_us, [177, 199, 493]);
}

#[test]
fn the_first_1745_unread_bytes_stay_and_the_newest_are_lost() {
    let mut bus = roland(UART);
    for number in 0..2_000_u64 {
        bus.chip.midi_in(0, (number % 251) as u8);
    }
    bus.wait_us(2_000 * 320 + 1_000);
    for number in 0..1_745_u64 {
        bus.poll(0x80, 1_000, 0).expect("a byte");
        assert_eq!(u64::from(bus.data()), number % 251);
    }
    assert!(bus.poll(0x80, 10_000, 0).is_err());
    assert_eq!(bus.chip.counters().rx_overrun, 255);
}

#[test]
fn midi_in_does_not_reach_the_host_in_intelligent_mode() {
    let mut bus = roland(InitialState::Idle);
    for byte in [0x90, 0x3C, 0x40] {
        bus.chip.midi_in(0, byte);
    }
    bus.wait_us(5_000);
    assert_eq!(bus.status(), 0xBF);
    assert_eq!(bus.chip.counters().unheard, 3);
}

#[test]
fn output_and_input_at_full_wire_rate_do_not_hold_each_other_up() {
    let mut bus = roland(UART);
    for number in 0..500_u64 {
        bus.chip.midi_in(number * 320_000, number as u8);
    }
    let mut written = 0_u64;
    let mut read = 0;
    while bus.now_us() < 160_000 {
        let status = bus.status();
        if status & 0x80 == 0 {
            assert_eq!(bus.data(), read);
            read = read.wrapping_add(1);
        }
        if status & 0x40 == 0 {
            bus.write_data(written as u8);
            written += 1;
        }
    }
    let counters = bus.chip.counters();
    assert!(counters.sent >= 498, "{counters:?}");
    assert!(counters.delivered >= 498, "{counters:?}");
}
