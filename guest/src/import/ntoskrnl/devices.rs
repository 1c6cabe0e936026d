//! Device objects, work items, and references to objects.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{BugCheckCode, DeviceObject, Kernel, NtStatus, WorkItem};
use portcls_port::ks::LengthReply;

use super::system_threads::SystemThread;
use crate::memory::at;
use crate::routine::{Boolean, Call, Out, Pointer, Routine, Word, row};
use crate::rules;
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoAllocateWorkItem", UpTo(DISPATCH_LEVEL), allocate_work_item),
    row!("IoAttachDeviceToDeviceStack", UpTo(DISPATCH_LEVEL), attach_device_to_device_stack),
    row!("IoCreateDevice", UpTo(PASSIVE_LEVEL), create_device),
    row!("IoDeleteDevice", UpTo(PASSIVE_LEVEL), delete_device),
    row!("IoFreeWorkItem", UpTo(DISPATCH_LEVEL), free_work_item),
    row!("IoGetAttachedDeviceReference", UpTo(DISPATCH_LEVEL), get_attached_device_reference),
    row!("IoGetDeviceProperty", UpTo(PASSIVE_LEVEL), get_device_property),
    row!("IoGetLowerDeviceObject", UpTo(DISPATCH_LEVEL), get_lower_device_object),
    row!("IoQueueWorkItem", ByKernel, queue_work_item),
    row!("ObfDereferenceObject", UpTo(DISPATCH_LEVEL), dereference_object).fastcall(),
    row!("ObfReferenceObject", UpTo(DISPATCH_LEVEL), reference_object).fastcall(),
];

/// The flag of a device that no driver or program may open yet. Source: wdm.h.
const DO_DEVICE_INITIALIZING: u32 = 0x80;

/// `NTSTATUS IoCreateDevice(PDRIVER_OBJECT, ULONG, PUNICODE_STRING, DEVICE_TYPE, ULONG, BOOLEAN,
/// PDEVICE_OBJECT *)`
///
/// A name that is in use is refused with STATUS_OBJECT_NAME_COLLISION.
fn create_device(
    call: &Call<'_>,
    driver: Pointer,
    extension_bytes: u32,
    name: Pointer,
    device_type: u32,
    characteristics: u32,
    _exclusive: Boolean,
    out: Out<Pointer>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let driver = guest.driver_at(driver.0).ok_or(NtStatus::INVALID_PARAMETER)?;
    call.kernel().ask_allocation()?;
    let device = DeviceObject::new(&driver);
    if !name.is_null() {
        let named = call.kernel().name_device(&device, &guest.load_name(name.0));
        named.inspect_err(|_| device.delete())?;
    }
    let address = guest.device_pointer(&device);
    guest.set_device_extension(&device, extension_bytes).inspect_err(|_| device.delete())?;
    guest.note_device_of_driver(address);
    let fields = &guest.layout().device_object;
    guest.store_u32(at(address, fields.device_type), device_type);
    guest.store_u32(at(address, fields.characteristics), characteristics);
    guest.store_u32(at(address, fields.flags), DO_DEVICE_INITIALIZING);
    guest.write_device_list(&driver);
    out.set(guest, Pointer(address));
    Ok(())
}

/// `VOID IoDeleteDevice(PDEVICE_OBJECT)`
fn delete_device(call: &Call<'_>, device: Pointer) {
    if let Some(device) = known_device(call, device) {
        device.delete();
        call.guest().write_device_list(device.driver());
    }
}

/// `PDEVICE_OBJECT IoAttachDeviceToDeviceStack(PDEVICE_OBJECT, PDEVICE_OBJECT)`: puts the first
/// device on top of the stack of the second device. The result is the device that was on top
/// before.
fn attach_device_to_device_stack(
    call: &Call<'_>,
    source_at: Pointer,
    target_at: Pointer,
) -> Pointer {
    let (Some(source), Some(target)) =
        (known_device(call, source_at), known_device(call, target_at))
    else {
        return Pointer::NULL;
    };
    let guest = call.guest();
    let below = target.top();
    source.attach_to(&below);
    let below_at = guest.device_pointer(&below);
    let fields = &guest.layout().device_object;
    let locations = guest.load_u8(at(below_at, fields.stack_size)).wrapping_add(1);
    guest.store_u8(source_at.at(fields.stack_size), locations);
    guest.store_word(at(below_at, fields.attached_device), source_at.0);
    Pointer(below_at)
}

