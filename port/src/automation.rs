//! Automation tables: properties as rows with a handler, and the requests that handlers get.
//!
//! Owns the row that the port's own properties and those of a miniport are written in, the request
//! that a miniport's handler is given, and its end. Who looks rows up is `property.rs`. Events of a
//! miniport are not offered; methods are not in PortCls either.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use portcls_emulator::{Irp, Irql, Kernel, NtStatus};

use crate::com::IUnknown;
use crate::guid::Guid;
use crate::irp::complete;
use crate::ks::{KsPropertyType, LengthReply};
use crate::rules::{self, require_irql_at_most};

/// Serves a property; `STATUS_PENDING` when it will be completed by
/// [`pc_complete_pending_property_request`]. IRQL: PASSIVE_LEVEL.
///
/// A GET or SET with no room answers `STATUS_BUFFER_OVERFLOW` with the size needed, one with too
/// little room `STATUS_BUFFER_TOO_SMALL`.
#[doc(alias = "PCPFNPROPERTY_HANDLER")]
pub type PropertyHandler = Rc<dyn Fn(&Kernel, &Rc<PcPropertyRequest>) -> NtStatus>;

/// One property of a table, with a handler of whatever kind the table has.
#[derive(Clone)]
pub struct PropertyItem<H> {
    /// The set.
    pub set: Guid,
    /// The member of the set.
    pub id: u32,
    /// What the handler serves: GET, SET, BASICSUPPORT.
    pub flags: KsPropertyType,
    /// The handler; without one the property is there and answers nothing.
    pub handler: Option<H>,
}

/// One property of a miniport's table.
#[doc(alias = "PCPROPERTY_ITEM")]
pub type PcPropertyItem = PropertyItem<PropertyHandler>;

impl PartialEq for PcPropertyItem {
    fn eq(&self, other: &Self) -> bool {
        let same_handler = match (&self.handler, &other.handler) {
            (Some(one), Some(two)) => Rc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        };
        self.set == other.set && self.id == other.id && self.flags == other.flags && same_handler
    }
}

impl Eq for PcPropertyItem {}

impl<H> fmt::Debug for PropertyItem<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "property {:?}.{} {:?}", self.set, self.id, self.flags)
    }
}

/// The table of a filter, a pin or a node.
#[doc(alias = "PCAUTOMATION_TABLE")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcAutomationTable {
    /// The properties.
    pub properties: Vec<PcPropertyItem>,
}

/// A request for a property of the miniport.
#[doc(alias = "PCPROPERTY_REQUEST")]
pub struct PcPropertyRequest {
    /// The miniport.
    #[doc(alias = "MajorTarget")]
    pub major_target: Rc<dyn IUnknown>,
    /// The stream, when the request went to a pin.
    #[doc(alias = "MinorTarget")]
    pub minor_target: Option<Rc<dyn IUnknown>>,
    /// The node, or [`NO_NODE`](Self::NO_NODE).
    pub node: u32,
    /// The entry of the table.
    pub property_item: PcPropertyItem,
    /// What is wanted. Assumed: without the flag that says whose property it is.
    pub verb: KsPropertyType,
    /// What follows the property, or the node's number, in the input.
    pub instance: Vec<u8>,
    /// The value: what is set, or the room for what is asked for, as long as the client's buffer.
    pub value: RefCell<Vec<u8>>,
    /// Bytes of room at first; the handler leaves the bytes written, or needed.
    pub value_size: Cell<u32>,
    /// The request itself.
    pub irp: Irp,
}

impl PcPropertyRequest {
    /// The number for "no node".
    pub const NO_NODE: u32 = 0xFFFF_FFFF;

    /// Answers a GET with a value, by the rules for its length.
    #[must_use]
    pub fn answer(&self, value: &[u8]) -> NtStatus {
        let reply = LengthReply::of_value(value, self.value_size.get());
        self.value_size.set(reply.information);
        let mut room = self.value.borrow_mut();
        // The reply is no longer than the room that the handler was given.
        let length = room.len().max(reply.bytes.len());
        room.resize(length, 0);
        room[..reply.bytes.len()].copy_from_slice(&reply.bytes);
        reply.status
    }
}

/// Completes a request whose handler returned `STATUS_PENDING`. IRQL: up to DISPATCH_LEVEL.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for `STATUS_PENDING`, which breaks the rule PcPropertyRequest too;
/// nothing is completed then.
#[doc(alias = "PcCompletePendingPropertyRequest")]
pub fn pc_complete_pending_property_request(
    kernel: &Kernel,
    request: &PcPropertyRequest,
    status: NtStatus,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "PcCompletePendingPropertyRequest");
    if status == NtStatus::PENDING {
        let message = "a property request was completed with STATUS_PENDING";
        kernel.report_violation(&rules::PC_PROPERTY_REQUEST, message);
        return Err(NtStatus::INVALID_PARAMETER);
    }
    finish(kernel, request, status);
    Ok(())
}

/// Completes the request with what the handler left in it.
pub(crate) fn finish(kernel: &Kernel, request: &PcPropertyRequest, status: NtStatus) -> NtStatus {
    let mut size = request.value_size.get();
    let mut room = request.value.borrow_mut();
    let wrote = status == NtStatus::SUCCESS;
    if wrote && size as usize > room.len() {
        let message = format!("a property handler wrote {size} bytes into {} of room", room.len());
        kernel.report_violation(&rules::PROPERTY_OVERRUN, &message);
        size = room.len() as u32;
    }
    if wrote && !request.verb.contains(KsPropertyType::SET) {
        room.truncate(size as usize);
        *request.irp.buffer().borrow_mut() = std::mem::take(&mut *room);
    }
    drop(room);
    // A failure returns no length, but for the one that is the answer to the question for it.
    let answers = wrote || status == NtStatus::BUFFER_OVERFLOW;
    request.irp.set_information(if answers { u64::from(size) } else { 0 });
    complete(kernel, &request.irp, status)
}
