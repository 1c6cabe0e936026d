//! DirectMusic events and buffers that lie in the driver's memory.
//!
//! An allocator of the port numbers its events and its buffers. When an event or buffer has come
//! back, the allocator gives its number out again. Each number has one place in the driver's
//! memory, and the next event or buffer with this number gets the same place. While the driver has
//! an event or a buffer, this table holds the port's object for it. At any other time the port
//! holds this object.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use portcls_port::dmus_event::{DmusKernelEvent, EventBuffer, EventHome};

use crate::processor::space::{PAGE, Space, Upwards};

/// The distance between two events in bytes. A DMUS_KERNEL_EVENT has 40 bytes on x64 and 32 bytes
/// on x86.
const EVENT_STRIDE: u64 = 64;

/// The number of events in a block.
const EVENTS_IN_BLOCK: u32 = (PAGE / EVENT_STRIDE) as u32;

/// The events and buffers of a guest, by allocator.
pub(crate) struct EventTable {
    state: RefCell<State>,
}

/// The number of an allocator in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StoreNumber(usize);

/// The kind of things in a block of guest memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Buffer,
}

/// Guest memory that a new event or buffer needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub kind: Kind,
    /// The size in bytes, in whole pages.
    pub bytes: u64,
}

/// What the table finds at an address that the driver hands in.
#[derive(Debug)]
pub(crate) enum Found<T> {
    /// An event or buffer that the driver had. The table holds it no longer.
    Taken(StoreNumber, T),
    /// An event or buffer that the driver has put before. `chain` is the number of the chain in
    /// which the driver put it.
    Put { chain: u64 },
    /// Nothing: the driver got no event or buffer at this address, or the table has forgotten the
    /// allocator.
    Nothing,
}

/// The chain number of an event or buffer that the driver never put.
const NO_CHAIN: u64 = 0;

/// A stand-in for the chain number of a buffer: it says only that the driver put the buffer. A
/// buffer is in no chain, and no chain of events has this number.
const CHAIN_OF_BUFFERS: u64 = 1;

struct State {
    stores: BTreeMap<StoreNumber, Store>,
    next_store: usize,
    blocks: BTreeMap<u64, Block>,
    places: Upwards,
    /// Freed blocks with their sizes.
    free: Vec<(u64, u64)>,
    next_chain: u64,
    /// The guest's pointer to the allocator of each open stream, by the pointer to the stream.
    streams: BTreeMap<u64, u64>,
    /// The guest's pointer to the allocator of each sink of the port, by the pointer to the sink.
    sinks: BTreeMap<u64, u64>,
}

/// The events and buffers of one allocator.
struct Store {
    home: Rc<EventHome>,
    /// The guest's pointer to the allocator.
    allocator: u64,
    events: Slots<DmusKernelEvent>,
    buffers: Slots<EventBuffer>,
}

/// A block of guest memory.
struct Block {
    store: StoreNumber,
    kind: Kind,
    /// The number of the first event or buffer in it.
    first: u32,
    bytes: u64,
}

/// Events or buffers by their numbers.
struct Slots<T> {
    /// The addresses of the blocks; 0 for a block that no event or buffer has needed yet.
    blocks: Vec<u64>,
    in_block: u32,
    block_bytes: u64,
    /// The distance from the beginning of a block to its first event or buffer, in bytes.
    offset: u64,
    slots: Vec<Slot<T>>,
}

struct Slot<T> {
    held: Option<T>,
    /// The number of the chain in which the driver put the event last, or `NO_CHAIN`. After the
    /// driver put a buffer, `CHAIN_OF_BUFFERS`.
    chain: u64,
}

impl<T> Slots<T> {
    fn address(&self, number: u32) -> Option<u64> {
        let block = *self.blocks.get((number / self.in_block) as usize)?;
        (block != 0).then(|| block + self.offset + u64::from(number % self.in_block) * EVENT_STRIDE)
    }

    fn add_block(&mut self, number: u32, block: u64) -> u32 {
        let index = (number / self.in_block) as usize;
        if self.blocks.len() <= index {
            self.blocks.resize(index + 1, 0);
        }
        self.blocks[index] = block;
        index as u32 * self.in_block
    }

    fn hold(&mut self, number: u32, held: T) {
        let index = number as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || Slot { held: None, chain: NO_CHAIN });
        }
        debug_assert!(self.slots[index].held.is_none(), "an allocator gave one out twice");
        self.slots[index].held = Some(held);
    }

    fn take(&mut self, store: StoreNumber, number: u32, chain: u64) -> Found<T> {
        let Some(slot) = self.slots.get_mut(number as usize) else { return Found::Nothing };
        match slot.held.take() {
            Some(taken) => {
                slot.chain = chain;
                Found::Taken(store, taken)
            }
            None if slot.chain == NO_CHAIN => Found::Nothing,
            None => Found::Put { chain: slot.chain },
        }
    }

    fn are_all_back(&self) -> bool {
        self.slots.iter().all(|slot| slot.held.is_none())
    }
}

