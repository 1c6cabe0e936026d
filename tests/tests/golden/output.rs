//! Bytes out: the register accesses of a message, and the bytes on the wire.

use portcls_machine::MachineBuilder;
use portcls_machine::chip::{Spread, card};
use portcls_machine::report::Filter;

use crate::golden;
use crate::scene::{render, started, wait_us};

#[test]
fn one_byte_goes_from_the_application_to_the_wire() {
    for card in ["roland-mpu401", "smsc-superio"] {
        let machine = started(card);
        let pin = render(&machine);
        pin.write_now(&[0xF8]).unwrap();
        wait_us(&machine, 2_000);
        let name = format!("one_byte_out_{card}");
        let description = "One byte out: write request, Write at DISPATCH, one poll, the wire.";
        golden(&name, description, &machine, Filter::Full, "app writes F8");
        assert_eq!(machine.cable().sent_bytes().last(), Some(&0xF8));
    }
}

#[test]
fn running_status_passes_as_the_application_wrote_it() {
    let machine = started("smsc-superio");
    let pin = render(&machine);
    pin.write_now(&[0x90, 0x3C, 0x40, 0x3C, 0x00, 0x40, 0x40]).unwrap();
    wait_us(&machine, 3_000);
    let description = "Running status: three notes behind one status byte, nothing added.";
    let mark = "app writes 90 3C 40 3C 00 40 40";
    golden("running_status", description, &machine, Filter::Registers, mark);
}

#[test]
fn the_notes_of_a_chord_leave_back_to_back() {
    let machine = started("roland-mpu401");
    let pin = render(&machine);
    pin.write_now(&[0x90, 0x3C, 0x40, 0x90, 0x40, 0x40, 0x90, 0x43, 0x40]).unwrap();
    wait_us(&machine, 4_000);
    let description = "A chord on a Roland: it takes a byte in 155 us, the wire needs 320.";
    let mark = "app writes 90 3C 40 90 40 40 90 43 40";
    golden("chord", description, &machine, Filter::Registers, mark);
}

#[test]
fn real_time_bytes_inside_a_sysex_stay_where_they_are() {
    let machine = started("sb16");
    let pin = render(&machine);
    pin.write_now(&[0xF0, 0x7E, 0xF8, 0x7F, 0xFE, 0x09, 0xF7]).unwrap();
    wait_us(&machine, 4_000);
    let description = "F8 and FE inside a SysEx on an SB16, whose buffer holds two bytes.";
    let mark = "app writes F0 7E F8 7F FE 09 F7";
    golden("real_time_inside_sysex", description, &machine, Filter::Registers, mark);
}

#[test]
fn a_sysex_longer_than_a_fifo_goes_on_at_the_pace_of_the_wire() {
    let mut sysex = vec![0x11; 20];
    sysex[0] = 0xF0;
    sysex[19] = 0xF7;
    let machine = started("smsc-superio");
    let pin = render(&machine);
    pin.write_now(&sysex).unwrap();
    let description = "A SysEx of 20 bytes on 17 places, up to the return of the first Write: the \
                       FIFO fills, then each byte waits until one has left.";
    let mark = "app writes F0 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 ... 20 bytes";
    golden("sysex_longer_than_fifo", description, &machine, Filter::Registers, mark);
    wait_us(&machine, 10_000);
    assert_eq!(machine.cable().sent_bytes(), sysex);
}

#[test]
fn a_card_with_one_place_takes_a_part_of_each_write() {
    let machine = started("clone-dumb");
    let pin = render(&machine);
    pin.write_now(&[0xF0, 0x7E, 0x7F, 0x09, 0x01, 0xF7]).unwrap();
    wait_us(&machine, 1_000);
    let description = "Busy device: a Write lasts 1 ms at most and says how many bytes it took; \
                       the port offers the rest again.";
    golden("partial_writes", description, &machine, Filter::Full, "app writes F0 7E 7F 09 01 F7");
}

#[test]
fn a_card_that_is_still_busy_is_asked_again_a_millisecond_later() {
    let mut profile = card("roland-mpu401").unwrap().clone();
    profile.behaviour.timing.busy_after_early_uart_entry_ns = Spread::exactly(203_000_000);
    let machine = MachineBuilder::new().card_profile(profile).build().unwrap();
    machine.start().unwrap();
    let pin = render(&machine);
    pin.write_now(&[0xC0, 0x05]).unwrap();
    wait_us(&machine, 3_000);
    let description = "Busy device: a Roland that takes 203 ms to enter UART mode. The first byte \
                       waits in its latch, the second is offered again after 1 ms.";
    golden("busy_device", description, &machine, Filter::Full, "app writes C0 05");
}
