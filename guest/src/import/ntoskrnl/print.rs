//! DbgPrint: the messages of a driver.
//!
//! A bad pointer in an argument appears in the text and never ends the run. On Windows such a
//! pointer causes no bug check either.
//! Source: WDK, DbgPrint.

use portcls_emulator::NtStatus;

use super::formatting::{Arguments, BadPointers, Form, Values, Width, formatted};
use crate::routine::{Call, Pointer, Routine, Variables, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("DbgPrint", ByKernel, dbg_print).cdecl(),
    row!("DbgPrintEx", ByKernel, dbg_print_ex).cdecl(),
];

/// The longest message in bytes. Source: WDK, DbgPrint.
const LONGEST: usize = 512;

/// `ULONG DbgPrint(PCSTR, ...)`
fn dbg_print(call: &Call<'_>, format: Pointer, variables: Variables) -> NtStatus {
    let form = Form { width: Width::Narrow, longest: LONGEST, bad_pointers: BadPointers::Shown };
    let text = formatted(&Arguments { call, form, values: Values::OfCall(variables) }, format);
    call.kernel().debug_print(format_args!("{text}"));
    NtStatus::SUCCESS
}

/// `ULONG DbgPrintEx(ULONG, ULONG, PCSTR, ...)`
///
/// Assumed: messages of every component and level are shown. On Windows too, a debugger can ask for
/// all messages.
fn dbg_print_ex(
    call: &Call<'_>,
    _component: u32,
    _level: u32,
    format: Pointer,
    variables: Variables,
) -> NtStatus {
    dbg_print(call, format, variables)
}
