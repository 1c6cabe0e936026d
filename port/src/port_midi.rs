//! The port `IPortMidi`: it binds a miniport to its filters, pins and service groups.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use portcls_emulator::registry::KeyDisposition;
use portcls_emulator::trace::{Argument, Layer};
use portcls_emulator::{DeviceObject, DevicePowerState, Irp, Irql, Kernel, NtStatus};

use crate::adapter::{adopt_port, pc_get_device_property, subdevice_name};
use crate::answer_query;
use crate::com::{IUnknown, Interface, query};
use crate::descriptor::PcFilterDescriptor;
use crate::filter::MidiFilter;
use crate::guid::{Guid, clsid};
use crate::interfaces::{
    DeviceRegistryProperty, IMiniport, IMiniportMidi, IPort, IPortMidi, IPowerNotify, IRegistryKey,
    IResourceList, IServiceGroup, IServiceSink, KeyAccess, RegistryKeyType,
};
use crate::ks::LengthReply;
use crate::miniport_calls::{Method, MiniportCalls};
use crate::physical_connection::{connected_to, wire_form};
use crate::pin::MidiPin;
use crate::power::bring_to_d0;
use crate::registry_key::{RegistryKeyRequest, interface_key, pc_new_registry_key};
use crate::rules::{self, require_irql_at_most};
use crate::service_group::Membership;
use crate::subdevice::{ISubdevice, KsObject};

/// The object that `PcNewPort` makes for the MIDI classes.
pub(crate) struct PortMidi {
    calls: MiniportCalls,
    this: Weak<PortMidi>,

    device: RefCell<Option<Rc<DeviceObject>>>,
    miniport: RefCell<Option<Rc<dyn IMiniportMidi>>>,
    descriptor: RefCell<Option<Rc<PcFilterDescriptor>>>,
    membership: RefCell<Option<Membership>>,
    filters: RefCell<Vec<Weak<MidiFilter>>>,
}

/// Makes a port. IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// `STATUS_NOT_SUPPORTED` for a class that is not offered. Assumed: the documents name no value.
/// The DirectMusic class makes the same object since Windows XP; it is not offered until
/// DirectMusic miniports are.
#[doc(alias = "PcNewPort")]
pub fn pc_new_port(kernel: &Kernel, class: &Guid) -> Result<Rc<dyn IPort>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewPort");
    if *class != clsid::PORT_MIDI {
        return Err(NtStatus::NOT_SUPPORTED);
    }
    Ok(Rc::new_cyclic(|this| PortMidi {
        calls: MiniportCalls::new(kernel),
        this: Weak::clone(this),
        device: RefCell::new(None),
        miniport: RefCell::new(None),
        descriptor: RefCell::new(None),
        membership: RefCell::new(None),
        filters: RefCell::new(Vec::new()),
    }))
}

/// Makes a miniport that comes with PortCls. IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// `STATUS_NOT_SUPPORTED`, with the class in the trace: none of them is built.
#[doc(alias = "PcNewMiniport")]
pub fn pc_new_miniport(kernel: &Kernel, class: &Guid) -> Result<Rc<dyn IMiniport>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewMiniport");
    let who = kernel.trace().actor("port", Layer::Software);
    kernel.record_note(who, &format!("PcNewMiniport: {class:?} is not built"));
    Err(NtStatus::NOT_SUPPORTED)
}

/// The port's sink in the miniport's service group.
struct PortSink(Weak<PortMidi>);

impl IUnknown for PortSink {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IServiceSink)
    }
}

impl IServiceSink for PortSink {
    fn request_service(&self, kernel: &Kernel) {
        let Some(port) = self.0.upgrade() else { return };
        let Some(miniport) = port.miniport() else { return };
        let serve = || {
            miniport.service(kernel);
            Ok(())
        };
        let none = Argument::None;
        let _ = port.calls.call(kernel, Method::Service, none, serve, |()| none);
    }
}

impl PortMidi {
    pub fn calls(&self) -> &MiniportCalls {
        &self.calls
    }

    /// The miniport, from Init until the port is released.
    pub fn miniport(&self) -> Option<Rc<dyn IMiniportMidi>> {
        self.miniport.borrow().clone()
    }

