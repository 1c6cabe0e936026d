//! The filter descriptor: a miniport's pins, nodes and connections.
//!
//! This file owns the typed form; `check.rs` checks whether the parts of a descriptor agree. The C
//! form is a tree of pointers with strides. The typed form has no strides. So the guest checks the
//! strides when it reads the C form from a `.sys` driver.

use std::ops::Deref;
use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use crate::automation::PcAutomationTable;
use crate::guid::Guid;
use crate::ks::{DataRange, KsIdentifier, KsPinCommunication, KsPinDataFlow, assert_layout};

mod check;

pub use check::DescriptorFault;

/// A filter, as [`IMiniport::get_description`](crate::interfaces::IMiniport::get_description)
/// describes it.
#[doc(alias = "PCFILTER_DESCRIPTOR")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcFilterDescriptor {
    /// Zero.
    pub version: u32,
    /// The properties and events that the miniport serves itself.
    #[doc(alias = "AutomationTable")]
    pub automation: Option<Rc<PcAutomationTable>>,
    /// The pins; a pin's identifier is its index.
    pub pins: Vec<PcPinDescriptor>,
    /// The topology nodes; a node's identifier is its index.
    pub nodes: Vec<PcNodeDescriptor>,
    /// The lines between pins and nodes.
    pub connections: Vec<PcConnectionDescriptor>,
    /// The categories under which clients find the filter. An empty list means the categories of
    /// the port's kind.
    pub categories: Vec<Guid>,
}

/// A pin: its instance limits and its kernel streaming description.
#[doc(alias = "PCPIN_DESCRIPTOR")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcPinDescriptor {
    /// The greatest number of instances on all filters together;
    /// [`INSTANCES_UNLIMITED`](crate::ks::INSTANCES_UNLIMITED) for no limit.
    #[doc(alias = "MaxGlobalInstanceCount")]
    pub max_global_instance_count: u32,
    /// The greatest number of instances on one filter;
    /// [`INSTANCES_UNLIMITED`](crate::ks::INSTANCES_UNLIMITED) for no limit.
    #[doc(alias = "MaxFilterInstanceCount")]
    pub max_filter_instance_count: u32,
    /// The number of instances that must exist before the filter works.
    #[doc(alias = "MinFilterInstanceCount")]
    pub min_filter_instance_count: u32,
    /// The properties and events that the miniport serves itself.
    #[doc(alias = "AutomationTable")]
    pub automation: Option<Rc<PcAutomationTable>>,
    /// The pin's kernel streaming description.
    #[doc(alias = "KsPinDescriptor")]
    pub pin: KsPinDescriptor,
}

/// A pin of a filter's description. The description is shared.
pub(crate) struct DescribedPin {
    filter: Rc<PcFilterDescriptor>,
    index: usize,
}

impl DescribedPin {
    /// A pin by its identifier; `None` when the filter has no such pin.
    pub fn new(filter: Rc<PcFilterDescriptor>, pin_id: u32) -> Option<DescribedPin> {
        let index = pin_id as usize;
        (index < filter.pins.len()).then_some(DescribedPin { filter, index })
    }

    /// The description that the pin is part of.
    pub fn filter(&self) -> &Rc<PcFilterDescriptor> {
        &self.filter
    }
}

impl Deref for DescribedPin {
    type Target = PcPinDescriptor;

    fn deref(&self) -> &PcPinDescriptor {
        &self.filter.pins[self.index]
    }
}

/// The kernel streaming description of a pin.
#[doc(alias = "KSPIN_DESCRIPTOR")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KsPinDescriptor {
    /// The interfaces that the driver lists. The port ignores this list: a pin has only the
    /// interface [`KsIdentifier::STANDARD_STREAMING`]. Source: WDK, PCPIN_DESCRIPTOR.
    pub interfaces: Vec<KsIdentifier>,
    /// The mediums. An empty list means the standard medium.
    pub mediums: Vec<KsIdentifier>,
    /// The formats the pin takes.
    #[doc(alias = "DataRanges")]
    pub data_ranges: Vec<DataRange>,
    /// The direction of the data.
    #[doc(alias = "DataFlow")]
    pub data_flow: KsPinDataFlow,
    /// Whether and how a client can open the pin.
    pub communication: KsPinCommunication,
    /// The category of the pin. The category says what the pin is for.
    pub category: Option<Guid>,
    /// The name of the pin, looked up in the registry.
    pub name: Option<Guid>,
    /// The formats that the pin takes at present. An empty list means all formats in the pin's
    /// ranges.
    #[doc(alias = "ConstrainedDataRanges")]
    pub constrained_data_ranges: Vec<DataRange>,
}

