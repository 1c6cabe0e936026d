//! System threads of a driver: waits, handles, the end, and mistakes.

mod program;

use cpu_x86::Mode;
use portcls_emulator::{Irql, NtStatus, Running, Stop};

use super::{BOTH, Bench};
use crate::processor::control_region::thread_type;
use crate::processor::space::Space;
use program::Program;

/// One millisecond from now, as the LARGE_INTEGER of a wait.
const ONE_MS: u64 = (-10_000_i64) as u64;

fn event(bench: &Bench, kind: u64) -> u64 {
    let event = bench.memory(u64::from(bench.guest.layout().kevent.size_of));
    bench.call("KeInitializeEvent", &[event, kind, 0]);
    event
}

/// Creates a thread of this code; returns its handle.
fn create(bench: &Bench, code: u64) -> u64 {
    let out = bench.memory(8);
    let status = bench.status("PsCreateSystemThread", &[out, 0, 0, 0, 0, code, 0x77]);
    assert_eq!(status, NtStatus::SUCCESS);
    bench.guest.load_word(out)
}

/// Takes a reference to the object of a thread, and closes the handle of the thread. Returns the
/// address of the object.
fn object_of(bench: &Bench, handle: u64) -> u64 {
    let out = bench.memory(8);
    let kind = thread_type(Space::of(bench.guest.mode()));
    let arguments = [handle, 0, kind, 0, out, 0];
    assert_eq!(bench.status("ObReferenceObjectByHandle", &arguments), NtStatus::SUCCESS);
    assert_eq!(bench.status("ZwClose", &[handle]), NtStatus::SUCCESS);
    bench.guest.load_word(out)
}

/// Creates a thread that waits for an event. Then the thread stores the status of the wait at
/// `told`, and after the status the value that a register kept during the wait. `limit` is the
/// address of the LARGE_INTEGER of the wait, or 0. Returns the handle of the thread.
fn waiter(bench: &Bench, event: u64, limit: u64, told: u64) -> u64 {
    let mut code = Program::new(bench);
    code.keep(0x1234);
    code.call("KeWaitForSingleObject", &[event, 0, 0, 0, limit]);
    code.store_result(told);
    code.store_kept(told + 4);
    create(bench, code.finish())
}

#[test]
fn two_threads_wait_at_once_and_are_woken_in_either_order() {
    for mode in BOTH {
        for [first, second] in [[0, 1], [1, 0]] {
            let bench = Bench::plain(mode);
            let events = [event(&bench, 1), event(&bench, 1)];
            let told = [bench.bytes(&[0xFF; 8]), bench.bytes(&[0xFF; 8])];
            for (event, told) in events.into_iter().zip(told) {
                object_of(&bench, waiter(&bench, event, 0, told));
            }
            bench.run_work_items();
            let statuses = || told.map(|told| bench.guest.load_u32(told));
            assert_eq!(statuses(), [u32::MAX; 2]);
            for index in [first, second] {
                bench.call("KeSetEvent", &[events[index], 0, 0]);
                bench.run_work_items();
                assert_eq!(bench.guest.load_u32(told[index]), 0, "{mode:?}");
                let kept = bench.guest.load_u32(told[index] + 4);
                assert_eq!(kept, 0x1234, "{mode:?}: each thread has its registers");
                let other = bench.guest.load_u32(told[1 - index]);
                assert_eq!(other == 0, index == second, "{mode:?}");
            }
        }
    }
}

