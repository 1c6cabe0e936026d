//! Power requests of a driver.

use portcls_emulator::{DevicePowerState, NtStatus, PowerAction};
use portcls_port::is_adapter_device;
use portcls_port::rules::PC_PO_REQUEST_POWER_IRP;

use super::requests::call_driver_with;
use crate::memory::at;
use crate::routine::{Call, status};

/// Minor functions and types. Source: wdm.h.
const SET_POWER: u8 = 0x02;
const QUERY_POWER: u8 = 0x03;
const SYSTEM_STATE: u32 = 0;

/// PowerSystemWorking: the system state before any other one.
const WORKING: u64 = 1;

/// `NTSTATUS PoRequestPowerIrp(PDEVICE_OBJECT, UCHAR, POWER_STATE, PREQUEST_POWER_COMPLETE,
/// PVOID, PIRP *)`
///
/// A miniport that sets a state breaks the rule PcPoRequestPowerIrp: PcRequestNewPowerState is
/// for that. The pointer to the request is null: it is wanted for IRP_MN_WAIT_WAKE alone.
pub(super) fn request_power_irp(call: &Call<'_>) -> u64 {
    let (device_at, minor, state) = (call.pointer(), call.u8(), call.u32());
    let (routine, context, out) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest().clone();
    let action = match minor {
        SET_POWER => PowerAction::Set,
        QUERY_POWER => PowerAction::Query,
        other => {
            call.kernel().unsupported(&format!("PoRequestPowerIrp with minor function {other:#x}"));
            return status(NtStatus::NOT_SUPPORTED);
        }
    };
    let (Some(device), Some(wanted)) =
        (guest.device_at(device_at), DevicePowerState::from_u32(state))
    else {
        return status(NtStatus::INVALID_PARAMETER);
    };
    if action == PowerAction::Set && is_adapter_device(&device.top()) {
        let message = "PoRequestPowerIrp of IRP_MN_SET_POWER; PcRequestNewPowerState is for that";
        call.kernel().report_violation(&PC_PO_REQUEST_POWER_IRP, message);
    }
    if out != 0 {
        guest.store_word(out, 0);
    }
    let completion = (routine != 0).then(|| {
        let done = move |_: &_, answer: NtStatus| {
            let block = guest.layout().io_status_block.size_of;
            guest.with_scratch(u64::from(block), |block| {
                let field = at(block, guest.layout().io_status_block.status);
                guest.store_u32(field, answer.0);
                let words = [device_at, u64::from(minor), u64::from(state), context, block];
                guest.call(routine, &words);
            });
        };
        Box::new(done) as _
    });
    status(call.kernel().request_power_irp(&device, action, wanted, completion))
}

/// `POWER_STATE PoSetPowerState(PDEVICE_OBJECT, POWER_STATE_TYPE, POWER_STATE)`: the state
/// before.
pub(super) fn set_power_state(call: &Call<'_>) -> u64 {
    let (device, kind, state) = (call.pointer(), call.u32(), call.u32());
    if kind == SYSTEM_STATE {
        return WORKING;
    }
    match (call.guest().device_at(device), DevicePowerState::from_u32(state)) {
        (Some(device), Some(state)) => {
            u64::from(call.kernel().set_power_state(&device, state).value())
        }
        _ => 0,
    }
}

/// `VOID PoStartNextPowerIrp(PIRP)`
pub(super) fn start_next_power_irp(call: &Call<'_>) -> u64 {
    if let Some(irp) = call.guest().irp_at(call.pointer()) {
        call.kernel().start_next_power_irp(&irp);
    }
    0
}

/// `NTSTATUS PoCallDriver(PDEVICE_OBJECT, PIRP)`
pub(super) fn call_power_driver(call: &Call<'_>) -> u64 {
    let (device, irp) = (call.pointer(), call.pointer());
    call_driver_with(call, device, irp)
}
