//! Objects of the kernel that a driver keeps in its own memory, bound by their address.
//!
//! A KDPC, a KTIMER or a KEVENT is bytes of the driver to the driver; the kernel's object that
//! stands behind it is found by where those bytes are.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use portcls_emulator::BugCheckCode;

use crate::guest::Guest;
use crate::objects::leak::Origin;

/// An object that a driver keeps in its memory.
pub trait Bound: Any {
    /// What is still to come of it, such as "a timer that is set": its memory must not go yet.
    /// `None` when it may.
    fn pending(&self) -> Option<&'static str> {
        None
    }

    /// What it is called in the plural, such as "work items", when the driver has to give it back
    /// before it is unloaded; `None` when it need not.
    fn left(&self) -> Option<&'static str> {
        None
    }
}

/// The most objects that a driver keeps at a time.
/// Assumed: a driver has some dozens; only one that has lost its way makes more than this.
const BINDING_LIMIT: usize = 65_536;

struct Binding {
    object: Rc<dyn Bound>,
    origin: Option<Origin>,
}

/// The bound objects of a guest.
#[derive(Default)]
pub(crate) struct Bindings(RefCell<BTreeMap<u64, Binding>>);

impl Bindings {
    pub fn clear(&self) {
        let all = std::mem::take(&mut *self.0.borrow_mut());
        drop(all);
    }

    /// Takes away what is bound in a range that goes; the first of it that is still pending, with
    /// its address.
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

    /// What the driver has to give back, with how it came by it.
    pub fn left(&self) -> Vec<(&'static str, Option<Origin>)> {
        let bindings = self.0.borrow();
        let left = bindings.values().filter_map(|bound| Some((bound.object.left()?, bound.origin)));
        left.collect()
    }
}

impl Guest {
    /// Binds an object to an address; it replaces what was there, and that is dropped.
    pub fn bind(&self, address: u64, object: Rc<dyn Bound>) {
        self.bind_from(self.origin(), address, object);
    }

    /// The same with how the driver comes by it, when that is not the routine which is served.
    pub(crate) fn bind_from(&self, origin: Option<Origin>, address: u64, object: Rc<dyn Bound>) {
        if self.0.bindings.0.borrow().len() >= BINDING_LIMIT {
            let what = "more than 65536 objects of the kernel at a time (BINDING_LIMIT)";
            self.kernel().unsupported(what);
            return;
        }
        let old = self.0.bindings.0.borrow_mut().insert(address, Binding { object, origin });
        drop(old);
    }

    /// The first object of a kind that is what `is` says, with its address.
    pub(crate) fn find_bound<T: Bound>(&self, is: impl Fn(&T) -> bool) -> Option<(u64, Rc<T>)> {
        let bindings = self.0.bindings.0.borrow();
        bindings.iter().find_map(|(address, bound)| {
            let object: Rc<dyn Any> = Rc::clone(&bound.object) as Rc<dyn Any>;
            let object = object.downcast::<T>().ok()?;
            is(&object).then_some((*address, object))
        })
    }

    /// The object bound to an address, if it is a `T`.
    #[must_use]
    pub fn bound<T: Bound>(&self, address: u64) -> Option<Rc<T>> {
        let object = Rc::clone(&self.0.bindings.0.borrow().get(&address)?.object);
        let object: Rc<dyn Any> = object;
        object.downcast().ok()
    }

    /// The driver has returned from its unload routine: what it keeps in its image must not be
    /// pending any more, or bug check TIMER_OR_DPC_INVALID tells what is and where.
    /// IRQL: PASSIVE_LEVEL.
    pub fn check_unload(&self) {
        let image = self.loaded().base..self.loaded().base + self.loaded().size;
        if let Some((at, what)) = self.0.bindings.remove(image.clone()) {
            let message = format!("the driver was unloaded with {what} in it, at {at:#x}");
            let parameters = [0, at, image.start, image.end];
            self.kernel().bug_check_with(BugCheckCode::TIMER_OR_DPC_INVALID, parameters, &message);
        }
    }

    /// Takes an object away.
    pub fn unbind(&self, address: u64) -> Option<Rc<dyn Bound>> {
        self.0.bindings.0.borrow_mut().remove(&address).map(|bound| bound.object)
    }
}
