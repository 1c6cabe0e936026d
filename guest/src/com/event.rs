//! A miniport's events: the items of its tables, requests, and event entries.

use std::rc::{Rc, Weak};

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::event::{EventHandler, KsEventEntry, PcEventItem, PcEventRequest};
use portcls_port::ks::KsEventType;

use crate::guest::Guest;
use crate::memory::at;
use crate::tables::bindings::Bound;

/// The flag of an entry whose event ends after it was signalled once. Source: WDK ks.h.
const KSEVENT_ENTRY_ONESHOT: u32 = 2;

/// Reads the PCEVENT_ITEM at an address.
pub(super) fn read_event_item(guest: &Guest, address: u64) -> PcEventItem {
    let fields = &guest.layout().pcevent_item;
    let handler = guest.load_word(at(address, fields.handler));
    let flags = guest.load_u32(at(address, fields.flags));
    PcEventItem {
        set: guest.load_guid(guest.load_word(at(address, fields.set))),
        id: guest.load_u32(at(address, fields.id)),
        flags: KsEventType::from_bits_retain(flags),
        handler: (handler != 0).then(|| event_handler(guest, address, handler)),
    }
}

/// `NTSTATUS Handler(PPCEVENT_REQUEST)`
fn event_handler(guest: &Guest, item: u64, handler: u64) -> EventHandler {
    let guest = guest.clone();
    Rc::new(move |_kernel: &Kernel, request: &PcEventRequest| {
        let irp = request.irp.as_ref().and_then(|irp| Some((irp, irp.file()?)));
        match irp {
            Some((irp, file)) => guest.with_irp(irp, file.device(), handler, |irp| {
                call_handler(&guest, item, handler, request, irp)
            }),
            None => call_handler(&guest, item, handler, request, 0),
        }
    })
}

/// Calls a handler with the request in guest memory.
fn call_handler(
    guest: &Guest,
    item: u64,
    handler: u64,
    request: &PcEventRequest,
    irp: u64,
) -> NtStatus {
    let fields = &guest.layout().pcevent_request;
    let length = fields.size_of as usize;
    let address = guest.new_object_block(&vec![0; length]);
    let minor = &request.minor_target;
    let minor = minor.as_ref().map_or(0, |stream| guest.target_pointer(stream));
    let entry = request.event_entry.as_ref().map_or(0, |entry| address_of(guest, entry));
    guest.put_word(at(address, fields.major_target), guest.target_pointer(&request.major_target));
    guest.put_word(at(address, fields.minor_target), minor);
    guest.put_u32(at(address, fields.node), request.node);
    guest.put_word(at(address, fields.event_item), item);
    guest.put_word(at(address, fields.event_entry), entry);
    guest.put_u32(at(address, fields.verb), request.verb.value());
    guest.put_word(at(address, fields.irp), irp);
    let answer = NtStatus(guest.call(handler, &[address]) as u32);
    guest.free_object_block(address, length);
    answer
}

/// The KSEVENT_ENTRY in guest memory that belongs to an entry. The entry holds this block, so the
/// memory is freed together with the entry.
struct EntryBlock {
    guest: Guest,
    address: u64,
    length: usize,
}

impl Drop for EntryBlock {
    fn drop(&mut self) {
        self.guest.unbind(self.address);
        self.guest.free_object_block(self.address, self.length);
    }
}

/// The entry behind an address that the driver passes on.
struct BoundEntry(Weak<KsEventEntry>);

impl Bound for BoundEntry {
    /// An entry that is still there is no leak of the driver. The event belongs to the client, and
    /// the port ends the event when the client or the device goes.
    fn left(&self) -> Option<&'static str> {
        None
    }
}

/// The address of an entry in guest memory: a KSEVENT_ENTRY, which is opaque to the driver. The
/// first call for an entry makes the structure.
fn address_of(guest: &Guest, entry: &Rc<KsEventEntry>) -> u64 {
    if let Some(block) = entry.attachment().and_then(|it| it.downcast::<EntryBlock>().ok()) {
        return block.address;
    }
    let fields = &guest.layout().ksevent_entry;
    let length = fields.size_of as usize;
    let address = guest.new_object_block(&vec![0; length]);
    let data = entry.data();
    guest.put_u32(at(address, fields.notification_type), data.notification_type);
    guest.put_u32(at(address, fields.semaphore_adjustment), data.adjustment.cast_unsigned());
    let flags = if entry.is_one_shot() { KSEVENT_ENTRY_ONESHOT } else { 0 };
    guest.put_u32(at(address, fields.flags), flags);
    guest.bind_from(None, address, Rc::new(BoundEntry(Rc::downgrade(entry))));
    entry.attach(Rc::new(EntryBlock { guest: guest.clone(), address, length }));
    address
}

/// The entry at an address, while it lives.
pub(super) fn entry_at(guest: &Guest, address: u64) -> Option<Rc<KsEventEntry>> {
    guest.bound::<BoundEntry>(address)?.0.upgrade()
}
