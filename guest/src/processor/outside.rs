//! What the processor cannot do itself and asks of whoever stands around it.

use cpu_x86::{Fault, Stop};

use super::thunk::RoutineNumber;

/// Serves the stops that are more than the processor's own. The interpreter is never borrowed
/// while one of these runs: it may call into the driver, and interrupts may come on top.
pub(crate) trait Outside {
    /// The driver called a routine. When this returns, the routine has run and the processor
    /// stands behind the call.
    fn serve_routine(&self, routine: RoutineNumber);

    /// The driver called an address in the range of the thunks behind which no routine is.
    fn reach_nothing(&self, address: u64);

    /// The driver made a mistake. This does not return, except on a frozen kernel.
    fn accuse(&self, mistake: Mistake<'_>);
}

/// What a processor refuses.
pub(crate) enum Mistake<'a> {
    /// An access of the driver's own code.
    Access(Fault),
    /// An access of a routine to an address that the driver gave it.
    AccessOfRoutine(Fault),
    /// An instruction that traps.
    Trap(Stop),
    /// Something without an address, in words.
    Protection(&'a str),
}
