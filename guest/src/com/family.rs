//! A family: the methods of one vtable, and the interfaces that it serves.

use portcls_port::guid::Guid;

use crate::routine::Routine;

/// One vtable.
pub(crate) struct Family {
    /// The interface.
    pub name: &'static str,
    /// Its identifier.
    pub iid: Guid,
    /// The interfaces that it is derived from, `IUnknown` aside.
    pub bases: &'static [Guid],
    /// The methods behind those of `IUnknown`.
    pub methods: &'static [Routine],
}
