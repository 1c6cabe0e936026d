//! A kernel with a scripted card, and a port that counts the calls of Notify.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::registry::KeyDisposition;
use portcls_emulator::{
    Claim, DeviceId, DeviceObject, InterruptLine, Irp, Irql, Kernel, KernelConfig, NtStatus,
    PoolType, Resource, Share, TriggerMode,
};
use portcls_miniport::MiniportMidiUart;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::guid::Guid;
use portcls_port::interfaces::{
    DeviceRegistryProperty, IMiniportMidi, IMiniportMidiStream, IPort, IPortDMus, IPortMidi,
    IRegistryKey, IResourceList, IServiceGroup, KeyAccess, RegistryKeyType, StreamDirection,
};
use portcls_port::ks::{KsDataFormat, KsState, LengthReply};
use portcls_port::{answer_query, pc_new_resource_list};

use crate::script::Script;

/// The line of the card.
const LINE: u8 = 9;

/// The accesses of a start on a card that answers at once: polls read both ACKs.
pub const QUICK_START: &str = "
    R S -> 80
    W C FF
    R S -> 00
    R D -> FE
    R S -> 80
    R S -> 80
    W C 3F
    R S -> 00
    R D -> FE
    R S -> 80
";

/// Whether the card was assigned an interrupt.
#[derive(Clone, Copy, PartialEq)]
pub enum Wiring {
    Interrupt,
    Polled,
}

/// A port that keeps the group and counts the calls of Notify.
#[derive(Default)]
pub struct CountingPort {
    pub groups: RefCell<Vec<Rc<dyn IServiceGroup>>>,
    pub notified: Cell<u32>,
    /// The IRQLs at which Notify was called. Each IRQL is in the list once.
    pub levels: RefCell<Vec<Irql>>,
}

impl IUnknown for CountingPort {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IPort, IPortMidi, IPortDMus)
    }
}

impl IPort for CountingPort {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        _device: &Rc<DeviceObject>,
        _irp: Option<&Irp>,
        _miniport: Rc<dyn IUnknown>,
        _adapter: Option<Rc<dyn IUnknown>>,
        _resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<(), NtStatus> {
        Err(NtStatus::NOT_SUPPORTED)
    }

    fn get_device_property(
        &self,
        _kernel: &Kernel,
        _property: DeviceRegistryProperty,
        _length: u32,
    ) -> LengthReply {
        LengthReply::of_status(NtStatus::NOT_SUPPORTED)
    }

    fn new_registry_key(
        &self,
        _kernel: &Kernel,
        _outer: Option<Rc<dyn IUnknown>>,
        _key_type: RegistryKeyType,
        _access: KeyAccess,
        _path: Option<&str>,
    ) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus> {
        Err(NtStatus::NOT_SUPPORTED)
    }
}

impl CountingPort {
    fn count(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        assert!(group.is_some_and(|group| Rc::ptr_eq(group, &self.groups.borrow()[0])));
        self.notified.set(self.notified.get() + 1);
        let level = kernel.current_irql();
        if !self.levels.borrow().contains(&level) {
            self.levels.borrow_mut().push(level);
        }
    }
}

impl IPortMidi for CountingPort {
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        self.count(kernel, group);
    }

    fn register_service_group(&self, _kernel: &Kernel, group: Rc<dyn IServiceGroup>) {
        self.groups.borrow_mut().push(group);
    }
}

impl IPortDMus for CountingPort {
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        self.count(kernel, group);
    }

    fn register_service_group(&self, _kernel: &Kernel, group: Rc<dyn IServiceGroup>) {
        self.groups.borrow_mut().push(group);
    }
}

/// A machine for one miniport.
pub struct Rig {
    pub kernel: Kernel,
    pub script: Script,
    pub port: Rc<CountingPort>,
    device: DeviceId,
    wiring: Wiring,
}

impl Rig {
    pub fn new(wiring: Wiring) -> Rig {
        let kernel = Kernel::new(KernelConfig::default());
        kernel.wire_line(InterruptLine { number: LINE, trigger: TriggerMode::Level });
        let script = Script::default();
        let device = kernel.attach_device(0x330, 2, Some(LINE), Box::new(script.clone()));
        Rig { kernel, script, port: Rc::default(), device, wiring }
    }