impl EventTable {
    pub fn new(space: &Space) -> EventTable {
        EventTable {
            state: RefCell::new(State {
                stores: BTreeMap::new(),
                next_store: 0,
                blocks: BTreeMap::new(),
                places: Upwards::new(&space.events),
                free: Vec::new(),
                next_chain: CHAIN_OF_BUFFERS,
                streams: BTreeMap::new(),
                sinks: BTreeMap::new(),
            }),
        }
    }

    /// Drops all events and buffers.
    pub fn clear(&self) {
        let stores = std::mem::take(&mut self.state.borrow_mut().stores);
        drop(stores);
    }

    /// The number of the allocator whose events have this home. A new allocator gets the next
    /// number. `allocator` is the guest's pointer to the allocator.
    pub fn store_of(&self, home: &Rc<EventHome>, allocator: u64) -> StoreNumber {
        let mut state = self.state.borrow_mut();
        let known = state.stores.iter().find(|(_, store)| Rc::ptr_eq(&store.home, home));
        if let Some((number, _)) = known {
            return *number;
        }
        let number = StoreNumber(state.next_store);
        state.next_store += 1;
        let buffer_bytes = u64::from(home.buffer_size);
        let buffer_pages = buffer_bytes.max(1).next_multiple_of(PAGE);
        let store = Store {
            home: Rc::clone(home),
            allocator,
            events: Slots {
                blocks: Vec::new(),
                in_block: EVENTS_IN_BLOCK,
                block_bytes: PAGE,
                offset: 0,
                slots: Vec::new(),
            },
            // A buffer ends where its pages end, so that an access past it faults at once.
            buffers: Slots {
                blocks: Vec::new(),
                in_block: 1,
                block_bytes: buffer_pages,
                offset: buffer_pages - buffer_bytes,
                slots: Vec::new(),
            },
        };
        state.stores.insert(number, store);
        number
    }

    /// The guest's pointer to an allocator; 0 for an unknown allocator.
    pub fn allocator(&self, store: StoreNumber) -> u64 {
        self.state.borrow().stores.get(&store).map_or(0, |store| store.allocator)
    }

    /// The address of an event or a buffer. The error is the memory that the caller must add first,
    /// if the number has no place in the driver's memory yet.
    pub fn address(&self, store: StoreNumber, kind: Kind, number: u32) -> Result<u64, Wanted> {
        let state = self.state.borrow();
        let store = &state.stores[&store];
        let (address, bytes) = match kind {
            Kind::Event => (store.events.address(number), store.events.block_bytes),
            Kind::Buffer => (store.buffers.address(number), store.buffers.block_bytes),
        };
        address.ok_or(Wanted { kind, bytes })
    }

    /// Finds pages for a block, with an unmapped page after them; `None` when the range is used up.
    pub fn place(&self, bytes: u64) -> Option<u64> {
        let mut state = self.state.borrow_mut();
        match state.free.iter().position(|(_, free)| *free == bytes) {
            Some(index) => Some(state.free.remove(index).0),
            None => state.places.take(bytes + PAGE, PAGE),
        }
    }

    /// Takes back the pages of a block, so that they may be used again.
    pub fn give_back(&self, block: u64, bytes: u64) {
        self.state.borrow_mut().free.push((block, bytes));
    }

    /// Adds the block of memory that an event or a buffer needs.
    pub fn add_block(&self, store: StoreNumber, number: u32, block: u64, wanted: Wanted) {
        let mut state = self.state.borrow_mut();
        let Some(entry) = state.stores.get_mut(&store) else { return };
        let first = match wanted.kind {
            Kind::Event => entry.events.add_block(number, block),
            Kind::Buffer => entry.buffers.add_block(number, block),
        };
        let block_entry = Block { store, kind: wanted.kind, first, bytes: wanted.bytes };
        state.blocks.insert(block, block_entry);
    }

    /// Notes that the driver has an event now.
    pub fn hold_event(&self, store: StoreNumber, event: DmusKernelEvent) {
        if let Some(store) = self.state.borrow_mut().stores.get_mut(&store) {
            store.events.hold(event.number(), event);
        }
    }

