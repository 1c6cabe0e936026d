//! A sequencer behind a FIFO: its replies wait in the receive FIFO.

use crate::bus::Bus;
use crate::host::Host;
use hw_mpu401::{
    AckSet, Behaviour, CardProfile, FirmwareId, InitialState, IntelligentMode, Mpu401, family,
};

/// A FIFO card of 32 bytes for the host and 64 for MIDI OUT, with a sequencer.
pub fn profile() -> CardProfile {
    let plain = family("uart-chip").expect("a known family");
    CardProfile {
        behaviour: Behaviour {
            firmware: Some(FirmwareId { version: 0x15, revision: 0x01 }),
            intelligent_mode: IntelligentMode::Sequencer,
            ack_set: AckSet::All,
            tx_depth: 64,
            rx_depth: 32,
            ..plain.behaviour
        },
        ..plain.clone()
    }
}

fn host() -> Host {
    Host(Bus { chip: Mpu401::new(&profile(), InitialState::Idle), now_ns: 0 })
}

/// Reads bytes that already wait.
fn waiting<const COUNT: usize>(host: &mut Host) -> [u8; COUNT] {
    std::array::from_fn(|_| {
        assert_eq!(host.status() & 0x80, 0, "a byte waits");
        host.data()
    })
}

#[test]
fn commands_are_taken_at_once_and_their_answers_wait_in_order() {
    let mut host = host();
    for command in [0xAC, 0xAD, 0x88, 0xAF] {
        host.write_command(command);
        assert_eq!(host.status() & 0x40, 0, "taken");
    }
    host.wait_us(1_000);
    assert_eq!(waiting(&mut host), [0xFE, 0x15, 0xFE, 0x01, 0xFE, 0xFE, 100]);
    assert_eq!(host.status() & 0xC0, 0x80);
}

/// Plays a tune of two tracks to its end, and returns what left on MIDI OUT.
fn play(mut host: Host) -> Vec<u8> {
    host.start(0x03);
    let events: [&[&[u8]]; 2] = [
        &[&[0x18, 0x91, 0x30, 0x40], &[0x30, 0xFC]],
        &[&[0x00, 0x90, 0x3C, 0x40], &[0x24, 0x3C, 0x00], &[0x00, 0xFC]],
    ];
    let mut events = events.map(|track| track.iter());
    loop {
        match host.next_byte() {
            0xFC => break,
            request => {
                let event = events[usize::from(request & 0x0F)].next().expect("an event");
                event.iter().for_each(|byte| host.give(*byte));
            }
        }
    }
    host.wait_us(50_000);
    host.played_bytes()
}

#[test]
fn a_tune_plays_as_on_a_mailbox() {
    let played = play(host());
    assert_eq!(played[..10], [0xFA, 0x90, 0x3C, 0x40, 0x91, 0x30, 0x40, 0x90, 0x3C, 0x00]);
    assert_eq!(played, play(Host::new()));
}

#[test]
fn a_recorded_message_stays_whole_between_acks() {
    let mut host = host();
    host.command(0x20);
    host.command(0x22);
    host.write_command(0x88);
    host.hear(&[0x90, 0x3C, 0x40]);
    host.write_command(0xAC);
    host.hear(&[0x3C, 0x00]);
    host.wait_us(1_000);
    let bytes: [u8; 10] = waiting(&mut host);
    assert_eq!(bytes[0], 0xFE);
    assert_eq!(bytes[2..7], [0x90, 0x3C, 0x40, 0xFE, 0x15], "behind a timing byte");
    assert_eq!(bytes[8..], [0x3C, 0x00], "behind a timing byte");
}

#[test]
fn a_request_waits_for_room_and_no_command_is_taken_meanwhile() {
    let mut host = host();
    for _ in 0..32 {
        host.write_command(0x88);
    }
    host.write_command(0x8A); // The ACKs of 8A, EC, B8 and 0A are lost.
    host.write_command(0xEC);
    host.write_data(0x01);
    host.write_command(0xB8);
    host.wait_us(5_000);
    host.write_command(0x0A);
    host.wait_us(50_000);
    host.write_command(0x88);
    assert_eq!(host.status() & 0xC0, 0x40, "the unit waits with its request");
    for _ in 0..32 {
        assert_eq!(waiting(&mut host), [0xFE]);
    }
    host.wait_us(1_000);
    assert_eq!(waiting(&mut host), [0xF0]);
}
