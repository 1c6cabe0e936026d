//! Objects of the emulator that stand behind addresses in guest memory.
//!
//! To the driver, a KDPC, a KTIMER or a KEVENT is only bytes in its memory. The address of these
//! bytes leads to the kernel's object. Objects in memory of the kernel, such as an MDL, are bound
//! to their addresses too.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::origin::Origin;

/// An object that is bound to an address in guest memory.
pub trait Bound: Any {
    /// What is still pending, such as "a timer that is set". Then the driver must not free the
    /// memory yet. `None` when the driver may free the memory.
    fn pending(&self) -> Option<&'static str> {
        None
    }

    /// The part of the driver's code that still has to run, in words. As long as there is such
    /// code, the driver must not be unloaded. `None` if no code has to run any more.
    fn still_runs(&self) -> Option<String> {
        None
    }

    /// The name in the plural, such as "work items", if the driver has to give the object back
    /// before it is unloaded. `None` when the driver need not give the object back.
    fn left(&self) -> Option<&'static str> {
        None
    }
}

/// The largest number of objects that are bound at a time.
/// Assumed: a driver has some dozens. Only a driver with an error exceeds the limit.
pub(crate) const BINDING_LIMIT: usize = 65_536;

struct Binding {
    object: Rc<dyn Bound>,
    origin: Option<Origin>,
}

/// The bound objects of a guest.
#[derive(Default)]
pub(crate) struct Bindings(RefCell<BTreeMap<u64, Binding>>);