#[test]
fn a_thread_is_waited_for_and_its_object_goes_with_the_last_reference() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let told = bench.bytes(&[0xFF; 8]);
        let limit = bench.memory(8);
        bench.guest.store_u64(limit, ONE_MS);
        let handle = waiter(&bench, event(&bench, 1), limit, told);
        let place = "before the kernel";
        let left = format!("open handles of system threads: 1, by PsCreateSystemThread {place}");
        assert_eq!(bench.left(), [left]);
        let object = object_of(&bench, handle);
        assert_eq!(
            bench.left(),
            [format!("referenced system threads: 1, by PsCreateSystemThread {place}")]
        );
        assert_eq!(bench.guest.load_u32(object + 4), 0, "it lives");
        let waited = bench.status("KeWaitForSingleObject", &[object, 0, 0, 0, 0]);
        assert_eq!(waited, NtStatus::SUCCESS);
        assert_eq!(NtStatus(bench.guest.load_u32(told)), NtStatus::TIMEOUT);
        // The wait begins a little after time 0, and takes 1 ms. So it ends at the second clock
        // interrupt, at 2 ms.
        assert_eq!(bench.kernel.now_ns() / 1_000_000, 2);
        assert_eq!(bench.guest.load_u32(object + 4), 1, "it has ended");
        assert_eq!(bench.call("ObfReferenceObject", &[object]), 3);
        assert_eq!(bench.call("ObfDereferenceObject", &[object]), 2);
        assert_eq!(bench.call("ObfDereferenceObject", &[object]), 1);
        assert_eq!(bench.left(), [""; 0]);
        assert!(!bench.guest.is_readable(object, 1), "{mode:?}: nothing reaches it");
    }
}

#[test]
fn a_thread_waits_for_one_of_several_objects_or_for_all() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let events = [event(&bench, 1), event(&bench, 1)];
        let array = bench.memory(16);
        for (index, event) in (0..).zip(events) {
            bench.guest.store_word(array + index * bench.guest.pointer_bytes(), event);
        }
        let told = bench.bytes(&[0xFF; 8]);
        let mut code = Program::new(&bench);
        for (kind, place) in [(1, told), (0, told + 4)] {
            code.call("KeWaitForMultipleObjects", &[2, array, kind, 0, 0, 0, 0, 0]);
            code.store_result(place);
        }
        create(&bench, code.finish());
        let set = |index: usize| {
            bench.call("KeSetEvent", &[events[index], 0, 0]);
            bench.run_work_items();
            [bench.guest.load_u32(told), bench.guest.load_u32(told + 4)]
        };
        bench.run_work_items();
        assert_eq!(set(1), [1, u32::MAX], "{mode:?}: the index of the object");
        assert_eq!(set(1), [1, u32::MAX], "{mode:?}: not all");
        assert_eq!(set(0), [1, 0], "{mode:?}");
    }
}

#[test]
fn a_wait_for_too_many_objects_is_bug_check_0c() {
    for mode in BOTH {
        for (count, blocks) in [(4, 0), (65, 1)] {
            let bench = Bench::plain(mode);
            let words = [count, bench.memory(1024), 1, 0, 0, 0, 0, blocks];
            assert_eq!(bench.bug_check("KeWaitForMultipleObjects", &words).0, 0x0C);
        }
    }
}

#[test]
fn a_thread_that_delays_and_ends_itself_does_not_come_back() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (told, time) = (bench.memory(8), bench.memory(8));
        bench.guest.store_u64(time, ONE_MS);
        let mut code = Program::new(&bench);
        code.call("KeDelayExecutionThread", &[0, 0, time]);
        code.keep(1);
        code.store_kept(told);
        code.call("PsTerminateSystemThread", &[0xC000_0001]);
        code.store_kept(told + 4);
        let object = object_of(&bench, create(&bench, code.finish()));
        bench.run_work_items();
        bench.run_work_items();
        bench.run_work_items();
        let stored = [0, 4].map(|offset| bench.guest.load_u32(told + offset));
        assert_eq!((stored, bench.guest.load_u32(object + 4)), ([1, 0], 1), "{mode:?}");
        let not_own = bench.status("PsTerminateSystemThread", &[0]);
        assert_eq!(not_own, NtStatus::INVALID_PARAMETER, "this is no system thread");
    }
}

