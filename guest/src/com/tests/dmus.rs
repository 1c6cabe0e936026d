//! DirectMusic events that a driver gets and puts, and the master clock.

mod mistakes;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::dmus_event::{
    DmusEventFlags, DmusKernelEvent, EventBuffer, EventChain, EventData, EventHome,
};
use portcls_port::guid::{Guid, iid};
use portcls_port::interfaces::{IAllocatorMxf, IMasterClock, IMxf};
use portcls_port::ks::KsState;

use super::{call, guest};
use crate::guest::Guest;
use crate::tables::event_table::Found;
use crate::tables::pool_table::Fill;

/// The slots of `IAllocatorMXF`. Source: dmusicks.h.
pub(super) const PUT_MESSAGE: u64 = 4;
pub(super) const GET_MESSAGE: u64 = 7;
const GET_BUFFER_SIZE: u64 = 8;
const GET_BUFFER: u64 = 9;
const PUT_BUFFER: u64 = 10;

const BUFFER_SIZE: u16 = 100;

/// An allocator that counts the events and buffers that are out.
pub(super) struct Allocator {
    home: Rc<EventHome>,
    free_events: RefCell<Vec<u32>>,
    free_buffers: RefCell<Vec<EventBuffer>>,
    events_out: Cell<i32>,
    buffers_out: Cell<i32>,
    is_empty: Cell<bool>,
}

impl Allocator {
    pub(super) fn new(inline_limit: u8) -> Rc<Allocator> {
        let home = Rc::new(EventHome { inline_limit, buffer_size: BUFFER_SIZE });
        Rc::new(Allocator {
            free_events: RefCell::new((0..500).rev().collect()),
            free_buffers: RefCell::new((0..20).rev().map(|n| EventBuffer::new(&home, n)).collect()),
            home,
            events_out: Cell::new(0),
            buffers_out: Cell::new(0),
            is_empty: Cell::new(false),
        })
    }

    fn event(&self) -> DmusKernelEvent {
        let number = self.free_events.borrow_mut().pop().expect("one of 500");
        self.events_out.set(self.events_out.get() + 1);
        DmusKernelEvent::new(&self.home, number)
    }

    fn buffer(&self) -> EventBuffer {
        self.buffers_out.set(self.buffers_out.get() + 1);
        self.free_buffers.borrow_mut().pop().expect("one of 20")
    }

    fn free(&self, chain: EventChain) {
        for mut event in chain {
            assert!(Rc::ptr_eq(event.home(), &self.home));
            match event.take_data() {
                EventData::Inline(_) => {}
                EventData::Buffer(buffer) => self.free_buffer(buffer),
                EventData::Package(inner) => self.free(*inner),
            }
            self.events_out.set(self.events_out.get() - 1);
            self.free_events.borrow_mut().push(event.number());
        }
    }

    fn free_buffer(&self, buffer: EventBuffer) {
        assert!(Rc::ptr_eq(buffer.home(), &self.home));
        self.buffers_out.set(self.buffers_out.get() - 1);
        self.free_buffers.borrow_mut().push(buffer);
    }

    pub(super) fn out(&self) -> (i32, i32) {
        (self.events_out.get(), self.buffers_out.get())
    }
}

impl IUnknown for Allocator {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IAllocatorMxf, IMxf)
    }
}

impl IMxf for Allocator {
    fn set_state(&self, _: &Kernel, _: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    fn put_message(&self, _: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        self.free(events.unwrap_or_default());
        Ok(())
    }

    fn connect_output(&self, _: &Kernel, _: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        Ok(())
    }

    fn disconnect_output(&self, _: &Kernel, _: Option<&Rc<dyn IMxf>>) -> Result<(), NtStatus> {
        Ok(())
    }
}

impl IAllocatorMxf for Allocator {
    fn get_message(&self, _: &Kernel) -> Result<DmusKernelEvent, NtStatus> {
        if self.is_empty.get() { Err(NtStatus::INSUFFICIENT_RESOURCES) } else { Ok(self.event()) }
    }

    fn get_buffer_size(&self) -> u16 {
        BUFFER_SIZE
    }

    fn get_buffer(&self, _: &Kernel) -> Result<EventBuffer, NtStatus> {
        if self.is_empty.get() { Err(NtStatus::INSUFFICIENT_RESOURCES) } else { Ok(self.buffer()) }
    }

