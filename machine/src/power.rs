//! The power of the machine: the power requests, and the power of the card.
//!
//! This file never knows why the power changes, or which code asks for the change.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::trace::{Argument, Layer};
use portcls_emulator::{
    DeviceObject, DevicePowerState, DriverObject, Event, EventKind, Irp, Kernel, MajorFunction,
    NtStatus, Parameters, PnpRequest, PowerAction, PowerRequest, PowerState, Timeout,
};

use crate::card_device::CardPower;
use crate::slot::Slot;

/// The driver of the bus that found the card. The driver agrees to every request for which it has
/// an answer. It takes the card's power away in D3, and gives it back in D0.
pub(crate) fn bus_driver(slot: &Slot) -> Rc<DriverObject> {
    let bus = DriverObject::new("isa");
    let agree = |kernel: &Kernel, _device: &Rc<DeviceObject>, irp: &Irp| {
        let status = answer(irp.parameters());
        irp.set_status(status);
        kernel.complete_request(irp);
        status
    };
    bus.set_major_function(MajorFunction::Pnp, Rc::new(agree));
    bus.set_major_function(MajorFunction::SystemControl, Rc::new(agree));
    let slot = slot.clone();
    let power = move |kernel: &Kernel, pdo: &Rc<DeviceObject>, irp: &Irp| {
        if let Parameters::Power(PowerRequest {
            action: PowerAction::Set,
            state: PowerState::Device(state),
        }) = irp.parameters()
        {
            set_card_power(kernel, &slot, *state);
            kernel.set_power_state(pdo, *state);
        }
        agree(kernel, pdo, irp)
    };
    bus.set_major_function(MajorFunction::Power, Rc::new(power));
    bus
}

/// The status with which the bus driver completes a request. A bus driver that has no answer to a
/// request leaves the first status of the request, `STATUS_NOT_SUPPORTED`, as it is.
fn answer(parameters: &Parameters) -> NtStatus {
    match parameters {
        Parameters::Pnp(
            PnpRequest::QueryDeviceRelations
            | PnpRequest::QueryInterface
            | PnpRequest::FilterResourceRequirements(_)
            | PnpRequest::QueryPnpDeviceState,
        )
        | Parameters::SystemControl { .. } => NtStatus::NOT_SUPPORTED,
        _ => NtStatus::SUCCESS,
    }
}

fn set_card_power(kernel: &Kernel, slot: &Slot, state: DevicePowerState) {
    // In D1 and D2, the light sleeps, the power of the card does not change.
    let power = match state {
        DevicePowerState::D3 => CardPower::Off,
        DevicePowerState::D0 => CardPower::On,
        DevicePowerState::D1 | DevicePowerState::D2 => return,
    };
    slot.set_power(kernel, power);
    kernel.record_hardware_note(match power {
        CardPower::On => "the card has power",
        CardPower::Off => "the card has no power",
    });
}

/// Sends a power request to the top of a stack, waits for the end of the request, and returns the
/// status of the request. IRQL: PASSIVE_LEVEL.
pub(crate) fn send_power(
    kernel: &Kernel,
    physical: &Rc<DeviceObject>,
    action: PowerAction,
    state: PowerState,
) -> NtStatus {
    let trace = kernel.trace();
    let who = trace.actor("power", Layer::Software);
    let name = trace.name(action.name());
    kernel.record_call(who, name, Argument::Word(trace.name(state.name())));
    let status = send_and_wait(kernel, &physical.top(), PowerRequest { action, state });
    kernel.record_return(who, name, status, Argument::None);
    status
}

fn send_and_wait(kernel: &Kernel, top: &Rc<DeviceObject>, request: PowerRequest) -> NtStatus {
    let done = Event::new(EventKind::Notification, "completion of a power request");
    let answer = Rc::new(Cell::new(NtStatus::PENDING));
    let (signal, result) = (done.clone(), Rc::clone(&answer));
    let complete = move |kernel: &Kernel, status: NtStatus| {
        result.set(status);
        kernel.set_event(&signal);
    };
    match request.state {
        PowerState::Device(state) => {
            let completion = Some(Box::new(complete) as _);
            let sent = kernel.request_power_irp(top, request.action, state, completion);
            if sent != NtStatus::PENDING {
                return sent;
            }
        }
        PowerState::System(_) => {
            let irp = Irp::new(Parameters::Power(request), None, Vec::new());
            irp.set_completion_routine(Box::new(move |kernel, irp| {
                complete(kernel, irp.status());
            }));
            kernel.send_request(top, &irp);
        }
    }
    kernel.wait_for_single_object(&done, Timeout::Never);
    answer.get()
}
