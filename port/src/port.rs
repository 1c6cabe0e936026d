//! A port: binds a miniport to the filters and pins that clients open on it.
//!
//! This file owns what ports of every kind do: `IPort`, the service group of the miniport, power,
//! release. What differs between kinds of ports and of miniports is behind the traits [`Kind`],
//! `Miniport` and `Stream`.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::{Rc, Weak};

use portcls_emulator::registry::KeyDisposition;
use portcls_emulator::trace::Argument;
use portcls_emulator::{DeviceObject, DevicePowerState, Irp, Irql, Kernel, Need, NtStatus};

use crate::adapter::{adopt_port, device_property, subdevice_name};
use crate::answer_query;
use crate::binding::{Binding, Miniport};
use crate::com::{IUnknown, Interface, query};
use crate::descriptor::PcFilterDescriptor;
use crate::event::KsEventEntry;
use crate::event_list::EventQuery;
use crate::filter::Filter;
use crate::guid::Guid;
use crate::inspection::{PortInspection, inspect_port};
use crate::interfaces::{
    DeviceRegistryProperty, IPort, IPortClsVersion, IPortEvents, IPowerNotify, IRegistryKey,
    IResourceList, IServiceGroup, IServiceSink, IUnregisterPhysicalConnection,
    IUnregisterSubdevice, KeyAccess, PortClsVersion, RegistryKeyType,
};
use crate::ks::guids::category;
use crate::ks::{KsState, LengthReply};
use crate::miniport_calls::{Method, MiniportCalls};
use crate::pin::Pins;
use crate::refusal::Told;
use crate::registry_key::{RegistryKeyRequest, interface_key, new_registry_key};
use crate::rules::{self, require_irql_at_most};
use crate::service_group::Membership;
use crate::subdevice::{ISubdevice, KsObject, PowerDirection};

/// The name of the call that binds a port to its miniport.
const INIT: &str = "IPort::Init";

/// The categories of a filter for sound or music that names no categories.
///
/// Source: WDK, Installing Device Interfaces for an Audio Adapter: the categories of a device that
/// can do MIDI only. Assumed: a filter that names no categories gets these; comments in published
/// samples say this of wave filters.
pub(crate) const SOUND_CATEGORIES: [Guid; 3] =
    [category::AUDIO, category::RENDER, category::CAPTURE];

/// A kind of port: the interfaces that its object has, and the miniports that it works with.
pub(crate) trait Kind: Sized + 'static {
    /// The interfaces by which this kind of port can drive a miniport, as the trace names them.
    const MINIPORT: &'static str;

    /// The categories of a filter whose descriptor names no categories.
    const CATEGORIES: &'static [Guid];

    /// Answers a query for an interface that not every kind of port has.
    ///
    /// # Errors
    /// The errors of [`IUnknown::query_interface`].
    fn query(port: Rc<Port<Self>>, iid: &Guid) -> Result<Interface, NtStatus>;

    /// Queries a driver's object for an interface by which this kind of port can drive it.
    ///
    /// # Errors
    /// The status that the object returned.
    fn find_miniport(
        port: &Rc<Port<Self>>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Rc<dyn Miniport>, NtStatus>;
}

/// A port of some kind.
pub(crate) struct Port<K> {
    kind: PhantomData<K>,

    this: Weak<Port<K>>,
    binding: Rc<Binding>,

    membership: RefCell<Option<Membership>>,
    /// The pins of all filters.
    pins: Rc<Pins>,
}

/// The port's sink in the miniport's service group.
struct PortSink(Weak<Binding>);

impl IUnknown for PortSink {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IServiceSink)
    }
}

impl IServiceSink for PortSink {
    fn request_service(&self, kernel: &Kernel) {
        let binding = self.0.upgrade();
        if let Some(miniport) = binding.and_then(|binding| binding.miniport().ok()) {
            miniport.service(kernel);
        }
    }
}

