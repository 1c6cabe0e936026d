//! Property requests: which table answers, and the rules for every table.
//!
//! An object's own table comes first. A request goes on to a table of the miniport when this table
//! does not have the property, or when the handler in this table answers STATUS_NOT_FOUND. If the
//! flag TOPOLOGY says that the request is for a node, it goes to the table of that node. Any other
//! request goes to the miniport's table of the filter or of the pin, and then to the tables of the
//! nodes. This file owns the order of the tables, the question whether a set is supported, basic
//! support, relations and the allowed accesses. This file never knows what a filter or a pin is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irp, Kernel, NtStatus, Parameters};

use crate::automation::{
    PcAutomationTable, PcPropertyRequest, PropertyHandler, PropertyItem, finish,
};
use crate::com::IUnknown;
use crate::descriptor::PcNodeDescriptor;
use crate::irp::{answer_room, complete, complete_with_reply};
use crate::ks::{KsNodeProperty, KsProperty, KsPropertyType, LengthReply, read};
use crate::miniport_calls::{Method, MiniportCalls};

/// Serves one of an object's own properties.
///
/// IRQL: PASSIVE_LEVEL.
pub(crate) type OwnHandler<T> =
    fn(&T, &Kernel, &PropertyRequest<'_>) -> Result<LengthReply, NtStatus>;

/// A row in the table of an object's own properties.
pub(crate) type OwnProperty<T> = PropertyItem<OwnHandler<T>>;

/// Whether a request reads or changes a property's value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Get,
    Set,
}

/// A request for one of an object's own properties.
pub(crate) struct PropertyRequest<'a> {
    pub irp: &'a Irp,
    pub access: Access,
    /// The client's input: KSPROPERTY, and the bytes after this structure.
    pub input: &'a [u8],
    /// The value that is set; empty in a GET.
    pub value: &'a [u8],
    /// Bytes of room for the value of a GET.
    pub length: u32,
}

impl PropertyRequest<'_> {
    /// Answers with a value.
    pub fn value(&self, value: &[u8]) -> LengthReply {
        LengthReply::of_value(value, self.length)
    }

    /// Answers with a list.
    pub fn list(&self, list: &[u8]) -> LengthReply {
        LengthReply::of_list(list, self.length)
    }
}

/// The objects and tables of a miniport that can serve a request.
pub(crate) struct Target<'a> {
    pub calls: &'a MiniportCalls,
    pub miniport: Rc<dyn IUnknown>,
    pub stream: Option<Rc<dyn IUnknown>>,
    /// The table of the filter or of the pin.
    pub table: Option<&'a Rc<PcAutomationTable>>,
    pub nodes: &'a [PcNodeDescriptor],
}

/// The result of a search in a table.
enum Found<'a, H> {
    /// The answer, without a call of a handler.
    Answer(LengthReply),
    /// The property, and the handler that serves the request.
    Handler(&'a PropertyItem<H>, &'a H),
}

/// Serves IOCTL_KS_PROPERTY on an object: by the object's own table, or else by a table of the
/// miniport.
///
/// IRQL: PASSIVE_LEVEL.
pub(crate) fn serve<'a, T>(
    kernel: &Kernel,
    irp: &Irp,
    object: &T,
    own: &[OwnProperty<T>],
    target: impl FnOnce() -> Option<Target<'a>>,
) -> NtStatus {
    let Parameters::DeviceControl { input, .. } = irp.parameters() else {
        return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
    };
    let length = answer_room(irp);
    let Some(property) = read::<KsProperty>(input) else {
        return complete(kernel, irp, NtStatus::INVALID_BUFFER_SIZE);
    };
    let reply = match find(own, &property, length) {
        None => LengthReply::of_status(NtStatus::PROPSET_NOT_FOUND),
        Some(Found::Answer(reply)) => reply,
        Some(Found::Handler(_, handler)) => ask(property.property_type(), |access| {
            let value = match access {
                Access::Get => Vec::new(),
                Access::Set => irp.buffer().borrow()[..length as usize].to_vec(),
            };
            let (input, value) = (&input[..], &value[..]);
            handler(object, kernel, &PropertyRequest { irp, access, input, value, length })
        }),
    };
    let is_unknown = [NtStatus::PROPSET_NOT_FOUND, NtStatus::NOT_FOUND].contains(&reply.status);
    if is_unknown
        && let Some(target) = target()
        && let Some(status) = offer(kernel, irp, &property, &target)
    {
        return status;
    }
    complete_with_reply(kernel, irp, reply)
}

