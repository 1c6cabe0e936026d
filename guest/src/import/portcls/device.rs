//! The routines about drivers, devices, requests and power.

use std::rc::Rc;

use portcls_emulator::{DevicePowerState, Irql, Kernel, NtStatus};
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
use crate::guest::Guest;
use crate::routine::{Call, Routine, status, status_of};
use crate::tables::bindings::Bound;

/// What PortCls writes into a driver's dispatch table.
pub(crate) static DISPATCH: Routine =
    Routine::stdcall("PortCls' dispatch routine", 2, Irql::HIGH_LEVEL, dispatch_irp);

/// The major functions that PortCls takes over. Source: WDK, PcInitializeAdapterDriver.
const TAKEN_OVER: [u64; 11] = [0x00, 0x02, 0x03, 0x04, 0x09, 0x0E, 0x12, 0x14, 0x15, 0x16, 0x1B];

/// `NTSTATUS PcInitializeAdapterDriver(PDRIVER_OBJECT, PUNICODE_STRING, PDRIVER_ADD_DEVICE)`
pub(super) fn initialize_adapter_driver(call: &Call<'_>) -> u64 {
    let (object, path, add_device) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let Some(driver) = guest.driver_at(object) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    let path = String::from_utf16_lossy(&guest.load_unicode_string(path));
    let routine = guest.add_device_routine(add_device);
    let result = pc_initialize_adapter_driver(call.kernel(), &driver, &path, routine);
    if result.is_ok() {
        guest.store_word(guest.add_device_field(object), add_device);
        let dispatch = guest.thunk_of(&DISPATCH);
        for major in TAKEN_OVER {
            guest.store_word(guest.major_function(object, major), dispatch);
        }
    }
    status_of(&result)
}

/// `NTSTATUS PcAddAdapterDevice(PDRIVER_OBJECT, PDEVICE_OBJECT, PCPFNSTARTDEVICE, ULONG, ULONG)`
pub(super) fn add_adapter_device(call: &Call<'_>) -> u64 {
    let (driver, physical, start) = (call.pointer(), call.pointer(), call.pointer());
    let (max_objects, extension_bytes) = (call.u32(), call.u32());
    let guest = call.guest();
    let (Some(driver), Some(physical)) = (guest.driver_at(driver), guest.device_at(physical))
    else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    // The rule counts in pointers: the port's own number is that of x64.
    let words = guest.pointer_bytes() as u32;
    let counted = extension_bytes.saturating_mul(8 / words);
    let start = start_routine(guest, start);
    let result =
        pc_add_adapter_device(call.kernel(), &driver, &physical, start, max_objects, counted);
    if result.is_ok()
        && let Some(device) = driver.devices().last()
    {
        let least = MINIMUM_DEVICE_EXTENSION * words / 8;
        guest.note_device_of_driver(guest.device_pointer(device));
        guest.set_device_extension(device, extension_bytes.max(least));
        guest.write_device_list(&driver);
    }
    status_of(&result)
}

