//! The first argument of a COM method: the object that the driver called.

use std::ops::Deref;
use std::rc::Rc;

use portcls_port::com::{ComInterface, query};

use crate::routine::{Argument, Pointer, Words};

/// An object of the port, seen through the interface to which the called method belongs. The object
/// lives during the call.
///
/// If the pointer leads to an object that is gone or to no object, a bug check stops the machine
/// and the method does not run. The method also does not run if the object lacks the interface. In
/// this case the driver passed an object to which the method does not belong.
pub(crate) struct This<I: ?Sized> {
    /// The guest's pointer to the object.
    pub address: u64,
    /// The object in Rust.
    pub object: Rc<I>,
}

impl<I: ?Sized> Deref for This<I> {
    type Target = I;

    fn deref(&self) -> &I {
        &self.object
    }
}

impl<I: ComInterface + ?Sized> Argument for This<I> {
    const WORDS: u8 = Pointer::WORDS;

    fn take(words: &mut Words<'_>) -> Option<This<I>> {
        let Pointer(address) = Pointer::take(words)?;
        let object = words.guest().port_object(address)?;
        Some(This { address, object: query::<I>(&object).ok()? })
    }
}
