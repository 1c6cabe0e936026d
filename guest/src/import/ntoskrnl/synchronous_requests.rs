//! Requests that the system makes for a driver, and frees after completion.
//!
//! Source: WDK, IoBuildSynchronousFsdRequest.

use portcls_emulator::{Event, MajorFunction};

use super::devices::known_device;
use super::objects::signal;
use super::requests::{Owner, new_request, next_location_of};
use crate::guest::Guest;
use crate::memory::at;
use crate::routine::{Call, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] =
    &[row!("IoBuildSynchronousFsdRequest", UpTo(APC_LEVEL), build_synchronous_fsd_request)];

/// `PIRP IoBuildSynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT, PVOID Buffer, ULONG,
/// PLARGE_INTEGER, PKEVENT, PIO_STATUS_BLOCK)`
///
/// The routine makes only Plug and Play requests, because a driver cannot read or write any device
/// here.
fn build_synchronous_fsd_request(
    call: &Call<'_>,
    major: u32,
    device_at: Pointer,
    _buffer: Pointer,
    _length: u32,
    _offset: Pointer,
    event: Pointer,
    block: Pointer,
) -> Pointer {
    let guest = call.guest();
    if known_device(call, device_at).is_none() {
        return Pointer::NULL;
    }
    if major != u32::from(MajorFunction::Pnp.number()) {
        let what = format!("IoBuildSynchronousFsdRequest with major function {major:#x}");
        call.kernel().unsupported(&what);
        return Pointer::NULL;
    }
    // A CCHAR that the driver can change.
    let locations = guest.load_u8(device_at.at(guest.layout().device_object.stack_size)) as i8;
    let Some(irp) = new_request(call, locations, Owner::System) else { return Pointer::NULL };
    let fields = &guest.layout().irp;
    guest.store_word(at(irp, fields.user_iosb), block.0);
    guest.store_word(at(irp, fields.user_event), event.0);
    guest.store_word(at(irp, fields.tail_overlay_thread), guest.0.vm.current_thread_object());
    let location = next_location_of(guest, irp);
    guest.store_u8(at(location, guest.layout().io_stack_location.major_function), major as u8);
    Pointer(irp)
}

/// Tells the driver that a request from IoBuildSynchronousFsdRequest is complete: writes the
/// driver's status block and sets the driver's event. The caller frees the request.
pub(super) fn tell_completion(guest: &Guest, irp: u64) {
    let fields = &guest.layout().irp;
    let from = at(irp, fields.io_status);
    let to = guest.load_word(at(irp, fields.user_iosb));
    let block = &guest.layout().io_status_block;
    guest.store_u32(at(to, block.status), guest.load_u32(at(from, block.status)));
    guest.store_word(at(to, block.information), guest.load_word(at(from, block.information)));
    let address = guest.load_word(at(irp, fields.user_event));
    if let Some(event) = guest.bound::<Event>(address) {
        signal(guest, Pointer(address), &event);
    }
}