    fn put_buffer(&self, _: &Kernel, buffer: EventBuffer) -> Result<(), NtStatus> {
        self.free_buffer(buffer);
        Ok(())
    }
}

/// A sink that writes down its events in words, and frees the events.
struct Sink {
    allocator: Rc<Allocator>,
    seen: RefCell<Vec<String>>,
}

impl Sink {
    fn note(&self, chain: &EventChain) {
        for event in chain.iter() {
            let text = match event.data() {
                EventData::Package(inner) => {
                    self.seen.borrow_mut().push("(".to_owned());
                    self.note(inner);
                    ")".to_owned()
                }
                EventData::Inline(bytes) => format!("{bytes:?}"),
                EventData::Buffer(buffer) => format!("long {:02X?}", buffer.bytes()),
            };
            self.seen.borrow_mut().push(text);
        }
    }
}

impl IUnknown for Sink {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMxf)
    }
}

impl IMxf for Sink {
    fn set_state(&self, _: &Kernel, _: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    fn put_message(&self, _: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        let events = events.unwrap_or_default();
        self.note(&events);
        self.allocator.free(events);
        Ok(())
    }

    fn connect_output(&self, _: &Kernel, _: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        Ok(())
    }

    fn disconnect_output(&self, _: &Kernel, _: Option<&Rc<dyn IMxf>>) -> Result<(), NtStatus> {
        Ok(())
    }
}

/// The driver's side of an open stream: the pointers that the driver got.
struct Desk {
    guest: Guest,
    allocator: Rc<Allocator>,
    sink: Rc<Sink>,
    allocator_at: u64,
    sink_at: u64,
    out: u64,
}

/// The address of the stream. In these tests there is no object at this address.
const STREAM: u64 = 0x1234;

impl Desk {
    fn new(place: &str) -> Desk {
        let guest = guest(place);
        let allocator = Allocator::new(guest.pointer_bytes() as u8);
        let sink = Rc::new(Sink { allocator: Rc::clone(&allocator), seen: RefCell::default() });
        let (as_unknown, sink_as_unknown): (Rc<dyn IUnknown>, Rc<dyn IUnknown>) =
            (Rc::clone(&allocator) as _, Rc::clone(&sink) as _);
        let allocator_at = guest.lend(&as_unknown, &iid::ALLOCATOR_MXF);
        let sink_at = guest.lend(&sink_as_unknown, &iid::MXF);
        guest.0.events.open_stream(STREAM, allocator_at);
        guest.0.events.connect(STREAM, sink_at);
        let out = guest.allocate_pool(PoolType::NonPagedNx, 16, *b"Test", Fill::Garbage);
        Desk { guest, allocator, sink, allocator_at, sink_at, out }
    }

    fn status(&self, object: u64, slot: u64, words: &[u64]) -> NtStatus {
        NtStatus(call(&self.guest, object, slot, words).expect("no bug check") as u32)
    }

    /// The driver calls GetMessage.
    fn event(&self) -> u64 {
        assert_eq!(self.status(self.allocator_at, GET_MESSAGE, &[self.out]), NtStatus::SUCCESS);
        self.guest.load_word(self.out)
    }

    /// The driver calls GetBuffer.
    fn buffer(&self) -> u64 {
        assert_eq!(self.status(self.allocator_at, GET_BUFFER, &[self.out]), NtStatus::SUCCESS);
        self.guest.load_word(self.out)
    }

    /// Takes all places for events and buffers, and returns them.
    fn use_up_places(&self) -> Vec<u64> {
        std::iter::from_fn(|| self.guest.0.events.place(0x1000)).collect()
    }

    fn free(&self, event: u64) -> NtStatus {
        self.status(self.allocator_at, PUT_MESSAGE, &[event])
    }

    fn send(&self, event: u64) -> NtStatus {
        self.status(self.sink_at, PUT_MESSAGE, &[event])
    }

    /// The driver sets a field of an event.
    fn set(&self, event: u64, field: Field, value: u64) {
        let fields = &self.guest.layout().dmus_kernel_event;
        let at = |offset: u32| event + u64::from(offset);
        match field {
            Field::Reserved => self.guest.store_u8(at(fields.b_reserved), value as u8),
            Field::Size => self.guest.store_u8(at(fields.cb_struct), value as u8),
            Field::Length => self.guest.store_u16(at(fields.cb_event), value as u16),
            Field::Flags => self.guest.store_u16(at(fields.us_flags), value as u16),
            Field::Next => self.guest.store_word(at(fields.p_next_evt), value),
            Field::Data => self.guest.store_word(at(fields.u_data), value),
        }
    }

