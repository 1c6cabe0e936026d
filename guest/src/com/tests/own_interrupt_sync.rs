//! An interrupt sync object of the driver's own, used by Rust.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::com::query;
use portcls_port::guid::iid;
use portcls_port::interfaces::{IInterruptSync, RoutinePosition};

use super::{guest, own_object, set_method};
use crate::com::{GuestObject, Hold};
use crate::guest::Guest;

/// CallSynchronizedRoutine that calls the routine with the context, and returns the routine's
/// status:
/// sub rsp, 28h; mov rax, rdx; mov rdx, r8; call rax; add rsp, 28h; ret
const CALL: [u8; 17] = [
    0x48, 0x83, 0xEC, 0x28, 0x48, 0x89, 0xD0, 0x4C, 0x89, 0xC2, 0xFF, 0xD0, 0x48, 0x83, 0xC4, 0x28,
    0xC3,
];

/// CALL with a context that is 8 too large: lea rdx, [r8 + 8] in place of mov rdx, r8.
const CALL_WITH_ANOTHER_CONTEXT: [u8; 18] = [
    0x48, 0x83, 0xEC, 0x28, 0x48, 0x89, 0xD0, 0x49, 0x8D, 0x50, 0x08, 0xFF, 0xD0, 0x48, 0x83, 0xC4,
    0x28, 0xC3,
];

/// CallSynchronizedRoutine and RegisterServiceRoutine that only keep their arguments:
/// mov [rcx + F0h], rdx; mov [rcx + F8h], r8; xor eax, eax; ret
const KEEP: [u8; 17] = [
    0x48, 0x89, 0x91, 0xF0, 0x00, 0x00, 0x00, 0x4C, 0x89, 0x81, 0xF8, 0x00, 0x00, 0x00, 0x31, 0xC0,
    0xC3,
];

/// RegisterServiceRoutine that keeps its arguments and then fails: KEEP with mov eax, C0000001h in
/// place of xor eax, eax.
const KEEP_AND_FAIL: [u8; 20] = [
    0x48, 0x89, 0x91, 0xF0, 0x00, 0x00, 0x00, 0x4C, 0x89, 0x81, 0xF8, 0x00, 0x00, 0x00, 0xB8, 0x01,
    0x00, 0x00, 0xC0, 0xC3,
];

/// An interrupt sync object of the driver. `call` is the code of its CallSynchronizedRoutine.
fn sync(call: &[u8]) -> (Guest, u64, Rc<dyn IInterruptSync>) {
    let guest = guest("x64");
    let object = own_object(&guest);
    set_method(&guest, object, 3, call);
    // Connect and Disconnect: xor eax, eax; ret
    set_method(&guest, object, 5, &[0x31, 0xC0, 0xC3]);
    set_method(&guest, object, 6, &[0x31, 0xC0, 0xC3]);
    set_method(&guest, object, 7, &KEEP);
    // GetKInterrupt: mov eax, 1234h; ret
    set_method(&guest, object, 4, &[0xB8, 0x34, 0x12, 0, 0, 0xC3]);
    let wrapper = GuestObject::wrap(&guest, object, &iid::UNKNOWN, Hold::Retain);
    let sync = query::<dyn IInterruptSync>(&wrapper).expect("it answers everything");
    (guest, object, sync)
}

/// The routine and the context that the driver's object has kept.
fn kept(guest: &Guest, object: u64) -> [u64; 2] {
    [0xF0, 0xF8].map(|offset| guest.load_u64(object + offset))
}

/// Calls a routine as the driver's object does.
fn run(guest: &Guest, object: u64, [routine, context]: [u64; 2]) -> NtStatus {
    let ran = guest.kernel().clone().enter(|_| guest.call(routine, &[object, context]));
    NtStatus(ran.expect("it returns") as u32)
}

#[test]
fn a_synchronised_routine_runs_inside_the_drivers_method_and_its_status_comes_back() {
    let (guest, _, sync) = sync(&CALL);
    let mut count = 0;
    let answer = guest.kernel().clone().enter(|kernel| {
        sync.call_synchronized_routine(kernel, &mut |_| {
            count += 1;
            NtStatus::NO_MATCH
        })
    });
    assert_eq!((answer, count), (Ok(NtStatus::NO_MATCH), 1));
}

/// Both routines borrow from their callers, and the inner call ends before the outer call.
#[test]
fn a_synchronised_call_inside_another_runs_its_own_routine() {
    let (guest, _, sync) = sync(&CALL);
    let mut order = Vec::new();
    let answer = guest.kernel().clone().enter(|kernel| {
        sync.call_synchronized_routine(kernel, &mut |kernel| {
            let mut inner = 0;
            let answer = sync.call_synchronized_routine(kernel, &mut |_| {
                inner = 7;
                NtStatus::NO_MATCH
            });
            order.push((inner, answer));
            NtStatus::SUCCESS
        })
    });
    assert_eq!((answer, order), (Ok(NtStatus::SUCCESS), vec![(7, NtStatus::NO_MATCH)]));
}

