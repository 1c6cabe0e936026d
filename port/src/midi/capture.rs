//! The capture side of a lane: reads the stream and packs the bytes.

use std::cell::RefCell;
use std::collections::VecDeque;

use portcls_emulator::Kernel;
use portcls_emulator::trace::Argument;

use crate::backlog::Backlog;
use crate::interfaces::IMiniportMidiStream;
use crate::ks::music::Packer;
use crate::lane::Lane;
use crate::miniport_calls::Method;
use crate::rules;

/// Bytes of room in one Read.
const READ_LENGTH: usize = 256;

/// The greatest number of Reads in one service. Without a limit, a service would never end when a
/// miniport always returns data.
const READS_PER_SERVICE: u32 = 65_536;

/// Bytes that one Read returned, with the stream time at which they came.
struct Chunk {
    time_ns: u64,
    bytes: Vec<u8>,
    taken: usize,
}

/// The capture state of one lane.
pub(super) struct Capturer {
    chunks: RefCell<VecDeque<Chunk>>,
    backlog: Backlog,
}

impl Capturer {
    pub fn new() -> Capturer {
        Capturer { chunks: RefCell::new(VecDeque::new()), backlog: Backlog::default() }
    }

    /// Forgets the bytes that were captured and not delivered.
    pub fn reset(&self) {
        self.chunks.borrow_mut().clear();
        self.backlog.reset();
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

    /// Keeps bytes in RUN and PAUSE, as many as the backlog has room for. Discards bytes in the
    /// other states and during a reset.
    fn keep(&self, kernel: &Kernel, lane: &Lane, bytes: &[u8]) {
        if !lane.keeps_data() {
            return;
        }
        let kept = &bytes[..bytes.len().min(self.backlog.room())];
        let lost = bytes.len() - kept.len();
        if lost > 0 {
            self.backlog.drop_bytes(kernel, lane, lost);
        }
        if kept.is_empty() {
            return;
        }
        let time_ns = lane.time_ns(kernel);
        self.chunks.borrow_mut().push_back(Chunk { time_ns, bytes: kept.to_vec(), taken: 0 });
        self.backlog.hold(kernel, lane, kept.len());
    }

    /// Fills and completes read requests while there is data.
    ///
    /// IRQL: DISPATCH_LEVEL.
    pub fn deliver(&self, kernel: &Kernel, lane: &Lane) {
        self.backlog.deliver(kernel, lane, |frame| self.pack(frame));
    }

    /// Packs chunks into a frame. Returns the number of bytes used, and the time of the first
    /// record in 100 ns units.
    ///
    /// The delta of a record is the difference of two offsets, each in whole milliseconds since the
    /// first record of the frame. So the rounding errors do not add up.
    fn pack(&self, frame: &mut [u8]) -> (usize, i64) {
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
            self.backlog.take(taken);
            if chunk.taken == chunk.bytes.len() {
                chunks.pop_front();
            }
        }
        (packer.data_used(), (start_ns / 100) as i64)
    }
}
