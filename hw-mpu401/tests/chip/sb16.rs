//! The Sound Blaster 16: two latches, and a DSP that has other work too.

use crate::bus::{Bus, UART};
use hw_mpu401::{CardTiming, Fault, Fill, InitialState, Mode, Mpu401, Phase, Register, card};

const VERSIONS: [&str; 6] =
    ["sb16-dsp404", "sb16-dsp405", "sb16-dsp411", "sb16-dsp412", "sb16", "awe64"];

/// Writes a data byte when DRR is clear.
fn send(bus: &mut Bus, byte: u8) {
    bus.poll(0x40, 1_000, 0).expect("room");
    bus.write_data(byte);
}

/// Assumed: the card acknowledges a reset in UART mode too. Creative's guide tells the driver to
/// read an FE after a reset, and makes no exception for UART mode.
#[test]
fn a_reset_in_uart_mode_is_acknowledged_with_an_interrupt() {
    for version in VERSIONS {
        let mut bus = Bus::new(version, UART);
        bus.write_command(0xFF);
        assert!(bus.chip.interrupt_line());
        assert_eq!(bus.data(), 0xFE);
        assert!(!bus.chip.interrupt_line());
        assert_eq!(bus.chip.mode(), Mode::Intelligent);
    }
}

#[test]
fn a_second_byte_before_the_dsp_has_looked_replaces_the_first() {
    let mut bus = Bus::new("sb16", UART);
    bus.write_data(0x90);
    assert_eq!(bus.status() & 0x40, 0x40);
    bus.write_data(0x3C);
    bus.wait_us(1_000);
    assert_eq!(bus.sent_bytes(), [0x3C]);
    assert_eq!(bus.chip.counters().overwritten, 1);
}

#[test]
fn the_wire_stays_full_at_every_point_of_the_ranges() {
    for version in VERSIONS {
        for timing in [CardTiming::Shortest, CardTiming::Typical, CardTiming::Longest] {
            let profile = card(version).expect("a known card");
            let mut bus = Bus { chip: Mpu401::with_timing(profile, UART, timing), now_ns: 0 };
            for byte in 0..20 {
                send(&mut bus, byte);
            }
            bus.wait_us(1_000);
            let sent = bus.sent();
            assert_eq!(sent.len(), 20);
            for pair in sent.windows(2) {
                assert_eq!(pair[1].0 - pair[0].0, 320, "{version}, {timing:?}");
            }
        }
    }
}

#[test]
fn drr_clears_while_the_stop_bit_of_the_byte_before_is_on_the_wire() {
    let mut bus = Bus::new("sb16", UART);
    send(&mut bus, 0x90);
    send(&mut bus, 0x3C);
    bus.poll(0x40, 1_000, 0).expect("room");
    let room_us = bus.now_us();
    assert_eq!(bus.chip.state().output, Fill { bytes: 2, limit: 2 });
    let start_us = bus.sent()[0].0;
    assert!((start_us + 288..start_us + 320).contains(&room_us), "{start_us} {room_us}");
}

#[test]
fn an_ack_replaces_a_byte_that_the_host_has_not_read() {
    for command in [0xFF, 0x3F] {
        let mut bus = Bus::new("sb16", InitialState::Idle);
        bus.write_command(0xFF);
        bus.write_command(command);
        bus.wait_us(100);
        assert_eq!(bus.data(), 0xFE);
        bus.wait_us(100);
        assert_eq!(bus.status() & 0x80, 0x80, "{command:X}");
    }
    let mut bus = Bus::new("sb16", UART);
    bus.chip.midi_in(0, 0x90);
    bus.wait_us(1_000);
    bus.write_command(0xFF);
    assert_eq!(bus.data(), 0xFE);
    assert_eq!(bus.chip.counters().input_cleared, 1);
}

#[test]
fn a_byte_that_the_end_of_uart_mode_drops_is_counted_as_ignored() {
    let mut bus = Bus::new("sb16", UART);
    send(&mut bus, 0x90);
    send(&mut bus, 0x3C);
    bus.write_command(0xFF);
    assert_eq!(bus.status() & 0x40, 0, "the latch is free");
    bus.wait_us(1_000);
    assert_eq!(bus.sent_bytes(), [0x90]);
    assert_eq!(bus.chip.counters().ignored, 1);
}

#[test]
fn input_that_comes_before_the_dsp_has_entered_uart_mode_is_lost() {
    let mut bus = Bus::new("sb16", InitialState::Idle);
    bus.chip.midi_in(0, 0x90);
    bus.wait_us(312);
    bus.write_command(0x3F);
    bus.wait_us(1_000);
    assert_eq!(bus.data(), 0xFE);
    bus.wait_us(100);
    assert_eq!(bus.status() & 0x80, 0x80);
    assert_eq!(bus.chip.counters().lost_in_busy, 1);
}

