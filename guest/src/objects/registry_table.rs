//! RTL_QUERY_REGISTRY_TABLE, a driver's table of registry queries.
//!
//! `RtlQueryRegistryValues` and `IRegistryKey::QueryRegistryValues` take the same table. Each of
//! these two routines names the key in its own way.
//!
//! Source: WDK, RtlQueryRegistryValues; wdm.h for the numbers.

use portcls_emulator::registry::{QueryEntry, QueryFlags, RegistryValue, ValueType};
use portcls_emulator::{NtStatus, PoolType};
use portcls_port::interfaces::RegistryAnswer;

use crate::guest::Guest;
use crate::memory::at;
use crate::tables::pool_table::Fill;

/// The largest number of entries that are read from a table. The limit stops the reading when a
/// driver forgot the empty entry at the end.
const ENTRIES: u64 = 4_096;

/// The bit position of the expected type in a default type. Source: wdm.h.
const TYPECHECK_SHIFT: u32 = 24;

/// One entry of a table: the query, and the driver's routine and context for the answer.
struct Entry {
    query: QueryEntry,
    routine: u64,
    context: u64,
}

/// Asks the queries of an RTL_QUERY_REGISTRY_TABLE through `ask`. Each entry says whether its
/// answer is stored or goes to the driver's routine.
///
/// # Errors
/// The failure that `ask` returns.
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
        let name = (name != 0).then(|| String::from_utf16_lossy(&guest.load_wide_string(name)));
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
        // Source: WDK, RtlQueryRegistryValues: a driver may leave out the length of a text.
        0 if is_text => {
            let units = guest.load_wide_string(data);
            units.into_iter().chain([0]).flat_map(u16::to_le_bytes).collect()
        }
        length => guest.load_bytes(data, length.into()),
    };
    Some((kind, bytes))
}

/// Stores a value at the address in its entry. Longer data than 4 bytes, other than text, go into a
/// buffer that begins with its size. If the size is negative, only the data are stored. If not, the
/// length and the type are stored before the data.
/// Source: WDK, RtlQueryRegistryValues, RTL_QUERY_REGISTRY_DIRECT.
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

/// Stores a text in a UNICODE_STRING. If the string has no buffer, allocates a buffer.
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

/// Calls the routine of an entry with a value, or with null pointers when there is no value.
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
