//! A family: the methods of a vtable, and the interfaces of the vtable.

use portcls_port::guid::Guid;

use crate::routine::Routine;

/// One vtable.
pub(crate) struct Family {
    /// The name of the interface.
    pub name: &'static str,
    /// The identifier of the interface.
    pub iid: Guid,
    /// The interfaces that it derives from, without `IUnknown`.
    pub bases: &'static [Guid],
    /// The methods after the methods of `IUnknown`.
    pub methods: &'static [Routine],
}