impl<K: Kind> Port<K> {
    /// A port that is not bound yet.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn new(kernel: &Kernel) -> Rc<Port<K>> {
        Rc::new_cyclic(|this| Port {
            kind: PhantomData,
            this: Weak::clone(this),
            binding: Binding::new(kernel),
            membership: RefCell::new(None),
            pins: Rc::default(),
        })
    }

    pub fn calls(&self) -> &Rc<MiniportCalls> {
        self.binding.calls()
    }

    /// Requests service from a group. Without a group, this method requests service from the
    /// miniport's group and from the group of every open stream.
    ///
    /// IRQL: any.
    pub fn request_service(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        if let Some(group) = group {
            group.request_service(kernel);
            return;
        }
        let own = self.membership.borrow().as_ref().map(Membership::group);
        if let Some(group) = own {
            group.request_service(kernel);
        }
        for group in self.pins.open().iter().filter_map(|pin| pin.lane().group()) {
            group.request_service(kernel);
        }
    }

    /// Joins the miniport's group, unless the port has joined a group already. The miniport can
    /// register its group during Init, and Init can also return the group.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The status with which the group refused the port's sink.
    pub fn join_group(
        &self,
        kernel: &Kernel,
        group: Rc<dyn IServiceGroup>,
    ) -> Result<(), NtStatus> {
        let joined = self.membership.borrow().is_some();
        if joined {
            return Ok(());
        }
        let sink = Rc::new(PortSink(Rc::downgrade(&self.binding)));
        *self.membership.borrow_mut() = Some(Membership::join(kernel, group, sink)?);
        Ok(())
    }

    fn leave_group(&self, kernel: &Kernel) {
        let membership = self.membership.take();
        if let Some(membership) = membership {
            membership.leave(kernel);
        }
    }

    /// Starts the miniport and reads its descriptor.
    fn start(
        &self,
        kernel: &Kernel,
        miniport: &Rc<dyn Miniport>,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<(), NtStatus> {
        if let Some(group) = miniport.init(kernel, adapter, resources)? {
            self.join_group(kernel, group)?;
        }
        let object = miniport.object();
        let none = Argument::None;
        let describe = || object.get_description(kernel);
        let mut descriptor =
            self.calls().call(kernel, Method::GetDescription, none, describe, |_| none)?;
        for fault in descriptor.check() {
            kernel.report_violation(&rules::DESCRIPTOR_CONTRADICTION, &fault.to_string());
        }
        let completed = Rc::make_mut(&mut descriptor);
        if completed.categories.is_empty() {
            completed.categories = K::CATEGORIES.to_vec();
        }
        for pin in &mut completed.pins {
            miniport.add_ranges(&mut pin.pin.data_ranges);
        }
        self.binding.describe(descriptor);
        Ok(())
    }

    /// Tells a power state to an object of the driver, if the object has `IPowerNotify`.
    fn tell_power(&self, kernel: &Kernel, object: &Rc<dyn IUnknown>, state: DevicePowerState) {
        let Ok(notify) = query::<dyn IPowerNotify>(object) else { return };
        let tell = || {
            notify.power_change_notify(kernel, state);
            Ok(())
        };
        let (method, argument) = (Method::PowerChangeNotify, self.calls().power(state));
        let _ = self.calls().call(kernel, method, argument, tell, |()| Argument::None);
    }
}

impl<K: Kind> IUnknown for Port<K> {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        let own = K::query(Rc::clone(&self), iid);
        own.or_else(|_| {
            answer_query!(
                self,
                iid,
                IPort,
                IPortEvents,
                IUnregisterSubdevice,
                IUnregisterPhysicalConnection,
                ISubdevice
            )
        })
    }
}

impl<K: Kind> IPort for Port<K> {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        _irp: Option<&Irp>,
        miniport: Rc<dyn IUnknown>,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, INIT);
        if self.binding.device().is_ok() {
            let second = Err(NtStatus::INVALID_DEVICE_STATE);
            return second.told(kernel, Need::Required, INIT, || "a second miniport".to_owned());
        }
        let without = || format!("a miniport without {}", K::MINIPORT);
        let miniport = K::find_miniport(&self, &miniport);
        let miniport = miniport.told(kernel, Need::Required, INIT, without)?;
        let this: Weak<dyn ISubdevice> = self.this.clone();
        let not_ours = || "a device that PcAddAdapterDevice did not make".to_owned();
        adopt_port(device, this).told(kernel, Need::Required, INIT, not_ours)?;
        // The device can interrupt during Init, and then Service must already reach the miniport.
        self.binding.bind(device, &miniport);
        let result = self.start(kernel, &miniport, adapter, resources);
        if result.is_err() {
            self.leave_group(kernel);
            self.binding.unbind();
        }
        result
    }

    fn get_device_property(
        &self,
        kernel: &Kernel,
        property: DeviceRegistryProperty,
        length: u32,
    ) -> LengthReply {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IPort::GetDeviceProperty");
        match self.binding.device() {
            Ok(device) => device_property(&device, property, length),
            Err(status) => LengthReply::of_status(status),
        }
    }

    fn new_registry_key(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        key_type: RegistryKeyType,
        access: KeyAccess,
        path: Option<&str>,
    ) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IPort::NewRegistryKey");
        let device = self.binding.device()?;
        if key_type != RegistryKeyType::DeviceInterface {
            let request = RegistryKeyRequest { key_type, access, device: Some(&device), path };
            return new_registry_key(kernel, "IPort::NewRegistryKey", outer, &request);
        }
        if outer.is_some() {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        let this: Rc<dyn ISubdevice> = self.this.upgrade().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let reference = subdevice_name(&device, &this).ok_or(NtStatus::INVALID_DEVICE_REQUEST)?;
        interface_key(kernel, &device, &reference, access)
    }
}

