//! The capture side of a DirectMusic lane: its sink, and its read requests.
//!
//! The stream puts events to the sink. The sink copies their bytes, and puts the events to the
//! allocator at once. Then the sink packs the bytes into the client's read requests.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irql, Kernel, NtStatus};

use super::allocator::EventAllocator;
use super::form::WireForm;
use super::parser::{Parser, Stamp};
use crate::answer_query;
use crate::backlog::Backlog;
use crate::com::{IUnknown, Interface};
use crate::dmus_event::{DmusKernelEvent, EventChain, EventData, INLINE_LIMIT, InlineBytes};
use crate::guid::Guid;
use crate::interfaces::IMxf;
use crate::ks::KsState;
use crate::ks::dmus::{EventForm, EventPacker};
use crate::ks::music::Packer;
use crate::lane::Lane;
use crate::miniport_calls::Method;
use crate::rules::require_irql_at_most;

/// A message of at most this number of bytes is never split between two buffers.
const UNSPLIT_LENGTH: usize = 3;

/// A message on its way to the client.
struct Captured {
    /// When the message came, by the client's clock.
    time_100ns: i64,
    channel_group: u16,
    bytes: Bytes,
    /// How many of the bytes the client has.
    taken: usize,
}

/// The bytes of a message. A short message needs no allocation.
enum Bytes {
    Short(InlineBytes),
    Long(Vec<u8>),
}

impl Captured {
    fn rest(&self) -> &[u8] {
        let all = match &self.bytes {
            Bytes::Short(inline) => inline.as_slice(),
            Bytes::Long(bytes) => bytes,
        };
        &all[self.taken..]
    }
}

/// The sink of one lane, with the messages that it holds for the client.
pub(super) struct CaptureSink {
    form: WireForm,

    lane: Weak<Lane>,
    allocator: Rc<EventAllocator>,

    parser: RefCell<Parser>,
    messages: RefCell<VecDeque<Captured>>,
    /// The count of the bytes in the messages that the client does not have yet.
    backlog: Backlog,
    /// True while the port asks the stream for its data. During this time the sink fills no
    /// request.
    collecting: Cell<bool>,
}

impl CaptureSink {
    pub fn new(lane: &Rc<Lane>, form: WireForm, allocator: &Rc<EventAllocator>) -> Rc<CaptureSink> {
        Rc::new(CaptureSink {
            form,
            lane: Rc::downgrade(lane),
            allocator: Rc::clone(allocator),
            parser: RefCell::default(),
            messages: RefCell::default(),
            backlog: Backlog::default(),
            collecting: Cell::new(false),
        })
    }

    /// Discards the captured messages that the client does not have yet, and the part of a message
    /// that the parser has.
    pub fn reset(&self) {
        self.messages.borrow_mut().clear();
        self.parser.borrow_mut().reset();
        self.backlog.reset();
    }

    /// Asks the stream to send on the data that the driver's ISR stored, and then fills read
    /// requests.
    /// IRQL: DISPATCH_LEVEL.
    pub fn service(&self, kernel: &Kernel, lane: &Lane, stream: &dyn IMxf) {
        self.collecting.set(true);
        let none = Argument::None;
        let put = || stream.put_message(kernel, None);
        // If the call fails, the trace shows it, and no request waits for the status.
        let _ = lane.calls().call(kernel, Method::PutMessage, none, put, |()| none);
        self.collecting.set(false);
        self.deliver(kernel, lane);
    }

    /// Keeps the data of events in RUN and PAUSE. In the other states and during a reset, the port
    /// discards the data.
    fn keep_all(&self, kernel: &Kernel, lane: &Lane, chain: &EventChain) {
        if !lane.keeps_data() {
            return;
        }
        let mut parser = self.parser.borrow_mut();
        let mut walk = chain.iter();
        // What remains of each outer chain while the walk is inside a package.
        let mut outer = Vec::new();
        loop {
            match walk.next().map(|event| (event, event.data())) {
                Some((_, EventData::Package(inner))) => {
                    outer.push(std::mem::replace(&mut walk, inner.iter()));
                }
                Some((event, _)) => self.keep(kernel, lane, &mut parser, event),
                None => match outer.pop() {
                    Some(rest) => walk = rest,
                    None => return,
                },
            }
        }
    }

    fn keep(&self, kernel: &Kernel, lane: &Lane, parser: &mut Parser, event: &DmusKernelEvent) {
        let (time_100ns, channel_group) = (event.time_100ns, event.channel_group);
        let stamp = Stamp { time_100ns, channel_group };
        if event.is_incomplete() {
            parser.feed(stamp, event.bytes(), &mut |stamp, _, bytes| {
                self.keep_message(kernel, lane, stamp, bytes);
            });
        } else {
            self.keep_message(kernel, lane, stamp, event.bytes());
        }
    }

