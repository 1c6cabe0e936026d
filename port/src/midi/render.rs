//! The render sequencer: writes each message when the message is due.
//!
//! A message is the MIDI bytes of one music record of a write request. The sequencer's timer
//! expires at a clock interrupt, by default one each ms; a message never goes out before its time.
//! Requests are served strictly in their order. When the miniport took only some of the bytes, the
//! sequencer offers the rest at once. When the miniport took no byte, the sequencer offers the
//! bytes again at the first clock interrupt after 1 ms.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use crate::interfaces::IMiniportMidiStream;
use crate::lane::Lane;
use crate::miniport_calls::Method;
use crate::pump::{Outcome, Pump};
use crate::rules;
use crate::stream_request::StreamRequest;

/// The least time until the next Write after a Write that took nothing, in 100 ns units. Assumed:
/// this time, because the documents name none. 1 ms is the default time between two clock
/// interrupts.
const RETRY_100NS: u64 = 10_000;

/// The request fails after this number of Writes in a row that took nothing. Assumed: this limit.
/// The retries take 10 s or more, and a miniport that takes nothing for so long breaks the contract
/// of Write. The sample miniport itself gives up after 100 tries.
const EMPTY_WRITES: u32 = 10_000;

/// The message that is going out, or the last message when all its bytes are sent.
#[derive(Default)]
struct Message {
    bytes: Vec<u8>,
    sent: usize,
    due_ns: u64,
}

impl Message {
    /// The stream time at which the message is due; `None` when all its bytes are sent.
    fn due_ns(&self) -> Option<u64> {
        (!self.is_sent()).then_some(self.due_ns)
    }

    fn is_sent(&self) -> bool {
        self.sent == self.bytes.len()
    }

    /// Replaces the message by the next message, in the same memory.
    fn set(&mut self, bytes: &[u8], due_ns: u64) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.sent = 0;
        self.due_ns = due_ns;
    }
}

/// The sequencer's position in the buffer of the current header.
#[derive(Clone, Copy, Default)]
struct Cursor {
    /// Offset of the end of the last record that was loaded, in bytes.
    offset: usize,
    /// Offset of the end of the last message that was wholly sent, in bytes.
    done: usize,
    /// Stream time of the buffer's start in ns; negative when the buffer starts before the stream.
    /// `None` before the first record of the buffer is loaded.
    start_ns: Option<i64>,
}

/// The sequencer of one lane.
pub(super) struct Renderer {
    pump: Pump,

    message: RefCell<Message>,
    cursor: Cell<Cursor>,
    /// Whether the request that is going out has ended since the last call of Write began.
    abandoned: Cell<bool>,
    empty_writes: Cell<u32>,
}

