//! Objects of the guest as Rust values: one wrapper for each object.
//!
//! All interface pointers of an object lead to the same wrapper. The wrapper gets interface
//! pointers from the driver, or asks the object for them. The wrapper holds one reference for each
//! pointer, and releases all references when it is dropped.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::NtStatus;
use portcls_port::com::{IUnknown, Interface, NO_INTERFACE};
use portcls_port::guid::{Guid, iid};

use crate::guest::Guest;

/// The slots of `IUnknown`.
const QUERY_INTERFACE: u64 = 0;
const ADD_REF: u64 = 1;
const RELEASE: u64 = 2;

/// Who owns the reference behind a pointer that the guest hands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The guest gave the reference away, such as in an out parameter or a return value.
    Adopt,
    /// The guest keeps its reference, so the wrapper takes another reference.
    Retain,
}

/// An object of the guest.
pub(crate) struct GuestObject {
    pub(super) guest: Guest,
    this: Weak<GuestObject>,
    /// The pointer that the object's `QueryInterface` answers for `IUnknown`. If there is no such
    /// answer, the first pointer that the driver gave.
    pub(super) identity: u64,
    /// The pointer by which the driver gave the object to the port.
    target: Cell<u64>,
    /// The interface pointers that the wrapper knows, each with one reference.
    pointers: RefCell<Vec<(Guid, u64)>>,
    /// The address of the filter descriptor that a miniport has given out, or 0.
    pub(super) description: Cell<u64>,
    /// For an interrupt sync object: how often it was connected and not yet disconnected.
    pub(super) connections: Cell<u32>,
}

impl Guest {
    /// The given Rust object as a wrapper. `None` when the object is not a wrapper of an object of
    /// the guest.
    pub(super) fn guest_object_behind(&self, object: &Rc<dyn IUnknown>) -> Option<Rc<GuestObject>> {
        self.0.guest_objects.find_by_place(Rc::as_ptr(object).cast())
    }

    /// Calls a method of an object by its slot.
    ///
    /// On a frozen kernel, and after the driver was unloaded, this function does nothing and
    /// returns 0.
    pub(super) fn call_method(&self, pointer: u64, slot: u64, words: &[u64]) -> u64 {
        if self.kernel().is_frozen() || self.0.is_gone.get() {
            return 0;
        }
        let vtable = self.load_word(pointer);
        let at = vtable.wrapping_add(slot * self.pointer_bytes());
        let function = self.load_word(at);
        let mut all = [0; 12];
        all[0] = pointer;
        all[1..=words.len()].copy_from_slice(words);
        self.call(function, &all[..=words.len()])
    }
}

impl GuestObject {
    /// The wrapper of the object behind a pointer: the same wrapper for the same object.
    pub fn wrap(guest: &Guest, pointer: u64, iid: &Guid, hold: Hold) -> Rc<GuestObject> {
        let known = &guest.0.guest_objects;
        if let Some(object) = known.find::<GuestObject>(pointer) {
            object.learn(pointer, iid, hold);
            return object;
        }
        let identity = identity_of(guest, pointer);
        if let Some(object) = known.find::<GuestObject>(identity) {
            object.learn(pointer, iid, hold);
            return object;
        }
        let object = Rc::new_cyclic(|this| GuestObject {
            guest: guest.clone(),
            this: Weak::clone(this),
            identity,
            target: Cell::new(pointer),
            pointers: RefCell::new(Vec::new()),
            description: Cell::new(0),
            connections: Cell::new(0),
        });
        object.learn(pointer, iid, hold);
        known.insert(identity, object.this.clone());
        object
    }

    /// Remembers an interface pointer. The wrapper keeps at most one reference for each interface.
    fn learn(&self, pointer: u64, iid: &Guid, hold: Hold) {
        let is_known = self.pointers.borrow().iter().any(|(known, _)| known == iid);
        match (is_known, hold) {
            (true, Hold::Adopt) => {
                self.guest.call_method(pointer, RELEASE, &[]);
            }
            (true, Hold::Retain) => {}
            (false, hold) => {
                if hold == Hold::Retain {
                    self.guest.call_method(pointer, ADD_REF, &[]);
                }
                self.pointers.borrow_mut().push((*iid, pointer));
                self.guest.0.guest_objects.insert(pointer, self.this.clone());
            }
        }
    }

    /// The pointer of an interface. When the wrapper has no pointer of this interface, the pointer
    /// for `IUnknown`.
    pub fn pointer(&self, iid: &Guid) -> u64 {
        let pointers = self.pointers.borrow();
        let found = pointers.iter().find(|(known, _)| known == iid);
        found.map_or(self.identity, |(_, pointer)| *pointer)
    }

    /// The pointer by which the driver gave the object to the port. Drivers cast this pointer to
    /// their own object without a query. Before the first `note_target`, the result is the pointer
    /// with which the wrapper was made.
    pub fn target(&self) -> u64 {
        self.target.get()
    }

    /// Notes the pointer by which the driver gave the object to the port.
    pub fn note_target(&self, pointer: u64) {
        self.target.set(pointer);
    }

    /// The pointer of an interface, with one reference counted for the guest.
    pub fn give_back(&self, iid: &Guid) -> u64 {
        let pointer = self.pointer(iid);
        self.guest.call_method(pointer, ADD_REF, &[]);
        pointer
    }

    /// The pointer that stands for the whole object.
    pub(super) fn identity(&self) -> u64 {
        self.identity
    }

    /// The address of a method of one of the object's interfaces.
    pub(super) fn method(&self, iid: &Guid, slot: u64) -> u64 {
        let guest = &self.guest;
        guest.load_word(guest.load_word(self.pointer(iid)) + slot * guest.pointer_bytes())
    }

