//! The accesses (get, set) that the port offers to its own properties.

use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_port::automation::{PcAutomationTable, PcPropertyItem, PropertyHandler};
use portcls_port::descriptor::PcNodeDescriptor;
use portcls_port::guid::Guid;
use portcls_port::ks::guids::{node_type, property_set};
use portcls_port::ks::{
    KsProperty, KsPropertyAudio, KsPropertyConnection, KsPropertyDrmAudioStream, KsPropertyPin,
    KsPropertyStream, KsPropertySynth, KsPropertySynthClock, KsPropertyTopology, KsPropertyType,
};

use crate::fake_dmus::on_dmus_device;
use crate::plan::{Plan, RENDER};
use crate::rig::{File, GET, PROPERTY, SET, on_device, on_planned_device};

const BASIC_SUPPORT: u32 = 0x200;
const BOTH: u32 = GET | SET;

/// The accesses of a property, or the refusal.
fn accesses(file: &File<'_>, set: Guid, id: u32) -> Result<u32, NtStatus> {
    let property = KsProperty { set, id, flags: BASIC_SUPPORT };
    let irp = file.control(PROPERTY, bytemuck::bytes_of(&property), &[], 4);
    match irp.status() {
        NtStatus::SUCCESS => {
            let value = irp.buffer().borrow();
            Ok(u32::from_le_bytes(value[..].try_into().expect("four bytes")))
        }
        refusal => Err(refusal),
    }
}

#[test]
fn a_filter_offers_the_properties_of_its_pins() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let accesses_of = |id: KsPropertyPin| accesses(&filter, property_set::PIN, id.value());
        for id in [
            KsPropertyPin::CInstances,
            KsPropertyPin::CTypes,
            KsPropertyPin::DataFlow,
            KsPropertyPin::DataRanges,
            KsPropertyPin::DataIntersection,
            KsPropertyPin::Interfaces,
            KsPropertyPin::Mediums,
            KsPropertyPin::Communication,
            KsPropertyPin::GlobalCInstances,
            KsPropertyPin::NecessaryInstances,
            KsPropertyPin::PhysicalConnection,
            KsPropertyPin::Category,
            KsPropertyPin::Name,
            KsPropertyPin::ConstrainedDataRanges,
        ] {
            assert_eq!(accesses_of(id), Ok(GET), "{id:?}");
            let on_pin = accesses(&pin, property_set::PIN, id.value());
            assert_eq!(on_pin, Err(NtStatus::PROPSET_NOT_FOUND), "{id:?}");
        }
        assert_eq!(accesses_of(KsPropertyPin::ProposeDataFormat), Ok(SET));
    });
}

#[test]
fn a_filter_offers_its_topology() {
    on_device(|rig| {
        let filter = rig.open_filter().expect("the filter is there");
        let accesses_of =
            |id: KsPropertyTopology| accesses(&filter, property_set::TOPOLOGY, id.value());
        assert_eq!(accesses_of(KsPropertyTopology::Categories), Ok(GET));
        assert_eq!(accesses_of(KsPropertyTopology::Nodes), Ok(GET));
        assert_eq!(accesses_of(KsPropertyTopology::Connections), Ok(GET));
        assert_eq!(accesses_of(KsPropertyTopology::Name), Ok(GET));
    });
}

#[test]
fn a_filter_offers_the_time_of_the_master_clock_when_its_miniport_has_events() {
    let (set, id) = (property_set::SYNTH_CLOCK, KsPropertySynthClock::MasterClock.value());
    on_device(|rig| {
        let filter = rig.open_filter().expect("the filter is there");
        assert_eq!(accesses(&filter, set, id), Err(NtStatus::PROPSET_NOT_FOUND));
    });
    on_dmus_device(|rig| {
        let filter = rig.open_filter().expect("the filter is there");
        assert_eq!(accesses(&filter, set, id), Ok(GET));
    });
}

