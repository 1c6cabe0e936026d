//! A driver calls a DirectMusic miniport of the system, which is in Rust.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, NtStatus, PoolType};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::dmus_event::{EventChain, EventData};
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::interfaces::{
    DmusStreamRequest, DmusStreamType, IAllocatorMxf, IMasterClock, IMiniport, IMiniportDMus, IMxf,
    IPortDMus, IResourceList, IServiceGroup, NewDmusStream,
};
use portcls_port::ks::{DataRange, KsDataFormat, KsState, LengthReply};
use portcls_port::{pc_new_port, pc_new_service_group};

use super::dmus::{Allocator, Clock, GET_MESSAGE, PUT_MESSAGE};
use super::{call, guest};
use crate::com::Hold;
use crate::guest::Guest;
use crate::memory::at;

/// Both bitnesses.
const TARGETS: [&str; 2] = ["x64", "x86"];

/// The slots of `IMiniportDMus`. Source: dmusicks.h.
const INIT: u64 = 5;
const SERVICE: u64 = 6;
const NEW_STREAM: u64 = 7;

/// A miniport that notes the arguments that it gets.
#[derive(Default)]
struct Miniport {
    services: Cell<u32>,
    port: RefCell<Option<Rc<dyn IPortDMus>>>,
    given: RefCell<Option<Given>>,
    stream: RefCell<Option<Rc<Stream>>>,
}

/// The arguments of the newest request for a stream.
struct Given {
    pin: u32,
    stream_type: DmusStreamType,
    allocator: Rc<dyn IAllocatorMxf>,
    clock: Rc<dyn IMasterClock>,
}

/// A stream that notes the bytes of its events and gives the events back.
struct Stream {
    allocator: Rc<dyn IAllocatorMxf>,
    bytes: RefCell<Vec<Vec<u8>>>,
}

/// A guest with a miniport, and with an allocator and a clock that stand for those of the port.
struct Bench {
    guest: Guest,
    miniport: Rc<Miniport>,
    pointer: u64,
    allocator: Rc<Allocator>,
    allocator_at: u64,
    clock: Rc<dyn IMasterClock>,
    clock_at: u64,
    memory: u64,
}

impl Bench {
    fn new(place: &str) -> Bench {
        let guest = guest(place);
        let miniport = Rc::new(Miniport::default());
        let object: Rc<dyn IUnknown> = Rc::clone(&miniport) as _;
        let pointer = guest.give(&object, &iid::MINIPORT);
        let allocator = Allocator::new(guest.pointer_bytes() as u8);
        let object: Rc<dyn IUnknown> = Rc::clone(&allocator) as _;
        let allocator_at = guest.lend(&object, &iid::ALLOCATOR_MXF);
        let clock: Rc<dyn IMasterClock> = Rc::new(Clock);
        let object: Rc<dyn IUnknown> = Rc::clone(&clock) as _;
        let clock_at = guest.lend(&object, &iid::MASTER_CLOCK);
        let memory = guest.new_object_block(&[0; 512]);
        guest.store(memory + 64, bytemuck::bytes_of(&KsDataFormat::DIRECTMUSIC));
        Bench { guest, miniport, pointer, allocator, allocator_at, clock, clock_at, memory }
    }

    fn call(&self, object: u64, slot: u64, words: &[u64]) -> NtStatus {
        NtStatus(call(&self.guest, object, slot, words).expect("it returns") as u32)
    }

    /// Asks for a stream. The first three places of the memory, 16 bytes each, get the pointer to
    /// the stream, the pointer to its group, and how long ahead the stream wants each event.
    fn open(&self, stream_type: u64, allocator: u64, clock: u64) -> NtStatus {
        let [out, group, ahead, format] = [0, 16, 32, 64].map(|offset| self.memory + offset);
        let words = [out, 0, 0x200, 1, stream_type, format, group, allocator, clock, ahead];
        self.call(self.pointer, NEW_STREAM, &words)
    }
}

#[test]
fn init_and_service_are_passed_on() {
    for place in TARGETS {
        let bench = Bench::new(place);
        let guest = &bench.guest;
        let port: Rc<dyn IUnknown> = pc_new_port(guest.kernel(), &clsid::PORT_DMUS).expect("one");
        let port_at = guest.give(&port, &iid::PORT_DMUS);
        let out = bench.memory;
        let status = bench.call(bench.pointer, INIT, &[0, 0, port_at, out]);
        assert_eq!(status, NtStatus::SUCCESS, "{place}: IMiniportDMus::Init");
        let group = guest.interface_at::<dyn IServiceGroup>(guest.load_word(out), Hold::Adopt);
        assert!(group.is_some(), "{place}: the group of the miniport");
        assert!(bench.miniport.port.borrow().is_some(), "{place}");
        let status = bench.call(bench.pointer, INIT, &[0, 0, bench.pointer, out]);
        assert_eq!(status, NtStatus::INVALID_PARAMETER, "{place}: a miniport is no port");

        let old = guest.kernel().raise_irql(Irql::DISPATCH_LEVEL);
        call(guest, bench.pointer, SERVICE, &[]).expect("IMiniportDMus::Service returns");
        guest.kernel().lower_irql(old);
        assert_eq!(bench.miniport.services.get(), 1, "{place}");
        assert_eq!(guest.kernel().violations(), []);
    }
}