impl Renderer {
    /// A sequencer without a message. Its timer calls the lane.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn new(kernel: &Kernel, lane: &Rc<Lane>) -> Renderer {
        Renderer {
            pump: Pump::new(kernel, lane),
            message: RefCell::default(),
            cursor: Cell::new(Cursor::default()),
            abandoned: Cell::new(false),
            empty_writes: Cell::new(0),
        }
    }

    /// Stops the timer, so that data that is not sent yet waits.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn pause(&self, kernel: &Kernel) {
        self.pump.pause(kernel);
    }

    /// Forgets the message, the position in the buffer and the number of empty Writes.
    fn reset(&self) {
        self.message.borrow_mut().set(&[], 0);
        self.cursor.set(Cursor::default());
        self.empty_writes.set(0);
    }

    /// Notes in the request that is going out how much of the current header's data was sent.
    /// Forgets the message of this request. The request ends now.
    pub fn abandon(&self, request: &StreamRequest) {
        request.note_done(self.cursor.get().done as u32);
        self.abandoned.set(true);
        self.reset();
    }

    /// Writes the messages that are due and sets the timer for the next message.
    ///
    /// IRQL: DISPATCH_LEVEL.
    pub fn pump(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMiniportMidiStream) {
        self.pump.run(kernel, lane, || self.step(kernel, lane, stream));
    }

    /// Writes the message that is due, or gets the next message ready.
    fn step(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMiniportMidiStream) -> Outcome {
        let Some(due_ns) = self.message.borrow().due_ns() else {
            return self.get_ready(kernel, lane);
        };
        let now_ns = lane.time_ns(kernel);
        if due_ns > now_ns {
            return Outcome::Wait((due_ns - now_ns).div_ceil(100));
        }
        match self.write_some(kernel, lane, stream) {
            Ok(outcome) => outcome,
            Err(status) => {
                if let Some(request) = lane.queue().front() {
                    self.abandon(&request);
                }
                lane.queue().complete_front(kernel, status);
                Outcome::RequestEnded
            }
        }
    }

    /// Loads the next record of the first request, or completes the request when it has no record
    /// left.
    fn get_ready(&self, kernel: &Kernel, lane: &Lane) -> Outcome {
        let Some(request) = lane.queue().front() else { return Outcome::Idle };
        if request.current().is_some() {
            self.load_record(kernel, lane, &request);
            return Outcome::Progress;
        }
        self.reset();
        lane.queue().complete_front(kernel, NtStatus::SUCCESS);
        Outcome::RequestEnded
    }

    /// Takes the next record of the current header, or goes on to the next header.
    fn load_record(&self, kernel: &Kernel, lane: &Lane, request: &StreamRequest) {
        let Some((header, data)) = request.current() else { return };
        let mut cursor = self.cursor.get();
        let start_ns = *cursor.start_ns.get_or_insert_with(|| match header.presentation_100ns() {
            Ok(Some(time_100ns)) => time_100ns.saturating_mul(100),
            _ => i64::try_from(lane.time_ns(kernel)).unwrap_or(i64::MAX),
        });
        let data = data.borrow();
        // The places of the records were found when the request came. When the client has since
        // made the buffer shorter, the rest of the buffer is lost.
        let record = request.take_record();
        let Some((record, bytes)) = record.and_then(|it| Some((it, data.get(it.data.clone())?)))
        else {
            drop(data);
            self.cursor.set(Cursor::default());
            request.next_header();
            return;
        };
        cursor.offset = record.end;
        self.cursor.set(cursor);
        if !bytes.is_empty() {
            let offset_ns = i64::try_from(record.offset_ms.saturating_mul(1_000_000));
            let due_ns = start_ns.saturating_add(offset_ns.unwrap_or(i64::MAX));
            self.message.borrow_mut().set(bytes, u64::try_from(due_ns).unwrap_or(0));
        }
    }

    /// Offers the rest of the current message to the miniport once.
    ///
    /// The request can end during the call of Write: the client cancels the request, or the stream
    /// goes down. Then the sequencer does not offer the rest of the message. From the result of the
    /// call it still reports a Write that took too many bytes.
    ///
    /// # Errors
    /// The request fails with one of these errors: the status that the miniport returned, or
    /// `STATUS_IO_DEVICE_ERROR` when the miniport took nothing [`EMPTY_WRITES`] times in a row.
    fn write_some(
        &self,
        kernel: &Kernel,
        lane: &Lane,
        stream: &dyn IMiniportMidiStream,
    ) -> Result<Outcome, NtStatus> {
        // During the call the message is out of its cell, because the call can lead back to this
        // function.
        let mut message = self.message.take();
        self.abandoned.set(false);
        let rest = &message.bytes[message.sent..];
        let calls = lane.calls();
        let result = calls.call(
            kernel,
            Method::Write,
            calls.bytes(rest.len()),
            || stream.write(kernel, rest),
            |&taken| calls.bytes(taken as usize),
        );
        if let Ok(taken) = result
            && taken as usize > rest.len()
        {
            let text = format!("Write took {taken} bytes of the {} that it was given", rest.len());
            kernel.report_violation(&rules::WRITE_OVERRUN, &text);
        }
        if self.abandoned.get() {
            return Ok(Outcome::RequestEnded);
        }
        let taken = rest.len().min(result? as usize);
        message.sent += taken;
        if message.is_sent() {
            let cursor = self.cursor.get();
            self.cursor.set(Cursor { done: cursor.offset, ..cursor });
        }
        self.message.replace(message);
        if taken > 0 {
            self.empty_writes.set(0);
            return Ok(Outcome::Progress);
        }
        self.empty_writes.set(self.empty_writes.get() + 1);
        if self.empty_writes.get() < EMPTY_WRITES {
            return Ok(Outcome::Wait(RETRY_100NS));
        }
        let message = format!("Write took nothing {EMPTY_WRITES} times in a row");
        kernel.report_violation(&rules::WRITE_TAKES_NOTHING, &message);
        Err(NtStatus::IO_DEVICE_ERROR)
    }
}
