//! Hardware resources in guest memory: descriptors and lists of them.

use portcls_emulator::{Resource, ResourceKind, Share, TriggerMode};

use crate::guest::Guest;
use crate::layout::Layout;
use crate::memory::at;

/// CM_SHARE_DISPOSITION. Source: wdm.h.
pub(super) const DEVICE_EXCLUSIVE: u8 = 1;
pub(super) const SHARED: u8 = 3;

/// CM_RESOURCE_INTERRUPT_LATCHED, in the flags of an interrupt; level sensitive is 0.
pub(super) const LATCHED: u16 = 1;

/// CM_RESOURCE_PORT_IO, in the flags of a port.
pub(super) const PORT_IO: u16 = 1;

/// INTERFACE_TYPE Isa. Source: wdm.h.
pub(super) const ISA: u32 = 1;

/// The kind for a number of CM_RESOURCE_TYPE; `None` for any other number.
pub(crate) fn kind_of(value: u32) -> Option<ResourceKind> {
    use ResourceKind::{Dma, Interrupt, Memory, Port};
    [Port, Interrupt, Memory, Dma].into_iter().find(|kind| *kind as u32 == value)
}

/// Builds a CM_PARTIAL_RESOURCE_DESCRIPTOR.
pub(crate) fn descriptor_bytes(layout: &Layout, resource: &Resource) -> Vec<u8> {
    let fields = &layout.cm_partial_resource_descriptor;
    let mut bytes = vec![0; fields.size_of as usize];
    let mut put = |offset: u32, value: &[u8]| {
        bytes[offset as usize..offset as usize + value.len()].copy_from_slice(value);
    };
    put(fields.type_, &[resource.kind() as u8]);
    put(fields.share_disposition, &[DEVICE_EXCLUSIVE]);
    match *resource {
        Resource::Port { start, length } => {
            put(fields.flags, &PORT_IO.to_le_bytes());
            put(fields.u_port_start, &start.to_le_bytes());
            put(fields.u_port_length, &length.to_le_bytes());
        }
        Resource::Interrupt { level, vector, affinity, trigger, share } => {
            if trigger == TriggerMode::Latched {
                put(fields.flags, &LATCHED.to_le_bytes());
            }
            if share == Share::Shared {
                put(fields.share_disposition, &[SHARED]);
            }
            put(fields.u_interrupt_level, &level.to_le_bytes());
            put(fields.u_interrupt_vector, &vector.to_le_bytes());
            let width = (fields.size_of - fields.u_interrupt_affinity).min(8) as usize;
            put(fields.u_interrupt_affinity, &affinity.to_le_bytes()[..width]);
        }
        Resource::Memory { start, length } => {
            put(fields.u_memory_start, &start.to_le_bytes());
            put(fields.u_memory_length, &length.to_le_bytes());
        }
        Resource::Dma { channel, port } => {
            put(fields.u_dma_channel, &channel.to_le_bytes());
            put(fields.u_dma_port, &port.to_le_bytes());
        }
    }
    bytes
}

/// The resource in a CM_PARTIAL_RESOURCE_DESCRIPTOR; `None` for an unknown kind.
pub(crate) fn descriptor_at(guest: &Guest, address: u64) -> Option<Resource> {
    let fields = &guest.layout().cm_partial_resource_descriptor;
    let u32_at = |offset| guest.load_u32(at(address, offset));
    let flags = guest.load_u16(at(address, fields.flags));
    let kind = kind_of(guest.load_u8(at(address, fields.type_)).into())?;
    Some(match kind {
        ResourceKind::Port => Resource::Port {
            start: guest.load_u64(at(address, fields.u_port_start)),
            length: u32_at(fields.u_port_length),
        },
        ResourceKind::Interrupt => Resource::Interrupt {
            level: u32_at(fields.u_interrupt_level),
            vector: u32_at(fields.u_interrupt_vector),
            affinity: guest.load_word(at(address, fields.u_interrupt_affinity)),
            trigger: if flags & LATCHED == 0 { TriggerMode::Level } else { TriggerMode::Latched },
            share: match guest.load_u8(at(address, fields.share_disposition)) {
                SHARED => Share::Shared,
                _ => Share::Exclusive,
            },
        },
        ResourceKind::Memory => Resource::Memory {
            start: guest.load_u64(at(address, fields.u_memory_start)),
            length: u32_at(fields.u_memory_length),
        },
        ResourceKind::Dma => {
            Resource::Dma { channel: u32_at(fields.u_dma_channel), port: u32_at(fields.u_dma_port) }
        }
    })
}

/// Builds a CM_RESOURCE_LIST with one bus, an ISA bus.
pub(crate) fn list_bytes(layout: &Layout, resources: &[Resource]) -> Vec<u8> {
    let full = &layout.cm_full_resource_descriptor;
    let partial = &layout.cm_partial_resource_list;
    let first = layout.cm_resource_list.list;
    let list = first + full.partial_resource_list;
    let entries = list + partial.partial_descriptors;
    let mut bytes = vec![0; entries as usize];
    let mut put = |offset: u32, value: &[u8]| {
        bytes[offset as usize..offset as usize + value.len()].copy_from_slice(value);
    };
    put(layout.cm_resource_list.count, &1_u32.to_le_bytes());
    put(first + full.interface_type, &ISA.to_le_bytes());
    put(list + partial.version, &1_u16.to_le_bytes());
    put(list + partial.revision, &1_u16.to_le_bytes());
    put(list + partial.count, &(resources.len() as u32).to_le_bytes());
    for resource in resources {
        bytes.extend(descriptor_bytes(layout, resource));
    }
    bytes
}

/// The resources of the first bus in a CM_RESOURCE_LIST, without resources of an unknown kind. For
/// a null pointer the result is an empty list.
pub(crate) fn list_at(guest: &Guest, address: u64) -> Vec<Resource> {
    let layout = guest.layout();
    let list =
        layout.cm_resource_list.list + layout.cm_full_resource_descriptor.partial_resource_list;
    let list = at(address, list);
    if address == 0 || guest.load_u32(at(address, layout.cm_resource_list.count)) == 0 {
        return Vec::new();
    }
    let partial = &layout.cm_partial_resource_list;
    let count = guest.load_u32(at(list, partial.count)).min(MOST_RESOURCES);
    let first = at(list, partial.partial_descriptors);
    let size = u64::from(layout.cm_partial_resource_descriptor.size_of);
    let entries = (0..u64::from(count))
        .filter_map(|index| descriptor_at(guest, first.wrapping_add(index * size)));
    entries.collect()
}

/// The largest number of resources that are read from a driver's list. Assumed: a card has a
/// handful.
pub(super) const MOST_RESOURCES: u32 = 256;