/// Calls a handler of an object for a request that reads or changes the value.
fn ask(
    wanted: KsPropertyType,
    handler: impl FnOnce(Access) -> Result<LengthReply, NtStatus>,
) -> LengthReply {
    let reply = match wanted & (KsPropertyType::GET | KsPropertyType::SET) {
        KsPropertyType::GET => handler(Access::Get),
        KsPropertyType::SET => handler(Access::Set),
        _ => Err(NtStatus::INVALID_PARAMETER),
    };
    reply.unwrap_or_else(LengthReply::of_status)
}

/// The kinds of request; a client asks for one kind. The other flags, such as TOPOLOGY, only say
/// more about the request.
const KINDS: KsPropertyType = HANDLED
    .union(KsPropertyType::SETSUPPORT)
    .union(KsPropertyType::RELATIONS)
    .union(KsPropertyType::SERIALIZESET)
    .union(KsPropertyType::UNSERIALIZESET);

/// The kinds that a row can offer, so that its handler serves them. Source: WDK, PCPROPERTY_ITEM,
/// Flags. In portcls.h a row cannot have the flag RELATIONS.
const HANDLED: KsPropertyType = KsPropertyType::GET
    .union(KsPropertyType::SET)
    .union(KsPropertyType::BASICSUPPORT)
    .union(KsPropertyType::DEFAULTVALUES)
    .union(KsPropertyType::SERIALIZERAW)
    .union(KsPropertyType::UNSERIALIZERAW)
    .union(KsPropertyType::SERIALIZESIZE);

/// Looks a property up in a table; `None` when the table does not have the property's set.
///
/// SETSUPPORT asks about the set alone, so the property and other kinds in the same request do not
/// count.
///
/// Assumed: the answer to a kind of request that the property does not have is
/// STATUS_INVALID_DEVICE_REQUEST. The answer to a request of no kind, or of several kinds, is
/// STATUS_INVALID_PARAMETER. If the handler of the row does not serve BASICSUPPORT, the port
/// answers the request from the flags of the row. The port itself always answers a request for
/// relations, and the answer is that there are no relations.
fn find<'a, H>(
    table: &'a [PropertyItem<H>],
    property: &KsProperty,
    length: u32,
) -> Option<Found<'a, H>> {
    let mut in_set = table.iter().filter(|item| item.set == property.set).peekable();
    in_set.peek()?;
    let kind = property.property_type() & KINDS;
    let answer = |reply| Some(Found::Answer(reply));
    let status = |status| answer(LengthReply::of_status(status));
    if kind.contains(KsPropertyType::SETSUPPORT) {
        return status(NtStatus::SUCCESS);
    }
    let Some(item) = in_set.find(|item| item.id == property.id) else {
        return status(NtStatus::NOT_FOUND);
    };
    if kind.bits().count_ones() != 1 {
        return status(NtStatus::INVALID_PARAMETER);
    }
    let offered = item.flags & HANDLED;
    if let Some(handler) = item.handler.as_ref().filter(|_| offered.contains(kind)) {
        return Some(Found::Handler(item, handler));
    }
    match kind {
        KsPropertyType::BASICSUPPORT => answer(LengthReply::of_support(item.flags, length)),
        KsPropertyType::RELATIONS => answer(LengthReply::of_relations(length)),
        _ => status(NtStatus::INVALID_DEVICE_REQUEST),
    }
}

