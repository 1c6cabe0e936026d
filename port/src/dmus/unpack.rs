//! The unpacker: makes events with their times from a client's write request.
//!
//! Owns the part of a message that waits for the rest from the next request. The unpacker does not
//! know when an event goes out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use super::allocator::{BUFFER_SIZE, EventAllocator};
use super::form::WireForm;
use super::parser::{Parser, Piece, Stamp, is_whole};
use crate::dmus_event::{DmusEventFlags, DmusKernelEvent, NO_BYTE_POSITION};
use crate::ks::dmus::event_records;
use crate::ks::music::record_places;
use crate::stream_request::StreamRequest;

/// The channel group of a MIDI pin. Assumed: groups are counted from 1, and a MIDI pin has one
/// group.
const FIRST_GROUP: u16 = 1;

/// A write request whose events wait until they are due.
pub(super) struct Pending {
    pub request: Rc<StreamRequest>,
    /// The events, in the order in which they were unpacked.
    items: RefCell<Vec<Item>>,
    /// How many bytes of the data of each header are in events that went out.
    given: RefCell<Vec<u32>>,
    /// The status for the completion of the request.
    pub status: Cell<NtStatus>,
    /// True when the request was completed, or when its canceller will complete it.
    pub has_ended: Cell<bool>,
}

/// An event of a request.
struct Item {
    /// `None` when the event went out.
    event: Option<DmusKernelEvent>,
    /// The index of the header that the event's data are from.
    header: usize,
    /// How many bytes of the header's data count as played when this event goes out.
    bytes: u32,
    /// When the event is due, by the client's clock.
    due_100ns: i64,
}

impl Pending {
    /// Gives out the due time of each event, in the order in which the events were unpacked.
    /// Returns when the request ends, which is the time of its latest event.
    pub fn each_due(&self, mut tell: impl FnMut(u32, i64)) -> i64 {
        let mut end_100ns = i64::MIN;
        for (index, item) in self.items.borrow().iter().enumerate() {
            end_100ns = end_100ns.max(item.due_100ns);
            tell(index as u32, item.due_100ns);
        }
        end_100ns
    }

    /// How many events the request had.
    pub fn events(&self) -> usize {
        self.items.borrow().len()
    }

    /// Takes an event that goes out now.
    pub fn take(&self, index: u32) -> Option<DmusKernelEvent> {
        let mut items = self.items.borrow_mut();
        let item = items.get_mut(index as usize)?;
        let event = item.event.take()?;
        if let Some(given) = self.given.borrow_mut().get_mut(item.header) {
            *given += item.bytes;
        }
        Some(event)
    }

    /// Ends a request early: notes in the request how many bytes went out, and gives its events
    /// back.
    pub fn abandon(&self, allocator: &EventAllocator) {
        self.has_ended.set(true);
        self.request.note_parts(self.given.take());
        let items = self.items.take();
        items.into_iter().filter_map(|item| item.event).for_each(|event| allocator.free(event));
    }
}

/// The unpacker of one stream.
pub(super) struct Unpacker {
    form: WireForm,
    allocator: Rc<EventAllocator>,
    parser: RefCell<Parser>,
}

/// The state of the unpacker while it makes the events of one request.
struct Making<'a> {
    kernel: &'a Kernel,
    allocator: &'a EventAllocator,
    items: Vec<Item>,
    header: usize,
    /// How many bytes of the header's data no event counts yet.
    bytes: u32,
    failed: Result<(), NtStatus>,
}

impl Making<'_> {
    /// Makes an event, unless an earlier event of the request failed.
    fn event(&mut self, stamp: Stamp, due_100ns: i64, flags: DmusEventFlags, bytes: &[u8]) {
        if self.failed.is_err() {
            return;
        }
        match self.allocator.event_of(self.kernel, bytes) {
            Ok(mut event) => {
                event.flags = flags;
                event.channel_group = stamp.channel_group;
                event.time_100ns = stamp.time_100ns;
                event.byte_position = NO_BYTE_POSITION;
                let header = self.header;
                self.items.push(Item { event: Some(event), header, bytes: 0, due_100ns });
            }
            Err(status) => self.failed = Err(status),
        }
    }

    /// Adds the bytes up to here to the last event, because no later event has some of them.
    fn settle(&mut self) {
        if let Some(item) = self.items.last_mut()
            && item.header == self.header
        {
            item.bytes += std::mem::take(&mut self.bytes);
        }
    }
}

