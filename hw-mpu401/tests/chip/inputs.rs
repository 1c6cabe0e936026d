//! What comes from outside the two ports.
//!
//! The enables of the interrupts, the gate, the activation, and faults of the MIDI lines.

use hw_mpu401::{
    Activation, Behaviour, CardProfile, Control, Corruption, InitialState, InterruptCauses,
    InterruptGate, Lane, Mpu401, Note, Register, TransmitInterrupt, card, cards, family,
};

const UART: InitialState = InitialState::Uart { stale: 0xFE };
const BYTE_NS: u64 = 320_000;

/// A card with FIFOs of 16 bytes, whose output starts at once.
fn fifo_card(change: impl Fn(&mut Behaviour)) -> CardProfile {
    let mut profile = family("fifo-chip").expect("a known family").clone();
    profile.behaviour.timing.tx_start_ns = hw_mpu401::Spread::exactly(0);
    change(&mut profile.behaviour);
    profile
}

fn transmitting(condition: TransmitInterrupt) -> CardProfile {
    fifo_card(|card| {
        card.tx_depth = 4;
        card.transmit_interrupt = condition;
        card.interrupt_enables = InterruptCauses::empty();
    })
}

#[test]
fn a_transmit_interrupt_comes_only_when_it_is_enabled() {
    let mut chip = Mpu401::new(&transmitting(TransmitInterrupt::Empty), UART);
    assert_eq!(chip.interrupt_causes(), InterruptCauses::TRANSMIT);
    assert!(!chip.interrupt_line());
    chip.control(Control::InterruptEnables(InterruptCauses::TRANSMIT), 1_000);
    assert!(chip.interrupt_line());
    chip.control(Control::InterruptEnables(InterruptCauses::RECEIVE), 2_000);
    assert!(!chip.interrupt_line());
}

#[test]
fn the_line_is_up_while_no_byte_waits_behind_the_shifter() {
    let mut chip = Mpu401::new(&transmitting(TransmitInterrupt::Empty), UART);
    chip.control(Control::InterruptEnables(InterruptCauses::all()), 0);
    for byte in 0..4 {
        chip.write(Register::Data, byte, 0);
    }
    assert!(!chip.interrupt_line());
    let mut events = Vec::new();
    while chip.next_event_ns() != u64::MAX {
        let next_ns = chip.next_event_ns();
        chip.advance(next_ns);
        events.push((next_ns, chip.interrupt_line()));
    }
    let first_up = events.iter().find(|(_, is_up)| *is_up).map(|(time_ns, _)| *time_ns);
    assert_eq!(first_up, Some(3 * BYTE_NS), "the fourth byte goes into the shifter");
    assert!(events.iter().skip_while(|(_, is_up)| !is_up).all(|(_, is_up)| *is_up));
}

#[test]
fn the_line_is_up_while_the_output_has_room_for_a_byte() {
    let mut chip = Mpu401::new(&transmitting(TransmitInterrupt::NotFull), UART);
    chip.control(Control::InterruptEnables(InterruptCauses::TRANSMIT), 0);
    for byte in 0..4 {
        assert!(chip.interrupt_line(), "room for byte {byte}");
        assert!(chip.status().can_write());
        chip.write(Register::Data, byte, 0);
    }
    assert!(!chip.interrupt_line() && !chip.status().can_write());
    chip.advance(BYTE_NS - 1);
    assert!(!chip.interrupt_line() && !chip.status().can_write());
    chip.advance(BYTE_NS);
    assert!(chip.interrupt_line() && chip.status().can_write());
}

#[test]
fn a_driver_that_writes_a_byte_at_each_transmit_interrupt_keeps_the_wire_full() {
    let mut chip = Mpu401::new(&transmitting(TransmitInterrupt::Empty), UART);
    chip.control(Control::InterruptEnables(InterruptCauses::TRANSMIT), 0);
    let mut now_ns = 0;
    for byte in 0..20 {
        while !chip.interrupt_line() {
            now_ns = chip.next_event_ns();
            chip.advance(now_ns);
        }
        chip.write(Register::Data, byte, now_ns);
    }
    chip.advance(u64::MAX);
    let starts: Vec<u64> = core::iter::from_fn(|| chip.pop_sent()).map(|b| b.start_ns).collect();
    let expected: Vec<u64> = (0..20).map(|byte| byte * BYTE_NS).collect();
    assert_eq!(starts, expected);
}

#[test]
fn only_as_many_bytes_as_the_threshold_says_interrupt() {
    let profile = fifo_card(|card| card.rx_threshold = 3);
    let mut chip = Mpu401::new(&profile, UART);
    for byte in [0x90, 0x3C, 0x40] {
        chip.midi_in(0, byte);
    }
    chip.advance(2 * BYTE_NS);
    assert!(chip.status().has_data() && !chip.interrupt_line());
    assert_eq!(chip.next_event_ns(), 3 * BYTE_NS);
    chip.advance(3 * BYTE_NS);
    assert!(chip.interrupt_line());
    assert_eq!(chip.read(Register::Data, 3 * BYTE_NS), 0x90);
    assert!(chip.status().has_data() && !chip.interrupt_line());
}

#[test]
fn an_ack_interrupts_whatever_the_threshold_is() {
    let profile = fifo_card(|card| card.rx_threshold = 8);
    let mut chip = Mpu401::new(&profile, InitialState::Idle);
    chip.write(Register::Command, 0x3F, 1_000);
    assert!(chip.interrupt_line());
}

