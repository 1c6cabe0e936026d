//! A driver without hardware: a test plans its answers and reads its calls.
//!
//! A test makes a [`Plan`] before the start; the answers of Write, Read and SetState can change at
//! any time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use portcls_emulator::{DeviceObject, DriverObject, Irp, Irql, Kernel, NtStatus, PoolType};
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use portcls_port::guid::{Guid, iid};
use portcls_port::interfaces::{
    DevicePowerState, IMiniport, IMiniportMidi, IMiniportMidiStream, IPinCount, IPinName,
    IPortMidi, IPowerNotify, IResourceList, IServiceGroup, NewStream, PinCounts, StreamDirection,
};
use portcls_port::ks::{DataRange, KsDataFormat, KsPPin, KsState, LengthReply};
use portcls_port::{
    answer_query, pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_port,
    pc_new_service_group, pc_register_subdevice,
};

use crate::fake_dmus::DmusNotes;
use crate::plan::{
    Grouping, PinDescription, Plan, PortInit, PowerInterfaces, PowerRegistration, StreamGroup,
};
use crate::power::FakeAdapter;

/// One call of Write, with the bytes that the driver got.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    pub time_ns: u64,
    pub offered: Vec<u8>,
    pub taken: Vec<u8>,
}

type WriteAnswer = Rc<dyn Fn(&Kernel, &[u8]) -> Result<u32, NtStatus>>;
type ReadAnswer = Rc<dyn Fn(&Kernel, &mut [u8]) -> Result<u32, NtStatus>>;
type StateAnswer = Rc<dyn Fn(&Kernel, KsState) -> Result<(), NtStatus>>;

/// The plan, the answers and the notes of one driver.
pub struct Fake {
    pub plan: RefCell<Plan>,
    /// The kernel for destructors, because a destructor gets no kernel as an argument.
    pub kernel: RefCell<Option<Kernel>>,

    write: RefCell<WriteAnswer>,
    read: RefCell<Option<ReadAnswer>>,
    state: RefCell<StateAnswer>,
    /// The bytes that Read returns. Each call takes one entry.
    pub incoming: RefCell<VecDeque<Vec<u8>>>,

    /// The full name of a method. The next call of this method returns at DISPATCH_LEVEL.
    leaves_high: Cell<Option<&'static str>>,
    words: RefCell<Vec<String>>,
    writes: RefCell<Vec<Write>>,
    living: Cell<i32>,
    ports: RefCell<Vec<Weak<dyn IPortMidi>>>,
    groups: RefCell<Vec<Weak<dyn IServiceGroup>>>,
    pub dmus: DmusNotes,
    stream_groups: RefCell<Vec<Weak<dyn IServiceGroup>>>,
}

impl Fake {
    pub fn new() -> Rc<Fake> {
        Rc::new(Fake {
            plan: RefCell::default(),
            kernel: RefCell::default(),
            write: RefCell::new(Rc::new(|_, data| Ok(data.len() as u32))),
            read: RefCell::new(None),
            state: RefCell::new(Rc::new(|_, _| Ok(()))),
            incoming: RefCell::default(),
            leaves_high: Cell::new(None),
            words: RefCell::default(),
            writes: RefCell::default(),
            living: Cell::new(0),
            ports: RefCell::default(),
            groups: RefCell::default(),
            dmus: DmusNotes::default(),
            stream_groups: RefCell::default(),
        })
    }

    /// Sets how Write answers from now on.
    pub fn answer_write(&self, answer: impl Fn(&Kernel, &[u8]) -> Result<u32, NtStatus> + 'static) {
        *self.write.borrow_mut() = Rc::new(answer);
    }

    /// Sets how Read answers from now on, instead of returning `incoming`.
    pub fn answer_read(
        &self,
        answer: impl Fn(&Kernel, &mut [u8]) -> Result<u32, NtStatus> + 'static,
    ) {
        *self.read.borrow_mut() = Some(Rc::new(answer));
    }

    /// Sets how SetState answers from now on.
    pub fn answer_state(
        &self,
        answer: impl Fn(&Kernel, KsState) -> Result<(), NtStatus> + 'static,
    ) {
        *self.state.borrow_mut() = Rc::new(answer);
    }

