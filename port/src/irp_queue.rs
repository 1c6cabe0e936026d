//! The queue of a pin's requests, safe against cancelling.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use portcls_emulator::{CancelRoutine, Irp, Kernel, NtStatus};

use crate::irp::complete;
use crate::stream_request::StreamRequest;

/// The greatest number of requests that a pin queues. Assumed: this number, because no document
/// gives one.
pub(crate) const QUEUED_REQUESTS: usize = 65_536;

/// Requests in the order in which they came.
#[derive(Default)]
pub(crate) struct IrpQueue {
    requests: RefCell<VecDeque<Rc<StreamRequest>>>,
    position: Cell<QueuePosition>,
}

/// How far the data of a stream has come, in bytes since the stream was last in STOP.
#[derive(Clone, Copy, Default)]
pub(crate) struct QueuePosition {
    /// The data that was served. The data of a request counts when the request has ended.
    pub served: u64,
    /// The end of the data that waits in the queue. On a capture pin, the end of the empty room
    /// that waits in the queue.
    pub queued: u64,
}

impl IrpQueue {
    /// Queues a request and marks it pending; the kernel calls `cancel` when the client cancels the
    /// request.
    ///
    /// Returns `STATUS_PENDING` when the request is queued. If the request is not queued, the
    /// request is complete, and this function returns the status of the request. The status is
    /// `STATUS_CANCELLED` when the request was cancelled before this call, and
    /// `STATUS_INSUFFICIENT_RESOURCES` when the queue is full.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn push(
        &self,
        kernel: &Kernel,
        request: Rc<StreamRequest>,
        cancel: CancelRoutine,
    ) -> NtStatus {
        let irp = request.irp().clone();
        if irp.is_cancelled() {
            return complete(kernel, &irp, NtStatus::CANCELLED);
        }
        let mut requests = self.requests.borrow_mut();
        if requests.len() >= QUEUED_REQUESTS {
            drop(requests);
            return complete(kernel, &irp, NtStatus::INSUFFICIENT_RESOURCES);
        }
        let position = self.position.get();
        let queued = position.queued + request.length();
        self.position.set(QueuePosition { queued, ..position });
        requests.push_back(request);
        drop(requests);
        irp.mark_pending();
        irp.set_cancel_routine(Some(cancel));
        NtStatus::PENDING
    }

    /// The first request in the queue.
    pub fn front(&self) -> Option<Rc<StreamRequest>> {
        self.requests.borrow().front().cloned()
    }

    /// The queued request of this IRP, wherever the request stands in the queue.
    pub fn find(&self, irp: &Irp) -> Option<Rc<StreamRequest>> {
        let requests = self.requests.borrow();
        requests.iter().find(|request| request.irp().is(irp)).cloned()
    }

    /// The queued requests, in the order in which they came.
    pub fn requests(&self) -> Vec<Rc<StreamRequest>> {
        self.requests.borrow().iter().cloned().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.requests.borrow().is_empty()
    }

    /// Completes the first request in the queue. When the queue is empty, the call has no effect.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn complete_front(&self, kernel: &Kernel, status: NtStatus) {
        let front = self.requests.borrow_mut().pop_front();
        if let Some(request) = front {
            self.finish(kernel, &request, status);
        }
    }

    /// Completes one request, at any place of the queue. When the request is not in the queue, the
    /// call has no effect.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn complete(&self, kernel: &Kernel, request: &Rc<StreamRequest>, status: NtStatus) {
        let found = {
            let mut requests = self.requests.borrow_mut();
            match requests.iter().position(|other| Rc::ptr_eq(other, request)) {
                None => None,
                Some(0) => requests.pop_front(),
                Some(position) => requests.remove(position),
            }
        };
        if let Some(request) = found {
            self.finish(kernel, &request, status);
        }
    }

    /// Completes as cancelled all requests that are queued now; requests that arrive during the
    /// call stay in the queue.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn cancel_all(&self, kernel: &Kernel) {
        let requests = std::mem::take(&mut *self.requests.borrow_mut());
        for request in requests {
            self.finish(kernel, &request, NtStatus::CANCELLED);
        }
    }

    /// How far the data has come.
    pub fn position(&self) -> QueuePosition {
        self.position.get()
    }

    /// Begins to count from 0 again, because the stream goes to STOP and the queue is empty.
    pub fn restart_position(&self) {
        self.position.set(QueuePosition::default());
    }

    fn finish(&self, kernel: &Kernel, request: &StreamRequest, status: NtStatus) {
        request.irp().set_cancel_routine(None);
        if status != NtStatus::SUCCESS {
            request.cut_off();
        }
        let (position, served) = (self.position.get(), request.served());
        let left_out = request.length().saturating_sub(served);
        self.position.set(QueuePosition {
            served: position.served + served,
            queued: position.queued.saturating_sub(left_out),
        });
        request.report(served);
        complete(kernel, request.irp(), status);
    }
}
