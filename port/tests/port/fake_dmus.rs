//! A DirectMusic miniport that a test plans, and that writes down its events.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::trace::Event;
use portcls_emulator::{Irql, Kernel, NtStatus, PoolType};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface, query};
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::dmus_event::{DmusEventFlags, DmusKernelEvent, EventChain};
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::{
    DmusStreamRequest, IAllocatorMxf, IMasterClock, IMiniport, IMiniportDMus, IMiniportMidi, IMxf,
    IPortDMus, IPortMidi, IResourceList, IServiceGroup, NewDmusStream, NewStream, StreamDirection,
};
use portcls_port::ks::{DataRange, KsDataFormat, KsDataRangeMusic, KsState, LengthReply};
use portcls_port::pc_new_service_group;

use crate::fake::{Fake, result};
use crate::plan::{CAPTURE, Plan, RENDER, filter};
use crate::rig::{File, Rig, on_planned_device};

/// An event that the port put to a stream of the miniport.
#[derive(Clone, Debug, PartialEq)]
pub struct Put {
    pub at_ns: u64,
    pub time_100ns: i64,
    pub channel_group: u16,
    pub flags: DmusEventFlags,
    pub bytes: Vec<u8>,
}

type PutAnswer = Rc<dyn Fn(&Kernel, &FakeDmusStream, EventChain) -> Result<(), NtStatus>>;
type ServiceAnswer = Rc<dyn Fn(&Kernel, &FakeDmusStream) -> Result<(), NtStatus>>;

/// The planned answers of a DirectMusic miniport, and the facts that the miniport writes down.
pub struct DmusNotes {
    pub puts: RefCell<Vec<Put>>,
    pub prefetch_100ns: Cell<u64>,
    pub inline_limit: Cell<u8>,
    pub connect_status: Cell<NtStatus>,
    put: RefCell<PutAnswer>,
    service: RefCell<ServiceAnswer>,
    streams: RefCell<Vec<Weak<FakeDmusStream>>>,
}

impl Default for DmusNotes {
    fn default() -> DmusNotes {
        DmusNotes {
            puts: RefCell::default(),
            prefetch_100ns: Cell::new(0),
            inline_limit: Cell::new(8),
            connect_status: Cell::new(NtStatus::SUCCESS),
            put: RefCell::new(Rc::new(|kernel, stream, chain| {
                stream.allocator.put_message(kernel, Some(chain))
            })),
            service: RefCell::new(Rc::new(|_, _| Ok(()))),
            streams: RefCell::default(),
        }
    }
}

impl DmusNotes {
    /// Sets the answer of PutMessage with events. Without this answer, the stream gives the events
    /// back.
    pub fn answer_put(
        &self,
        answer: impl Fn(&Kernel, &FakeDmusStream, EventChain) -> Result<(), NtStatus> + 'static,
    ) {
        *self.put.borrow_mut() = Rc::new(answer);
    }

    /// Sets the answer of PutMessage without events.
    pub fn answer_service(
        &self,
        answer: impl Fn(&Kernel, &FakeDmusStream) -> Result<(), NtStatus> + 'static,
    ) {
        *self.service.borrow_mut() = Rc::new(answer);
    }

    /// The newest stream.
    pub fn stream(&self) -> Rc<FakeDmusStream> {
        self.streams.borrow().last().and_then(Weak::upgrade).expect("a stream is open")
    }

    /// The bytes of each event so far.
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        self.puts.borrow().iter().map(|put| put.bytes.clone()).collect()
    }

    /// The time in us at which the port put each event so far.
    pub fn times_us(&self) -> Vec<u64> {
        self.puts.borrow().iter().map(|put| put.at_ns / 1_000).collect()
    }
}

/// Plans a DirectMusic miniport on the DirectMusic class of port. The render pin and the capture
/// pin each take MIDI bytes and DirectMusic events, from up to two clients.
pub fn plan_dmus(plan: &mut Plan) {
    plan.class = clsid::PORT_DMUS;
    plan.miniport = dmus_miniport;
    plan.filter = filter();
    for pin in [RENDER, CAPTURE] {
        let pin = &mut plan.filter.pins[pin as usize];
        pin.max_filter_instance_count = 2;
        pin.max_global_instance_count = 2;
        pin.pin.data_ranges.push(KsDataRangeMusic::DIRECTMUSIC_PORT.into());
    }
}

/// Runs a test on a started device with a DirectMusic miniport.
pub fn on_dmus_device(test: impl FnOnce(&Rig)) {
    on_planned_device(plan_dmus, test);
}

