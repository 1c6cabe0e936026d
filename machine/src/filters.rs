//! What a client sees of a driver: filters, pins, nodes and connections.
//!
//! This file owns the facts in the form in which they are shown. All facts come from requests of a
//! client; this file does not look into the port.

use std::cell::Cell;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::descriptor::PcConnectionDescriptor;
use portcls_port::guid::Guid;
use portcls_port::ks::guids::data_format;
use portcls_port::ks::pin_connect::PinRequest;
use portcls_port::ks::{
    DataRange, INSTANCES_UNLIMITED, KsDataFormat, KsPinCommunication, KsPinDataFlow, KsPropertyPin,
};
use serde::Serialize;

use crate::ks_client::{FoundFilter, KsFile, find_filters};
use crate::machine::Machine;
use crate::midi_pin::{PinUse, has_midi, obstacle};
use crate::pin_format::PinFormat;

/// A filter as a client sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FilterView {
    /// The number of the filter, from 0.
    pub number: usize,
    /// The reference name of the filter.
    pub reference: String,
    /// The categories under which a client finds the filter.
    pub interfaces: Vec<String>,
    /// Why some of the lists below are empty: the filter did not open, or did not answer a question
    /// about itself. `None` if the filter answered all questions about itself.
    pub problem: Option<String>,
    /// The categories that the filter itself names.
    pub categories: Vec<String>,
    /// The pins of the filter.
    pub pins: Vec<PinView>,
    /// The types of the filter's nodes.
    pub nodes: Vec<String>,
    /// The connections of the filter.
    pub connections: Vec<ConnectionView>,
}

/// The facts of a pin that a client can learn. A fact that the filter does not tell is `None`, or
/// empty.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PinView {
    /// The number of the pin.
    pub pin_id: u32,
    /// The name of the pin for people.
    pub name: Option<String>,
    /// The category of the pin.
    pub category: Option<String>,
    /// `in` for data into the filter, `out` for data out of the filter.
    pub data_flow: Option<&'static str>,
    /// `none`, `sink`, `source`, `both` or `bridge`.
    pub communication: Option<String>,
    /// The formats of the pin.
    pub formats: Vec<FormatView>,
    /// The instances of the pin on one filter.
    pub instances: Option<InstancesView>,
    /// The instances of the pin on all filters.
    pub global_instances: Option<InstancesView>,
    /// The number of instances of the pin that must exist before the filter works.
    pub necessary_instances: Option<u32>,
    /// The pin outside the filter to which this pin is wired.
    pub wired_to: Option<WireView>,
    /// For a pin with a format for MIDI: whether it can be used.
    pub midi: Option<MidiUseView>,
    /// For a pin that clients connect to, with a format for sound: whether it opens.
    pub sound: Option<SoundUseView>,
}

/// A format of a pin.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FormatView {
    /// The kind of data.
    pub major_format: String,
    /// The form of the data within this kind.
    pub sub_format: String,
    /// The type of the data after the format's head.
    pub specifier: String,
}

/// The other end of a wire from a pin of a filter to a pin of another filter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WireView {
    /// The reference name of the filter; of a filter that a client cannot open, its symbolic link.
    pub filter: String,
    /// The number of the pin.
    pub pin_id: u32,
}

/// How many instances there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct InstancesView {
    /// The number of possible instances; `None` without a limit.
    pub possible: Option<u32>,
    /// The number of open instances.
    pub current: u32,
}

/// Whether an application can use a pin for MIDI.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MidiUseView {
    /// The use.
    #[serde(rename = "use")]
    pub pin_use: PinUse,
    /// Why the pin cannot be used with [`PinFormat::Midi`]; `None` for a pin that was opened with
    /// this format and closed again.
    pub obstacle: Option<String>,
    /// Whether the pin can be used with [`PinFormat::DirectMusic`]; `None` for a pin without a
    /// format for DirectMusic.
    pub directmusic: Option<DirectMusicUseView>,
}

/// Whether an application can open a pin with [`PinFormat::DirectMusic`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DirectMusicUseView {
    /// Why an application cannot open the pin; `None` for a pin that was opened and closed again.
    pub obstacle: Option<String>,
}