/// The error when there is no room for another object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Bindings {
    pub fn clear(&self) {
        let all = std::mem::take(&mut *self.0.borrow_mut());
        drop(all);
    }

    /// Binds an object to an address. An object that was bound there before is dropped.
    pub fn insert(
        &self,
        address: u64,
        object: Rc<dyn Bound>,
        origin: Option<Origin>,
    ) -> Result<(), Full> {
        let mut bindings = self.0.borrow_mut();
        if bindings.len() >= BINDING_LIMIT && !bindings.contains_key(&address) {
            return Err(Full);
        }
        let old = bindings.insert(address, Binding { object, origin });
        drop(bindings);
        drop(old);
        Ok(())
    }

    /// The object bound to an address, if it is a `T`.
    pub fn get<T: Bound>(&self, address: u64) -> Option<Rc<T>> {
        let object = Rc::clone(&self.0.borrow().get(&address)?.object);
        let object: Rc<dyn Any> = object;
        object.downcast().ok()
    }

    /// The first object of type `T` for which `is` returns true, with its address.
    pub fn find<T: Bound>(&self, is: impl Fn(&T) -> bool) -> Option<(u64, Rc<T>)> {
        self.0.borrow().iter().find_map(|(address, bound)| {
            let object: Rc<dyn Any> = Rc::clone(&bound.object) as Rc<dyn Any>;
            let object = object.downcast::<T>().ok()?;
            is(&object).then_some((*address, object))
        })
    }

    /// Whether an object of any type is bound to an address.
    pub fn holds(&self, address: u64) -> bool {
        self.0.borrow().contains_key(&address)
    }

    /// The first object for which code of the driver still has to run: the address of the object,
    /// and the words of `still_runs`.
    pub fn still_running(&self) -> Option<(u64, String)> {
        let bindings = self.0.borrow();
        bindings.iter().find_map(|(address, bound)| Some((*address, bound.object.still_runs()?)))
    }

    /// Removes the binding at an address and returns the object.
    pub fn take(&self, address: u64) -> Option<Rc<dyn Bound>> {
        self.0.borrow_mut().remove(&address).map(|bound| bound.object)
    }

    /// Removes all bindings in a range of memory that is about to be freed. If an object in the
    /// range is still pending, returns the address of the first such object and the words of
    /// `pending`.
    pub fn remove(&self, range: Range<u64>) -> Option<(u64, &'static str)> {
        let mut bindings = self.0.borrow_mut();
        let addresses: Vec<u64> = bindings.range(range).map(|(address, _)| *address).collect();
        let removed: Vec<(u64, Binding)> = addresses
            .into_iter()
            .filter_map(|address| Some((address, bindings.remove(&address)?)))
            .collect();
        drop(bindings);
        removed.iter().find_map(|(address, bound)| Some((*address, bound.object.pending()?)))
    }

    /// The objects that the driver has to give back, each with its origin.
    pub fn left(&self) -> Vec<(&'static str, Option<Origin>)> {
        let bindings = self.0.borrow();
        let left = bindings.values().filter_map(|bound| Some((bound.object.left()?, bound.origin)));
        left.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object that is pending while it is set.
    struct Alarm {
        is_set: bool,
    }

    impl Bound for Alarm {
        fn pending(&self) -> Option<&'static str> {
            self.is_set.then_some("an alarm that is set")
        }

        fn left(&self) -> Option<&'static str> {
            self.is_set.then_some("alarms that are set")
        }
    }

    struct Mark;

    impl Bound for Mark {}

    const HERE: Option<Origin> = Some(Origin::Argument { routine: 0x1000 });

    #[test]
    fn an_object_is_found_by_its_address_and_its_kind() {
        let bindings = Bindings::default();
        bindings.insert(0x10, Rc::new(Alarm { is_set: false }), None).unwrap();
        assert!(bindings.get::<Alarm>(0x10).is_some());
        assert!(bindings.get::<Mark>(0x10).is_none(), "another kind");
        assert!(bindings.get::<Alarm>(0x11).is_none(), "another address");
        bindings.insert(0x10, Rc::new(Mark), None).unwrap();
        assert!(bindings.get::<Alarm>(0x10).is_none(), "it was replaced");
        assert!(bindings.take(0x10).is_some());
        assert!(bindings.get::<Mark>(0x10).is_none());
    }

    #[test]
    fn the_first_object_of_a_kind_is_found_by_what_it_is() {
        let bindings = Bindings::default();
        bindings.insert(0x10, Rc::new(Mark), None).unwrap();
        bindings.insert(0x20, Rc::new(Alarm { is_set: false }), None).unwrap();
        bindings.insert(0x30, Rc::new(Alarm { is_set: true }), None).unwrap();
        let found = bindings.find::<Alarm>(|alarm| alarm.is_set);
        assert_eq!(found.map(|(address, _)| address), Some(0x30));
    }

    #[test]
    fn a_range_that_goes_takes_its_objects_along_and_tells_what_is_pending() {
        let bindings = Bindings::default();
        bindings.insert(0x10, Rc::new(Alarm { is_set: false }), None).unwrap();
        bindings.insert(0x18, Rc::new(Alarm { is_set: true }), HERE).unwrap();
        bindings.insert(0x20, Rc::new(Alarm { is_set: true }), None).unwrap();
        assert_eq!(bindings.left().len(), 2);
        assert_eq!(bindings.left()[0], ("alarms that are set", HERE));
        assert_eq!(bindings.remove(0x10..0x20), Some((0x18, "an alarm that is set")));
        assert!(bindings.get::<Alarm>(0x10).is_none());
        assert!(bindings.get::<Alarm>(0x20).is_some(), "behind the range");
        assert_eq!(bindings.remove(0x10..0x20), None);
    }

    #[test]
    fn the_limit_is_what_a_driver_may_keep_at_a_time() {
        let bindings = Bindings::default();
        let mark: Rc<dyn Bound> = Rc::new(Mark);
        for address in 0..BINDING_LIMIT as u64 {
            bindings.insert(address, Rc::clone(&mark), None).unwrap();
        }
        assert_eq!(bindings.insert(u64::MAX, Rc::clone(&mark), None), Err(Full));
        bindings.take(0);
        assert_eq!(bindings.insert(u64::MAX, mark, None), Ok(()));
    }
}
