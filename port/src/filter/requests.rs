//! Requests of clients to an open filter: for pins, properties and events.
//!
//! This file owns the table of the filter's own properties. `property.rs` knows what happens to a
//! property that is not in this table.

use std::rc::Rc;

use portcls_emulator::{Irp, Kernel, NtStatus, Parameters};

use super::Filter;
use crate::com::query;
use crate::descriptor::DescribedPin;
use crate::guid::Guid;
use crate::interfaces::{IMasterClock, IPinName};
use crate::irp::complete;
use crate::ks::guids::property_set;
use crate::ks::intersection::{check_format, data_intersection};
use crate::ks::{
    KsDataFormat, KsIoctl, KsNodeProperty, KsPPin, KsPinCInstances, KsProperty, KsPropertyPin,
    KsPropertySynthClock, KsPropertyTopology, KsPropertyType, LengthReply, list_of_ranges,
    multiple_item, read,
};
use crate::miniport_calls::Method;
use crate::names::registered_name;
use crate::physical_connection::{connected_to, wire_form};
use crate::property::{self, OwnHandler, OwnProperty, PropertyRequest, Target};
use crate::rules;
use crate::subdevice::KsObject;

const GET: KsPropertyType = KsPropertyType::GET;
const SET: KsPropertyType = KsPropertyType::SET;

/// The properties of a filter.
static PROPERTIES: [OwnProperty<Filter>; 20] = [
    of_pins(KsPropertyPin::CInstances, GET, instances),
    of_pins(KsPropertyPin::CTypes, GET, pin_count),
    of_pins(KsPropertyPin::DataFlow, GET, data_flow),
    of_pins(KsPropertyPin::DataRanges, GET, data_ranges),
    of_pins(KsPropertyPin::DataIntersection, GET, intersection),
    of_pins(KsPropertyPin::Interfaces, GET, interfaces),
    of_pins(KsPropertyPin::Mediums, GET, mediums),
    of_pins(KsPropertyPin::Communication, GET, communication),
    of_pins(KsPropertyPin::GlobalCInstances, GET, global_instances),
    of_pins(KsPropertyPin::NecessaryInstances, GET, necessary_instances),
    of_pins(KsPropertyPin::PhysicalConnection, GET, physical_connection),
    of_pins(KsPropertyPin::Category, GET, category),
    of_pins(KsPropertyPin::Name, GET, pin_name),
    of_pins(KsPropertyPin::ConstrainedDataRanges, GET, constrained_data_ranges),
    of_pins(KsPropertyPin::ProposeDataFormat, SET, propose_data_format),
    of_topology(KsPropertyTopology::Categories, categories),
    of_topology(KsPropertyTopology::Nodes, nodes),
    of_topology(KsPropertyTopology::Connections, connections),
    of_topology(KsPropertyTopology::Name, node_name),
    SYNTH_CLOCK,
];

/// The last property of the table. Only a filter with a DirectMusic miniport has this property.
const SYNTH_CLOCK: OwnProperty<Filter> = OwnProperty {
    set: property_set::SYNTH_CLOCK,
    id: KsPropertySynthClock::MasterClock.value(),
    flags: GET,
    handler: Some(master_clock),
};

/// The set, number and accesses of each property of a filter.
pub(crate) fn property_flags() -> Vec<(Guid, u32, KsPropertyType)> {
    PROPERTIES.iter().map(|property| (property.set, property.id, property.flags)).collect()
}

type Handler = OwnHandler<Filter>;

const fn of_pins(
    id: KsPropertyPin,
    flags: KsPropertyType,
    handler: Handler,
) -> OwnProperty<Filter> {
    OwnProperty { set: property_set::PIN, id: id.value(), flags, handler: Some(handler) }
}

const fn of_topology(id: KsPropertyTopology, handler: Handler) -> OwnProperty<Filter> {
    let (set, id) = (property_set::TOPOLOGY, id.value());
    OwnProperty { set, id, flags: GET, handler: Some(handler) }
}

impl KsObject for Filter {
    fn create(&self, kernel: &Kernel, name: &[u16]) -> Result<Rc<dyn KsObject>, NtStatus> {
        Ok(self.create_pin(kernel, name)?)
    }

    fn device_control(&self, kernel: &Kernel, irp: &Irp) -> NtStatus {
        let Parameters::DeviceControl { code, .. } = irp.parameters() else {
            return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
        };
        match KsIoctl::from_u32(*code) {
            Some(KsIoctl::Property) => {
                property::serve(kernel, irp, self, self.properties(), || self.target())
            }
            Some(KsIoctl::EnableEvent) => {
                self.events.enable(kernel, irp, None, self.target().as_ref())
            }
            Some(KsIoctl::DisableEvent) => self.events.disable(kernel, irp, self.target().as_ref()),
            _ => complete(kernel, irp, NtStatus::INVALID_DEVICE_REQUEST),
        }
    }

    fn has_enabled_events(&self) -> bool {
        self.events.is_any_enabled()
    }