    /// Brings the device to D0, where streams are made.
    ///
    /// # Errors
    /// As [`bring_to_d0`]; `STATUS_INVALID_DEVICE_STATE` on a port that was released.
    pub fn bring_to_d0(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        let device = self.device.borrow().clone().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        bring_to_d0(kernel, &device)
    }

    /// What a pin is wired to outside the filter, in its form on the wire.
    pub fn physical_connection(&self, pin_id: u32) -> Option<Vec<u8>> {
        let device = self.device.borrow().clone()?;
        let this: Rc<dyn ISubdevice> = self.this.upgrade()?;
        let (link, pin) = connected_to(&device, &this, pin_id)?;
        Some(wire_form(&link, pin))
    }

    /// Tells an object of the driver of a power state, if it wants to know.
    fn tell_power(&self, kernel: &Kernel, object: &Rc<dyn IUnknown>, state: DevicePowerState) {
        let Ok(notify) = query::<dyn IPowerNotify>(object) else { return };
        let tell = || {
            notify.power_change_notify(kernel, state);
            Ok(())
        };
        let (method, argument) = (Method::PowerChangeNotify, self.calls.power(state));
        let _ = self.calls.call(kernel, method, argument, tell, |()| Argument::None);
    }

    fn pins(&self) -> Vec<Rc<MidiPin>> {
        self.filters().into_iter().flat_map(|filter| filter.pins()).collect()
    }

    /// Open instances of a pin over all filters.
    pub fn open_pins(&self, pin_id: u32) -> u32 {
        self.pins().iter().filter(|pin| pin.id() == pin_id).count() as u32
    }

    /// A filter was closed.
    pub fn forget_filter(&self, filter: &MidiFilter) {
        self.filters.borrow_mut().retain(|other| !std::ptr::eq(other.as_ptr(), filter));
    }

    fn filters(&self) -> Vec<Rc<MidiFilter>> {
        self.filters.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// Joins the miniport's group once: early from RegisterServiceGroup, or after Init.
    fn join_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>) -> Result<(), NtStatus> {
        let joined = self.membership.borrow().is_some();
        if joined {
            return Ok(());
        }
        let sink = Rc::new(PortSink(Weak::clone(&self.this)));
        *self.membership.borrow_mut() = Some(Membership::join(kernel, group, sink)?);
        Ok(())
    }

    fn leave_group(&self, kernel: &Kernel) {
        let membership = self.membership.borrow_mut().take();
        if let Some(membership) = membership {
            membership.leave(kernel);
        }
    }

    fn init_miniport(
        self: &Rc<Self>,
        kernel: &Kernel,
        miniport: &Rc<dyn IMiniportMidi>,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Rc<dyn IResourceList>,
    ) -> Result<(), NtStatus> {
        let port: Rc<dyn IPortMidi> = Rc::clone(self) as _;
        let none = Argument::None;
        // From here on it can interrupt: what Init leaves to Service must find its way.
        *self.miniport.borrow_mut() = Some(Rc::clone(miniport));
        let init = || Rc::clone(miniport).init(kernel, adapter, resources, port);
        let group = self.calls.call(kernel, Method::Init, none, init, |_| none)?;
        if let Some(group) = group {
            self.join_group(kernel, group)?;
        }
        let describe = || miniport.get_description(kernel);
        let descriptor =
            self.calls.call(kernel, Method::GetDescription, none, describe, |_| none)?;
        for fault in descriptor.check() {
            kernel.report_violation(&rules::DESCRIPTOR_CONTRADICTION, &fault.to_string());
        }
        *self.descriptor.borrow_mut() = Some(descriptor);
        Ok(())
    }
}

impl IUnknown for PortMidi {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IPort, IPortMidi, ISubdevice)
    }
}

