//! The adapter driver's device object and its subdevices.
//!
//! Owns the extension of the device object. A device object has only one extension. So power, idle
//! detection, I/O timeouts and physical connections keep their state in this extension too. Their
//! files and this file know each other: a routine there gets a device object and finds its state
//! through this file.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{DeviceInterface, DeviceObject, DriverObject, Irp, Irql, Kernel, NtStatus};

use crate::com::{IUnknown, query};
use crate::held_creates::HeldCreates;
use crate::idle::IdleDetection;
use crate::interfaces::{DeviceRegistryProperty, IResourceList};
use crate::io_timeout::IoTimeouts;
use crate::ks::LengthReply;
use crate::miniport_calls::MiniportCalls;
use crate::physical_connection::PhysicalConnection;
use crate::power::AdapterPower;
use crate::rules::{self, require_irql_at_most};
use crate::subdevice::ISubdevice;

/// The driver's start routine: makes its ports and registers them.
///
/// IRQL: PASSIVE_LEVEL.
#[doc(alias = "PCPFNSTARTDEVICE")]
pub type StartDevice =
    Rc<dyn Fn(&Kernel, &Rc<DeviceObject>, &Irp, Rc<dyn IResourceList>) -> Result<(), NtStatus>>;

/// The smallest device extension that a driver may ask for, in bytes: 64 pointers. A driver may
/// also ask for no extension.
/// Source: portcls.h. The size is the size on x64.
#[doc(alias = "PORT_CLASS_DEVICE_EXTENSION_SIZE")]
pub const MINIMUM_DEVICE_EXTENSION: u32 = 512;

/// One registered subdevice.
struct Subdevice {
    name: String,
    port: Rc<dyn ISubdevice>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PnpState {
    Stopped,
    Started,
    Removed,
}

/// The state that PortCls keeps with its functional device object.
pub(crate) struct AdapterDevice {
    pub(crate) start: StartDevice,
    max_objects: usize,
    physical: Rc<DeviceObject>,
    pub(crate) calls: MiniportCalls,

    subdevices: RefCell<Vec<Subdevice>>,
    /// The ports on which the driver called Init with the device, registered or not. A port and its
    /// miniport hold each other; PortCls breaks this circle when it releases the port.
    ports: RefCell<Vec<Weak<dyn ISubdevice>>>,
    pub(crate) state: Cell<PnpState>,
    pub(crate) power: AdapterPower,
    pub(crate) held_creates: HeldCreates,
    pub(crate) timeouts: IoTimeouts,
    pub(crate) idle: IdleDetection,
    pub(crate) connections: RefCell<Vec<PhysicalConnection>>,
}

/// Whether a device object is one that PortCls made for an adapter: a functional device object.
#[must_use]
pub fn is_adapter_device(device: &DeviceObject) -> bool {
    device.extension::<AdapterDevice>().is_some()
}

/// Makes the functional device object of an adapter and attaches it.
///
/// PortCls calls `start` when IRP_MN_START_DEVICE comes to a stopped device and the drivers below
/// have completed this request with success. `max_objects` is the greatest number of subdevices.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcAddAdapterDevice.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the extension size is less than [`MINIMUM_DEVICE_EXTENSION`] and
///   is not 0. This is also a violation of the rule PcAddAdapterDevice.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcAddAdapterDevice")]
pub fn pc_add_adapter_device(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    physical: &Rc<DeviceObject>,
    start: StartDevice,
    max_objects: u32,
    device_extension_size: u32,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcAddAdapterDevice");
    if device_extension_size != 0 && device_extension_size < MINIMUM_DEVICE_EXTENSION {
        let message = format!(
            "device extension of {device_extension_size} bytes; 0 or at least \
             {MINIMUM_DEVICE_EXTENSION} are allowed"
        );
        kernel.report_violation(&rules::PC_ADD_ADAPTER_DEVICE, &message);
        return Err(NtStatus::INVALID_PARAMETER);
    }
    kernel.ask_allocation()?;
    let device = DeviceObject::new(driver);
    device.set_extension(Some(Rc::new(AdapterDevice {
        start,
        max_objects: max_objects as usize,
        physical: Rc::clone(physical),
        calls: MiniportCalls::new(kernel),
        subdevices: RefCell::new(Vec::new()),
        ports: RefCell::new(Vec::new()),
        state: Cell::new(PnpState::Stopped),
        power: AdapterPower::new(),
        held_creates: HeldCreates::default(),
        timeouts: IoTimeouts::default(),
        idle: IdleDetection::default(),
        connections: RefCell::new(Vec::new()),
    })));
    device.attach_to(physical);
    Ok(())
}

/// Publishes a port: registers the name by which clients open a filter of the port, and enables a
/// device interface for each category of the port's descriptor.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcRegisterSubdevice.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: PortCls did not make the device or the port, or the port is not
///   initialised.
/// - `STATUS_OBJECT_NAME_COLLISION`: another subdevice of the device has the name.
/// - `STATUS_ALLOTTED_SPACE_EXCEEDED`: the device has `max_objects` subdevices already.
#[doc(alias = "PcRegisterSubdevice")]
pub fn pc_register_subdevice(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    name: &str,
    subdevice: Rc<dyn IUnknown>,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcRegisterSubdevice");
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let port = query::<dyn ISubdevice>(&subdevice).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    let descriptor = port.descriptor().ok_or(NtStatus::INVALID_PARAMETER)?;
    let mut subdevices = adapter.subdevices.borrow_mut();
    if subdevices.iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
        return Err(NtStatus::OBJECT_NAME_COLLISION);
    }
    if subdevices.len() >= adapter.max_objects {
        return Err(NtStatus::ALLOTTED_SPACE_EXCEEDED);
    }
    subdevices.push(Subdevice { name: name.to_owned(), port });
    drop(subdevices);
    for category in &descriptor.categories {
        kernel.enable_device_interface(DeviceInterface {
            class: bytemuck::cast(*category),
            device: Rc::clone(device),
            reference: name.to_owned(),
        });
    }
    Ok(())
}

