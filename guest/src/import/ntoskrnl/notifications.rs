//! Plug and Play notifications: device interfaces come and go.
//!
//! The kernel keeps a registration for a change of the hardware profile, but never reports a
//! change, because the machine has one profile. A registration for a target device needs a file
//! object, and the emulator does not have the routines that give a driver a file object. So such a
//! registration ends the run.
//!
//! Source: WDK, IoRegisterPlugPlayNotification; DEVICE_INTERFACE_CHANGE_NOTIFICATION; wdmguid.h.

use std::rc::Rc;

use portcls_emulator::{InterfaceChange, InterfaceState, InterfaceWatch, NtStatus};

use crate::guest::Guest;
use crate::routine::{Call, Out, Pointer, Routine, row};
use crate::rules::NOT_A_NOTIFICATION;
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoRegisterPlugPlayNotification", UpTo(PASSIVE_LEVEL), register),
    row!("IoUnregisterPlugPlayNotification", UpTo(PASSIVE_LEVEL), unregister),
    row!("IoUnregisterPlugPlayNotificationEx", UpTo(PASSIVE_LEVEL), unregister),
];

/// IO_NOTIFICATION_EVENT_CATEGORY.
const HARDWARE_PROFILE_CHANGE: u32 = 1;
const DEVICE_INTERFACE_CHANGE: u32 = 2;

/// PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES.
const INCLUDE_EXISTING: u32 = 1;

/// GUID_DEVICE_INTERFACE_ARRIVAL and GUID_DEVICE_INTERFACE_REMOVAL.
#[rustfmt::skip]
const ARRIVAL: [u8; 16] = [
    0x04, 0x40, 0x3A, 0xCB, 0xF0, 0x46, 0xD0, 0x11, 0xB0, 0x8F, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3F,
];
#[rustfmt::skip]
const REMOVAL: [u8; 16] = [
    0x05, 0x40, 0x3A, 0xCB, 0xF0, 0x46, 0xD0, 0x11, 0xB0, 0x8F, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3F,
];

/// The bytes of a DEVICE_INTERFACE_CHANGE_NOTIFICATION before the pointer to the name: version,
/// size, event and class. The pointer follows at the next multiple of its size.
const HEAD_BYTES: u64 = 0x24;

/// A registration of the driver.
struct Notification {
    /// `None` when no change of this category ever happens.
    watch: Option<InterfaceWatch>,
}

impl Bound for Notification {
    fn left(&self) -> Option<&'static str> {
        Some("Plug and Play notifications")
    }
}

/// Size of a registration in bytes. Assumed: any size will do, because a registration is opaque to
/// drivers.
const ENTRY_BYTES: usize = 64;

/// The routine that a driver registered, with the arguments that it gets.
#[derive(Clone)]
struct Callback {
    guest: Guest,
    class: [u8; 16],
    routine: Pointer,
    context: Pointer,
}

/// `NTSTATUS IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY, ULONG Flags, PVOID
/// EventCategoryData, PDRIVER_OBJECT, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE, PVOID, PVOID *)`
fn register(
    call: &Call<'_>,
    category: u32,
    flags: u32,
    data: Pointer,
    driver: Pointer,
    routine: Pointer,
    context: Pointer,
    entry: Out<Pointer>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    if guest.driver_at(driver.0).is_none() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    match category {
        HARDWARE_PROFILE_CHANGE => {
            entry.set(guest, new_entry(call, None)?);
            Ok(())
        }
        DEVICE_INTERFACE_CHANGE => {
            let class = guest.load(data.0);
            let callback = Callback { guest: guest.clone(), class, routine, context };
            entry.set(guest, register_for_interfaces(call, &callback)?);
            if flags & INCLUDE_EXISTING != 0 {
                let kernel = call.kernel();
                for link in kernel.device_interface_links(class, None, InterfaceState::Enabled) {
                    callback.tell(InterfaceChange::Arrival, &link);
                }
            }
            Ok(())
        }
        _ => {
            let what = format!("IoRegisterPlugPlayNotification for event category {category}");
            call.kernel().unsupported(&what);
            Err(NtStatus::NOT_SUPPORTED)
        }
    }
}

fn register_for_interfaces(call: &Call<'_>, callback: &Callback) -> Result<Pointer, NtStatus> {
    let told = callback.clone();
    let watch = call.kernel().watch_device_interfaces(
        callback.class,
        Rc::new(move |_, change, link| told.tell(change, link)),
    );
    new_entry(call, Some(watch)).inspect_err(|_| call.kernel().unwatch_device_interfaces(watch))
}

fn new_entry(call: &Call<'_>, watch: Option<InterfaceWatch>) -> Result<Pointer, NtStatus> {
    call.kernel().ask_allocation()?;
    let address = call.guest().new_object_block(&[0; ENTRY_BYTES]);
    call.guest().bind(address, Rc::new(Notification { watch }));
    Ok(Pointer(address))
}

impl Callback {
    /// Calls the driver's routine with a DEVICE_INTERFACE_CHANGE_NOTIFICATION.
    fn tell(&self, change: InterfaceChange, link: &str) {
        let guest = &self.guest;
        let name: Vec<u8> = link.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let string = HEAD_BYTES.next_multiple_of(guest.pointer_bytes()) + guest.pointer_bytes();
        let size = string;
        let text = string + u64::from(guest.layout().unicode_string.size_of);
        let event = match change {
            InterfaceChange::Arrival => ARRIVAL,
            InterfaceChange::Removal => REMOVAL,
        };
        let Ok(name_bytes) = u16::try_from(name.len()) else {
            let link = format!("a link of {} bytes in a notification", name.len());
            guest.kernel().unsupported(&format!("{link}; a name has at most {}", u16::MAX));
            return;
        };
        let bytes = text as usize + name.len();
        let notification = guest.new_object_block(&vec![0; bytes]);
        if notification == 0 {
            return;
        }
        guest.store_u16(notification, 1);
        guest.store_u16(notification + 2, size as u16);
        guest.store(notification + 4, &event);
        guest.store(notification + 0x14, &self.class);
        guest.store_word(notification + size - guest.pointer_bytes(), notification + string);
        let fields = &guest.layout().unicode_string;
        let string = notification + string;
        guest.store_u16(string + u64::from(fields.length), name_bytes - 2);
        guest.store_u16(string + u64::from(fields.maximum_length), name_bytes);
        guest.store_word(string + u64::from(fields.buffer), notification + text);
        guest.store(notification + text, &name);
        guest.call_in_system_thread(self.routine.0, &[notification, self.context.0]);
        guest.free_object_block(notification, bytes);
    }
}

/// `NTSTATUS IoUnregisterPlugPlayNotification(PVOID)`, and IoUnregisterPlugPlayNotificationEx
fn unregister(call: &Call<'_>, entry: Pointer) -> Result<(), NtStatus> {
    let guest = call.guest();
    let Some(notification) = guest.bound::<Notification>(entry.0) else {
        let name = call.routine().name;
        let message = format!("{name} of {:#x}, which is no registration", entry.0);
        call.kernel().report_violation(&NOT_A_NOTIFICATION, &message);
        return Err(NtStatus::INVALID_PARAMETER);
    };
    if let Some(watch) = notification.watch {
        call.kernel().unwatch_device_interfaces(watch);
    }
    guest.unbind(entry.0);
    guest.free_object_block(entry.0, ENTRY_BYTES);
    Ok(())
}