    /// Lets the next call of a method return at DISPATCH_LEVEL. `method` is the full name of a
    /// method that calls [`leave`](Fake::leave).
    pub fn let_leave_high(&self, method: &'static str) {
        self.leaves_high.set(Some(method));
    }

    /// A method calls this before it returns, with its full name. If
    /// [`let_leave_high`](Fake::let_leave_high) has chosen the method, raises the IRQL.
    pub fn leave(&self, kernel: &Kernel, method: &str) {
        if self.leaves_high.get() == Some(method) {
            self.leaves_high.set(None);
            kernel.raise_irql(Irql::DISPATCH_LEVEL);
        }
    }

    /// Takes the words that were written down so far.
    pub fn words(&self) -> Vec<String> {
        self.words.take()
    }

    /// Writes a word down.
    pub fn note(&self, word: impl Into<String>) {
        self.words.borrow_mut().push(word.into());
    }

    /// The Writes so far.
    pub fn writes(&self) -> Vec<Write> {
        self.writes.borrow().clone()
    }

    /// The bytes that the device took so far.
    pub fn taken(&self) -> Vec<u8> {
        self.writes.borrow().iter().flat_map(|write| write.taken.clone()).collect()
    }

    /// The times of the Writes that took bytes, in us.
    pub fn times_us(&self) -> Vec<u64> {
        let writes = self.writes.borrow();
        let took = writes.iter().filter(|write| !write.taken.is_empty());
        took.map(|write| write.time_ns / 1_000).collect()
    }

    /// The port of the newest miniport.
    pub fn port(&self) -> Rc<dyn IPortMidi> {
        self.ports.borrow().last().and_then(Weak::upgrade).expect("a port is alive")
    }

    /// The group of the newest miniport.
    pub fn group(&self) -> Rc<dyn IServiceGroup> {
        self.groups.borrow().last().and_then(Weak::upgrade).expect("a group is alive")
    }

    /// Notifies the port at DIRQL, like an ISR that has stored bytes.
    pub fn interrupt(&self, kernel: &Kernel) {
        let group = self.group();
        self.notify(kernel, Some(&group));
    }

    /// Calls Notify at DIRQL.
    pub fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        let old = kernel.raise_irql(Irql(5));
        self.port().notify(kernel, group);
        kernel.lower_irql(old);
    }

    /// The number of objects of the driver, ports and groups that still exist.
    pub fn left(&self) -> usize {
        let ports = self.ports.borrow().iter().filter(|port| port.strong_count() > 0).count();
        let groups = self.groups.borrow().iter().filter(|it| it.strong_count() > 0).count();
        let own = self.stream_groups.borrow().iter().filter(|it| it.strong_count() > 0).count();
        self.living.get() as usize + ports + groups + own
    }

    /// Whether the driver has power interfaces.
    pub fn has_power_interfaces(&self) -> bool {
        self.plan.borrow().power == PowerInterfaces::Offered
    }

    /// Notes the port that a miniport got, and the miniport's new service group.
    pub fn connected(&self, port: &Rc<dyn IPortMidi>, group: &Rc<dyn IServiceGroup>) {
        self.ports.borrow_mut().push(Rc::downgrade(port));
        self.groups.borrow_mut().push(Rc::downgrade(group));
    }

    /// Answers SetState.
    pub fn enter_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        self.note(format!("SetState {state:?}"));
        let answer = Rc::clone(&self.state.borrow());
        answer(kernel, state)
    }

    pub fn born(&self) {
        self.living.set(self.living.get() + 1);
    }

    pub fn died(&self, word: &str) {
        self.note(word);
        self.living.set(self.living.get() - 1);
    }
}