/// Looks a property up in one table after the other; `None` when no table has the property's set.
fn find_in_order<'a>(
    tables: impl IntoIterator<Item = &'a Rc<PcAutomationTable>>,
    property: &KsProperty,
    length: u32,
) -> Option<Found<'a, PropertyHandler>> {
    let mut unknown = None;
    for table in tables {
        match find(&table.properties, property, length) {
            Some(Found::Answer(reply)) if reply.status == NtStatus::NOT_FOUND => {
                unknown = Some(Found::Answer(reply));
            }
            Some(found) => return Some(found),
            None => {}
        }
    }
    unknown
}

/// Serves a request by a table of the miniport. `None` when no table has the property's set. The
/// request is then not completed.
///
/// A client can ask for some properties of a node by a request that names no node. The handlers of
/// these properties stand in the table of the node. Source: WDK, the page "Filter, Pin, and Node
/// Properties", which says this of KSPROPERTY_SYNTH_VOLUME and KSPROPERTY_SYNTH_MASTERCLOCK.
/// Assumed: this rule holds for any property that the table of the filter or pin does not have. The
/// first node that has the property gets the request, and the handler does not learn the node's
/// number.
fn offer(
    kernel: &Kernel,
    irp: &Irp,
    property: &KsProperty,
    target: &Target<'_>,
) -> Option<NtStatus> {
    let Parameters::DeviceControl { input, .. } = irp.parameters() else {
        return None;
    };
    let length = answer_room(irp);
    let flags = property.property_type();
    let (found, node, rest) = if flags.contains(KsPropertyType::TOPOLOGY) {
        let Some(head) = read::<KsNodeProperty>(input) else {
            return Some(complete(kernel, irp, NtStatus::INVALID_BUFFER_SIZE));
        };
        let Some(node) = target.nodes.get(head.node_id as usize) else {
            return Some(complete(kernel, irp, NtStatus::INVALID_PARAMETER));
        };
        let found = find_in_order(&node.automation, property, length);
        (found, head.node_id, &input[size_of::<KsNodeProperty>()..])
    } else {
        let of_nodes = target.nodes.iter().filter_map(|node| node.automation.as_ref());
        let tables = target.table.into_iter().chain(of_nodes);
        let found = find_in_order(tables, property, length);
        (found, PcPropertyRequest::NO_NODE, &input[size_of::<KsProperty>()..])
    };
    let (item, handler) = match found? {
        Found::Answer(reply) => return Some(complete_with_reply(kernel, irp, reply)),
        Found::Handler(item, handler) => (item, handler),
    };
    let value = irp.buffer().borrow()[..length as usize].to_vec();
    let request = Rc::new(PcPropertyRequest {
        major_target: Rc::clone(&target.miniport),
        minor_target: target.stream.clone(),
        node,
        property_item: item.clone(),
        verb: flags & !KsPropertyType::TOPOLOGY,
        instance: rest.to_vec(),
        value: RefCell::new(value),
        value_size: Cell::new(length),
        irp: irp.clone(),
    });
    Some(call(kernel, target.calls, handler, &request))
}

/// Calls a handler of the miniport for a request.
fn call(
    kernel: &Kernel,
    calls: &MiniportCalls,
    handler: &PropertyHandler,
    request: &Rc<PcPropertyRequest>,
) -> NtStatus {
    let serve = || match handler(kernel, request) {
        status if status.is_success() => Ok(status),
        status => Err(status),
    };
    let (method, none) = (Method::PropertyHandler, Argument::None);
    let status = match calls.call(kernel, method, none, serve, |_| none) {
        Ok(status) | Err(status) => status,
    };
    if status == NtStatus::PENDING {
        request.irp.mark_pending();
        return NtStatus::PENDING;
    }
    finish(kernel, request, status)
}
