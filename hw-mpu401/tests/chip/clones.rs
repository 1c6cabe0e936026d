//! The cards without firmware: super-I/O, cheap clone.

use crate::bus::{Bus, UART};
use hw_mpu401::{
    AckPosition, Fifos, InitialState, InterruptKind, Mode, Mpu401, Overrun, Register, ResetAck,
    card,
};

#[test]
fn an_smsc_takes_17_bytes_in_a_row_and_then_one_a_byte_time() {
    let mut bus = Bus::new("smsc-superio", UART);
    for byte in 0..17 {
        assert_eq!(bus.status() & 0x40, 0, "{byte}");
        bus.write_data(byte);
    }
    assert_eq!(bus.status() & 0x40, 0x40);
    bus.write_data(0xEE);
    bus.poll(0x40, 1_000, 0).expect("room");
    let first_us = bus.now_us();
    bus.write_data(17);
    bus.poll(0x40, 1_000, 0).expect("room");
    assert_eq!(bus.now_us() - first_us, 320);
    bus.wait_us(10_000);
    assert_eq!(bus.sent_bytes(), (0..18).collect::<Vec<_>>(), "EE was lost");
    assert_eq!(bus.chip.counters().ignored, 1);
}

#[test]
fn the_line_of_an_smsc_stays_up_until_the_last_byte_is_read() {
    let mut bus = Bus::new("smsc-superio", UART);
    for byte in 0..3 {
        bus.chip.midi_in(0, byte);
    }
    bus.wait_us(2_000);
    for byte in 0..3 {
        bus.status();
        assert!(bus.chip.interrupt_line());
        assert_eq!(bus.data(), byte);
    }
    assert!(!bus.chip.interrupt_line());
}

#[test]
fn an_smsc_keeps_16_bytes_and_loses_the_newest() {
    let mut bus = Bus::new("smsc-superio", UART);
    for byte in 0..20 {
        bus.chip.midi_in(0, byte);
    }
    bus.wait_us(10_000);
    for byte in 0..16 {
        assert_eq!(bus.data(), byte);
    }
    assert_eq!(bus.status() & 0x80, 0x80);
    assert_eq!(bus.chip.counters().rx_overrun, 4);
}

#[test]
fn unread_input_does_not_stop_the_output_of_an_smsc() {
    let mut bus = Bus::new("smsc-superio", UART);
    for byte in [0x90, 0x3C, 0x40] {
        bus.chip.midi_in(0, byte);
    }
    bus.wait_us(2_000);
    bus.write_data(0xC0);
    assert_eq!(bus.status() & 0x40, 0);
}

#[test]
fn a_byte_that_arrives_after_3f_comes_behind_its_ack_on_an_smsc() {
    let mut bus = Bus::new("smsc-superio", InitialState::Idle);
    bus.write_command(0x3F);
    bus.chip.midi_in(bus.now_ns, 0x90);
    bus.wait_us(1_000);
    assert_eq!([bus.data(), bus.data()], [0xFE, 0x90]);
}

#[test]
fn ff_clears_the_unread_input_of_an_smsc_and_is_not_acknowledged_in_uart_mode() {
    let mut bus = Bus::new("smsc-superio", UART);
    bus.chip.midi_in(0, 0x90);
    bus.chip.midi_in(0, 0x91);
    bus.wait_us(1_000);
    bus.write_command(0xFF);
    assert_eq!(bus.status(), 0x80);
    assert_eq!(bus.chip.mode(), Mode::Intelligent);
    assert_eq!(bus.chip.counters().input_cleared, 2);
    bus.write_command(0x05);
    assert_eq!(bus.status(), 0x80, "an unknown command is not acknowledged");
}

#[test]
fn ff_lets_an_smsc_send_what_it_holds_and_3f_throws_it_away() {
    let mut bus = Bus::new("smsc-superio", UART);
    for byte in 0..10 {
        bus.write_data(byte);
    }
    bus.write_command(0xFF);
    bus.wait_us(1_000);
    bus.write_command(0x3F);
    bus.wait_us(10_000);
    assert_eq!(bus.sent_bytes(), [0, 1, 2, 3]);
    assert_eq!(bus.chip.counters().dropped_by_reset, 6);
}

