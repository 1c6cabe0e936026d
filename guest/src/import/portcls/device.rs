//! The PortCls routines about drivers, devices, requests and power.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, DevicePowerState, Irp, Kernel, MajorFunction, NtStatus};
use portcls_port::com::IUnknown;
use portcls_port::guid::iid;
use portcls_port::interfaces::DeviceRegistryProperty;
use portcls_port::{
    IoTimeoutRoutine, MINIMUM_DEVICE_EXTENSION, StartDevice, pc_add_adapter_device,
    pc_complete_irp, pc_dispatch_irp, pc_forward_irp_synchronous, pc_get_device_property,
    pc_get_physical_device_object, pc_initialize_adapter_driver,
    pc_register_adapter_power_management, pc_register_io_timeout, pc_register_subdevice,
    pc_request_new_power_state, pc_unregister_adapter_power_management, pc_unregister_io_timeout,
};

use crate::com::Hold;
use crate::com::automation::complete_pending_property_request;
use crate::guest::Guest;
use crate::routine::{Call, Out, Pointer, Routine, row};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("PcAddAdapterDevice", ByKernel, add_adapter_device),
    row!("PcCompleteIrp", ByKernel, complete_irp),
    row!("PcCompletePendingPropertyRequest", ByKernel, complete_pending_property_request),
    row!("PcDispatchIrp", ByKernel, dispatch_irp),
    row!("PcForwardIrpSynchronous", ByKernel, forward_irp_synchronous),
    row!("PcGetDeviceProperty", ByKernel, get_device_property),
    row!("PcGetPhysicalDeviceObject", ByKernel, get_physical_device_object),
    row!("PcInitializeAdapterDriver", ByKernel, initialize_adapter_driver),
    row!("PcRegisterAdapterPowerManagement", ByKernel, register_power),
    row!("PcRegisterIoTimeout", ByKernel, register_io_timeout),
    row!("PcRegisterSubdevice", ByKernel, register_subdevice),
    row!("PcRequestNewPowerState", ByKernel, request_new_power_state),
    row!("PcUnregisterAdapterPowerManagement", ByKernel, unregister_power),
    row!("PcUnregisterIoTimeout", ByKernel, unregister_io_timeout),
];

/// The routine that PortCls writes into a driver's dispatch table.
pub(crate) static DISPATCH: Routine = row!("PortCls' dispatch routine", ByKernel, dispatch_irp);

/// The major functions that PortCls takes over. Source: WDK, PcInitializeAdapterDriver. The list on
/// the page has no IRP_MJ_CLEANUP.
const TAKEN_OVER: [MajorFunction; 11] = [
    MajorFunction::Create,
    MajorFunction::Close,
    MajorFunction::Read,
    MajorFunction::Write,
    MajorFunction::FlushBuffers,
    MajorFunction::DeviceControl,
    MajorFunction::QuerySecurity,
    MajorFunction::SetSecurity,
    MajorFunction::Power,
    MajorFunction::SystemControl,
    MajorFunction::Pnp,
];

/// `NTSTATUS PcInitializeAdapterDriver(PDRIVER_OBJECT, PUNICODE_STRING, PDRIVER_ADD_DEVICE)`
fn initialize_adapter_driver(
    call: &Call<'_>,
    Pointer(object): Pointer,
    path: Pointer,
    Pointer(add_device): Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let driver = guest.driver_at(object).ok_or(NtStatus::INVALID_PARAMETER)?;
    let path = guest.load_name(path.0);
    let routine = guest.add_device_routine(add_device);
    pc_initialize_adapter_driver(call.kernel(), &driver, &path, routine)?;
    guest.store_word(guest.add_device_field(object), add_device);
    let dispatch = guest.thunk_of(&DISPATCH);
    for major in TAKEN_OVER {
        guest.store_word(guest.major_function(object, major.number()), dispatch);
    }
    Ok(())
}