/// Takes a registered port away from clients and releases it.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the device or the port is not PortCls' own.
/// - `STATUS_NOT_FOUND`: the port is not registered.
pub(crate) fn unregister_subdevice(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    subdevice: &Rc<dyn IUnknown>,
) -> Result<(), NtStatus> {
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let port = query::<dyn ISubdevice>(subdevice).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    let gone = {
        let mut subdevices = adapter.subdevices.borrow_mut();
        let position = subdevices.iter().position(|other| Rc::ptr_eq(&other.port, &port));
        subdevices.remove(position.ok_or(NtStatus::NOT_FOUND)?)
    };
    kernel.disable_device_interfaces(device, &gone.name);
    gone.port.release(kernel);
    Ok(())
}

impl AdapterDevice {
    /// Takes every subdevice away from clients, and releases the ports of the device, registered or
    /// not. Also stops I/O timeouts and idle detection, and drops the physical connections.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub(crate) fn release_subdevices(&self, kernel: &Kernel, device: &Rc<DeviceObject>) {
        self.timeouts.stop(kernel);
        self.idle.stop(kernel);
        // Connections hold ports.
        let connections = self.connections.take();
        drop(connections);
        let subdevices = std::mem::take(&mut *self.subdevices.borrow_mut());
        for subdevice in &subdevices {
            kernel.disable_device_interfaces(device, &subdevice.name);
        }
        let ports = std::mem::take(&mut *self.ports.borrow_mut());
        for port in ports.iter().filter_map(Weak::upgrade) {
            port.release(kernel);
        }
    }

    /// The ports that are alive, in the order in which they were initialised.
    pub(crate) fn ports(&self) -> Vec<Rc<dyn ISubdevice>> {
        self.ports.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// The registered subdevices, in the order in which they were registered: name and port.
    pub(crate) fn registered(&self) -> Vec<(String, Rc<dyn ISubdevice>)> {
        let subdevices = self.subdevices.borrow();
        subdevices.iter().map(|it| (it.name.clone(), Rc::clone(&it.port))).collect()
    }

    /// True when the device was removed.
    pub(crate) fn is_removed(&self) -> bool {
        self.state.get() == PnpState::Removed
    }

    pub(crate) fn is_in_use(&self) -> bool {
        self.subdevices.borrow().iter().any(|subdevice| subdevice.port.is_in_use())
    }

    pub(crate) fn find(&self, name: &str) -> Option<Rc<dyn ISubdevice>> {
        let subdevices = self.subdevices.borrow();
        let found = subdevices.iter().find(|other| other.name.eq_ignore_ascii_case(name))?;
        Some(Rc::clone(&found.port))
    }
}

/// Notes a port. The port is released when the device stops, is removed or fails to start.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` when the device does not belong to an adapter driver.
pub(crate) fn adopt_port(
    device: &Rc<DeviceObject>,
    port: Weak<dyn ISubdevice>,
) -> Result<(), NtStatus> {
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let mut ports = adapter.ports.borrow_mut();
    ports.retain(|other| other.strong_count() > 0);
    // A driver may initialise a port again after its Init has failed.
    if !ports.iter().any(|other| other.ptr_eq(&port)) {
        ports.push(port);
    }
    Ok(())
}

/// The name under which a port is registered.
pub(crate) fn subdevice_name(
    device: &Rc<DeviceObject>,
    port: &Rc<dyn ISubdevice>,
) -> Option<String> {
    let adapter = device.extension::<AdapterDevice>()?;
    let subdevices = adapter.subdevices.borrow();
    let found = subdevices.iter().find(|other| Rc::ptr_eq(&other.port, port))?;
    Some(found.name.clone())
}

/// Reads a property of a device, as the bus and the installation have set it.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcGetDeviceProperty.
///
/// # Errors
/// In the reply:
/// - `STATUS_BUFFER_TOO_SMALL`: `length` is too small; `information` has the needed length, and
///   the reply has no bytes.
/// - `STATUS_OBJECT_NAME_NOT_FOUND`: the device has no such property.
#[doc(alias = "PcGetDeviceProperty")]
pub fn pc_get_device_property(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    property: DeviceRegistryProperty,
    length: u32,
) -> LengthReply {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcGetDeviceProperty");
    device_property(device, property, length)
}

/// Does the work of [`pc_get_device_property`]. A port offers the same service.
pub(crate) fn device_property(
    device: &Rc<DeviceObject>,
    property: DeviceRegistryProperty,
    length: u32,
) -> LengthReply {
    // The properties belong to the physical device, at the bottom of the stack.
    match device.bottom().property(property.value()) {
        Some(value) => LengthReply::of_device_property(&value, length),
        None => LengthReply::of_status(NtStatus::OBJECT_NAME_NOT_FOUND),
    }
}

/// Returns the physical device object below an adapter's functional device object.
#[doc(alias = "PcGetPhysicalDeviceObject")]
#[must_use]
pub fn pc_get_physical_device_object(device: &Rc<DeviceObject>) -> Option<Rc<DeviceObject>> {
    Some(Rc::clone(&device.extension::<AdapterDevice>()?.physical))
}
