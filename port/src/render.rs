//! The render sequencer: takes music records apart and writes each message when it is due.
//!
//! Times have the resolution of the sequencer's timer, 1 ms; a message never goes out before its
//! time. Requests are served strictly one after the other. What the miniport does not take is
//! offered again: at once after progress, 1 ms later when it took nothing.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{Dpc, DueTime, Kernel, NtStatus, Timer, TimerKind};

use crate::ks::KsState;
use crate::ks::music::records;
use crate::miniport_calls::Method;
use crate::pin::MidiPin;
use crate::stream_request::StreamRequest;

/// Time until a miniport that took nothing is asked again, in 100 ns units.
/// Assumed: the documents are silent; 1 ms is the sequencer's resolution.
const RETRY_100NS: u64 = 10_000;

/// Writes in a row that took nothing before the request fails.
/// Assumed: 10 s of retries. The sample miniport gives up after 100; a miniport that goes on
/// saying success for so long breaks the contract of Write.
const EMPTY_WRITES: u32 = 10_000;

/// Longest time in ns for which the sequencer's DPC goes on writing before it lets others run.
/// Assumed: long enough that the gap, one clock interval, costs a card without a buffer little.
const PUMP_TIME_NS: u64 = 100_000_000;

/// The message that is going out.
#[derive(Default)]
struct Message {
    bytes: Vec<u8>,
    sent: usize,
    due_ns: u64,
}

/// Where the sequencer stands in the buffer of the current header.
#[derive(Clone, Copy, Default)]
struct Cursor {
    /// Offset of the next record.
    offset: usize,
    /// Offset of the first record that is not wholly sent.
    done: usize,
    /// Stream time of the record before, in ns; of the buffer's start at first.
    time_ns: u64,
    /// True once the buffer's start time is known.
    begun: bool,
}

/// The sequencer of one pin.
pub(crate) struct Renderer {
    timer: Timer,
    dpc: Dpc,

    message: RefCell<Option<Message>>,
    cursor: Cell<Cursor>,
    pumping: Cell<bool>,
    empty_writes: Cell<u32>,
}

enum Outcome {
    Progress,
    Busy,
    Failed(NtStatus),
}

impl Renderer {
    pub fn new(kernel: &Kernel, pin: &Weak<MidiPin>) -> Renderer {
        let pin = Weak::clone(pin);
        let routine = move |kernel: &Kernel| {
            if let Some(pin) = pin.upgrade() {
                pin.pump(kernel);
            }
        };
        Renderer {
            timer: Timer::new(TimerKind::Notification),
            dpc: Dpc::new(kernel, "sequencer", Rc::new(routine)),
            message: RefCell::new(None),
            cursor: Cell::new(Cursor::default()),
            pumping: Cell::new(false),
            empty_writes: Cell::new(0),
        }
    }

    /// Holds what is not sent yet. IRQL: up to DISPATCH_LEVEL.
    pub fn pause(&self, kernel: &Kernel) {
        kernel.cancel_timer(&self.timer);
        kernel.remove_queue_dpc(&self.dpc);
    }

    /// Forgets what is half sent; the requests are the pin's to cancel.
    pub fn reset(&self) {
        self.message.take();
        self.cursor.set(Cursor::default());
        self.empty_writes.set(0);
    }

    /// Notes in a request that will be cancelled how far it came, and forgets it if it is the
    /// one that is going out.
    pub fn abandon(&self, request: &StreamRequest) {
        request.note_unserved(self.cursor.get().done as u32);
        self.reset();
    }

    /// Writes what is due and sets the timer for the rest. IRQL: DISPATCH_LEVEL.
    pub fn pump(&self, kernel: &Kernel, pin: &MidiPin) {
        // A completed request can bring the next one while this one is still served.
        if self.pumping.replace(true) {
            return;
        }
        let began_ns = kernel.now_ns();
        while pin.state() == KsState::Run && !kernel.is_frozen() {
            let Some(due_ns) = self.next_due(kernel, pin) else { break };
            let now_ns = pin.stream_time_ns(kernel);
            if due_ns > now_ns {
                self.wake(kernel, (due_ns - now_ns).div_ceil(100));
                break;
            }
            match self.write_some(kernel, pin) {
                Outcome::Progress if kernel.now_ns() - began_ns < PUMP_TIME_NS => {}
                Outcome::Progress => {
                    self.wake(kernel, 0);
                    break;
                }
                Outcome::Busy => {
                    self.wake(kernel, RETRY_100NS);
                    break;
                }
                Outcome::Failed(status) => {
                    if let Some(request) = pin.queue().front() {
                        self.abandon(&request);
                    }
                    pin.queue().complete_front(kernel, status);
                }
            }
        }
        self.pumping.set(false);
    }