#[test]
fn a_routine_is_refused_with_another_context_and_after_its_call() {
    let never = &mut |_: &Kernel| panic!("the context is wrong");
    let (guest, _, sync_of_another) = sync(&CALL_WITH_ANOTHER_CONTEXT);
    let answer = guest
        .kernel()
        .clone()
        .enter(|kernel| sync_of_another.call_synchronized_routine(kernel, never));
    assert_eq!(answer, Ok(NtStatus::INVALID_PARAMETER));
    let refused = guest.kernel().refused_calls();
    let line = "a routine of a system miniport refuses: STATUS_INVALID_PARAMETER";
    assert_eq!(refused.last().expect("it was told").to_string(), line);

    let (guest, object, sync) = sync(&KEEP);
    let answer =
        guest.kernel().clone().enter(|kernel| sync.call_synchronized_routine(kernel, never));
    assert_eq!(answer, Ok(NtStatus::SUCCESS), "the driver's method did not call it");
    assert_eq!(run(&guest, object, kept(&guest, object)), NtStatus::INVALID_PARAMETER);
}

#[test]
fn a_service_routine_is_known_as_long_as_the_driver_is() {
    let (guest, object, sync) = sync(&KEEP);
    let count = Rc::new(Cell::new(0));
    let counter = Rc::clone(&count);
    let routine = Rc::new(move |_: &Kernel| {
        counter.set(counter.get() + 1);
        NtStatus::SUCCESS
    });
    let registered = guest
        .kernel()
        .clone()
        .enter(|kernel| sync.register_service_routine(kernel, routine, RoutinePosition::Tail));
    assert_eq!(registered, Ok(Ok(())));
    let [routine, context] = kept(&guest, object);
    for _ in 0..2 {
        assert_eq!(run(&guest, object, [routine, context]), NtStatus::SUCCESS);
    }
    drop(sync);
    assert_eq!(run(&guest, object, [routine, context]), NtStatus::SUCCESS);
    assert_eq!(count.get(), 3);
    let other = run(&guest, object, [routine, context + 1]);
    assert_eq!(other, NtStatus::INVALID_PARAMETER, "another context");
    guest.end();
    assert_eq!(Rc::strong_count(&count), 1, "the guest lets go of the routine");
}

#[test]
fn the_guest_lets_go_of_a_service_routine_that_is_refused_or_disconnected() {
    let (guest, object, sync) = sync(&KEEP);
    let owned = Rc::new(());
    let register = || {
        let held = Rc::clone(&owned);
        let routine = Rc::new(move |_: &Kernel| {
            let _ = &held;
            NtStatus::SUCCESS
        });
        let entered = guest
            .kernel()
            .clone()
            .enter(|kernel| sync.register_service_routine(kernel, routine, RoutinePosition::Tail));
        entered.expect("it returns")
    };
    assert_eq!([register(), register()], [Ok(()), Ok(())]);
    let kernel = guest.kernel().clone();
    let connect = || kernel.enter(|kernel| sync.connect(kernel)).expect("it returns");
    let disconnect = || kernel.enter(|kernel| sync.disconnect(kernel)).expect("it returns");
    assert_eq!([connect(), connect()], [Ok(()), Ok(())], "two miniports share the object");
    disconnect();
    assert_eq!(Rc::strong_count(&owned), 3);
    assert_eq!(run(&guest, object, kept(&guest, object)), NtStatus::SUCCESS);
    disconnect();
    assert_eq!(Rc::strong_count(&owned), 1, "both are gone");
    assert_eq!(run(&guest, object, kept(&guest, object)), NtStatus::INVALID_PARAMETER);

    set_method(&guest, object, 7, &KEEP_AND_FAIL);
    assert_eq!(register(), Err(NtStatus::UNSUCCESSFUL));
    assert_eq!(Rc::strong_count(&owned), 1, "the object refused it");
    assert_eq!(run(&guest, object, kept(&guest, object)), NtStatus::INVALID_PARAMETER);
}

#[test]
fn a_pointer_that_leads_to_no_interrupt_counts_as_none() {
    let (guest, _, sync) = sync(&CALL);
    let interrupt =
        guest.kernel().clone().enter(|_| IInterruptSync::get_kinterrupt(&*sync).is_none());
    assert_eq!(interrupt, Ok(true));
}