    /// The driver makes an event that is a package. The package begins with the event `first`.
    fn package(&self, first: u64) -> u64 {
        let event = self.event();
        self.set(event, Field::Flags, u64::from(DmusEventFlags::PACKAGE.bits()));
        self.set(event, Field::Data, first);
        event
    }

    /// The driver makes an event whose pNextEvt leads to `next`.
    fn before(&self, next: u64) -> u64 {
        let event = self.event();
        self.set(event, Field::Next, next);
        event
    }

    /// The rules that the driver has broken so far.
    fn broken(&self) -> Vec<&'static str> {
        self.guest.kernel().violations().iter().map(|it| it.rule.id).collect()
    }

    fn message(&self) -> String {
        let violations = self.guest.kernel().violations();
        violations.last().expect("a violation").message.clone()
    }
}

/// A field of DMUS_KERNEL_EVENT.
#[derive(Clone, Copy)]
enum Field {
    Reserved,
    Size,
    Length,
    Flags,
    Next,
    Data,
}

const BOTH: [&str; 2] = ["x64", "x86"];

#[test]
fn an_event_is_handed_out_all_zero_but_for_its_size() {
    for (place, size) in [("x64", 40), ("x86", 32)] {
        let desk = Desk::new(place);
        let event = desk.event();
        let bytes = desk.guest.load_bytes(event, size);
        assert_eq!(u64::from(bytes[1]), size, "{place}");
        assert!(bytes.iter().enumerate().all(|(index, byte)| index == 1 || *byte == 0), "{place}");
        assert_eq!(desk.free(event), NtStatus::SUCCESS);
        assert_eq!(desk.allocator.out(), (0, 0));
        assert_eq!(desk.broken(), [""; 0]);
    }
}

#[test]
fn a_pool_that_is_empty_gives_null_pointers_and_the_status() {
    for place in BOTH {
        let desk = Desk::new(place);
        desk.allocator.is_empty.set(true);
        for slot in [GET_MESSAGE, GET_BUFFER] {
            desk.guest.store_word(desk.out, 7);
            let status = desk.status(desk.allocator_at, slot, &[desk.out]);
            assert_eq!(status, NtStatus::INSUFFICIENT_RESOURCES, "{place}");
            assert_eq!(desk.guest.load_word(desk.out), 0, "{place}");
        }
        let size = call(&desk.guest, desk.allocator_at, GET_BUFFER_SIZE, &[]).expect("a size");
        assert_eq!(size as u16, BUFFER_SIZE);
    }
}

#[test]
fn without_a_place_in_its_memory_a_driver_gets_null_pointers_and_the_status() {
    for place in BOTH {
        let desk = Desk::new(place);
        let places = desk.use_up_places();
        // Each place has a page. The page after it has no memory.
        assert_eq!(places.len(), 0x1000_0000 / 0x2000, "{place}");
        for slot in [GET_MESSAGE, GET_BUFFER] {
            desk.guest.store_word(desk.out, 7);
            let status = desk.status(desk.allocator_at, slot, &[desk.out]);
            assert_eq!(status, NtStatus::INSUFFICIENT_RESOURCES, "{place}");
            assert_eq!(desk.guest.load_word(desk.out), 0, "{place}");
        }
        assert_eq!(desk.allocator.out(), (0, 0), "{place}: both are back");
        let told: Vec<String> =
            desk.guest.kernel().refused_calls().iter().map(ToString::to_string).collect();
        let refuses = "refuses more than the driver's memory for events can hold: \
                       STATUS_INSUFFICIENT_RESOURCES";
        let routines = ["IAllocatorMXF::GetMessage", "IAllocatorMXF::GetBuffer"];
        assert_eq!(told, routines.map(|routine| format!("{routine} {refuses}")), "{place}");
        desk.guest.0.events.give_back(places[0], 0x1000);
        assert_eq!(desk.event(), places[0], "{place}: a place is free again");
        assert_eq!(desk.broken(), [""; 0]);
    }
}

