//! A lane: the way of data between a client's requests and one stream.
//!
//! This file owns what a stream uses while it moves data: the queue, the state and the stream's
//! clock. This file never knows the pin of a lane, or the kind of miniport that made the stream.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{Irp, Irql, Kernel, NtStatus};

use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::{IServiceGroup, IServiceSink};
use crate::irp_queue::IrpQueue;
use crate::ks::{KsDataFormat, KsState};
use crate::miniport_calls::MiniportCalls;
use crate::service_group::Membership;
use crate::stream_request::StreamRequest;

/// A stream of the miniport, with the code of the port that moves the data of the stream. Each kind
/// of miniport has its own implementation.
pub(crate) trait Stream {
    /// The driver's object. Property handlers get this object, and the object may have
    /// `IPowerNotify`.
    fn object(&self) -> Rc<dyn IUnknown>;

    /// Sets a format that fits the pin.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_REQUEST`: an open stream of this kind cannot change to the format.
    /// - The status that the miniport returned.
    fn set_format(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        format: &KsDataFormat,
    ) -> Result<(), NtStatus>;

    /// Moves the stream to a neighbouring state.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The status that the miniport returned.
    fn set_state(&self, kernel: &Kernel, lane: &Lane, state: KsState) -> Result<(), NtStatus>;

    /// Checks the whole of a request that moves data in the direction of the pin, before any part
    /// of it is served.
    ///
    /// # Errors
    /// The errors of [`StreamRequest::write`] and [`StreamRequest::read`].
    fn check(&self, irp: &Irp) -> Result<StreamRequest, NtStatus>;

    /// Learns of a request that was checked and queued, but is not served yet.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// The status with which the lane completes the request at once.
    fn accept(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        request: &Rc<StreamRequest>,
    ) -> Result<(), NtStatus>;

    /// Moves the data that can move now. The lane calls this when a request was queued or
    /// cancelled, when data is due, and when RUN began.
    ///
    /// IRQL: DISPATCH_LEVEL.
    fn turn(&self, kernel: &Kernel, lane: &Lane);

    /// Serves the stream, because the service group of the stream asks for service.
    ///
    /// IRQL: DISPATCH_LEVEL.
    fn service(&self, kernel: &Kernel, lane: &Lane);

    /// Stops the timer that would wake the stream, because RUN ends or the stream is released.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    fn hold(&self, kernel: &Kernel);

    /// Notes in a queued request how much of it was served. The request is about to end early.
    fn abandon(&self, lane: &Lane, request: &Rc<StreamRequest>);

    /// Does for all queued requests what [`abandon`](Stream::abandon) does for one. Forgets the
    /// data that came from the miniport and did not reach the client.
    fn flush(&self, lane: &Lane);

    /// Ends the work with the stream, which is in STOP and will be dropped.
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn close(&self, kernel: &Kernel, lane: &Lane);
}

/// A stream that a miniport has just made, in STOP.
pub(crate) struct NewLaneStream {
    pub stream: Rc<dyn Stream>,
    /// The group whose requests go to the stream. The group is absent when the stream needs no
    /// service.
    pub service_group: Option<Rc<dyn IServiceGroup>>,
}

/// The clock of a stream. The clock runs only in RUN, and starts from 0 at the first RUN after
/// STOP.
#[derive(Clone, Copy, Default)]
struct StreamClock {
    before_ns: u64,
    running_since_ns: Option<u64>,
}

impl StreamClock {
    fn time_ns(self, now_ns: u64) -> u64 {
        self.before_ns + self.running_since_ns.map_or(0, |since_ns| now_ns - since_ns)
    }
}

/// The lane of one pin.
pub(crate) struct Lane {
    calls: Rc<MiniportCalls>,

    stream: RefCell<Option<Rc<dyn Stream>>>,
    membership: RefCell<Option<Membership>>,

    state: Cell<KsState>,
    resetting: Cell<bool>,
    clock: Cell<StreamClock>,
    queue: IrpQueue,
}

/// The sink of a lane in its stream's service group.
struct LaneSink(Weak<Lane>);

impl IUnknown for LaneSink {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IServiceSink)
    }
}

impl IServiceSink for LaneSink {
    fn request_service(&self, kernel: &Kernel) {
        let Some(lane) = self.0.upgrade() else { return };
        if let Some(stream) = lane.stream() {
            stream.service(kernel, &lane);
        }
    }
}

impl Lane {
    /// A lane in STOP, without a stream.
    pub fn new(calls: &Rc<MiniportCalls>) -> Rc<Lane> {
        Rc::new(Lane {
            calls: Rc::clone(calls),
            stream: RefCell::new(None),
            membership: RefCell::new(None),
            state: Cell::new(KsState::Stop),
            resetting: Cell::new(false),
            clock: Cell::new(StreamClock::default()),
            queue: IrpQueue::default(),
        })
    }

    /// Gives the lane its stream, and adds the lane's sink to the stream's group.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The status with which the group refused the sink. The lane then has no stream.
    pub fn connect(self: &Rc<Self>, kernel: &Kernel, new: NewLaneStream) -> Result<(), NtStatus> {
        *self.stream.borrow_mut() = Some(new.stream);
        if let Some(group) = new.service_group {
            let sink = Rc::new(LaneSink(Rc::downgrade(self)));
            match Membership::join(kernel, group, sink) {
                Ok(membership) => *self.membership.borrow_mut() = Some(membership),
                Err(status) => {
                    self.disconnect(kernel);
                    return Err(status);
                }
            }
        }
        Ok(())
    }

