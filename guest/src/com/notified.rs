//! Small interfaces of a guest's object: service sinks, power, pin counts.

use portcls_emulator::{DeviceCapabilities, DevicePowerState, Kernel, NtStatus, SystemPowerState};
use portcls_port::guid::{Guid, iid};
use portcls_port::interfaces::{
    IAdapterPowerManagement, IAdapterPowerManagement2, IAdapterPowerManagement3, IPinCount,
    IPowerNotify, IServiceSink, PcExitLatency, PinCounts,
};

use super::GuestObject;
use super::descriptor::pin_descriptor_place;
use crate::memory::at;
use crate::objects::power::{read_capabilities, write_capabilities};

/// The slots of these interfaces. Source: portcls.h.
const REQUEST_SERVICE: u64 = 3;
const POWER_CHANGE_NOTIFY: u64 = 3;
const PIN_COUNT: u64 = 3;
const POWER_CHANGE_STATE: u64 = 3;
const QUERY_POWER_CHANGE_STATE: u64 = 4;
const QUERY_DEVICE_CAPABILITIES: u64 = 5;
const POWER_CHANGE_STATE_2: u64 = 6;
const POWER_CHANGE_STATE_3: u64 = 7;
const D3_EXIT_LATENCY_CHANGED: u64 = 8;

impl IServiceSink for GuestObject {
    fn request_service(&self, _kernel: &Kernel) {
        self.call(&iid::SERVICE_SINK, REQUEST_SERVICE, &[]);
    }
}

impl IPowerNotify for GuestObject {
    fn power_change_notify(&self, _kernel: &Kernel, state: DevicePowerState) {
        self.call(&iid::POWER_NOTIFY, POWER_CHANGE_NOTIFY, &[u64::from(state.number())]);
    }
}

impl IPinCount for GuestObject {
    fn pin_count(&self, _kernel: &Kernel, pin_id: u32, counts: &mut PinCounts) {
        let guest = &self.guest;
        // The count of necessary instances and the counts of possible instances stand in the
        // driver's descriptor. The driver gets pointers to these fields, so its changes stay in the
        // descriptor.
        let pin = pin_descriptor_place(guest, self.description.get(), pin_id);
        let fields = &guest.layout().pcpin_descriptor;
        let described = |field: u32| pin.map(|pin| at(pin, field));
        let places = [
            described(fields.min_filter_instance_count),
            None,
            described(fields.max_filter_instance_count),
            None,
            described(fields.max_global_instance_count),
        ];
        guest.with_scratch(32, |scratch| {
            let fields = [
                &mut counts.filter_necessary,
                &mut counts.filter_current,
                &mut counts.filter_possible,
                &mut counts.global_current,
                &mut counts.global_possible,
            ];
            let mut words = [u64::from(pin_id), 0, 0, 0, 0, 0];
            for (index, (field, place)) in fields.iter().zip(places).enumerate() {
                words[index + 1] = place.unwrap_or_else(|| {
                    let copy = scratch + 4 * index as u64;
                    guest.store_u32(copy, **field);
                    copy
                });
            }
            self.call(&iid::PIN_COUNT, PIN_COUNT, &words);
            for (field, place) in fields.into_iter().zip(&words[1..]) {
                *field = guest.load_u32(*place);
            }
        });
    }
}

impl GuestObject {
    /// The newest power interface by which the wrapper knows an adapter's object. All versions
    /// begin with the methods of the first. Source: portcls.h.
    fn power_management(&self) -> &'static Guid {
        let known = [&iid::ADAPTER_POWER_MANAGEMENT_3, &iid::ADAPTER_POWER_MANAGEMENT_2];
        let found = known.into_iter().find(|iid| self.has(iid));
        found.unwrap_or(&iid::ADAPTER_POWER_MANAGEMENT)
    }
}

impl IAdapterPowerManagement for GuestObject {
    fn power_change_state(&self, _kernel: &Kernel, state: DevicePowerState) {
        let words = [u64::from(state.number())];
        self.call(self.power_management(), POWER_CHANGE_STATE, &words);
    }

    fn query_power_change_state(
        &self,
        _kernel: &Kernel,
        state: DevicePowerState,
    ) -> Result<(), NtStatus> {
        let words = [u64::from(state.number())];
        self.call_for_status(self.power_management(), QUERY_POWER_CHANGE_STATE, &words)
    }

    fn query_device_capabilities(
        &self,
        _kernel: &Kernel,
        capabilities: &mut DeviceCapabilities,
    ) -> Result<(), NtStatus> {
        let guest = &self.guest;
        let bytes = u64::from(guest.layout().device_capabilities.size_of);
        let answered = guest.with_scratch(bytes, |at| {
            write_capabilities(guest, at, capabilities);
            self.call_for_status(self.power_management(), QUERY_DEVICE_CAPABILITIES, &[at])?;
            read_capabilities(guest, at, capabilities);
            Ok(())
        });
        answered.unwrap_or(Err(NtStatus::UNSUCCESSFUL))
    }
}

impl IAdapterPowerManagement2 for GuestObject {
    fn power_change_state_2(
        &self,
        _kernel: &Kernel,
        device: DevicePowerState,
        system: SystemPowerState,
    ) {
        let words = [u64::from(device.number()), u64::from(system.number())];
        self.call(self.power_management(), POWER_CHANGE_STATE_2, &words);
    }
}

impl IAdapterPowerManagement3 for GuestObject {
    fn power_change_state_3(
        &self,
        _kernel: &Kernel,
        device: DevicePowerState,
        system: SystemPowerState,
        latency: PcExitLatency,
    ) {
        let words = [device.number(), system.number(), latency.value()].map(u64::from);
        self.call(self.power_management(), POWER_CHANGE_STATE_3, &words);
    }

    fn d3_exit_latency_changed(
        &self,
        _kernel: &Kernel,
        latency: PcExitLatency,
    ) -> Result<(), NtStatus> {
        let words = [u64::from(latency.value())];
        self.call_for_status(self.power_management(), D3_EXIT_LATENCY_CHANGED, &words)
    }
}