    /// Calls a method of one of the object's interfaces.
    pub fn call(&self, iid: &Guid, slot: u64, words: &[u64]) -> u64 {
        self.guest.call_method(self.pointer(iid), slot, words)
    }

    /// Calls a method that returns an NTSTATUS.
    pub fn call_for_status(&self, iid: &Guid, slot: u64, words: &[u64]) -> Result<(), NtStatus> {
        let status = NtStatus(self.call(iid, slot, words) as u32);
        if status.is_success() { Ok(()) } else { Err(status) }
    }

    /// Asks the object for an interface.
    fn ask(&self, iid: &Guid) -> Result<u64, NtStatus> {
        ask(&self.guest, self.identity, iid)
    }

    /// The object behind an interface. It may be another object than this one. For example, an
    /// adapter's object answers a query with the interrupt sync object of all its miniports. That
    /// object comes from the port or from the driver.
    ///
    /// # Errors
    /// The status that the object answered, or [`NO_INTERFACE`] for a null pointer.
    fn object_for(&self, iid: &Guid) -> Result<Rc<dyn IUnknown>, NtStatus> {
        let pointer = self.ask(iid)?;
        self.guest.object_at(pointer, iid, Hold::Adopt).ok_or(NO_INTERFACE)
    }

    pub(super) fn has(&self, iid: &Guid) -> bool {
        self.pointers.borrow().iter().any(|(known, _)| known == iid)
    }

    fn itself(&self) -> Rc<GuestObject> {
        self.this.upgrade().expect("it is being used")
    }
}

/// `QueryInterface` of the object behind a pointer.
fn ask(guest: &Guest, pointer: u64, iid: &Guid) -> Result<u64, NtStatus> {
    let answer = guest.with_scratch(32, |scratch| {
        let out = scratch + 16;
        guest.store(scratch, bytemuck::bytes_of(iid));
        let status = NtStatus(guest.call_method(pointer, QUERY_INTERFACE, &[scratch, out]) as u32);
        (status, guest.load_word(out))
    });
    match answer {
        Some((status, found)) if status.is_success() && found != 0 => Ok(found),
        Some((status, _)) if !status.is_success() => Err(status),
        _ => Err(NO_INTERFACE),
    }
}

/// The pointer that stands for the whole object: the object's answer for `IUnknown`, or `pointer`
/// when there is no such answer.
fn identity_of(guest: &Guest, pointer: u64) -> u64 {
    match ask(guest, pointer, &iid::UNKNOWN) {
        Ok(identity) => {
            guest.call_method(identity, RELEASE, &[]);
            identity
        }
        Err(_) => pointer,
    }
}

/// Makes an interface of an object.
type Wrap = fn(Rc<GuestObject>) -> Interface;

/// The function that makes the interface with this identifier from an object of a driver. `None`
/// for an interface that no code here asks a driver for.
pub(crate) fn interface_of_drivers(iid: &Guid) -> Option<Wrap> {
    let wrap: Wrap = match *iid {
        iid::UNKNOWN => |object| Interface::Unknown(object),
        iid::MINIPORT => |object| Interface::Miniport(object),
        iid::MINIPORT_MIDI => |object| Interface::MiniportMidi(object),
        iid::MINIPORT_DMUS => |object| Interface::MiniportDMus(object),
        iid::MINIPORT_WAVE_CYCLIC => |object| Interface::MiniportWaveCyclic(object),
        iid::MINIPORT_WAVE_PCI => |object| Interface::MiniportWavePci(object),
        iid::MINIPORT_WAVE_RT => |object| Interface::MiniportWaveRT(object),
        iid::MINIPORT_TOPOLOGY => |object| Interface::MiniportTopology(object),
        iid::MXF => |object| Interface::Mxf(object),
        iid::MINIPORT_MIDI_STREAM => |object| Interface::MiniportMidiStream(object),
        iid::SERVICE_SINK => |object| Interface::ServiceSink(object),
        iid::POWER_NOTIFY => |object| Interface::PowerNotify(object),
        iid::ADAPTER_POWER_MANAGEMENT => |object| Interface::AdapterPowerManagement(object),
        iid::ADAPTER_POWER_MANAGEMENT_2 => |object| Interface::AdapterPowerManagement2(object),
        iid::ADAPTER_POWER_MANAGEMENT_3 => |object| Interface::AdapterPowerManagement3(object),
        iid::PIN_COUNT => |object| Interface::PinCount(object),
        iid::PIN_NAME => |object| Interface::PinName(object),
        iid::INTERRUPT_SYNC => |object| Interface::InterruptSync(object),
        _ => return None,
    };
    Some(wrap)
}

impl IUnknown for GuestObject {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        if *iid == iid::INTERRUPT_SYNC && !self.has(iid) {
            return self.object_for(iid)?.query_interface(iid);
        }
        let wrap = interface_of_drivers(iid).ok_or(NO_INTERFACE)?;
        if *iid != iid::UNKNOWN && !self.has(iid) {
            let pointer = self.ask(iid)?;
            self.learn(pointer, iid, Hold::Adopt);
        }
        Ok(wrap(self.itself()))
    }
}

impl Drop for GuestObject {
    fn drop(&mut self) {
        self.guest.0.guest_objects.forget(std::ptr::from_ref(self).cast());
        for (_, pointer) in std::mem::take(self.pointers.get_mut()) {
            self.guest.call_method(pointer, RELEASE, &[]);
        }
        // This comes last: with the last `Release` the object's destructor may run, and the
        // destructor may still pass events to the port.
        self.guest.close_stream_events(self.identity);
    }
}