impl Rig {
    /// Opens a pin for DirectMusic events and sets it to RUN. The filter of the pin stays open.
    pub fn run_dmus_pin(&self, pin_id: u32) -> File<'_> {
        let filter = self.open_filter().expect("the filter is there");
        let pin = filter.dmus_pin(pin_id).expect("the pin can be opened");
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        pin
    }

    /// True when the trace has this sentence.
    pub fn has_note(&self, sentence: &str) -> bool {
        let log = self.kernel.trace().log();
        log.events().any(|it| matches!(it.event, Event::Note(text) if log.text(text) == sentence))
    }

    /// True when the trace has a call of a method of the driver by this name.
    pub fn has_call(&self, method: &str) -> bool {
        let log = self.kernel.trace().log();
        log.events().any(|it| match it.event {
            Event::Call { function, .. } => log.name(function) == method,
            _ => false,
        })
    }

    /// The time of the master clock in 100 ns, as the driver gets it.
    pub fn master_100ns(&self) -> i64 {
        self.fake.dmus.stream().clock.get_time(&self.kernel).expect("the clock runs")
    }
}

/// A miniport with `IMiniportDMus`.
pub fn dmus_miniport(fake: &Rc<Fake>) -> Rc<dyn IUnknown> {
    FakeDmusMiniport::new(fake, Interfaces::DirectMusic)
}

/// A miniport with both `IMiniportDMus` and `IMiniportMidi`.
pub fn double_miniport(fake: &Rc<Fake>) -> Rc<dyn IUnknown> {
    FakeDmusMiniport::new(fake, Interfaces::Both)
}

#[derive(Clone, Copy, PartialEq)]
enum Interfaces {
    DirectMusic,
    Both,
}

struct FakeDmusMiniport {
    fake: Rc<Fake>,
    interfaces: Interfaces,
    port: RefCell<Option<Rc<dyn IPortDMus>>>,
    group: RefCell<Option<Rc<dyn IServiceGroup>>>,
}

impl FakeDmusMiniport {
    fn new(fake: &Rc<Fake>, interfaces: Interfaces) -> Rc<FakeDmusMiniport> {
        fake.born();
        let fake = Rc::clone(fake);
        let (port, group) = (RefCell::default(), RefCell::default());
        Rc::new(FakeDmusMiniport { fake, interfaces, port, group })
    }
}

impl Drop for FakeDmusMiniport {
    fn drop(&mut self) {
        self.fake.died("drop miniport");
    }
}

impl IUnknown for FakeDmusMiniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        match self.interfaces {
            Interfaces::DirectMusic => answer_query!(self, iid, IMiniport, IMiniportDMus),
            Interfaces::Both => {
                answer_query!(self, iid, IMiniport, IMiniportDMus, IMiniportMidi)
            }
        }
    }
}

impl IMiniport for FakeDmusMiniport {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        self.fake.note("GetDescription");
        Ok(Rc::new(self.fake.plan.borrow().filter.clone()))
    }

    fn data_range_intersection(
        &self,
        _kernel: &Kernel,
        _pin_id: u32,
        _client_range: &DataRange,
        _pin_range: &DataRange,
        output_length: u32,
    ) -> LengthReply {
        (self.fake.plan.borrow().intersection)(output_length)
    }
}

impl IMiniportDMus for FakeDmusMiniport {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        _resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortDMus>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.fake.note("Init DMus");
        let group = pc_new_service_group(kernel, None)?;
        let as_midi = query::<dyn IPortMidi>(&port)?;
        self.fake.connected(&as_midi, &group);
        port.register_service_group(kernel, Rc::clone(&group));
        *self.group.borrow_mut() = Some(Rc::clone(&group));
        *self.port.borrow_mut() = Some(port);
        self.fake.leave(kernel, "IMiniportDMus::Init");
        Ok(Some(group))
    }

    fn service(&self, _kernel: &Kernel) {
        self.fake.note("Service");
    }

    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        request: &DmusStreamRequest<'_>,
    ) -> Result<NewDmusStream, NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        assert!(outer.is_none() && pool == PoolType::NonPagedNx);
        let DmusStreamRequest { pin, stream_type, format, .. } = *request;
        self.fake.note(format!("NewStream {pin} {stream_type:?} {:?}", format.sub_format));
        result(self.fake.plan.borrow().new_stream_status, ())?;
        self.fake.born();
        let notes = &self.fake.dmus;
        let stream = Rc::new(FakeDmusStream {
            fake: Rc::clone(&self.fake),
            allocator: Rc::clone(request.allocator),
            clock: Rc::clone(request.clock),
            output: RefCell::default(),
            held: RefCell::default(),
            _miniport: Rc::clone(&self),
        });
        notes.streams.borrow_mut().push(Rc::downgrade(&stream));
        self.fake.leave(kernel, "IMiniportDMus::NewStream");
        Ok(NewDmusStream {
            stream,
            service_group: self.group.borrow().clone(),
            schedule_pre_fetch_100ns: notes.prefetch_100ns.get(),
        })
    }

    fn inline_limit(&self) -> u8 {
        self.fake.dmus.inline_limit.get()
    }
}

