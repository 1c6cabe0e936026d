//! Facts about the registers, with the manuals' own numbers, and about notes.

use crate::bus::{Bus, UART};
use hw_mpu401::{
    BIT_TIME_NS, BYTE_TIME_NS, CARD_NAMES, InitialState, Lane, Mpu401, Note, Register, Status,
    WireEdge, card, cards,
};

#[test]
fn the_two_ports_are_at_offsets_0_and_1_and_a_control_register_at_2() {
    let chip = Mpu401::new(&cards()[0], InitialState::PowerOn);
    assert_eq!(chip.register_at(0), Some(Register::Data));
    assert_eq!(chip.register_at(1), Some(Register::Command));
    assert_eq!(chip.register_at(2), None);
    assert_eq!(chip.register_at(0xFFFF), None);
    let lm4560 = Mpu401::new(card("lm4560").expect("a known card"), InitialState::Idle);
    assert_eq!(lm4560.register_at(2), Some(Register::Control));
    assert_eq!(lm4560.register_at(3), None);
}

#[test]
fn both_status_flags_are_active_low() {
    assert_eq!(Status::DSR.bits(), 0x80);
    assert_eq!(Status::DRR.bits(), 0x40);
    let idle = Status::from_bits_retain(0xBF);
    assert!(idle.can_write() && !idle.has_data());
    let full = Status::from_bits_retain(0x7F);
    assert!(!full.can_write() && full.has_data());
    assert_eq!(idle.bits(), 0xBF, "unknown bits are kept");
}

#[test]
fn a_byte_holds_the_line_for_ten_bits_of_32_us() {
    assert_eq!(BIT_TIME_NS, 32_000);
    assert_eq!(BYTE_TIME_NS, 320_000);
    assert_eq!(1_000_000_000 / BIT_TIME_NS, 31_250);
}

#[test]
fn idle_status_is_bf_on_roland_and_80_on_smsc() {
    assert_eq!(Bus::new("roland-mpu401", InitialState::Idle).status(), 0xBF);
    assert_eq!(Bus::new("smsc-superio", InitialState::Idle).status(), 0x80);
}

#[test]
fn every_card_has_a_name_of_its_own_and_says_where_its_numbers_come_from() {
    assert_eq!(cards().iter().map(|profile| &*profile.name).collect::<Vec<_>>(), CARD_NAMES);
    for profile in cards() {
        assert!(std::ptr::eq(card(&profile.name).expect("found"), profile));
        assert!(!profile.sources.is_empty() && !profile.description.is_empty());
        assert!(profile.description.is_ascii() && profile.title.is_ascii());
    }
    assert_eq!(cards()[0].name, "roland-mpu401");
    assert!(card("no-such-card").is_none());
}

#[test]
fn no_card_reads_ff_at_rest_for_that_means_no_device() {
    for profile in cards() {
        for initial in [InitialState::PowerOn, InitialState::Idle, UART] {
            let status = Mpu401::new(profile, initial).read(Register::Command, 1_000);
            assert_ne!(status, 0xFF, "{}", profile.name);
        }
    }
}

#[test]
fn every_note_is_short_and_ascii() {
    for (number, note) in Note::ALL.into_iter().enumerate() {
        assert_eq!(note as usize, number);
        assert!(note.text().is_ascii() && note.text().len() <= 26);
    }
}

#[test]
fn an_access_leaves_a_note_on_what_it_met() {
    let mut bus = Bus::new("roland-mpu401", InitialState::Idle);
    let note = |bus: &mut Bus, access: fn(&mut Bus)| {
        access(bus);
        bus.chip.last_access_note().text()
    };
    let status = |bus: &mut Bus| {
        bus.status();
    };
    let data = |bus: &mut Bus| {
        bus.data();
    };
    assert_eq!(note(&mut bus, status), "can write, no data");
    assert_eq!(note(&mut bus, data), "stale");
    assert_eq!(note(&mut bus, |b| b.write_data(0)), "ignored");
    assert_eq!(note(&mut bus, status), "busy, no data");
    assert_eq!(note(&mut bus, |b| b.write_data(0)), "overwrites a byte");
    assert_eq!(note(&mut bus, |b| b.write_command(0x3F)), "command, overwrites a byte");
    bus.wait_us(100);
    assert_eq!(note(&mut bus, status), "can write, data");
    assert_eq!(note(&mut bus, |b| b.write_command(0x3F)), "ignored");
    assert_eq!(note(&mut bus, status), "busy, data");
    assert_eq!(note(&mut bus, data), "ACK");
    bus.wait_us(40_000);
    assert_eq!(note(&mut bus, |b| b.write_data(0)), "data");
    bus.wait_us(40_000);
    assert_eq!(note(&mut bus, |b| b.write_command(0xFF)), "reset");
    bus.wait_us(90_000);
    assert_eq!(note(&mut bus, |b| b.write_command(0x05)), "command");
    bus.wait_us(1_000);
    bus.data();
    assert_eq!(note(&mut bus, |b| b.write_command(0x3F)), "UART mode");
}

#[test]
fn a_midi_byte_shows_both_its_ends_on_both_wires_in_time_order() {
    let mut chip = Mpu401::new(card("roland-mpu401").expect("known"), UART);
    chip.midi_in(100_000, 0x90);
    chip.write(Register::Data, 0xF8, 0);
    chip.advance(1_000_000);
    let events: Vec<_> = std::iter::from_fn(|| chip.pop_wire())
        .map(|event| (event.time_ns, event.lane, event.edge, event.byte))
        .collect();
    assert_eq!(
        events,
        [
            (100_000, Lane::In, WireEdge::Start, 0x90),
            (112_000, Lane::Out, WireEdge::Start, 0xF8),
            (420_000, Lane::In, WireEdge::End, 0x90),
            (432_000, Lane::Out, WireEdge::End, 0xF8),
        ]
    );
}