    fn cleanup(&self, _kernel: &Kernel) {}

    fn close(&self, kernel: &Kernel) {
        self.events.end_all(kernel, self.target().as_ref(), None);
        // A client may close a filter before its pins.
        for pin in self.pins.open() {
            pin.shut(kernel);
        }
    }
}

type Reply = Result<LengthReply, NtStatus>;

impl Filter {
    /// The filter's own properties. A filter without a DirectMusic miniport does not have
    /// KSPROPSETID_SynthClock. Source: WDK, KSPROPSETID_SynthClock.
    fn properties(&self) -> &'static [OwnProperty<Filter>] {
        let synth_clock = PROPERTIES.len() - 1;
        if self.master_clock().is_some() { &PROPERTIES } else { &PROPERTIES[..synth_clock] }
    }

    fn master_clock(&self) -> Option<Rc<dyn IMasterClock>> {
        self.binding.miniport().ok()?.master_clock()
    }

    /// The miniport's table of the filter, and the tables of the nodes. `None` when the port was
    /// released.
    fn target(&self) -> Option<Target<'_>> {
        Some(Target {
            calls: self.binding.calls(),
            miniport: self.binding.miniport().ok()?.object(),
            stream: None,
            table: self.descriptor.automation.as_ref(),
            nodes: &self.descriptor.nodes,
        })
    }

    /// The miniport's reply with the name of a pin; `None` when the port has to look for a name.
    fn miniports_pin_name(
        &self,
        kernel: &Kernel,
        request: &PropertyRequest<'_>,
    ) -> Option<LengthReply> {
        let miniport = self.binding.miniport().ok()?.object();
        let hook = query::<dyn IPinName>(&miniport).ok()?;
        let (pin, length) = (read(request.input)?, request.length);
        let ask = || hook.get_pin_name(kernel, request.irp, &pin, length);
        let reply = self.binding.calls().call_for_reply(kernel, Method::GetPinName, ask);
        if reply.bytes.len() > length as usize {
            let written = reply.bytes.len();
            let message = format!("GetPinName gave {written} bytes for {length} of room");
            kernel.report_violation(&rules::PROPERTY_OVERRUN, &message);
            return Some(LengthReply::of_status(NtStatus::BUFFER_TOO_SMALL));
        }
        let answers = [NtStatus::SUCCESS, NtStatus::BUFFER_OVERFLOW, NtStatus::BUFFER_TOO_SMALL];
        answers.contains(&reply.status).then_some(reply)
    }

    /// The answer with the name of the first GUID that has a name.
    fn registered_name(
        &self,
        kernel: &Kernel,
        request: &PropertyRequest<'_>,
        guids: impl IntoIterator<Item = Option<Guid>>,
    ) -> Reply {
        let device = self.binding.device().map_err(|_| NtStatus::NOT_FOUND)?;
        let guids = guids.into_iter().flatten();
        let name = registered_name(kernel, &device, guids).ok_or(NtStatus::NOT_FOUND)?;
        Ok(request.value(&name))
    }

    /// The pin that a request for a pin's property names.
    fn asked_pin(
        &self,
        kernel: &Kernel,
        request: &PropertyRequest<'_>,
    ) -> Result<(u32, DescribedPin), NtStatus> {
        let head: KsPPin = read(request.input).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        Ok((head.pin_id, self.pin(kernel, head.pin_id)?))
    }
}

fn pin_count(filter: &Filter, _: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    Ok(request.value(&(filter.descriptor.pins.len() as u32).to_le_bytes()))
}

fn data_flow(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (_, pin) = filter.asked_pin(kernel, request)?;
    Ok(request.value(&pin.pin.data_flow.value().to_le_bytes()))
}

fn communication(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (_, pin) = filter.asked_pin(kernel, request)?;
    Ok(request.value(&pin.pin.communication.value().to_le_bytes()))
}

fn category(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (_, pin) = filter.asked_pin(kernel, request)?;
    let category = pin.pin.category.ok_or(NtStatus::NOT_FOUND)?;
    Ok(request.value(bytemuck::bytes_of(&category)))
}

fn physical_connection(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (pin_id, _) = filter.asked_pin(kernel, request)?;
    let device = filter.binding.device().map_err(|_| NtStatus::NOT_FOUND)?;
    let (link, pin) =
        connected_to(kernel, &device, &filter.port, pin_id).ok_or(NtStatus::NOT_FOUND)?;
    Ok(request.value(&wire_form(&link, pin)))
}

/// Tells the name of a pin: the miniport's own name, or the registered name of the pin's name GUID,
/// or the registered name of the pin's category.
///
/// Source: WDK, KSPROPERTY_PIN_NAME; IPinName::GetPinName. Assumed: the port's answer for a pin
/// without a name is STATUS_NOT_FOUND. When the port has no name, the miniport's tables can still
/// serve the request.
fn pin_name(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (_, pin) = filter.asked_pin(kernel, request)?;
    if let Some(reply) = filter.miniports_pin_name(kernel, request) {
        return Ok(reply);
    }
    let guids = [pin.pin.name, pin.pin.category];
    filter.registered_name(kernel, request, guids)
}

