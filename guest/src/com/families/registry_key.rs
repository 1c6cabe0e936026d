//! `IRegistryKey` as a driver sees it.

use std::rc::Rc;

use portcls_emulator::registry::{
    KeyDisposition, KeyInformationClass, QueryReply, RegistryValue, ValueInformationClass,
    ValueType,
};
use portcls_emulator::{Irql, NtStatus};
use portcls_port::com::IUnknown;
use portcls_port::guid::iid;
use portcls_port::interfaces::{IRegistryKey, KeyAccess};

use crate::com::family::Family;
use crate::com::this::this;
use crate::guest::Guest;
use crate::objects::registry_table::ask_table;
use crate::routine::{Call, Routine, status, status_of};

pub(super) static FAMILY: Family = Family {
    name: "IRegistryKey",
    iid: iid::REGISTRY_KEY,
    bases: &[],
    methods: &[
        Routine::stdcall("IRegistryKey::QueryKey", 5, PASSIVE, query_key),
        Routine::stdcall("IRegistryKey::EnumerateKey", 6, PASSIVE, enumerate_key),
        Routine::stdcall("IRegistryKey::QueryValueKey", 6, PASSIVE, query_value_key),
        Routine::stdcall("IRegistryKey::EnumerateValueKey", 6, PASSIVE, enumerate_value_key),
        Routine::stdcall("IRegistryKey::SetValueKey", 5, PASSIVE, set_value_key),
        Routine::stdcall("IRegistryKey::QueryRegistryValues", 3, PASSIVE, query_values),
        Routine::stdcall("IRegistryKey::NewSubKey", 7, PASSIVE, new_sub_key),
        Routine::stdcall("IRegistryKey::DeleteKey", 1, PASSIVE, delete_key),
    ],
};

const PASSIVE: Irql = Irql::PASSIVE_LEVEL;

/// The last three arguments of every query: where the answer goes, its room, its length.
struct Room {
    out: u64,
    length: u32,
    result: u64,
}

impl Room {
    fn take(call: &Call<'_>) -> Room {
        Room { out: call.pointer(), length: call.u32(), result: call.pointer() }
    }

    fn fill(&self, guest: &Guest, reply: &QueryReply) -> u64 {
        if !reply.bytes.is_empty() {
            guest.store(self.out, &reply.bytes);
        }
        if self.result != 0 {
            guest.store_u32(self.result, reply.needed);
        }
        status(reply.status)
    }
}

fn invalid() -> u64 {
    status(NtStatus::INVALID_PARAMETER)
}

/// `NTSTATUS QueryKey(KEY_INFORMATION_CLASS, PVOID, ULONG, PULONG)`
fn query_key(call: &Call<'_>) -> u64 {
    let key = this::<dyn IRegistryKey>(call);
    let (class, room) = (call.u32(), Room::take(call));
    let (Some(key), Some(class)) = (key, KeyInformationClass::from_u32(class)) else {
        return invalid();
    };
    room.fill(call.guest(), &key.query_key(call.kernel(), class, room.length))
}

/// `NTSTATUS EnumerateKey(ULONG, KEY_INFORMATION_CLASS, PVOID, ULONG, PULONG)`
fn enumerate_key(call: &Call<'_>) -> u64 {
    let key = this::<dyn IRegistryKey>(call);
    let (index, class, room) = (call.u32(), call.u32(), Room::take(call));
    let (Some(key), Some(class)) = (key, KeyInformationClass::from_u32(class)) else {
        return invalid();
    };
    room.fill(call.guest(), &key.enumerate_key(call.kernel(), index, class, room.length))
}

/// `NTSTATUS QueryValueKey(PUNICODE_STRING, KEY_VALUE_INFORMATION_CLASS, PVOID, ULONG, PULONG)`
fn query_value_key(call: &Call<'_>) -> u64 {
    let key = this::<dyn IRegistryKey>(call);
    let (name, class, room) = (call.pointer(), call.u32(), Room::take(call));
    let (Some(key), Some(class)) = (key, ValueInformationClass::from_u32(class)) else {
        return invalid();
    };
    let name = text_at(call.guest(), name);
    room.fill(call.guest(), &key.query_value_key(call.kernel(), &name, class, room.length))
}

