//! The PortCls routines that make objects, and PcGetTimeInterval.

use portcls_emulator::{Kernel, NtStatus, PoolType};
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::interfaces::{IResourceList, InterruptSyncMode, KeyAccess, RegistryKeyType};
use portcls_port::{
    RegistryKeyRequest, pc_get_time_interval, pc_new_dma_channel, pc_new_interrupt_sync,
    pc_new_miniport, pc_new_port, pc_new_registry_key, pc_new_resource_list,
    pc_new_resource_sublist, pc_new_service_group,
};

use crate::com::Hold;
use crate::com::families::port::{disposition_of, path_of_attributes};
use crate::com::families::registry_key::hand_out_key;
use crate::com::new_object::{hand_out, outer_at};
use crate::objects::device_description::device_description_at;
use crate::objects::pool::pool_type;
use crate::objects::resources::list_at;
use crate::routine::{Call, Out, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("PcGetTimeInterval", ByKernel, get_time_interval),
    row!("PcNewDmaChannel", ByKernel, new_dma_channel),
    row!("PcNewInterruptSync", ByKernel, new_interrupt_sync),
    row!("PcNewMiniport", ByKernel, new_miniport).of_classes(makes_miniport),
    row!("PcNewPort", ByKernel, new_port).of_classes(makes_port),
    row!("PcNewRegistryKey", ByKernel, new_registry_key),
    row!("PcNewResourceList", ByKernel, new_resource_list),
    row!("PcNewResourceSublist", ByKernel, new_resource_sublist),
    row!("PcNewServiceGroup", ByKernel, new_service_group),
];

/// `NTSTATUS PcNewPort(PPORT *, REFCLSID)`
fn new_port(call: &Call<'_>, out: Out<Pointer>, class: Pointer) -> Result<(), NtStatus> {
    let class = call.guest().load_guid(class.0);
    // A port of CLSID_PortMidi or of CLSID_PortDMus has the interfaces of both classes. The driver
    // gets the pointer for the class that it named.
    let wanted = if class == clsid::PORT_DMUS { iid::PORT_DMUS } else { iid::PORT };
    hand_out(call, out, &wanted, pc_new_port(call.kernel(), &class), |port| port)
}

fn makes_port(kernel: &Kernel, class: &Guid) -> bool {
    pc_new_port(kernel, class).is_ok()
}

fn makes_miniport(kernel: &Kernel, class: &Guid) -> bool {
    pc_new_miniport(kernel, class).is_ok()
}

/// `NTSTATUS PcNewMiniport(PMINIPORT *, REFCLSID)`
fn new_miniport(call: &Call<'_>, out: Out<Pointer>, class: Pointer) -> Result<(), NtStatus> {
    let class = call.guest().load_guid(class.0);
    let made = pc_new_miniport(call.kernel(), &class);
    hand_out(call, out, &iid::MINIPORT, made, |miniport| miniport)
}

/// `NTSTATUS PcNewRegistryKey(PREGISTRYKEY *, PUNKNOWN, ULONG, ACCESS_MASK, PVOID Device,
/// PVOID SubDevice, POBJECT_ATTRIBUTES, ULONG, PULONG)`
fn new_registry_key(
    call: &Call<'_>,
    out: Out<Pointer>,
    outer: Pointer,
    key_type: u32,
    access: u32,
    device: Pointer,
    _subdevice: Pointer,
    attributes: Pointer,
    _options: u32,
    disposition: Out<u32>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let outer = outer_at(call, outer);
    let key_type = RegistryKeyType::from_u32(key_type).ok_or(NtStatus::INVALID_PARAMETER)?;
    let device = guest.device_at(device.0);
    let path = path_of_attributes(guest, key_type, attributes);
    let request = RegistryKeyRequest {
        key_type,
        access: KeyAccess::from_bits_retain(access),
        device: device.as_ref(),
        path: path.as_deref(),
    };
    let made = pc_new_registry_key(call.kernel(), outer, &request);
    hand_out_key(guest, out, disposition_of(key_type, disposition), made)
}

/// `NTSTATUS PcNewDmaChannel(PDMACHANNEL *, PUNKNOWN, POOL_TYPE, PDEVICE_DESCRIPTION,
/// PDEVICE_OBJECT)`
fn new_dma_channel(
    call: &Call<'_>,
    out: Out<Pointer>,
    outer: Pointer,
    pool: u32,
    description: Pointer,
    device: Pointer,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let outer = outer_at(call, outer);
    let description = device_description_at(guest, description.0);
    let made = match guest.device_at(device.0) {
        Some(device) => {
            pc_new_dma_channel(call.kernel(), outer, pool_type(pool), &description, &device)
        }
        None => Err(NtStatus::INVALID_PARAMETER),
    };
    hand_out(call, out, &iid::DMA_CHANNEL, made, |channel| channel)
}

/// `NTSTATUS PcNewServiceGroup(PSERVICEGROUP *, PUNKNOWN)`
fn new_service_group(call: &Call<'_>, out: Out<Pointer>, outer: Pointer) -> Result<(), NtStatus> {
    let made = pc_new_service_group(call.kernel(), outer_at(call, outer));
    hand_out(call, out, &iid::SERVICE_GROUP, made, |group| group)
}

/// `NTSTATUS PcNewInterruptSync(PINTERRUPTSYNC *, PUNKNOWN, PRESOURCELIST, ULONG,
/// INTERRUPTSYNCMODE)`
fn new_interrupt_sync(
    call: &Call<'_>,
    out: Out<Pointer>,
    outer: Pointer,
    resources: Pointer,
    index: u32,
    mode: u32,
) -> Result<(), NtStatus> {
    let outer = outer_at(call, outer);
    let resources = call.guest().interface_at::<dyn IResourceList>(resources.0, Hold::Retain);
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
fn new_resource_list(
    call: &Call<'_>,
    out: Out<Pointer>,
    outer: Pointer,
    _pool: u32,
    translated: Pointer,
    raw: Pointer,
) -> Result<(), NtStatus> {
    let outer = outer_at(call, outer);
    let (translated, raw) = (list_at(call.guest(), translated.0), list_at(call.guest(), raw.0));
    let pool = PoolType::Paged;
    let made = pc_new_resource_list(call.kernel(), outer, pool, &translated, &raw);
    hand_out(call, out, &iid::RESOURCE_LIST, made, |list| list)
}

/// `NTSTATUS PcNewResourceSublist(PRESOURCELIST *, PUNKNOWN, POOL_TYPE, PRESOURCELIST, ULONG)`
fn new_resource_sublist(
    call: &Call<'_>,
    out: Out<Pointer>,
    outer: Pointer,
    _pool: u32,
    parent: Pointer,
    entries: u32,
) -> Result<(), NtStatus> {
    let outer = outer_at(call, outer);
    let parent = call.guest().interface_at::<dyn IResourceList>(parent.0, Hold::Retain);
    let pool = PoolType::Paged;
    let made = match parent {
        Some(parent) => pc_new_resource_sublist(call.kernel(), outer, pool, &parent, entries),
        None => Err(NtStatus::INVALID_PARAMETER),
    };
    hand_out(call, out, &iid::RESOURCE_LIST, made, |list| list)
}

/// `ULONGLONG PcGetTimeInterval(ULONGLONG)`
fn get_time_interval(call: &Call<'_>, since_100ns: u64) -> u64 {
    pc_get_time_interval(call.kernel(), since_100ns)
}
