//! Device objects, work items, and references to objects.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{BugCheckCode, DeviceObject, Kernel, NtStatus, WorkItem};
use portcls_port::ks::LengthReply;

use crate::binding::Bound;
use crate::memory::at;
use crate::routine::{Call, status};
use crate::rules;

use super::registry::KeyHandle;

/// The flag of a device that nobody opens yet. Source: wdm.h.
const DO_DEVICE_INITIALIZING: u32 = 0x80;

/// `NTSTATUS IoCreateDevice(PDRIVER_OBJECT, ULONG, PUNICODE_STRING, DEVICE_TYPE, ULONG, BOOLEAN,
/// PDEVICE_OBJECT *)`
///
/// Assumed: the name makes no difference, for nobody here opens a device by it.
pub(super) fn create_device(call: &Call<'_>) -> u64 {
    let (driver, extension_bytes, _name) = (call.pointer(), call.u32(), call.pointer());
    let (device_type, characteristics, _exclusive) = (call.u32(), call.u32(), call.u8());
    let out = call.pointer();
    let guest = call.guest();
    let Some(driver) = guest.driver_at(driver) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    let device = DeviceObject::new(&driver);
    let address = guest.device_pointer(&device);
    guest.note_device_of_driver(address);
    guest.set_device_extension(&device, extension_bytes);
    let fields = &guest.layout().device_object;
    guest.store_u32(at(address, fields.device_type), device_type);
    guest.store_u32(at(address, fields.characteristics), characteristics);
    guest.store_u32(at(address, fields.flags), DO_DEVICE_INITIALIZING);
    guest.write_device_list(&driver);
    guest.store_word(out, address);
    status(NtStatus::SUCCESS)
}

/// `VOID IoDeleteDevice(PDEVICE_OBJECT)`
pub(super) fn delete_device(call: &Call<'_>) -> u64 {
    if let Some(device) = known_device(call, call.pointer()) {
        device.delete();
        call.guest().write_device_list(device.driver());
    }
    0
}

/// `PDEVICE_OBJECT IoAttachDeviceToDeviceStack(PDEVICE_OBJECT, PDEVICE_OBJECT)`: the device that
/// was on top before, which is the one below now.
pub(super) fn attach_device_to_device_stack(call: &Call<'_>) -> u64 {
    let (source_at, target_at) = (call.pointer(), call.pointer());
    let (Some(source), Some(target)) =
        (known_device(call, source_at), known_device(call, target_at))
    else {
        return 0;
    };
    let guest = call.guest();
    let below = target.top();
    source.attach_to(&below);
    let below_at = guest.device_pointer(&below);
    let fields = &guest.layout().device_object;
    let locations = guest.load_u8(at(below_at, fields.stack_size)).wrapping_add(1);
    guest.store_u8(at(source_at, fields.stack_size), locations);
    guest.store_word(at(below_at, fields.attached_device), source_at);
    below_at
}

/// `PDEVICE_OBJECT IoGetAttachedDeviceReference(PDEVICE_OBJECT)`
pub(super) fn get_attached_device_reference(call: &Call<'_>) -> u64 {
    let Some(device) = known_device(call, call.pointer()) else { return 0 };
    let guest = call.guest();
    let top = guest.device_pointer(&device.top());
    count_reference(call, top, 1);
    top
}

/// `NTSTATUS IoGetDeviceProperty(PDEVICE_OBJECT, DEVICE_REGISTRY_PROPERTY, ULONG, PVOID, PULONG)`
pub(super) fn get_device_property(call: &Call<'_>) -> u64 {
    let (device, property, length) = (call.pointer(), call.u32(), call.u32());
    let (buffer, result) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let Some(device) = guest.device_at(device) else {
        return status(NtStatus::INVALID_DEVICE_REQUEST);
    };
    let reply = match device.property(property & 0xFFFF) {
        Some(value) => LengthReply::of_device_property(&value, length),
        None => LengthReply::of_status(NtStatus::OBJECT_NAME_NOT_FOUND),
    };
    guest.store_u32(result, reply.information);
    if !reply.bytes.is_empty() {
        guest.store(buffer, &reply.bytes);
    }
    status(reply.status)
}

/// The device at an address; another address is the driver's mistake.
fn known_device(call: &Call<'_>, address: u64) -> Option<Rc<DeviceObject>> {
    let device = call.guest().device_at(address);
    if device.is_none() {
        let message = format!("{} of {address:#x}, which is no device", call.routine().name);
        call.kernel().report_violation(&rules::NOT_A_DEVICE, &message);
    }
    device
}

/// A work item of the driver.
struct DriverWorkItem {
    device: u64,
    item: WorkItem,
    routine: Rc<Cell<(u64, u64)>>,
    waits: Rc<Cell<bool>>,
}

impl Bound for DriverWorkItem {
    fn pending(&self) -> Option<&'static str> {
        self.waits.get().then_some("a work item that is queued")
    }

    fn left(&self) -> Option<&'static str> {
        Some("work items")
    }
}