#[test]
fn a_closed_gate_holds_back_the_line_and_nothing_else() {
    for profile in cards() {
        let mut open = Mpu401::new(profile, UART);
        let mut gated = open.clone();
        gated.control(Control::InterruptGate(InterruptGate::Closed), 0);
        for chip in [&mut open, &mut gated] {
            chip.midi_in(0, 0x90);
            chip.advance(1_000_000);
        }
        assert!(open.interrupt_line() && !gated.interrupt_line(), "{}", profile.name);
        assert!(gated.interrupt_causes().contains(InterruptCauses::RECEIVE), "{}", profile.name);
        assert_eq!(gated.status(), open.status(), "{}", profile.name);
        gated.control(Control::InterruptGate(InterruptGate::Open), 1_000_000);
        assert!(gated.interrupt_line(), "{}", profile.name);
    }
}

#[test]
fn a_card_that_is_not_activated_answers_nothing_until_it_is() {
    for profile in cards() {
        let mut profile = profile.clone();
        profile.behaviour.activation = Activation::Inactive;
        let mut chip = Mpu401::new(&profile, UART);
        chip.midi_in(0, 0x90);
        assert_eq!(chip.read(Register::Command, 1_000_000), 0xFF);
        assert_eq!(chip.last_access_note(), Note::NoAnswer);
        assert_eq!(chip.read(Register::Data, 1_001_000), 0xFF);
        assert_eq!(chip.last_access_note(), Note::NoAnswer);
        chip.write(Register::Data, 0x90, 1_002_000);
        assert_eq!(chip.last_access_note(), Note::NoAnswer);
        chip.write(Register::Command, 0xFF, 1_003_000);
        assert!(!chip.interrupt_line());

        chip.control(Control::Activate, 200_000_000);
        let name = &profile.name;
        assert_eq!(chip.read(Register::Command, 200_001_000) & 0xC0, 0x80, "{name}: nothing waits");
        chip.write(Register::Data, 0x3C, 200_002_000);
        chip.advance(300_000_000);
        let sent: Vec<u8> = core::iter::from_fn(|| chip.pop_sent()).map(|sent| sent.byte).collect();
        assert_eq!(sent, [0x3C], "{name}");
    }
}

#[test]
fn a_deactivated_card_keeps_its_byte_and_still_sends() {
    let mut chip = Mpu401::new(card("smsc-superio").expect("a known card"), UART);
    chip.midi_in(0, 0x90);
    chip.write(Register::Data, 0x3C, 400_000);
    chip.control(Control::Deactivate, 410_000);
    assert!(!chip.interrupt_line());
    chip.advance(2_000_000);
    assert_eq!(chip.pop_sent().map(|sent| sent.byte), Some(0x3C));
    chip.control(Control::Activate, 2_000_000);
    assert!(chip.interrupt_line());
    assert_eq!(chip.read(Register::Data, 2_001_000), 0x90);
}

#[test]
fn nothing_activates_an_absent_card() {
    let mut chip = Mpu401::new(card("absent").expect("a known name"), InitialState::PowerOn);
    chip.control(Control::Activate, 0);
    chip.write(Register::Command, 0xFF, 1_000);
    chip.midi_in(0, 0x90);
    for time_ns in [2_000, 1_000_000, 100_000_000] {
        assert_eq!(chip.read(Register::Command, time_ns), 0xFF);
        assert_eq!(chip.read(Register::Data, time_ns), 0xFF);
        assert!(!chip.interrupt_line());
    }
    assert!(cards().iter().all(|card| card.name != "absent"));
}

#[test]
fn power_on_sets_the_controls_back() {
    let mut chip = Mpu401::new(card("smsc-superio").expect("a known card"), UART);
    chip.control(Control::Deactivate, 1_000);
    chip.control(Control::InterruptGate(InterruptGate::Closed), 1_000);
    chip.power_on(2_000);
    chip.write(Register::Command, 0xFF, 3_000);
    assert!(chip.interrupt_line());
}

#[test]
fn every_third_byte_is_changed_on_its_way_out() {
    for profile in cards() {
        let mut chip = Mpu401::new(profile, UART);
        chip.corrupt(Lane::Out, Corruption { flips: 0x40, every: 3 });
        for number in 0..6_u64 {
            chip.write(Register::Data, 0x90, number * 1_000_000);
        }
        chip.advance(100_000_000);
        let sent: Vec<u8> = core::iter::from_fn(|| chip.pop_sent()).map(|sent| sent.byte).collect();
        assert_eq!(sent, [0x90, 0x90, 0xD0, 0x90, 0x90, 0xD0], "{}", profile.name);
    }
}

#[test]
fn a_byte_is_changed_on_its_way_in() {
    let mut chip = Mpu401::new(card("smsc-superio").expect("a known card"), UART);
    chip.corrupt(Lane::In, Corruption { flips: 0x01, every: 2 });
    chip.midi_in(0, 0x90);
    chip.midi_in(0, 0x3C);
    chip.advance(1_000_000);
    assert_eq!(chip.read(Register::Data, 1_000_000), 0x90);
    assert_eq!(chip.read(Register::Data, 1_001_000), 0x3D);
}
