//! Automation tables: their properties and events, and property requests.
//!
//! Owns the type of a row, which is the same for the port's own properties and for a miniport's.
//! Owns the request that a miniport's handler gets, and its completion. `property.rs` looks rows
//! up. `event.rs` has the rows of events. PortCls does not serve the methods (KSMETHOD) of a table.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use portcls_emulator::{Irp, Irql, Kernel, NtStatus};

use crate::com::IUnknown;
use crate::event::PcEventItem;
use crate::guid::Guid;
use crate::irp::complete;
use crate::ks::{KsPropertyType, LengthReply};
use crate::rules::{self, require_irql_at_most};

/// The driver's routine that serves a property.
///
/// The routine returns `STATUS_PENDING` when the driver completes the request later with
/// [`pc_complete_pending_property_request`]. When the client's buffer for a GET or SET has 0 bytes,
/// the routine answers `STATUS_BUFFER_OVERFLOW` and the needed size. When the buffer has some bytes
/// but too few, the routine answers `STATUS_BUFFER_TOO_SMALL`.
///
/// PortCls wakes an idle device before this call, so the device is in D0 unless the whole system
/// sleeps.
///
/// IRQL: PASSIVE_LEVEL.
#[doc(alias = "PCPFNPROPERTY_HANDLER")]
pub type PropertyHandler = Rc<dyn Fn(&Kernel, &Rc<PcPropertyRequest>) -> NtStatus>;

/// One property of a table; `H` is the type of the table's handlers.
#[derive(Clone)]
pub struct PropertyItem<H> {
    /// The set.
    pub set: Guid,
    /// The member of the set.
    pub id: u32,
    /// The kinds of request that the handler serves; the handler gets no other kind. The possible
    /// kinds are GET, SET, BASICSUPPORT, DEFAULTVALUES, SERIALIZERAW, UNSERIALIZERAW and
    /// SERIALIZESIZE.
    pub flags: KsPropertyType,
    /// The handler. The port knows a property without a handler, but refuses to GET or SET it.
    pub handler: Option<H>,
}

/// One property of a miniport's table.
#[doc(alias = "PCPROPERTY_ITEM")]
pub type PcPropertyItem = PropertyItem<PropertyHandler>;

/// Whether two entries of a table have the same handler, or both have none.
pub(crate) fn is_same_handler<H: ?Sized>(one: Option<&Rc<H>>, two: Option<&Rc<H>>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => Rc::ptr_eq(one, two),
        (None, None) => true,
        _ => false,
    }
}

impl PartialEq for PcPropertyItem {
    fn eq(&self, other: &Self) -> bool {
        (self.set, self.id, self.flags) == (other.set, other.id, other.flags)
            && is_same_handler(self.handler.as_ref(), other.handler.as_ref())
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
    /// The events.
    pub events: Vec<PcEventItem>,
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
    /// The node, or [`NO_NODE`](Self::NO_NODE) when the client named no node.
    pub node: u32,
    /// The entry of the table.
    pub property_item: PcPropertyItem,
    /// The kind of request. Assumed: the flag TOPOLOGY is not in this field. That flag marks a
    /// property of a node.
    pub verb: KsPropertyType,
    /// The bytes of the input after the KSPROPERTY, or after the KSNODEPROPERTY when the request is
    /// for a node.
    pub instance: Vec<u8>,
    /// The value of a SET, or the room for the value of a GET. The value or room has the length
    /// that the client states, but at most the length of the client's buffer.
    pub value: RefCell<Vec<u8>>,
    /// At first the number of bytes of room. The handler replaces this number by the number of
    /// bytes that it wrote or that it needs.
    pub value_size: Cell<u32>,
    /// The request itself.
    pub irp: Irp,
}

impl PcPropertyRequest {
    /// The number for "no node".
    pub const NO_NODE: u32 = 0xFFFF_FFFF;

    /// Answers a GET with a value. The status depends on the length of the value and on the room.
    #[must_use]
    pub fn answer(&self, value: &[u8]) -> NtStatus {
        let reply = LengthReply::of_value(value, self.value_size.get());
        self.value_size.set(reply.information);
        let mut room = self.value.borrow_mut();
        // The room is long enough for the reply, unless the handler has changed the room or its
        // size. Then the room may have to grow.
        let length = room.len().max(reply.bytes.len());
        room.resize(length, 0);
        room[..reply.bytes.len()].copy_from_slice(&reply.bytes);
        reply.status
    }
}

/// Completes a request whose handler returned `STATUS_PENDING`.
///
/// IRQL: up to DISPATCH_LEVEL. Source: WDK, PcCompletePendingPropertyRequest.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: `status` is `STATUS_PENDING`, which is also a violation of the
///   rule PcPropertyRequest. The request is not completed.
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

/// Completes the request with the value and the size that the handler left in it.
///
/// IRQL: up to DISPATCH_LEVEL.
pub(crate) fn finish(kernel: &Kernel, request: &PcPropertyRequest, status: NtStatus) -> NtStatus {
    let mut size = request.value_size.get();
    let mut room = request.value.borrow_mut();
    let wrote = status == NtStatus::SUCCESS;
    if wrote && size as usize > room.len() {
        let message = format!("a property handler wrote {size} bytes into {} of room", room.len());
        kernel.report_violation(&rules::PROPERTY_OVERRUN, &message);
        size = room.len() as u32;
    }
    let takes = KsPropertyType::SET | KsPropertyType::UNSERIALIZERAW;
    if wrote && !request.verb.intersects(takes) {
        room.truncate(size as usize);
        *request.irp.buffer().borrow_mut() = std::mem::take(&mut *room);
    }
    drop(room);
    // Of all failures, only BUFFER_OVERFLOW returns a length. BUFFER_OVERFLOW answers a client that
    // asked for the length.
    let answers = wrote || status == NtStatus::BUFFER_OVERFLOW;
    request.irp.set_information(if answers { u64::from(size) } else { 0 });
    complete(kernel, &request.irp, status)
}
