//! A note out and in through the system's DirectMusic miniport.

use std::rc::Rc;

use portcls_machine::emulator::{DeviceObject, DriverObject, Irp, Kernel, NtStatus};
use portcls_machine::report::Filter;
use portcls_machine::{Application, Driver, Machine, MachineBuilder, PinFormat};
use portcls_port::guid::clsid;
use portcls_port::ks::KsState;
use portcls_port::ks::dmus::{EventForm, EventPacker};
use portcls_port::{
    pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_miniport, pc_new_port,
    pc_register_subdevice,
};

use crate::golden;
use crate::scene::{capture, mark, render, wait_us};

fn driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    let start = |kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp, resources| {
        let port = pc_new_port(kernel, &clsid::PORT_DMUS)?;
        let miniport = pc_new_miniport(kernel, &clsid::MINIPORT_DRIVER_DMUS_UART)?;
        Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
        pc_register_subdevice(kernel, device, "Uart", port)
    };
    let add_device = move |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<_>| {
        pc_add_adapter_device(kernel, driver, physical, Rc::new(start), 1, 0)
    };
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add_device))
}

/// A machine whose driver has been started, and whose application opens pins for bytes.
fn started(card: &str) -> Machine {
    started_with(card, PinFormat::Midi)
}

fn started_with(card: &str, format: PinFormat) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    let builder = builder.driver(Driver::new("system", driver_entry)).pin_format(format);
    let machine = builder.build();
    let machine = machine.expect("the machine can be built");
    machine.start().expect("the driver starts");
    machine
}

#[test]
fn a_note_goes_out_through_the_systems_directmusic_miniport() {
    let machine = started("roland-mpu401");
    let pin = render(&machine);
    pin.write_now(&[0x90, 0x3C, 0x40]).unwrap();
    wait_us(&machine, 2_000);
    let description = "One event out: PutMessage at DISPATCH, and the miniport waits for the card.";
    golden("system_note_out", description, &machine, Filter::Full, "app writes 90 3C 40");
}

#[test]
fn a_note_comes_in_through_the_systems_directmusic_miniport() {
    let machine = started("smsc-superio");
    let pin = capture(&machine, 1);
    mark(&machine, "a note comes in");
    machine.cable().send(&[0x90, 0x3C, 0x40]);
    wait_us(&machine, 2_000);
    let description = "Three raw fragments in, which the port's sink makes one message of.";
    golden("system_note_in", description, &machine, Filter::Full, "a note comes in");
    assert_eq!(pin.take_received()[0].bytes, [0x90, 0x3C, 0x40]);
}

#[test]
fn two_directmusic_events_of_a_buffer_go_out_each_at_its_time() {
    let machine = started_with("smsc-superio", PinFormat::DirectMusic);
    let pin = Application::new(&machine).open_render().unwrap();
    pin.set_state(KsState::Pause).unwrap();
    mark(&machine, "two events");
    let mut buffer = [0; 48];
    let mut packer = EventPacker::new(&mut buffer);
    for (offset_100ns, message) in [(0, [0xC0, 0x05, 0x00]), (7_500, [0x90, 0x3C, 0x40])] {
        let message = if message[0] == 0xC0 { &message[..2] } else { &message };
        packer.push(offset_100ns, 1, EventForm::Structured, message);
    }
    pin.write_records(Some(5_000), buffer.to_vec(), "write events due in 0.5 and 1.25 ms").unwrap();
    pin.run().unwrap();
    wait_us(&machine, 2_400);
    let description = "The sequencer puts each event when the master clock reaches its time.";
    golden("directmusic_events_out", description, &machine, Filter::Full, "two events");
}

#[test]
fn a_note_comes_in_as_a_directmusic_event() {
    let machine = started_with("roland-mpu401", PinFormat::DirectMusic);
    let pin = capture(&machine, 1);
    let run_ns = machine.now_ns();
    mark(&machine, "a program change comes in");
    machine.cable().send(&[0xC0, 0x05]);
    wait_us(&machine, 2_000);
    let description = "Two raw fragments, an event of a whole message, and a read that completes.";
    let words = "a program change comes in";
    golden("directmusic_event_in", description, &machine, Filter::Full, words);
    let [received] = &pin.take_received()[..] else { panic!("one event") };
    assert_eq!(received.bytes, [0xC0, 0x05]);
    // The cable began with the message at once. The service routine found the first byte of the
    // message after 460 us.
    assert_eq!(received.time_ns, machine.now_ns() - run_ns - 2_000_000 + 460_000);
}
