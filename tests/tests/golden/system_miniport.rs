//! A note out and in through the system's DirectMusic miniport.

use std::rc::Rc;

use portcls_machine::emulator::{DeviceObject, DriverObject, Irp, Kernel, NtStatus};
use portcls_machine::report::Filter;
use portcls_machine::{Driver, Machine, MachineBuilder};
use portcls_port::guid::clsid;
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

/// A machine whose driver has been started.
fn started(card: &str) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    let machine = builder.driver(Driver::new("system", driver_entry)).build();
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
