//! DirectMusic events across the border between the port and the driver.
//!
//! When the driver gets an event of the port, the event becomes a DMUS_KERNEL_EVENT in guest
//! memory. The number of the event decides the address. When the driver puts the structure, that
//! is, hands it to the port with PutMessage, the structure becomes the event again. Data that are
//! too long for the structure lie in a buffer, and the number of the buffer decides its address.
//! This file checks what the driver puts, because the driver can write anything into the structure.
//! After a mistake of the driver, the port gets only the part of the chain that is still sure.
//!
//! After the driver has put a structure, this file overwrites the structure with a pattern. So the
//! driver cannot rely on what it reads there. If the pattern has changed when the driver gets the
//! event again, the driver wrote to the event after it had put the event.

use std::rc::Rc;

use cpu_x86::Rights;
use portcls_emulator::{NtStatus, Rule};
use portcls_port::dmus_event::{
    DmusEventFlags, DmusKernelEvent, EventBuffer, EventChain, EventData, EventHome, INLINE_LIMIT,
};
use portcls_port::rules;

use super::kernel_event::{GONE, KernelEvent};
use crate::guest::Guest;
use crate::memory::at;
use crate::tables::event_table::{Found, Kind, StoreNumber};

/// What the emulator does with the events that the driver puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The allocator takes the events back and needs no data.
    Free,
    /// A sink reads the events.
    Send,
}

/// The words of a refusal for events and buffers that get no place in the driver's memory.
pub(crate) const NO_PLACE: &str = "more than the driver's memory for events can hold";

/// A chain that is being taken from the driver.
struct Link {
    /// The number of the chain.
    number: u64,
    /// The event whose package the chain is. `None` for the outer chain, and for the package of an
    /// event that is lost.
    owner: Option<DmusKernelEvent>,
    events: EventChain,
    /// The address of the next event; 0 at the end of the chain.
    next: u64,
}

/// The data of an event that the driver puts.
enum Data {
    /// The event has its data already, or has no data.
    Ready,
    /// The event has a package that begins at this address.
    Package(u64),
}

impl Guest {
    /// Gives the driver a chain of events and returns the address of the first event. `allocator`
    /// is the guest's pointer to their allocator.
    ///
    /// # Errors
    /// The chain, when the driver's memory has no place for all of its events and buffers. Then the
    /// driver has no event and no buffer of the chain.
    pub(crate) fn show_events(
        &self,
        allocator: u64,
        events: EventChain,
    ) -> Result<u64, EventChain> {
        if !self.have_places(allocator, &events) {
            return Err(events);
        }
        let layout = self.layout();
        let next = layout.dmus_kernel_event.p_next_evt;
        let data = layout.dmus_kernel_event.u_data;
        let mut first = 0;
        // The chains that the driver does not have yet, each with the address of the pointer that
        // will lead to the chain. The address 0 stands for the result of this function.
        let mut chains = vec![(0, events)];
        while let Some((mut link, mut chain)) = chains.pop() {
            while let Some(event) = chain.pop() {
                let (address, package) = self.show_event(allocator, event);
                if link == 0 {
                    first = address;
                } else {
                    self.put_word(link, address);
                }
                link = at(address, next);
                if let Some(package) = package {
                    chains.push((at(address, data), package));
                }
            }
        }
        Ok(first)
    }

    /// Finds a place for each event and buffer of a chain, and of the packages in the chain. False
    /// when one event or buffer gets no place.
    fn have_places(&self, allocator: u64, events: &EventChain) -> bool {
        let mut packages = Vec::new();
        let mut chain = events;
        loop {
            for event in chain.iter() {
                let mut has_place =
                    self.has_place(allocator, event.home(), Kind::Event, event.number());
                match event.data() {
                    EventData::Inline(_) => {}
                    EventData::Buffer(buffer) => {
                        has_place &=
                            self.has_place(allocator, buffer.home(), Kind::Buffer, buffer.number());
                    }
                    EventData::Package(inner) => packages.push(&**inner),
                }
                if !has_place {
                    return false;
                }
            }
            match packages.pop() {
                Some(inner) => chain = inner,
                None => return true,
            }
        }
    }

    fn has_place(&self, allocator: u64, home: &Rc<EventHome>, kind: Kind, number: u32) -> bool {
        let store = self.0.events.store_of(home, allocator);
        self.place_of(store, kind, number).is_some()
    }

