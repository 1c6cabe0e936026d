//! What may happen to bytes on their way into the card, and on MIDI IN.

use std::rc::Rc;

use portcls_machine::emulator::Kernel;
use portcls_machine::emulator::choice::{Choice, Question};
use portcls_machine::emulator::trace::{Event, SerialEdge};
use portcls_machine::report::Filter;
use portcls_machine::{Application, Machine};

use crate::{Once, machine};

/// A byte time in ns.
const BYTE_NS: u64 = 320_000;

/// The bytes on MIDI OUT when the oracle gives this answer for the first of three bytes. The times
/// of the bytes are counted from the usual time of the first byte.
fn out(answer: u32) -> Vec<(u64, u8)> {
    let usual_ns = played(0)[0].0;
    played(answer).into_iter().map(|(time_ns, byte)| (time_ns - usual_ns, byte)).collect()
}

fn played(answer: u32) -> Vec<(u64, u8)> {
    let machine = machine("smsc-superio");
    let once = Once::of(&machine, Choice::ByteToCard);
    machine.start().expect("the driver starts");
    let pin = Application::new(&machine).open_render().expect("there is a render pin");
    pin.run().expect("it runs");
    once.give(answer);
    pin.write_now(&[0x90, 0x3C, 0x40]).expect("it is written");
    machine.run_for_ns(10_000_000).expect("the machine runs");
    machine.cable().sent()
}

/// The bytes on a wire without their times.
fn bytes(wire: &[(u64, u8)]) -> Vec<u8> {
    wire.iter().map(|&(_, byte)| byte).collect()
}

#[test]
fn a_byte_to_the_card_arrives_as_it_is_unless_an_oracle_says_otherwise() {
    assert_eq!(bytes(&out(0)), [0x90, 0x3C, 0x40]);
}

#[test]
fn a_late_byte_is_late_on_the_wire_and_nothing_overtakes_it() {
    let wire = out(1);
    assert_eq!(bytes(&wire), [0x90, 0x3C, 0x40]);
    assert_eq!(wire[0].0, 1_000_000);
    assert!(wire.windows(2).all(|pair| pair[1].0 >= pair[0].0 + BYTE_NS), "{wire:?}");
}

#[test]
fn a_dropped_byte_is_not_on_the_wire() {
    assert_eq!(bytes(&out(2)), [0x3C, 0x40]);
}

#[test]
fn a_repeated_byte_is_on_the_wire_twice() {
    assert_eq!(bytes(&out(3)), [0x90, 0x90, 0x3C, 0x40]);
}

#[test]
fn a_garbled_byte_has_its_lowest_bit_turned_over_on_the_wire() {
    assert_eq!(bytes(&out(4)), [0x91, 0x3C, 0x40]);
}

/// The bytes that an application reads when the oracle gives this answer for the first of three
/// incoming bytes. The number is the time in ns from the sending of the bytes to the beginning of
/// the first byte on MIDI IN.
fn input(answer: u32) -> (Vec<u8>, u64) {
    let machine = machine("smsc-superio");
    let once = Once::of(&machine, Choice::ByteToInput);
    machine.start().expect("the driver starts");
    let pin = Application::new(&machine).open_capture().expect("there is a capture pin");
    pin.run().expect("it runs");
    for _ in 0..8 {
        pin.queue_read().expect("a read is queued");
    }
    once.give(answer);
    let sent_ns = machine.now_ns();
    machine.cable().send(&[0x90, 0x3C, 0x40]);
    machine.run_for_ns(10_000_000).expect("the machine runs");
    let received = pin.take_received();
    let read = received.iter().flat_map(|chunk| chunk.bytes.clone()).collect();
    (read, first_in_ns(&machine) - sent_ns)
}

/// When the first byte began on MIDI IN.
fn first_in_ns(machine: &Machine) -> u64 {
    let log = machine.trace_log();
    let begins = |event: Event| match event {
        Event::Serial { lane, edge: SerialEdge::Start, .. } => log.name(lane) == "in",
        _ => false,
    };
    log.events().find(|event| begins(event.event)).expect("a byte came in").time_ns
}

#[test]
fn a_byte_from_outside_can_be_late_dropped_repeated_or_garbled() {
    assert_eq!(input(0), (vec![0x90, 0x3C, 0x40], 0));
    assert_eq!(input(1), (vec![0x90, 0x3C, 0x40], 1_000_000));
    assert_eq!(input(2).0, [0x3C, 0x40]);
    assert_eq!(input(3).0, [0x90, 0x90, 0x3C, 0x40]);
    assert_eq!(input(4).0, [0x91, 0x3C, 0x40]);
}

#[test]
fn a_card_that_gets_no_command_acknowledges_none() {
    let machine = machine("roland-mpu401");
    let drop_all = |_: &Kernel, question: &Question| match question.choice {
        Choice::ByteToCard => 2,
        _ => 0,
    };
    machine.set_oracle(Rc::new(drop_all));
    machine.start().expect("the driver takes such cards as they are");
    let text = machine.trace_text(Filter::Full);
    assert!(text.contains("out 331 <- FF            ; not arrived\n"), "{text}");
    assert!(text.contains("takes commands and never acknowledges"), "{text}");
}
