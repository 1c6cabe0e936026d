//! Bytes in: cable, interrupt, DPC, Read, and the application's request.

use portcls_machine::emulator::Irql;
use portcls_machine::report::Filter;

use crate::golden;
use crate::scene::{capture, hold_irql, mark, started, wait_us};

#[test]
fn one_byte_comes_from_the_wire_to_the_application() {
    for card in ["roland-mpu401", "smsc-superio"] {
        let machine = started(card);
        let pin = capture(&machine, 1);
        mark(&machine, "a byte comes in");
        machine.cable().send(&[0xFE]);
        wait_us(&machine, 2_000);
        let name = format!("one_byte_in_{card}");
        let description = "One byte in: FE in UART mode is active sensing, and not an ACK.";
        golden(&name, description, &machine, Filter::Full, "a byte comes in");
        assert_eq!(pin.take_received()[0].bytes, [0xFE]);
    }
}

#[test]
fn a_note_arrives_byte_by_byte_into_the_requests_that_wait() {
    let machine = started("sb16");
    let pin = capture(&machine, 2);
    mark(&machine, "a note comes in");
    machine.cable().send(&[0x90, 0x3C, 0x40]);
    wait_us(&machine, 2_000);
    let description = "A note in with two read requests: a request is completed as soon as there \
                       is a byte, the third byte waits for the next request.";
    golden("note_in", description, &machine, Filter::Full, "a note comes in");
    assert_eq!(pin.take_received().len(), 2);
}

#[test]
fn a_fifo_that_nobody_reads_loses_the_newest_bytes() {
    let machine = started("smsc-superio");
    let pin = capture(&machine, 4);
    machine.cable().send(&Vec::from_iter(0x40..0x40 + 18));
    let words = "18 bytes are there, interrupts come on again";
    hold_irql(&machine, Irql::HIGH_LEVEL, 5_800, |kernel| kernel.mark(words));
    machine.cable().send(&[0x7F]);
    wait_us(&machine, 1_000);
    let description = "RX overrun: 18 bytes arrive while interrupts are off, 16 of them are there \
                       afterwards. No flag says so, and the next byte is as good as ever.";
    golden("rx_overrun", description, &machine, Filter::Registers, words);
    assert_eq!(machine.card_counters().rx_overrun, 2);
    let received = pin.take_received();
    let bytes: Vec<u8> = received.into_iter().flat_map(|chunk| chunk.bytes).collect();
    assert_eq!(bytes, Vec::from_iter((0x40..0x50).chain([0x7F])));
}
