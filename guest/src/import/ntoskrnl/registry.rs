//! Registry keys by handles, and questions from a path.
//!
//! Source: WDK, ZwOpenKey and its relatives, RtlQueryRegistryValues; wdm.h for the numbers.

use std::rc::Rc;

use portcls_emulator::registry::{
    QueryBase, QueryEntry, QueryStart, RegistryKey, RegistryValue, ValueInformationClass, ValueType,
};
use portcls_emulator::{Irql, NtStatus};
use portcls_port::interfaces::RegistryAnswer;

use crate::guest::Guest;
use crate::memory::at;
use crate::objects::registry_table::ask_table;
use crate::routine::{Call, status, status_of};
use crate::tables::bindings::Bound;

/// An open key with what it was opened for.
pub(super) struct KeyHandle {
    key: RegistryKey,
    access: u32,
}

impl Bound for KeyHandle {
    fn left(&self) -> Option<&'static str> {
        Some("open registry keys")
    }
}

/// Access rights. Source: wdm.h.
const QUERY_VALUE: u32 = 0x1;
const SET_VALUE: u32 = 0x2;
const MAXIMUM_ALLOWED: u32 = 0x0200_0000;
const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_READ: u32 = 0x8000_0000;

/// The most keys that are open at once.
const HANDLES: u64 = 0x1_0000;

/// What handles of the kernel begin at; each is 4 behind the one before.
const FIRST_HANDLE: u64 = 0xFFFF_FFFF_8000_0004;

impl KeyHandle {
    fn allows(&self, right: u32) -> bool {
        let generic = match right {
            QUERY_VALUE => GENERIC_READ,
            _ => GENERIC_WRITE,
        };
        self.access & (right | generic | GENERIC_ALL | MAXIMUM_ALLOWED) != 0
    }
}

/// Gives a key a handle: the first number that is free.
fn new_handle(guest: &Guest, key: KeyHandle) -> Option<u64> {
    let numbers = (0..HANDLES).map(|index| FIRST_HANDLE + 4 * index).map(|handle| {
        if guest.pointer_bytes() == 8 { handle } else { handle & u64::from(u32::MAX) }
    });
    let handle = numbers.into_iter().find(|handle| guest.bound::<KeyHandle>(*handle).is_none())?;
    guest.bind(handle, Rc::new(key));
    Some(handle)
}

fn key_at(guest: &Guest, handle: u64) -> Result<Rc<KeyHandle>, NtStatus> {
    guest.bound::<KeyHandle>(handle).ok_or(NtStatus::INVALID_HANDLE)
}

