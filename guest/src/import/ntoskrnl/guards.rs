//! What a compiler's own code calls when something is wrong, and interrupt synchronisation.

use portcls_emulator::{BugCheckCode, Interrupt, Irql};

use crate::routine::Call;
use crate::rules;

/// The exception of an assertion that nobody debugs. Source: ntstatus.h.
const STATUS_BREAKPOINT: u64 = 0x8000_0003;

/// The exception of a pure virtual function. Assumed: the pages name none.
const STATUS_NOT_IMPLEMENTED: u64 = 0xC000_0002;

/// Bytes of a text in an assertion that are told.
const LONGEST_TEXT: usize = 256;

/// The bug check of an exception that nothing handles.
fn exception(call: &Call<'_>, status: u64, message: &str) {
    let code = if call.kernel().current_irql() >= Irql::DISPATCH_LEVEL {
        BugCheckCode::KMODE_EXCEPTION_NOT_HANDLED
    } else {
        BugCheckCode::SYSTEM_THREAD_EXCEPTION_NOT_HANDLED
    };
    call.kernel().bug_check_with(code, [status, call.return_address(), 0, 0], message);
}

/// `VOID RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PCHAR Message)`: a
/// break into the debugger, and without one the end.
pub(super) fn rtl_assert(call: &Call<'_>) -> u64 {
    let (assertion, file) = (call.pointer(), call.pointer());
    let (line, message) = (call.u32(), call.pointer());
    let text = |address: u64| {
        if !call.guest().is_readable(address, 1) {
            return "?".to_owned();
        }
        let bytes = call.guest().load_c_string(address, LONGEST_TEXT);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut words = format!("assertion failed: {}, {}:{line}", text(assertion), text(file));
    if message != 0 {
        words = format!("{words}: {}", text(message));
    }
    call.kernel().debug_print(format_args!("{words}"));
    exception(call, STATUS_BREAKPOINT, &words);
    0
}

/// `int _purecall(void)`
pub(super) fn purecall(call: &Call<'_>) -> u64 {
    exception(call, STATUS_NOT_IMPLEMENTED, "a pure virtual function was called");
    0
}

/// `EXCEPTION_DISPOSITION __C_specific_handler(...)`: who calls it has an exception to handle.
pub(super) fn c_specific_handler(call: &Call<'_>) -> u64 {
    for _ in 0..4 {
        call.pointer();
    }
    call.kernel().unsupported("__C_specific_handler: structured exception handling");
    0
}

/// `void __security_check_cookie(uintptr_t)`: a cookie that was overwritten is bug check
/// DRIVER_OVERRAN_STACK_BUFFER.
pub(super) fn security_check_cookie(call: &Call<'_>) -> u64 {
    let found = call.pointer();
    let loaded = call.guest().loaded();
    let Some(rva) = loaded.image.load_config().security_cookie_rva else { return 0 };
    let expected = call.guest().load_word(loaded.base + u64::from(rva));
    if found != expected {
        let code = BugCheckCode::DRIVER_OVERRAN_STACK_BUFFER;
        let message = format!("the stack's cookie is {found:#x} and should be {expected:#x}");
        call.kernel().bug_check_with(code, [found, expected, !expected, 0], &message);
    }
    0
}

/// `BOOLEAN KeSynchronizeExecution(PKINTERRUPT, PKSYNCHRONIZE_ROUTINE, PVOID)`
pub(super) fn synchronize_execution(call: &Call<'_>) -> u64 {
    let (interrupt, routine, context) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let Some(interrupt) = guest.bound::<Interrupt>(interrupt) else {
        let message = "KeSynchronizeExecution of an interrupt that is not connected";
        call.kernel().report_violation(&rules::INTERRUPT_NOT_CONNECTED, message);
        return 0;
    };
    let run = |_: &_| guest.call(routine, &[context]);
    call.kernel().synchronize_execution(&interrupt, run) & 0xFF
}
