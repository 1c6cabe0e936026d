//! The interrupt sync object: one interrupt, its service routines and its lock.

use std::rc::Rc;

use portcls_emulator::{Interrupt, Kernel, NtStatus};

use crate::com::IUnknown;
use crate::ks::wire_enum;

/// An interrupt of the device with the routines that serve it.
///
/// Implemented by PortCls (`PcNewInterruptSync`), called by the driver. Two subdevices that share
/// one object share its `disconnect` as well: the first to call it silences both.
#[doc(alias = "PINTERRUPTSYNC")]
pub trait IInterruptSync: IUnknown {
    /// Runs a routine that no service routine and no other synchronised routine can interrupt.
    ///
    /// Raises to DIRQL, takes the interrupt lock, calls `routine` once, gives both back, and
    /// returns what the routine returned. `Assumed:` the page does not say that the status is
    /// passed through, or what happens before `connect`; the published sample relies on both.
    ///
    /// IRQL: at most the DIRQL of the interrupt.
    /// Source: WDK, IInterruptSync::CallSynchronizedRoutine.
    #[doc(alias = "IInterruptSync::CallSynchronizedRoutine")]
    fn call_synchronized_routine(
        &self,
        kernel: &Kernel,
        routine: &mut dyn FnMut(&Kernel) -> NtStatus,
    ) -> NtStatus;

    /// The interrupt object, `None` before `connect`; for `KeSynchronizeExecution`.
    ///
    /// IRQL: any. Source: WDK, IInterruptSync::GetKInterrupt.
    #[doc(alias = "IInterruptSync::GetKInterrupt")]
    fn get_kinterrupt(&self) -> Option<Interrupt>;

    /// Connects the interrupt; the first one may come before this call returns.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IInterruptSync::Connect.
    ///
    /// # Errors
    /// What the kernel says when it cannot connect the interrupt;
    /// `STATUS_UNSUCCESSFUL` without a service routine (`Assumed:` the page is silent).
    #[doc(alias = "IInterruptSync::Connect")]
    fn connect(&self, kernel: &Kernel) -> Result<(), NtStatus>;

    /// Disconnects the interrupt. The driver has silenced the device before.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IInterruptSync::Disconnect.
    #[doc(alias = "IInterruptSync::Disconnect")]
    fn disconnect(&self, kernel: &Kernel);

    /// Adds a service routine at one end of the list.
    ///
    /// The routine runs at DIRQL with the interrupt lock held, as the [`InterruptSyncMode`] of
    /// the object says. `STATUS_SUCCESS` means that the interrupt was its own, anything else that
    /// it was not; the kernel is told so.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IInterruptSync::RegisterServiceRoutine.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when the list is full.
    #[doc(alias = "IInterruptSync::RegisterServiceRoutine")]
    fn register_service_routine(
        &self,
        kernel: &Kernel,
        routine: ServiceRoutine,
        position: RoutinePosition,
    ) -> Result<(), NtStatus>;
}

/// A service routine; what C hands over as context is what the closure captures.
#[doc(alias = "PINTERRUPTSYNCROUTINE")]
pub type ServiceRoutine = Rc<dyn Fn(&Kernel) -> NtStatus>;

/// The end of the list at which a service routine is added.
#[doc(alias = "First")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoutinePosition {
    /// Before all others; `First` is TRUE.
    Head,
    /// After all others; `First` is FALSE.
    Tail,
}

wire_enum! {
    /// How the service routines of one interrupt take turns.
    ///
    /// Source: WDK portcls.h and the page on interrupt sync objects.
    #[doc(alias = "INTERRUPTSYNCMODE")]
    pub enum InterruptSyncMode {
        /// In order, until one returns `STATUS_SUCCESS`.
        #[doc(alias = "InterruptSyncModeNormal")]
        Normal = 1,
        /// Each once.
        #[doc(alias = "InterruptSyncModeAll")]
        All = 2,
        /// Whole passes, until one in which none returned `STATUS_SUCCESS`. A routine that always
        /// succeeds never lets go of the processor.
        #[doc(alias = "InterruptSyncModeRepeat")]
        Repeat = 3,
    }
}
