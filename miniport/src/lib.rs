//! Reference MPU-401 drivers: examples of good drivers for PortCls.
//!
//! A driver here uses only what a driver on Windows has: port reads and writes, the kernel's
//! routines and PortCls. It follows the manual of the MPU-401, has its own register constants, and
//! cannot tell the simulated card from a real card.
//!
//! | file | what |
//! |---|---|
//! | `adapter.rs` | DriverEntry, AddDevice, StartDevice, unload of the driver "uart" |
//! | `system.rs` | the miniports that come with the system, for `PcNewMiniport` |
//! | `miniport.rs`, `stream.rs`, `descriptor.rs` | `IMiniportMidi` and its streams, its filter |
//! | `dmus.rs`, `dmus/` | `IMiniportDMus` and its streams, its filter, its properties |
//! | `resources.rs` | the registers and the interrupt, out of a resource list |
//! | `hardware.rs` | start, silence, output: every wait and its limit |
//! | `busy_or_dead.rs` | when a card that takes nothing is given up |
//! | `card.rs` | shared by the service routine and the rest: mode, ring, overruns |
//! | `technology.rs` | how the device makes its sound, as the adapter driver says |
//! | `registers.rs` | the two ports |
//!
//! Architecture invariant: no code here uses the hardware model or the host's files. A driver must
//! not need more than a driver on Windows can have.

mod adapter;
mod busy_or_dead;
mod card;
mod descriptor;
mod dmus;
mod hardware;
mod miniport;
mod registers;
mod resources;
mod stream;
mod system;
mod technology;

use std::rc::Rc;

use portcls_emulator::{DriverObject, Kernel, NtStatus};

pub use adapter::driver_entry;
pub use dmus::MiniportDMusUart;
pub use miniport::MiniportMidiUart;
pub use system::SYSTEM_MINIPORTS;

/// The entry of a driver's image: kernel, driver object, registry path. IRQL: PASSIVE_LEVEL.
#[doc(alias = "PDRIVER_INITIALIZE")]
pub type DriverEntry = fn(&Kernel, &Rc<DriverObject>, &str) -> Result<(), NtStatus>;

/// A driver that can be loaded by name.
#[derive(Clone, Copy, Debug)]
pub struct Driver {
    /// The name on a command line.
    pub name: &'static str,
    /// The device and the way it is driven, in a line.
    pub title: &'static str,
    /// The driver's DriverEntry.
    pub entry: DriverEntry,
}

/// The drivers of this crate.
#[must_use]
pub fn drivers() -> &'static [Driver] {
    &[Driver {
        name: "uart",
        title: "MPU-401 in UART mode, IMiniportMidi, interrupt-driven input",
        entry: driver_entry,
    }]
}
