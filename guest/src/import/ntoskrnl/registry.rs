//! Registry keys by handle, and RtlQueryRegistryValues.
//!
//! Source: WDK, ZwOpenKey and the other Zw routines for keys, RtlQueryRegistryValues; wdm.h for
//! the numbers.

use std::rc::Rc;

use portcls_emulator::registry::{
    QueryBase, QueryEntry, QueryStart, RegistryKey, RegistryValue, ValueInformationClass, ValueType,
};
use portcls_emulator::{Irql, Need, NtStatus};
use portcls_port::interfaces::RegistryAnswer;

use super::handles::new_handle;
use crate::guest::Guest;
use crate::objects::registry_table::ask_table;
use crate::routine::{Call, Out, Pointer, Routine, Word, row};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("RtlQueryRegistryValues", ByKernel, query_registry_values),
    row!("ZwMakeTemporaryObject", UpTo(PASSIVE_LEVEL), make_temporary_object),
    row!("ZwOpenKey", ByKernel, open_key),
    row!("ZwQueryValueKey", UpTo(PASSIVE_LEVEL), query_value_key),
    row!("ZwSetValueKey", UpTo(PASSIVE_LEVEL), set_value_key),
];

/// An open key with the access rights that it was opened with.
pub(super) struct KeyHandle {
    pub key: RegistryKey,
    pub access: u32,
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

impl KeyHandle {
    fn allows(&self, right: u32) -> bool {
        let generic = match right {
            QUERY_VALUE => GENERIC_READ,
            _ => GENERIC_WRITE,
        };
        self.access & (right | generic | GENERIC_ALL | MAXIMUM_ALLOWED) != 0
    }
}

fn key_at(guest: &Guest, handle: Word) -> Result<Rc<KeyHandle>, NtStatus> {
    guest.bound::<KeyHandle>(handle.0).ok_or(NtStatus::INVALID_HANDLE)
}

/// `NTSTATUS ZwOpenKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES)`
fn open_key(
    call: &Call<'_>,
    out: Out<Word>,
    access: u32,
    attributes: Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let fields = &guest.layout().object_attributes;
    let root = guest.load_word(attributes.at(fields.root_directory));
    let name = guest.load_word(attributes.at(fields.object_name));
    let path = if name == 0 { String::new() } else { guest.load_name(name) };
    let key = open_below(call, root, &path)
        .inspect_err(|status| call.tell_refusal(Need::Optional, path, *status))?;
    let handle = new_handle(guest, KeyHandle { key, access });
    out.set(guest, handle.ok_or(NtStatus::INSUFFICIENT_RESOURCES)?);
    Ok(())
}

/// The key at a path below the key of a handle. Without a handle the path begins at the root.
fn open_below(call: &Call<'_>, root: u64, path: &str) -> Result<RegistryKey, NtStatus> {
    if root == 0 {
        return call.kernel().open_registry_key(path);
    }
    call.kernel().require_irql_at_most(Irql::PASSIVE_LEVEL, "ZwOpenKey");
    let below = key_at(call.guest(), Word(root))?;
    call.kernel().ask_registry()?;
    below.key.open(path)
}

/// `NTSTATUS ZwMakeTemporaryObject(HANDLE)`: changes nothing, because no key is permanent.
fn make_temporary_object(call: &Call<'_>, handle: Word) -> Result<(), NtStatus> {
    key_at(call.guest(), handle).map(drop)
}

/// `NTSTATUS ZwQueryValueKey(HANDLE, PUNICODE_STRING, KEY_VALUE_INFORMATION_CLASS, PVOID, ULONG,
/// PULONG)`
fn query_value_key(
    call: &Call<'_>,
    handle: Word,
    name: Pointer,
    class: u32,
    out: Pointer,
    length: u32,
    result: Out<u32>,
) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let key = key_at(guest, handle)?;
    if !key.allows(QUERY_VALUE) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let name = guest.load_name(name.0);
    let value = key.key.value(&name).inspect_err(|status| {
        let what = format!("{name:?} of {}", key.key.path());
        call.tell_refusal(Need::Optional, what, *status);
    })?;
    let class = ValueInformationClass::from_u32(class).ok_or(NtStatus::INVALID_PARAMETER)?;
    let reply = value.information(class, length);
    if !reply.bytes.is_empty() {
        guest.store(out.0, &reply.bytes);
    }
    result.set(guest, reply.needed);
    Ok(reply.status)
}

/// `NTSTATUS ZwSetValueKey(HANDLE, PUNICODE_STRING, ULONG, ULONG Type, PVOID, ULONG)`
fn set_value_key(
    call: &Call<'_>,
    handle: Word,
    name: Pointer,
    _title: u32,
    kind: u32,
    data: Pointer,
    length: u32,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let key = key_at(guest, handle)?;
    if !key.allows(SET_VALUE) {
        return Err(NtStatus::ACCESS_DENIED);
    }
    let name = guest.load_name(name.0);
    let data = guest.load_bytes(data.0, length.into());
    key.key.set_value(call.kernel(), RegistryValue { name, kind: ValueType(kind), data })
}

/// Flags in the parameter `RelativeTo`, which also has the number of the key where the path begins.
/// Source: wdm.h, RTL_REGISTRY_.
const BY_HANDLE: u32 = 0x4000_0000;
const OPTIONAL: u32 = 0x8000_0000;

/// `NTSTATUS RtlQueryRegistryValues(ULONG, PCWSTR, PRTL_QUERY_REGISTRY_TABLE, PVOID, PVOID)`
///
/// Assumed: the last parameter, `Environment`, makes no difference.
fn query_registry_values(
    call: &Call<'_>,
    relative: u32,
    path: Pointer,
    table: Pointer,
    context: Pointer,
    _environment: Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let start = start_of(guest, relative, path)?;
    let ask = |queries: &[QueryEntry], deliver: &mut RegistryAnswer<'_>| {
        call.kernel().query_registry_values(&start, queries, deliver)
    };
    match ask_table(guest, table.0, context.0, ask) {
        Err(NtStatus::OBJECT_NAME_NOT_FOUND) if relative & OPTIONAL != 0 => Ok(()),
        result => result,
    }
}

fn start_of(guest: &Guest, relative: u32, path: Pointer) -> Result<QueryStart, NtStatus> {
    if relative & BY_HANDLE != 0 {
        let handle = key_at(guest, Word(path.0))?;
        if !handle.allows(QUERY_VALUE) {
            return Err(NtStatus::ACCESS_DENIED);
        }
        return Ok(QueryStart::Key(handle.key.clone()));
    }
    let base = QueryBase::from_u32(relative & 0xFF).ok_or(NtStatus::INVALID_PARAMETER)?;
    let path = if path.is_null() { Vec::new() } else { guest.load_wide_string(path.0) };
    Ok(QueryStart::Path(base, String::from_utf16_lossy(&path)))
}
