//! The classes of ports and miniports that PortCls makes.

use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, Need, NtStatus};

use crate::guid::{Guid, clsid};
use crate::interfaces::{IMiniport, IPort};
use crate::music::{DirectMusicClass, MidiClass, Music};
use crate::port::Port;
use crate::refusal::Told;
use crate::rules::require_irql_at_most;

/// Makes a port.
///
/// The DirectMusic class makes the same object as the MIDI class, since Windows XP.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewPort.
///
/// # Errors
/// - `STATUS_NOT_SUPPORTED`: the class is not offered. Assumed: the documents name no value.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcNewPort")]
pub fn pc_new_port(kernel: &Kernel, class: &Guid) -> Result<Rc<dyn IPort>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewPort");
    new_port(kernel, class).told(kernel, Need::Required, "PcNewPort", || format!("{class:?}"))
}

fn new_port(kernel: &Kernel, class: &Guid) -> Result<Rc<dyn IPort>, NtStatus> {
    match *class {
        clsid::PORT_MIDI => {
            kernel.ask_allocation()?;
            Ok(Port::<Music<MidiClass>>::new(kernel))
        }
        clsid::PORT_DMUS => {
            kernel.ask_allocation()?;
            Ok(Port::<Music<DirectMusicClass>>::new(kernel))
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
    let none = Err(NtStatus::NOT_SUPPORTED);
    none.told(kernel, Need::Required, "PcNewMiniport", || format!("{class:?}"))
}
