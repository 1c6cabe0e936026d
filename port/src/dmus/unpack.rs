//! The unpacker: makes events with their times from a client's write request.
//!
//! This file owns the part of a message that waits for the rest from the next request. This file
//! does not know when an event goes out.

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

/// The unpacker keeps memory for at most this number of items for the next request: 24 KiB.
const SPARE_ITEMS: usize = 1_024;

/// A write request whose events wait until they are due.
pub(super) struct Pending {
    pub request: Rc<StreamRequest>,
    /// The events, in the order in which they go out.
    items: RefCell<Vec<Item>>,
    /// The index of the event that goes out next.
    next: Cell<usize>,
    /// The status for the completion of the request.
    pub status: Cell<NtStatus>,
    /// True when no more events of the request go out. The request is then complete, or will be
    /// completed at once.
    pub has_ended: Cell<bool>,
}

/// An event of a request.
struct Item {
    /// `None` when the event went out.
    event: Option<DmusKernelEvent>,
    /// When the event is due, by the client's clock.
    due_100ns: i64,
    /// The index of the header that the event's data are from.
    header: u32,
    /// How many bytes of the header's data count as played when this event goes out.
    bytes: u32,
}

impl Pending {
    /// When the first event is due. A request without events has the earliest time there is, so
    /// that it ends at once.
    pub fn due_100ns(&self) -> i64 {
        self.items.borrow().first().map_or(i64::MIN, |item| item.due_100ns)
    }

    /// Takes the event that goes out next, with the time at which the event after it is due. The
    /// last event comes with its own time, because the request ends then. `None` after the last
    /// event.
    pub fn take_next(&self) -> Option<(DmusKernelEvent, i64)> {
        let next = self.next.get();
        let mut items = self.items.borrow_mut();
        let [item, others @ ..] = items.get_mut(next..)? else { return None };
        let due_100ns = others.first().map_or(item.due_100ns, |other| other.due_100ns);
        self.next.set(next + 1);
        Some((item.event.take()?, due_100ns))
    }

    /// Notes in the request how many bytes of each header's data count as played by the events that
    /// went out.
    pub fn note_parts(&self) {
        let mut parts = vec![0; self.request.header_count()];
        for item in &self.items.borrow()[..self.next.get()] {
            parts[item.header as usize] += item.bytes;
        }
        self.request.note_parts(parts);
    }
}

/// The unpacker of one stream.
pub(super) struct Unpacker {
    form: WireForm,
    allocator: Rc<EventAllocator>,
    parser: RefCell<Parser>,
    /// Memory for the items of the next request.
    spare: Cell<Vec<Item>>,
}

/// The state of the unpacker while it makes the events of one request.
struct Making<'a> {
    kernel: &'a Kernel,
    allocator: &'a EventAllocator,
    items: Vec<Item>,
    header: u32,
    /// The number of bytes of the header's data that are not counted for any event yet.
    bytes: u32,
    failed: Result<(), NtStatus>,
}

impl Making<'_> {
    /// Makes an event, unless an earlier event of the request could not be made.
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
                self.items.push(Item { event: Some(event), due_100ns, header, bytes: 0 });
            }
            Err(status) => self.failed = Err(status),
        }
    }

    /// Adds the bytes that are not counted yet to the last event, if that event is from the same
    /// header. So the first bytes of a message that is not whole yet count for the event before
    /// that message. If the last event is from an earlier header, the bytes wait for the next
    /// event.
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
        Unpacker {
            form,
            allocator: Rc::clone(allocator),
            parser: RefCell::default(),
            spare: Cell::default(),
        }
    }

    /// Forgets the open message and the running status of the parser.
    pub fn reset(&self) {
        self.parser.borrow_mut().reset();
    }

    /// Unpacks a request that was checked and came at `now_100ns` by the client's clock.
    ///
    /// A buffer without a time begins now, or at the time of the last event of the buffers before
    /// it in the request, if that time is later. When a system exclusive message is open at the end
    /// of the request, the bytes of the message that are in no event yet become an event. IRQL: up
    /// to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when there are not enough events or buffers. Then the
    /// allocator has all events of the request back.
    pub fn unpack(
        &self,
        kernel: &Kernel,
        now_100ns: i64,
        request: &Rc<StreamRequest>,
    ) -> Result<Rc<Pending>, NtStatus> {
        let mut making = Making {
            kernel,
            allocator: &self.allocator,
            items: self.spare.take(),
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
        let Making { mut items, failed, .. } = making;
        // Nearly all events are in order. Events of the same time stay in the order of their
        // arrival.
        if !items.is_sorted_by_key(|item| item.due_100ns) {
            items.sort_by_key(|item| item.due_100ns);
        }
        let pending = Rc::new(Pending {
            request: Rc::clone(request),
            items: RefCell::new(items),
            next: Cell::new(0),
            status: Cell::new(NtStatus::SUCCESS),
            has_ended: Cell::new(false),
        });
        if let Err(status) = failed {
            self.reset();
            self.abandon(&pending);
            return Err(status);
        }
        Ok(pending)
    }

    /// Ends a request early: notes in the request how many bytes went out, and gives the other
    /// events of the request back.
    pub fn abandon(&self, pending: &Pending) {
        pending.note_parts();
        self.end(pending);
    }

    /// Ends a request: gives back the events that did not go out. Keeps the memory of the items for
    /// the next request, unless there is memory for more than [`SPARE_ITEMS`].
    pub fn end(&self, pending: &Pending) {
        pending.has_ended.set(true);
        let mut items = pending.items.take();
        for item in items.drain(..) {
            if let Some(event) = item.event {
                self.allocator.free(event);
            }
        }
        if items.capacity() <= SPARE_ITEMS {
            self.spare.set(items);
        }
    }

    /// Makes an event of each piece that the parser gives out: a message, or raw bytes. The buffer
    /// has KSMUSICFORMAT records.
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

/// Makes an event of each record in a buffer of DirectMusic events. A record that is too long for
/// one event becomes several events, and an empty record becomes none.
fn directmusic(making: &mut Making<'_>, start_100ns: i64, now_100ns: i64, used: &[u8]) {
    let mut done = 0;
    for record in event_records(used).map_while(Result::ok) {
        let time_100ns = start_100ns.saturating_add(record.offset_100ns);
        // The sign bit is the flag DONT_HOLD_FOR_SEQUENCING: this event is due now. Events that
        // came earlier and are also due go out before this event.
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