impl Unpacker {
    pub fn new(form: WireForm, allocator: &Rc<EventAllocator>) -> Unpacker {
        Unpacker { form, allocator: Rc::clone(allocator), parser: RefCell::default() }
    }

    /// Forgets the part of a message that waits for the rest.
    pub fn reset(&self) {
        self.parser.borrow_mut().reset();
    }

    /// Unpacks a request that was checked and came at `now_100ns` by the client's clock.
    ///
    /// A buffer without a time begins now, or where the buffer before it in the request ends.
    /// When a system exclusive message is open at the end of the request, its bytes so far become
    /// an event too. IRQL: up to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when there are not enough events: then all events of the
    /// request are back.
    pub fn unpack(
        &self,
        kernel: &Kernel,
        now_100ns: i64,
        request: &Rc<StreamRequest>,
    ) -> Result<Rc<Pending>, NtStatus> {
        let mut making = Making {
            kernel,
            allocator: &self.allocator,
            items: Vec::new(),
            header: 0,
            bytes: 0,
            failed: Ok(()),
        };
        let mut headers = 0;
        request.each_buffer(|header, used| {
            making.header = headers;
            making.bytes = 0;
            headers += 1;
            let end_100ns = making.items.last().map_or(now_100ns, |item| item.due_100ns);
            let start_100ns = match header.presentation_100ns() {
                Ok(Some(time_100ns)) => time_100ns,
                _ => now_100ns.max(end_100ns),
            };
            match self.form {
                WireForm::Midi => self.midi(&mut making, start_100ns, used),
                WireForm::DirectMusic => directmusic(&mut making, start_100ns, now_100ns, used),
            }
        });
        self.parser.borrow_mut().flush(&mut |stamp, piece, bytes| {
            making.event(stamp, stamp.time_100ns, flags_of(piece), bytes);
        });
        making.settle();
        let Making { items, failed, .. } = making;
        let pending = Rc::new(Pending {
            request: Rc::clone(request),
            items: RefCell::new(items),
            given: RefCell::new(vec![0; headers]),
            status: Cell::new(NtStatus::SUCCESS),
            has_ended: Cell::new(false),
        });
        if let Err(status) = failed {
            self.reset();
            pending.abandon(&self.allocator);
            return Err(status);
        }
        Ok(pending)
    }

    /// Makes an event of each message in a buffer of MIDI bytes.
    fn midi(&self, making: &mut Making<'_>, start_100ns: i64, used: &[u8]) {
        let mut parser = self.parser.borrow_mut();
        let mut done = 0;
        for record in record_places(used).map_while(Result::ok) {
            let offset = i64::try_from(record.offset_ms.saturating_mul(10_000));
            let time_100ns = start_100ns.saturating_add(offset.unwrap_or(i64::MAX));
            let stamp = Stamp { time_100ns, channel_group: FIRST_GROUP };
            parser.feed(stamp, &used[record.data], &mut |stamp, piece, bytes| {
                making.event(stamp, stamp.time_100ns, flags_of(piece), bytes);
            });
            making.bytes += (record.end - done) as u32;
            making.settle();
            done = record.end;
        }
    }
}

/// Makes an event of each record in a buffer of DirectMusic events, or several of a long record.
fn directmusic(making: &mut Making<'_>, start_100ns: i64, now_100ns: i64, used: &[u8]) {
    let mut done = 0;
    for record in event_records(used).map_while(Result::ok) {
        let time_100ns = start_100ns.saturating_add(record.offset_100ns);
        // The sign bit is a flag: the event passes at once, but after due events that came before
        // it.
        let due_100ns = if time_100ns < 0 { now_100ns } else { time_100ns };
        let stamp = Stamp { time_100ns, channel_group: record.channel_group as u16 };
        let mut pieces = record.data.chunks(usize::from(BUFFER_SIZE)).peekable();
        while let Some(piece) = pieces.next() {
            let is_end = pieces.peek().is_none() && is_whole(record.data);
            let flags = flags_of(if is_end { Piece::Whole } else { Piece::Raw });
            making.event(stamp, due_100ns, flags, piece);
        }
        making.bytes += (record.end - done) as u32;
        making.settle();
        done = record.end;
    }
}

fn flags_of(piece: Piece) -> DmusEventFlags {
    match piece {
        Piece::Whole => DmusEventFlags::empty(),
        Piece::Raw => DmusEventFlags::INCOMPLETE,
    }
}
