//! The floating-point state that a driver saves before it calculates.
//!
//! The processor's state does not fit into a driver's KFLOATING_SAVE. The kernel keeps the state as
//! an object that is bound to the address of that structure.
//!
//! Source: WDK, KeSaveFloatingPointState and KeRestoreFloatingPointState.

use std::cell::Cell;
use std::rc::Rc;

use cpu_x86::{Mode, Registers, X87Registers};
use portcls_emulator::{BugCheckCode, Irql, NtStatus};

use crate::guest::Guest;
use crate::processor::vm::initial_x87;
use crate::routine::{Call, Pointer, Routine, row};
use crate::rules::{FLOATING_POINT_KEPT, FLOATING_POINT_NESTING};
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("KeRestoreFloatingPointState", UpTo(DISPATCH_LEVEL), restore_floating_point_state),
    row!("KeSaveFloatingPointState", UpTo(DISPATCH_LEVEL), save_floating_point_state),
];

/// The state of the processor behind a KFLOATING_SAVE.
struct SavedState {
    registers: Registers,
    x87: X87Registers,
    irql: Irql,
    thread: u32,
    /// The innermost state that the same thread had saved before this state and had not restored.
    outer: Option<Rc<SavedState>>,
    /// The number of states from this state to the outermost state: 1 for a state without `outer`.
    depth: usize,
    /// Whether the thread has restored all states that it saved after this state.
    is_innermost: Cell<bool>,
}

impl Bound for SavedState {
    fn left(&self) -> Option<&'static str> {
        Some("floating-point states that were not restored")
    }
}

/// The mark in the last field of a KFLOATING_SAVE that holds a state.
/// Assumed: any value but 0 will do, because the structure is opaque to drivers.
const HOLDS_STATE: u32 = 1;

/// One thread holds at most this number of states, each inside of the state before. Assumed:
/// drivers nest far fewer. With this limit, dropping a chain of states takes little of the host's
/// stack.
const NESTING_LIMIT: usize = 64;

/// Copies the part of the registers that a KFLOATING_SAVE covers.
fn copy_floating_point(from: &Registers, to: &mut Registers) {
    to.xmm = from.xmm;
    to.mxcsr = from.mxcsr;
}

/// `NTSTATUS KeSaveFloatingPointState(PKFLOATING_SAVE)`: saves the state of the processor and gives
/// the caller a fresh state, in which the XMM registers are 0 and the x87 is empty.
///
/// On x64 the routine succeeds, and changes no register. It only writes 0 into the structure.
/// Source: the KFLOATING_SAVE of wdm.h for x64 has no room for a state, and the x64 calling
/// convention lets all code use XMM registers.
///
/// A second save at the same address loses the state that was there. If the lost state was the
/// innermost state of the thread, the new state takes the place of the lost state. If not, the new
/// state is one more state, inside of all others.
///
/// # Errors
/// `STATUS_INSUFFICIENT_RESOURCES` when the thread holds `NESTING_LIMIT` states already, or when an
/// oracle refuses the memory.
/// Source: the page, for the status. Assumed: the limit of 64 states.
fn save_floating_point_state(call: &Call<'_>, save: Pointer) -> Result<(), NtStatus> {
    let guest = call.guest();
    if guest.mode() == Mode::Bits64 {
        guest.store_u32(save.at(guest.layout().kfloating_save.control_word), 0);
        return Ok(());
    }
    call.kernel().ask_allocation()?;
    let lost = guest.bound::<SavedState>(save.0);
    if lost.is_some() {
        let message = format!("{:#x} already holds a state that was not restored", save.0);
        call.kernel().report_violation(&FLOATING_POINT_KEPT, &message);
    }
    let (irql, thread) = (call.kernel().current_irql(), call.kernel().current_thread());
    let innermost = guest
        .find_bound(|state: &SavedState| state.thread == thread && state.is_innermost.get())
        .map(|(_, state)| state);
    let outer = match (innermost, lost) {
        (Some(innermost), Some(lost)) if Rc::ptr_eq(&innermost, &lost) => lost.outer.clone(),
        (innermost, _) => innermost,
    };
    let depth = 1 + outer.as_ref().map_or(0, |outer| outer.depth);
    if depth > NESTING_LIMIT {
        return Err(NtStatus::INSUFFICIENT_RESOURCES);
    }
    if let Some(outer) = &outer {
        outer.is_innermost.set(false);
        if irql < outer.irql {
            let message = format!("a state was saved at {irql} inside of one of {}", outer.irql);
            call.kernel().report_violation(&FLOATING_POINT_NESTING, &message);
        }
    }
    guest.store(save.0, &vec![0; guest.layout().kfloating_save.size_of as usize]);
    guest.store_u32(mark_of(guest, save), HOLDS_STATE);
    let (mut registers, x87) = (guest.cpu().borrow().registers(), guest.cpu().borrow().x87());
    let is_innermost = Cell::new(true);
    let kept = registers.clone();
    let state = SavedState { registers: kept, x87, irql, thread, outer, depth, is_innermost };
    guest.bind(save.0, Rc::new(state));
    copy_floating_point(&Registers::default(), &mut registers);
    guest.cpu().borrow_mut().set_registers(&registers);
    guest.cpu().borrow_mut().set_x87(&initial_x87());
    Ok(())
}

