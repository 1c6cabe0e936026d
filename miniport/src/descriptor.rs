//! The filter of the UART miniport: pins for clients, bridge pins for cables.
//!
//! Data only. The render pin comes first because the legacy API prefers this order. A card without
//! an interrupt cannot announce input, so its filter has no pins for input.
//! Source: the published MPU-401 sample, without its DirectMusic pins.

use portcls_port::descriptor::{KsPinDescriptor, PcConnectionDescriptor};
use portcls_port::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use portcls_port::guid::Guid;
use portcls_port::ks::guids::{category, pin_name};
use portcls_port::ks::{DataRange, KsDataFormat, KsPinCommunication, KsPinDataFlow};

/// The pin to which clients send MIDI.
pub(crate) const RENDER_PIN: u32 = 0;
/// The bridge pin of the MIDI OUT cable.
const OUT_CABLE_PIN: u32 = 1;
/// The pin from which clients get MIDI.
pub(crate) const CAPTURE_PIN: u32 = 2;
/// The bridge pin of the MIDI IN cable.
const IN_CABLE_PIN: u32 = 3;

/// The greatest number of streams on a pin for clients. The card has one cable in each direction.
const STREAMS_PER_PIN: u32 = 1;

/// The filter of a card that plays and records MIDI of this range.
pub(crate) fn duplex_filter(midi: &DataRange) -> PcFilterDescriptor {
    let mut filter = render_filter(midi);
    filter.pins.push(client_pin(KsPinDataFlow::Out, pin_name::DMUSIC_MPU_IN, midi));
    filter.pins.push(cable_pin(KsPinDataFlow::In));
    let in_line = PcConnectionDescriptor::between_pins(IN_CABLE_PIN, CAPTURE_PIN);
    filter.connections.push(in_line);
    filter.categories.push(category::CAPTURE);
    filter
}

/// The filter of a card that only plays MIDI of this range.
pub(crate) fn render_filter(midi: &DataRange) -> PcFilterDescriptor {
    PcFilterDescriptor {
        version: 0,
        automation: None,
        pins: vec![
            client_pin(KsPinDataFlow::In, pin_name::DMUSIC_MPU_OUT, midi),
            cable_pin(KsPinDataFlow::Out),
        ],
        nodes: Vec::new(),
        connections: vec![PcConnectionDescriptor::between_pins(RENDER_PIN, OUT_CABLE_PIN)],
        categories: vec![category::AUDIO, category::RENDER],
    }
}

fn client_pin(data_flow: KsPinDataFlow, name: Guid, midi: &DataRange) -> PcPinDescriptor {
    PcPinDescriptor {
        max_global_instance_count: STREAMS_PER_PIN,
        max_filter_instance_count: STREAMS_PER_PIN,
        min_filter_instance_count: 0,
        automation: None,
        pin: KsPinDescriptor {
            name: Some(name),
            ..pin(data_flow, KsPinCommunication::Sink, midi.clone())
        },
    }
}

fn cable_pin(data_flow: KsPinDataFlow) -> PcPinDescriptor {
    PcPinDescriptor {
        max_global_instance_count: 0,
        max_filter_instance_count: 0,
        min_filter_instance_count: 0,
        automation: None,
        pin: pin(data_flow, KsPinCommunication::Bridge, KsDataFormat::MIDI_BUS.into()),
    }
}

fn pin(
    data_flow: KsPinDataFlow,
    communication: KsPinCommunication,
    range: DataRange,
) -> KsPinDescriptor {
    KsPinDescriptor {
        interfaces: Vec::new(),
        mediums: Vec::new(),
        data_ranges: vec![range],
        data_flow,
        communication,
        category: Some(category::AUDIO),
        name: None,
        constrained_data_ranges: Vec::new(),
    }
}
