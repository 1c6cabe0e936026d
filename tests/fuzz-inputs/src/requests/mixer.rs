//! A driver with events: a topology filter and its volume control.
//!
//! The filter and its node have events 0 and 1. A client can enable each event for every time, or
//! for one time. When a client sets the volume, the driver generates event 0.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_machine::emulator::{DeviceObject, DriverObject, Irp, Kernel, NtStatus};
use portcls_machine::port::automation::{PcAutomationTable, PcPropertyItem, PropertyHandler};
use portcls_machine::port::com::{IUnknown, Interface, query};
use portcls_machine::port::descriptor::{
    KsPinDescriptor, PcFilterDescriptor, PcNodeDescriptor, PcPinDescriptor,
};
use portcls_machine::port::event::{EventHandler, PcEventItem, PcEventVerb};
use portcls_machine::port::guid::{Guid, clsid};
use portcls_machine::port::interfaces::{
    IMiniport, IMiniportTopology, IPortEvents, IPortTopology, IResourceList,
};
use portcls_machine::port::ks::guids::{event_set, node_type, property_set};
use portcls_machine::port::ks::{
    DataRange, KsDataFormat, KsEventType, KsPinCommunication, KsPinDataFlow, KsPropertyType,
    LengthReply,
};
use portcls_machine::port::{
    answer_query, pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_port,
    pc_register_subdevice,
};

const CHANGE: Guid = event_set::AUDIO_CONTROL_CHANGE;

/// The port's list of events, once the miniport has its port. The port holds the miniport. When the
/// port releases the miniport, the miniport gives this list up.
type Events = Rc<RefCell<Option<Rc<dyn IPortEvents>>>>;

/// DriverEntry.
pub fn driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    let add = |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<DeviceObject>| {
        pc_add_adapter_device(kernel, driver, physical, Rc::new(start), 1, 0)
    };
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add))?;
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}

fn start(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
    resources: Rc<dyn IResourceList>,
) -> Result<(), NtStatus> {
    let port = pc_new_port(kernel, &clsid::PORT_TOPOLOGY)?;
    let miniport = Rc::new(Mixer { events: Events::default() });
    Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
    pc_register_subdevice(kernel, device, "Topology", port)
}

struct Mixer {
    events: Events,
}

impl Mixer {
    fn table(&self) -> Rc<PcAutomationTable> {
        let events = Rc::clone(&self.events);
        let handler: EventHandler = Rc::new(move |kernel, request| {
            let list = events.borrow().clone();
            if let (PcEventVerb::Add, Some(list), Some(entry)) =
                (request.verb, list, &request.event_entry)
            {
                list.add_event_to_event_list(kernel, Rc::clone(entry));
            }
            NtStatus::SUCCESS
        });
        let flags = KsEventType::ENABLE | KsEventType::ONESHOT | KsEventType::BASICSUPPORT;
        let event = |id| PcEventItem { set: CHANGE, id, flags, handler: Some(Rc::clone(&handler)) };
        let events = Rc::clone(&self.events);
        let tell: PropertyHandler = Rc::new(move |kernel, _| {
            let list = events.borrow().clone();
            if let Some(list) = list {
                list.generate_event_list(kernel, None, 0, None, None);
            }
            NtStatus::SUCCESS
        });
        let volume = PcPropertyItem {
            set: property_set::AUDIO,
            id: 4,
            flags: KsPropertyType::SET,
            handler: Some(tell),
        };
        let events = vec![event(0), event(1)];
        Rc::new(PcAutomationTable { properties: vec![volume], events })
    }
}

/// A pin that no client can open.
fn output() -> PcPinDescriptor {
    PcPinDescriptor {
        max_global_instance_count: 0,
        max_filter_instance_count: 0,
        min_filter_instance_count: 0,
        automation: None,
        pin: KsPinDescriptor {
            interfaces: Vec::new(),
            mediums: Vec::new(),
            data_ranges: vec![KsDataFormat::MIDI_BUS.into()],
            data_flow: KsPinDataFlow::Out,
            communication: KsPinCommunication::None,
            category: Some(node_type::SPEAKER),
            name: None,
            constrained_data_ranges: Vec::new(),
        },
    }
}

impl IUnknown for Mixer {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportTopology)
    }
}

impl IMiniport for Mixer {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        let (automation, node_type) = (Some(self.table()), node_type::VOLUME);
        let node = PcNodeDescriptor { flags: 0, automation, node_type, name: None };
        let automation = Some(self.table());
        let (pins, nodes) = (vec![output()], vec![node]);
        Ok(Rc::new(PcFilterDescriptor { automation, pins, nodes, ..Default::default() }))
    }

    fn data_range_intersection(
        &self,
        _kernel: &Kernel,
        _pin_id: u32,
        _client_range: &DataRange,
        _pin_range: &DataRange,
        _output_length: u32,
    ) -> LengthReply {
        LengthReply::of_status(NtStatus::NOT_IMPLEMENTED)
    }
}

impl IMiniportTopology for Mixer {
    fn init(
        self: Rc<Self>,
        _kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        _resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortTopology>,
    ) -> Result<(), NtStatus> {
        *self.events.borrow_mut() = Some(query::<dyn IPortEvents>(&port)?);
        Ok(())
    }
}

impl Drop for Mixer {
    fn drop(&mut self) {
        self.events.take();
    }
}