/// `NTSTATUS PcAddAdapterDevice(PDRIVER_OBJECT, PDEVICE_OBJECT, PCPFNSTARTDEVICE, ULONG, ULONG)`
fn add_adapter_device(
    call: &Call<'_>,
    driver: Pointer,
    physical: Pointer,
    start: Pointer,
    max_objects: u32,
    extension_bytes: u32,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let driver = guest.driver_at(driver.0).ok_or(NtStatus::INVALID_PARAMETER)?;
    let physical = device_at(call, physical)?;
    // The port checks the size against the size of 64 pointers on x64. On x86 these 64 pointers
    // have half as many bytes, so each byte of an x86 driver counts twice.
    let words = guest.pointer_bytes() as u32;
    let counted = extension_bytes.saturating_mul(8 / words);
    let start = start_routine(guest, start.0);
    pc_add_adapter_device(call.kernel(), &driver, &physical, start, max_objects, counted)?;
    if let Some(device) = driver.devices().last() {
        let least = MINIMUM_DEVICE_EXTENSION * words / 8;
        guest.note_device_of_driver(guest.device_pointer(device));
        guest.set_device_extension(device, extension_bytes.max(least))?;
        guest.write_device_list(&driver);
    }
    Ok(())
}

/// The device at the address in an argument.
fn device_at(call: &Call<'_>, device: Pointer) -> Result<Rc<DeviceObject>, NtStatus> {
    call.guest().device_at(device.0).ok_or(NtStatus::INVALID_PARAMETER)
}

/// The request at the address in an argument, while it is in progress.
fn irp_at(call: &Call<'_>, irp: Pointer) -> Result<Irp, NtStatus> {
    call.guest().irp_at(irp.0).ok_or(NtStatus::INVALID_PARAMETER)
}

/// The driver's start routine as a routine that the port can call.
fn start_routine(guest: &Guest, routine: u64) -> StartDevice {
    let guest = guest.clone();
    Rc::new(move |_kernel: &Kernel, device, irp, resources| {
        let resources: Rc<dyn IUnknown> = resources;
        let list = guest.lend(&resources, &iid::RESOURCE_LIST);
        let device_pointer = guest.device_pointer(device);
        let answer = guest.with_irp(irp, device, routine, |irp| {
            NtStatus(guest.call(routine, &[device_pointer, irp, list]) as u32)
        });
        if answer.is_success() { Ok(()) } else { Err(answer) }
    })
}

/// `NTSTATUS PcRegisterSubdevice(PDEVICE_OBJECT, PWSTR, PUNKNOWN)`
fn register_subdevice(
    call: &Call<'_>,
    device: Pointer,
    name: Pointer,
    unknown: Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let name = String::from_utf16_lossy(&guest.load_wide_string(name.0));
    let unknown = guest.object_at(unknown.0, &iid::UNKNOWN, Hold::Retain);
    let device = device_at(call, device)?;
    let unknown = unknown.ok_or(NtStatus::INVALID_PARAMETER)?;
    pc_register_subdevice(call.kernel(), &device, &name, unknown)
}

/// `NTSTATUS PcDispatchIrp(PDEVICE_OBJECT, PIRP)`
fn dispatch_irp(call: &Call<'_>, device: Pointer, irp: Pointer) -> Result<NtStatus, NtStatus> {
    let (device, irp) = (device_at(call, device)?, irp_at(call, irp)?);
    Ok(pc_dispatch_irp(call.kernel(), &device, &irp))
}

/// `NTSTATUS PcCompleteIrp(PDEVICE_OBJECT, PIRP, NTSTATUS)`
fn complete_irp(
    call: &Call<'_>,
    device: Pointer,
    irp: Pointer,
    answer: NtStatus,
) -> Result<(), NtStatus> {
    let (guest, address) = (call.guest(), irp.0);
    let (device, irp) = (device_at(call, device)?, irp_at(call, irp)?);
    guest.take_irp(address, &irp);
    let result = pc_complete_irp(call.kernel(), &device, &irp, answer);
    guest.free_completed_irps();
    result
}

/// `NTSTATUS PcForwardIrpSynchronous(PDEVICE_OBJECT, PIRP)`
fn forward_irp_synchronous(
    call: &Call<'_>,
    device: Pointer,
    irp: Pointer,
) -> Result<NtStatus, NtStatus> {
    let (device, irp) = (device_at(call, device)?, irp_at(call, irp)?);
    Ok(pc_forward_irp_synchronous(call.kernel(), &device, &irp))
}

