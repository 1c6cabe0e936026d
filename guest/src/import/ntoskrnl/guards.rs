//! Failed checks and exceptions of a driver, and KeSynchronizeExecution.

use portcls_emulator::{BugCheckCode, Interrupt, Irql};

use crate::routine::{Call, Pointer, Routine, Word, row};
use crate::rules;

pub(super) static ROUTINES: &[Routine] = &[
    row!("KeSynchronizeExecution", ByKernel, synchronize_execution),
    row!("RtlAssert", ByKernel, rtl_assert),
    row!("__C_specific_handler", ByKernel, c_specific_handler).cdecl().refusing(),
    row!("__security_check_cookie", ByKernel, security_check_cookie).fastcall(),
    row!("_purecall", ByKernel, purecall).cdecl(),
];

/// The exception of a failed assertion without a debugger. Source: ntstatus.h.
const STATUS_BREAKPOINT: u64 = 0x8000_0003;

/// The exception that a call of a pure virtual function raises. Assumed: this status, because the
/// documentation names no exception.
const STATUS_NOT_IMPLEMENTED: u64 = 0xC000_0002;

/// The largest number of bytes that the message shows of each text in an assertion.
const LONGEST_TEXT: usize = 256;

/// Raises the bug check of an unhandled exception.
fn exception(call: &Call<'_>, status: u64, message: &str) {
    let code = if call.kernel().current_irql() >= Irql::DISPATCH_LEVEL {
        BugCheckCode::KMODE_EXCEPTION_NOT_HANDLED
    } else {
        BugCheckCode::SYSTEM_THREAD_EXCEPTION_NOT_HANDLED
    };
    call.kernel().bug_check_with(code, [status, call.return_address(), 0, 0], message);
}

/// `VOID RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PCHAR Message)`:
/// on Windows this routine breaks into the debugger. Here there is no kernel debugger, so this is
/// the bug check of an unhandled exception.
fn rtl_assert(call: &Call<'_>, assertion: Pointer, file: Pointer, line: u32, message: Pointer) {
    let text = |address: Pointer| {
        if !call.guest().is_readable(address.0, 1) {
            return "?".to_owned();
        }
        let bytes = call.guest().load_c_string(address.0, LONGEST_TEXT);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut words = format!("assertion failed: {}, {}:{line}", text(assertion), text(file));
    if !message.is_null() {
        words = format!("{words}: {}", text(message));
    }
    call.kernel().debug_print(format_args!("{words}"));
    exception(call, STATUS_BREAKPOINT, &words);
}

/// `int _purecall(void)`
fn purecall(call: &Call<'_>) {
    exception(call, STATUS_NOT_IMPLEMENTED, "a pure virtual function was called");
}

/// `EXCEPTION_DISPOSITION __C_specific_handler(PEXCEPTION_RECORD, PVOID, PCONTEXT,
/// PDISPATCHER_CONTEXT)`: a call means that there is an exception to handle.
fn c_specific_handler(
    call: &Call<'_>,
    _record: Pointer,
    _frame: Pointer,
    _context: Pointer,
    _dispatcher: Pointer,
) {
    call.kernel().unsupported("__C_specific_handler: structured exception handling");
}

/// `void __security_check_cookie(uintptr_t)`: an overwritten cookie is bug check
/// DRIVER_OVERRAN_STACK_BUFFER.
fn security_check_cookie(call: &Call<'_>, Word(found): Word) {
    let loaded = call.guest().loaded();
    let Some(rva) = loaded.image.load_config().security_cookie_rva else { return };
    let expected = call.guest().load_word(loaded.base + u64::from(rva));
    if found != expected {
        let code = BugCheckCode::DRIVER_OVERRAN_STACK_BUFFER;
        let message = format!("the stack's cookie is {found:#x} and should be {expected:#x}");
        call.kernel().bug_check_with(code, [found, expected, !expected, 0], &message);
    }
}

/// `BOOLEAN KeSynchronizeExecution(PKINTERRUPT, PKSYNCHRONIZE_ROUTINE, PVOID)`
fn synchronize_execution(
    call: &Call<'_>,
    interrupt: Pointer,
    routine: Pointer,
    context: Pointer,
) -> u8 {
    let guest = call.guest();
    let Some(interrupt) = guest.bound::<Interrupt>(interrupt.0) else {
        let message = "KeSynchronizeExecution of an interrupt that is not connected";
        call.kernel().report_violation(&rules::INTERRUPT_NOT_CONNECTED, message);
        return 0;
    };
    let run = |_: &_| guest.call(routine.0, &[context.0]);
    call.kernel().synchronize_execution(&interrupt, run) as u8
}