/// The driver's start routine.
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
pub(super) fn register_subdevice(call: &Call<'_>) -> u64 {
    let (device, name, unknown) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let name = String::from_utf16_lossy(&guest.load_wide_string(name));
    let unknown = guest.object_at(unknown, &iid::UNKNOWN, Hold::Retain);
    match (guest.device_at(device), unknown) {
        (Some(device), Some(unknown)) => {
            status_of(&pc_register_subdevice(call.kernel(), &device, &name, unknown))
        }
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `NTSTATUS PcDispatchIrp(PDEVICE_OBJECT, PIRP)`
pub(super) fn dispatch_irp(call: &Call<'_>) -> u64 {
    let (device, irp) = (call.pointer(), call.pointer());
    let guest = call.guest();
    match (guest.device_at(device), guest.irp_at(irp)) {
        (Some(device), Some(irp)) => status(pc_dispatch_irp(call.kernel(), &device, &irp)),
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `NTSTATUS PcCompleteIrp(PDEVICE_OBJECT, PIRP, NTSTATUS)`
pub(super) fn complete_irp(call: &Call<'_>) -> u64 {
    let (device, address, answer) = (call.pointer(), call.pointer(), NtStatus(call.u32()));
    let guest = call.guest();
    match (guest.device_at(device), guest.irp_at(address)) {
        (Some(device), Some(irp)) => {
            guest.take_irp(address, &irp);
            let result = pc_complete_irp(call.kernel(), &device, &irp, answer);
            guest.free_completed_irps();
            status_of(&result)
        }
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `NTSTATUS PcForwardIrpSynchronous(PDEVICE_OBJECT, PIRP)`
pub(super) fn forward_irp_synchronous(call: &Call<'_>) -> u64 {
    let (device, irp) = (call.pointer(), call.pointer());
    let guest = call.guest();
    match (guest.device_at(device), guest.irp_at(irp)) {
        (Some(device), Some(irp)) => {
            status(pc_forward_irp_synchronous(call.kernel(), &device, &irp))
        }
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `NTSTATUS PcGetDeviceProperty(PVOID, DEVICE_REGISTRY_PROPERTY, ULONG, PVOID, PULONG)`
pub(super) fn get_device_property(call: &Call<'_>) -> u64 {
    let (device, property, length) = (call.pointer(), call.u32(), call.u32());
    let (out, result) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let property = DeviceRegistryProperty::from_u32(property & 0xFFFF);
    let (Some(device), Some(property)) = (guest.device_at(device), property) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    let reply = pc_get_device_property(call.kernel(), &device, property, length);
    guest.store_u32(result, reply.information);
    if !reply.bytes.is_empty() {
        guest.store(out, &reply.bytes);
    }
    status(reply.status)
}

/// `NTSTATUS PcGetPhysicalDeviceObject(PDEVICE_OBJECT, PDEVICE_OBJECT *)`
pub(super) fn get_physical_device_object(call: &Call<'_>) -> u64 {
    let (device, out) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let physical =
        guest.device_at(device).and_then(|device| pc_get_physical_device_object(&device));
    let Some(physical) = physical else { return status(NtStatus::INVALID_PARAMETER) };
    guest.store_word(out, guest.device_pointer(&physical));
    status(NtStatus::SUCCESS)
}

/// `NTSTATUS PcRegisterAdapterPowerManagement(PUNKNOWN, PVOID)`
pub(super) fn register_power(call: &Call<'_>) -> u64 {
    let (unknown, device) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let unknown = guest.object_at(unknown, &iid::UNKNOWN, Hold::Retain);
    match (unknown, guest.device_at(device)) {
        (Some(unknown), Some(device)) => {
            status_of(&pc_register_adapter_power_management(call.kernel(), unknown, &device))
        }
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `NTSTATUS PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT)`
pub(super) fn unregister_power(call: &Call<'_>) -> u64 {
    match call.guest().device_at(call.pointer()) {
        Some(device) => status_of(&pc_unregister_adapter_power_management(call.kernel(), &device)),
        None => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `NTSTATUS PcRequestNewPowerState(PDEVICE_OBJECT, DEVICE_POWER_STATE)`
pub(super) fn request_new_power_state(call: &Call<'_>) -> u64 {
    let (device, state) = (call.pointer(), call.u32());
    match (call.guest().device_at(device), DevicePowerState::from_u32(state)) {
        (Some(device), Some(state)) => {
            status_of(&pc_request_new_power_state(call.kernel(), &device, state))
        }
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// A registered I/O timeout, by what the driver knows it by; bound to an entry of the kernel's own.
struct IoTimeout {
    device: u64,
    routine: u64,
    context: u64,
    registered: IoTimeoutRoutine,
}

impl Bound for IoTimeout {
    fn left(&self) -> Option<&'static str> {
        Some("I/O timeouts")
    }
}

/// The timeout that was registered with these arguments, and its entry.
fn known_timeout(guest: &Guest, wanted: (u64, u64, u64)) -> Option<(u64, Rc<IoTimeout>)> {
    guest.find_bound(|known: &IoTimeout| (known.device, known.routine, known.context) == wanted)
}

/// `NTSTATUS PcRegisterIoTimeout(PDEVICE_OBJECT, PIO_TIMER_ROUTINE, PVOID)`
pub(super) fn register_io_timeout(call: &Call<'_>) -> u64 {
    let (address, routine, context) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let Some(device) = guest.device_at(address) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    if known_timeout(guest, (address, routine, context)).is_some() {
        return status(NtStatus::UNSUCCESSFUL);
    }
    let inside = guest.clone();
    let registered: IoTimeoutRoutine = Rc::new(move |_, _| {
        inside.call(routine, &[address, context]);
    });
    let result = pc_register_io_timeout(call.kernel(), &device, Rc::clone(&registered));
    if result.is_ok() {
        let timeout = IoTimeout { device: address, routine, context, registered };
        guest.bind(guest.new_object_block(&[]), Rc::new(timeout));
    }
    status_of(&result)
}

/// `NTSTATUS PcUnregisterIoTimeout(PDEVICE_OBJECT, PIO_TIMER_ROUTINE, PVOID)`
pub(super) fn unregister_io_timeout(call: &Call<'_>) -> u64 {
    let (address, routine, context) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let Some(device) = guest.device_at(address) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    match known_timeout(guest, (address, routine, context)) {
        Some((entry, known)) => {
            guest.unbind(entry);
            guest.free_object_block(entry, 0);
            status_of(&pc_unregister_io_timeout(call.kernel(), &device, &known.registered))
        }
        None => status(NtStatus::NOT_FOUND),
    }
}
