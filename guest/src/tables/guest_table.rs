//! Wrappers of the driver's COM objects, by the driver's pointers to them.
//!
//! The wrapper of an object calls the driver, so its type is in `com/`, a wing above this one. The
//! table only finds the wrapper.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// The wrappers, each under every known pointer to its object. The table does not keep the wrappers
/// alive.
#[derive(Default)]
pub(crate) struct GuestTable {
    known: RefCell<BTreeMap<u64, Weak<dyn Any>>>,
}

impl GuestTable {
    /// Adds a pointer of a wrapper.
    pub fn insert(&self, pointer: u64, wrapper: Weak<dyn Any>) {
        self.known.borrow_mut().insert(pointer, wrapper);
    }

    /// The wrapper that a pointer belongs to.
    pub fn find<T: Any>(&self, pointer: u64) -> Option<Rc<T>> {
        self.known.borrow().get(&pointer)?.upgrade()?.downcast().ok()
    }

    /// The wrapper at an address in the emulator's own memory, if there is such a wrapper.
    pub fn find_by_place<T: Any>(&self, place: *const ()) -> Option<Rc<T>> {
        let known = self.known.borrow();
        let found = known.values().find(|weak| is_at(weak, place))?;
        found.upgrade()?.downcast().ok()
    }

    /// Removes all pointers of the wrapper at an address in the emulator's own memory.
    pub fn forget(&self, place: *const ()) {
        self.known.borrow_mut().retain(|_, weak| !is_at(weak, place));
    }
}

fn is_at(weak: &Weak<dyn Any>, place: *const ()) -> bool {
    std::ptr::eq(weak.as_ptr().cast(), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapper_is_found_by_each_pointer_and_by_its_place_until_it_goes() {
        let table = GuestTable::default();
        let wrapper = Rc::new(7_u8);
        let weak: Weak<u8> = Rc::downgrade(&wrapper);
        table.insert(0x10, weak.clone());
        table.insert(0x20, weak);
        assert!(table.find::<u8>(0x20).is_some_and(|found| Rc::ptr_eq(&found, &wrapper)));
        assert!(table.find::<u16>(0x20).is_none(), "another kind");
        let place = Rc::as_ptr(&wrapper).cast();
        assert!(table.find_by_place::<u8>(place).is_some());
        table.forget(place);
        assert!(table.find::<u8>(0x10).is_none());
        assert!(table.find_by_place::<u8>(place).is_none());
    }

    #[test]
    fn a_wrapper_is_not_kept_alive() {
        let table = GuestTable::default();
        let wrapper = Rc::new(7_u8);
        let weak: Weak<u8> = Rc::downgrade(&wrapper);
        table.insert(0x10, weak);
        drop(wrapper);
        assert!(table.find::<u8>(0x10).is_none());
    }
}