/// `NTSTATUS PcGetDeviceProperty(PVOID, DEVICE_REGISTRY_PROPERTY, ULONG, PVOID, PULONG)`
fn get_device_property(
    call: &Call<'_>,
    device: Pointer,
    property: u32,
    length: u32,
    out: Pointer,
    result: Out<u32>,
) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let device = device_at(call, device)?;
    let property = DeviceRegistryProperty::from_u32(property & 0xFFFF);
    let property = property.ok_or(NtStatus::INVALID_PARAMETER)?;
    let reply = pc_get_device_property(call.kernel(), &device, property, length);
    result.set(guest, reply.information);
    if !reply.bytes.is_empty() {
        guest.store(out.0, &reply.bytes);
    }
    Ok(reply.status)
}

/// `NTSTATUS PcGetPhysicalDeviceObject(PDEVICE_OBJECT, PDEVICE_OBJECT *)`
fn get_physical_device_object(
    call: &Call<'_>,
    device: Pointer,
    out: Out<Pointer>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let physical = pc_get_physical_device_object(&device_at(call, device)?);
    let physical = physical.ok_or(NtStatus::INVALID_PARAMETER)?;
    out.set(guest, Pointer(guest.device_pointer(&physical)));
    Ok(())
}

/// `NTSTATUS PcRegisterAdapterPowerManagement(PUNKNOWN, PVOID)`
fn register_power(call: &Call<'_>, unknown: Pointer, device: Pointer) -> Result<(), NtStatus> {
    let unknown = call.guest().object_at(unknown.0, &iid::UNKNOWN, Hold::Retain);
    let unknown = unknown.ok_or(NtStatus::INVALID_PARAMETER)?;
    pc_register_adapter_power_management(call.kernel(), unknown, &device_at(call, device)?)
}

/// `NTSTATUS PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT)`
fn unregister_power(call: &Call<'_>, device: Pointer) -> Result<(), NtStatus> {
    pc_unregister_adapter_power_management(call.kernel(), &device_at(call, device)?)
}

/// `NTSTATUS PcRequestNewPowerState(PDEVICE_OBJECT, DEVICE_POWER_STATE)`
fn request_new_power_state(call: &Call<'_>, device: Pointer, state: u32) -> Result<(), NtStatus> {
    let device = device_at(call, device)?;
    let state = DevicePowerState::from_number(state).ok_or(NtStatus::INVALID_PARAMETER)?;
    pc_request_new_power_state(call.kernel(), &device, state)
}

/// A registered I/O timeout. This object is bound to the address of an empty block of guest memory,
/// which the driver does not know.
struct IoTimeout {
    wanted: WantedTimeout,
    registered: IoTimeoutRoutine,
}

/// The arguments by which a driver names a timeout: the device, the routine and its context.
type WantedTimeout = (Pointer, Pointer, Pointer);

impl Bound for IoTimeout {
    fn left(&self) -> Option<&'static str> {
        Some("I/O timeouts")
    }
}

/// The timeout that was registered with these arguments, and the address that it is bound to.
fn known_timeout(guest: &Guest, wanted: WantedTimeout) -> Option<(u64, Rc<IoTimeout>)> {
    guest.find_bound(|known: &IoTimeout| known.wanted == wanted)
}

/// `NTSTATUS PcRegisterIoTimeout(PDEVICE_OBJECT, PIO_TIMER_ROUTINE, PVOID)`
fn register_io_timeout(
    call: &Call<'_>,
    address: Pointer,
    routine: Pointer,
    context: Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let device = device_at(call, address)?;
    let wanted = (address, routine, context);
    if known_timeout(guest, wanted).is_some() {
        return Err(NtStatus::UNSUCCESSFUL);
    }
    let inside = guest.clone();
    let registered: IoTimeoutRoutine = Rc::new(move |_, _| {
        inside.call(routine.0, &[address.0, context.0]);
    });
    pc_register_io_timeout(call.kernel(), &device, Rc::clone(&registered))?;
    guest.bind(guest.new_object_block(&[]), Rc::new(IoTimeout { wanted, registered }));
    Ok(())
}

/// `NTSTATUS PcUnregisterIoTimeout(PDEVICE_OBJECT, PIO_TIMER_ROUTINE, PVOID)`
fn unregister_io_timeout(
    call: &Call<'_>,
    address: Pointer,
    routine: Pointer,
    context: Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let device = device_at(call, address)?;
    let known = known_timeout(guest, (address, routine, context));
    let (entry, known) = known.ok_or(NtStatus::NOT_FOUND)?;
    guest.unbind(entry);
    guest.free_object_block(entry, 0);
    pc_unregister_io_timeout(call.kernel(), &device, &known.registered)
}
