//! The allocator of a stream: events and buffers that are used again and again.
//!
//! Owns how many there are and which are out. An event is a number here until it is handed out, so
//! nothing is allocated for one; a buffer is memory, made when it is first needed. What an event
//! means is not known here.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, NtStatus};

use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::dmus_event::{DmusKernelEvent, EventBuffer, EventChain, EventData, EventHome};
use crate::guid::Guid;
use crate::interfaces::{IAllocatorMxf, IMxf};
use crate::ks::KsState;
use crate::rules::{self, require_irql_at_most};

/// Events that an allocator has from the start, and that it grows by. Assumed: the pages say that
/// there are some, not how many.
const EVENTS_AT_ONCE: u32 = 1_000;

/// The most events of one allocator. Assumed: 13 minutes of notes at the pace of the wire; a driver
/// that holds so many puts none of them back.
pub(crate) const EVENT_LIMIT: u32 = 250_000;

/// The room in a buffer, in bytes. Assumed: the pages only say that it is the same for all.
pub(crate) const BUFFER_SIZE: u16 = 1_024;

/// The most buffers of one allocator: 16 MiB. Assumed: as for the events.
pub(crate) const BUFFER_LIMIT: u32 = 16_384;

/// The events and buffers of one stream.
pub(super) struct EventAllocator {
    home: Rc<EventHome>,

    /// The numbers of the events that are not out.
    free_events: RefCell<Vec<u32>>,
    events: Cell<u32>,
    /// The buffers that are not out.
    free_buffers: RefCell<Vec<EventBuffer>>,
    buffers: Cell<u32>,
}

/// What an allocator has handed out and not got back.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Outstanding {
    pub events: u32,
    pub buffers: u32,
}

impl EventAllocator {
    /// An allocator for a driver whose events hold so many bytes by themselves.
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when an oracle refuses the memory.
    pub fn new(kernel: &Kernel, inline_limit: u8) -> Result<Rc<EventAllocator>, NtStatus> {
        let allocator = EventAllocator {
            home: Rc::new(EventHome { inline_limit, buffer_size: BUFFER_SIZE }),
            free_events: RefCell::default(),
            events: Cell::new(0),
            free_buffers: RefCell::default(),
            buffers: Cell::new(0),
        };
        allocator.grow(kernel)?;
        Ok(Rc::new(allocator))
    }

    /// What is out now.
    pub fn outstanding(&self) -> Outstanding {
        Outstanding {
            events: self.events.get() - self.free_events.borrow().len() as u32,
            buffers: self.buffers.get() - self.free_buffers.borrow().len() as u32,
        }
    }

    /// Makes an event with these bytes, in a buffer where they need one. At most [`BUFFER_SIZE`]
    /// of them. IRQL: up to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// As [`IAllocatorMxf::get_message`] and [`IAllocatorMxf::get_buffer`].
    pub fn event_of(&self, kernel: &Kernel, bytes: &[u8]) -> Result<DmusKernelEvent, NtStatus> {
        let mut event = self.take_event(kernel)?;
        if bytes.len() <= usize::from(self.home.inline_limit) {
            event.set_inline(bytes);
            return Ok(event);
        }
        match self.take_buffer(kernel) {
            Ok(mut buffer) => {
                buffer.push(bytes);
                event.set_buffer(buffer);
                Ok(event)
            }
            Err(status) => {
                self.free(event);
                Err(status)
            }
        }
    }

    /// Takes an event back that is this allocator's, with its data if they are.
    pub fn free(&self, event: DmusKernelEvent) {
        let foreign = self.free_all(event.into());
        debug_assert_eq!(foreign, Outstanding::default(), "the port's own events are its own");
    }

    /// Takes back all that is in a chain and is this allocator's; returns what is not, which is
    /// lost.
    fn free_all(&self, chain: EventChain) -> Outstanding {
        let mut foreign = Outstanding::default();
        // Packages in packages are a driver's to build: they must not deepen the stack.
        let mut chains = vec![chain];
        while let Some(mut chain) = chains.pop() {
            while let Some(mut event) = chain.pop() {
                match event.take_data() {
                    EventData::Buffer(buffer) if self.is_home(buffer.home()) => {
                        self.free_buffer(buffer);
                    }
                    EventData::Buffer(_) => foreign.buffers += 1,
                    EventData::Package(inner) => chains.push(*inner),
                    EventData::Inline(_) => {}
                }
                if self.is_home(event.home()) {
                    self.free_events.borrow_mut().push(event.number());
                } else {
                    foreign.events += 1;
                }
            }
        }
        foreign
    }

    fn free_buffer(&self, mut buffer: EventBuffer) {
        buffer.clear();
        self.free_buffers.borrow_mut().push(buffer);
    }

    fn is_home(&self, home: &Rc<EventHome>) -> bool {
        Rc::ptr_eq(home, &self.home)
    }

