//! Objects of the port in guest memory: pointers to vtables of thunks.
//!
//! The guest's references are counted, and an object lives while the guest has a reference. The
//! guest also knows an object that was only lent to the driver, as long as the object lives. So a
//! driver that keeps a pointer without a reference often meets no failure, here as on Windows. When
//! the driver releases an object to which it has no reference, it breaks the rule
//! release-without-reference. The guest also remembers the objects that are gone, and a call to
//! such an object is a bug check.
//!
//! Architecture invariant: this file does not know what the methods do. The guest gets the list of
//! vtables at its birth. So a reader of this file need not read the families.

use std::rc::Rc;

use cpu_x86::{PAGE_BYTES, Rights};
use portcls_emulator::BugCheckCode;
use portcls_port::com::IUnknown;
use portcls_port::guid::{Guid, iid};

use crate::guest::Guest;
use crate::rules;
use crate::tables::port_table::{Behind, FaceNumber, Released};

impl Guest {
    pub(super) fn is_port_object(&self, pointer: u64) -> bool {
        self.0.vm.space.port_objects.contains(&pointer)
    }

    /// The name of the interface to which a pointer to an object of the port belongs.
    pub(super) fn interface_name(&self, pointer: u64) -> &'static str {
        self.0.port_objects.interface_at(pointer).unwrap_or("IUnknown")
    }

    pub(super) fn give_port_object(&self, object: &Rc<dyn IUnknown>, iid: &Guid) -> u64 {
        let address = self.lend_port_object(object, iid);
        self.0.port_objects.add_reference(address, Rc::clone(object), self.origin());
        address
    }

    pub(super) fn lend_port_object(&self, object: &Rc<dyn IUnknown>, iid: &Guid) -> u64 {
        let table = &self.0.port_objects;
        let face = self.face_of(object, iid);
        if let Some(address) = table.address_of(object, face) {
            return address;
        }
        let address = self.make_port_object(face);
        table.insert(address, object, face);
        address
    }

    /// The face for an interface of an object: the first face that serves the interface and whose
    /// own interface the object has. Every face serves `IUnknown`. If there is no such face, the
    /// result is the last face, which is the face of `IUnknown`.
    fn face_of(&self, object: &Rc<dyn IUnknown>, wanted: &Guid) -> FaceNumber {
        let mut last = None;
        for (number, face) in self.0.port_objects.faces() {
            let serves =
                *wanted == iid::UNKNOWN || face.iid == *wanted || face.bases.contains(wanted);
            if serves && Rc::clone(object).query_interface(&face.iid).is_ok() {
                return number;
            }
            last = Some(number);
        }
        last.expect("IUnknown is the last of them")
    }

    fn make_port_object(&self, face: FaceNumber) -> u64 {
        let vtable = self.vtable(face);
        let Some(address) = self.0.port_objects.place_object() else {
            self.kernel().unsupported("more COM objects of the port than there are addresses");
            return 0;
        };
        self.put_read_only(address, &vtable.to_le_bytes());
        address
    }

    fn vtable(&self, face: FaceNumber) -> u64 {
        let table = &self.0.port_objects;
        if let Some(address) = table.vtable(face) {
            return address;
        }
        let width = self.pointer_bytes() as usize;
        let thunk = |routine| self.0.vm.thunk_of(routine).to_le_bytes();
        let slots = table
            .face(face)
            .slots
            .iter()
            .flat_map(|&routine| thunk(routine).into_iter().take(width));
        let slots: Vec<u8> = slots.collect();
        let address = table.place_vtable(face, slots.len() as u64);
        self.put_read_only(address, &slots);
        address
    }

    /// Writes bytes that the driver can read but not write, and maps the pages that are not mapped
    /// yet.
    fn put_read_only(&self, address: u64, bytes: &[u8]) {
        let page_bytes = PAGE_BYTES as u64;
        let mut cpu = self.0.vm.cpu.borrow_mut();
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

    /// The live object at an address. When there is none, this is a bug check.
    pub(super) fn port_object(&self, address: u64) -> Option<Rc<dyn IUnknown>> {
        match self.0.port_objects.behind(address) {
            Behind::Object(object) => return Some(object),
            Behind::Gone(interface) => self.accuse_of_dead_object(address, interface),
            Behind::Nothing => self.accuse_of_dead_object(address, "a COM object of the port"),
        }
        None
    }

    fn accuse_of_dead_object(&self, address: u64, name: &str) {
        let routine = self.name_of_serving();
        let message = format!("{routine}: {address:#x} is {name} that was released to its end");
        let code = BugCheckCode::DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL;
        self.kernel().bug_check_with(code, [address, 0, 0, 0], &message);
    }

    /// Counts one more reference for the guest.
    pub(super) fn add_port_reference(&self, address: u64) -> u32 {
        let Some(object) = self.port_object(address) else { return 0 };
        self.0.port_objects.add_reference(address, object, self.origin())
    }

    /// Counts one reference less for the guest. After the last reference the guest no longer holds
    /// the object.
    pub(super) fn release_port_object(&self, address: u64) -> u32 {
        if self.port_object(address).is_none() {
            return 0;
        }
        match self.0.port_objects.release(address) {
            Released::Left(left, last) => {
                drop(last);
                left
            }
            Released::Never { interface: name, is_new: true } => {
                let message = format!("{name}::Release without a reference of the driver's own");
                self.kernel().report_violation(&rules::RELEASE_WITHOUT_REFERENCE, &message);
                0
            }
            Released::Never { .. } | Released::Unknown => 0,
        }
    }

    /// The block of guest memory that belongs to an object under a key. The first call for a key
    /// makes the block.
    pub(super) fn attachment(&self, address: u64, key: u64, make: impl FnOnce() -> Vec<u8>) -> u64 {
        self.attached_block(address, key, || self.new_object_block(&make()))
    }

    /// Does the same as `attachment`, with a block that `place` puts into guest memory.
    pub(super) fn attached_block(
        &self,
        address: u64,
        key: u64,
        place: impl FnOnce() -> u64,
    ) -> u64 {
        if let Some(block) = self.0.port_objects.attachment(address, key) {
            return block;
        }
        let block = place();
        self.0.port_objects.attach(address, key, block);
        block
    }
}
