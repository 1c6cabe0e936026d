//! The current thread.

use crate::routine::{Call, Pointer, Routine, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("KeGetCurrentThread", ByKernel, get_current_thread),
    row!("PsGetCurrentThread", ByKernel, get_current_thread),
];

/// `PETHREAD PsGetCurrentThread(VOID)`, and KeGetCurrentThread: one address for both, because a
/// KTHREAD is at the beginning of its ETHREAD. Source: WDK, KeGetCurrentThread.
fn get_current_thread(call: &Call<'_>) -> Pointer {
    Pointer(call.guest().0.vm.current_thread_object())
}
