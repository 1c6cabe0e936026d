//! The object that a method of the port was called on: its first argument.

use std::ops::Deref;
use std::rc::Rc;

use portcls_port::com::{ComInterface, query};

use crate::routine::{Argument, Pointer, Words};

/// An object of the port as the interface of the method, alive for the length of the call.
///
/// A pointer to an object that is gone, or to none, is a bug check and the method does not run. Nor
/// does it when the object has no such interface: the driver called a method of another one on it.
pub(crate) struct This<I: ?Sized> {
    /// The pointer by which the guest knows it.
    pub address: u64,
    /// It here.
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