#[test]
fn a_stream_gets_the_ports_own_allocator_and_clock_and_the_drivers_events() {
    for place in TARGETS {
        let bench = Bench::new(place);
        let guest = &bench.guest;
        let status = bench.open(0, bench.allocator_at, bench.clock_at);
        assert_eq!(status, NtStatus::SUCCESS, "{place}: IMiniportDMus::NewStream");
        let given = bench.miniport.given.take().expect("the miniport was asked");
        assert_eq!((given.pin, given.stream_type), (1, DmusStreamType::Render), "{place}");
        let allocator: Rc<dyn IAllocatorMxf> = Rc::clone(&bench.allocator) as _;
        assert!(Rc::ptr_eq(&given.allocator, &allocator), "{place}");
        assert!(Rc::ptr_eq(&given.clock, &bench.clock), "{place}");
        assert_ne!(guest.load_word(bench.memory + 16), 0, "{place}: a group");
        assert_eq!(guest.load_u64(bench.memory + 32), 77, "{place}: the time ahead");

        let stream = guest.load_word(bench.memory);
        let out = bench.memory + 256;
        assert_eq!(bench.call(bench.allocator_at, GET_MESSAGE, &[out]), NtStatus::SUCCESS);
        let event = guest.load_word(out);
        let fields = &guest.layout().dmus_kernel_event;
        guest.store_u16(at(event, fields.cb_event), 3);
        guest.store(at(event, fields.u_data), &[0x90, 0x3C, 0x40]);
        assert_eq!(bench.call(stream, PUT_MESSAGE, &[event]), NtStatus::SUCCESS, "{place}");
        let put = bench.miniport.stream.borrow().as_ref().map(|stream| stream.bytes.take());
        assert_eq!(put, Some(vec![vec![0x90, 0x3C, 0x40]]), "{place}");
        assert_eq!(bench.allocator.out(), (0, 0), "{place}: the stream gave it back");
        assert_eq!(guest.kernel().violations(), []);
    }
}

#[test]
fn a_stream_is_refused_without_the_ports_allocator_or_clock_or_of_another_type() {
    for place in TARGETS {
        let bench = Bench::new(place);
        let (allocator, clock) = (bench.allocator_at, bench.clock_at);
        let tries =
            [(3, allocator, clock), (0, 0, clock), (0, allocator, 0), (0, clock, allocator)];
        for (stream_type, allocator, clock) in tries {
            let status = bench.open(stream_type, allocator, clock);
            assert_eq!(status, NtStatus::INVALID_PARAMETER, "{place}");
        }
        assert!(bench.miniport.given.borrow().is_none(), "{place}: the miniport was not asked");
    }
}

impl IUnknown for Miniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportDMus)
    }
}

impl IMiniport for Miniport {
    fn get_description(&self, _: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        unreachable!("the tests do not call it")
    }

    fn data_range_intersection(
        &self,
        _: &Kernel,
        _: u32,
        _: &DataRange,
        _: &DataRange,
        _: u32,
    ) -> LengthReply {
        unreachable!("the tests do not call it")
    }
}

impl IMiniportDMus for Miniport {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortDMus>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        assert!(adapter.is_none() && resources.is_none(), "the driver gave neither");
        *self.port.borrow_mut() = Some(port);
        Ok(Some(pc_new_service_group(kernel, None)?))
    }

    fn service(&self, kernel: &Kernel) {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        self.services.set(self.services.get() + 1);
    }

    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        request: &DmusStreamRequest<'_>,
    ) -> Result<NewDmusStream, NtStatus> {
        assert!(outer.is_none() && pool == PoolType::NonPagedNx);
        assert_eq!(*request.format, KsDataFormat::DIRECTMUSIC);
        *self.given.borrow_mut() = Some(Given {
            pin: request.pin,
            stream_type: request.stream_type,
            allocator: Rc::clone(request.allocator),
            clock: Rc::clone(request.clock),
        });
        let allocator = Rc::clone(request.allocator);
        let stream = Rc::new(Stream { allocator, bytes: RefCell::default() });
        *self.stream.borrow_mut() = Some(Rc::clone(&stream));
        let service_group = Some(pc_new_service_group(kernel, None)?);
        Ok(NewDmusStream { stream, service_group, schedule_pre_fetch_100ns: 77 })
    }
}

impl IUnknown for Stream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMxf)
    }
}

impl IMxf for Stream {
    fn set_state(&self, _: &Kernel, _: KsState) -> Result<(), NtStatus> {
        Ok(())
    }

    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        let events = events.expect("the test puts one");
        for event in events.iter() {
            let EventData::Inline(bytes) = event.data() else { panic!("three bytes are inline") };
            self.bytes.borrow_mut().push(bytes.as_slice().to_vec());
        }
        self.allocator.put_message(kernel, Some(events))
    }

    fn connect_output(&self, _: &Kernel, _: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        Err(NtStatus::UNSUCCESSFUL)
    }

    fn disconnect_output(&self, _: &Kernel, _: Option<&Rc<dyn IMxf>>) -> Result<(), NtStatus> {
        Err(NtStatus::UNSUCCESSFUL)
    }
}
