//! The allocator of a stream: events and buffers, used again and again.
//!
//! This file owns the number of events and buffers, and knows how many events and buffers are out.
//! The allocator gets the memory of an event or a buffer when it first hands out that event or
//! buffer, and keeps the memory. This file does not know what an event means.

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

/// The number of events that an allocator has from the start. When the allocator grows, this number
/// of events is added. Assumed: the pages say that there are some events from the start, but not
/// how many.
const EVENTS_AT_ONCE: u32 = 1_000;

/// One allocator has at most this number of events. Assumed: a driver that holds all of them never
/// puts an event back. At the speed of the wire, this number of messages of three bytes takes
/// 4 minutes.
pub(crate) const EVENT_LIMIT: u32 = 250_000;

/// The room in a buffer, in bytes. Assumed: the pages only say that all buffers have the same room.
pub(crate) const BUFFER_SIZE: u16 = 1_024;

/// One allocator has at most this number of buffers: 16 MiB. Assumed: a driver that holds all of
/// them never puts a buffer back.
pub(crate) const BUFFER_LIMIT: u32 = 16_384;

/// The events and buffers of one stream.
pub(super) struct EventAllocator {
    home: Rc<EventHome>,

    /// The events that came back. All their fields are zero.
    free_events: RefCell<Vec<DmusKernelEvent>>,
    /// The number of events that were handed out at least once. The next new event gets this
    /// number.
    used_events: Cell<u32>,
    /// The number of events in all.
    events: Cell<u32>,
    /// The buffers that are not out.
    free_buffers: RefCell<Vec<EventBuffer>>,
    /// The number of buffers in all.
    buffers: Cell<u32>,
}

/// Numbers of events and buffers: those that an allocator has given out and has not yet taken back,
/// or those in a chain that belong to other allocators.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Outstanding {
    pub events: u32,
    pub buffers: u32,
}

impl EventAllocator {
    /// Makes an allocator for a driver whose events hold at most `inline_limit` bytes without a
    /// buffer. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when an oracle refuses the memory.
    pub fn new(kernel: &Kernel, inline_limit: u8) -> Result<Rc<EventAllocator>, NtStatus> {
        let allocator = EventAllocator {
            home: Rc::new(EventHome { inline_limit, buffer_size: BUFFER_SIZE }),
            free_events: RefCell::default(),
            used_events: Cell::new(0),
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
            events: self.used_events.get().saturating_sub(self.free_events.borrow().len() as u32),
            buffers: self.buffers.get().saturating_sub(self.free_buffers.borrow().len() as u32),
        }
    }

    /// Makes an event with these bytes. The event gets a buffer when it has no room for the bytes.
    /// Limits: at most [`BUFFER_SIZE`] bytes. IRQL: up to DISPATCH_LEVEL.
    ///
    /// # Errors
    /// The errors of [`IAllocatorMxf::get_message`] and [`IAllocatorMxf::get_buffer`].
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

    /// Takes back an event of this allocator, with its data. The port calls this only for its own
    /// events, so the event and its data come from this allocator.
    pub fn free(&self, event: DmusKernelEvent) {
        let foreign = self.free_all(event.into());
        debug_assert_eq!(foreign, Outstanding::default(), "the port's own events are its own");
    }

    /// Takes back the events and buffers of this allocator that are in a chain. Returns how many
    /// events and buffers of other allocators the chain has. These events and buffers are lost.
    fn free_all(&self, mut chain: EventChain) -> Outstanding {
        let mut foreign = Outstanding::default();
        while let Some(event) = chain.pop() {
            if let Some(package) = self.free_one(event, &mut foreign) {
                self.free_packages(chain, package, &mut foreign);
                break;
            }
        }
        foreign
    }

    /// Takes back the rest of a chain and the packages in the chain. The caller has found the first
    /// package.
    ///
    /// A driver can build packages in packages of any depth. This function does not recurse,
    /// because the stack must not grow with the depth.
    #[cold]
    fn free_packages(
        &self,
        mut chain: EventChain,
        first: Box<EventChain>,
        foreign: &mut Outstanding,
    ) {
        let mut packages = vec![first];
        loop {
            while let Some(event) = chain.pop() {
                packages.extend(self.free_one(event, foreign));
            }
            match packages.pop() {
                Some(inner) => chain = *inner,
                None => return,
            }
        }
    }

    /// Takes back an event and its data. This function does not take back the package of an event,
    /// but returns it.
    fn free_one(
        &self,
        mut event: DmusKernelEvent,
        foreign: &mut Outstanding,
    ) -> Option<Box<EventChain>> {
        let mut package = None;
        match event.reset() {
            EventData::Inline(_) => {}
            EventData::Buffer(buffer) if self.is_home(buffer.home()) => self.free_buffer(buffer),
            EventData::Buffer(_) => foreign.buffers += 1,
            EventData::Package(inner) => package = Some(inner),
        }
        if self.is_home(event.home()) {
            self.free_events.borrow_mut().push(event);
        } else {
            foreign.events += 1;
        }
        package
    }

    fn free_buffer(&self, mut buffer: EventBuffer) {
        buffer.clear();
        self.free_buffers.borrow_mut().push(buffer);
    }

    fn is_home(&self, home: &Rc<EventHome>) -> bool {
        Rc::ptr_eq(home, &self.home)
    }

    fn take_event(&self, kernel: &Kernel) -> Result<DmusKernelEvent, NtStatus> {
        let free = self.free_events.borrow_mut().pop();
        match free {
            Some(event) => Ok(event),
            None => self.take_new_event(kernel),
        }
    }

    /// Takes an event that was never handed out.
    #[cold]
    fn take_new_event(&self, kernel: &Kernel) -> Result<DmusKernelEvent, NtStatus> {
        let number = self.used_events.get();
        if number == self.events.get() {
            self.grow(kernel)?;
        }
        self.used_events.set(number + 1);
        Ok(DmusKernelEvent::new(&self.home, number))
    }

    fn grow(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        let first = self.events.get();
        if first >= EVENT_LIMIT {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        kernel.ask_allocation()?;
        self.events.set(EVENT_LIMIT.min(first + EVENTS_AT_ONCE));
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

/// Reports events and buffers of other allocators that were put to this allocator.
#[cold]
fn report_foreign(kernel: &Kernel, foreign: Outstanding) {
    if foreign.events > 0 {
        let message = format!("{} events were put to another allocator", foreign.events);
        kernel.report_violation(&rules::EVENT_FOREIGN, &message);
    }
    if foreign.buffers > 0 {
        let message = format!("{} events had another allocator's buffer", foreign.buffers);
        kernel.report_violation(&rules::EVENT_DATA_FOREIGN, &message);
    }
}

impl IUnknown for EventAllocator {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IAllocatorMxf, IMxf)
    }
}

/// Assumed: a method that only a stream can use succeeds without effect, because the WDK's pages do
/// not say what it does here.
impl IMxf for EventAllocator {
    fn set_state(&self, _kernel: &Kernel, _state: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IAllocatorMXF::PutMessage");
        let Some(chain) = events else { return Ok(()) };
        let foreign = self.free_all(chain);
        if foreign != Outstanding::default() {
            report_foreign(kernel, foreign);
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
mod tests;
