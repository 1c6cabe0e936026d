//! A DirectMusic miniport on a scripted card, its allocator and its sink.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType, Resource};
use portcls_miniport::MiniportDMusUart;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::dmus_event::{
    DmusEventFlags, DmusKernelEvent, EventBuffer, EventChain, EventHome, INLINE_LIMIT,
};
use portcls_port::guid::Guid;
use portcls_port::interfaces::{
    DmusStreamRequest, DmusStreamType, IAllocatorMxf, IMasterClock, IMiniportDMus, IMxf, IPortDMus,
    NewDmusStream,
};
use portcls_port::ks::{KsDataFormat, KsState};
use portcls_port::{answer_query, pc_new_resource_list};

use crate::rig::{QUICK_START, Rig, Wiring, interrupt, ports};

/// An allocator that numbers its events and notes which events came back.
pub struct Pool {
    home: Rc<EventHome>,
    next: Cell<u32>,
    /// Whether GetMessage fails.
    pub is_empty: Cell<bool>,
    /// The numbers of the events that came back, one list for each call of PutMessage.
    pub back: RefCell<Vec<Vec<u32>>>,
}

impl Pool {
    fn new() -> Rc<Pool> {
        let home = Rc::new(EventHome { inline_limit: INLINE_LIMIT, buffer_size: 64 });
        let (next, is_empty, back) = (Cell::default(), Cell::default(), RefCell::default());
        Rc::new(Pool { home, next, is_empty, back })
    }

    /// An event with these bytes.
    pub fn event(&self, bytes: &[u8]) -> DmusKernelEvent {
        let number = self.next.replace(self.next.get() + 1);
        let mut event = DmusKernelEvent::new(&self.home, number);
        if bytes.len() <= usize::from(INLINE_LIMIT) {
            event.set_inline(bytes);
        } else {
            let mut buffer = EventBuffer::new(&self.home, number);
            assert_eq!(buffer.push(bytes), bytes.len());
            event.set_buffer(buffer);
        }
        event
    }

    /// The numbers of the events that came back since the last call of this method, and the
    /// number of PutMessage calls that brought them.
    pub fn take_back(&self) -> (Vec<u32>, usize) {
        let back = self.back.take();
        (back.concat(), back.len())
    }
}

impl IUnknown for Pool {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMxf, IAllocatorMxf)
    }
}

impl IMxf for Pool {
    fn set_state(&self, _: &Kernel, _: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    fn put_message(&self, _: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        if let Some(events) = events {
            self.back.borrow_mut().push(events.iter().map(DmusKernelEvent::number).collect());
        }
        Ok(())
    }

    fn connect_output(&self, _: &Kernel, _: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        Ok(())
    }

    fn disconnect_output(&self, _: &Kernel, _: Option<&Rc<dyn IMxf>>) -> Result<(), NtStatus> {
        Ok(())
    }
}

impl IAllocatorMxf for Pool {
    fn get_message(&self, _: &Kernel) -> Result<DmusKernelEvent, NtStatus> {
        if self.is_empty.get() {
            Err(NtStatus::INSUFFICIENT_RESOURCES)
        } else {
            Ok(self.event(&[]))
        }
    }

    fn get_buffer_size(&self) -> u16 {
        self.home.buffer_size
    }

    fn get_buffer(&self, _: &Kernel) -> Result<EventBuffer, NtStatus> {
        Err(NtStatus::INSUFFICIENT_RESOURCES)
    }

    fn put_buffer(&self, _: &Kernel, _: EventBuffer) -> Result<(), NtStatus> {
        Ok(())
    }
}

/// An event that a stream put to a sink.
#[derive(Clone, Debug, PartialEq)]
pub struct Put {
    pub time_us: u64,
    pub channel_group: u16,
    pub flags: DmusEventFlags,
    pub bytes: Vec<u8>,
}

/// The port's end of a capture stream.
#[derive(Default)]
pub struct Sink {
    /// The chains in the order of their arrival.
    pub chains: RefCell<Vec<Vec<Put>>>,
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
        let puts = events.into_iter().flatten().map(|event| Put {
            time_us: event.time_100ns as u64 / 10,
            channel_group: event.channel_group,
            flags: event.flags,
            bytes: event.bytes().to_vec(),
        });
        self.chains.borrow_mut().push(puts.collect());
        Ok(())
    }

