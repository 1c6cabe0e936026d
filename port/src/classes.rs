//! The classes of ports and miniports that PortCls makes.

use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, Need, NtStatus};

use crate::guid::{Guid, clsid};
use crate::interfaces::{IMiniport, IPort};
use crate::music::{DirectMusicClass, MidiClass, Music};
use crate::port::Port;
use crate::refusal::Told;
use crate::rules::require_irql_at_most;
use crate::topology::Topology;
use crate::wave::{WaveCyclic, WavePci, WaveRT};

/// Makes a port.
///
/// Since Windows XP one kind of port serves the MIDI class and the DirectMusic class. Here the
/// class decides which interface of a miniport the port asks for first. A port of a wave class
/// binds its miniport, but clients can open no pin of the port.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewPort.
///
/// # Errors
/// - `STATUS_NOT_SUPPORTED`: the class is not offered. Assumed: this status, because the documents
///   name none.
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
        clsid::PORT_WAVE_CYCLIC => {
            kernel.ask_allocation()?;
            Ok(Port::<WaveCyclic>::new(kernel))
        }
        clsid::PORT_WAVE_PCI => {
            kernel.ask_allocation()?;
            Ok(Port::<WavePci>::new(kernel))
        }
        clsid::PORT_WAVE_RT => {
            kernel.ask_allocation()?;
            Ok(Port::<WaveRT>::new(kernel))
        }
        clsid::PORT_TOPOLOGY => {
            kernel.ask_allocation()?;
            Ok(Port::<Topology>::new(kernel))
        }
        _ => Err(NtStatus::NOT_SUPPORTED),
    }
}

/// A miniport that comes with the system: its class, and how to make one.
///
/// This crate has no miniports. So the maker of a machine installs the table of these miniports in
/// the kernel, by [`install_system_miniports`], and `PcNewMiniport` looks there.
#[derive(Clone, Copy)]
pub struct SystemMiniport {
    /// The class that a driver gives to `PcNewMiniport`.
    pub class: Guid,
    /// Makes a miniport that is not bound to a port yet. IRQL: PASSIVE_LEVEL.
    pub make: fn() -> Rc<dyn IMiniport>,
}

/// The table that is installed in a kernel.
struct SystemMiniports(&'static [SystemMiniport]);

/// The classes of miniports of the system whose hardware no machine here has.
/// Source: WDK, PcNewMiniport: the FM synthesizers drive an OPL3.
const NEED_AN_OPL3: [Guid; 2] =
    [clsid::MINIPORT_DRIVER_FM_SYNTH, clsid::MINIPORT_DRIVER_FM_SYNTH_WITH_VOL];

/// Installs the miniports that come with the system, in place of the miniports that were installed
/// before.
pub fn install_system_miniports(kernel: &Kernel, table: &'static [SystemMiniport]) {
    kernel.install(SystemMiniports(table));
}

/// Makes a miniport that comes with the system.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewMiniport.
///
/// # Errors
/// - `STATUS_NOT_SUPPORTED`: the class is not installed; the trace notes the name of the class.
///   Assumed: this status, because the documents name none. Drivers of combined cards ignore this
///   answer for an FM synthesizer.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcNewMiniport")]
pub fn pc_new_miniport(kernel: &Kernel, class: &Guid) -> Result<Rc<dyn IMiniport>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewMiniport");
    let table = kernel.installed::<SystemMiniports>();
    let entry = table.and_then(|table| table.0.iter().find(|entry| entry.class == *class));
    let found = entry.ok_or(NtStatus::NOT_SUPPORTED);
    let entry = found.told(kernel, Need::Required, "PcNewMiniport", || {
        let reason = if NEED_AN_OPL3.contains(class) { ", which needs an OPL3" } else { "" };
        format!("{class:?}{reason}")
    })?;
    kernel.ask_allocation()?;
    Ok((entry.make)())
}
