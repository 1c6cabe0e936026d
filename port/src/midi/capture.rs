//! The capture side of a lane: reads the stream and packs the bytes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus};

use crate::interfaces::IMiniportMidiStream;
use crate::ks::music::Packer;
use crate::ks::{KsStreamOptions, KsTime};
use crate::lane::Lane;
use crate::miniport_calls::Method;
use crate::rules;
use crate::stream_request::StreamRequest;

/// The greatest number of captured bytes that a pin holds while its client has no read request
/// queued; newer bytes are dropped and counted. Assumed: the documents are silent on the depth.
pub const CAPTURE_LIMIT: usize = 1 << 20;

/// The trace notes it when this many bytes are held and there is no read request.
pub(crate) const CAPTURE_WARNING: usize = 4_096;

/// Bytes of room in one Read.
const READ_LENGTH: usize = 256;

/// The greatest number of Reads in one service: a miniport that always returns data would never
/// end it.
const READS_PER_SERVICE: u32 = 65_536;

/// The bytes of one Read, with the stream time at which they came.
struct Chunk {
    time_ns: u64,
    bytes: Vec<u8>,
    taken: usize,
}

/// The capture state of one lane.
pub(super) struct Capturer {
    chunks: RefCell<VecDeque<Chunk>>,
    held: Cell<usize>,
    warned: Cell<bool>,
    dropped: Cell<u64>,
    delivering: Cell<bool>,
}

impl Capturer {
    pub fn new() -> Capturer {
        Capturer {
            chunks: RefCell::new(VecDeque::new()),
            held: Cell::new(0),
            warned: Cell::new(false),
            dropped: Cell::new(0),
            delivering: Cell::new(false),
        }
    }

    /// Forgets the bytes that were captured and not delivered.
    pub fn reset(&self) {
        self.chunks.borrow_mut().clear();
        self.held.set(0);
        self.warned.set(false);
    }

    /// Empties the miniport's stream, then serves read requests.
    ///
    /// IRQL: DISPATCH_LEVEL.
    pub fn service(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMiniportMidiStream) {
        let mut buffer = [0; READ_LENGTH];
        let calls = lane.calls();
        for _ in 0..READS_PER_SERVICE {
            let result = calls.call(
                kernel,
                Method::Read,
                Argument::None,
                || stream.read(kernel, &mut buffer),
                |&count| calls.bytes(count as usize),
            );
            let count = match result {
                Ok(count) if count as usize > buffer.len() => {
                    let message = format!("Read gave {count} bytes into {READ_LENGTH} of room");
                    kernel.report_violation(&rules::READ_OVERRUN, &message);
                    buffer.len()
                }
                Ok(count) => count as usize,
                Err(status) => {
                    if !kernel.is_frozen() {
                        let text = format!("capture: Read failed with {status}, no more is read");
                        calls.note(kernel, &text);
                    }
                    0
                }
            };
            if count == 0 || kernel.is_frozen() {
                self.deliver(kernel, lane);
                return;
            }
            self.keep(kernel, lane, &buffer[..count]);
        }
        let message = format!("Read still had data after {READS_PER_SERVICE} calls");
        kernel.report_violation(&rules::READ_WITHOUT_END, &message);
        self.deliver(kernel, lane);
    }

    /// Keeps bytes in RUN and PAUSE, and discards them in the other states and during a reset.
    fn keep(&self, kernel: &Kernel, lane: &Lane, bytes: &[u8]) {
        if !lane.keeps_data() {
            return;
        }
        let room = CAPTURE_LIMIT - self.held.get();
        let kept = &bytes[..bytes.len().min(room)];
        let lost = bytes.len() - kept.len();
        if lost > 0 {
            if self.dropped.get() == 0 {
                lane.calls().note(kernel, "capture: the limit of held bytes is reached");
            }
            self.dropped.set(self.dropped.get() + lost as u64);
        }
        if kept.is_empty() {
            return;
        }
        let time_ns = lane.time_ns(kernel);
        self.chunks.borrow_mut().push_back(Chunk { time_ns, bytes: kept.to_vec(), taken: 0 });
        self.held.set(self.held.get() + kept.len());
        if self.held.get() >= CAPTURE_WARNING && lane.queue().is_empty() && !self.warned.get() {
            self.warned.set(true);
            let text = format!("capture: {} bytes held and no read request", self.held.get());
            lane.calls().note(kernel, &text);
        }
    }

    /// Fills and completes read requests as long as there is data.
    ///
    /// IRQL: DISPATCH_LEVEL.
    pub fn deliver(&self, kernel: &Kernel, lane: &Lane) {
        // The client can send its next request from a completion; the loop below serves it too.
        if self.delivering.replace(true) {
            return;
        }
        while self.held.get() > 0 && !kernel.is_frozen() {
            let Some(request) = lane.queue().front() else { break };
            self.fill(&request);
            lane.queue().complete_front(kernel, NtStatus::SUCCESS);
        }
        self.delivering.set(false);
    }

    fn fill(&self, request: &StreamRequest) {
        while self.held.get() > 0 {
            let Some((header, data)) = request.current() else { return };
            let mut frame = data.borrow_mut();
            let room = frame.len().min(header.frame_extent as usize);
            let (used, time_ns) = self.pack(&mut frame[..room]);
            request.update(|header| {
                header.data_used = used as u32;
                header.presentation_time = KsTime::from_100ns((time_ns / 100) as i64);
                header.options_flags |= KsStreamOptions::TIMEVALID.bits();
            });
            drop(frame);
            request.next_header();
        }
    }

    /// Packs chunks into a frame; returns the bytes used and the time of the first record.
    ///
    /// Deltas are whole milliseconds since the first record, so they do not drift.
    fn pack(&self, frame: &mut [u8]) -> (usize, u64) {
        let mut chunks = self.chunks.borrow_mut();
        let mut packer = Packer::new(frame);
        let start_ns = chunks.front().map_or(0, |chunk| chunk.time_ns);
        let mut last_ms = 0;
        while let Some(chunk) = chunks.front_mut() {
            let offset_ms = (chunk.time_ns - start_ns) / 1_000_000;
            let delta_ms = u32::try_from(offset_ms - last_ms).unwrap_or(u32::MAX);
            let taken = packer.push(delta_ms, &chunk.bytes[chunk.taken..]);
            if taken == 0 {
                break;
            }
            last_ms = offset_ms;
            chunk.taken += taken;
            self.held.set(self.held.get() - taken);
            if chunk.taken == chunk.bytes.len() {
                chunks.pop_front();
            }
        }
        (packer.data_used(), start_ns)
    }
}
