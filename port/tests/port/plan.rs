//! The plan of the fake driver, and the filter that it describes.

use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_port::com::IUnknown;
use portcls_port::descriptor::{KsPinDescriptor, PcFilterDescriptor, PcPinDescriptor};
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::PinCounts;
use portcls_port::ks::guids::category;
use portcls_port::ks::{
    DataRange, KsDataFormat, KsDataRangeMusic, KsPinCommunication, KsPinDataFlow, LengthReply,
};

use crate::fake::{Fake, midi_miniport};

/// The pin to render on.
pub const RENDER: u32 = 0;
/// A bridge pin.
pub const BRIDGE: u32 = 1;
/// The pin to capture from.
pub const CAPTURE: u32 = 2;

/// The moment when the miniport makes its group known.
#[derive(Clone, Copy, PartialEq)]
pub enum Grouping {
    /// Init registers the group with RegisterServiceGroup, and also returns the group.
    Early,
    /// Init returns the group.
    Late,
    /// Init registers the group with RegisterServiceGroup, calls Notify, and returns the group.
    EarlyWithNotify,
    /// The miniport has no group.
    Never,
}

/// The group that comes with a stream.
#[derive(Clone, Copy, PartialEq)]
pub enum StreamGroup {
    /// The miniport's group.
    Shared,
    /// A group of the stream's own.
    Own,
    /// No group.
    Absent,
}

/// Whether the driver has power interfaces: on its miniport, its streams and its adapter object.
#[derive(Clone, Copy, PartialEq)]
pub enum PowerInterfaces {
    Offered,
    Absent,
}

/// Whether the driver changes the description of its pins after its start.
#[derive(Clone, Copy, PartialEq)]
pub enum PinDescription {
    /// The driver does not change the description. The port answers from its own copy.
    Fixed,
    /// The driver may change the description. The port asks the driver for a pin each time, and the
    /// driver answers from the plan's filter.
    Live,
}

/// What the driver gives to IPort::Init besides the device and the miniport.
#[derive(Clone, Copy, PartialEq)]
pub enum PortInit {
    /// The start request and the resources.
    Full,
    /// Neither the start request nor the resources.
    Bare,
}

/// The newest version of `IAdapterPowerManagement` that the adapter object has. The object also has
/// the earlier versions.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub enum PowerVersion {
    First,
    Second,
    Third,
}

/// When the driver registers its adapter object for power.
#[derive(Clone, Copy, PartialEq)]
pub enum PowerRegistration {
    InAddDevice,
    InStartDevice,
}

/// What the driver does and answers. A test makes the plan before the device starts, and may change
/// parts of it later.
pub struct Plan {
    pub names: Vec<&'static str>,
    /// The class of the port.
    pub class: Guid,
    /// Makes the miniport.
    pub miniport: fn(&Rc<Fake>) -> Rc<dyn IUnknown>,
    pub max_objects: u32,
    pub extension_size: u32,
    pub grouping: Grouping,
    pub stream_group: StreamGroup,
    pub filter: PcFilterDescriptor,
    pub pin_description: PinDescription,
    pub port_init: PortInit,
    pub init_status: NtStatus,
    /// The status of StartDevice after all subdevices are registered.
    pub start_status: NtStatus,
    pub new_stream_status: NtStatus,
    pub power: PowerInterfaces,
    pub power_registration: PowerRegistration,
    /// The adapter's answer to QueryPowerChangeState.
    pub power_veto: NtStatus,
    pub pin_count: Option<fn(u32, &mut PinCounts)>,
    pub intersection: fn(u32) -> LengthReply,
    /// Answers IPinName: takes the number of the pin and the length of the client's room.
    pub pin_name: Option<fn(u32, u32) -> LengthReply>,
    /// The newest version of the adapter's power management.
    pub power_version: PowerVersion,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            names: vec!["Midi"],
            class: clsid::PORT_MIDI,
            miniport: midi_miniport,
            max_objects: 1,
            extension_size: 0,
            grouping: Grouping::Early,
            stream_group: StreamGroup::Shared,
            filter: filter(),
            pin_description: PinDescription::Fixed,
            port_init: PortInit::Full,
            init_status: NtStatus::SUCCESS,
            start_status: NtStatus::SUCCESS,
            new_stream_status: NtStatus::SUCCESS,
            power: PowerInterfaces::Absent,
            power_registration: PowerRegistration::InAddDevice,
            power_veto: NtStatus::SUCCESS,
            pin_count: None,
            intersection: |_| LengthReply::of_status(NtStatus::NOT_IMPLEMENTED),
            pin_name: None,
            power_version: PowerVersion::First,
        }
    }
}

/// A render pin, a bridge pin and a capture pin. The render pin and the capture pin take one client
/// each.
pub fn filter() -> PcFilterDescriptor {
    let midi = || DataRange::from(KsDataRangeMusic::MIDI_PORT);
    PcFilterDescriptor {
        pins: vec![
            pin(1, KsPinDataFlow::In, KsPinCommunication::Sink, midi()),
            pin(0, KsPinDataFlow::Out, KsPinCommunication::Bridge, KsDataFormat::MIDI_BUS.into()),
            pin(1, KsPinDataFlow::Out, KsPinCommunication::Sink, midi()),
        ],
        categories: vec![category::AUDIO, category::RENDER, category::CAPTURE],
        ..PcFilterDescriptor::default()
    }
}

fn pin(
    instances: u32,
    data_flow: KsPinDataFlow,
    communication: KsPinCommunication,
    range: DataRange,
) -> PcPinDescriptor {
    PcPinDescriptor {
        max_global_instance_count: instances,
        max_filter_instance_count: instances,
        min_filter_instance_count: 0,
        automation: None,
        pin: KsPinDescriptor {
            interfaces: Vec::new(),
            mediums: Vec::new(),
            data_ranges: vec![range],
            data_flow,
            communication,
            category: Some(category::AUDIO),
            name: None,
            constrained_data_ranges: Vec::new(),
        },
    }
}
