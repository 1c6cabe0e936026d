//! DirectMusic events: MIDI data with a time, on the way from sink to sink.
//!
//! This file owns the event, its buffer and the chain. An event comes from an allocator and has one
//! owner at a time. The owner hands the event on by a move, so a driver in Rust cannot put it
//! twice. This file never knows the allocator or the reader of an event.
//!
//! # Identity
//!
//! An allocator numbers its events from 0, and its buffers also from 0. The allocator hands out the
//! same numbers again and again. A number and its [`EventHome`] together name one event or one
//! buffer. The guest shows events and buffers to a compiled driver as memory, and each number has
//! its own place in this memory. While the driver has an event, the guest holds the event. So the
//! guest knows whether the driver has the event now.

use core::fmt;
use core::ops::{Deref, DerefMut};
use std::collections::VecDeque;
use std::rc::Rc;

/// An event can hold at most this number of bytes by itself: the size of a pointer on 64-bit
/// Windows.
///
/// Source: WDK, DMUS_KERNEL_EVENT, uData.
pub const INLINE_LIMIT: u8 = 8;

/// The facts that are the same for all events of one allocator. Two homes are equal only when they
/// are the same object in memory.
#[derive(Debug)]
pub struct EventHome {
    /// An event holds at most this number of bytes by itself. The number is the size of the
    /// driver's pointers: 8 or 4.
    pub inline_limit: u8,
    /// The room in each buffer, in bytes.
    pub buffer_size: u16,
}

bitflags::bitflags! {
    /// What kind of data an event has. Without a flag, the data are one whole message, or the last
    /// part of a system exclusive message whose other parts were in earlier events.
    ///
    /// Source: WDK dmusicks.h.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct DmusEventFlags: u16 {
        /// The data are raw bytes as they came: a part of a message, or several messages.
        #[doc(alias = "DMUS_KEF_EVENT_INCOMPLETE")]
        const INCOMPLETE = 0x1;
        /// The data are not bytes, but a chain of events that belong together.
        #[doc(alias = "DMUS_KEF_PACKAGE_EVENT")]
        const PACKAGE = 0x2;
        const _ = !0;
    }
}

/// The flag in a presentation time that lets an event pass at once, after the events that were put
/// before it.
///
/// The flag is the sign bit of the time. Source: WDK dmusicks.h.
pub const DONT_HOLD_FOR_SEQUENCING: i64 = i64::MIN;

/// The byte position of an event without a byte position. Source: WDK dmusicks.h.
#[doc(alias = "KSCLOCK_BYTEPOSITION_NONE")]
pub const NO_BYTE_POSITION: u64 = u64::MAX;

/// The data of an event.
#[derive(Debug)]
pub enum EventData {
    /// At most [`EventHome::inline_limit`] bytes.
    Inline(InlineBytes),
    /// Bytes in a buffer.
    Buffer(EventBuffer),
    /// A package: a chain of events that belongs to the owner of this event.
    Package(Box<EventChain>),
}

/// A few bytes, held without a buffer: at most [`INLINE_LIMIT`].
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct InlineBytes {
    bytes: [u8; INLINE_LIMIT as usize],
    length: u8,
}

/// An event that an allocator hands out and a sink receives.
///
/// `bReserved` and `cbStruct` are not here: the first is always 0, the second is always the size
/// of the structure, and a driver must not touch them. An [`EventChain`] takes the place of
/// `pNextEvt`.
///
/// An event that is dropped is lost to its allocator. So each owner puts the event to a sink, and
/// the last owner puts it to the allocator. Source: WDK, DMUS_KERNEL_EVENT.
#[doc(alias = "DMUS_KERNEL_EVENT")]
#[derive(Debug)]
#[must_use = "an event that is dropped is lost to its allocator"]
pub struct DmusKernelEvent(Box<EventFields>);

/// The fields of an event. The fields stay at their place in memory when the event is handed on.
#[derive(Debug)]
pub struct EventFields {
    home: Rc<EventHome>,
    number: u32,

    /// What kind of data the event has. [`set_package`](DmusKernelEvent::set_package) sets the flag
    /// of a package.
    #[doc(alias = "usFlags")]
    pub flags: DmusEventFlags,
    /// Which group of 16 channels. 1 is the first group, and the group of a MIDI pin.
    #[doc(alias = "usChannelGroup")]
    pub channel_group: u16,
    /// When a render event is due, or when a capture event came, by the master clock in 100 ns. See
    /// also [`DONT_HOLD_FOR_SEQUENCING`].
    #[doc(alias = "ullPresTime100ns")]
    pub time_100ns: i64,
    /// Where the event stands in a stream of bytes, or [`NO_BYTE_POSITION`].
    #[doc(alias = "ullBytePosition")]
    pub byte_position: u64,
    data: EventData,
}