    /// Leaves the stream's group and releases the stream for good.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn disconnect(&self, kernel: &Kernel) {
        if let Some(stream) = self.stream() {
            stream.hold(kernel);
            stream.close(kernel, self);
        }
        let membership = self.membership.take();
        if let Some(membership) = membership {
            membership.leave(kernel);
        }
        let stream = self.stream.take();
        kernel.call_driver_code("the destructor of a stream", || drop(stream));
    }

    /// The stream, until the lane is disconnected.
    pub fn stream(&self) -> Option<Rc<dyn Stream>> {
        self.stream.borrow().clone()
    }

    pub fn is_connected(&self) -> bool {
        self.stream.borrow().is_some()
    }

    /// The stream's service group, for Notify without a group.
    pub fn group(&self) -> Option<Rc<dyn IServiceGroup>> {
        self.membership.borrow().as_ref().map(Membership::group)
    }

    pub fn calls(&self) -> &MiniportCalls {
        &self.calls
    }

    pub fn queue(&self) -> &IrpQueue {
        &self.queue
    }

    pub fn state(&self) -> KsState {
        self.state.get()
    }

    /// Whether a reset has begun and has not ended.
    pub fn is_resetting(&self) -> bool {
        self.resetting.get()
    }

    /// Whether data that comes from the miniport now is kept for the client. Such data is kept in
    /// PAUSE and RUN, but not during a reset.
    pub fn keeps_data(&self) -> bool {
        self.state.get() >= KsState::Pause && !self.resetting.get()
    }

    /// Begins a reset: cancels the queued requests, and forgets the data that came and the data
    /// that will come until the reset ends.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Source: WDK, IOCTL_KS_RESET_STATE.
    pub fn begin_reset(&self, kernel: &Kernel) {
        self.resetting.set(true);
        self.flush(kernel);
    }

    /// Ends a reset, if one has begun.
    ///
    /// IRQL: any.
    pub fn end_reset(&self) {
        self.resetting.set(false);
    }

    /// Time that the stream spent in RUN since it left STOP, in ns.
    ///
    /// IRQL: any.
    pub fn time_ns(&self, kernel: &Kernel) -> u64 {
        self.clock.get().time_ns(kernel.now_ns())
    }

    /// Lets the stream move data.
    ///
    /// IRQL: DISPATCH_LEVEL.
    pub fn turn(&self, kernel: &Kernel) {
        if let Some(stream) = self.stream() {
            stream.turn(kernel, self);
        }
    }

    /// Raises the IRQL to DISPATCH_LEVEL and lets the stream move data, for callers that serve a
    /// request.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    fn turn_now(&self, kernel: &Kernel) {
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        self.turn(kernel);
        kernel.lower_irql(old);
    }

    /// Queues a request that was checked, and serves the part that can be served now. Returns the
    /// status for the dispatch routine.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn submit(self: &Rc<Self>, kernel: &Kernel, request: StreamRequest) -> NtStatus {
        let this = Rc::downgrade(self);
        let cancel = move |kernel: &Kernel, irp: &Irp| {
            if let Some(lane) = this.upgrade() {
                lane.cancel(kernel, irp);
            }
        };
        let request = Rc::new(request);
        let status = self.queue.push(kernel, Rc::clone(&request), Rc::new(cancel));
        if status == NtStatus::PENDING {
            let stream = self.stream();
            match stream.map_or(Ok(()), |stream| stream.accept(kernel, self, &request)) {
                Ok(()) => self.turn_now(kernel),
                Err(status) => self.queue.complete(kernel, &request, status),
            }
        }
        status
    }

    fn cancel(&self, kernel: &Kernel, irp: &Irp) {
        if let Some(request) = self.queue.find(irp) {
            if let Some(stream) = self.stream() {
                stream.abandon(self, &request);
            }
            self.queue.complete(kernel, &request, NtStatus::CANCELLED);
        }
        // The next request in the queue may be due.
        self.turn(kernel);
    }

    /// Completes the queued requests as cancelled, and forgets data that was not delivered.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn flush(&self, kernel: &Kernel) {
        if let Some(stream) = self.stream() {
            stream.flush(self);
        }
        self.queue.cancel_all(kernel);
    }

    /// Sets the state to which the miniport has moved the stream. In RUN the clock starts, and the
    /// lane lets the stream move data.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn arrive(&self, kernel: &Kernel, state: KsState) {
        self.state.set(state);
        if state == KsState::Run {
            let running_since_ns = Some(kernel.now_ns());
            self.clock.set(StreamClock { running_since_ns, ..self.clock.get() });
            self.turn_now(kernel);
        }
    }

    /// Sets a lower state, before the miniport moves the stream down to that state. When the lane
    /// leaves RUN, the clock stops and the stream holds its data. When the lane goes below PAUSE,
    /// it cancels the queued requests. When it goes to STOP, the position and the clock go back to
    /// 0.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn leave(&self, kernel: &Kernel, next: KsState) {
        if next == KsState::Pause {
            let before_ns = self.time_ns(kernel);
            self.clock.set(StreamClock { before_ns, running_since_ns: None });
            if let Some(stream) = self.stream() {
                stream.hold(kernel);
            }
        }
        // From here on no byte goes out. Below PAUSE no captured byte is kept. A client may send a
        // new request while its old requests are completed. The new request then finds the new
        // state.
        self.state.set(next);
        if next < KsState::Pause {
            self.flush(kernel);
        }
        if next == KsState::Stop {
            self.queue.restart_position();
            self.clock.set(StreamClock::default());
        }
    }
}