/// Whether a client can open a pin for sound.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SoundUseView {
    /// What is in the way; `None` for a pin that was opened and closed again.
    pub obstacle: Option<String>,
}

/// A connection inside a filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct ConnectionView {
    /// The end from which data comes.
    pub from: EndView,
    /// The end to which data goes.
    pub to: EndView,
}

/// One end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct EndView {
    /// The node; `None` for the filter itself.
    pub node: Option<u32>,
    /// The pin of the node, or of the filter.
    pub pin: u32,
}

/// Asks all filters for their facts, and opens no pin.
pub(crate) fn views(kernel: &Kernel) -> Vec<FilterView> {
    let found = find_filters(kernel);
    found.iter().enumerate().map(|(number, found)| view(kernel, number, found)).collect()
}

/// The C name of a GUID, or the GUID.
fn name(guid: &Guid) -> String {
    format!("{guid:?}")
}

fn names(guids: &[Guid]) -> Vec<String> {
    guids.iter().map(name).collect()
}

fn view(kernel: &Kernel, number: usize, found: &FoundFilter) -> FilterView {
    let mut view = FilterView {
        number,
        reference: found.interface.reference.clone(),
        interfaces: names(&found.classes),
        problem: None,
        categories: Vec::new(),
        pins: Vec::new(),
        nodes: Vec::new(),
        connections: Vec::new(),
    };
    let told = KsFile::open_filter(kernel, &found.interface).and_then(|filter| {
        view.categories = names(&filter.categories()?);
        view.nodes = names(&filter.nodes()?);
        view.connections = filter.connections()?.iter().map(connection_view).collect();
        view.pins =
            (0..filter.pin_count()?).map(|pin_id| pin_view(kernel, &filter, pin_id)).collect();
        Ok(())
    });
    view.problem = told.err().map(|status| format!("a request to it answers {status}"));
    view
}

fn connection_view(connection: &PcConnectionDescriptor) -> ConnectionView {
    let end = |node: u32, pin: u32| {
        let is_filter = node == PcConnectionDescriptor::FILTER_NODE;
        EndView { node: (!is_filter).then_some(node), pin }
    };
    ConnectionView {
        from: end(connection.from_node, connection.from_node_pin),
        to: end(connection.to_node, connection.to_node_pin),
    }
}

fn pin_view(kernel: &Kernel, filter: &KsFile, pin_id: u32) -> PinView {
    let ranges = filter.data_ranges(pin_id).unwrap_or_default();
    let data_flow = filter.data_flow(pin_id).ok();
    let midi_use = data_flow.filter(|_| has_midi(&ranges)).map(PinUse::of);
    let communication = filter.communication(pin_id).ok();
    let has_sound = communication.is_some_and(is_for_clients) && ranges.iter().any(is_sound);
    let formats = ranges.iter().map(|range| {
        let head = range.head();
        FormatView {
            major_format: name(&head.major_format),
            sub_format: name(&head.sub_format),
            specifier: name(&head.specifier),
        }
    });
    PinView {
        pin_id,
        name: filter.pin_name(pin_id).ok(),
        category: filter.category(pin_id).ok().as_ref().map(name),
        data_flow: data_flow.map(|flow| match flow {
            KsPinDataFlow::In => "in",
            KsPinDataFlow::Out => "out",
        }),
        communication: communication.map(|it| format!("{it:?}").to_lowercase()),
        formats: formats.collect(),
        instances: instances(filter, KsPropertyPin::CInstances, pin_id),
        global_instances: instances(filter, KsPropertyPin::GlobalCInstances, pin_id),
        necessary_instances: filter.necessary_instances(pin_id).ok(),
        wired_to: filter.physical_connection(pin_id).ok().map(|end| wire_view(kernel, end)),
        midi: midi_use.map(|pin_use| MidiUseView {
            pin_use,
            obstacle: None,
            directmusic: PinFormat::DirectMusic
                .fits(&ranges)
                .then_some(DirectMusicUseView { obstacle: None }),
        }),
        sound: has_sound.then_some(SoundUseView { obstacle: None }),
    }
}