impl IPort for PortMidi {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        _irp: &Irp,
        miniport: Rc<dyn IUnknown>,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Rc<dyn IResourceList>,
    ) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IPort::Init");
        if self.device.borrow().is_some() {
            return Err(NtStatus::INVALID_DEVICE_STATE);
        }
        let miniport = query::<dyn IMiniportMidi>(&miniport)?;
        let this: Weak<dyn ISubdevice> = self.this.clone();
        adopt_port(device, this)?;
        *self.device.borrow_mut() = Some(Rc::clone(device));
        let result = self.init_miniport(kernel, &miniport, adapter, resources);
        if result.is_err() {
            self.leave_group(kernel);
            self.miniport.borrow_mut().take();
            self.device.borrow_mut().take();
        }
        result
    }

    fn get_device_property(
        &self,
        kernel: &Kernel,
        property: DeviceRegistryProperty,
        length: u32,
    ) -> LengthReply {
        let device = self.device.borrow().clone();
        let Some(device) = device else {
            return LengthReply::of_status(NtStatus::INVALID_DEVICE_STATE);
        };
        pc_get_device_property(kernel, &device, property, length)
    }

    fn new_registry_key(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        key_type: RegistryKeyType,
        access: KeyAccess,
        path: Option<&str>,
    ) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus> {
        let device = self.device.borrow().clone().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        if key_type != RegistryKeyType::DeviceInterface {
            let request = RegistryKeyRequest { key_type, access, device: Some(&device), path };
            return pc_new_registry_key(kernel, outer, &request);
        }
        let this: Rc<dyn ISubdevice> = self.this.upgrade().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let reference = subdevice_name(&device, &this).ok_or(NtStatus::INVALID_DEVICE_REQUEST)?;
        interface_key(kernel, &device, &reference, access)
    }
}

impl IPortMidi for PortMidi {
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        if let Some(group) = group {
            group.request_service(kernel);
            return;
        }
        let own = self.membership.borrow().as_ref().map(Membership::group);
        if let Some(group) = own {
            group.request_service(kernel);
        }
        for filter in self.filters() {
            for group in filter.pins().iter().filter_map(|pin| pin.group()) {
                group.request_service(kernel);
            }
        }
    }

    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IPortMidi::RegisterServiceGroup");
        if let Err(status) = self.join_group(kernel, group) {
            let text = format!("RegisterServiceGroup: the group answered {status}");
            self.calls.note(kernel, &text);
        }
    }
}

impl ISubdevice for PortMidi {
    fn descriptor(&self) -> Option<Rc<PcFilterDescriptor>> {
        self.descriptor.borrow().clone()
    }

    fn open_filter(
        self: Rc<Self>,
        _kernel: &Kernel,
        _device: &Rc<DeviceObject>,
    ) -> Result<Rc<dyn KsObject>, NtStatus> {
        let descriptor = self.descriptor().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let filter = MidiFilter::new(&self, descriptor);
        self.filters.borrow_mut().push(Rc::downgrade(&filter));
        Ok(filter)
    }

    fn is_in_use(&self) -> bool {
        !self.pins().is_empty()
    }

    fn suspend(&self, kernel: &Kernel) {
        self.pins().iter().for_each(|pin| pin.suspend(kernel));
    }

    fn notify_power(&self, kernel: &Kernel, state: DevicePowerState) {
        let miniport = self.miniport().map(|miniport| miniport as Rc<dyn IUnknown>);
        let streams = self.pins().into_iter().filter_map(|pin| pin.stream());
        let mut objects: Vec<Rc<dyn IUnknown>> =
            miniport.into_iter().chain(streams.map(|stream| stream as Rc<dyn IUnknown>)).collect();
        if state != DevicePowerState::D0 {
            // Assumed: who was made last is told first.
            objects.reverse();
        }
        objects.iter().for_each(|object| self.tell_power(kernel, object, state));
    }

    fn resume(&self, kernel: &Kernel) {
        self.pins().iter().for_each(|pin| pin.resume(kernel));
    }

    fn release(&self, kernel: &Kernel) {
        for filter in self.filters() {
            for pin in filter.pins() {
                pin.shut(kernel);
                filter.forget_pin(&pin);
            }
        }
        self.leave_group(kernel);
        self.descriptor.borrow_mut().take();
        self.device.borrow_mut().take();
        let miniport = self.miniport.borrow_mut().take();
        kernel.call_driver_code("the destructor of a miniport", || drop(miniport));
    }
}
