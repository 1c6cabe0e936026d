//! A miniport's properties: its automation tables and property requests.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::automation::{PcPropertyItem, PcPropertyRequest, PropertyHandler};
use portcls_port::ks::KsPropertyType;
use portcls_port::pc_complete_pending_property_request;

use crate::guest::Guest;
use crate::memory::at;
use crate::routine::{Call, Pointer};
use crate::tables::bindings::Bound;
use crate::tables::origin::Origin;

/// Reads the PCPROPERTY_ITEM at an address.
pub(crate) fn read_property_item(guest: &Guest, address: u64) -> PcPropertyItem {
    let fields = &guest.layout().pcproperty_item;
    let handler = guest.load_word(at(address, fields.handler));
    let flags = guest.load_u32(at(address, fields.flags));
    PcPropertyItem {
        set: guest.load_guid(guest.load_word(at(address, fields.set))),
        id: guest.load_u32(at(address, fields.id)),
        flags: KsPropertyType::from_bits_retain(flags),
        handler: (handler != 0).then(|| property_handler(guest, address, handler)),
    }
}

/// `NTSTATUS Handler(PPCPROPERTY_REQUEST)`
fn property_handler(guest: &Guest, item: u64, handler: u64) -> PropertyHandler {
    let guest = guest.clone();
    Rc::new(move |kernel: &Kernel, request: &Rc<PcPropertyRequest>| {
        let shown = Rc::new(ShownRequest::new(&guest, item, request));
        guest.bind_from(Some(Origin::Argument { routine: handler }), shown.address, shown.clone());
        let answer = match request.irp.file() {
            Some(file) => guest.with_irp(&request.irp, file.device(), handler, |irp| {
                let field = guest.layout().pcproperty_request.irp;
                guest.put_word(at(shown.address, field), irp);
                NtStatus(guest.call(handler, &[shown.address]) as u32)
            }),
            None => NtStatus(guest.call(handler, &[shown.address]) as u32),
        };
        if answer == NtStatus::PENDING {
            // The leak report lists this request as a property request, and not a second time as an
            // IRP.
            guest.unlist_irp(&request.irp);
        } else if !kernel.is_frozen() {
            shown.take_answer(&guest);
            shown.end(&guest);
        }
        answer
    })
}

/// A PCPROPERTY_REQUEST in guest memory. It stays until its handler answers a status other than
/// STATUS_PENDING, or until the driver completes it.
struct ShownRequest {
    request: Rc<PcPropertyRequest>,
    address: u64,
    value: u64,
    /// Address and length of the request structure, of its instance data and of its value.
    blocks: [(u64, usize); 3],
    ended: Cell<bool>,
}

impl Bound for ShownRequest {
    fn left(&self) -> Option<&'static str> {
        Some("property requests that were never completed")
    }
}

impl ShownRequest {
    fn new(guest: &Guest, item: u64, request: &Rc<PcPropertyRequest>) -> ShownRequest {
        let fields = &guest.layout().pcproperty_request;
        let room = request.value.borrow().clone();
        let length = fields.size_of as usize;
        let address = guest.new_object_block(&vec![0; length]);
        let instance = guest.new_object_block(&request.instance);
        let value = guest.new_object_block(&room);
        let major = guest.target_pointer(&request.major_target);
        let minor = &request.minor_target;
        let minor = minor.as_ref().map_or(0, |stream| guest.target_pointer(stream));
        guest.put_word(at(address, fields.major_target), major);
        guest.put_word(at(address, fields.minor_target), minor);
        guest.put_u32(at(address, fields.node), request.node);
        guest.put_word(at(address, fields.property_item), item);
        guest.put_u32(at(address, fields.verb), request.verb.bits());
        guest.put_u32(at(address, fields.instance_size), request.instance.len() as u32);
        guest.put_word(at(address, fields.instance), pointer_to(instance, &request.instance));
        guest.put_u32(at(address, fields.value_size), request.value_size.get());
        guest.put_word(at(address, fields.value), pointer_to(value, &room));
        ShownRequest {
            request: Rc::clone(request),
            address,
            value,
            blocks: [(address, length), (instance, request.instance.len()), (value, room.len())],
            ended: Cell::new(false),
        }
    }

    /// Copies the value and its size out of the driver's memory into the port's request.
    fn take_answer(&self, guest: &Guest) {
        let size = guest.load_u32(at(self.address, guest.layout().pcproperty_request.value_size));
        self.request.value_size.set(size);
        guest.load_into(self.value, &mut self.request.value.borrow_mut());
    }

    /// Copies the value and its size, which a handler in Rust has left in the port's request, into
    /// the driver's memory.
    fn give_answer(&self, guest: &Guest) {
        let size = self.request.value_size.get();
        guest.put_u32(at(self.address, guest.layout().pcproperty_request.value_size), size);
        let value = self.request.value.borrow();
        let room = self.blocks[2].1.min(value.len());
        guest.put(self.value, &value[..room]);
    }

    fn end(&self, guest: &Guest) {
        if !self.ended.replace(true) {
            guest.unbind(self.address);
            for (block, length) in self.blocks {
                guest.free_object_block(block, length);
            }
        }
    }
}

/// Runs the handler of a system miniport, which is in Rust, for a request in the driver's memory.
/// Either a handler of the driver passes the request on to this handler, or the driver has put this
/// handler into its own table and the port calls it from there.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a request that the port has not shown to the driver.
pub(super) fn serve_lent_property(
    call: &Call<'_>,
    request: Pointer,
    handler: &PropertyHandler,
) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let shown = guest.bound::<ShownRequest>(request.0).ok_or(NtStatus::INVALID_PARAMETER)?;
    shown.take_answer(guest);
    let answer = handler(call.kernel(), &shown.request);
    shown.give_answer(guest);
    Ok(answer)
}

/// The address of a block, or a null pointer when there are no bytes.
fn pointer_to(block: u64, bytes: &[u8]) -> u64 {
    if bytes.is_empty() { 0 } else { block }
}

/// `NTSTATUS PcCompletePendingPropertyRequest(PPCPROPERTY_REQUEST, NTSTATUS)`
pub(crate) fn complete_pending_property_request(
    call: &Call<'_>,
    request: Pointer,
    answer: NtStatus,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let shown = guest.bound::<ShownRequest>(request.0).ok_or(NtStatus::INVALID_PARAMETER)?;
    shown.take_answer(guest);
    pc_complete_pending_property_request(call.kernel(), &shown.request, answer)?;
    shown.end(guest);
    guest.free_completed_irps();
    Ok(())
}
