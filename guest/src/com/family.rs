//! A family: an interface with its methods, which becomes a vtable.

use portcls_port::guid::Guid;

use crate::routine::Routine;

/// One interface, which becomes one vtable.
pub(crate) struct Family {
    /// The name of the interface.
    pub name: &'static str,
    /// The identifier of the interface.
    pub iid: Guid,
    /// The interfaces that the interface derives from, without `IUnknown`.
    pub bases: &'static [Guid],
    /// The methods after the methods of `IUnknown`.
    pub methods: &'static [Routine],
}