#[test]
fn a_pin_offers_its_connection_as_far_as_a_port_of_music_needs_it() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let accesses_of =
            |id: KsPropertyConnection| accesses(&pin, property_set::CONNECTION, id.value());
        assert_eq!(accesses_of(KsPropertyConnection::State), Ok(BOTH));
        assert_eq!(accesses_of(KsPropertyConnection::DataFormat), Ok(BOTH));
        assert_eq!(accesses_of(KsPropertyConnection::AllocatorFraming), Ok(GET));
        for id in [
            KsPropertyConnection::Priority,
            KsPropertyConnection::ProposeDataFormat,
            KsPropertyConnection::AcquireOrdering,
            KsPropertyConnection::AllocatorFramingEx,
            KsPropertyConnection::StartAt,
        ] {
            assert_eq!(accesses_of(id), Err(NtStatus::NOT_FOUND), "{id:?}");
        }
        let on_filter = accesses(&filter, property_set::CONNECTION, 0);
        assert_eq!(on_filter, Err(NtStatus::PROPSET_NOT_FOUND));
    });
}

#[test]
fn a_pin_offers_its_position_and_handles_and_takes_rights_to_content() {
    on_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        let (audio, stream) = (property_set::AUDIO, property_set::STREAM);
        for (set, id, expected) in [
            (stream, KsPropertyStream::Allocator.value(), BOTH),
            (stream, KsPropertyStream::MasterClock.value(), BOTH),
            (audio, KsPropertyAudio::Position.value(), GET),
            (property_set::DRM_AUDIO_STREAM, KsPropertyDrmAudioStream::ContentId.value(), SET),
        ] {
            assert_eq!(accesses(&pin, set, id), Ok(expected), "{set} {id}");
            let on_filter = accesses(&filter, set, id);
            assert_eq!(on_filter, Err(NtStatus::PROPSET_NOT_FOUND), "{set} {id}");
        }
    });
}

/// The properties of a synthesizer come from the driver's tables, on the node. The port itself has
/// no such properties.
#[test]
fn a_property_of_a_synthesizer_is_there_only_when_a_table_of_the_driver_has_it() {
    const SYNTH: [KsPropertySynth; 4] = [
        KsPropertySynth::Volume,
        KsPropertySynth::VolumeBoost,
        KsPropertySynth::VoicePriority,
        KsPropertySynth::RunningStats,
    ];
    on_dmus_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        for (id, file) in SYNTH.iter().flat_map(|id| [(id, &filter), (id, &pin)]) {
            let refused = accesses(file, property_set::SYNTH, id.value());
            assert_eq!(refused, Err(NtStatus::PROPSET_NOT_FOUND), "{id:?}");
        }
    });
    let plan = |plan: &mut Plan| {
        let handler: PropertyHandler = Rc::new(|_, request| request.answer(&[1, 2, 3, 4]));
        let item = |id: &KsPropertySynth| PcPropertyItem {
            set: property_set::SYNTH,
            id: id.value(),
            flags: KsPropertyType::GET,
            handler: Some(Rc::clone(&handler)),
        };
        let properties = SYNTH[..2].iter().map(item).collect();
        let table = PcAutomationTable { properties, events: Vec::new() };
        plan.filter.nodes = vec![PcNodeDescriptor {
            flags: 0,
            automation: Some(Rc::new(table)),
            node_type: node_type::SYNTHESIZER,
            name: None,
        }];
    };
    on_planned_device(plan, |rig| {
        let filter = rig.open_filter().expect("the filter is there");
        for id in SYNTH {
            let property = KsProperty { set: property_set::SYNTH, id: id.value(), flags: GET };
            let irp = filter.control(PROPERTY, bytemuck::bytes_of(&property), &[], 4);
            let is_in_table = SYNTH[..2].contains(&id);
            let expected = if is_in_table { NtStatus::SUCCESS } else { NtStatus::NOT_FOUND };
            assert_eq!(irp.status(), expected, "{id:?}");
            assert_eq!(irp.information(), if is_in_table { 4 } else { 0 }, "{id:?}");
        }
    });
}