/// `PDEVICE_OBJECT IoGetAttachedDeviceReference(PDEVICE_OBJECT)`
fn get_attached_device_reference(call: &Call<'_>, device: Pointer) -> Pointer {
    let Some(device) = known_device(call, device) else { return Pointer::NULL };
    let top = Pointer(call.guest().device_pointer(&device.top()));
    count_reference(call, top, 1);
    top
}

/// `PDEVICE_OBJECT IoGetLowerDeviceObject(PDEVICE_OBJECT)`: null for the lowest device. The routine
/// takes a reference to the device that it returns, and the driver has to give the reference back.
fn get_lower_device_object(call: &Call<'_>, device: Pointer) -> Pointer {
    let lower = known_device(call, device).and_then(|device| device.lower());
    let Some(lower) = lower else { return Pointer::NULL };
    let lower = Pointer(call.guest().device_pointer(&lower));
    count_reference(call, lower, 1);
    lower
}

/// `NTSTATUS IoGetDeviceProperty(PDEVICE_OBJECT, DEVICE_REGISTRY_PROPERTY, ULONG, PVOID, PULONG)`
fn get_device_property(
    call: &Call<'_>,
    device: Pointer,
    property: u32,
    length: u32,
    buffer: Pointer,
    result: Out<u32>,
) -> NtStatus {
    let guest = call.guest();
    let Some(device) = guest.device_at(device.0) else {
        return NtStatus::INVALID_DEVICE_REQUEST;
    };
    let reply = match device.property(property & 0xFFFF) {
        Some(value) => LengthReply::of_device_property(&value, length),
        None => LengthReply::of_status(NtStatus::OBJECT_NAME_NOT_FOUND),
    };
    result.set(guest, reply.information);
    if !reply.bytes.is_empty() {
        guest.store(buffer.0, &reply.bytes);
    }
    reply.status
}

/// The device at an address. When the address is not a device, the driver made a mistake, and this
/// is a violation.
pub(super) fn known_device(call: &Call<'_>, address: Pointer) -> Option<Rc<DeviceObject>> {
    let device = call.guest().device_at(address.0);
    if device.is_none() {
        let message = format!("{} of {:#x}, which is no device", call.routine().name, address.0);
        call.kernel().report_violation(&rules::NOT_A_DEVICE, &message);
    }
    device
}

