//! The check of a filter descriptor. Rule descriptor-contradiction.
//!
//! This file owns only the faults. The caller decides how grave a fault is, and where to report it.

use core::fmt;

use super::{KsPinDescriptor, PcConnectionDescriptor, PcFilterDescriptor, PcPinDescriptor};
use crate::guid::Guid;
use crate::ks::guids::{category, data_format};
use crate::ks::{DataRange, KsDataFormat, KsDataRangeMusic, KsPinCommunication, KsPinDataFlow};

/// A fault of a descriptor, such as two parts that do not agree. Rule descriptor-contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptorFault {
    /// The version is not 0.
    Version(u32),
    /// There are no pins.
    NoPins,
    /// A pin has no data ranges.
    NoDataRanges {
        /// The pin.
        pin: u32,
    },
    /// The size that a data range states, or its real size, is wrong.
    FormatSize {
        /// The pin.
        pin: u32,
        /// The index of the range.
        range: u32,
        /// The size that the range states, in bytes.
        stated: u32,
        /// The size that the range should state, in bytes.
        expected: u32,
    },
    /// A bridge pin has instance limits other than 0, 0, 0.
    BridgeInstances {
        /// The pin.
        pin: u32,
    },
    /// A pin needs more instances than its limit allows.
    InstanceLimits {
        /// The pin.
        pin: u32,
    },
    /// A connection names a node that does not exist.
    ConnectionNode {
        /// The index of the connection.
        connection: u32,
        /// The node.
        node: u32,
    },
    /// A connection names a pin of the filter that does not exist.
    ConnectionPin {
        /// The index of the connection.
        connection: u32,
        /// The pin.
        pin: u32,
    },
    /// A connection runs against the data flow of a pin.
    ConnectionDirection {
        /// The index of the connection.
        connection: u32,
        /// The pin.
        pin: u32,
    },
    /// A category is named twice.
    CategoryTwice(Guid),
    /// A category is reserved for the system.
    CategoryReserved(Guid),
}

impl fmt::Display for DescriptorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Version(version) => write!(f, "Version is {version}, must be 0"),
            Self::NoPins => f.write_str("there are no pins"),
            Self::NoDataRanges { pin } => write!(f, "pin {pin}: there are no data ranges"),
            Self::FormatSize { pin, range, stated, expected } => write!(
                f,
                "pin {pin}, data range {range}: FormatSize is {stated}, must be {expected}"
            ),
            Self::BridgeInstances { pin } => {
                write!(f, "pin {pin}: a bridge pin has instance limits, must be 0, 0, 0")
            }
            Self::InstanceLimits { pin } => {
                write!(f, "pin {pin}: MinFilterInstanceCount is more than a maximum")
            }
            Self::ConnectionNode { connection, node } => {
                write!(f, "connection {connection}: there is no node {node}")
            }
            Self::ConnectionPin { connection, pin } => {
                write!(f, "connection {connection}: there is no pin {pin}")
            }
            Self::ConnectionDirection { connection, pin } => {
                write!(f, "connection {connection}: runs against the data flow of pin {pin}")
            }
            Self::CategoryTwice(category) => write!(f, "category {category:?} is named twice"),
            Self::CategoryReserved(category) => {
                write!(f, "category {category:?} is reserved for the system")
            }
        }
    }
}

impl PcFilterDescriptor {
    /// Lists the faults, in the order of the descriptor. The list is empty for a good descriptor.
    #[must_use]
    pub fn check(&self) -> Vec<DescriptorFault> {
        let mut faults = Vec::new();
        if self.version != 0 {
            faults.push(DescriptorFault::Version(self.version));
        }
        if self.pins.is_empty() {
            faults.push(DescriptorFault::NoPins);
        }
        for (index, pin) in (0..).zip(&self.pins) {
            pin.check_instances(index, &mut faults);
            pin.pin.check_ranges(index, &mut faults);
        }
        for (index, connection) in (0..).zip(&self.connections) {
            let &PcConnectionDescriptor { from_node, from_node_pin, to_node, to_node_pin } =
                connection;
            // Data enters the filter at an IN pin and leaves it at an OUT pin.
            for (node, pin, flow) in [
                (from_node, from_node_pin, KsPinDataFlow::In),
                (to_node, to_node_pin, KsPinDataFlow::Out),
            ] {
                faults.extend(self.check_end(index, node, pin, flow));
            }
        }
        self.check_categories(&mut faults);
        faults
    }