    /// Gives the driver an event without its package. The event and its buffer already have their
    /// places. Returns the address of the event, and the package.
    fn show_event(&self, allocator: u64, mut event: DmusKernelEvent) -> (u64, Option<EventChain>) {
        let table = &self.0.events;
        let store = table.store_of(event.home(), allocator);
        let address = self.place_of(store, Kind::Event, event.number()).expect("a place");
        let mut shown = KernelEvent::of(&event, self.layout());
        let mut package = None;
        match event.take_data() {
            EventData::Inline(bytes) => {
                let bytes = bytes.as_slice();
                shown.length = bytes.len() as u16;
                shown.data[..bytes.len()].copy_from_slice(bytes);
            }
            EventData::Buffer(buffer) => {
                debug_assert!(
                    buffer.bytes().len() > usize::from(event.home().inline_limit),
                    "the port takes a buffer for what an event cannot hold by itself"
                );
                shown.length = buffer.bytes().len() as u16;
                shown.set_pointer(self.show_buffer(allocator, buffer).expect("a place"));
            }
            EventData::Package(chain) => package = Some(*chain),
        }
        self.check_untouched(address);
        let size = self.layout().dmus_kernel_event.size_of as usize;
        self.put(address, &shown.to_bytes(self.layout())[..size]);
        table.hold_event(store, event);
        (address, package)
    }

    /// Gives the driver a buffer with its bytes, and returns its address.
    ///
    /// # Errors
    /// The buffer, when the driver's memory has no place for it.
    pub(crate) fn show_buffer(
        &self,
        allocator: u64,
        buffer: EventBuffer,
    ) -> Result<u64, EventBuffer> {
        let table = &self.0.events;
        let store = table.store_of(buffer.home(), allocator);
        let Some(address) = self.place_of(store, Kind::Buffer, buffer.number()) else {
            return Err(buffer);
        };
        if !buffer.bytes().is_empty() {
            self.put(address, buffer.bytes());
        }
        table.hold_buffer(store, buffer);
        Ok(address)
    }

    /// Reports a driver that wrote to an event after the driver had put the event.
    fn check_untouched(&self, address: u64) {
        let mut bytes = [GONE; INLINE_LIMIT as usize * 5];
        let size = self.layout().dmus_kernel_event.size_of as usize;
        let read = self.0.vm.cpu.borrow().memory().peek(address, &mut bytes[..size]);
        debug_assert!(read.is_ok() || self.kernel().is_frozen(), "{address:#x} is mapped");
        if bytes.iter().any(|byte| *byte != GONE) {
            let message =
                format!("the DirectMusic event at {address:#x} was written to after it was put");
            self.kernel().report_violation(&rules::EVENT_PUT_TWICE, &message);
        }
    }

    /// The address of an event or buffer. Maps the pages when the event or buffer needs them for
    /// the first time. `None` when the range of addresses for events or the processor's memory is
    /// used up.
    fn place_of(&self, store: StoreNumber, kind: Kind, number: u32) -> Option<u64> {
        let table = &self.0.events;
        let wanted = match table.address(store, kind, number) {
            Ok(address) => return Some(address),
            Err(wanted) => wanted,
        };
        let block = table.place(wanted.bytes)?;
        let is_mapped = {
            let mut cpu = self.0.vm.cpu.borrow_mut();
            let memory = cpu.memory_mut();
            let rights = Rights::READ | Rights::WRITE;
            let is_mapped = memory.map(block, wanted.bytes, rights).is_ok();
            is_mapped && memory.poke(block, &vec![GONE; wanted.bytes as usize]).is_ok()
        };
        if !is_mapped {
            table.give_back(block, wanted.bytes);
            return None;
        }
        table.add_block(store, number, block, wanted);
        table.address(store, kind, number).ok()
    }