    /// Notes that the driver has a buffer now.
    pub fn hold_buffer(&self, store: StoreNumber, buffer: EventBuffer) {
        if let Some(store) = self.state.borrow_mut().stores.get_mut(&store) {
            store.buffers.hold(buffer.number(), buffer);
        }
    }

    /// The number of a new chain. Later chains have larger numbers.
    pub fn new_chain(&self) -> u64 {
        let mut state = self.state.borrow_mut();
        state.next_chain += 1;
        state.next_chain
    }

    /// Takes the event at an address from the driver. `chain` is the number of the chain in which
    /// the driver puts the event. The table keeps this number until the event is put again.
    pub fn take_event(&self, address: u64, chain: u64) -> Found<DmusKernelEvent> {
        let mut state = self.state.borrow_mut();
        let Some((number, index)) = state.number_at(address, Kind::Event) else {
            return Found::Nothing;
        };
        let Some(store) = state.stores.get_mut(&number) else { return Found::Nothing };
        store.events.take(number, index, chain)
    }

    /// Takes the buffer at an address from the driver.
    pub fn take_buffer(&self, address: u64) -> Found<EventBuffer> {
        let mut state = self.state.borrow_mut();
        let Some((number, index)) = state.number_at(address, Kind::Buffer) else {
            return Found::Nothing;
        };
        let Some(store) = state.stores.get_mut(&number) else { return Found::Nothing };
        store.buffers.take(number, index, CHAIN_OF_BUFFERS)
    }

    /// Notes the allocator that the driver got with a new stream.
    pub fn open_stream(&self, stream: u64, allocator: u64) {
        self.state.borrow_mut().streams.insert(stream, allocator);
    }

    /// Notes the sink of the port to which a stream sends its events.
    pub fn connect(&self, stream: u64, sink: u64) {
        let mut state = self.state.borrow_mut();
        if let Some(allocator) = state.streams.get(&stream).copied() {
            state.sinks.insert(sink, allocator);
        }
    }

    /// Notes the allocator of a stream of the port, because the driver may put events to this
    /// stream.
    pub fn note_sink(&self, sink: u64, allocator: u64) {
        self.state.borrow_mut().sinks.insert(sink, allocator);
    }

    /// The guest's pointer to the allocator of a stream; 0 for an unknown stream.
    pub fn allocator_of_stream(&self, stream: u64) -> u64 {
        self.state.borrow().streams.get(&stream).copied().unwrap_or(0)
    }

    /// The guest's pointer to the allocator whose events a sink of the port takes. The sink may be
    /// the allocator itself. `None` for an unknown sink.
    pub fn allocator_of_sink(&self, sink: u64) -> Option<u64> {
        let state = self.state.borrow();
        let is_allocator = || {
            let of_stores = state.stores.values().any(|store| store.allocator == sink);
            of_stores || state.streams.values().any(|allocator| *allocator == sink)
        };
        state.sinks.get(&sink).copied().or_else(|| is_allocator().then_some(sink))
    }

    /// Forgets a closed stream. Returns the blocks of its allocator with their sizes, so that the
    /// caller unmaps them. The function returns no blocks while another stream has the same
    /// allocator, or while the driver still has an event or a buffer of the allocator.
    pub fn close_stream(&self, stream: u64) -> Vec<(u64, u64)> {
        let mut state = self.state.borrow_mut();
        let Some(allocator) = state.streams.remove(&stream) else { return Vec::new() };
        if state.streams.values().any(|other| *other == allocator) {
            return Vec::new();
        }
        state.sinks.retain(|_, other| *other != allocator);
        let is_over = |store: &Store| {
            let is_closed = store.allocator == allocator;
            is_closed && store.events.are_all_back() && store.buffers.are_all_back()
        };
        state.stores.retain(|_, store| !is_over(store));
        let State { blocks, stores, .. } = &mut *state;
        let gone = blocks.extract_if(.., |_, block| !stores.contains_key(&block.store));
        gone.map(|(address, block)| (address, block.bytes)).collect()
    }
}

impl State {
    /// The allocator and the number of the event or buffer that begins at an address.
    fn number_at(&self, address: u64, kind: Kind) -> Option<(StoreNumber, u32)> {
        let (start, block) = self.blocks.range(..=address).next_back()?;
        let inside = address - start;
        if block.kind != kind || inside >= block.bytes {
            return None;
        }
        let store = self.stores.get(&block.store)?;
        let offset = match kind {
            Kind::Event => store.events.offset,
            Kind::Buffer => store.buffers.offset,
        };
        let index = match kind {
            Kind::Event if inside.is_multiple_of(EVENT_STRIDE) => (inside / EVENT_STRIDE) as u32,
            Kind::Buffer if inside == offset => 0,
            _ => return None,
        };
        Some((block.store, block.first + index))
    }
}

