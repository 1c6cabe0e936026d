//! The Plug and Play requests that a driver meets, and a start without a card.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_machine::emulator::{
    DeviceObject, DriverObject, Irp, Kernel, MajorFunction, NtStatus, Parameters, PnpRequest,
};
use portcls_machine::{Driver, MachineBuilder, MachineError};
use portcls_port::pc_dispatch_irp;

thread_local! {
    /// The Plug and Play requests that the driver met, since the test last took them.
    static SEEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// The reference driver with a routine that writes down each request and gives it to PortCls.
fn driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    portcls_miniport::driver_entry(kernel, driver, registry_path)?;
    let routine = |kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp| {
        if let Parameters::Pnp(request) = irp.parameters() {
            SEEN.with_borrow_mut(|seen| seen.push(request.minor().name()));
        }
        pc_dispatch_irp(kernel, device, irp)
    };
    driver.set_major_function(MajorFunction::Pnp, Rc::new(routine));
    Ok(())
}

const START: [&str; 5] = [
    "IRP_MN_FILTER_RESOURCE_REQUIREMENTS",
    "IRP_MN_START_DEVICE",
    "IRP_MN_QUERY_PNP_DEVICE_STATE",
    "IRP_MN_QUERY_DEVICE_RELATIONS",
    "IRP_MN_QUERY_INTERFACE",
];

#[test]
fn a_driver_is_asked_at_every_start_what_windows_asks() -> Result<(), MachineError> {
    let machine = MachineBuilder::new().driver(Driver::new("watcher", driver_entry)).build()?;
    machine.start()?;
    assert_eq!(SEEN.take(), [&["IRP_MN_QUERY_CAPABILITIES"][..], &START].concat());
    machine.pnp(PnpRequest::StopDevice)?;
    assert_eq!(SEEN.take(), ["IRP_MN_STOP_DEVICE"]);
    let resources = portcls_machine::emulator::Resource::Port { start: 0x330, length: 2 };
    let (translated, raw) = (vec![resources], vec![resources]);
    machine.pnp(PnpRequest::StartDevice { translated, raw })?;
    assert_eq!(SEEN.take(), START);
    assert_eq!(machine.kernel().violation_count(), 0);
    Ok(())
}

#[test]
fn the_reference_driver_does_not_start_without_a_card() -> Result<(), MachineError> {
    let machine = MachineBuilder::new().card("absent")?.build()?;
    let refused = machine.start().expect_err("no card answers the probe");
    assert!(refused.to_string().contains("STATUS_IO_DEVICE_ERROR"), "{refused}");
    Ok(())
}