/// DriverEntry of the fake driver.
pub fn driver_entry(fake: &Rc<Fake>, kernel: &Kernel, driver: &Rc<DriverObject>) {
    let fake = Rc::clone(fake);
    let add = move |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<DeviceObject>| {
        let (max_objects, size) = {
            let plan = fake.plan.borrow();
            (plan.max_objects, plan.extension_size)
        };
        let (fake, kept) = (Rc::clone(&fake), Rc::clone(&fake));
        let start = move |kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp, resources| {
            start_device(&fake, kernel, device, irp, resources)
        };
        pc_add_adapter_device(kernel, driver, physical, Rc::new(start), max_objects, size)?;
        let registration = kept.plan.borrow().power_registration;
        if registration == PowerRegistration::InAddDevice {
            FakeAdapter::register(&kept, kernel, &physical.top())?;
        }
        Ok(())
    };
    pc_initialize_adapter_driver(kernel, driver, "", Rc::new(add)).unwrap();
}

fn start_device(
    fake: &Rc<Fake>,
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
    resources: Rc<dyn IResourceList>,
) -> Result<(), NtStatus> {
    fake.note("StartDevice");
    let registration = fake.plan.borrow().power_registration;
    if registration == PowerRegistration::InStartDevice {
        FakeAdapter::register(fake, kernel, device)?;
    }
    let (names, class, new_miniport) = {
        let plan = fake.plan.borrow();
        (plan.names.clone(), plan.class, plan.miniport)
    };
    for name in names {
        let port = pc_new_port(kernel, &class)?;
        let miniport = new_miniport(fake);
        let (irp, list) = match fake.plan.borrow().port_init {
            PortInit::Full => (Some(irp), Some(Rc::clone(&resources))),
            PortInit::Bare => (None, None),
        };
        Rc::clone(&port).init(kernel, device, irp, miniport, None, list)?;
        pc_register_subdevice(kernel, device, name, port)?;
    }
    result(fake.plan.borrow().start_status, ())
}

pub fn result<T>(status: NtStatus, value: T) -> Result<T, NtStatus> {
    if status == NtStatus::SUCCESS { Ok(value) } else { Err(status) }
}

/// A MIDI miniport.
pub fn midi_miniport(fake: &Rc<Fake>) -> Rc<dyn IUnknown> {
    FakeMiniport::new(fake)
}

struct FakeMiniport {
    fake: Rc<Fake>,
    /// The miniport keeps its port. Real drivers keep it too. So there is a cycle of references,
    /// and the port must end it.
    port: RefCell<Option<Rc<dyn IPortMidi>>>,
    group: RefCell<Option<Rc<dyn IServiceGroup>>>,
}

impl FakeMiniport {
    fn new(fake: &Rc<Fake>) -> Rc<FakeMiniport> {
        fake.born();
        let fake = Rc::clone(fake);
        Rc::new(FakeMiniport { fake, port: RefCell::default(), group: RefCell::default() })
    }
}

impl Drop for FakeMiniport {
    fn drop(&mut self) {
        self.fake.died("drop miniport");
    }
}

impl IUnknown for FakeMiniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        if *iid == iid::PIN_COUNT && self.fake.plan.borrow().pin_count.is_some() {
            return Ok(Interface::PinCount(self));
        }
        if *iid == iid::PIN_NAME && self.fake.plan.borrow().pin_name.is_some() {
            return Ok(Interface::PinName(self));
        }
        if *iid == iid::POWER_NOTIFY && self.fake.has_power_interfaces() {
            return Ok(Interface::PowerNotify(self));
        }
        answer_query!(self, iid, IMiniport, IMiniportMidi)
    }
}

impl IPowerNotify for FakeMiniport {
    fn power_change_notify(&self, kernel: &Kernel, state: DevicePowerState) {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        self.fake.note(format!("miniport {state:?}"));
    }
}

impl IPinCount for FakeMiniport {
    fn pin_count(&self, _kernel: &Kernel, pin_id: u32, counts: &mut PinCounts) {
        let hook = self.fake.plan.borrow().pin_count.expect("the query found it");
        hook(pin_id, counts);
    }
}

impl IPinName for FakeMiniport {
    fn get_pin_name(&self, kernel: &Kernel, irp: &Irp, pin: &KsPPin, length: u32) -> LengthReply {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        assert!(irp.file().is_some() && !irp.is_completed());
        let hook = self.fake.plan.borrow().pin_name.expect("the query found it");
        hook(pin.pin_id, length)
    }
}

