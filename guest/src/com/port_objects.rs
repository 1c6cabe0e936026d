//! Objects of the port in guest memory: a pointer to a vtable whose slots are thunks.
//!
//! The guest's references are counted here, and while there is one the object is kept. An object
//! that the guest was only lent stays known as long as it lives: a driver that keeps a pointer
//! without a reference gets away with it, as it mostly does on Windows, until it releases what it
//! never had, which breaks the rule release-without-reference. What was released to its end is
//! known too, and a call to it is a bug check.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use cpu_x86::{PAGE_BYTES, Rights};
use portcls_emulator::BugCheckCode;
use portcls_port::com::{ComInterface, IUnknown, query};
use portcls_port::guid::{Guid, iid};

use super::families::{self, Family};
use crate::guest::Guest;
use crate::leak::Origin;
use crate::routine::Call;
use crate::rules;
use crate::space::{Space, Upwards};

/// Bytes of an object in the guest: its vtable pointer, and room that a wild index hits.
const OBJECT_BYTES: u64 = 32;

struct PortObject {
    family: &'static Family,
    weak: Weak<dyn IUnknown>,
    /// Kept while the guest has references.
    strong: Option<Rc<dyn IUnknown>>,
    references: u32,
    /// How it came by the first of them.
    origin: Option<Origin>,
    /// Blocks in guest memory that live as long as the object, by what they hold.
    attachments: BTreeMap<u64, u64>,
    /// The use without a reference was reported.
    is_reported: bool,
}

/// The port's objects that the guest has seen.
pub(crate) struct PortObjects {
    state: RefCell<State>,
}

struct State {
    by_address: BTreeMap<u64, PortObject>,
    /// By the address of the object here, and its family.
    by_identity: BTreeMap<(usize, &'static str), u64>,
    vtables: BTreeMap<&'static str, u64>,
    objects: Upwards,
    vtable_room: Upwards,
}

impl PortObject {
    /// One more reference of the guest; how many that makes.
    fn add_reference(&mut self, object: Rc<dyn IUnknown>, origin: Option<Origin>) -> u32 {
        if self.references == 0 {
            self.strong = Some(object);
            self.origin = origin;
        }
        self.references += 1;
        self.references
    }
}

impl PortObjects {
    pub fn new(space: &Space) -> PortObjects {
        PortObjects {
            state: RefCell::new(State {
                by_address: BTreeMap::new(),
                by_identity: BTreeMap::new(),
                vtables: BTreeMap::new(),
                objects: Upwards::new(&space.port_objects),
                vtable_room: Upwards::new(&space.vtables),
            }),
        }
    }

    /// Lets everything go.
    pub fn clear(&self) {
        let mut state = self.state.borrow_mut();
        let objects = std::mem::take(&mut state.by_address);
        state.by_identity.clear();
        drop(state);
        drop(objects);
    }
}

/// What identifies an object here: where it is.
fn identity(object: &Rc<dyn IUnknown>) -> usize {
    Rc::as_ptr(object).cast::<()>() as usize
}

impl Guest {
    pub(super) fn is_port_object(&self, pointer: u64) -> bool {
        self.0.space.port_objects.contains(&pointer)
    }

    pub(super) fn give_port_object(&self, object: &Rc<dyn IUnknown>, iid: &Guid) -> u64 {
        let address = self.lend_port_object(object, iid);
        let origin = self.origin();
        let mut state = self.0.port_objects.state.borrow_mut();
        if let Some(entry) = state.by_address.get_mut(&address) {
            entry.add_reference(Rc::clone(object), origin);
        }
        address
    }

    pub(super) fn lend_port_object(&self, object: &Rc<dyn IUnknown>, iid: &Guid) -> u64 {
        let family = families::of(object, iid);
        let key = (identity(object), family.name);
        if let Some(address) = self.0.port_objects.state.borrow().by_identity.get(&key) {
            return *address;
        }
        let address = self.make_port_object(family);
        let entry = PortObject {
            family,
            weak: Rc::downgrade(object),
            strong: None,
            references: 0,
            origin: None,
            attachments: BTreeMap::new(),
            is_reported: false,
        };
        let mut state = self.0.port_objects.state.borrow_mut();
        state.by_identity.insert(key, address);
        state.by_address.insert(address, entry);
        address
    }

    fn make_port_object(&self, family: &'static Family) -> u64 {
        let vtable = self.vtable(family);
        let taken = self.0.port_objects.state.borrow_mut().objects.take(OBJECT_BYTES, OBJECT_BYTES);
        let Some(address) = taken else {
            self.kernel().unsupported("more COM objects of the port than there are addresses");
            return 0;
        };
        self.put_read_only(address, &vtable.to_le_bytes());
        address
    }

    fn vtable(&self, family: &'static Family) -> u64 {
        if let Some(address) = self.0.port_objects.state.borrow().vtables.get(family.name) {
            return *address;
        }
        let width = self.pointer_bytes() as usize;
        let slots: Vec<u8> = families::methods(family)
            .flat_map(|routine| self.thunk_of(routine).to_le_bytes()[..width].to_vec())
            .collect();
        let mut state = self.0.port_objects.state.borrow_mut();
        let taken = state.vtable_room.take(slots.len() as u64, 16);
        let address = taken.expect("the range holds every vtable");
        state.vtables.insert(family.name, address);
        drop(state);
        self.put_read_only(address, &slots);
        address
    }

