//! The events of one open file: enabled, disabled, and asked for.
//!
//! Owns the checks of the requests and the calls of the miniport's handlers.

use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irp, Kernel, NtStatus, Parameters};

use crate::automation::{PcAutomationTable, PcPropertyRequest};
use crate::event::{
    EntryState, EventWish, KsEventEntry, Notification, PcEventItem, PcEventRequest, PcEventVerb,
};
use crate::event_list::EventList;
use crate::guid::Guid;
use crate::irp::{answer_room, complete, complete_with_reply};
use crate::ks::{KsEvent, KsEventData, KsEventType, KsNodeEvent, KsPinEvent, LengthReply, read};
use crate::miniport_calls::Method;
use crate::property::Target;
use crate::rules;

/// The events that the client of one file has enabled.
pub(crate) struct ClientEvents {
    list: Rc<EventList>,
    client: u64,
}

impl ClientEvents {
    /// The events of a file that was just opened.
    pub fn new(list: &Rc<EventList>) -> ClientEvents {
        ClientEvents { list: Rc::clone(list), client: list.new_client() }
    }

    /// Serves IOCTL_KS_ENABLE_EVENT. If the file is a pin, `pin` is the number of this pin.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn enable(
        &self,
        kernel: &Kernel,
        irp: &Irp,
        pin: Option<u32>,
        target: Option<&Target<'_>>,
    ) -> NtStatus {
        let reply = self.answer(kernel, irp, pin, target);
        complete_with_reply(kernel, irp, reply.unwrap_or_else(LengthReply::of_status))
    }

    /// Answers a request for events.
    ///
    /// Source: WDK, KSEVENT and IOCTL_KS_ENABLE_EVENT: a request without input asks for the sets.
    /// Assumed: a request for the support of a set whose GUID is all zeros also asks for the sets.
    /// Windows has this rule for properties. Assumed: the answer to a kind of request that the
    /// event does not have is STATUS_INVALID_DEVICE_REQUEST. The answer to a request of no kind, or
    /// of several kinds, is STATUS_INVALID_PARAMETER.
    fn answer(
        &self,
        kernel: &Kernel,
        irp: &Irp,
        pin: Option<u32>,
        target: Option<&Target<'_>>,
    ) -> Result<LengthReply, NtStatus> {
        let Parameters::DeviceControl { input, .. } = irp.parameters() else {
            return Err(NtStatus::INVALID_PARAMETER);
        };
        let length = answer_room(irp);
        if input.is_empty() {
            return Ok(sets(target, length));
        }
        let event: KsEvent = read(input).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        let (table, node) = table_and_node(&event, input, target)?;
        let kind = event.event_type().difference(KsEventType::TOPOLOGY);
        if kind == KsEventType::SETSUPPORT && event.set == Guid::NULL {
            return Ok(sets(target, length));
        }
        let events = table.map_or(&[][..], |table| &table.events);
        let mut in_set = events.iter().filter(|item| item.set == event.set).peekable();
        in_set.peek().ok_or(NtStatus::PROPSET_NOT_FOUND)?;
        let success = Ok(LengthReply::of_status(NtStatus::SUCCESS));
        if kind == KsEventType::SETSUPPORT {
            return success;
        }
        let item = in_set.find(|item| item.id == event.id).ok_or(NtStatus::NOT_FOUND)?;
        let is_offered = item.flags.contains(kind) && item.handler.is_some();
        let target = target.ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        match kind {
            KsEventType::BASICSUPPORT if is_offered => {
                let support = PcEventVerb::Support;
                let status = call_handler(kernel, target, item, node, support, None, Some(irp));
                Ok(LengthReply::of_status(status))
            }
            KsEventType::BASICSUPPORT => success,
            KsEventType::ENABLE | KsEventType::ONESHOT if is_offered => {
                let named = || read::<KsPinEvent>(input).map(|head| head.pin_id);
                let pin = pin.or_else(|| if node.is_none() { named() } else { None });
                let wish = EventWish {
                    item,
                    pin,
                    node,
                    client: self.client,
                    data: data_of(irp, length)?,
                    one_shot: kind == KsEventType::ONESHOT,
                };
                let status = self.add(kernel, irp, target, wish)?;
                Ok(LengthReply::of_status(status))
            }
            kind if kind.bits().count_ones() == 1 => Err(NtStatus::INVALID_DEVICE_REQUEST),
            _ => Err(NtStatus::INVALID_PARAMETER),
        }
    }

    /// Offers an event to its handler. The handler adds the event to the list.
    fn add(
        &self,
        kernel: &Kernel,
        irp: &Irp,
        target: &Target<'_>,
        wish: EventWish<'_>,
    ) -> Result<NtStatus, NtStatus> {
        self.list.require_room()?;
        let (item, node) = (wish.item, wish.node);
        let notification = Notification::open(kernel, &wish.data)?;
        let entry = KsEventEntry::new(&self.list, wish, notification);
        let status =
            call_handler(kernel, target, item, node, PcEventVerb::Add, Some(&entry), Some(irp));
        // A one-shot event may have happened already, inside the handler.
        let was_added = entry.state.get() != EntryState::New;
        if status.is_success() && was_added {
            return Ok(status);
        }
        // An event stays only if its handler has accepted it and has added it. If the handler
        // accepts an event but does not add it, the event is in no list, so its client is never
        // told. After `take`, the driver can no longer add the entry.
        self.list.take(&entry);
        if !status.is_success() && !was_added {
            return Ok(status);
        }
        let name = entry.name();
        let message = if was_added {
            format!("an event handler added an entry of {name} and answered {status}")
        } else {
            format!("an event handler took {name} and did not add it to the list")
        };
        kernel.report_violation(&rules::EVENT_HANDLER_ANSWER, &message);
        Ok(status)
    }

    /// Serves IOCTL_KS_DISABLE_EVENT: ends the event whose data the client names. When the client
    /// names no data, all events of the file end.
    ///
    /// Source: WDK, KsDisableEvent. Assumed: a client names an event by the bytes of its data. On
    /// Windows the address of the data names the event, but requests here have no addresses. When
    /// two events have the same data, the first of them ends.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn disable(&self, kernel: &Kernel, irp: &Irp, target: Option<&Target<'_>>) -> NtStatus {
        let Parameters::DeviceControl { input, .. } = irp.parameters() else {
            return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
        };
        if input.is_empty() {
            self.end_all(kernel, target, Some(irp));
            return complete(kernel, irp, NtStatus::SUCCESS);
        }
        let Some(data) = read::<KsEventData>(input) else {
            return complete(kernel, irp, NtStatus::INVALID_BUFFER_SIZE);
        };
        let found = self.list.of_client(self.client).into_iter().find(|it| it.data == data);
        let Some(entry) = found else {
            return complete(kernel, irp, NtStatus::UNSUCCESSFUL);
        };
        self.end(kernel, &entry, target, Some(irp));
        complete(kernel, irp, NtStatus::SUCCESS)
    }

    /// True while the client has an event enabled.
    pub fn is_any_enabled(&self) -> bool {
        !self.list.of_client(self.client).is_empty()
    }

    /// Ends all events of the file, because the client asks for it or the file is closed.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn end_all(&self, kernel: &Kernel, target: Option<&Target<'_>>, irp: Option<&Irp>) {
        for entry in self.list.of_client(self.client) {
            self.end(kernel, &entry, target, irp);
        }
    }

    /// Takes an event out of the list and tells its handler. Assumed: the event leaves the list
    /// first. So the client is no longer told of the event while the handler runs.
    fn end(
        &self,
        kernel: &Kernel,
        entry: &Rc<KsEventEntry>,
        target: Option<&Target<'_>>,
        irp: Option<&Irp>,
    ) {
        if !self.list.take(entry) {
            return;
        }
        if let Some(target) = target {
            let (item, node, verb) = (&entry.item, entry.node, PcEventVerb::Remove);
            call_handler(kernel, target, item, node, verb, Some(entry), irp);
        }
    }
}