impl IMiniport for FakeMiniport {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        self.fake.note("GetDescription");
        Ok(Rc::new(self.fake.plan.borrow().filter.clone()))
    }

    fn describe_pin(&self, kernel: &Kernel, pin_id: u32) -> Option<PcPinDescriptor> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        let plan = self.fake.plan.borrow();
        match plan.pin_description {
            PinDescription::Fixed => None,
            PinDescription::Live => plan.filter.pins.get(pin_id as usize).cloned(),
        }
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

impl IMiniportMidi for FakeMiniport {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.fake.note(if resources.is_some() { "Init" } else { "Init without resources" });
        self.fake.ports.borrow_mut().push(Rc::downgrade(&port));
        let (status, grouping) = {
            let plan = self.fake.plan.borrow();
            (plan.init_status, plan.grouping)
        };
        result(status, ())?;
        if grouping == Grouping::Never {
            *self.port.borrow_mut() = Some(port);
            return Ok(None);
        }
        let group = pc_new_service_group(kernel, None)?;
        self.fake.groups.borrow_mut().push(Rc::downgrade(&group));
        *self.group.borrow_mut() = Some(Rc::clone(&group));
        if grouping != Grouping::Late {
            port.register_service_group(kernel, Rc::clone(&group));
        }
        if grouping == Grouping::EarlyWithNotify {
            self.fake.interrupt(kernel);
        }
        *self.port.borrow_mut() = Some(port);
        Ok(Some(group))
    }

    fn service(&self, kernel: &Kernel) {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        self.fake.note("Service");
    }

    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        assert!(outer.is_none() && pool == PoolType::NonPagedNx && *format == KsDataFormat::MIDI);
        self.fake.note(format!("NewStream {pin} {direction:?}"));
        let (status, stream_group) = {
            let plan = self.fake.plan.borrow();
            (plan.new_stream_status, plan.stream_group)
        };
        result(status, ())?;
        let group = match stream_group {
            StreamGroup::Shared => self.group.borrow().clone(),
            StreamGroup::Own => Some(pc_new_service_group(kernel, None)?),
            StreamGroup::Absent => None,
        };
        if let (StreamGroup::Own, Some(group)) = (stream_group, &group) {
            self.fake.stream_groups.borrow_mut().push(Rc::downgrade(group));
        }
        self.fake.born();
        let fake = Rc::clone(&self.fake);
        let stream = Rc::new(FakeStream { fake, _miniport: self });
        Ok(NewStream { stream, service_group: group })
    }
}

struct FakeStream {
    fake: Rc<Fake>,
    /// A stream keeps its miniport. The streams of the samples keep it too.
    _miniport: Rc<FakeMiniport>,
}

impl Drop for FakeStream {
    fn drop(&mut self) {
        self.fake.died("drop stream");
    }
}

impl IUnknown for FakeStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        if *iid == iid::POWER_NOTIFY && self.fake.has_power_interfaces() {
            return Ok(Interface::PowerNotify(self));
        }
        answer_query!(self, iid, IMiniportMidiStream)
    }
}

impl IPowerNotify for FakeStream {
    fn power_change_notify(&self, kernel: &Kernel, state: DevicePowerState) {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        self.fake.note(format!("stream {state:?}"));
    }
}

impl IMiniportMidiStream for FakeStream {
    fn set_format(&self, _kernel: &Kernel, _format: &KsDataFormat) -> Result<(), NtStatus> {
        self.fake.note("SetFormat");
        Ok(())
    }

    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        self.fake.enter_state(kernel, state)
    }

    fn read(&self, kernel: &Kernel, buffer: &mut [u8]) -> Result<u32, NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        let answer = self.fake.read.borrow().clone();
        if let Some(answer) = answer {
            return answer(kernel, buffer);
        }
        let Some(bytes) = self.fake.incoming.borrow_mut().pop_front() else { return Ok(0) };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len() as u32)
    }

    fn write(&self, kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        let time_ns = kernel.now_ns();
        let answer = Rc::clone(&self.fake.write.borrow());
        let result = answer(kernel, data);
        let taken = data[..data.len().min(result.unwrap_or(0) as usize)].to_vec();
        let offered = data.to_vec();
        self.fake.writes.borrow_mut().push(Write { time_ns, offered, taken });
        result
    }
}
