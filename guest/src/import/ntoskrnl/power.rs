//! Power requests of a driver.

use portcls_emulator::{DevicePowerState, NtStatus, PowerAction, PowerStateType, SystemPowerState};
use portcls_port::is_adapter_device;
use portcls_port::rules::PC_PO_REQUEST_POWER_IRP;

use super::requests::call_driver;
use crate::memory::at;
use crate::routine::{Call, Out, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("PoCallDriver", UpTo(DISPATCH_LEVEL), call_driver),
    row!("PoRequestPowerIrp", ByKernel, request_power_irp),
    row!("PoSetPowerState", ByKernel, set_power_state),
    row!("PoStartNextPowerIrp", ByKernel, start_next_power_irp),
];

/// `NTSTATUS PoRequestPowerIrp(PDEVICE_OBJECT, UCHAR, POWER_STATE, PREQUEST_POWER_COMPLETE,
/// PVOID, PIRP *)`
///
/// A miniport that sets a state in this way breaks the rule PcPoRequestPowerIrp, because a miniport
/// must call PcRequestNewPowerState. The out parameter for the request is set to null: only
/// IRP_MN_WAIT_WAKE needs the request.
fn request_power_irp(
    call: &Call<'_>,
    device_at: Pointer,
    minor: u8,
    state: u32,
    routine: Pointer,
    context: Pointer,
    out: Out<Pointer>,
) -> NtStatus {
    let guest = call.guest().clone();
    let Some(action) = PowerAction::from_number(minor) else {
        call.kernel().unsupported(&format!("PoRequestPowerIrp with minor function {minor:#x}"));
        return NtStatus::NOT_SUPPORTED;
    };
    let (Some(device), Some(wanted)) =
        (guest.device_at(device_at.0), DevicePowerState::from_number(state))
    else {
        return NtStatus::INVALID_PARAMETER;
    };
    if action == PowerAction::Set && is_adapter_device(&device.top()) {
        let message = "PoRequestPowerIrp of IRP_MN_SET_POWER; PcRequestNewPowerState is for that";
        call.kernel().report_violation(&PC_PO_REQUEST_POWER_IRP, message);
    }
    out.set_if_given(&guest, Pointer::NULL);
    let completion = (!routine.is_null()).then(|| {
        let done = move |_: &_, answer: NtStatus| {
            let block = guest.layout().io_status_block.size_of;
            guest.with_scratch(u64::from(block), |block| {
                let field = at(block, guest.layout().io_status_block.status);
                guest.store_u32(field, answer.0);
                let words = [device_at.0, minor.into(), state.into(), context.0, block];
                guest.call(routine.0, &words);
            });
        };
        Box::new(done) as _
    });
    call.kernel().request_power_irp(&device, action, wanted, completion)
}

/// `POWER_STATE PoSetPowerState(PDEVICE_OBJECT, POWER_STATE_TYPE, POWER_STATE)`
///
/// Returns the earlier state of the device. For a state of the system the result is always S0.
fn set_power_state(call: &Call<'_>, device: Pointer, kind: u32, state: u32) -> u32 {
    if kind == PowerStateType::System.number() {
        // Before the system goes to sleep, it is in S0.
        return SystemPowerState::S0.number();
    }
    match (call.guest().device_at(device.0), DevicePowerState::from_number(state)) {
        (Some(device), Some(state)) => call.kernel().set_power_state(&device, state).number(),
        _ => 0,
    }
}

/// `VOID PoStartNextPowerIrp(PIRP)`
fn start_next_power_irp(call: &Call<'_>, irp: Pointer) {
    if let Some(irp) = call.guest().irp_at(irp.0) {
        call.kernel().start_next_power_irp(&irp);
    }
}