/// Memory for the data of one event, when the event cannot hold them by itself.
///
/// A buffer comes from an allocator. A buffer belongs to one event, or to the driver that fills it
/// for an event. When the event goes to the allocator, the buffer goes back too.
pub struct EventBuffer(Box<BufferContent>);

struct BufferContent {
    home: Rc<EventHome>,
    number: u32,
    bytes: Vec<u8>,
}

/// Events that are put in one call: the first event, and the events that `pNextEvt` links to it.
#[derive(Debug, Default)]
#[must_use = "events that are dropped are lost to their allocator"]
pub struct EventChain {
    first: Option<DmusKernelEvent>,
    /// The events after the first. Nearly all chains have one event, and allocate nothing here.
    #[expect(clippy::box_collection, reason = "so a chain is two words, and cheap to hand on")]
    rest: Option<Box<VecDeque<DmusKernelEvent>>>,
}

/// The events of a chain, in their order.
#[derive(Debug)]
pub struct IntoIter(EventChain);

impl InlineBytes {
    /// Copies the first bytes of a slice, as many as there is room for.
    #[must_use]
    pub fn new(bytes: &[u8]) -> InlineBytes {
        let length = bytes.len().min(INLINE_LIMIT as usize);
        let mut inline = InlineBytes { bytes: [0; INLINE_LIMIT as usize], length: length as u8 };
        inline.bytes[..length].copy_from_slice(&bytes[..length]);
        inline
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Debug for InlineBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X?}", self.as_slice())
    }
}

impl DmusKernelEvent {
    /// Event `number` of an allocator, as GetMessage hands it out: all zero.
    ///
    /// Only an allocator calls this, once for each number.
    pub fn new(home: &Rc<EventHome>, number: u32) -> DmusKernelEvent {
        DmusKernelEvent(Box::new(EventFields {
            home: Rc::clone(home),
            number,
            flags: DmusEventFlags::empty(),
            channel_group: 0,
            time_100ns: 0,
            byte_position: 0,
            data: EventData::Inline(InlineBytes::default()),
        }))
    }

    /// Makes the event all zero again, because it was put to an allocator. Returns the data that
    /// the event had.
    pub(crate) fn reset(&mut self) -> EventData {
        let fields = &mut *self.0;
        fields.flags = DmusEventFlags::empty();
        fields.channel_group = 0;
        fields.time_100ns = 0;
        fields.byte_position = 0;
        std::mem::replace(&mut fields.data, EventData::Inline(InlineBytes::default()))
    }

    /// The home of the allocator that the event belongs to.
    #[must_use]
    pub fn home(&self) -> &Rc<EventHome> {
        &self.home
    }

    /// The number of the event in its allocator.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The data of the event.
    #[must_use]
    pub fn data(&self) -> &EventData {
        &self.data
    }

    /// The bytes of the event. A package has no bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.data {
            EventData::Inline(inline) => inline.as_slice(),
            EventData::Buffer(buffer) => buffer.bytes(),
            EventData::Package(_) => &[],
        }
    }

    /// How many bytes of data the event has.
    #[doc(alias = "cbEvent")]
    #[must_use]
    pub fn length(&self) -> u16 {
        self.bytes().len() as u16
    }

    /// True when the event has the flag [`DmusEventFlags::INCOMPLETE`].
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.flags.contains(DmusEventFlags::INCOMPLETE)
    }

    /// Stores bytes in the event itself: as many as the limit of its home allows, from the first
    /// byte on. Returns the number of stored bytes.
    ///
    /// This method, `set_buffer` and `set_package` drop the buffer or the package that the event
    /// had. The buffer or package is then lost to its allocator. A driver in C loses it in the same
    /// way, when the driver overwrites the pointer. [`take_data`](Self::take_data) prevents this
    /// loss.
    pub fn set_inline(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(usize::from(self.home.inline_limit));
        let bytes = InlineBytes::new(&bytes[..taken]);
        match &mut self.data {
            // The event has neither a buffer nor a package, so there is nothing to drop.
            EventData::Inline(inline) => *inline = bytes,
            data => *data = EventData::Inline(bytes),
        }
        taken
    }

    /// Gives the event a buffer for its data. The buffer may have so few bytes that the event could
    /// hold them by itself. A driver in C cannot express such an event.
    pub fn set_buffer(&mut self, buffer: EventBuffer) {
        self.data = EventData::Buffer(buffer);
    }

    /// Makes the event a package of other events.
    pub fn set_package(&mut self, chain: EventChain) {
        self.data = EventData::Package(Box::new(chain));
        self.flags |= DmusEventFlags::PACKAGE;
    }

    /// Takes the data of the event away. Then the event is empty, and is no longer a package.
    pub fn take_data(&mut self) -> EventData {
        self.flags -= DmusEventFlags::PACKAGE;
        std::mem::replace(&mut self.data, EventData::Inline(InlineBytes::default()))
    }
}

