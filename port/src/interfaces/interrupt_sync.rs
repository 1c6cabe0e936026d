//! The interrupt sync object: an interrupt, its service routines, its lock.

use std::rc::Rc;

use portcls_emulator::{Interrupt, Kernel, NtStatus};

use crate::com::IUnknown;
use crate::ks::wire_enum;

/// An interrupt of the device with the routines that serve it.
///
/// PortCls implements this interface (`PcNewInterruptSync`), and the driver calls it. Two
/// subdevices that share one object share the connection: the first `disconnect` ends the interrupt
/// for both.
#[doc(alias = "PINTERRUPTSYNC")]
pub trait IInterruptSync: IUnknown {
    /// Runs a routine that no service routine and no other synchronised routine can interrupt.
    ///
    /// The call raises the IRQL to DIRQL, takes the interrupt lock, and calls `routine` exactly
    /// once. The call then releases the lock and restores the IRQL. While the interrupt is not
    /// connected there is no lock: `routine` runs at DIRQL without a lock, and the trace notes this
    /// once. `Assumed:` this behaviour without a connection, because the page does not say what
    /// happens. The published sample calls this method before `connect` and relies on it.
    ///
    /// IRQL: at most the DIRQL of the interrupt.
    /// Source: WDK, IInterruptSync::CallSynchronizedRoutine.
    ///
    /// # Errors
    /// - The status that `routine` returned, and no other. `Assumed:` the status is passed through.
    ///   The page does not say so, but the published sample relies on it.
    #[doc(alias = "IInterruptSync::CallSynchronizedRoutine")]
    fn call_synchronized_routine(
        &self,
        kernel: &Kernel,
        routine: &mut dyn FnMut(&Kernel) -> NtStatus,
    ) -> NtStatus;

    /// The interrupt object for `KeSynchronizeExecution`. `None` while the interrupt is not
    /// connected.
    ///
    /// IRQL: any. Source: WDK, IInterruptSync::GetKInterrupt.
    #[doc(alias = "IInterruptSync::GetKInterrupt")]
    fn get_kinterrupt(&self) -> Option<Interrupt>;

    /// Connects the interrupt. The first interrupt may come before this call returns.
    ///
    /// A second call while the interrupt is connected succeeds and changes nothing. `Assumed:` a
    /// call before a service routine is registered succeeds too. The call connects the interrupt,
    /// and the trace notes that no routine serves the interrupt yet.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IInterruptSync::Connect.
    ///
    /// # Errors
    /// After a failure the interrupt is not connected, and no service routine is called.
    /// - `STATUS_INVALID_PARAMETER`: the vector is not wired, the line has another trigger mode, or
    ///   the line is connected already and one of the two connections does not share the line.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the connection.
    #[doc(alias = "IInterruptSync::Connect")]
    fn connect(&self, kernel: &Kernel) -> Result<(), NtStatus>;

    /// Disconnects the interrupt. Before this call, the driver must silence the device.
    ///
    /// After this call no service routine is called. Without a connection the call has no effect.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IInterruptSync::Disconnect.
    #[doc(alias = "IInterruptSync::Disconnect")]
    fn disconnect(&self, kernel: &Kernel);

    /// Adds a service routine at one end of the list.
    ///
    /// The routine runs at DIRQL with the interrupt lock held. The [`InterruptSyncMode`] of the
    /// object decides the order of the routines, and how often each routine runs. The routine
    /// returns `STATUS_SUCCESS` when its device caused the interrupt, and any other status when its
    /// device did not. When at least one routine returned `STATUS_SUCCESS`, the kernel learns that
    /// the interrupt came from the driver's device.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IInterruptSync::RegisterServiceRoutine.
    ///
    /// # Errors
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the list is full. The routine is never called.
    #[doc(alias = "IInterruptSync::RegisterServiceRoutine")]
    fn register_service_routine(
        &self,
        kernel: &Kernel,
        routine: ServiceRoutine,
        position: RoutinePosition,
    ) -> Result<(), NtStatus>;
}

/// A service routine. The closure captures what a C driver passes as the context.
#[doc(alias = "PINTERRUPTSYNCROUTINE")]
pub type ServiceRoutine = Rc<dyn Fn(&Kernel) -> NtStatus>;

/// The end of the list at which a service routine is added.
#[doc(alias = "First")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoutinePosition {
    /// Before all other routines; `First` is TRUE.
    Head,
    /// After all other routines; `First` is FALSE.
    Tail,
}

wire_enum! {
    /// How the service routines of one interrupt take turns.
    ///
    /// Source: WDK portcls.h and the page on interrupt sync objects.
    #[doc(alias = "INTERRUPTSYNCMODE")]
    pub enum InterruptSyncMode {
        /// In order, until a routine returns `STATUS_SUCCESS`; each at most once.
        #[doc(alias = "InterruptSyncModeNormal")]
        Normal = 1,
        /// Each exactly once.
        #[doc(alias = "InterruptSyncModeAll")]
        All = 2,
        /// Passes over the whole list, until a pass in which no routine returned `STATUS_SUCCESS`.
        /// On Windows a routine that always returns `STATUS_SUCCESS` keeps the processor for ever.
        /// Here the run ends as a hang.
        #[doc(alias = "InterruptSyncModeRepeat")]
        Repeat = 3,
    }
}