    /// Writes bytes that the guest may only read, mapping their pages where it must.
    fn put_read_only(&self, address: u64, bytes: &[u8]) {
        let page_bytes = PAGE_BYTES as u64;
        let mut cpu = self.0.cpu.borrow_mut();
        let memory = cpu.memory_mut();
        let (first, last) = (address / page_bytes, (address + bytes.len() as u64 - 1) / page_bytes);
        for page in first..=last {
            let at = page * page_bytes;
            if memory.rights(at).is_none() && memory.map(at, page_bytes, Rights::READ).is_err() {
                drop(cpu);
                self.kernel().unsupported("more guest memory than there is");
                return;
            }
        }
        memory.poke(address, bytes).expect("just mapped");
    }

    /// The object at an address, still alive; a bug check when it is not.
    pub(super) fn port_object(&self, address: u64) -> Option<Rc<dyn IUnknown>> {
        let state = self.0.port_objects.state.borrow();
        let Some(entry) = state.by_address.get(&address) else {
            drop(state);
            self.accuse_of_dead_object(address, "a COM object of the port");
            return None;
        };
        let name = entry.family.name;
        let object = entry.weak.upgrade();
        drop(state);
        if object.is_none() {
            self.accuse_of_dead_object(address, name);
        }
        object
    }

    fn accuse_of_dead_object(&self, address: u64, name: &str) {
        let routine = self.0.serving.get().map_or("the kernel", |serving| serving.routine.name);
        let message = format!("{routine}: {address:#x} is {name} that was released to its end");
        let code = BugCheckCode::DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL;
        self.kernel().bug_check_with(code, [address, 0, 0, 0], &message);
    }

    /// One more reference of the guest.
    pub(super) fn add_port_reference(&self, address: u64) -> u32 {
        let Some(object) = self.port_object(address) else { return 0 };
        let origin = self.origin();
        let mut state = self.0.port_objects.state.borrow_mut();
        let Some(entry) = state.by_address.get_mut(&address) else { return 0 };
        entry.add_reference(object, origin)
    }

    /// One reference of the guest less; the object goes with the last one, unless others hold it.
    pub(super) fn release_port_object(&self, address: u64) -> u32 {
        if self.port_object(address).is_none() {
            return 0;
        }
        let mut state = self.0.port_objects.state.borrow_mut();
        let Some(entry) = state.by_address.get_mut(&address) else { return 0 };
        let name = entry.family.name;
        let Some(left) = entry.references.checked_sub(1) else {
            let is_first = !std::mem::replace(&mut entry.is_reported, true);
            drop(state);
            if is_first {
                let message = format!("{name}::Release without a reference of the driver's own");
                self.kernel().report_violation(&rules::RELEASE_WITHOUT_REFERENCE, &message);
            }
            return 0;
        };
        entry.references = left;
        let last = if left == 0 { entry.strong.take() } else { None };
        drop(state);
        drop(last);
        left
    }

    /// A block of guest memory that goes with an object, made when it is asked for first.
    pub(super) fn attachment(&self, address: u64, key: u64, make: impl FnOnce() -> Vec<u8>) -> u64 {
        let known = {
            let state = self.0.port_objects.state.borrow();
            let entry = state.by_address.get(&address);
            entry.and_then(|entry| entry.attachments.get(&key).copied())
        };
        if let Some(block) = known {
            return block;
        }
        let block = self.new_object_block(&make());
        let mut state = self.0.port_objects.state.borrow_mut();
        if let Some(entry) = state.by_address.get_mut(&address) {
            entry.attachments.insert(key, block);
        }
        block
    }

    /// The references that the guest holds now, by object: the interface, how many, and how it
    /// came by the first one.
    pub(crate) fn references_in_use(&self) -> Vec<(&'static str, u32, Option<Origin>)> {
        let state = self.0.port_objects.state.borrow();
        let held = state.by_address.values().filter(|entry| entry.references > 0);
        held.map(|entry| (entry.family.name, entry.references, entry.origin)).collect()
    }
}

/// The object that a method was called on, as the interface of the method; takes one argument.
pub(super) fn this<I: ComInterface + ?Sized>(call: &Call<'_>) -> Option<Rc<I>> {
    let address = call.pointer();
    let object = call.guest().port_object(address)?;
    query::<I>(&object).ok()
}

/// `NTSTATUS QueryInterface(REFIID, PVOID *)`
pub(super) fn query_interface(call: &Call<'_>) -> u64 {
    let (address, wanted, out) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let Some(object) = guest.port_object(address) else { return 0 };
    let wanted = guest.load_guid(wanted);
    // What PortCls keeps to itself is no interface of a driver.
    let answer = if wanted == iid::SUBDEVICE {
        Err(portcls_port::com::NO_INTERFACE)
    } else {
        object.query_interface(&wanted)
    };
    match answer {
        Ok(interface) => {
            let pointer = guest.give(&interface.into_unknown(), &wanted);
            guest.store_word(out, pointer);
            0
        }
        Err(status) => {
            guest.store_word(out, 0);
            u64::from(status.0)
        }
    }
}

/// `ULONG AddRef()`
pub(super) fn add_ref(call: &Call<'_>) -> u64 {
    u64::from(call.guest().add_port_reference(call.pointer()))
}

/// `ULONG Release()`
pub(super) fn release(call: &Call<'_>) -> u64 {
    u64::from(call.guest().release_port_object(call.pointer()))
}