    fn keep_message(&self, kernel: &Kernel, lane: &Lane, stamp: Stamp, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if bytes.len() > self.backlog.room() {
            self.backlog.drop_bytes(kernel, lane, bytes.len());
            return;
        }
        let message = Captured {
            time_100ns: self.form.client_time(kernel, lane, stamp.time_100ns),
            channel_group: stamp.channel_group,
            bytes: if bytes.len() <= usize::from(INLINE_LIMIT) {
                Bytes::Short(InlineBytes::new(bytes))
            } else {
                Bytes::Long(bytes.to_vec())
            },
            taken: 0,
        };
        self.messages.borrow_mut().push_back(message);
        self.backlog.hold(kernel, lane, bytes.len());
    }

    /// Fills and completes read requests while there are data.
    pub fn deliver(&self, kernel: &Kernel, lane: &Lane) {
        if self.collecting.get() {
            return;
        }
        self.backlog.deliver(kernel, lane, |frame| match self.form {
            WireForm::Midi => self.pack_midi(frame),
            WireForm::DirectMusic => self.pack_events(frame),
        });
    }

    /// Packs messages into a frame as KSMUSICFORMAT, one record for each message. Returns the
    /// number of bytes used and the time of the first record.
    ///
    /// Each delta is a difference of whole milliseconds since the first record, so the rounding
    /// errors do not add up.
    fn pack_midi(&self, frame: &mut [u8]) -> (usize, i64) {
        let mut packer = Packer::new(frame);
        let mut last_ms = 0;
        let start_100ns = self.each_message(|offset_100ns, _, bytes| {
            if !fits(packer.room(), bytes) {
                return 0;
            }
            let offset_ms = offset_100ns / 10_000;
            let taken = packer.push(u32::try_from(offset_ms - last_ms).unwrap_or(u32::MAX), bytes);
            last_ms = offset_ms;
            taken
        });
        (packer.data_used(), start_100ns)
    }

    /// Packs messages into a frame as DMUS_EVENTHEADER, one record for each message. Returns the
    /// number of bytes used and the time of the first record.
    fn pack_events(&self, frame: &mut [u8]) -> (usize, i64) {
        let mut packer = EventPacker::new(frame);
        let start_100ns = self.each_message(|offset_100ns, channel_group, bytes| {
            if !fits(packer.room(), bytes) {
                return 0;
            }
            let form = EventForm::of(bytes);
            packer.push(offset_100ns as i64, channel_group.into(), form, bytes)
        });
        (packer.data_used(), start_100ns)
    }

    /// Calls `take` for each message, with the time since the first message. Stops at the first
    /// message of which `take` does not take all bytes. Returns the time of the first message.
    ///
    /// The times never go back. A real-time message inside another message is delivered first, but
    /// has the later time. So the outer message also gets the later time.
    fn each_message(&self, mut take: impl FnMut(u64, u16, &[u8]) -> usize) -> i64 {
        let mut messages = self.messages.borrow_mut();
        let start_100ns = messages.front().map_or(0, |message| message.time_100ns);
        let mut offset_100ns = 0;
        while let Some(message) = messages.front_mut() {
            let since_100ns = message.time_100ns.saturating_sub(start_100ns);
            offset_100ns = u64::try_from(since_100ns).unwrap_or(0).max(offset_100ns);
            let taken = take(offset_100ns, message.channel_group, message.rest());
            message.taken += taken;
            self.backlog.take(taken);
            if !message.rest().is_empty() {
                break;
            }
            messages.pop_front();
        }
        start_100ns
    }
}

/// True when there is room for a short message as a whole, or for the first part of a long message.
fn fits(room: usize, bytes: &[u8]) -> bool {
    room >= bytes.len().min(UNSPLIT_LENGTH)
}

impl IUnknown for CaptureSink {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMxf)
    }
}

/// Assumed: a method that only a stream can use succeeds without effect, because the WDK's pages do
/// not say what such a method does on a sink.
impl IMxf for CaptureSink {
    fn set_state(&self, _kernel: &Kernel, _state: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IMXF::PutMessage");
        let Some(chain) = events else { return Ok(()) };
        let lane = self.lane.upgrade().filter(|lane| lane.is_connected());
        if let Some(lane) = &lane {
            self.keep_all(kernel, lane, &chain);
        }
        let put = self.allocator.put_message(kernel, Some(chain));
        if let Some(lane) = &lane {
            self.deliver(kernel, lane);
        }
        put
    }

    fn connect_output(&self, _kernel: &Kernel, _sink: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        Ok(())
    }

    fn disconnect_output(
        &self,
        _kernel: &Kernel,
        _sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus> {
        Ok(())
    }
}