/// Tells the name of a node: the registered name of the node's name GUID. A node without a name
/// GUID has the registered name of its type.
///
/// Source: WDK, KSPROPERTY_TOPOLOGY_NAME; PCNODE_DESCRIPTOR, Name. Assumed: for a node without a
/// name the port answers STATUS_NOT_FOUND, as for a pin.
fn node_name(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let head: KsNodeProperty = read(request.input).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
    let node = filter.descriptor.nodes.get(head.node_id as usize);
    let node = node.ok_or(NtStatus::INVALID_PARAMETER)?;
    filter.registered_name(kernel, request, [node.name.or(Some(node.node_type))])
}

fn instances(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (pin_id, pin) = filter.asked_pin(kernel, request)?;
    let counts = filter.pin_counts(kernel, pin_id, &pin);
    let (possible_count, current_count) = (counts.filter_possible, counts.filter_current);
    let instances = KsPinCInstances { possible_count, current_count };
    Ok(request.value(bytemuck::bytes_of(&instances)))
}

fn global_instances(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (pin_id, pin) = filter.asked_pin(kernel, request)?;
    let counts = filter.pin_counts(kernel, pin_id, &pin);
    let (possible_count, current_count) = (counts.global_possible, counts.global_current);
    let instances = KsPinCInstances { possible_count, current_count };
    Ok(request.value(bytemuck::bytes_of(&instances)))
}

fn necessary_instances(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (pin_id, pin) = filter.asked_pin(kernel, request)?;
    let counts = filter.pin_counts(kernel, pin_id, &pin);
    Ok(request.value(&counts.filter_necessary.to_le_bytes()))
}

fn data_ranges(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (_, pin) = filter.asked_pin(kernel, request)?;
    Ok(request.list(&list_of_ranges(&pin.pin.data_ranges)))
}

fn constrained_data_ranges(
    filter: &Filter,
    kernel: &Kernel,
    request: &PropertyRequest<'_>,
) -> Reply {
    let (_, pin) = filter.asked_pin(kernel, request)?;
    let constrained = &pin.pin.constrained_data_ranges;
    let all = if constrained.is_empty() { &pin.pin.data_ranges } else { constrained };
    Ok(request.list(&list_of_ranges(all)))
}

fn interfaces(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    filter.asked_pin(kernel, request)?;
    Ok(request.list(&list_of(&[KsProperty::STANDARD_STREAMING])))
}

fn mediums(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (_, pin) = filter.asked_pin(kernel, request)?;
    Ok(request.list(&list_of(pin.pin.mediums_or_standard())))
}

fn intersection(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (pin_id, pin) = filter.asked_pin(kernel, request)?;
    let miniport = filter.binding.miniport()?.object();
    let list = &request.input[size_of::<KsPPin>()..];
    let reply =
        data_intersection(list, &pin.pin.data_ranges, request.length, |client, mine, length| {
            let ask = || miniport.data_range_intersection(kernel, pin_id, client, mine, length);
            let reply =
                filter.binding.calls().call_for_reply(kernel, Method::DataRangeIntersection, ask);
            if reply.bytes.len() <= length as usize {
                return reply;
            }
            let written = reply.bytes.len();
            let message =
                format!("DataRangeIntersection gave {written} bytes for {length} of room");
            kernel.report_violation(&rules::INTERSECTION_OVERRUN, &message);
            LengthReply::of_status(NtStatus::BUFFER_TOO_SMALL)
        });
    Ok(reply)
}

fn propose_data_format(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let (_, pin) = filter.asked_pin(kernel, request)?;
    check_format(&KsDataFormat::read(request.value)?, &pin.pin.data_ranges)?;
    Ok(LengthReply::of_status(NtStatus::SUCCESS))
}

fn categories(filter: &Filter, _: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    Ok(request.list(&list_of(&filter.descriptor.categories)))
}

fn nodes(filter: &Filter, _: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let types: Vec<_> = filter.descriptor.nodes.iter().map(|node| node.node_type).collect();
    Ok(request.list(&list_of(&types)))
}

fn connections(filter: &Filter, _: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    Ok(request.list(&list_of(&filter.descriptor.connections)))
}

fn master_clock(filter: &Filter, kernel: &Kernel, request: &PropertyRequest<'_>) -> Reply {
    let clock = filter.master_clock().ok_or(NtStatus::NOT_FOUND)?;
    Ok(request.value(&clock.get_time(kernel)?.to_le_bytes()))
}

/// A list of items. The size of each item is a multiple of 8, so the list needs no padding.
fn list_of<T: bytemuck::NoUninit>(items: &[T]) -> Vec<u8> {
    multiple_item(items.iter().map(bytemuck::bytes_of))
}