#[test]
fn a_thread_finds_itself_and_its_number_and_priority() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (handle, client, told) = (bench.memory(8), bench.memory(16), bench.memory(32));
        let mut code = Program::new(&bench);
        code.call("PsGetCurrentThread", &[]);
        code.store_result(told);
        code.store_current_thread(told + 8);
        code.call("PsGetCurrentThreadId", &[]);
        code.store_result(told + 16);
        let words = [handle, 0, 0, 0, client, code.finish(), 0];
        assert_eq!(bench.status("PsCreateSystemThread", &words), NtStatus::SUCCESS);
        let object = object_of(&bench, bench.guest.load_word(handle));
        assert_eq!(bench.call("KeSetPriorityThread", &[object, 16]), 8);
        assert_eq!(bench.call("KeQueryPriorityThread", &[object]), 16);
        let first = bench.call_for_pointer("KeGetCurrentThread", &[]);
        bench.run_work_items();
        let load = |offset| bench.guest.load_u32(told + offset);
        assert_eq!([load(0), load(8)], [object as u32; 2], "{mode:?}");
        let id = bench.guest.load_word(client + bench.guest.pointer_bytes());
        assert_eq!((bench.guest.load_word(client), u64::from(load(16))), (4, id), "{mode:?}");
        assert_eq!(bench.call_for_pointer("KeGetCurrentThread", &[]), first);
        assert_ne!(bench.call("PsGetCurrentThreadId", &[]), load(16));
    }
}

#[test]
fn code_below_a_routine_that_waits_waits_inside_of_it() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (told, time, out) = (bench.memory(8), bench.memory(8), bench.memory(8));
        bench.guest.store_u64(time, ONE_MS);
        bench.call("KsRegisterWorker", &[1, out]);
        let worker = bench.guest.load_word(out);
        let mut routine = Program::new(&bench);
        routine.call("KeDelayExecutionThread", &[0, 0, time]);
        routine.keep(1);
        routine.store_kept(told);
        let fields = &bench.guest.layout().work_queue_item;
        let item = bench.memory(u64::from(fields.size_of));
        bench.guest.store_word(item + u64::from(fields.worker_routine), routine.finish());
        let mut code = Program::new(&bench);
        code.call("KsQueueWorkItem", &[worker, item]);
        code.call("KsUnregisterWorker", &[worker]);
        code.load_to_kept(told);
        code.store_kept(told + 4);
        object_of(&bench, create(&bench, code.finish()));
        bench.run_work_items();
        bench.run_work_items();
        bench.run_work_items();
        let stored = [0, 4].map(|offset| bench.guest.load_u32(told + offset));
        assert_eq!((stored, bench.kernel.violation_count()), ([1, 1], 0), "{mode:?}");
    }
}

#[test]
fn a_thread_waits_for_a_fast_mutex_that_a_waiting_thread_holds() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let mutex = bench.memory(u64::from(bench.guest.layout().fast_mutex.size_of));
        let told = bench.memory(8);
        let mut code = Program::new(&bench);
        code.call_fast("ExAcquireFastMutex", mutex);
        code.call("KeGetCurrentIrql", &[]);
        code.store_result(told);
        code.call_fast("ExReleaseFastMutex", mutex);
        code.call("KeGetCurrentIrql", &[]);
        code.store_result(told + 4);
        bench.guest.store_u32(told + 4, 0xFF);
        let object = object_of(&bench, create(&bench, code.finish()));
        bench.call("ExAcquireFastMutex", &[mutex]);
        // The thread of the test owns the mutex now. The new thread runs, and cannot get it.
        bench.run_work_items();
        assert_eq!(bench.guest.load_u32(told), 0, "{mode:?}");
        bench.call("ExReleaseFastMutex", &[mutex]);
        let waited = bench.status("KeWaitForSingleObject", &[object, 0, 0, 0, 0]);
        assert_eq!(waited, NtStatus::SUCCESS);
        let stored = [0, 4].map(|offset| bench.guest.load_u32(told + offset) & 0xFF);
        assert_eq!((stored, bench.kernel.violation_count()), ([1, 0], 0), "{mode:?}");
    }
}

