//! The backlog of a capture side: the bytes that were not delivered yet.
//!
//! This file owns the number of these bytes, the limit of this number, and the loop that fills read
//! requests. This file never knows the form in which the bytes are held.

use std::cell::Cell;

use portcls_emulator::{Kernel, NtStatus};

use crate::ks::{KsStreamOptions, KsTime};
use crate::lane::Lane;
use crate::stream_request::StreamRequest;

/// A pin holds at most this number of captured bytes for its client. New bytes that do not fit are
/// dropped and counted. Assumed: this limit, because the documents name none.
pub const CAPTURE_LIMIT: usize = 1 << 20;

/// When a pin holds this number of bytes or more and no read request is queued, the trace gets a
/// note. After that, the trace gets no further note until the backlog is reset.
const CAPTURE_WARNING: usize = 4_096;

/// The backlog of one lane.
#[derive(Default)]
pub(crate) struct Backlog {
    held: Cell<usize>,
    warned: Cell<bool>,
    dropped: Cell<u64>,
    delivering: Cell<bool>,
}

impl Backlog {
    /// Sets the number of held bytes to 0.
    pub fn reset(&self) {
        self.held.set(0);
        self.warned.set(false);
    }

    /// How many more bytes the lane may hold.
    pub fn room(&self) -> usize {
        CAPTURE_LIMIT - self.held.get()
    }

    /// Counts bytes that are dropped because there was no room. The trace notes only the first
    /// drop.
    pub fn drop_bytes(&self, kernel: &Kernel, lane: &Lane, bytes: usize) {
        if self.dropped.get() == 0 {
            lane.calls().note(kernel, "capture: the limit of held bytes is reached");
        }
        self.dropped.set(self.dropped.get() + bytes as u64);
    }

    /// Counts bytes that are held from now on.
    pub fn hold(&self, kernel: &Kernel, lane: &Lane, bytes: usize) {
        self.held.set(self.held.get() + bytes);
        if self.held.get() >= CAPTURE_WARNING && lane.queue().is_empty() && !self.warned.get() {
            self.warned.set(true);
            let text = format!("capture: {} bytes held and no read request", self.held.get());
            lane.calls().note(kernel, &text);
        }
    }

    /// Counts bytes that were packed into a client's buffer.
    pub fn take(&self, bytes: usize) {
        self.held.set(self.held.get() - bytes);
    }

    /// Fills and completes read requests while bytes are held. `pack` fills a buffer. `pack`
    /// returns the number of bytes that it wrote, and the time of the first record in 100 ns units.
    ///
    /// IRQL: DISPATCH_LEVEL.
    pub fn deliver(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        mut pack: impl FnMut(&mut [u8]) -> (usize, i64),
    ) {
        // When a request is completed, the client can send its next request, and that request calls
        // this method again. The inner call returns here, and the loop of the outer call serves the
        // request.
        if self.delivering.replace(true) {
            return;
        }
        while self.held.get() > 0 && !kernel.is_frozen() {
            let Some(request) = lane.queue().front() else { break };
            self.fill(&request, &mut pack);
            lane.queue().complete_front(kernel, NtStatus::SUCCESS);
        }
        self.delivering.set(false);
    }

    fn fill(&self, request: &StreamRequest, pack: &mut impl FnMut(&mut [u8]) -> (usize, i64)) {
        while self.held.get() > 0 {
            let Some((header, data)) = request.current() else { return };
            let mut frame = data.borrow_mut();
            let room = frame.len().min(header.frame_extent as usize);
            let (used, time_100ns) = pack(&mut frame[..room]);
            request.update(|header| {
                header.data_used = used as u32;
                header.presentation_time = KsTime::from_100ns(time_100ns);
                header.options_flags |= KsStreamOptions::TIMEVALID.bits();
            });
            drop(frame);
            request.next_header();
        }
    }
}
