//! The classes of ports and miniports that PortCls makes.

use std::rc::Rc;

use portcls_emulator::trace::Layer;
use portcls_emulator::{Irql, Kernel, NtStatus};

use crate::guid::{Guid, clsid};
use crate::interfaces::{IMiniport, IPort};
use crate::midi::Midi;
use crate::port::Port;
use crate::rules::require_irql_at_most;

/// Makes a port.
///
/// The DirectMusic class makes the same object since Windows XP. This port does not offer that
/// class until it offers DirectMusic miniports.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewPort.
///
/// # Errors
/// - `STATUS_NOT_SUPPORTED`: the class is not offered. Assumed: the documents name no value.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcNewPort")]
pub fn pc_new_port(kernel: &Kernel, class: &Guid) -> Result<Rc<dyn IPort>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewPort");
    match *class {
        clsid::PORT_MIDI => {
            kernel.ask_allocation()?;
            Ok(Port::<Midi>::new(kernel))
        }
        _ => Err(NtStatus::NOT_SUPPORTED),
    }
}

/// Makes a miniport that comes with PortCls.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewMiniport.
///
/// # Errors
/// - `STATUS_NOT_SUPPORTED`: always, because none of these miniports is built. The trace notes the
///   class.
#[doc(alias = "PcNewMiniport")]
pub fn pc_new_miniport(kernel: &Kernel, class: &Guid) -> Result<Rc<dyn IMiniport>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewMiniport");
    let who = kernel.trace().actor("port", Layer::Software);
    kernel.record_note(who, &format!("PcNewMiniport: {class:?} is not built"));
    Err(NtStatus::NOT_SUPPORTED)
}
