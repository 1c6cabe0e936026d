//! The IRQL routines and KeBugCheck.

use portcls_emulator::{BugCheckCode, Irql};

use crate::routine::{Call, Out, Routine, Word, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("KeBugCheck", ByKernel, bug_check),
    row!("KeBugCheckEx", ByKernel, bug_check_ex),
    row!("KeGetCurrentIrql", ByKernel, get_current_irql),
    row!("KeLowerIrql", ByKernel, lower_irql),
    row!("KeRaiseIrql", ByKernel, raise_irql_into),
    row!("KeRaiseIrqlToDpcLevel", ByKernel, raise_irql_to_dpc_level),
    row!("KfLowerIrql", ByKernel, lower_irql).fastcall(),
    row!("KfRaiseIrql", ByKernel, raise_irql).fastcall(),
];

/// `KIRQL KeGetCurrentIrql(VOID)`
fn get_current_irql(call: &Call<'_>) -> Irql {
    call.kernel().current_irql()
}

/// `KIRQL KfRaiseIrql(KIRQL)`
fn raise_irql(call: &Call<'_>, new: Irql) -> Irql {
    call.kernel().raise_irql(new)
}

/// `VOID KeRaiseIrql(KIRQL, PKIRQL)`
fn raise_irql_into(call: &Call<'_>, new: Irql, old: Out<Irql>) {
    old.set(call.guest(), call.kernel().raise_irql(new));
}

/// `KIRQL KeRaiseIrqlToDpcLevel(VOID)`
fn raise_irql_to_dpc_level(call: &Call<'_>) -> Irql {
    call.kernel().raise_irql(Irql::DISPATCH_LEVEL)
}

/// `VOID KeLowerIrql(KIRQL)`
fn lower_irql(call: &Call<'_>, new: Irql) {
    call.kernel().lower_irql(new);
}

/// `VOID KeBugCheckEx(ULONG, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR)`
fn bug_check_ex(
    call: &Call<'_>,
    code: u32,
    Word(first): Word,
    Word(second): Word,
    Word(third): Word,
    Word(fourth): Word,
) {
    let code = BugCheckCode::of_driver(code);
    let parameters = [first, second, third, fourth];
    call.kernel().bug_check_with(code, parameters, "the driver called KeBugCheckEx");
}

/// `VOID KeBugCheck(ULONG)`
fn bug_check(call: &Call<'_>, code: u32) {
    let code = BugCheckCode::of_driver(code);
    call.kernel().bug_check_with(code, [0; 4], "the driver called KeBugCheck");
}
