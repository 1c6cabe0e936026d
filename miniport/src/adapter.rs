//! The adapter driver around `MiniportMidiUart`: from DriverEntry to unload.
//!
//! This file keeps no state between calls: PortCls keeps the device, and the port keeps the
//! miniport. When a start fails half way, the objects that were made are dropped, and the
//! destructors of these objects undo the start.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, DriverObject, Irp, Kernel, NtStatus};
use portcls_port::guid::clsid;
use portcls_port::interfaces::IResourceList;
use portcls_port::{
    pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_port, pc_register_subdevice,
};

use crate::miniport::MiniportMidiUart;

/// The number of subdevices of one device. The UART is the only subdevice.
const MAX_OBJECTS: u32 = 1;

/// The reference string of the subdevice, unique within the device.
const SUBDEVICE_NAME: &str = "Uart";

/// Loads the driver "uart": one MPU-401 in UART mode for each device that is added.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// The status that `PcInitializeAdapterDriver` returned.
#[doc(alias = "DriverEntry")]
pub fn driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add_device))?;
    // When the driver is unloaded, the removal of its devices has released everything. So this
    // routine does nothing. Without an unload routine the driver could never be unloaded.
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}

fn add_device(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    physical: &Rc<DeviceObject>,
) -> Result<(), NtStatus> {
    pc_add_adapter_device(kernel, driver, physical, Rc::new(start_device), MAX_OBJECTS, 0)
}

fn start_device(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
    resources: Rc<dyn IResourceList>,
) -> Result<(), NtStatus> {
    let port = pc_new_port(kernel, &clsid::PORT_MIDI)?;
    let miniport = MiniportMidiUart::new();
    Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
    pc_register_subdevice(kernel, device, SUBDEVICE_NAME, port)
}