fn text(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

/// `NTSTATUS ZwOpenKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES)`
pub(super) fn open_key(call: &Call<'_>) -> u64 {
    let (out, access, attributes) = (call.pointer(), call.u32(), call.pointer());
    let guest = call.guest();
    let fields = &guest.layout().object_attributes;
    let root = guest.load_word(at(attributes, fields.root_directory));
    let name = guest.load_word(at(attributes, fields.object_name));
    let path = if name == 0 { String::new() } else { text(&guest.load_unicode_string(name)) };
    let opened = match root {
        0 => call.kernel().open_registry_key(&path),
        root => {
            call.kernel().require_irql_at_most(Irql::PASSIVE_LEVEL, "ZwOpenKey");
            key_at(guest, root).and_then(|above| above.key.open(&path))
        }
    };
    let opened = opened.and_then(|key| {
        new_handle(guest, KeyHandle { key, access }).ok_or(NtStatus::INSUFFICIENT_RESOURCES)
    });
    if let Ok(handle) = opened {
        guest.store_word(out, handle);
    }
    status_of(&opened)
}

/// `NTSTATUS ZwClose(HANDLE)`
pub(super) fn close(call: &Call<'_>) -> u64 {
    let handle = call.pointer();
    let known = key_at(call.guest(), handle);
    if known.is_ok() {
        call.guest().unbind(handle);
    }
    status_of(&known)
}

/// `NTSTATUS ZwMakeTemporaryObject(HANDLE)`: no key is a permanent object, so nothing changes.
pub(super) fn make_temporary_object(call: &Call<'_>) -> u64 {
    status_of(&key_at(call.guest(), call.pointer()))
}

/// `NTSTATUS ZwQueryValueKey(HANDLE, PUNICODE_STRING, KEY_VALUE_INFORMATION_CLASS, PVOID, ULONG,
/// PULONG)`
pub(super) fn query_value_key(call: &Call<'_>) -> u64 {
    let (handle, name, class) = (call.pointer(), call.pointer(), call.u32());
    let (out, length, result) = (call.pointer(), call.u32(), call.pointer());
    let guest = call.guest();
    let value = key_at(guest, handle).and_then(|key| {
        if !key.allows(QUERY_VALUE) {
            return Err(NtStatus::ACCESS_DENIED);
        }
        key.key.value(&text(&guest.load_unicode_string(name)))
    });
    let value = match value {
        Ok(value) => value,
        Err(failure) => return status(failure),
    };
    let Some(class) = ValueInformationClass::from_u32(class) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    let reply = value.information(class, length);
    if !reply.bytes.is_empty() {
        guest.store(out, &reply.bytes);
    }
    guest.store_u32(result, reply.needed);
    status(reply.status)
}

/// `NTSTATUS ZwSetValueKey(HANDLE, PUNICODE_STRING, ULONG, ULONG Type, PVOID, ULONG)`
pub(super) fn set_value_key(call: &Call<'_>) -> u64 {
    let (handle, name, _title) = (call.pointer(), call.pointer(), call.u32());
    let (kind, data, length) = (call.u32(), call.pointer(), call.u32());
    let guest = call.guest();
    let set = key_at(guest, handle).and_then(|key| {
        if !key.allows(SET_VALUE) {
            return Err(NtStatus::ACCESS_DENIED);
        }
        let name = text(&guest.load_unicode_string(name));
        let data = guest.load_bytes(data, length as usize);
        key.key.set_value(call.kernel(), RegistryValue { name, kind: ValueType(kind), data })
    });
    status_of(&set)
}

/// Bits of `RelativeTo` beside the number. Source: wdm.h, RTL_REGISTRY_.
const BY_HANDLE: u32 = 0x4000_0000;
const OPTIONAL: u32 = 0x8000_0000;

/// `NTSTATUS RtlQueryRegistryValues(ULONG, PCWSTR, PRTL_QUERY_REGISTRY_TABLE, PVOID, PVOID)`
///
/// Assumed: the environment, if there is one, makes no difference.
pub(super) fn query_registry_values(call: &Call<'_>) -> u64 {
    let (relative, path, table) = (call.u32(), call.pointer(), call.pointer());
    let (context, _environment) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let start = match start_of(guest, relative, path) {
        Ok(start) => start,
        Err(failure) => return status(failure),
    };
    let ask = |queries: &[QueryEntry], deliver: &mut RegistryAnswer<'_>| {
        call.kernel().query_registry_values(&start, queries, deliver)
    };
    match ask_table(guest, table, context, ask) {
        Err(NtStatus::OBJECT_NAME_NOT_FOUND) if relative & OPTIONAL != 0 => {
            status(NtStatus::SUCCESS)
        }
        result => status_of(&result),
    }
}

fn start_of(guest: &Guest, relative: u32, path: u64) -> Result<QueryStart, NtStatus> {
    if relative & BY_HANDLE != 0 {
        return Ok(QueryStart::Key(key_at(guest, path)?.key.clone()));
    }
    let base = QueryBase::from_u32(relative & 0xFF).ok_or(NtStatus::INVALID_PARAMETER)?;
    let path = if path == 0 { Vec::new() } else { guest.load_wide_string(path) };
    Ok(QueryStart::Path(base, text(&path)))
}