    /// Takes the good part of the chain of events at an address from the driver. `sink` is the
    /// object of the port to which the driver puts the chain.
    ///
    /// Every mistake of the driver breaks a rule of the port. An address at which the driver has no
    /// event now ends the chain, because the bytes there say nothing sure about the next event. An
    /// event of another allocator is lost, but this function takes the events after it and in its
    /// package.
    pub(crate) fn take_events(&self, sink: u64, first: u64, intent: Use) -> EventChain {
        let allocator = self.0.events.allocator_of_sink(sink);
        let earliest = self.0.events.new_chain();
        let mut links =
            vec![Link { number: earliest, owner: None, events: EventChain::new(), next: first }];
        loop {
            let link = links.last_mut().expect("the outer chain is there until it ends");
            if link.next == 0 {
                let Some(Link { owner, events, .. }) = links.pop() else {
                    return EventChain::new();
                };
                let Some(outer) = links.last_mut() else { return events };
                match owner {
                    Some(mut owner) => {
                        if !events.is_empty() {
                            owner.set_package(events);
                        }
                        outer.events.push(owner);
                    }
                    // The event that held this chain as its package is lost. The events of the
                    // package are not lost.
                    None => events.into_iter().for_each(|event| outer.events.push(event)),
                }
                continue;
            }
            let address = std::mem::replace(&mut link.next, 0);
            let (store, event) = match self.0.events.take_event(address, link.number) {
                Found::Taken(store, event) => (store, event),
                Found::Put { chain } => {
                    self.report_put_again(address, chain, &links);
                    continue;
                }
                Found::Nothing => {
                    self.report_event(&rules::EVENT_FOREIGN, address, "is from no allocator");
                    continue;
                }
            };
            let is_foreign =
                allocator.is_some_and(|allocator| self.0.events.allocator(store) != allocator);
            if is_foreign {
                let what = "was put to another allocator than it is from";
                self.report_event(&rules::EVENT_FOREIGN, address, what);
            }
            let (event, next, data) = self.read_event(address, store, event, intent);
            link.next = next;
            // Assumed: the event is lost with its buffer, like an event that a Rust driver puts to
            // a wrong allocator.
            let event = (!is_foreign).then_some(event);
            match (data, event) {
                (Data::Ready, event) => event.into_iter().for_each(|event| link.events.push(event)),
                (Data::Package(inner), owner) => {
                    let number = self.0.events.new_chain();
                    let events = EventChain::new();
                    links.push(Link { number, owner, events, next: inner });
                }
            }
        }
    }

    /// Reads the structure of an event that was just taken, checks it, and overwrites it with the
    /// pattern. Returns the event, the address of the next event, and whether the data are in the
    /// event or are a package that the caller must take.
    fn read_event(
        &self,
        address: u64,
        store: StoreNumber,
        mut event: DmusKernelEvent,
        intent: Use,
    ) -> (DmusKernelEvent, u64, Data) {
        let layout = self.layout();
        let size = layout.dmus_kernel_event.size_of as usize;
        let mut bytes = [0; INLINE_LIMIT as usize * 5];
        {
            let mut cpu = self.0.vm.cpu.borrow_mut();
            let memory = cpu.memory_mut();
            memory.peek(address, &mut bytes[..size]).expect("an event is mapped");
            memory.poke(address, &[GONE; INLINE_LIMIT as usize * 5][..size]).expect("and stays so");
        }
        let read = KernelEvent::parse(&bytes, layout);
        if read.reserved != 0 {
            let what = format!("has {:#x} in bReserved", read.reserved);
            self.report_event(&rules::EVENT_RESERVED_CHANGED, address, &what);
        }
        if usize::from(read.size) != size {
            let what = format!("has {} in cbStruct, which was {size}", read.size);
            self.report_event(&rules::EVENT_SIZE_CHANGED, address, &what);
        }
        event.flags = DmusEventFlags::from_bits_retain(read.flags) - DmusEventFlags::PACKAGE;
        event.channel_group = read.channel_group;
        event.time_100ns = read.time_100ns;
        event.byte_position = read.byte_position;
        if read.flags & DmusEventFlags::PACKAGE.bits() != 0 {
            // An emptied package has a null pointer.
            let package = read.pointer();
            let data = if package == 0 { Data::Ready } else { Data::Package(package) };
            return (event, read.next, data);
        }
        if read.length <= event.home().inline_limit.into() {
            event.set_inline(&read.data[..usize::from(read.length)]);
        } else {
            self.take_long_data(address, store, &mut event, &read, intent);
        }
        (event, read.next, Data::Ready)
    }