#[test]
fn a_chain_without_places_for_all_of_it_comes_back_whole() {
    for place in BOTH {
        let desk = Desk::new(place);
        let places = desk.use_up_places();
        // All events fit into this page. The buffer of the event in the package needs another page.
        desk.guest.0.events.give_back(places[0], 0x1000);
        let (first, mut package) = (desk.allocator.event(), desk.allocator.event());
        let (mut long, mut buffer) = (desk.allocator.event(), desk.allocator.buffer());
        buffer.push(&[0x55; 9]);
        long.set_buffer(buffer);
        package.set_package(long.into());
        let chain = [first, package].into_iter().collect();
        let chain = desk.guest.show_events(desk.allocator_at, chain).expect_err("no room");
        assert_eq!(chain.len(), 2);
        assert!(matches!(desk.guest.0.events.take_event(places[0], 1), Found::Nothing));
        desk.guest.0.events.give_back(places[1], 0x1000);
        assert_eq!(desk.guest.show_events(desk.allocator_at, chain).ok(), Some(places[0]));
        assert_eq!(desk.free(places[0]), NtStatus::SUCCESS);
        assert_eq!(desk.allocator.out(), (0, 0), "{place}");
    }
}

#[test]
fn events_and_buffers_are_used_again_without_more_guest_memory() {
    for place in BOTH {
        let desk = Desk::new(place);
        let round = || {
            let (event, buffer) = (desk.event(), desk.buffer());
            desk.set(event, Field::Length, 20);
            desk.set(event, Field::Data, buffer);
            assert_eq!(desk.send(event), NtStatus::SUCCESS);
            (event, buffer)
        };
        let first = round();
        let pages = || desk.guest.cpu().borrow().memory().page_count();
        let before = pages();
        for _ in 0..1_000 {
            assert_eq!(round(), first, "{place}: the same places");
        }
        assert_eq!(pages(), before, "{place}");
        assert_eq!(desk.allocator.out(), (0, 0));
    }
}

#[test]
fn what_a_driver_sends_arrives_with_all_its_fields() {
    for (place, inline) in [("x64", 8), ("x86", 4)] {
        let desk = Desk::new(place);
        let short = desk.event();
        desk.set(short, Field::Length, 3);
        let fields = &desk.guest.layout().dmus_kernel_event;
        desk.guest.store(short + u64::from(fields.u_data), &[0x90, 0x3C, 0x40]);
        let full = desk.before(short);
        desk.set(full, Field::Length, inline);
        let data: Vec<u8> = (1..=inline as u8).collect();
        desk.guest.store(full + u64::from(fields.u_data), &data);
        let (long, buffer) = (desk.package(full), desk.buffer());
        let long_message = desk.before(long);
        desk.set(long_message, Field::Length, inline + 1);
        desk.set(long_message, Field::Data, buffer);
        desk.guest.store(buffer, &vec![0xF0; inline as usize + 1]);
        assert_eq!(desk.send(long_message), NtStatus::SUCCESS);
        let long = format!("long {:02X?}", vec![0xF0; inline as usize + 1]);
        let full = format!("{data:02X?}");
        assert_eq!(*desk.sink.seen.borrow(), [&*long, "(", &full, "[90, 3C, 40]", ")"], "{place}");
        assert_eq!(desk.allocator.out(), (0, 0));
        assert_eq!(desk.broken(), [""; 0]);
    }
}

#[test]
fn what_the_port_gives_a_driver_lies_where_the_header_says() {
    for (place, next, data) in [("x64", 24, 32), ("x86", 24, 28)] {
        let desk = Desk::new(place);
        let mut short = desk.allocator.event();
        short.set_inline(&[0xF8]);
        short.time_100ns = -2;
        short.byte_position = 0x0102_0304_0506_0708;
        short.channel_group = 3;
        short.flags = DmusEventFlags::INCOMPLETE;
        let (mut long, mut buffer) = (desk.allocator.event(), desk.allocator.buffer());
        buffer.push(&[0x55; 9]);
        long.set_buffer(buffer);
        let (mut package, inner) = (desk.allocator.event(), desk.allocator.event());
        package.set_package(inner.into());
        let chain = [short, package, long].into_iter().collect();
        let guest = &desk.guest;
        let first = guest.show_events(desk.allocator_at, chain).expect("there is room");
        assert_eq!(guest.load::<8>(first)[2..], [1, 0, 3, 0, 1, 0], "length, group, flags");
        assert_eq!(guest.load_u64(first + 8) as i64, -2);
        assert_eq!(guest.load_u64(first + 16), 0x0102_0304_0506_0708);
        assert_eq!(guest.load_u8(first + data), 0xF8);
        let package = guest.load_word(first + next);
        assert_eq!(guest.load_u16(package + 6), 2);
        let inner = guest.load_word(package + data);
        assert_eq!((guest.load_u16(inner + 2), guest.load_word(inner + next)), (0, 0));
        let long = guest.load_word(package + next);
        assert_eq!((guest.load_u16(long + 2), guest.load_word(long + next)), (9, 0));
        assert_eq!(guest.load_bytes(guest.load_word(long + data), 9), [0x55; 9]);
        assert_eq!(desk.free(first), NtStatus::SUCCESS, "one call for the chain");
        assert_eq!(desk.allocator.out(), (0, 0), "{place}");
        assert_eq!(desk.broken(), [""; 0]);
    }
}