/// The table for a request, and the node if the request is for a node.
///
/// Source: WDK, KSEVENT_TYPE_TOPOLOGY. Two pages say that only pins, and nodes of pins, are targets
/// of events. Another page says that filters are targets. WDMAud enables events of nodes through
/// the filter. This file serves pins and filters.
fn table_and_node<'a>(
    event: &KsEvent,
    input: &[u8],
    target: Option<&Target<'a>>,
) -> Result<(Option<&'a Rc<PcAutomationTable>>, Option<u32>), NtStatus> {
    let Some(target) = target else { return Ok((None, None)) };
    if !event.event_type().contains(KsEventType::TOPOLOGY) {
        return Ok((target.table, None));
    }
    let head: KsNodeEvent = read(input).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
    let node = target.nodes.get(head.node_id as usize).ok_or(NtStatus::INVALID_PARAMETER)?;
    Ok((node.automation.as_ref(), Some(head.node_id)))
}

/// The sets of all events of an object, each set once: the events of the object itself and the
/// events of its nodes.
fn sets(target: Option<&Target<'_>>, length: u32) -> LengthReply {
    let tables = target.into_iter().flat_map(|target| {
        let of_nodes = target.nodes.iter().filter_map(|node| node.automation.as_ref());
        target.table.into_iter().chain(of_nodes)
    });
    let mut sets: Vec<Guid> = Vec::new();
    for item in tables.flat_map(|table| &table.events) {
        if !sets.contains(&item.set) {
            sets.push(item.set);
        }
    }
    if sets.is_empty() {
        return LengthReply::of_status(NtStatus::SUCCESS);
    }
    LengthReply::of_value(bytemuck::cast_slice(&sets), length)
}

/// The data of a client that enables an event.
fn data_of(irp: &Irp, length: u32) -> Result<KsEventData, NtStatus> {
    let buffer = irp.buffer().borrow();
    read(&buffer[..length as usize]).ok_or(NtStatus::INVALID_BUFFER_SIZE)
}

/// Calls a handler of the miniport.
fn call_handler(
    kernel: &Kernel,
    target: &Target<'_>,
    item: &PcEventItem,
    node: Option<u32>,
    verb: PcEventVerb,
    entry: Option<&Rc<KsEventEntry>>,
    irp: Option<&Irp>,
) -> NtStatus {
    let Some(handler) = item.handler.as_ref() else { return NtStatus::INVALID_DEVICE_REQUEST };
    let request = PcEventRequest {
        major_target: Rc::clone(&target.miniport),
        minor_target: target.stream.clone(),
        node: node.unwrap_or(PcPropertyRequest::NO_NODE),
        event_item: item.clone(),
        event_entry: entry.cloned(),
        verb,
        irp: irp.cloned(),
    };
    let serve = || match handler(kernel, &request) {
        status if status.is_success() && status != NtStatus::PENDING => Ok(status),
        status => Err(status),
    };
    let (method, none) = (Method::EventHandler, Argument::None);
    match target.calls.call(kernel, method, none, serve, |_| none) {
        Err(NtStatus::PENDING) => {
            let message = "an event handler answered STATUS_PENDING";
            kernel.report_violation(&rules::EVENT_HANDLER_ANSWER, message);
            NtStatus::UNSUCCESSFUL
        }
        Ok(status) | Err(status) => status,
    }
}