/// The tests use only Init of this interface. Init notes that the port drives the miniport by
/// `IMiniportMidi`.
impl IMiniportMidi for FakeDmusMiniport {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        _resources: Option<Rc<dyn IResourceList>>,
        _port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.fake.note("Init Midi");
        Ok(None)
    }

    fn service(&self, _kernel: &Kernel) {}

    fn new_stream(
        self: Rc<Self>,
        _kernel: &Kernel,
        _outer: Option<Rc<dyn IUnknown>>,
        _pool: PoolType,
        _pin: u32,
        _direction: StreamDirection,
        _format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        Err(NtStatus::INVALID_DEVICE_REQUEST)
    }
}

/// A stream of the fake miniport.
pub struct FakeDmusStream {
    fake: Rc<Fake>,
    pub allocator: Rc<dyn IAllocatorMxf>,
    pub clock: Rc<dyn IMasterClock>,
    pub output: RefCell<Option<Rc<dyn IMxf>>>,
    /// Events that the stream keeps; its destructor gives them back.
    pub held: RefCell<EventChain>,
    _miniport: Rc<FakeDmusMiniport>,
}

impl FakeDmusStream {
    /// An event with these flags, this time and these bytes.
    pub fn event(
        &self,
        kernel: &Kernel,
        flags: DmusEventFlags,
        time_100ns: i64,
        bytes: &[u8],
    ) -> DmusKernelEvent {
        let mut event = self.allocator.get_message(kernel).expect("there is an event");
        event.flags = flags;
        event.channel_group = 1;
        event.time_100ns = time_100ns;
        if bytes.len() > usize::from(event.home().inline_limit) {
            let mut buffer = self.allocator.get_buffer(kernel).expect("there is a buffer");
            assert_eq!(buffer.push(bytes), bytes.len());
            event.set_buffer(buffer);
        } else {
            assert_eq!(event.set_inline(bytes), bytes.len());
        }
        event
    }

    /// Puts events to the sink, or to the allocator while there is no sink, at DISPATCH_LEVEL.
    pub fn send(&self, kernel: &Kernel, chain: EventChain) {
        let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let output = self.output.borrow().clone();
        let sent = match output {
            Some(sink) => sink.put_message(kernel, Some(chain)),
            None => self.allocator.put_message(kernel, Some(chain)),
        };
        assert_eq!(sent, Ok(()));
        kernel.lower_irql(old);
    }
}

impl Drop for FakeDmusStream {
    fn drop(&mut self) {
        self.fake.died("drop stream");
        let held = self.held.take();
        if !held.is_empty() {
            let kernel = self.fake.kernel.borrow().clone().expect("the rig has one");
            self.allocator.put_message(&kernel, Some(held)).expect("an allocator takes all");
        }
    }
}

impl IUnknown for FakeDmusStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMxf)
    }
}

impl IMxf for FakeDmusStream {
    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        self.fake.enter_state(kernel, state)
    }

    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        let Some(chain) = events else {
            self.fake.note("PutMessage");
            let answer = Rc::clone(&self.fake.dmus.service.borrow());
            return answer(kernel, self);
        };
        assert!(!chain.is_empty());
        let puts = chain.iter().map(|event| Put {
            at_ns: kernel.now_ns(),
            time_100ns: event.time_100ns,
            channel_group: event.channel_group,
            flags: event.flags,
            bytes: event.bytes().to_vec(),
        });
        self.fake.dmus.puts.borrow_mut().extend(puts);
        let answer = Rc::clone(&self.fake.dmus.put.borrow());
        answer(kernel, self, chain)
    }

    fn connect_output(&self, kernel: &Kernel, sink: Rc<dyn IMxf>) -> Result<(), NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        self.fake.note("ConnectOutput");
        result(self.fake.dmus.connect_status.get(), ())?;
        *self.output.borrow_mut() = Some(sink);
        Ok(())
    }

    fn disconnect_output(
        &self,
        kernel: &Kernel,
        sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        let output = self.output.take().expect("an output is connected");
        assert!(Rc::ptr_eq(&output, sink.expect("the port says which sink")));
        self.fake.note("DisconnectOutput");
        Ok(())
    }
}
