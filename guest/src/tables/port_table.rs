//! The port's objects that the driver has seen, and the driver's references.
//!
//! The table keeps every pointer that the driver got, even a pointer that was only lent. It keeps
//! the object alive only while the driver holds a reference. When an object is gone, the table
//! still knows its pointer and its interface.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use portcls_port::com::IUnknown;
use portcls_port::guid::Guid;

use super::origin::Origin;
use crate::processor::space::{Space, Upwards};
use crate::processor::thunk::RoutineNumber;

/// The size of an object in the guest, in bytes. The object is a pointer to its vtable, followed by
/// zeros. A driver that reads with a wrong index finds these zeros before the next object.
const OBJECT_BYTES: u64 = 32;

/// One vtable: the most derived interface of an object. The vtable also serves the bases of this
/// interface.
#[derive(Debug)]
pub(crate) struct Face {
    /// The name of the interface.
    pub name: &'static str,
    /// The identifier of the interface.
    pub iid: Guid,
    /// The interfaces that it derives from, without `IUnknown`.
    pub bases: &'static [Guid],
    /// All methods in the order of their slots.
    pub slots: Vec<RoutineNumber>,
}

/// The number of a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FaceNumber(usize);

struct PortObject {
    face: FaceNumber,
    weak: Weak<dyn IUnknown>,
    /// Holds the object while the guest has references.
    strong: Option<Rc<dyn IUnknown>>,
    references: u32,
    /// How the driver got the first of the references that it holds.
    origin: Option<Origin>,
    /// Blocks in guest memory that belong to the object, each under a key. They are never freed.
    attachments: BTreeMap<u64, u64>,
    /// Whether a release without a reference was reported.
    is_reported: bool,
}

/// The knowledge of the table about the object behind a pointer.
pub(crate) enum Behind {
    /// The live object.
    Object(Rc<dyn IUnknown>),
    /// The object had this interface and is gone.
    Gone(&'static str),
    /// No object: the driver never got this pointer.
    Nothing,
}

/// The result of a release.
pub(crate) enum Released {
    /// The driver has this number of references left. After the last reference, the caller gets the
    /// object and must drop it. The table does not drop the object itself, because the destructor
    /// of the object may use the table.
    Left(u32, Option<Rc<dyn IUnknown>>),
    /// The driver held no reference. The fields are the interface, and whether this is the first
    /// such release.
    Never { interface: &'static str, is_new: bool },
    /// The table has no object at this address.
    Unknown,
}

/// The port's objects that the guest has seen.
pub(crate) struct PortTable {
    /// The faces. A derived face stands before the faces that it derives from.
    faces: &'static [Face],
    state: RefCell<State>,
}

struct State {
    by_address: BTreeMap<u64, PortObject>,
    /// Addresses in the guest, by the address of the Rust object and its face.
    by_identity: BTreeMap<(usize, FaceNumber), u64>,
    vtables: BTreeMap<FaceNumber, u64>,
    objects: Upwards,
    vtable_room: Upwards,
}

impl PortTable {
    pub fn new(space: &Space, faces: &'static [Face]) -> PortTable {
        PortTable {
            faces,
            state: RefCell::new(State {
                by_address: BTreeMap::new(),
                by_identity: BTreeMap::new(),
                vtables: BTreeMap::new(),
                objects: Upwards::new(&space.port_objects),
                vtable_room: Upwards::new(&space.vtables),
            }),
        }
    }

    /// Drops all objects.
    pub fn clear(&self) {
        let mut state = self.state.borrow_mut();
        let objects = std::mem::take(&mut state.by_address);
        state.by_identity.clear();
        drop(state);
        drop(objects);
    }

    /// The faces in order.
    pub fn faces(&self) -> impl Iterator<Item = (FaceNumber, &'static Face)> + use<> {
        self.faces.iter().enumerate().map(|(index, face)| (FaceNumber(index), face))
    }