#[test]
fn a_thread_that_lives_when_its_driver_is_unloaded_is_bug_check_ce() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let wanted = event(&bench, 1);
        waiter(&bench, wanted, 0, bench.memory(8));
        bench.run_work_items();
        match bench.kernel.enter(|_| bench.guest.check_unload()) {
            Err(Stop::BugCheck(bug)) => assert_eq!(bug.code.number(), 0xCE, "{}", bug.message),
            other => panic!("no bug check but {other:?}"),
        }
        let bench = Bench::plain(mode);
        let wanted = event(&bench, 1);
        waiter(&bench, wanted, 0, bench.memory(8));
        bench.call("KeSetEvent", &[wanted, 0, 0]);
        bench.run_work_items();
        assert_eq!(bench.kernel.enter(|_| bench.guest.check_unload()), Ok(()));
    }
}

#[test]
fn a_thread_has_a_stack_with_a_guard_of_its_own() {
    for mode in BOTH {
        // push eax; jmp to the push; on x64 with RAX in place of EAX
        let bench = Bench::new(mode, [&[0x50, 0xEB, 0xFD], &[0x50, 0xEB, 0xFD]]);
        create(&bench, bench.code());
        match bench.kernel.enter(|kernel| kernel.run_until(1_000_000)) {
            Err(Stop::BugCheck(bug)) => assert_eq!(bug.code.number(), 0x7F, "{}", bug.message),
            other => panic!("no bug check but {other:?}"),
        }
        assert_eq!(bench.kernel.running(), Running::SystemThread(1));
    }
}

#[test]
fn mistakes_with_threads_are_refused_or_break_a_rule() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let out = bench.memory(8);
        let code = Program::new(&bench).finish();
        let create_in =
            |process| bench.status("PsCreateSystemThread", &[out, 0, 0, process, 0, code, 0]);
        assert_eq!(create_in(0x44), NtStatus::INVALID_HANDLE);
        bench.kernel.raise_irql(Irql::APC_LEVEL);
        assert_eq!(create_in(0), NtStatus::SUCCESS);
        bench.kernel.lower_irql(Irql::PASSIVE_LEVEL);
        assert_eq!(bench.broken_rules(), ["irql-too-high"]);
        let handle = bench.guest.load_word(out);
        let reference =
            |handle, kind| bench.status("ObReferenceObjectByHandle", &[handle, 0, kind, 0, out, 0]);
        assert_eq!(reference(handle, 0x1000), NtStatus::OBJECT_TYPE_MISMATCH);
        assert_eq!(reference(handle + 4, 0), NtStatus::INVALID_HANDLE);
        let no_file = bench.status("ZwReadFile", &[handle, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(no_file, NtStatus::OBJECT_TYPE_MISMATCH);
        let object = object_of(&bench, handle);
        assert_eq!(bench.status("ZwClose", &[handle]), NtStatus::INVALID_HANDLE);
        bench.call("ObfDereferenceObject", &[object]);
        assert_eq!(bench.bug_check("ObfDereferenceObject", &[object]).0, 0x18);
    }
}

#[test]
fn a_thread_that_returns_at_a_raised_level_breaks_a_rule() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let mut code = Program::new(&bench);
        code.call("KeRaiseIrql", &[1, bench.memory(8)]);
        create(&bench, code.finish());
        bench.run_work_items();
        assert_eq!(bench.broken_rules(), ["IrqlReturn"]);
        assert_eq!(bench.kernel.current_irql(), Irql::PASSIVE_LEVEL);
    }
}

#[test]
fn the_variable_for_the_type_of_threads_leads_to_the_type() {
    // mov rax, [slot]; mov rax, [rax]; mov rax, [rax]; ret; on x86 with EAX in place of RAX
    let wide = [0x48, 0x8B, 0x05, 0x39, 0x10, 0, 0, 0x48, 0x8B, 0, 0x48, 0x8B, 0, 0xC3];
    for mode in BOTH {
        let base = Bench::plain(mode).guest.loaded().base as u32;
        let slot = (base + 0x2040).to_le_bytes();
        let narrow = [&[0xA1][..], &slot, &[0x8B, 0, 0x8B, 0, 0xC3]].concat();
        let bench = Bench::importing(mode, [&narrow, &wide], "PsThreadType");
        let found = bench.run(bench.code(), &[]).expect("it returns");
        let found = if mode == Mode::Bits32 { found & 0xFFFF_FFFF } else { found };
        assert_eq!(found, thread_type(Space::of(mode)));
    }
}
