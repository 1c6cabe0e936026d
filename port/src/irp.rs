//! Requests (IRPs): their completion, and the way to the device below.
//!
//! This file owns the completion of requests and the limit of the room for an answer. This file
//! never knows what a control code means, or which object gets a request.

use std::rc::Rc;

use portcls_emulator::rules::COMPLETED_AS_PENDING;
use portcls_emulator::{
    DeviceObject, Event, EventKind, Irp, Irql, Kernel, NtStatus, Parameters, Timeout,
};

use crate::ks::LengthReply;
use crate::rules::require_irql_at_most;

/// Completes a request with a status.
///
/// IRQL: up to DISPATCH_LEVEL. Source: WDK, PcCompleteIrp.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the status is `STATUS_PENDING`. This is also a violation of the
///   rule completed-as-pending. The request is not completed.
#[doc(alias = "PcCompleteIrp")]
pub fn pc_complete_irp(
    kernel: &Kernel,
    _device: &Rc<DeviceObject>,
    irp: &Irp,
    status: NtStatus,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "PcCompleteIrp");
    if status == NtStatus::PENDING {
        let message = "PcCompleteIrp called with STATUS_PENDING";
        kernel.report_violation(&COMPLETED_AS_PENDING, message);
        return Err(NtStatus::INVALID_PARAMETER);
    }
    complete(kernel, irp, status);
    Ok(())
}

/// Sends a request of Plug and Play, power or Windows Management Instrumentation to the device
/// below, and waits until that device has completed it. Returns the status of that device, or
/// `STATUS_SUCCESS` when there is no device below. The call does not complete `irp` itself.
///
/// Assumed: a request has one stack location here, so the lower device gets another request with
/// the same parameters.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcForwardIrpSynchronous.
#[doc(alias = "PcForwardIrpSynchronous")]
#[must_use]
pub fn pc_forward_irp_synchronous(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
) -> NtStatus {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcForwardIrpSynchronous");
    let Some(lower) = device.lower() else { return NtStatus::SUCCESS };
    let request = Irp::new(irp.parameters().clone(), None, Vec::new());
    let done = Event::new(EventKind::Notification, "completion of a request by the bus driver");
    let signal = done.clone();
    request.set_completion_routine(Box::new(move |kernel, _| {
        kernel.set_event(&signal);
    }));
    match kernel.call_driver(&lower, &request) {
        NtStatus::PENDING => {
            kernel.wait_for_single_object(&done, Timeout::Never);
            request.status()
        }
        status => status,
    }
}

/// Bytes of room for the answer to a control request: the number that the client states, but at
/// most the length of the client's buffer. 0 for any other request.
///
/// A client that states too great a number cannot make the emulator take that much memory. Assumed:
/// KS probes the client's buffer, so on Windows an answer that is longer than the buffer fails.
pub(crate) fn answer_room(irp: &Irp) -> u32 {
    let Parameters::DeviceControl { output_length, .. } = irp.parameters() else { return 0 };
    u32::try_from(irp.buffer().borrow().len()).map_or(*output_length, |it| it.min(*output_length))
}

/// Completes a request with a status and returns that status.
///
/// IRQL: up to DISPATCH_LEVEL.
pub(crate) fn complete(kernel: &Kernel, irp: &Irp, status: NtStatus) -> NtStatus {
    irp.set_status(status);
    kernel.complete_request(irp);
    status
}

/// Completes a request with the status, the bytes and the length of a reply. The bytes of a reply
/// are used only with `STATUS_SUCCESS`. Returns the status of the reply.
///
/// IRQL: up to DISPATCH_LEVEL.
pub(crate) fn complete_with_reply(kernel: &Kernel, irp: &Irp, reply: LengthReply) -> NtStatus {
    if reply.status == NtStatus::SUCCESS && !reply.bytes.is_empty() {
        *irp.buffer().borrow_mut() = reply.bytes;
    }
    irp.set_information(u64::from(reply.information));
    complete(kernel, irp, reply.status)
}