    /// The face with a number.
    pub fn face(&self, number: FaceNumber) -> &'static Face {
        &self.faces[number.0]
    }

    /// The address of the vtable of a face, if it was made.
    pub fn vtable(&self, face: FaceNumber) -> Option<u64> {
        self.state.borrow().vtables.get(&face).copied()
    }

    /// A place for the vtable of a face. The table remembers the place.
    pub fn place_vtable(&self, face: FaceNumber, bytes: u64) -> u64 {
        let mut state = self.state.borrow_mut();
        let address = state.vtable_room.take(bytes, 16).expect("the range holds every vtable");
        state.vtables.insert(face, address);
        address
    }

    /// A place for an object; `None` when the range is used up.
    pub fn place_object(&self) -> Option<u64> {
        self.state.borrow_mut().objects.take(OBJECT_BYTES, OBJECT_BYTES)
    }

    /// The address that the driver knows for an object with this face. `None` if the driver knows
    /// none.
    pub fn address_of(&self, object: &Rc<dyn IUnknown>, face: FaceNumber) -> Option<u64> {
        self.state.borrow().by_identity.get(&(identity(object), face)).copied()
    }

    /// Adds an object at an address. The driver has no reference to it yet.
    pub fn insert(&self, address: u64, object: &Rc<dyn IUnknown>, face: FaceNumber) {
        let entry = PortObject {
            face,
            weak: Rc::downgrade(object),
            strong: None,
            references: 0,
            origin: None,
            attachments: BTreeMap::new(),
            is_reported: false,
        };
        let mut state = self.state.borrow_mut();
        state.by_identity.insert((identity(object), face), address);
        state.by_address.insert(address, entry);
    }

    /// The object behind a pointer.
    pub fn behind(&self, address: u64) -> Behind {
        let state = self.state.borrow();
        let Some(entry) = state.by_address.get(&address) else { return Behind::Nothing };
        match entry.weak.upgrade() {
            Some(object) => Behind::Object(object),
            None => Behind::Gone(self.face(entry.face).name),
        }
    }

    /// The name of the interface of the object at an address.
    pub fn interface_at(&self, address: u64) -> Option<&'static str> {
        Some(self.face(self.state.borrow().by_address.get(&address)?.face).name)
    }

    /// Counts one more reference of the driver to `object`, which is at an address. Returns the
    /// new number, or 0 when the table has no object there.
    pub fn add_reference(
        &self,
        address: u64,
        object: Rc<dyn IUnknown>,
        origin: Option<Origin>,
    ) -> u32 {
        let mut state = self.state.borrow_mut();
        let Some(entry) = state.by_address.get_mut(&address) else { return 0 };
        if entry.references == 0 {
            entry.strong = Some(object);
            entry.origin = origin;
        }
        entry.references += 1;
        entry.references
    }

    /// Counts one reference less for the driver.
    pub fn release(&self, address: u64) -> Released {
        let mut state = self.state.borrow_mut();
        let Some(entry) = state.by_address.get_mut(&address) else { return Released::Unknown };
        let Some(left) = entry.references.checked_sub(1) else {
            let is_new = !std::mem::replace(&mut entry.is_reported, true);
            return Released::Never { interface: self.face(entry.face).name, is_new };
        };
        entry.references = left;
        let last = if left == 0 { entry.strong.take() } else { None };
        Released::Left(left, last)
    }

    /// The block of guest memory that was attached to an object under a key.
    pub fn attachment(&self, address: u64, key: u64) -> Option<u64> {
        self.state.borrow().by_address.get(&address)?.attachments.get(&key).copied()
    }

    /// Attaches a block of guest memory to an object under a key.
    pub fn attach(&self, address: u64, key: u64, block: u64) {
        if let Some(entry) = self.state.borrow_mut().by_address.get_mut(&address) {
            entry.attachments.insert(key, block);
        }
    }