    fn connect_output(&self, _: &Kernel, _: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        Err(NtStatus::UNSUCCESSFUL)
    }

    fn disconnect_output(&self, _: &Kernel, _: Option<&Rc<dyn IMxf>>) -> Result<(), NtStatus> {
        Err(NtStatus::UNSUCCESSFUL)
    }
}

/// A master clock that gives the time since power-on.
struct Clock;

impl IUnknown for Clock {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMasterClock)
    }
}

impl IMasterClock for Clock {
    fn get_time(&self, kernel: &Kernel) -> Result<i64, NtStatus> {
        Ok((kernel.now_ns() / 100) as i64)
    }
}

/// A started miniport with the objects that its streams need.
pub struct DmusRig {
    pub rig: Rig,
    pub miniport: Rc<MiniportDMusUart>,
    pub pool: Rc<Pool>,
}

impl DmusRig {
    /// A rig whose miniport has started, and whose script is empty again.
    pub fn started(wiring: Wiring) -> DmusRig {
        let rig = Rig::new(wiring);
        rig.script.expect(QUICK_START);
        let mut resources = vec![ports(0x330, 2)];
        if wiring == Wiring::Interrupt {
            resources.push(interrupt());
        }
        let miniport = MiniportDMusUart::new();
        init(&rig, &miniport, None, &resources).unwrap();
        rig.script.check();
        DmusRig { rig, miniport, pool: Pool::new() }
    }

    /// Opens a stream on a pin.
    pub fn open(&self, pin: u32, stream_type: DmusStreamType) -> Result<NewDmusStream, NtStatus> {
        let allocator: Rc<dyn IAllocatorMxf> = Rc::clone(&self.pool) as _;
        let clock: Rc<dyn IMasterClock> = Rc::new(Clock);
        let format = if pin == 1 { KsDataFormat::DIRECTMUSIC } else { KsDataFormat::MIDI };
        let request = DmusStreamRequest {
            pin,
            stream_type,
            format: &format,
            allocator: &allocator,
            clock: &clock,
        };
        let miniport = Rc::clone(&self.miniport);
        miniport.new_stream(&self.rig.kernel, None, PoolType::NonPagedNx, &request)
    }

    /// Opens a stream and walks it to RUN.
    pub fn run(&self, pin: u32, stream_type: DmusStreamType) -> Rc<dyn IMxf> {
        let stream = self.open(pin, stream_type).unwrap().stream;
        for state in [KsState::Acquire, KsState::Pause, KsState::Run] {
            stream.set_state(&self.rig.kernel, state).unwrap();
        }
        stream
    }

    /// Puts events to a stream, and compares the accesses with a script.
    pub fn put(
        &self,
        stream: &Rc<dyn IMxf>,
        events: EventChain,
        script: &str,
    ) -> Result<(), NtStatus> {
        self.rig.expect(script);
        let result = self.rig.at_dispatch(|kernel| stream.put_message(kernel, Some(events)));
        self.rig.script.check();
        result
    }

    /// Lets time pass, and compares the accesses with a script.
    pub fn wait_us(&self, time_us: u64, script: &str) {
        self.rig.expect(script);
        self.rig.kernel.run_until(self.rig.kernel.now_ns() + time_us * 1_000);
        self.rig.script.check();
    }

    /// Calls PutMessage without events. The port makes the same call in the DPC.
    pub fn serve(&self, stream: &Rc<dyn IMxf>) {
        self.rig.at_dispatch(|kernel| stream.put_message(kernel, None)).unwrap();
    }
}

/// Starts a miniport on these resources.
pub fn init(
    rig: &Rig,
    miniport: &Rc<MiniportDMusUart>,
    adapter: Option<Rc<dyn IUnknown>>,
    resources: &[Resource],
) -> Result<(), NtStatus> {
    let pool = PoolType::NonPagedNx;
    let list = pc_new_resource_list(&rig.kernel, None, pool, resources, resources)?;
    let port = Rc::clone(&rig.port) as Rc<dyn IPortDMus>;
    let group = Rc::clone(miniport).init(&rig.kernel, adapter, Some(list), port)?;
    assert!(Rc::ptr_eq(&group.unwrap(), &rig.port.groups.borrow()[0]));
    Ok(())
}