#[cfg(test)]
mod tests {
    use cpu_x86::Mode;

    use super::*;

    const ALLOCATOR: u64 = 0x1000;
    const STREAM: u64 = 0x2000;
    const SINK: u64 = 0x3000;

    fn home() -> Rc<EventHome> {
        Rc::new(EventHome { inline_limit: 8, buffer_size: 1_024 })
    }

    /// A table with an open stream, the home of the stream's allocator, and the number of the
    /// allocator in the table.
    fn table() -> (EventTable, Rc<EventHome>, StoreNumber) {
        let (table, home) = (EventTable::new(Space::of(Mode::Bits64)), home());
        table.open_stream(STREAM, ALLOCATOR);
        let store = table.store_of(&home, ALLOCATOR);
        (table, home, store)
    }

    /// The address of an event or buffer. An event or buffer without memory gets memory first.
    fn place(table: &EventTable, store: StoreNumber, kind: Kind, number: u32) -> u64 {
        if let Err(wanted) = table.address(store, kind, number) {
            let block = table.place(wanted.bytes).expect("room");
            table.add_block(store, number, block, wanted);
        }
        table.address(store, kind, number).expect("it has memory now")
    }

    #[test]
    fn an_event_has_one_place_and_is_found_there_while_the_driver_has_it() {
        let (table, home, store) = table();
        assert_eq!(table.store_of(&home, ALLOCATOR), store, "it is known");
        let wanted = Wanted { kind: Kind::Event, bytes: PAGE };
        assert_eq!(table.address(store, Kind::Event, 70), Err(wanted));
        let address = place(&table, store, Kind::Event, 70);
        assert_eq!(place(&table, store, Kind::Event, 71), address + EVENT_STRIDE);
        table.hold_event(store, DmusKernelEvent::new(&home, 70));
        assert!(matches!(table.take_event(address + 8, 5), Found::Nothing), "inside of it");
        let Found::Taken(from, event) = table.take_event(address, 5) else { panic!("no event") };
        assert_eq!((from, event.number()), (store, 70));
        assert!(matches!(table.take_event(address, 6), Found::Put { chain: 5 }));
        assert!(matches!(table.take_event(address + EVENT_STRIDE, 6), Found::Nothing), "never got");
    }

    #[test]
    fn a_buffer_ends_where_its_page_ends_and_is_no_event() {
        let (table, home, store) = table();
        let address = place(&table, store, Kind::Buffer, 3);
        assert_eq!((address + 1_024) % PAGE, 0);
        table.hold_buffer(store, EventBuffer::new(&home, 3));
        assert!(matches!(table.take_event(address, 5), Found::Nothing));
        assert!(matches!(table.take_buffer(address + 1), Found::Nothing));
        assert!(matches!(table.take_buffer(address), Found::Taken(..)));
        assert!(matches!(table.take_buffer(address), Found::Put { .. }));
    }

    #[test]
    fn a_sink_belongs_to_the_allocator_of_its_stream() {
        let (table, _home, store) = table();
        table.connect(STREAM, SINK);
        table.connect(STREAM + 1, SINK + 1);
        assert_eq!(table.allocator(store), ALLOCATOR);
        assert_eq!(table.allocator_of_stream(STREAM), ALLOCATOR);
        assert_eq!(table.allocator_of_sink(SINK), Some(ALLOCATOR));
        assert_eq!(table.allocator_of_sink(ALLOCATOR), Some(ALLOCATOR));
        assert_eq!(table.allocator_of_sink(SINK + 1), None, "its stream is not known");
    }

    #[test]
    fn the_memory_of_an_allocator_comes_back_when_its_last_stream_closes_and_nothing_is_out() {
        let (table, home, store) = table();
        let address = place(&table, store, Kind::Event, 0);
        table.hold_event(store, DmusKernelEvent::new(&home, 0));
        table.open_stream(STREAM + 1, ALLOCATOR);
        assert_eq!(table.close_stream(STREAM), [], "another stream has it");
        assert_eq!(table.close_stream(STREAM + 1), [], "the driver has an event");
        table.open_stream(STREAM, ALLOCATOR);
        assert!(matches!(table.take_event(address, 5), Found::Taken(..)));
        assert_eq!(table.close_stream(STREAM), [(address, PAGE)]);
        assert_eq!(table.close_stream(STREAM), [], "it is not open");
        assert!(matches!(table.take_event(address, 5), Found::Nothing));
        table.give_back(address, PAGE);
        assert_eq!(table.place(PAGE), Some(address));
    }
}