    /// The references that the driver holds now, by object: the interface, the number, and how the
    /// driver got the first reference.
    pub fn references_in_use(&self) -> Vec<(&'static str, u32, Option<Origin>)> {
        let state = self.state.borrow();
        let held = state.by_address.values().filter(|entry| entry.references > 0);
        held.map(|entry| (self.face(entry.face).name, entry.references, entry.origin)).collect()
    }
}

/// The identity of an object: its address in the emulator's own memory.
fn identity(object: &Rc<dyn IUnknown>) -> usize {
    Rc::as_ptr(object).cast::<()>() as usize
}

#[cfg(test)]
mod tests {
    use cpu_x86::Mode;
    use portcls_emulator::NtStatus;
    use portcls_port::com::{Interface, NO_INTERFACE};
    use portcls_port::guid::iid;

    use super::*;

    /// An object without an interface of its own.
    struct Plain;

    impl IUnknown for Plain {
        fn query_interface(self: Rc<Self>, _iid: &Guid) -> Result<Interface, NtStatus> {
            Err(NO_INTERFACE)
        }
    }

    fn table() -> (PortTable, FaceNumber) {
        let face = Face { name: "IPlain", iid: iid::UNKNOWN, bases: &[], slots: Vec::new() };
        let table = PortTable::new(Space::of(Mode::Bits64), vec![face].leak());
        let (number, _) = table.faces().next().expect("one");
        (table, number)
    }

    /// A table with an object that the driver has seen, and the object's address in the guest.
    fn shown(object: &Rc<dyn IUnknown>) -> (PortTable, u64) {
        let (table, face) = table();
        let address = table.place_object().expect("room");
        table.insert(address, object, face);
        assert_eq!(table.address_of(object, face), Some(address));
        (table, address)
    }

    const HERE: Option<Origin> = Some(Origin::Argument { routine: 0x1000 });

    #[test]
    fn the_object_is_kept_from_the_first_reference_to_the_last() {
        let object: Rc<dyn IUnknown> = Rc::new(Plain);
        let (table, address) = shown(&object);
        assert_eq!(Rc::strong_count(&object), 1, "shown, and not kept");
        assert_eq!(table.add_reference(address, Rc::clone(&object), HERE), 1);
        assert_eq!(table.add_reference(address, Rc::clone(&object), None), 2);
        assert_eq!(Rc::strong_count(&object), 2);
        assert_eq!(table.references_in_use(), [("IPlain", 2, HERE)], "where the first is from");
        assert!(matches!(table.release(address), Released::Left(1, None)));
        assert!(matches!(table.release(address), Released::Left(0, Some(_))));
        assert_eq!(Rc::strong_count(&object), 1);
        assert_eq!(table.references_in_use(), []);
    }

    #[test]
    fn a_release_without_a_reference_is_new_once() {
        let object: Rc<dyn IUnknown> = Rc::new(Plain);
        let (table, address) = shown(&object);
        let first = table.release(address);
        assert!(matches!(first, Released::Never { interface: "IPlain", is_new: true }));
        assert!(matches!(table.release(address), Released::Never { is_new: false, .. }));
        assert!(matches!(table.release(address + 1), Released::Unknown));
    }

    #[test]
    fn what_is_gone_is_known_by_its_interface() {
        let object: Rc<dyn IUnknown> = Rc::new(Plain);
        let (table, address) = shown(&object);
        assert!(matches!(table.behind(address), Behind::Object(_)));
        assert!(matches!(table.behind(address + 1), Behind::Nothing));
        drop(object);
        assert!(matches!(table.behind(address), Behind::Gone("IPlain")));
    }

    #[test]
    fn a_block_goes_with_its_object_under_its_key() {
        let object: Rc<dyn IUnknown> = Rc::new(Plain);
        let (table, address) = shown(&object);
        table.attach(address, 1, 0x5000);
        assert_eq!(table.attachment(address, 1), Some(0x5000));
        assert_eq!(table.attachment(address, 2), None);
        table.clear();
        assert_eq!(table.attachment(address, 1), None);
    }
}
