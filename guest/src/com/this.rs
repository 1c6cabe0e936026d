//! The object that a method of a port's interface is called on.

use std::rc::Rc;

use portcls_port::com::{ComInterface, query};

use crate::routine::Call;

/// The object that a method was called on, as the interface of the method; takes one argument.
pub(crate) fn this<I: ComInterface + ?Sized>(call: &Call<'_>) -> Option<Rc<I>> {
    let address = call.pointer();
    let object = call.guest().port_object(address)?;
    query::<I>(&object).ok()
}