/// Source: WDK, IPortClsVersion: every port except the WaveRT port has this interface. Assumed: the
/// version is Vista and later, because the rest of the emulated system is Windows 10.
impl<K: Kind> IPortClsVersion for Port<K> {
    fn get_version(&self) -> PortClsVersion {
        PortClsVersion::WindowsVista
    }
}

impl<K: Kind> IPortEvents for Port<K> {
    fn add_event_to_event_list(&self, kernel: &Kernel, entry: Rc<KsEventEntry>) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IPortEvents::AddEventToEventList");
        self.binding.events().add(kernel, entry);
    }

    fn generate_event_list(
        &self,
        kernel: &Kernel,
        set: Option<&Guid>,
        id: u32,
        pin: Option<u32>,
        node: Option<u32>,
    ) {
        let query = EventQuery { set: set.copied(), id, pin, node };
        self.binding.events().generate(kernel, query);
    }
}

impl<K: Kind> ISubdevice for Port<K> {
    fn descriptor(&self) -> Option<Rc<PcFilterDescriptor>> {
        self.binding.descriptor()
    }

    fn open_filter(
        self: Rc<Self>,
        _kernel: &Kernel,
        _device: &Rc<DeviceObject>,
    ) -> Result<Rc<dyn KsObject>, NtStatus> {
        let descriptor = self.descriptor().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let (binding, pins) = (Rc::clone(&self.binding), Rc::clone(&self.pins));
        Ok(Filter::new(self, binding, descriptor, pins))
    }

    fn inspect(&self, kernel: &Kernel, name: &str, told: &mut PortInspection) {
        inspect_port(kernel, name, &self.binding, &self.pins, told);
    }

    fn is_in_use(&self) -> bool {
        !self.pins.open().is_empty()
    }

    fn is_running(&self) -> bool {
        self.pins.open().iter().any(|pin| pin.lane().state() == KsState::Run)
    }

    fn suspend(&self, kernel: &Kernel) {
        self.pins.open().iter().for_each(|pin| pin.suspend(kernel));
    }

    fn notify_power(&self, kernel: &Kernel, state: DevicePowerState, direction: PowerDirection) {
        let miniport = self.binding.miniport().ok();
        let miniport = miniport.map(|miniport| miniport.object() as Rc<dyn IUnknown>);
        let pins = self.pins.open();
        let streams = pins.iter().filter_map(|pin| pin.lane().stream());
        let streams = streams.map(|stream| stream.object());
        let mut objects: Vec<Rc<dyn IUnknown>> = miniport.into_iter().chain(streams).collect();
        if direction == PowerDirection::Down {
            // Assumed: on the way down, the object that was made last gets the call first.
            objects.reverse();
        }
        objects.iter().for_each(|object| self.tell_power(kernel, object, state));
    }

    fn resume(&self, kernel: &Kernel) {
        self.pins.open().iter().for_each(|pin| pin.resume(kernel));
    }

    fn release(&self, kernel: &Kernel) {
        self.pins.open().iter().for_each(|pin| pin.shut(kernel));
        self.leave_group(kernel);
        self.binding.events().clear(kernel);
        let miniport = self.binding.unbind();
        kernel.call_driver_code("the destructor of a miniport", || drop(miniport));
    }
}
