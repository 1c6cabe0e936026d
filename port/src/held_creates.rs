//! Create requests that a device holds while a stop of the device is pending.
//!
//! This file owns the requests from IRP_MN_QUERY_STOP_DEVICE until the stop is decided. This file
//! never knows what a request opens.

use std::cell::{Cell, RefCell};

use portcls_emulator::{CancelRoutine, Irp, Kernel, NtStatus};

use crate::irp::complete;

/// The greatest number of requests that a device holds. Assumed: this number, because no document
/// gives one.
const HELD_CREATES: usize = 1_024;

/// The held requests of a device, in the order in which they came.
#[derive(Default)]
pub(crate) struct HeldCreates {
    is_stop_pending: Cell<bool>,
    requests: RefCell<Vec<Irp>>,
}

impl HeldCreates {
    /// Notes that a stop is pending.
    pub fn begin(&self) {
        self.is_stop_pending.set(true);
    }

    /// True from [`begin`](Self::begin) until [`end`](Self::end).
    pub fn is_stop_pending(&self) -> bool {
        self.is_stop_pending.get()
    }

    /// Keeps a request and marks it pending; the kernel calls `cancel` when the client cancels the
    /// request.
    ///
    /// Returns `STATUS_PENDING` when the request is kept. If the request is not kept, the request
    /// is complete, and this function returns the status of the request. The status is
    /// `STATUS_CANCELLED` when the request was cancelled before this call, and
    /// `STATUS_INSUFFICIENT_RESOURCES` when the device holds [`HELD_CREATES`] requests already.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn hold(&self, kernel: &Kernel, irp: &Irp, cancel: CancelRoutine) -> NtStatus {
        if irp.is_cancelled() {
            return complete(kernel, irp, NtStatus::CANCELLED);
        }
        if self.requests.borrow().len() >= HELD_CREATES {
            return complete(kernel, irp, NtStatus::INSUFFICIENT_RESOURCES);
        }
        self.requests.borrow_mut().push(irp.clone());
        irp.mark_pending();
        irp.set_cancel_routine(Some(cancel));
        NtStatus::PENDING
    }

    /// How many requests are held.
    pub fn count(&self) -> usize {
        self.requests.borrow().len()
    }

    /// Completes a held request as cancelled.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn cancel(&self, kernel: &Kernel, irp: &Irp) {
        let found = {
            let mut requests = self.requests.borrow_mut();
            let position = requests.iter().position(|other| other.is(irp));
            position.map(|position| requests.remove(position))
        };
        if let Some(irp) = found {
            complete(kernel, &irp, NtStatus::CANCELLED);
        }
    }

    /// Notes that the stop is decided, and returns the requests that were held. A client can no
    /// longer cancel these requests.
    pub fn end(&self) -> Vec<Irp> {
        self.is_stop_pending.set(false);
        let requests = self.requests.take();
        for irp in &requests {
            irp.set_cancel_routine(None);
        }
        requests
    }
}