/// `NTSTATUS KeRestoreFloatingPointState(PKFLOATING_SAVE)`
///
/// On x64 the routine succeeds and changes nothing. On x86 this is bug check
/// INVALID_FLOATING_POINT_STATE when the structure holds no state, or a state that was saved at
/// another IRQL or by another thread.
fn restore_floating_point_state(call: &Call<'_>, save: Pointer) -> NtStatus {
    let guest = call.guest();
    if guest.mode() == Mode::Bits64 {
        return NtStatus::SUCCESS;
    }
    let mark = guest.load_u32(mark_of(guest, save));
    let state = guest.bound::<SavedState>(save.0).filter(|_| mark == HOLDS_STATE);
    let Some(state) = state else {
        let message = format!("{:#x} holds no floating-point state to restore", save.0);
        accuse(call, [0, mark.into(), 0], &message);
        return NtStatus::SUCCESS;
    };
    let (irql, thread) = (call.kernel().current_irql(), call.kernel().current_thread());
    if irql != state.irql {
        let message = format!("a floating-point state of {} was restored at {irql}", state.irql);
        accuse(call, [1, state.irql.0.into(), irql.0.into()], &message);
    } else if thread != state.thread {
        let message = "a floating-point state was restored by another thread";
        accuse(call, [2, state.thread.into(), thread.into()], message);
    }
    if !state.is_innermost.get() {
        let message = "a state was restored before one that was saved after it";
        call.kernel().report_violation(&FLOATING_POINT_NESTING, message);
    }
    if let Some(outer) = &state.outer {
        outer.is_innermost.set(true);
    }
    guest.unbind(save.0);
    guest.store_u32(mark_of(guest, save), 0);
    let mut registers = guest.cpu().borrow().registers();
    copy_floating_point(&state.registers, &mut registers);
    guest.cpu().borrow_mut().set_registers(&registers);
    guest.cpu().borrow_mut().set_x87(&state.x87);
    NtStatus::SUCCESS
}

/// The address of the mark in a KFLOATING_SAVE.
fn mark_of(guest: &Guest, save: Pointer) -> u64 {
    save.at(guest.layout().kfloating_save.size_of - 4)
}

fn accuse(call: &Call<'_>, [first, second, third]: [u64; 3], message: &str) {
    let code = BugCheckCode::INVALID_FLOATING_POINT_STATE;
    call.kernel().bug_check_with(code, [first, second, third, 0], message);
}