/// `NTSTATUS EnumerateValueKey(ULONG, KEY_VALUE_INFORMATION_CLASS, PVOID, ULONG, PULONG)`
fn enumerate_value_key(call: &Call<'_>) -> u64 {
    let key = this::<dyn IRegistryKey>(call);
    let (index, class, room) = (call.u32(), call.u32(), Room::take(call));
    let (Some(key), Some(class)) = (key, ValueInformationClass::from_u32(class)) else {
        return invalid();
    };
    room.fill(call.guest(), &key.enumerate_value_key(call.kernel(), index, class, room.length))
}

/// `NTSTATUS SetValueKey(PUNICODE_STRING, ULONG, PVOID, ULONG)`
fn set_value_key(call: &Call<'_>) -> u64 {
    let key = this::<dyn IRegistryKey>(call);
    let (name, kind) = (call.pointer(), ValueType(call.u32()));
    let (data, length) = (call.pointer(), call.u32());
    let Some(key) = key else { return invalid() };
    let name = text_at(call.guest(), name);
    let data = call.guest().load_bytes(data, length as usize);
    status_of(&key.set_value_key(call.kernel(), RegistryValue { name, kind, data }))
}

/// `NTSTATUS QueryRegistryValues(PRTL_QUERY_REGISTRY_TABLE, PVOID)`
fn query_values(call: &Call<'_>) -> u64 {
    let key = this::<dyn IRegistryKey>(call);
    let (table, context) = (call.pointer(), call.pointer());
    let Some(key) = key else { return invalid() };
    status_of(&ask_table(call.guest(), table, context, |queries, deliver| {
        key.query_registry_values(call.kernel(), queries, deliver)
    }))
}

/// `NTSTATUS NewSubKey(PREGISTRYKEY *, PUNKNOWN, ACCESS_MASK, PUNICODE_STRING, ULONG, PULONG)`
fn new_sub_key(call: &Call<'_>) -> u64 {
    let guest = call.guest();
    let key = this::<dyn IRegistryKey>(call);
    let (out, outer, access) = (call.pointer(), call.pointer(), call.u32());
    let (name, _options, disposition_at) = (call.pointer(), call.u32(), call.pointer());
    let Some(key) = key else { return invalid() };
    if outer != 0 {
        return status(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let access = KeyAccess::from_bits_retain(access);
    let made = key.new_sub_key(call.kernel(), access, &text_at(guest, name));
    hand_out_key(guest, out, disposition_at, made)
}

/// `NTSTATUS DeleteKey()`
fn delete_key(call: &Call<'_>) -> u64 {
    match this::<dyn IRegistryKey>(call) {
        Some(key) => status_of(&key.delete_key(call.kernel())),
        None => invalid(),
    }
}

/// The text of a UNICODE_STRING; none at a null pointer.
pub(crate) fn text_at(guest: &Guest, address: u64) -> String {
    match address {
        0 => String::new(),
        _ => String::from_utf16_lossy(&guest.load_unicode_string(address)),
    }
}

/// Hands a key out, counted once, with whether it was there before.
pub(crate) fn hand_out_key(
    guest: &Guest,
    out: u64,
    disposition_at: u64,
    made: Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus>,
) -> u64 {
    match made {
        Ok((key, disposition)) => {
            let key: Rc<dyn IUnknown> = key;
            guest.store_word(out, guest.give(&key, &iid::REGISTRY_KEY));
            if disposition_at != 0 {
                guest.store_u32(disposition_at, disposition as u32);
            }
            status(NtStatus::SUCCESS)
        }
        Err(failure) => {
            guest.store_word(out, 0);
            status(failure)
        }
    }
}