    fn wake(&self, kernel: &Kernel, in_100ns: u64) {
        kernel.set_timer(&self.timer, DueTime::Relative(in_100ns), 0, Some(&self.dpc));
    }

    /// Stream time at which the next message is due, `None` when there is none. Requests that
    /// are at their end are completed on the way.
    fn next_due(&self, kernel: &Kernel, pin: &MidiPin) -> Option<u64> {
        loop {
            if let Some(message) = &*self.message.borrow() {
                return Some(message.due_ns);
            }
            let request = pin.queue().front()?;
            match request.current() {
                Some(_) => self.load_record(kernel, pin, &request),
                None => {
                    self.reset();
                    pin.queue().complete_front(kernel, NtStatus::SUCCESS);
                }
            }
        }
    }

    /// Takes the next record of the current header, or goes on to the next header.
    fn load_record(&self, kernel: &Kernel, pin: &MidiPin, request: &StreamRequest) {
        let Some((header, data)) = request.current() else { return };
        let mut cursor = self.cursor.get();
        if !cursor.begun {
            cursor.begun = true;
            cursor.time_ns = match header.presentation_100ns() {
                Ok(Some(time_100ns)) => u64::try_from(time_100ns).unwrap_or(0).saturating_mul(100),
                _ => pin.stream_time_ns(kernel),
            };
        }
        let data = data.borrow();
        let used = data.get(..header.data_used as usize).unwrap_or(&data);
        let rest = used.get(cursor.offset..).unwrap_or_default();
        // The chain was checked when the request came; a client that changed it since loses the
        // rest of the buffer.
        let Some(Ok(record)) = records(rest).next() else {
            drop(data);
            self.cursor.set(Cursor::default());
            request.next_header();
            return;
        };
        let length = RECORD_HEAD + record.data.len();
        cursor.offset += length.next_multiple_of(4).min(rest.len());
        cursor.time_ns = cursor
            .time_ns
            .saturating_add(u64::from(record.time_delta_ms).saturating_mul(1_000_000));
        self.cursor.set(cursor);
        if !record.data.is_empty() {
            let message = Message { bytes: record.data.to_vec(), sent: 0, due_ns: cursor.time_ns };
            self.message.replace(Some(message));
        }
    }

    /// Offers the rest of the current message to the miniport once.
    fn write_some(&self, kernel: &Kernel, pin: &MidiPin) -> Outcome {
        let (Some(mut message), Some(stream)) = (self.message.take(), pin.stream()) else {
            return Outcome::Failed(NtStatus::INVALID_DEVICE_STATE);
        };
        let rest = &message.bytes[message.sent..];
        let calls = pin.calls();
        let result = calls.call(
            kernel,
            Method::Write,
            calls.bytes(rest.len()),
            || stream.write(kernel, rest),
            |&taken| calls.bytes(taken as usize),
        );
        let taken = match result {
            Err(status) => return Outcome::Failed(status),
            Ok(taken) if taken as usize > rest.len() => {
                let message =
                    format!("Write took {taken} bytes of the {} that it was given", rest.len());
                kernel.report_violation("PC-02", &message);
                rest.len()
            }
            Ok(taken) => taken as usize,
        };
        message.sent += taken;
        if message.sent < message.bytes.len() {
            self.message.replace(Some(message));
        } else {
            let cursor = self.cursor.get();
            self.cursor.set(Cursor { done: cursor.offset, ..cursor });
        }
        if taken > 0 {
            self.empty_writes.set(0);
            return Outcome::Progress;
        }
        self.empty_writes.set(self.empty_writes.get() + 1);
        if self.empty_writes.get() < EMPTY_WRITES {
            return Outcome::Busy;
        }
        let message = format!("Write took nothing {EMPTY_WRITES} times in a row");
        kernel.report_violation("PC-03", &message);
        Outcome::Failed(NtStatus::IO_DEVICE_ERROR)
    }
}

/// The head of a music record in bytes.
const RECORD_HEAD: usize = 8;