/// A work item of the driver.
struct DriverWorkItem {
    device: Pointer,
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

/// Size of a work item in bytes. Assumed: any size will do, because drivers do not look into it.
const WORK_ITEM_BYTES: usize = 64;

/// `PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT)`
fn allocate_work_item(call: &Call<'_>, device: Pointer) -> Pointer {
    let guest = call.guest();
    if call.kernel().ask_allocation().is_err() {
        return Pointer::NULL;
    }
    let address = guest.new_object_block(&[0; WORK_ITEM_BYTES]);
    let routine = Rc::new(Cell::new((0, 0)));
    let waits = Rc::new(Cell::new(false));
    let (run, waiting, caller) = (Rc::clone(&routine), Rc::clone(&waits), guest.clone());
    let item = WorkItem::new(Rc::new(move |_: &Kernel| {
        waiting.set(false);
        let (routine, context) = run.get();
        caller.call_in_system_thread(routine, &[device.0, context]);
    }));
    guest.bind(address, Rc::new(DriverWorkItem { device, item, routine, waits }));
    Pointer(address)
}

/// `VOID IoQueueWorkItem(PIO_WORKITEM, PIO_WORKITEM_ROUTINE, WORK_QUEUE_TYPE, PVOID)`
///
/// Assumed: the items of all three queues run in one queue, in the order in which the driver queues
/// them.
fn queue_work_item(
    call: &Call<'_>,
    address: Pointer,
    routine: Pointer,
    _queue: u32,
    context: Pointer,
) {
    let Some(item) = work_item(call, address) else { return };
    if !can_refer_to(call, item.device) {
        return;
    }
    if !item.waits.replace(true) {
        item.routine.set((routine.0, context.0));
    }
    // If the item is already queued, the kernel reports the driver's mistake.
    call.kernel().queue_work_item(&item.item);
}

/// While a work item is queued, the system holds a reference to the item's device. The result says
/// whether the system can take this reference.
///
/// If the address has no memory, the access is a fault. If the address has memory but no device,
/// the result is bug check REFERENCE_BY_POINTER. IoAllocateWorkItem only stores the pointer, so the
/// mistake shows when the driver queues the item.
/// Assumed: the system looks for the reference count in front of the address, and the bytes there
/// are no valid count.
fn can_refer_to(call: &Call<'_>, device: Pointer) -> bool {
    let guest = call.guest();
    let is_device = guest.device_at(device.0).is_some();
    if !is_device {
        guest.load_u16(device.at(guest.layout().device_object.type_));
        accuse_of_bad_count(call, device, "is no device, and a work item was queued for it");
    }
    is_device
}

/// `VOID IoFreeWorkItem(PIO_WORKITEM)`
fn free_work_item(call: &Call<'_>, address: Pointer) {
    let Some(item) = work_item(call, address) else { return };
    if item.waits.get() {
        let message = "a work item was freed while it was queued";
        call.kernel().report_violation(&rules::WORK_ITEM_FREED_QUEUED, message);
    }
    call.guest().unbind(address.0);
    call.guest().free_object_block(address.0, WORK_ITEM_BYTES);
}

fn work_item(call: &Call<'_>, address: Pointer) -> Option<Rc<DriverWorkItem>> {
    let item = call.guest().bound::<DriverWorkItem>(address.0);
    if item.is_none() {
        let name = call.routine().name;
        let message = format!("{name} of {:#x}, which is no work item", address.0);
        call.kernel().report_violation(&rules::NOT_A_WORK_ITEM, &message);
    }
    item
}

/// References that the driver took to an object and has not given back: at least one.
///
/// The leak report names the place that took the first reference. The report counts objects, not
/// references.
struct References(Cell<u64>);

impl Bound for References {
    fn left(&self) -> Option<&'static str> {
        Some("referenced kernel objects")
    }
}

/// Counts references of the driver to an object, and returns the new number of references. When the
/// driver gives back more references than it took, this is bug check REFERENCE_BY_POINTER. Windows
/// raises this bug check when an object has fewer references than the users of the object hold.
fn count_reference(call: &Call<'_>, object: Pointer, change: i64) -> Word {
    let guest = call.guest();
    if let Some(thread) = guest.bound::<SystemThread>(object.0) {
        return match thread.count_reference(guest, change) {
            Some(count) => Word(count),
            None => {
                accuse_of_bad_count(call, object, "was dereferenced too often");
                Word(0)
            }
        };
    }
    let counted = guest.bound::<References>(object.0);
    let before = counted.as_ref().map_or(0, |references| references.0.get());
    let Some(count) = before.checked_add_signed(change) else {
        accuse_of_bad_count(call, object, "was dereferenced too often");
        return Word(0);
    };
    match counted {
        Some(_) if count == 0 => drop(guest.unbind(object.0)),
        Some(references) => references.0.set(count),
        None => guest.bind(object.0, Rc::new(References(Cell::new(count)))),
    }
    // The result includes the reference that the system itself holds.
    Word(count + 1)
}

fn accuse_of_bad_count(call: &Call<'_>, object: Pointer, what: &str) {
    let code = BugCheckCode::REFERENCE_BY_POINTER;
    let message = format!("the object at {:#x} {what}", object.0);
    call.kernel().bug_check_with(code, [0, object.0, 0, 0], &message);
}

/// `LONG_PTR ObfReferenceObject(PVOID)`
fn reference_object(call: &Call<'_>, object: Pointer) -> Word {
    count_reference(call, object, 1)
}

/// `LONG_PTR ObfDereferenceObject(PVOID)`
fn dereference_object(call: &Call<'_>, object: Pointer) -> Word {
    count_reference(call, object, -1)
}
