//! `portcls.sys`: the port class driver.

mod connection;
mod device;
mod object;

use super::module::Module;

pub(crate) use device::DISPATCH;

/// The routines of PortCls.
///
/// Source: the order of arguments is that of portcls.h. The work itself is done in `portcls-port`.
pub(super) static MODULE: Module = Module {
    names: &["portcls.sys"],
    routines: &[connection::ROUTINES, device::ROUTINES, object::ROUTINES],
    variables: &[],
};
