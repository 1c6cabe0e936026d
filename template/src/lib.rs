//! A driver to start from: the adapter around `miniport`.
//!
//! The names and the order of the calls are those of the Windows driver kit. In C++, `driver_entry`
//! is DriverEntry, `add_device` is AddDevice, and `start_device` is StartDevice.

mod miniport;
mod mpu401;

use std::rc::Rc;

use portcls_emulator::{DeviceObject, DriverObject, Irp, Kernel, NtStatus};
use portcls_port::guid::clsid;
use portcls_port::interfaces::IResourceList;
use portcls_port::{
    pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_port, pc_register_subdevice,
};

pub use miniport::PolledMiniport;

/// The most subdevices of a device: one MIDI filter.
const MAX_OBJECTS: u32 = 1;

/// Loads the driver. IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// The status that `PcInitializeAdapterDriver` returned.
pub fn driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add_device))?;
    // The unload routine has nothing to undo. But a driver without an unload routine can never be
    // unloaded.
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}

/// Makes the device object of a device that was found, and names the routine that starts the
/// device.
fn add_device(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    physical: &Rc<DeviceObject>,
) -> Result<(), NtStatus> {
    pc_add_adapter_device(kernel, driver, physical, Rc::new(start_device), MAX_OBJECTS, 0)
}

/// Binds the miniport to a port and publishes the two as a filter. The device has its resources
/// already.
fn start_device(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
    resources: Rc<dyn IResourceList>,
) -> Result<(), NtStatus> {
    let port = pc_new_port(kernel, &clsid::PORT_MIDI)?;
    let miniport = PolledMiniport::new();
    Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
    pc_register_subdevice(kernel, device, "Midi", port)
}
