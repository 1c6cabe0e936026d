//! Interrupts and DPCs at the same time.

use portcls_machine::emulator::Irql;
use portcls_machine::report::Filter;

use crate::golden;
use crate::scene::{capture, hold_irql, mark, render, started, wait_us};

#[test]
fn one_interrupt_stands_for_all_the_bytes_that_wait() {
    let machine = started("smsc-superio");
    let pin = capture(&machine, 2);
    mark(&machine, "three bytes come in, interrupts are off");
    machine.cable().send(&[0x90, 0x3C, 0x40]);
    hold_irql(&machine, Irql::HIGH_LEVEL, 1_200, |_| ());
    wait_us(&machine, 500);
    let description = "Three bytes to one interrupt: the service routine reads until DSR is gone.";
    let words = "three bytes come in, interrupts are off";
    golden("several_bytes_one_interrupt", description, &machine, Filter::Full, words);
    assert_eq!(pin.take_received()[0].bytes, [0x90, 0x3C, 0x40]);
}

#[test]
fn one_dpc_serves_several_interrupts() {
    let machine = started("roland-mpu401");
    let pin = capture(&machine, 2);
    mark(&machine, "three bytes come in, DPCs are held off");
    machine.cable().send(&[0x90, 0x3C, 0x40]);
    hold_irql(&machine, Irql::DISPATCH_LEVEL, 1_300, |_| ());
    wait_us(&machine, 500);
    let description = "Three interrupts to one DPC: another driver keeps the processor at \
                       DISPATCH_LEVEL, so the second and third request find the DPC queued.";
    let words = "three bytes come in, DPCs are held off";
    golden("one_dpc_several_interrupts", description, &machine, Filter::Full, words);
    assert_eq!(pin.take_received()[0].bytes, [0x90, 0x3C, 0x40]);
}

#[test]
fn an_interrupt_comes_in_the_middle_of_a_write() {
    let machine = started("clone-dumb");
    let input = capture(&machine, 2);
    let output = render(&machine);
    machine.cable().send(&[0xF8]);
    output.write_now(&[0x90, 0x3C]).unwrap();
    wait_us(&machine, 1_000);
    let description = "An interrupt during Write: the service routine runs between two polls; its \
                       DPC waits until Write has returned.";
    golden("interrupt_during_write", description, &machine, Filter::Full, "app writes 90 3C");
    assert_eq!(input.take_received()[0].bytes, [0xF8]);
}