    /// The fault of one end of a connection, if this end has a fault.
    fn check_end(
        &self,
        connection: u32,
        node: u32,
        pin: u32,
        flow: KsPinDataFlow,
    ) -> Option<DescriptorFault> {
        if node != PcConnectionDescriptor::FILTER_NODE {
            let missing = node as usize >= self.nodes.len();
            return missing.then_some(DescriptorFault::ConnectionNode { connection, node });
        }
        match self.pins.get(pin as usize) {
            None => Some(DescriptorFault::ConnectionPin { connection, pin }),
            Some(end) if end.pin.data_flow != flow => {
                Some(DescriptorFault::ConnectionDirection { connection, pin })
            }
            Some(_) => None,
        }
    }

    fn check_categories(&self, faults: &mut Vec<DescriptorFault>) {
        for (index, guid) in self.categories.iter().enumerate() {
            if *guid == category::AUDIO_DEVICE {
                faults.push(DescriptorFault::CategoryReserved(*guid));
            }
            if self.categories[..index].contains(guid) {
                faults.push(DescriptorFault::CategoryTwice(*guid));
            }
        }
    }
}

impl PcPinDescriptor {
    fn check_instances(&self, pin: u32, faults: &mut Vec<DescriptorFault>) {
        let most = self.max_global_instance_count.min(self.max_filter_instance_count);
        let least = self.min_filter_instance_count;
        if self.pin.communication == KsPinCommunication::Bridge {
            if (self.max_global_instance_count, self.max_filter_instance_count, least) != (0, 0, 0)
            {
                faults.push(DescriptorFault::BridgeInstances { pin });
            }
            return;
        }
        if least > most {
            faults.push(DescriptorFault::InstanceLimits { pin });
        }
    }
}

impl KsPinDescriptor {
    fn check_ranges(&self, pin: u32, faults: &mut Vec<DescriptorFault>) {
        if self.data_ranges.is_empty() {
            faults.push(DescriptorFault::NoDataRanges { pin });
        }
        for (range, data_range) in (0..).zip(&self.data_ranges) {
            let stated = data_range.head().format_size;
            let expected = expected_size(data_range);
            if stated != expected || data_range.size() != expected as usize {
                faults.push(DescriptorFault::FormatSize { pin, range, stated, expected });
            }
        }
    }
}

