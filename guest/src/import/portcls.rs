//! `portcls.sys`: the port class driver.

mod connection;
mod device;
mod object;

use super::module::Module;

pub(crate) use device::DISPATCH;

/// The routines of PortCls.
///
/// Source: portcls.h, for the order of arguments. The work itself is done in `portcls-port`.
pub(super) static MODULE: Module = Module {
    names: &["portcls.sys"],
    routines: &[connection::ROUTINES, device::ROUTINES, object::ROUTINES],
    variables: &[],
};
