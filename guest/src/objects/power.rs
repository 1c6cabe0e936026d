//! DEVICE_CAPABILITIES in guest memory.

use portcls_emulator::{DeviceCapabilities, DevicePowerState, SystemPowerState};

use crate::guest::Guest;
use crate::memory::at;

/// The value 0 of DEVICE_POWER_STATE and SYSTEM_POWER_STATE: "unspecified". Source: wdm.h.
const UNSPECIFIED: u32 = 0;

/// The index of S0 in `DeviceState`. The member before it is for "unspecified".
const FIRST_SYSTEM_STATE: u64 = SystemPowerState::S0.number() as u64;

/// Writes the capabilities of a device at an address.
pub(crate) fn write_capabilities(guest: &Guest, address: u64, said: &DeviceCapabilities) {
    let fields = &guest.layout().device_capabilities;
    guest.store_u16(at(address, fields.size), fields.size_of as u16);
    guest.store_u16(at(address, fields.version), 1);
    for (index, state) in said.device_states.iter().enumerate() {
        let slot = 4 * (FIRST_SYSTEM_STATE + index as u64);
        guest.store_u32(at(address, fields.device_state) + slot, state.number());
    }
    let wake = said.device_wake.map_or(UNSPECIFIED, DevicePowerState::number);
    guest.store_u32(at(address, fields.device_wake), wake);
    guest.store_u32(at(address, fields.d1_latency), said.d1_latency_100us);
    guest.store_u32(at(address, fields.d2_latency), said.d2_latency_100us);
    guest.store_u32(at(address, fields.d3_latency), said.d3_latency_100us);
}

/// Reads the capabilities, which the driver may have changed. A value in `DeviceState` that is not
/// a power state changes nothing. Such a value in `DeviceWake` means "unspecified".
pub(crate) fn read_capabilities(guest: &Guest, address: u64, into: &mut DeviceCapabilities) {
    let fields = &guest.layout().device_capabilities;
    for (index, state) in into.device_states.iter_mut().enumerate() {
        let slot = 4 * (FIRST_SYSTEM_STATE + index as u64);
        let value = guest.load_u32(at(address, fields.device_state) + slot);
        *state = DevicePowerState::from_number(value).unwrap_or(*state);
    }
    into.device_wake =
        DevicePowerState::from_number(guest.load_u32(at(address, fields.device_wake)));
    into.d1_latency_100us = guest.load_u32(at(address, fields.d1_latency));
    into.d2_latency_100us = guest.load_u32(at(address, fields.d2_latency));
    into.d3_latency_100us = guest.load_u32(at(address, fields.d3_latency));
}