#[test]
fn a_clone_without_commands_never_acknowledges_and_is_always_in_uart_mode() {
    for initial in [InitialState::PowerOn, InitialState::Idle, UART] {
        let mut bus = Bus::new("clone-dumb", initial);
        bus.write_command(0xFF);
        bus.write_command(0x3F);
        assert!(bus.poll(0x80, 10_000, 0).is_err());
        assert_eq!(bus.chip.mode(), Mode::Uart);
        assert_eq!(bus.chip.counters().ignored, 2);
        bus.write_data(0x90);
        assert_eq!(bus.status() & 0x40, 0x40);
        bus.poll(0x40, 1_000, 0).expect("the byte has left");
        assert_eq!(bus.sent_bytes(), [0x90]);
        assert!(bus.chip.is_idle());
    }
}

#[test]
fn a_one_byte_input_is_overwritten_by_the_next_byte() {
    let mut bus = Bus::new("clone-dumb", UART);
    for byte in [0x90, 0x3C, 0x40] {
        bus.chip.midi_in(0, byte);
    }
    bus.wait_us(2_000);
    assert_eq!([bus.data(), bus.data()], [0x40, 0x40], "the last one, then stale");
    assert_eq!(bus.chip.counters().rx_overrun, 2);
}

#[test]
fn an_ack_goes_before_or_behind_unread_input_as_the_profile_says() {
    for (ack_position, expected) in
        [(AckPosition::Tail, [0x90, 0xFE, 0xFE]), (AckPosition::Front, [0xFE, 0x90, 0x90])]
    {
        let mut profile = card("smsc-superio").expect("known").clone();
        profile.behaviour.ack_reset_in_uart = ResetAck::Acknowledged;
        profile.behaviour.cleared_by_reset = Fifos::empty();
        profile.behaviour.ack_position = ack_position;
        let mut chip = Mpu401::new(&profile, UART);
        chip.midi_in(0, 0x90);
        chip.write(Register::Command, 0xFF, 1_000_000);
        let read = [0, 1, 2].map(|number| chip.read(Register::Data, 1_001_000 + number));
        assert_eq!(read, expected);
    }
}

#[test]
fn the_oldest_byte_is_dropped_where_the_profile_says_so() {
    let mut profile = card("smsc-superio").expect("known").clone();
    profile.behaviour.rx_overrun = Overrun::DropOld;
    let mut chip = Mpu401::new(&profile, UART);
    for byte in 0..20 {
        chip.midi_in(0, byte);
    }
    let read: Vec<u8> =
        (0..16).map(|number| chip.read(Register::Data, 10_000_000 + number)).collect();
    assert_eq!(read, (4..20).collect::<Vec<_>>());
}

#[test]
fn an_ack_that_pushes_a_byte_out_of_data_costs_no_byte_on_a_card_with_a_latched_line() {
    let mut profile = card("smsc-superio").expect("a known card").clone();
    profile.behaviour.interrupt = InterruptKind::LatchEdge;
    profile.behaviour.cleared_by_reset = Fifos::empty();
    profile.behaviour.ack_reset_in_uart = ResetAck::Acknowledged;
    assert_eq!(profile.behaviour.ack_position, AckPosition::Front);
    let mut chip = Mpu401::new(&profile, UART);
    for byte in [0x90, 0x3C, 0x40] {
        chip.midi_in(0, byte);
    }
    chip.write(Register::Command, 0xFF, 2_000_000);
    let bytes = [0, 1, 2, 3].map(|step| chip.read(Register::Data, 2_100_000 + step * 100_000));
    assert_eq!(bytes, [0xFE, 0x90, 0x3C, 0x40]);
    assert_eq!(chip.counters().delivered, 3);
}