    /// A rig whose miniport has started, and whose script is empty again.
    pub fn started(wiring: Wiring) -> (Rig, Rc<MiniportMidiUart>) {
        let rig = Rig::new(wiring);
        rig.script.expect(QUICK_START);
        let miniport = MiniportMidiUart::new();
        rig.init(&miniport).unwrap();
        rig.script.check();
        (rig, miniport)
    }

    /// Adds steps to the script. If the next step moves the line of the card, the kernel sees the
    /// new level at once.
    pub fn expect(&self, text: &str) {
        self.script.expect(text);
        self.kernel.touch_device(self.device);
    }

    /// Connects another driver to the line. The other driver claims each interrupt that the first
    /// driver refuses, and lowers the line.
    pub fn share_line(&self) {
        let (script, device) = (self.script.clone(), self.device);
        let routine = move |kernel: &Kernel| {
            script.expect("irq down");
            kernel.touch_device(device);
            Claim::Mine
        };
        let (vector, mode) = (InterruptLine::vector_of(LINE), TriggerMode::Level);
        self.kernel.connect_interrupt(vector, mode, Share::Shared, Rc::new(routine)).unwrap();
    }

    /// Starts a miniport on the card.
    pub fn init(&self, miniport: &Rc<MiniportMidiUart>) -> Result<(), NtStatus> {
        let mut resources = vec![ports(0x330, 2)];
        if self.wiring == Wiring::Interrupt {
            resources.push(interrupt());
        }
        self.init_on(miniport, &resources)
    }

    /// Starts a miniport on these resources.
    pub fn init_on(
        &self,
        miniport: &Rc<MiniportMidiUart>,
        resources: &[Resource],
    ) -> Result<(), NtStatus> {
        let pool = PoolType::NonPagedNx;
        let list = pc_new_resource_list(&self.kernel, None, pool, resources, resources)?;
        let port = Rc::clone(&self.port) as Rc<dyn IPortMidi>;
        let group = Rc::clone(miniport).init(&self.kernel, None, Some(list), port)?;
        let group = group.expect("a group is handed out");
        assert!(Rc::ptr_eq(&group, &self.port.groups.borrow()[0]));
        Ok(())
    }

    /// Opens a stream on a pin.
    pub fn open(
        &self,
        miniport: &Rc<MiniportMidiUart>,
        pin: u32,
        direction: StreamDirection,
    ) -> Result<Rc<dyn IMiniportMidiStream>, NtStatus> {
        let (kernel, pool) = (&self.kernel, PoolType::NonPagedNx);
        let format = KsDataFormat::MIDI;
        let opened = Rc::clone(miniport).new_stream(kernel, None, pool, pin, direction, &format)?;
        assert_eq!(opened.service_group.is_some(), direction == StreamDirection::Capture);
        Ok(opened.stream)
    }

    /// Opens a stream and walks it to RUN.
    pub fn run(
        &self,
        miniport: &Rc<MiniportMidiUart>,
        pin: u32,
        direction: StreamDirection,
    ) -> Rc<dyn IMiniportMidiStream> {
        let stream = self.open(miniport, pin, direction).unwrap();
        for state in [KsState::Acquire, KsState::Pause, KsState::Run] {
            stream.set_state(&self.kernel, state).unwrap();
        }
        stream
    }

    /// Runs a call at DISPATCH_LEVEL.
    pub fn at_dispatch<R>(&self, call: impl FnOnce(&Kernel) -> R) -> R {
        let old = self.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let result = call(&self.kernel);
        self.kernel.lower_irql(old);
        result
    }

    /// The driver's debug prints, in order.
    pub fn prints(&self) -> Vec<String> {
        let log = self.kernel.trace().log();
        let text = log.events().filter_map(|timed| match timed.event {
            portcls_emulator::trace::Event::Note(text) if log.name(timed.who) == "dbgprint" => {
                Some(log.text(text).to_owned())
            }
            _ => None,
        });
        text.collect()
    }
}

/// A range of ports.
pub fn ports(start: u64, length: u32) -> Resource {
    Resource::Port { start, length }
}

/// The interrupt of the card, translated.
pub fn interrupt() -> Resource {
    Resource::Interrupt {
        level: u32::from(Irql::of_line(LINE).0),
        vector: InterruptLine::vector_of(LINE),
        affinity: 1,
        trigger: TriggerMode::Level,
        share: Share::Shared,
    }
}