    fn take_event(&self, kernel: &Kernel) -> Result<DmusKernelEvent, NtStatus> {
        if self.free_events.borrow().is_empty() {
            self.grow(kernel)?;
        }
        let number = self.free_events.borrow_mut().pop();
        let number = number.ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        Ok(DmusKernelEvent::new(&self.home, number))
    }

    fn grow(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        let first = self.events.get();
        if first >= EVENT_LIMIT {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        kernel.ask_allocation()?;
        let end = EVENT_LIMIT.min(first + EVENTS_AT_ONCE);
        self.free_events.borrow_mut().extend((first..end).rev());
        self.events.set(end);
        Ok(())
    }

    fn take_buffer(&self, kernel: &Kernel) -> Result<EventBuffer, NtStatus> {
        let free = self.free_buffers.borrow_mut().pop();
        if let Some(buffer) = free {
            return Ok(buffer);
        }
        let number = self.buffers.get();
        if number >= BUFFER_LIMIT {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        kernel.ask_allocation()?;
        self.buffers.set(number + 1);
        Ok(EventBuffer::new(&self.home, number))
    }
}

impl IUnknown for EventAllocator {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IAllocatorMxf, IMxf)
    }
}

/// Assumed: what only a stream has a use for succeeds without effect; the pages are silent.
impl IMxf for EventAllocator {
    fn set_state(&self, _kernel: &Kernel, _state: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IAllocatorMXF::PutMessage");
        let Some(chain) = events else { return Ok(()) };
        let foreign = self.free_all(chain);
        if foreign.events > 0 {
            let message = format!("{} events were put to another allocator", foreign.events);
            kernel.report_violation(&rules::EVENT_FOREIGN, &message);
        }
        if foreign.buffers > 0 {
            let message = format!("{} events had another allocator's buffer", foreign.buffers);
            kernel.report_violation(&rules::EVENT_DATA_FOREIGN, &message);
        }
        Ok(())
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

impl IAllocatorMxf for EventAllocator {
    fn get_message(&self, kernel: &Kernel) -> Result<DmusKernelEvent, NtStatus> {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IAllocatorMXF::GetMessage");
        self.take_event(kernel)
    }

    fn get_buffer_size(&self) -> u16 {
        BUFFER_SIZE
    }

    fn get_buffer(&self, kernel: &Kernel) -> Result<EventBuffer, NtStatus> {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IAllocatorMXF::GetBuffer");
        self.take_buffer(kernel)
    }

    fn put_buffer(&self, kernel: &Kernel, buffer: EventBuffer) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IAllocatorMXF::PutBuffer");
        if self.is_home(buffer.home()) {
            self.free_buffer(buffer);
            return Ok(());
        }
        let message = "a buffer was put to another allocator";
        kernel.report_violation(&rules::EVENT_DATA_FOREIGN, message);
        Err(NtStatus::INVALID_PARAMETER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::com::query;
    use portcls_emulator::KernelConfig;

    fn allocator(kernel: &Kernel) -> Rc<EventAllocator> {
        EventAllocator::new(kernel, 8).unwrap()
    }

    fn broken(kernel: &Kernel) -> Vec<&'static str> {
        kernel.violations().iter().map(|it| it.rule.id).collect()
    }

    fn out(events: u32, buffers: u32) -> Outstanding {
        Outstanding { events, buffers }
    }

    #[test]
    fn the_event_that_came_back_last_is_handed_out_next() {
        let kernel = Kernel::new(KernelConfig::default());
        let allocator = allocator(&kernel);
        let first = allocator.get_message(&kernel).unwrap();
        let second = allocator.get_message(&kernel).unwrap();
        assert_eq!((first.number(), second.number()), (0, 1));
        assert_eq!(allocator.outstanding(), out(2, 0));
        allocator.put_message(&kernel, Some(first.into())).unwrap();
        assert_eq!(allocator.get_message(&kernel).unwrap().number(), 0);
        drop(second);
        assert_eq!(allocator.outstanding(), out(2, 0));
    }

    #[test]
    fn an_event_is_zero_each_time_it_is_handed_out() {
        let kernel = Kernel::new(KernelConfig::default());
        let allocator = allocator(&kernel);
        let mut event = allocator.event_of(&kernel, &[0xF0; 100]).unwrap();
        event.time_100ns = 7;
        event.channel_group = 1;
        allocator.free(event);
        assert_eq!(allocator.outstanding(), out(0, 0));
        let event = allocator.get_message(&kernel).unwrap();
        assert_eq!((event.time_100ns, event.channel_group, event.length()), (0, 0, 0));
        allocator.free(event);
    }

    #[test]
    fn five_bytes_need_a_buffer_where_a_pointer_has_four() {
        let kernel = Kernel::new(KernelConfig::default());
        for (inline_limit, buffers) in [(8, 0), (4, 1)] {
            let allocator = EventAllocator::new(&kernel, inline_limit).unwrap();
            let event = allocator.event_of(&kernel, &[0xF0, 1, 2, 3, 0xF7]).unwrap();
            assert_eq!(event.bytes(), [0xF0, 1, 2, 3, 0xF7]);
            assert_eq!(allocator.outstanding(), out(1, buffers));
            allocator.free(event);
        }
    }

    #[test]
    fn a_package_comes_back_with_all_that_is_in_it() {
        let kernel = Kernel::new(KernelConfig::default());
        let allocator = allocator(&kernel);
        let long = allocator.event_of(&kernel, &[1; 9]).unwrap();
        let short = allocator.event_of(&kernel, &[2]).unwrap();
        let mut inner = allocator.get_message(&kernel).unwrap();
        inner.set_package([long, short].into_iter().collect());
        let mut package = allocator.get_message(&kernel).unwrap();
        package.set_package(inner.into());
        let tail = allocator.get_message(&kernel).unwrap();
        assert_eq!(allocator.outstanding(), out(5, 1));
        let chain = [package, tail].into_iter().collect();
        assert_eq!(allocator.put_message(&kernel, Some(chain)), Ok(()));
        assert_eq!(allocator.outstanding(), out(0, 0));
    }

    #[test]
    fn packages_in_packages_are_freed_however_deep_they_are() {
        let kernel = Kernel::new(KernelConfig::default());
        let allocator = allocator(&kernel);
        let mut event = allocator.get_message(&kernel).unwrap();
        for _ in 0..50_000 {
            let mut outer = allocator.get_message(&kernel).unwrap();
            outer.set_package(event.into());
            event = outer;
        }
        allocator.free(event);
        assert_eq!(allocator.outstanding(), out(0, 0));
    }

    #[test]
    fn the_pool_grows_up_to_its_limit_and_no_further() {
        let kernel = Kernel::new(KernelConfig::default());
        let allocator = allocator(&kernel);
        let mut chain = EventChain::new();
        for number in 0..EVENT_LIMIT {
            let event = allocator.get_message(&kernel).unwrap();
            assert_eq!(event.number(), number);
            chain.push(event);
        }
        let refused = allocator.get_message(&kernel).err();
        assert_eq!(refused, Some(NtStatus(0xC000_009A)));
        allocator.put_message(&kernel, Some(chain)).unwrap();
        assert_eq!(allocator.outstanding(), out(0, 0));
        assert!(allocator.get_message(&kernel).is_ok());
    }

    #[test]
    fn without_a_buffer_there_is_no_event_either() {
        let kernel = Kernel::new(KernelConfig::default());
        let allocator = allocator(&kernel);
        let held: Vec<_> =
            (0..BUFFER_LIMIT).map(|_| allocator.get_buffer(&kernel).unwrap()).collect();
        let refused = allocator.event_of(&kernel, &[0; 9]).err();
        assert_eq!(refused, Some(NtStatus(0xC000_009A)));
        assert_eq!(allocator.outstanding(), out(0, BUFFER_LIMIT));
        for buffer in held {
            assert_eq!(allocator.put_buffer(&kernel, buffer), Ok(()));
        }
        assert_eq!(allocator.outstanding(), out(0, 0));
    }

    #[test]
    fn what_belongs_to_another_allocator_is_told_and_lost_to_it() {
        let kernel = Kernel::new(KernelConfig::default());
        let (one, other) = (allocator(&kernel), allocator(&kernel));
        let mut event = one.get_message(&kernel).unwrap();
        event.set_buffer(one.get_buffer(&kernel).unwrap());
        assert_eq!(other.put_message(&kernel, Some(event.into())), Ok(()));
        assert_eq!(broken(&kernel), ["event-foreign", "event-data-foreign"]);
        let lone = one.get_buffer(&kernel).unwrap();
        assert_eq!(other.put_buffer(&kernel, lone), Err(NtStatus(0xC000_000D)));
        assert_eq!(broken(&kernel).len(), 3);
        assert_eq!((one.outstanding(), other.outstanding()), (out(1, 2), out(0, 0)));
    }

    #[test]
    fn an_event_is_not_asked_for_above_dispatch_level() {
        let kernel = Kernel::new(KernelConfig::default());
        let allocator = allocator(&kernel);
        let old = kernel.raise_irql(Irql(5));
        let event = allocator.get_message(&kernel).unwrap();
        allocator.put_message(&kernel, Some(event.into())).unwrap();
        kernel.lower_irql(old);
        assert_eq!(broken(&kernel), ["PcIrqlIport", "PcIrqlIport"]);
    }

    #[test]
    fn an_allocator_is_a_sink_that_takes_everything() {
        let kernel = Kernel::new(KernelConfig::default());
        let allocator = allocator(&kernel);
        let sink = query::<dyn IMxf>(&allocator).unwrap();
        assert_eq!(sink.set_state(&kernel, KsState::Run), Ok(()));
        assert_eq!(sink.put_message(&kernel, None), Ok(()));
        assert_eq!(sink.connect_output(&kernel, Rc::clone(&sink)), Ok(()));
        assert_eq!(sink.disconnect_output(&kernel, None), Ok(()));
        let again = query::<dyn IAllocatorMxf>(&sink).unwrap();
        assert_eq!(again.get_buffer_size(), 1_024);
    }
}
