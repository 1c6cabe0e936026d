//! Routines in Rust that a driver's own interrupt sync object calls.
//!
//! This file owns the one address that stands for all these routines: the context of a call tells
//! which routine the object means. The guest forgets a service routine when the object refuses the
//! routine, when the last connection of the object ends, or when the guest ends. The guest knows a
//! synchronised routine only while the call of the object's CallSynchronizedRoutine lasts.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::interfaces::ServiceRoutine;
use scoped_tls_hkt::scoped_thread_local;

use crate::guest::Guest;
use crate::routine::{Call, Pointer, Routine, row};
use crate::tables::bindings::Bound;

/// The routine that the driver's object gets as a PINTERRUPTSYNCROUTINE.
pub(crate) static LENT_ROUTINE: Routine =
    row!("a routine of a system miniport", ByKernel, run_lent_routine);

/// A service routine, bound to the block that is its context.
struct LentServiceRoutine {
    routine: ServiceRoutine,
    /// The address of the object that has the routine.
    sync: u64,
}

impl Bound for LentServiceRoutine {}

/// A synchronised routine that runs at most once.
type Synchronised<'a> = &'a dyn Fn(&Kernel) -> NtStatus;

scoped_thread_local! {
    /// The innermost synchronised call of a driver's own object: the context, and the routine.
    ///
    /// The routine borrows from its caller, so no table that outlives the call can hold it. These
    /// calls nest as plain calls on one stack. So the innermost call is the one that the driver's
    /// object serves now.
    static SYNCHRONISED: for<'a> (u64, Synchronised<'a>)
}

impl Guest {
    /// Lends a service routine to the object at an address. Returns the address of the routine and
    /// its context.
    pub(super) fn lend_service_routine(&self, sync: u64, routine: ServiceRoutine) -> [u64; 2] {
        let context = self.new_object_block(&[]);
        self.bind_from(None, context, Rc::new(LentServiceRoutine { routine, sync }));
        [self.thunk_of(&LENT_ROUTINE), context]
    }

    /// Takes back the service routine with a context. From now on a call with this context is
    /// refused.
    pub(super) fn take_service_routine_back(&self, context: u64) {
        self.unbind(context);
        self.free_object_block(context, 0);
    }

    /// Takes back every service routine that the object at an address has.
    pub(super) fn take_service_routines_back(&self, sync: u64) {
        while let Some((context, _)) =
            self.find_bound(|lent: &LentServiceRoutine| lent.sync == sync)
        {
            self.take_service_routine_back(context);
        }
    }

    /// Lends a synchronised routine for the length of `work`. `work` gets the address and the
    /// context of the routine. The result is `None` when the stack has no room for the context.
    ///
    /// The routine runs at most once. The WDK's page does not allow a second call, so a driver that
    /// calls the routine again gets `STATUS_UNSUCCESSFUL`.
    pub(super) fn with_lent_routine<R>(
        &self,
        routine: &mut dyn FnMut(&Kernel) -> NtStatus,
        work: impl FnOnce([u64; 2]) -> R,
    ) -> Option<R> {
        let routine = RefCell::new(Some(routine));
        let run_once = |kernel: &Kernel| {
            let routine = routine.borrow_mut().take();
            routine.map_or(NtStatus::UNSUCCESSFUL, |routine| routine(kernel))
        };
        self.with_scratch(16, |context| {
            let address = self.thunk_of(&LENT_ROUTINE);
            SYNCHRONISED.set((context, &run_once), || work([address, context]))
        })
    }
}

/// `NTSTATUS Routine(PINTERRUPTSYNC, PVOID Context)`
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a context that belongs neither to a lent service routine nor to
/// the innermost synchronised call.
fn run_lent_routine(
    call: &Call<'_>,
    _sync: Pointer,
    context: Pointer,
) -> Result<NtStatus, NtStatus> {
    if let Some(lent) = call.guest().bound::<LentServiceRoutine>(context.0) {
        return Ok((lent.routine)(call.kernel()));
    }
    if !SYNCHRONISED.is_set() {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    SYNCHRONISED.with(|(known, routine)| match known == context.0 {
        true => Ok(routine(call.kernel())),
        false => Err(NtStatus::INVALID_PARAMETER),
    })
}