/// Bytes of a work item, which a driver does not look into. Assumed: any size will do.
const WORK_ITEM_BYTES: usize = 64;

/// `PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT)`
pub(super) fn allocate_work_item(call: &Call<'_>) -> u64 {
    let device = call.pointer();
    let guest = call.guest();
    let address = guest.new_object_block(&[0; WORK_ITEM_BYTES]);
    let routine = Rc::new(Cell::new((0, 0)));
    let waits = Rc::new(Cell::new(false));
    let (run, waiting, caller) = (Rc::clone(&routine), Rc::clone(&waits), guest.clone());
    let item = WorkItem::new(Rc::new(move |_: &Kernel| {
        waiting.set(false);
        let (routine, context) = run.get();
        caller.call(routine, &[device, context]);
    }));
    guest.bind(address, Rc::new(DriverWorkItem { device, item, routine, waits }));
    address
}

/// `VOID IoQueueWorkItem(PIO_WORKITEM, PIO_WORKITEM_ROUTINE, WORK_QUEUE_TYPE, PVOID)`
///
/// Assumed: the three queues are one, in the order in which items come.
pub(super) fn queue_work_item(call: &Call<'_>) -> u64 {
    let (address, routine) = (call.pointer(), call.pointer());
    let (_queue, context) = (call.u32(), call.pointer());
    let Some(item) = work_item(call, address) else { return 0 };
    if !item.waits.replace(true) {
        item.routine.set((routine, context));
    }
    debug_assert!(call.guest().device_at(item.device).is_some() || item.device == 0);
    // A second time while it waits is a mistake that the kernel reports.
    call.kernel().queue_work_item(&item.item);
    0
}

/// `VOID IoFreeWorkItem(PIO_WORKITEM)`
pub(super) fn free_work_item(call: &Call<'_>) -> u64 {
    let address = call.pointer();
    let Some(item) = work_item(call, address) else { return 0 };
    if item.waits.get() {
        let message = "a work item was freed while it was queued";
        call.kernel().report_violation(&rules::WORK_ITEM_FREED_QUEUED, message);
    }
    call.guest().unbind(address);
    call.guest().free_object_block(address, WORK_ITEM_BYTES);
    0
}

fn work_item(call: &Call<'_>, address: u64) -> Option<Rc<DriverWorkItem>> {
    let item = call.guest().bound::<DriverWorkItem>(address);
    if item.is_none() {
        let message = format!("{} of {address:#x}, which is no work item", call.routine().name);
        call.kernel().report_violation(&rules::NOT_A_WORK_ITEM, &message);
    }
    item
}

/// References that the driver took to an object and did not give back: at least one.
///
/// A leak tells the place that took the first of them, and counts objects.
struct References(Cell<u64>);

impl Bound for References {
    fn left(&self) -> Option<&'static str> {
        Some("referenced kernel objects")
    }
}

/// Counts references of the driver to an object. More given back than taken is bug check
/// REFERENCE_BY_POINTER, as it is when a count falls below what others hold.
fn count_reference(call: &Call<'_>, address: u64, change: i64) -> u64 {
    let guest = call.guest();
    let counted = guest.bound::<References>(address);
    let before = counted.as_ref().map_or(0, |references| references.0.get());
    let Some(count) = before.checked_add_signed(change) else {
        let message = format!("the object at {address:#x} was dereferenced too often");
        let code = BugCheckCode::REFERENCE_BY_POINTER;
        call.kernel().bug_check_with(code, [0, address, 0, 0], &message);
        return 0;
    };
    match counted {
        Some(_) if count == 0 => drop(guest.unbind(address)),
        Some(references) => references.0.set(count),
        None => guest.bind(address, Rc::new(References(Cell::new(count)))),
    }
    // The system holds one itself.
    count + 1
}

/// `LONG_PTR ObfReferenceObject(PVOID)`
pub(super) fn reference_object(call: &Call<'_>) -> u64 {
    count_reference(call, call.pointer(), 1)
}

/// `LONG_PTR ObfDereferenceObject(PVOID)`
pub(super) fn dereference_object(call: &Call<'_>) -> u64 {
    count_reference(call, call.pointer(), -1)
}

/// `NTSTATUS ObReferenceObjectByHandle(HANDLE, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE,
/// PVOID *, POBJECT_HANDLE_INFORMATION)`
///
/// The only handles here are those of registry keys, whose object has no form in memory.
pub(super) fn reference_object_by_handle(call: &Call<'_>) -> u64 {
    let (handle, _access, object_type) = (call.pointer(), call.u32(), call.pointer());
    let (_mode, out, _information) = (call.u8(), call.pointer(), call.pointer());
    let guest = call.guest();
    if out != 0 {
        guest.store_word(out, 0);
    }
    if guest.bound::<KeyHandle>(handle).is_none() {
        return status(NtStatus::INVALID_HANDLE);
    }
    if object_type != 0 {
        return status(NtStatus::OBJECT_TYPE_MISMATCH);
    }
    call.kernel().unsupported("ObReferenceObjectByHandle of a registry key");
    status(NtStatus::NOT_SUPPORTED)
}
