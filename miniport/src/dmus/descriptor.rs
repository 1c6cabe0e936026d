//! The filter of the DirectMusic miniport: its pins, cables and nodes.
//!
//! Data only. The MIDI pin comes before the DirectMusic pin because the legacy API prefers this
//! order. A card without an interrupt cannot announce input, so its filter has no capture side.
//! Source: the published MPU-401 sample (DMusUART). Assumed: what a filter without an interrupt
//! has. The sample's filter always has a capture side.

use std::rc::Rc;

use portcls_port::descriptor::{
    KsPinDescriptor, PcConnectionDescriptor, PcFilterDescriptor, PcNodeDescriptor, PcPinDescriptor,
};
use portcls_port::guid::Guid;
use portcls_port::ks::guids::{category, node_type, pin_name};
use portcls_port::ks::{
    DataRange, KsDataFormat, KsDataRangeMusic, KsPinCommunication, KsPinDataFlow,
};

use super::synth::{IN_NODE, OUT_NODE, synth_properties};
use crate::card::Card;
use crate::technology::Technology;

/// The pin to which clients send MIDI.
pub(super) const MIDI_RENDER_PIN: u32 = 0;
/// The pin to which clients send DirectMusic events.
pub(super) const DIRECTMUSIC_RENDER_PIN: u32 = 1;
/// The pin of the MIDI OUT cable, to which no client connects.
const OUT_CABLE_PIN: u32 = 2;
/// The pin of the MIDI IN cable, to which no client connects.
const IN_CABLE_PIN: u32 = 3;
/// The pin from which clients get MIDI or DirectMusic events.
pub(super) const CAPTURE_PIN: u32 = 4;

/// The pin of a node from which data comes. Source: WDK ks.h, KSNODEPIN_STANDARD_OUT.
const NODE_OUT: u32 = 0;
/// The pin of a node to which data goes. Source: WDK ks.h, KSNODEPIN_STANDARD_IN.
const NODE_IN: u32 = 1;

/// The greatest number of streams on a pin for clients.
const STREAMS_PER_PIN: u32 = 1;

/// The filter of a card that plays and records.
pub(super) fn duplex_filter(card: &Rc<Card>, technology: &Technology) -> PcFilterDescriptor {
    let mut filter = render_filter(card, technology);
    let ranges = [KsDataRangeMusic::MIDI_PORT, KsDataRangeMusic::DIRECTMUSIC_PORT];
    let both = ranges.map(|range| technology.range(range)).to_vec();
    filter.pins.push(cable_pin(KsPinDataFlow::In));
    filter.pins.push(client_pin(KsPinDataFlow::Out, pin_name::DMUSIC_MPU_IN, both));
    filter.nodes.push(synthesizer(card));
    filter.connections.push(to_node(IN_CABLE_PIN, IN_NODE));
    filter.connections.push(from_node(IN_NODE, CAPTURE_PIN));
    filter.categories.push(category::CAPTURE);
    filter
}

/// The filter of a card that only plays.
pub(super) fn render_filter(card: &Rc<Card>, technology: &Technology) -> PcFilterDescriptor {
    let midi = vec![technology.range(KsDataRangeMusic::MIDI_PORT)];
    let directmusic = vec![technology.range(KsDataRangeMusic::DIRECTMUSIC_PORT)];
    PcFilterDescriptor {
        version: 0,
        automation: None,
        pins: vec![
            client_pin(KsPinDataFlow::In, pin_name::MIDI, midi),
            client_pin(KsPinDataFlow::In, pin_name::DMUSIC_MPU_OUT, directmusic),
            cable_pin(KsPinDataFlow::Out),
        ],
        nodes: vec![synthesizer(card)],
        connections: vec![
            PcConnectionDescriptor::between_pins(MIDI_RENDER_PIN, OUT_CABLE_PIN),
            to_node(DIRECTMUSIC_RENDER_PIN, OUT_NODE),
            from_node(OUT_NODE, OUT_CABLE_PIN),
        ],
        categories: vec![category::AUDIO, category::RENDER],
    }
}

fn to_node(pin: u32, node: u32) -> PcConnectionDescriptor {
    let filter = PcConnectionDescriptor::FILTER_NODE;
    PcConnectionDescriptor {
        from_node: filter,
        from_node_pin: pin,
        to_node: node,
        to_node_pin: NODE_IN,
    }
}

fn from_node(node: u32, pin: u32) -> PcConnectionDescriptor {
    let filter = PcConnectionDescriptor::FILTER_NODE;
    PcConnectionDescriptor {
        from_node: node,
        from_node_pin: NODE_OUT,
        to_node: filter,
        to_node_pin: pin,
    }
}

fn synthesizer(card: &Rc<Card>) -> PcNodeDescriptor {
    PcNodeDescriptor {
        flags: 0,
        automation: Some(synth_properties(card)),
        node_type: node_type::SYNTHESIZER,
        name: None,
    }
}

fn client_pin(data_flow: KsPinDataFlow, name: Guid, ranges: Vec<DataRange>) -> PcPinDescriptor {
    PcPinDescriptor {
        max_global_instance_count: STREAMS_PER_PIN,
        max_filter_instance_count: STREAMS_PER_PIN,
        min_filter_instance_count: 0,
        automation: None,
        pin: KsPinDescriptor {
            name: Some(name),
            ..pin(data_flow, KsPinCommunication::Sink, ranges)
        },
    }
}

fn cable_pin(data_flow: KsPinDataFlow) -> PcPinDescriptor {
    let ranges = vec![KsDataFormat::MIDI_BUS.into()];
    PcPinDescriptor {
        max_global_instance_count: 0,
        max_filter_instance_count: 0,
        min_filter_instance_count: 0,
        automation: None,
        pin: pin(data_flow, KsPinCommunication::None, ranges),
    }
}

fn pin(
    data_flow: KsPinDataFlow,
    communication: KsPinCommunication,
    data_ranges: Vec<DataRange>,
) -> KsPinDescriptor {
    KsPinDescriptor {
        interfaces: Vec::new(),
        mediums: Vec::new(),
        data_ranges,
        data_flow,
        communication,
        category: Some(category::AUDIO),
        name: None,
        constrained_data_ranges: Vec::new(),
    }
}
