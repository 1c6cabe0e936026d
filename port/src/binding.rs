//! A binding: a port's device, miniport and descriptor, shared with its pins.
//!
//! This file owns the device, the miniport and the descriptor from IPort::Init until the port is
//! released. This file never knows which filters and pins are open, or the kind of the miniport.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{DeviceObject, Kernel, NtStatus};

use crate::com::IUnknown;
use crate::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use crate::event_list::EventList;
use crate::interfaces::{IMasterClock, IMiniport, IResourceList, IServiceGroup, StreamDirection};
use crate::ks::{DataRange, KsDataFormat};
use crate::lane::{Lane, NewLaneStream};
use crate::miniport_calls::MiniportCalls;

/// A miniport, with the calls by which its port drives it. Each kind of miniport has its own
/// implementation.
///
/// IRQL of every call but [`service`](Self::service): PASSIVE_LEVEL.
pub(crate) trait Miniport {
    /// The driver's object.
    fn object(&self) -> Rc<dyn IMiniport>;

    /// Starts the miniport; returns the service group of the miniport, if it has a group.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The status that the miniport returned.
    fn init(
        &self,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus>;

    /// Calls the miniport's Service, for the kinds of miniport that need this call. The miniport's
    /// service group asks for the call.
    ///
    /// IRQL: DISPATCH_LEVEL.
    fn service(&self, _kernel: &Kernel) {}

    /// Adds the ranges that the port offers on a pin beside the ranges of the miniport, if the kind
    /// of port has such ranges.
    fn add_ranges(&self, _ranges: &mut Vec<DataRange>) {}

    /// The miniport as a maker of streams, so that clients can open its pins.
    ///
    /// # Errors
    /// Why clients can open no pin of this kind of miniport.
    fn streams(&self) -> Result<&dyn StreamMiniport, NoStreams>;

    /// The clock for the times of DirectMusic events; `None` for a kind of miniport without such
    /// events.
    fn master_clock(&self) -> Option<Rc<dyn IMasterClock>> {
        None
    }
}

/// A miniport that makes streams.
pub(crate) trait StreamMiniport {
    /// Makes a stream on a pin. The caller then connects `lane` to the stream.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The status that the miniport returned.
    fn new_stream(
        &self,
        kernel: &Kernel,
        lane: &Rc<Lane>,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewLaneStream, NtStatus>;
}

/// Why no pin of a miniport can be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoStreams {
    /// The status that a client gets when it opens a pin.
    pub status: NtStatus,
    /// The reason, as the trace tells it: `a topology filter has no streams`.
    pub reason: &'static str,
}

/// The parts that a port shares with its filters and pins.
pub(crate) struct Binding {
    calls: Rc<MiniportCalls>,
    events: Rc<EventList>,

    device: RefCell<Option<Rc<DeviceObject>>>,
    miniport: RefCell<Option<Rc<dyn Miniport>>>,
    descriptor: RefCell<Option<Rc<PcFilterDescriptor>>>,
}

impl Binding {
    /// A binding without device and miniport.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn new(kernel: &Kernel) -> Rc<Binding> {
        let calls = Rc::new(MiniportCalls::new(kernel));
        Rc::new(Binding {
            events: EventList::new(&calls),
            calls,
            device: RefCell::new(None),
            miniport: RefCell::new(None),
            descriptor: RefCell::new(None),
        })
    }

    pub fn calls(&self) -> &Rc<MiniportCalls> {
        &self.calls
    }

    /// The events that clients have enabled.
    pub fn events(&self) -> &Rc<EventList> {
        &self.events
    }

    /// Binds a device and a miniport.
    pub fn bind(&self, device: &Rc<DeviceObject>, miniport: &Rc<dyn Miniport>) {
        *self.device.borrow_mut() = Some(Rc::clone(device));
        *self.miniport.borrow_mut() = Some(Rc::clone(miniport));
    }

    /// Keeps the filter's descriptor.
    pub fn describe(&self, descriptor: Rc<PcFilterDescriptor>) {
        *self.descriptor.borrow_mut() = Some(descriptor);
    }

    /// Takes over the miniport's present description of a pin. The pin's automation table stays as
    /// it was when the miniport was initialised.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn refresh_pin(&self, kernel: &Kernel, pin_id: u32) {
        let Ok(miniport) = self.miniport() else { return };
        let object = miniport.object();
        let describe = || object.describe_pin(kernel, pin_id);
        if let Some(mut now) = kernel.call_driver_code("IMiniport::describe_pin", describe) {
            miniport.add_ranges(&mut now.pin.data_ranges);
            self.change_pin(pin_id, |pin| {
                let automation = pin.automation.take();
                *pin = PcPinDescriptor { automation, ..now };
            });
        }
    }

    /// Changes the description of a pin, when the pin has a description.
    pub fn change_pin(&self, pin_id: u32, change: impl FnOnce(&mut PcPinDescriptor)) {
        let mut descriptor = self.descriptor.borrow_mut();
        let Some(filter) = descriptor.as_mut() else { return };
        let Some(pin) = filter.pins.get(pin_id as usize) else { return };
        let mut changed = pin.clone();
        change(&mut changed);
        if changed != *pin {
            Rc::make_mut(filter).pins[pin_id as usize] = changed;
        }
    }

    /// Forgets the device, the miniport and the descriptor. Returns the miniport. The returned
    /// reference may be the last reference to the miniport.
    pub fn unbind(&self) -> Option<Rc<dyn Miniport>> {
        self.descriptor.take();
        self.device.take();
        self.miniport.take()
    }

    /// The device.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` on a port that is not bound, or was released.
    pub fn device(&self) -> Result<Rc<DeviceObject>, NtStatus> {
        self.device.borrow().clone().ok_or(NtStatus::INVALID_DEVICE_STATE)
    }

    /// The miniport.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` on a port that is not bound, or was released.
    pub fn miniport(&self) -> Result<Rc<dyn Miniport>, NtStatus> {
        self.miniport.borrow().clone().ok_or(NtStatus::INVALID_DEVICE_STATE)
    }

    /// The filter's descriptor, if the miniport has handed one out. Each pin has the description
    /// that the port read last.
    pub fn descriptor(&self) -> Option<Rc<PcFilterDescriptor>> {
        self.descriptor.borrow().clone()
    }
}
