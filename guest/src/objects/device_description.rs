//! `DEVICE_DESCRIPTION` in guest memory.

use portcls_port::device_description::DeviceDescription;

use crate::guest::Guest;
use crate::memory::at;

/// The description at an address. The newer versions of the structure have more fields after these,
/// which no code here needs.
pub(crate) fn device_description_at(guest: &Guest, address: u64) -> DeviceDescription {
    let fields = &guest.layout().device_description;
    let u32_at = |offset| guest.load_u32(at(address, offset));
    let is_set = |offset| guest.load_u8(at(address, offset)) != 0;
    DeviceDescription {
        version: u32_at(fields.version),
        master: is_set(fields.master),
        scatter_gather: is_set(fields.scatter_gather),
        demand_mode: is_set(fields.demand_mode),
        auto_initialize: is_set(fields.auto_initialize),
        dma_32_bit_addresses: is_set(fields.dma32_bit_addresses),
        ignore_count: is_set(fields.ignore_count),
        dma_64_bit_addresses: is_set(fields.dma64_bit_addresses),
        bus_number: u32_at(fields.bus_number),
        dma_channel: u32_at(fields.dma_channel),
        interface_type: u32_at(fields.interface_type),
        dma_width: u32_at(fields.dma_width),
        dma_speed: u32_at(fields.dma_speed),
        maximum_length: u32_at(fields.maximum_length),
        dma_port: u32_at(fields.dma_port),
    }
}
