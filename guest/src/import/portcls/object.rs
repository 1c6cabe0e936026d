//! The routines that make objects, and the time.

use std::rc::Rc;

use portcls_emulator::{NtStatus, PoolType};
use portcls_port::com::IUnknown;
use portcls_port::guid::{Guid, iid};
use portcls_port::interfaces::{IResourceList, InterruptSyncMode, KeyAccess, RegistryKeyType};
use portcls_port::{
    RegistryKeyRequest, pc_get_time_interval, pc_new_interrupt_sync, pc_new_miniport, pc_new_port,
    pc_new_registry_key, pc_new_resource_list, pc_new_resource_sublist, pc_new_service_group,
};

use crate::com::Hold;
use crate::com::families::port::path_of_attributes;
use crate::com::families::registry_key::hand_out_key;
use crate::objects::resources::list_at;
use crate::routine::{Call, status};

/// Hands a new object out through an out parameter, counted once; a null out parameter is an
/// invalid parameter.
fn hand_out<T: IUnknown + ?Sized>(
    call: &Call<'_>,
    out: u64,
    iid: &Guid,
    made: Result<Rc<T>, NtStatus>,
    upcast: impl FnOnce(Rc<T>) -> Rc<dyn IUnknown>,
) -> u64 {
    if out == 0 {
        return status(NtStatus::INVALID_PARAMETER);
    }
    let guest = call.guest();
    match made {
        Ok(object) => {
            let pointer = guest.give(&upcast(object), iid);
            guest.store_word(out, pointer);
            status(NtStatus::SUCCESS)
        }
        Err(failure) => {
            guest.store_word(out, 0);
            status(failure)
        }
    }
}

/// The outer object of an aggregation, which PortCls never has.
fn outer(call: &Call<'_>) -> Option<Rc<dyn IUnknown>> {
    call.guest().object_at(call.pointer(), &iid::UNKNOWN, Hold::Retain)
}

/// `NTSTATUS PcNewPort(PPORT *, REFCLSID)`
pub(super) fn new_port(call: &Call<'_>) -> u64 {
    let (out, class) = (call.pointer(), call.pointer());
    let class = call.guest().load_guid(class);
    hand_out(call, out, &iid::PORT, pc_new_port(call.kernel(), &class), |port| port)
}

/// `NTSTATUS PcNewMiniport(PMINIPORT *, REFCLSID)`
pub(super) fn new_miniport(call: &Call<'_>) -> u64 {
    let (out, class) = (call.pointer(), call.pointer());
    let class = call.guest().load_guid(class);
    let made = pc_new_miniport(call.kernel(), &class);
    hand_out(call, out, &iid::MINIPORT, made, |miniport| miniport)
}

/// `NTSTATUS PcNewRegistryKey(PREGISTRYKEY *, PUNKNOWN, ULONG, ACCESS_MASK, PVOID Device,
/// PVOID SubDevice, POBJECT_ATTRIBUTES, ULONG, PULONG)`
pub(super) fn new_registry_key(call: &Call<'_>) -> u64 {
    let guest = call.guest();
    let out = call.pointer();
    let outer = outer(call);
    let (key_type, access, device) = (call.u32(), call.u32(), call.pointer());
    let (_subdevice, attributes) = (call.pointer(), call.pointer());
    let (_options, disposition) = (call.u32(), call.pointer());
    let Some(key_type) = RegistryKeyType::from_u32(key_type) else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    let device = guest.device_at(device);
    let path = path_of_attributes(guest, attributes);
    let request = RegistryKeyRequest {
        key_type,
        access: KeyAccess::from_bits_retain(access),
        device: device.as_ref(),
        path: path.as_deref(),
    };
    let made = pc_new_registry_key(call.kernel(), outer, &request);
    hand_out_key(guest, out, disposition, made)
}

/// `NTSTATUS PcNewServiceGroup(PSERVICEGROUP *, PUNKNOWN)`
pub(super) fn new_service_group(call: &Call<'_>) -> u64 {
    let out = call.pointer();
    let made = pc_new_service_group(call.kernel(), outer(call));
    hand_out(call, out, &iid::SERVICE_GROUP, made, |group| group)
}

/// `NTSTATUS PcNewInterruptSync(PINTERRUPTSYNC *, PUNKNOWN, PRESOURCELIST, ULONG,
/// INTERRUPTSYNCMODE)`
pub(super) fn new_interrupt_sync(call: &Call<'_>) -> u64 {
    let out = call.pointer();
    let outer = outer(call);
    let (resources, index, mode) = (call.pointer(), call.u32(), call.u32());
    let resources = call.guest().interface_at::<dyn IResourceList>(resources, Hold::Retain);
    let made = match (resources, InterruptSyncMode::from_u32(mode)) {
        (Some(resources), Some(mode)) => {
            pc_new_interrupt_sync(call.kernel(), outer, &resources, index, mode)
        }
        _ => Err(NtStatus::INVALID_PARAMETER),
    };
    hand_out(call, out, &iid::INTERRUPT_SYNC, made, |sync| sync)
}

/// `NTSTATUS PcNewResourceList(PRESOURCELIST *, PUNKNOWN, POOL_TYPE, PCM_RESOURCE_LIST,
/// PCM_RESOURCE_LIST)`
pub(super) fn new_resource_list(call: &Call<'_>) -> u64 {
    let out = call.pointer();
    let outer = outer(call);
    let (_pool, translated, raw) = (call.u32(), call.pointer(), call.pointer());
    let (translated, raw) = (list_at(call.guest(), translated), list_at(call.guest(), raw));
    let pool = PoolType::Paged;
    let made = pc_new_resource_list(call.kernel(), outer, pool, &translated, &raw);
    hand_out(call, out, &iid::RESOURCE_LIST, made, |list| list)
}

/// `NTSTATUS PcNewResourceSublist(PRESOURCELIST *, PUNKNOWN, POOL_TYPE, PRESOURCELIST, ULONG)`
pub(super) fn new_resource_sublist(call: &Call<'_>) -> u64 {
    let out = call.pointer();
    let outer = outer(call);
    let (_pool, parent, entries) = (call.u32(), call.pointer(), call.u32());
    let parent = call.guest().interface_at::<dyn IResourceList>(parent, Hold::Retain);
    let pool = PoolType::Paged;
    let made = match parent {
        Some(parent) => pc_new_resource_sublist(call.kernel(), outer, pool, &parent, entries),
        None => Err(NtStatus::INVALID_PARAMETER),
    };
    hand_out(call, out, &iid::RESOURCE_LIST, made, |list| list)
}

/// `ULONGLONG PcGetTimeInterval(ULONGLONG)`
pub(super) fn get_time_interval(call: &Call<'_>) -> u64 {
    pc_get_time_interval(call.kernel(), call.u64())
}
