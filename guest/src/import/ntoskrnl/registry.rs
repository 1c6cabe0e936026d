//! Registry keys by handles, and tables of questions.
//!
//! Source: WDK, ZwOpenKey and its relatives, RtlQueryRegistryValues; wdm.h for the numbers.

use std::rc::Rc;

use portcls_emulator::registry::{
    QueryBase, QueryEntry, QueryFlags, QueryStart, RegistryKey, RegistryValue,
    ValueInformationClass, ValueType,
};
use portcls_emulator::{Irql, NtStatus, PoolType};

use portcls_port::interfaces::RegistryAnswer;

use crate::guest::Guest;
use crate::memory::at;
use crate::objects::binding::Bound;
use crate::objects::pool::Fill;
use crate::routine::{Call, status, status_of};

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

/// The most entries of a table: a driver that forgot its end meets this.
const ENTRIES: u64 = 4_096;

/// How far the expected type is shifted in a default type. Source: wdm.h.
const TYPECHECK_SHIFT: u32 = 24;

/// One entry of a table, with what only the driver's side knows.
struct Entry {
    query: QueryEntry,
    routine: u64,
    context: u64,
}

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

/// Asks the questions of an RTL_QUERY_REGISTRY_TABLE through `ask`, and stores or tells the
/// answers as its entries want.
///
/// # Errors
/// What `ask` returns.
pub(crate) fn ask_table(
    guest: &Guest,
    table: u64,
    context: u64,
    ask: impl FnOnce(&[QueryEntry], &mut RegistryAnswer<'_>) -> Result<(), NtStatus>,
) -> Result<(), NtStatus> {
    let entries = load_table(guest, table);
    let queries: Vec<QueryEntry> = entries.iter().map(|entry| entry.query.clone()).collect();
    ask(&queries, &mut |index: usize, value: &RegistryValue| {
        let entry = &entries[index];
        if entry.query.flags.contains(QueryFlags::DIRECT) {
            return NtStatus::of(&store_directly(guest, entry.context, value));
        }
        tell_routine(guest, entry, value, context)
    })
}

fn start_of(guest: &Guest, relative: u32, path: u64) -> Result<QueryStart, NtStatus> {
    if relative & BY_HANDLE != 0 {
        return Ok(QueryStart::Key(key_at(guest, path)?.key.clone()));
    }
    let base = QueryBase::from_u32(relative & 0xFF).ok_or(NtStatus::INVALID_PARAMETER)?;
    let path = if path == 0 { Vec::new() } else { guest.load_wide_string(path) };
    Ok(QueryStart::Path(base, text(&path)))
}

/// Reads a table up to the entry that has neither a routine nor a name.
fn load_table(guest: &Guest, table: u64) -> Vec<Entry> {
    let fields = &guest.layout().rtl_query_registry_table;
    let mut entries = Vec::new();
    for index in 0..ENTRIES {
        let address = table.wrapping_add(index * u64::from(fields.size_of));
        let routine = guest.load_word(at(address, fields.query_routine));
        let name = guest.load_word(at(address, fields.name));
        if (routine == 0 && name == 0) || guest.kernel().is_frozen() {
            return entries;
        }
        let flags = QueryFlags::from_bits_retain(guest.load_u32(at(address, fields.flags)));
        let default_type = guest.load_u32(at(address, fields.default_type));
        let checks = flags.contains(QueryFlags::TYPECHECK);
        let expected = checks.then_some(ValueType(default_type >> TYPECHECK_SHIFT));
        let default_type = ValueType(default_type & 0x00FF_FFFF);
        let default = load_default(guest, address, default_type);
        let name = (name != 0).then(|| text(&guest.load_wide_string(name)));
        let context = guest.load_word(at(address, fields.entry_context));
        let query = QueryEntry { flags, name, default, expected };
        entries.push(Entry { query, routine, context });
    }
    entries
}

fn load_default(guest: &Guest, entry: u64, kind: ValueType) -> Option<(ValueType, Vec<u8>)> {
    let fields = &guest.layout().rtl_query_registry_table;
    let data = guest.load_word(at(entry, fields.default_data));
    let length = guest.load_u32(at(entry, fields.default_length));
    if kind == ValueType::NONE || data == 0 {
        return None;
    }
    let is_text = matches!(kind, ValueType::STRING | ValueType::EXPAND_STRING);
    let bytes = match length {
        // Source: the page: the length of a text may be left out.
        0 if is_text => {
            let units = guest.load_wide_string(data);
            units.into_iter().chain([0]).flat_map(u16::to_le_bytes).collect()
        }
        length => guest.load_bytes(data, length as usize),
    };
    Some((kind, bytes))
}

/// Stores a value where its entry points to.
fn store_directly(guest: &Guest, context: u64, value: &RegistryValue) -> Result<(), NtStatus> {
    let is_text = matches!(
        value.kind,
        ValueType::STRING | ValueType::EXPAND_STRING | ValueType::MULTI_STRING
    );
    if is_text {
        return store_text(guest, context, value);
    }
    if value.data.len() <= 4 {
        guest.store(context, &value.data);
        return Ok(());
    }
    let room = guest.load_u32(context) as i32;
    let bytes = if room < 0 {
        value.data.clone()
    } else {
        let length = value.data.len() as u32;
        [&length.to_le_bytes()[..], &value.kind.0.to_le_bytes(), &value.data].concat()
    };
    if bytes.len() > room.unsigned_abs() as usize {
        return Err(NtStatus::BUFFER_TOO_SMALL);
    }
    guest.store(context, &bytes);
    Ok(())
}

/// Stores a text in a UNICODE_STRING, whose buffer is allocated if it has none.
fn store_text(guest: &Guest, string: u64, value: &RegistryValue) -> Result<(), NtStatus> {
    let fields = &guest.layout().unicode_string;
    let length = value.data.len();
    if length > usize::from(u16::MAX) {
        return Err(NtStatus::BUFFER_TOO_SMALL);
    }
    let mut buffer = guest.load_word(at(string, fields.buffer));
    if buffer == 0 {
        buffer = guest.allocate_pool(PoolType::Paged, length.max(2) as u64, *b"Rqrv", Fill::Zero);
        if buffer == 0 {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        guest.store_word(at(string, fields.buffer), buffer);
        guest.store_u16(at(string, fields.maximum_length), length as u16);
    } else if usize::from(guest.load_u16(at(string, fields.maximum_length))) < length {
        return Err(NtStatus::BUFFER_TOO_SMALL);
    }
    guest.store(buffer, &value.data);
    let ends_in_zero = value.data.ends_with(&[0, 0]);
    guest.store_u16(at(string, fields.length), (length - if ends_in_zero { 2 } else { 0 }) as u16);
    Ok(())
}

/// Calls the routine of an entry with a value, or with nothing.
fn tell_routine(guest: &Guest, entry: &Entry, value: &RegistryValue, context: u64) -> NtStatus {
    if entry.routine == 0 {
        return NtStatus::SUCCESS;
    }
    if value.kind == ValueType::NONE && value.data.is_empty() {
        let words = [0, 0, 0, 0, context, entry.context];
        return NtStatus(guest.call(entry.routine, &words) as u32);
    }
    let name: Vec<u8> = value.name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let data_at = name.len().next_multiple_of(8) as u64;
    let bytes = data_at + value.data.len() as u64;
    let answer = guest.with_transfer(bytes, |buffer| {
        guest.store(buffer, &name);
        guest.store(buffer + data_at, &value.data);
        let (kind, length) = (u64::from(value.kind.0), value.data.len() as u64);
        let words = [buffer, kind, buffer + data_at, length, context, entry.context];
        NtStatus(guest.call(entry.routine, &words) as u32)
    });
    answer.unwrap_or(NtStatus::INSUFFICIENT_RESOURCES)
}