impl KsPinDescriptor {
    /// The mediums that a client may ask for.
    #[must_use]
    pub fn mediums_or_standard(&self) -> &[KsIdentifier] {
        match self.mediums.as_slice() {
            [] => &[KsIdentifier::STANDARD_DEVICE_IO],
            mediums => mediums,
        }
    }

    /// Whether the pin's communication lets a client open the pin.
    #[must_use]
    pub const fn can_be_opened(&self) -> bool {
        matches!(self.communication, KsPinCommunication::Sink | KsPinCommunication::Both)
    }
}

/// A topology node.
#[doc(alias = "PCNODE_DESCRIPTOR")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcNodeDescriptor {
    /// Zero.
    pub flags: u32,
    /// The properties and events that the miniport serves itself.
    #[doc(alias = "AutomationTable")]
    pub automation: Option<Rc<PcAutomationTable>>,
    /// The type of the node.
    #[doc(alias = "Type")]
    pub node_type: Guid,
    /// The name of the node. `None` means the name of the node's type.
    pub name: Option<Guid>,
}

/// A line from a pin of a node or of the filter to another such pin. Clients get the line in the
/// form of this structure.
#[doc(alias = "PCCONNECTION_DESCRIPTOR")]
#[doc(alias = "KSTOPOLOGY_CONNECTION")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PcConnectionDescriptor {
    /// The node from which data comes, or [`FILTER_NODE`](Self::FILTER_NODE).
    #[doc(alias = "FromNode")]
    pub from_node: u32,
    /// The pin of that node, or of the filter.
    #[doc(alias = "FromNodePin")]
    pub from_node_pin: u32,
    /// The node to which data goes, or [`FILTER_NODE`](Self::FILTER_NODE).
    #[doc(alias = "ToNode")]
    pub to_node: u32,
    /// The pin of that node, or of the filter.
    #[doc(alias = "ToNodePin")]
    pub to_node_pin: u32,
}

assert_layout!(
    PcConnectionDescriptor, 16, from_node @ 0, from_node_pin @ 4, to_node @ 8, to_node_pin @ 12,
);

impl PcConnectionDescriptor {
    /// The filter itself in the place of a node.
    #[doc(alias = "PCFILTER_NODE")]
    pub const FILTER_NODE: u32 = 0xFFFF_FFFF;

    /// A line through the filter, from one of its pins to another.
    #[must_use]
    pub const fn between_pins(from_pin: u32, to_pin: u32) -> PcConnectionDescriptor {
        let filter = PcConnectionDescriptor::FILTER_NODE;
        PcConnectionDescriptor {
            from_node: filter,
            from_node_pin: from_pin,
            to_node: filter,
            to_node_pin: to_pin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_without_mediums_has_the_standard_one() {
        let pin = KsPinDescriptor {
            interfaces: Vec::new(),
            mediums: Vec::new(),
            data_ranges: Vec::new(),
            data_flow: KsPinDataFlow::In,
            communication: KsPinCommunication::Sink,
            category: None,
            name: None,
            constrained_data_ranges: Vec::new(),
        };
        assert_eq!(pin.mediums_or_standard(), [KsIdentifier::STANDARD_DEVICE_IO]);
    }

    #[test]
    fn a_connection_has_its_published_bytes() {
        let line = PcConnectionDescriptor::between_pins(3, 2);
        #[rustfmt::skip]
        let image = [
            0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0,
        ];
        assert_eq!(bytemuck::bytes_of(&line), image);
    }
}