#[test]
fn a_byte_behind_a_buffer_is_no_memory() {
    for place in BOTH {
        let desk = Desk::new(place);
        let buffer = desk.buffer();
        assert!(desk.guest.is_readable(buffer, BUFFER_SIZE.into()));
        assert!(!desk.guest.is_readable(buffer + u64::from(BUFFER_SIZE), 1));
    }
}

#[test]
fn an_event_that_was_put_holds_no_pointer_to_memory() {
    for place in BOTH {
        let desk = Desk::new(place);
        let event = desk.before(0);
        assert_eq!(desk.free(event), NtStatus::SUCCESS);
        let next = event + u64::from(desk.guest.layout().dmus_kernel_event.p_next_evt);
        let stale = desk.guest.load_word(next);
        assert!(stale != 0 && !desk.guest.is_readable(stale, 1), "{place}: {stale:#x}");
    }
}

#[test]
fn a_null_event_is_put_as_none() {
    let desk = Desk::new("x64");
    assert_eq!(desk.send(0), NtStatus::SUCCESS);
    assert_eq!(desk.free(0), NtStatus::SUCCESS);
    assert_eq!(*desk.sink.seen.borrow(), [""; 0]);
}

#[test]
fn packages_in_packages_are_taken_however_deep_they_are() {
    for place in BOTH {
        let desk = Desk::new(place);
        let mut first = desk.event();
        for _ in 0..400 {
            first = desk.package(first);
        }
        assert_eq!(desk.free(first), NtStatus::SUCCESS);
        assert_eq!(desk.allocator.out(), (0, 0));
        assert_eq!(desk.broken(), [""; 0]);
    }
}

#[test]
fn the_memory_of_a_stream_goes_when_it_is_closed_and_is_used_again() {
    for place in BOTH {
        let desk = Desk::new(place);
        let event = desk.event();
        desk.guest.close_stream_events(STREAM);
        assert!(desk.guest.is_readable(event, 1), "the driver still has it");
        let desk = Desk::new(place);
        let event = desk.event();
        desk.free(event);
        desk.guest.close_stream_events(STREAM);
        assert!(!desk.guest.is_readable(event, 1), "{place}");
        desk.guest.0.events.open_stream(STREAM, desk.allocator_at);
        assert_eq!(desk.event(), event, "{place}");
    }
}

/// A clock that stands still.
pub(super) struct Clock;

impl IUnknown for Clock {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMasterClock)
    }
}

impl IMasterClock for Clock {
    fn get_time(&self, _: &Kernel) -> Result<i64, NtStatus> {
        Ok(0x0102_0304_0506_0708)
    }
}

#[test]
fn the_master_clock_tells_the_time_and_cannot_be_asked_for() {
    for place in BOTH {
        let guest = guest(place);
        let clock: Rc<dyn IUnknown> = Rc::new(Clock);
        let pointer = guest.lend(&clock, &iid::MASTER_CLOCK);
        let block = guest.allocate_pool(PoolType::NonPagedNx, 32, *b"Test", Fill::Zero);
        assert_eq!(call(&guest, pointer, 3, &[block]).map(|status| status as u32), Ok(0));
        assert_eq!(guest.load_u64(block), 0x0102_0304_0506_0708);
        guest.store(block, bytemuck::bytes_of(&iid::MASTER_CLOCK));
        let status = call(&guest, pointer, 0, &[block, block + 16]).expect("an answer");
        assert_eq!(NtStatus(status as u32), NtStatus::INVALID_PARAMETER, "it has no identifier");
    }
}
