//! States of a pin: up and down, a close in RUN, a cancelled request.

use portcls_machine::Application;
use portcls_machine::emulator::NtStatus;
use portcls_machine::report::Filter;
use portcls_port::ks::KsState;
use portcls_port::ks::music::Packer;

use crate::golden;
use crate::scene::{capture, mark, render, started, wait_us};

/// A Note On.
const NOTE: [u8; 3] = [0x90, 0x3C, 0x40];

/// The records of a note that is due one second after the start of the buffer.
fn note_in_a_second() -> Vec<u8> {
    let mut records = vec![0; 12];
    Packer::new(&mut records).push(1_000, &NOTE);
    records
}

#[test]
fn a_jump_from_stop_to_run_and_back_walks_through_the_states_between() {
    let machine = started("roland-mpu401");
    let application = Application::new(&machine);
    let pin = application.open_capture().unwrap();
    pin.run().unwrap();
    pin.set_state(KsState::Stop).unwrap();
    pin.set_state(KsState::Acquire).unwrap();
    assert_eq!(pin.state().unwrap(), KsState::Acquire);
    pin.close().unwrap();
    let description = "State walk: STOP to RUN and back on a capture pin, then to ACQUIRE and a \
                       close from there. The driver sees each state and never a jump.";
    let mark = "app opens a capture pin";
    golden("state_walk", description, &machine, Filter::Full, mark);
}

#[test]
fn a_pin_that_is_closed_in_run_is_stopped_on_the_way() {
    let machine = started("smsc-superio");
    let pin = render(&machine);
    pin.write_records(Some(0), note_in_a_second(), "write a note due in 1 s").unwrap();
    wait_us(&machine, 1_000);
    mark(&machine, "app closes the pin in RUN");
    pin.close().unwrap();
    wait_us(&machine, 2_000_000);
    let description = "Close in RUN with a note that is not due yet: the request is cancelled at \
                       cleanup, the stream walks down, and nothing comes later.";
    let words = "app closes the pin in RUN";
    golden("close_in_run", description, &machine, Filter::Full, words);
    assert!(!machine.cable().sent_bytes().contains(&0x90));
}

#[test]
fn a_cancelled_request_never_sounds_and_the_next_one_does() {
    let machine = started("smsc-superio");
    let pin = render(&machine);
    mark(&machine, "app writes two notes and cancels the first");
    pin.write_records(Some(0), note_in_a_second(), "write a note due in 1 s").unwrap();
    pin.write_records(Some(0), note_in_a_second(), "write another due in 1 s").unwrap();
    wait_us(&machine, 1_000);
    assert!(pin.cancel_oldest().unwrap());
    wait_us(&machine, 1_003_000);
    let description = "Cancel of a write request that waits for its time.";
    let words = "app writes two notes and cancels the first";
    golden("cancel_write", description, &machine, Filter::Full, words);
    assert_eq!(pin.take_statuses(), [NtStatus::CANCELLED, NtStatus::SUCCESS]);
}

#[test]
fn a_read_that_is_cancelled_leaves_the_byte_to_the_next_one() {
    let machine = started("sb16");
    let pin = capture(&machine, 1);
    mark(&machine, "app cancels its read");
    assert!(pin.cancel_oldest().unwrap());
    machine.cable().send(&[0xF8]);
    wait_us(&machine, 1_000);
    pin.queue_read().unwrap();
    wait_us(&machine, 1_000);
    let description = "Cancel of a read: the byte that comes meanwhile is kept by the port.";
    golden("cancel_read", description, &machine, Filter::Full, "app cancels its read");
    assert_eq!(pin.take_received()[0].bytes, [0xF8]);
}