/// The other end of a wire. The function opens the filter there by its symbolic link, to learn
/// whether a client can open it.
fn wire_view(kernel: &Kernel, (link, pin_id): (String, u32)) -> WireView {
    let opens = KsFile::open_link(kernel, &link).is_ok();
    let found = kernel.find_device_interface(&link).filter(|_| opens);
    WireView { filter: found.map_or(link, |interface| interface.reference), pin_id }
}

fn instances(filter: &KsFile, id: KsPropertyPin, pin_id: u32) -> Option<InstancesView> {
    let counts = filter.instances(id, pin_id).ok()?;
    let possible = Some(counts.possible_count).filter(|count| *count != INSTANCES_UNLIMITED);
    Some(InstancesView { possible, current: counts.current_count })
}

/// Whether a client can connect to a pin with this communication.
fn is_for_clients(communication: KsPinCommunication) -> bool {
    matches!(communication, KsPinCommunication::Sink | KsPinCommunication::Both)
}

fn is_sound(range: &DataRange) -> bool {
    range.head().major_format == data_format::AUDIO
}

/// Tries to open each pin for MIDI, with MIDI bytes and with the pin's format for DirectMusic, and
/// each pin for sound. Adds the reason when a pin cannot be used. An opened pin is closed again.
pub(crate) fn add_openings(machine: &Machine, filters: &mut [FilterView]) {
    let has_stopped = Cell::new(false);
    for (number, filter) in filters.iter_mut().enumerate() {
        for pin in &mut filter.pins {
            let pin_id = pin.pin_id;
            let obstacle = |open: &dyn Fn(&KsFile) -> Result<(), String>| match machine
                .run(|kernel| open(&filter_number(kernel, number)?))
            {
                Ok(outcome) => outcome.err(),
                Err(_) if has_stopped.get() => {
                    Some("not tried, because the machine has stopped".to_owned())
                }
                Err(stopped) => {
                    has_stopped.set(true);
                    Some(format!("opening it stopped the machine: {stopped}"))
                }
            };
            if let Some(midi) = &mut pin.midi {
                let wanted = midi.pin_use;
                let with = |format| obstacle(&|it| open_midi(it, pin_id, wanted, format));
                midi.obstacle = with(PinFormat::Midi);
                if let Some(directmusic) = &mut midi.directmusic {
                    directmusic.obstacle = with(PinFormat::DirectMusic);
                }
            }
            if let Some(sound) = &mut pin.sound {
                sound.obstacle = obstacle(&|filter| open_sound(filter, pin_id));
            }
        }
    }
}

fn answered(status: NtStatus) -> String {
    format!("opening it answers {status}")
}

fn filter_number(kernel: &Kernel, number: usize) -> Result<KsFile, String> {
    let filters = find_filters(kernel);
    let found = filters.get(number).ok_or("its filter has gone")?;
    KsFile::open_filter(kernel, &found.interface).map_err(answered)
}

fn open_midi(
    filter: &KsFile,
    pin_id: u32,
    wanted: PinUse,
    format: PinFormat,
) -> Result<(), String> {
    obstacle(filter, pin_id, wanted, format).map_err(|obstacle| obstacle.to_string())?;
    filter.open_pin(&format.request(pin_id)).map(drop).map_err(answered)
}

/// Opens a pin with the head of its first format for sound. Here a port for sound refuses every
/// pin with STATUS_NOT_SUPPORTED, whatever the format is.
fn open_sound(filter: &KsFile, pin_id: u32) -> Result<(), String> {
    let ranges = filter.data_ranges(pin_id).map_err(answered)?;
    let format = ranges.iter().find(|range| is_sound(range)).map(|range| *range.head());
    let format = KsDataFormat {
        format_size: KsDataFormat::SIZE,
        ..format.ok_or("it has no format for sound any more")?
    };
    let request = PinRequest { format, ..PinRequest::midi(pin_id) };
    filter.open_pin(&request).map(drop).map_err(|status| match status {
        NtStatus::NOT_SUPPORTED => format!("sound is outside this program ({status})"),
        other => answered(other),
    })
}