#[test]
fn a_held_dsp_is_told_and_a_shorter_hold_changes_nothing() {
    let mut bus = Bus::new("sb16", UART);
    bus.chip.hold_midi(500_000);
    bus.chip.hold_midi(200_000);
    bus.write_data(0x90);
    assert_eq!(bus.chip.state().phase, Phase::Busy(500_000));
    bus.wait_us(498);
    assert_eq!(bus.status() & 0x40, 0, "at 500 us");
    assert_eq!(bus.chip.state().phase, Phase::Ready);
}

#[test]
fn a_hold_after_3f_delays_the_entry_and_loses_what_arrives_until_then() {
    let mut bus = Bus::new("sb16", InitialState::Idle);
    bus.write_command(0x3F);
    bus.chip.hold_midi(1_000_000);
    bus.chip.midi_in(0, 0x90);
    bus.wait_us(998);
    assert_eq!(bus.status() & 0x80, 0, "the FE comes at 1000 us");
    bus.data();
    bus.wait_us(100);
    assert_eq!(bus.status() & 0x80, 0x80);
    assert_eq!(bus.chip.counters().lost_in_busy, 1);
}

#[test]
fn each_hold_has_a_place_for_one_byte_of_input() {
    let mut bus = Bus::new("sb16", UART);
    bus.chip.hold_midi(1_000_000);
    for byte in [0x80, 0x81] {
        bus.chip.midi_in(0, byte);
    }
    bus.wait_us(1_100);
    assert_eq!(bus.data(), 0x80);
    bus.chip.hold_midi(2_100_000);
    bus.chip.midi_in(0, 0x82);
    bus.wait_us(1_100);
    assert_eq!(bus.data(), 0x82);
    assert_eq!(bus.chip.counters().rx_overrun, 1);
}

#[test]
fn no_other_work_holds_a_card_without_a_bus_chip() {
    for name in ["roland-mpu401", "smsc-superio"] {
        let mut bus = Bus::new(name, UART);
        bus.chip.hold_midi(1_000_000_000);
        bus.write_data(0x90);
        bus.wait_us(500);
        assert_eq!(bus.sent_bytes(), [0x90], "{name}");
    }
}

#[test]
fn a_hanging_note_repeats_the_byte_before_as_often_as_asked_on_any_card() {
    for name in ["sb16", "smsc-superio", "roland-mpu401"] {
        let mut bus = Bus::new(name, UART);
        let mut sent = Vec::new();
        for (byte, faults) in
            [(1, None), (2, Some(2)), (3, None), (4, None), (5, Some(7)), (6, Some(0))]
        {
            if let Some(bytes) = faults {
                bus.chip.inject(Fault::HangingNote, bytes);
            }
            bus.write_data(byte);
            bus.wait_us(1_000);
            sent.extend(bus.sent_bytes());
        }
        assert_eq!(sent, [1, 1, 1, 4, 4, 6], "{name}");
    }
}

#[test]
fn a_command_with_a_lost_ack_is_done_and_says_nothing() {
    for name in ["sb16", "smsc-superio", "roland-mpu401"] {
        let mut bus = Bus::new(name, InitialState::Idle);
        bus.chip.inject(Fault::AckLost, 1);
        bus.write_command(0x3F);
        bus.wait_us(100_000);
        assert_eq!(bus.status() & 0x80, 0x80, "{name}: no byte waits");
        assert_eq!(bus.chip.mode(), Mode::Uart, "{name}");
        bus.write_data(0xF8);
        bus.wait_us(1_000);
        assert_eq!(bus.sent_bytes(), [0xF8], "{name}");
    }
}

#[test]
fn the_ack_behind_the_lost_ones_comes() {
    let mut bus = Bus::new("smsc-superio", InitialState::Idle);
    bus.chip.inject(Fault::AckLost, 2);
    let mut answered = Vec::new();
    for _ in 0..3 {
        bus.write_command(0xFF);
        bus.wait_us(100_000);
        let has_byte = bus.status() & 0x80 == 0;
        answered.push(has_byte.then(|| bus.data()));
    }
    assert_eq!(answered, [None, None, Some(0xFE)]);
}

#[test]
fn the_first_byte_of_all_has_a_0_before_it_when_a_note_hangs() {
    let mut bus = Bus::new("sb16", UART);
    bus.chip.inject(Fault::HangingNote, 1);
    bus.chip.write(Register::Data, 0x90, 0);
    bus.wait_us(1_000);
    assert_eq!(bus.sent_bytes(), [0x00]);
}