    /// Gives an event the buffer that the driver set as its data. An event whose data are not
    /// sure stays empty.
    fn take_long_data(
        &self,
        address: u64,
        store: StoreNumber,
        event: &mut DmusKernelEvent,
        read: &KernelEvent,
        intent: Use,
    ) {
        let data = read.pointer();
        let foreign = &rules::EVENT_DATA_FOREIGN;
        if data == 0 {
            let what = format!("has {} bytes, and pbData is null", read.length);
            return self.report_event(&rules::EVENT_DATA_MISSING, address, &what);
        }
        let room = event.home().buffer_size;
        if read.length > room {
            let what = format!("has {} bytes, and a buffer has room for {room}", read.length);
            self.report_event(&rules::EVENT_TOO_LONG, address, &what);
        }
        let length = read.length.min(room);
        match self.take_buffer_at(data, length, intent) {
            Found::Taken(owner, buffer) if owner == store => event.set_buffer(buffer),
            Found::Taken(..) => {
                let what = format!("has the buffer {data:#x} of another allocator");
                self.report_event(foreign, address, &what);
            }
            Found::Put { .. } => {
                let what = format!("has the buffer {data:#x}, which the driver has put before");
                self.report_event(foreign, address, &what);
            }
            Found::Nothing => {
                let what = format!("has {data:#x} in pbData, which GetBuffer did not give");
                self.report_event(foreign, address, &what);
            }
        }
    }

    /// Takes a buffer from the driver. `length` is the number of data bytes in the buffer. Only
    /// `Use::Send` reads them.
    fn take_buffer_at(&self, address: u64, length: u16, intent: Use) -> Found<EventBuffer> {
        let found = self.0.events.take_buffer(address);
        let Found::Taken(store, mut buffer) = found else { return found };
        buffer.clear();
        let room = usize::from(buffer.home().buffer_size);
        let mut bytes = vec![GONE; room];
        let mut cpu = self.0.vm.cpu.borrow_mut();
        let memory = cpu.memory_mut();
        if intent == Use::Send {
            let data = &mut bytes[..usize::from(length)];
            memory.peek(address, data).expect("a buffer is mapped");
            buffer.push(data);
            data.fill(GONE);
        }
        memory.poke(address, &bytes).expect("a buffer is mapped");
        Found::Taken(store, buffer)
    }

    /// Takes back a buffer that the driver puts without an event.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for an address at which the driver has no buffer of this
    /// allocator. Such an address also breaks the rule event-data-foreign.
    pub(crate) fn take_buffer(
        &self,
        allocator: u64,
        address: u64,
    ) -> Result<EventBuffer, NtStatus> {
        let what = match self.take_buffer_at(address, 0, Use::Free) {
            Found::Taken(store, buffer) if self.0.events.allocator(store) == allocator => {
                return Ok(buffer);
            }
            Found::Taken(..) => "is of another allocator",
            Found::Put { .. } => "was put before",
            Found::Nothing => "is from no allocator",
        };
        let message = format!("the buffer at {address:#x} {what}{}", self.caller_in_words());
        self.kernel().report_violation(&rules::EVENT_DATA_FOREIGN, &message);
        Err(NtStatus::INVALID_PARAMETER)
    }

    /// Reports an event that the driver puts although it no longer has the event. The driver has
    /// put the event before, or the event stands twice in the chain that the driver puts.
    fn report_put_again(&self, address: u64, chain: u64, links: &[Link]) {
        let innermost = links.last().map(|link| link.number);
        if Some(chain) == innermost {
            let what = "is reached again by pNextEvt from itself";
            self.report_event(&rules::EVENT_CHAIN_LOOP, address, what);
        } else if links.iter().any(|link| link.number == chain) {
            let what = "is in a package that it holds itself or that is behind it";
            self.report_event(&rules::EVENT_PACKAGE_LOOP, address, what);
        } else {
            self.report_event(&rules::EVENT_PUT_TWICE, address, "was put before");
        }
    }

    #[cold]
    fn report_event(&self, rule: &'static Rule, address: u64, what: &str) {
        let caller = self.caller_in_words();
        let message = format!("the DirectMusic event at {address:#x} {what}{caller}");
        self.kernel().report_violation(rule, &message);
    }

    /// Who called the routine being served: `; IMXF::PutMessage, called before the driver+0x1234`.
    fn caller_in_words(&self) -> String {
        let Some(serving) = self.0.serving.get() else { return String::new() };
        let caller = self.describe_address(serving.return_address);
        format!("; {}, called before {caller}", self.name_of_serving())
    }

    /// Closes a stream: unmaps the events and buffers of its allocator. They stay mapped while
    /// another stream has this allocator, or while the driver has one of them.
    pub(crate) fn close_stream_events(&self, stream: u64) {
        for (block, bytes) in self.0.events.close_stream(stream) {
            let unmapped = self.0.vm.cpu.borrow_mut().memory_mut().unmap(block, bytes);
            if unmapped.is_ok() {
                self.0.events.give_back(block, bytes);
            }
        }
    }
}
