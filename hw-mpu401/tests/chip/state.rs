//! What the chip reports of its state, compared with what the host can see.

use crate::bus::{Bus, UART};
use hw_mpu401::{
    DataByte, DataKind, Fill, HostByte, InitialState, Mode, Phase, Register, State, Transmission,
};

/// The state at the time `now_us`, in us, taken from a clone of the chip.
fn state_at(bus: &Bus, now_us: u64) -> State {
    let mut later = bus.chip.clone();
    later.advance(now_us * 1_000);
    later.state()
}

#[test]
fn a_byte_of_a_song_is_in_the_latch_then_in_the_unit_then_on_the_line() {
    let mut bus = Bus::new("roland-mpu401", UART);
    bus.write_data(0x90);
    let written = state_at(&bus, 2);
    let taken_ns = Some(22_000);
    let byte = HostByte { register: Register::Data, byte: 0x90, taken_ns };
    assert_eq!(written.from_host, Some(byte));
    assert_eq!(written.transmission, Transmission::Idle);
    assert_eq!(written.status.bits() & 0xC0, 0xC0, "busy, and no data");
    let taken = state_at(&bus, 22);
    assert_eq!((taken.from_host, taken.status.can_write()), (None, true));
    assert_eq!(taken.transmission, Transmission::Starts { byte: 0x90, start_ns: 113_000 });
    let on_the_line = Transmission::Sends { byte: 0x90, end_ns: 433_000 };
    assert_eq!(state_at(&bus, 113).transmission, on_the_line);
    assert_eq!(state_at(&bus, 432).transmission, on_the_line);
    assert_eq!(state_at(&bus, 432).output.bytes, 1);
    let gone = state_at(&bus, 433);
    assert_eq!((gone.transmission, gone.output.bytes), (Transmission::Idle, 0));
    assert_eq!((gone.phase, gone.mode), (Phase::Ready, Mode::Uart));
}

#[test]
fn a_full_fifo_tells_its_bytes_and_that_it_holds_no_more() {
    let mut bus = Bus::new("smsc-superio", UART);
    let limit = bus.chip.state().output.limit;
    while bus.status() & 0x40 == 0 {
        bus.write_data(0xF8);
    }
    let state = bus.chip.state();
    assert_eq!(state.output, Fill { bytes: limit, limit });
    assert!(matches!(state.transmission, Transmission::Sends { byte: 0xF8, .. }));
}

#[test]
fn a_reset_is_told_before_and_after_its_ack_and_ends() {
    for name in ["roland-mpu401", "sb16"] {
        let mut bus = Bus::new(name, InitialState::Idle);
        bus.write_command(0xFF);
        bus.poll(0x80, 100_000, 0).expect("an ACK");
        let state = bus.chip.state();
        assert_eq!(state.to_host, Some(DataByte { kind: DataKind::Ack, byte: 0xFE }), "{name}");
        assert!(matches!(state.phase, Phase::Resets(Some(_)) | Phase::Ready), "{state:?}");
        assert_eq!((state.data, bus.data()), (0xFE, 0xFE));
        assert_eq!(state_at(&bus, 1_000_000).phase, Phase::Ready, "{name}");
    }
    let mut bus = Bus::new("roland-mpu401", InitialState::PowerOn);
    assert!(matches!(state_at(&bus, 1).phase, Phase::Resets(Some(_))), "it starts up");
    bus.wait_us(1_000_000);
    bus.write_command(0x3F);
    let entering = |us| matches!(state_at(&bus, us).phase, Phase::EntersUart(_));
    let now_us = bus.now_us();
    assert!((now_us..now_us + 2_000).any(entering));
}

#[test]
fn an_answer_that_waits_until_the_ack_is_read_is_told_as_on_its_way() {
    let mut bus = Bus::new("roland-mpu401", InitialState::Idle);
    bus.write_command(0xAC);
    bus.wait_us(20_000);
    let state = state_at(&bus, bus.now_us());
    assert_eq!(state.to_host, Some(DataByte { kind: DataKind::Ack, byte: 0xFE }));
    let answer = state.reply.expect("the version");
    assert_eq!(answer.kind, DataKind::Answer);
    assert_eq!(bus.data(), 0xFE);
    bus.poll(0x80, 1_000, 0).expect("the answer");
    assert_eq!(bus.data(), answer.byte);
}

#[test]
fn input_is_told_on_the_cable_and_unread() {
    let mut bus = Bus::new("smsc-superio", UART);
    for byte in [0x90, 0x3C, 0x40] {
        bus.chip.midi_in(1_000, byte);
    }
    let arriving = state_at(&bus, 2);
    assert_eq!((arriving.arriving, arriving.cable_bytes), (Some((0x90, 321_000)), 3));
    let arrived = state_at(&bus, 321 + 640);
    assert_eq!((arrived.arriving, arrived.cable_bytes, arrived.input.bytes), (None, 0, 3));
    assert_eq!(arrived.to_host, Some(DataByte { kind: DataKind::MidiIn, byte: 0x90 }));
    assert!(arrived.interrupt_line);
    let before = bus.chip.state();
    assert_eq!(before.input.bytes, 0, "what the clones heard the chip did not");
}

#[test]
fn an_empty_data_port_tells_what_a_read_would_give() {
    for name in hw_mpu401::CARD_NAMES {
        let mut bus = Bus::new(name, UART);
        let state = bus.chip.state();
        assert_eq!((state.to_host, state.data), (None, bus.data()), "{name}");
    }
}
