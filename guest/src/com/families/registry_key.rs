//! `IRegistryKey` as a driver sees it.

use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_emulator::registry::{
    KeyDisposition, KeyInformationClass, QueryReply, RegistryValue, ValueInformationClass,
    ValueType,
};
use portcls_port::com::IUnknown;
use portcls_port::guid::iid;
use portcls_port::interfaces::{IRegistryKey, KeyAccess};

use crate::com::family::Family;
use crate::com::this::This;
use crate::guest::Guest;
use crate::objects::registry_table::ask_table;
use crate::routine::{Argument, Call, Out, Pointer, Words, row};

pub(super) static FAMILY: Family = Family {
    name: "IRegistryKey",
    iid: iid::REGISTRY_KEY,
    bases: &[],
    methods: &[
        row!("IRegistryKey::QueryKey", ByKernel, query_key),
        row!("IRegistryKey::EnumerateKey", ByKernel, enumerate_key),
        row!("IRegistryKey::QueryValueKey", ByKernel, query_value_key),
        row!("IRegistryKey::EnumerateValueKey", ByKernel, enumerate_value_key),
        row!("IRegistryKey::SetValueKey", ByKernel, set_value_key),
        row!("IRegistryKey::QueryRegistryValues", UpTo(PASSIVE_LEVEL), query_values),
        row!("IRegistryKey::NewSubKey", ByKernel, new_sub_key),
        row!("IRegistryKey::DeleteKey", ByKernel, delete_key),
    ],
};

/// The last three arguments of a method that queries or enumerates one key or one value, `PVOID,
/// ULONG, PULONG`: the buffer for the answer, the size of the buffer in bytes, and the variable for
/// the length of the answer.
struct Room {
    out: Pointer,
    length: u32,
    result: Out<u32>,
}

impl Argument for Room {
    const WORDS: u8 = Pointer::WORDS + u32::WORDS + Out::<u32>::WORDS;

    fn take(words: &mut Words<'_>) -> Option<Room> {
        let (out, length) = (Pointer::take(words)?, u32::take(words)?);
        Some(Room { out, length, result: Out::take(words)? })
    }
}

impl Room {
    fn fill(&self, guest: &Guest, reply: &QueryReply) -> NtStatus {
        if !reply.bytes.is_empty() {
            guest.store(self.out.0, &reply.bytes);
        }
        self.result.set_if_given(guest, reply.needed);
        reply.status
    }
}

/// `NTSTATUS QueryKey(KEY_INFORMATION_CLASS, PVOID, ULONG, PULONG)`
fn query_key(
    call: &Call<'_>,
    key: This<dyn IRegistryKey>,
    class: u32,
    room: Room,
) -> Result<NtStatus, NtStatus> {
    let class = KeyInformationClass::from_u32(class).ok_or(NtStatus::INVALID_PARAMETER)?;
    Ok(room.fill(call.guest(), &key.query_key(call.kernel(), class, room.length)))
}

/// `NTSTATUS EnumerateKey(ULONG, KEY_INFORMATION_CLASS, PVOID, ULONG, PULONG)`
fn enumerate_key(
    call: &Call<'_>,
    key: This<dyn IRegistryKey>,
    index: u32,
    class: u32,
    room: Room,
) -> Result<NtStatus, NtStatus> {
    let class = KeyInformationClass::from_u32(class).ok_or(NtStatus::INVALID_PARAMETER)?;
    Ok(room.fill(call.guest(), &key.enumerate_key(call.kernel(), index, class, room.length)))
}

/// `NTSTATUS QueryValueKey(PUNICODE_STRING, KEY_VALUE_INFORMATION_CLASS, PVOID, ULONG, PULONG)`
fn query_value_key(
    call: &Call<'_>,
    key: This<dyn IRegistryKey>,
    name: Pointer,
    class: u32,
    room: Room,
) -> Result<NtStatus, NtStatus> {
    let class = ValueInformationClass::from_u32(class).ok_or(NtStatus::INVALID_PARAMETER)?;
    let name = text_at(call.guest(), name);
    Ok(room.fill(call.guest(), &key.query_value_key(call.kernel(), &name, class, room.length)))
}

/// `NTSTATUS EnumerateValueKey(ULONG, KEY_VALUE_INFORMATION_CLASS, PVOID, ULONG, PULONG)`
fn enumerate_value_key(
    call: &Call<'_>,
    key: This<dyn IRegistryKey>,
    index: u32,
    class: u32,
    room: Room,
) -> Result<NtStatus, NtStatus> {
    let class = ValueInformationClass::from_u32(class).ok_or(NtStatus::INVALID_PARAMETER)?;
    let reply = key.enumerate_value_key(call.kernel(), index, class, room.length);
    Ok(room.fill(call.guest(), &reply))
}

/// `NTSTATUS SetValueKey(PUNICODE_STRING, ULONG, PVOID, ULONG)`
fn set_value_key(
    call: &Call<'_>,
    key: This<dyn IRegistryKey>,
    name: Pointer,
    kind: u32,
    data: Pointer,
    length: u32,
) -> Result<(), NtStatus> {
    let name = text_at(call.guest(), name);
    let data = call.guest().load_bytes(data.0, length.into());
    key.set_value_key(call.kernel(), RegistryValue { name, kind: ValueType(kind), data })
}

/// `NTSTATUS QueryRegistryValues(PRTL_QUERY_REGISTRY_TABLE, PVOID)`
fn query_values(
    call: &Call<'_>,
    key: This<dyn IRegistryKey>,
    table: Pointer,
    context: Pointer,
) -> Result<(), NtStatus> {
    ask_table(call.guest(), table.0, context.0, |queries, deliver| {
        key.query_registry_values(call.kernel(), queries, deliver)
    })
}

/// `NTSTATUS NewSubKey(PREGISTRYKEY *, PUNKNOWN, ACCESS_MASK, PUNICODE_STRING, ULONG, PULONG)`
fn new_sub_key(
    call: &Call<'_>,
    key: This<dyn IRegistryKey>,
    out: Out<Pointer>,
    outer: Pointer,
    access: u32,
    name: Pointer,
    _options: u32,
    disposition: Out<u32>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    if !outer.is_null() {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let access = KeyAccess::from_bits_retain(access);
    let made = key.new_sub_key(call.kernel(), access, &text_at(guest, name));
    hand_out_key(guest, out, Some(disposition), made)
}

/// `NTSTATUS DeleteKey()`
fn delete_key(call: &Call<'_>, key: This<dyn IRegistryKey>) -> Result<(), NtStatus> {
    key.delete_key(call.kernel())
}

/// The text of a UNICODE_STRING; empty at a null pointer.
pub(crate) fn text_at(guest: &Guest, string: Pointer) -> String {
    if string.is_null() {
        return String::new();
    }
    guest.load_name(string.0)
}

/// Gives the guest a key with one reference. If the driver gave a variable for the disposition, the
/// variable says afterwards whether the key existed before.
pub(crate) fn hand_out_key(
    guest: &Guest,
    out: Out<Pointer>,
    disposition_out: Option<Out<u32>>,
    made: Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus>,
) -> Result<(), NtStatus> {
    match made {
        Ok((key, disposition)) => {
            let key: Rc<dyn IUnknown> = key;
            out.set(guest, Pointer(guest.give(&key, &iid::REGISTRY_KEY)));
            if let Some(disposition_out) = disposition_out {
                disposition_out.set_if_given(guest, disposition as u32);
            }
            Ok(())
        }
        Err(failure) => {
            out.set(guest, Pointer::NULL);
            Err(failure)
        }
    }
}