impl Deref for DmusKernelEvent {
    type Target = EventFields;

    fn deref(&self) -> &EventFields {
        &self.0
    }
}

impl DerefMut for DmusKernelEvent {
    fn deref_mut(&mut self) -> &mut EventFields {
        &mut self.0
    }
}

impl EventBuffer {
    /// Buffer `number` of an allocator, as GetBuffer hands it out: without data.
    ///
    /// Only an allocator calls this, once for each number.
    #[must_use]
    pub fn new(home: &Rc<EventHome>, number: u32) -> EventBuffer {
        let bytes = Vec::with_capacity(usize::from(home.buffer_size));
        EventBuffer(Box::new(BufferContent { home: Rc::clone(home), number, bytes }))
    }

    /// The home of the allocator that the buffer belongs to.
    #[must_use]
    pub fn home(&self) -> &Rc<EventHome> {
        &self.0.home
    }

    /// The number of the buffer in its allocator.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// The data of the buffer.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Appends as much of the data as there is room for. Returns the number of bytes that it
    /// appended.
    pub fn push(&mut self, data: &[u8]) -> usize {
        let room = usize::from(self.0.home.buffer_size) - self.0.bytes.len();
        let taken = data.len().min(room);
        self.0.bytes.extend_from_slice(&data[..taken]);
        taken
    }

    /// Forgets the data of the buffer.
    pub fn clear(&mut self) {
        self.0.bytes.clear();
    }
}

impl fmt::Debug for EventBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buffer {} {:02X?}", self.0.number, self.0.bytes)
    }
}

impl EventChain {
    /// A chain without events. A sink never gets such a chain.
    pub fn new() -> EventChain {
        EventChain::default()
    }

    /// How many events the chain has. An event with a package counts once.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.as_ref().map_or(0, |rest| rest.len())
    }

    /// True when the chain has no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Appends an event.
    pub fn push(&mut self, event: DmusKernelEvent) {
        if self.first.is_none() {
            self.first = Some(event);
        } else {
            self.rest.get_or_insert_default().push_back(event);
        }
    }

    /// Takes the first event.
    pub fn pop(&mut self) -> Option<DmusKernelEvent> {
        let event = self.first.take()?;
        if let Some(rest) = &mut self.rest {
            self.first = rest.pop_front();
        }
        Some(event)
    }

    /// The events in their order.
    pub fn iter(&self) -> impl Iterator<Item = &DmusKernelEvent> {
        self.first.iter().chain(self.rest.iter().flat_map(|rest| rest.iter()))
    }
}

impl From<DmusKernelEvent> for EventChain {
    fn from(event: DmusKernelEvent) -> EventChain {
        EventChain { first: Some(event), rest: None }
    }
}

impl Extend<DmusKernelEvent> for EventChain {
    fn extend<I: IntoIterator<Item = DmusKernelEvent>>(&mut self, events: I) {
        events.into_iter().for_each(|event| self.push(event));
    }
}

impl FromIterator<DmusKernelEvent> for EventChain {
    fn from_iter<I: IntoIterator<Item = DmusKernelEvent>>(events: I) -> EventChain {
        let mut chain = EventChain::new();
        chain.extend(events);
        chain
    }
}

impl IntoIterator for EventChain {
    type Item = DmusKernelEvent;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter(self)
    }
}

impl Iterator for IntoIter {
    type Item = DmusKernelEvent;

    fn next(&mut self) -> Option<DmusKernelEvent> {
        self.0.pop()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }
}

impl DoubleEndedIterator for IntoIter {
    fn next_back(&mut self) -> Option<DmusKernelEvent> {
        let chain = &mut self.0;
        let last = chain.rest.as_mut().and_then(|rest| rest.pop_back());
        last.or_else(|| chain.first.take())
    }
}

impl ExactSizeIterator for IntoIter {}

#[cfg(test)]
mod tests;
