//! The IRQL, and the end of everything.

use portcls_emulator::{BugCheckCode, Irql};

use crate::routine::Call;

/// `KIRQL KeGetCurrentIrql(VOID)`
pub(super) fn get_current_irql(call: &Call<'_>) -> u64 {
    u64::from(call.kernel().current_irql().0)
}

/// `KIRQL KfRaiseIrql(KIRQL)`
pub(super) fn raise_irql(call: &Call<'_>) -> u64 {
    u64::from(call.kernel().raise_irql(Irql(call.u8())).0)
}

/// `VOID KeRaiseIrql(KIRQL, PKIRQL)`
pub(super) fn raise_irql_into(call: &Call<'_>) -> u64 {
    let (new, old_at) = (Irql(call.u8()), call.pointer());
    let old = call.kernel().raise_irql(new);
    call.guest().store_u8(old_at, old.0);
    0
}

/// `KIRQL KeRaiseIrqlToDpcLevel(VOID)`
pub(super) fn raise_irql_to_dpc_level(call: &Call<'_>) -> u64 {
    u64::from(call.kernel().raise_irql(Irql::DISPATCH_LEVEL).0)
}

/// `VOID KeLowerIrql(KIRQL)`
pub(super) fn lower_irql(call: &Call<'_>) -> u64 {
    call.kernel().lower_irql(Irql(call.u8()));
    0
}

/// `VOID KeBugCheckEx(ULONG, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR)`
pub(super) fn bug_check_ex(call: &Call<'_>) -> u64 {
    let code = BugCheckCode::of_driver(call.u32());
    let parameters = [call.pointer(), call.pointer(), call.pointer(), call.pointer()];
    call.kernel().bug_check_with(code, parameters, "the driver called KeBugCheckEx");
    0
}

/// `VOID KeBugCheck(ULONG)`
pub(super) fn bug_check(call: &Call<'_>) -> u64 {
    let code = BugCheckCode::of_driver(call.u32());
    call.kernel().bug_check_with(code, [0; 4], "the driver called KeBugCheck");
    0
}