/// The size that a data range must state, in bytes.
///
/// A range of MIDI or DirectMusic must have the size of a music range. Any other range must state
/// its real size.
fn expected_size(range: &DataRange) -> u32 {
    let head = range.head();
    let music = head.major_format == data_format::MUSIC
        && [data_format::MIDI, data_format::DIRECTMUSIC].contains(&head.sub_format);
    if music {
        KsDataRangeMusic::SIZE
    } else {
        u32::try_from(range.size()).unwrap_or(u32::MAX).max(KsDataFormat::SIZE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::PcNodeDescriptor;
    use crate::ks::INSTANCES_UNLIMITED;
    use crate::ks::guids::node_type;

    fn stream_pin(data_flow: KsPinDataFlow) -> PcPinDescriptor {
        PcPinDescriptor {
            max_global_instance_count: 1,
            max_filter_instance_count: 1,
            min_filter_instance_count: 0,
            automation: None,
            pin: KsPinDescriptor {
                interfaces: Vec::new(),
                mediums: Vec::new(),
                data_ranges: vec![KsDataRangeMusic::MIDI_PORT.into()],
                data_flow,
                communication: KsPinCommunication::Sink,
                category: Some(category::AUDIO),
                name: None,
                constrained_data_ranges: Vec::new(),
            },
        }
    }

    fn bridge_pin(data_flow: KsPinDataFlow) -> PcPinDescriptor {
        let mut pin = stream_pin(data_flow);
        pin.max_global_instance_count = 0;
        pin.max_filter_instance_count = 0;
        pin.pin.communication = KsPinCommunication::Bridge;
        pin.pin.data_ranges = vec![KsDataFormat::MIDI_BUS.into()];
        pin
    }

    /// MIDI out on pins 0 and 1, MIDI in on pins 2 and 3.
    fn uart() -> PcFilterDescriptor {
        use KsPinDataFlow::{In, Out};
        PcFilterDescriptor {
            version: 0,
            automation: None,
            pins: vec![stream_pin(In), bridge_pin(Out), stream_pin(Out), bridge_pin(In)],
            nodes: Vec::new(),
            connections: vec![
                PcConnectionDescriptor::between_pins(0, 1),
                PcConnectionDescriptor::between_pins(3, 2),
            ],
            categories: vec![category::AUDIO, category::RENDER, category::CAPTURE],
        }
    }

    fn faults(edit: impl FnOnce(&mut PcFilterDescriptor)) -> Vec<String> {
        let mut descriptor = uart();
        edit(&mut descriptor);
        descriptor.check().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_descriptor_of_a_uart_is_good() {
        assert_eq!(uart().check(), []);
    }

    #[test]
    fn an_empty_descriptor_has_no_pins() {
        let check = PcFilterDescriptor::default().check();
        assert_eq!(check, [DescriptorFault::NoPins]);
    }

    #[test]
    fn a_version_other_than_0_is_a_fault() {
        assert_eq!(faults(|d| d.version = 2), ["Version is 2, must be 0"]);
    }

    #[test]
    fn a_music_range_must_state_96_bytes_and_have_them() {
        let found = ["pin 0, data range 0: FormatSize is 92, must be 96"];
        let stated = KsDataFormat { format_size: 92, ..KsDataFormat::MIDI };
        let range = DataRange::new(stated, vec![0; 28]);
        assert_eq!(faults(|d| d.pins[0].pin.data_ranges = vec![range]), found);

        let found = ["pin 0, data range 0: FormatSize is 64, must be 96"];
        let plain = KsDataFormat::MIDI.into();
        assert_eq!(faults(|d| d.pins[0].pin.data_ranges = vec![plain]), found);
    }

    #[test]
    fn a_range_must_state_its_own_size() {
        let head = KsDataFormat { format_size: 12, ..KsDataFormat::MIDI_BUS };
        let found = ["pin 1, data range 0: FormatSize is 12, must be 64"];
        assert_eq!(faults(|d| d.pins[1].pin.data_ranges = vec![head.into()]), found);
    }

    #[test]
    fn a_pin_without_ranges_is_a_fault() {
        let found = ["pin 2: there are no data ranges"];
        assert_eq!(faults(|d| d.pins[2].pin.data_ranges.clear()), found);
    }

    #[test]
    fn instance_limits_must_make_sense() {
        let found = ["pin 1: a bridge pin has instance limits, must be 0, 0, 0"];
        assert_eq!(faults(|d| d.pins[1].max_global_instance_count = 1), found);
        let found = ["pin 0: MinFilterInstanceCount is more than a maximum"];
        assert_eq!(faults(|d| d.pins[0].min_filter_instance_count = 2), found);
    }

    /// Source: WDK, PCPIN_DESCRIPTOR: a count of zero means that no client can open the pin.
    #[test]
    fn a_limit_of_0_keeps_clients_from_opening_the_pin_and_is_no_fault() {
        let closed = faults(|d| {
            d.pins[0].max_global_instance_count = 0;
            d.pins[2].max_filter_instance_count = 0;
        });
        assert_eq!(closed, [""; 0]);
    }

    #[test]
    fn no_limit_is_more_than_any_need() {
        let unlimited = faults(|d| {
            d.pins[0].max_global_instance_count = INSTANCES_UNLIMITED;
            d.pins[0].max_filter_instance_count = INSTANCES_UNLIMITED;
            d.pins[0].min_filter_instance_count = 5;
        });
        assert_eq!(unlimited, [""; 0]);
    }

    #[test]
    fn a_connection_must_end_at_something_that_exists() {
        let to_node = |to_node| PcConnectionDescriptor {
            to_node,
            to_node_pin: 1,
            ..PcConnectionDescriptor::between_pins(0, 0)
        };
        let node = PcNodeDescriptor {
            flags: 0,
            automation: None,
            node_type: node_type::SYNTHESIZER,
            name: None,
        };
        assert_eq!(
            faults(|d| {
                d.nodes = vec![node];
                d.connections =
                    vec![to_node(0), to_node(1), PcConnectionDescriptor::between_pins(0, 4)];
            }),
            ["connection 1: there is no node 1", "connection 2: there is no pin 4"]
        );
    }

    #[test]
    fn a_connection_must_run_with_the_data() {
        assert_eq!(
            faults(|d| d.connections[1] = PcConnectionDescriptor::between_pins(2, 3)),
            [
                "connection 1: runs against the data flow of pin 2",
                "connection 1: runs against the data flow of pin 3",
            ]
        );
    }

    #[test]
    fn categories_are_named_once_and_none_is_the_systems_own() {
        assert_eq!(
            faults(|d| d.categories.extend([category::AUDIO, category::AUDIO_DEVICE])),
            [
                "category KSCATEGORY_AUDIO is named twice",
                "category KSCATEGORY_AUDIO_DEVICE is reserved for the system",
            ]
        );
    }
}
