//! Requests of the processor to the layer above it.

use cpu_x86::{Fault, Stop};

use super::thunk::RoutineNumber;

/// Serves the stops that the processor cannot serve alone. The interpreter is never borrowed while
/// one of these functions runs, so these functions may call into the driver, and interrupts may
/// begin meanwhile.
pub(crate) trait Outside {
    /// Runs the routine that the driver called. Afterwards the next instruction is the instruction
    /// after the call.
    fn serve_routine(&self, routine: RoutineNumber);

    /// The driver called an address in the range of the thunks that stands for no routine of the
    /// emulator.
    fn reach_nothing(&self, address: u64);

    /// Accuses the driver of a mistake. The function does not return, except on a frozen kernel.
    fn accuse(&self, mistake: Mistake<'_>);
}

/// A mistake of the driver that the processor refuses.
pub(crate) enum Mistake<'a> {
    /// An access by the driver's own code.
    Access(Fault),
    /// An access by a kernel routine to an address that the driver gave it.
    AccessOfRoutine(Fault),
    /// An instruction that traps.
    Trap(Stop),
    /// An operation without an address, described in words.
    Protection(&'a str),
}
