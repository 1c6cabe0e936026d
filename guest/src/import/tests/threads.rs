//! The current thread, and work items in the driver's memory.

use cpu_x86::Mode;

use super::{BOTH, Bench};

/// A guest whose code is a worker routine: it stores the address of the current thread's object
/// where its parameter points.
fn bench(mode: Mode) -> Bench {
    // mov eax, fs:[124h]; mov ecx, [esp+4]; mov [ecx], eax; ret 4
    let narrow = [0x64, 0xA1, 0x24, 1, 0, 0, 0x8B, 0x4C, 0x24, 4, 0x89, 0x01, 0xC2, 4, 0];
    // mov rax, gs:[188h]; mov [rcx], rax; ret
    let wide = [0x65, 0x48, 0x8B, 0x04, 0x25, 0x88, 1, 0, 0, 0x48, 0x89, 0x01, 0xC3];
    Bench::new(mode, [&narrow, &wide])
}

/// A WORK_QUEUE_ITEM for the guest's code, as ExInitializeWorkItem fills it in.
fn item(bench: &Bench, parameter: u64) -> u64 {
    let fields = &bench.guest.layout().work_queue_item;
    let item = bench.memory(u64::from(fields.size_of));
    bench.guest.store_word(item + u64::from(fields.worker_routine), bench.code());
    bench.guest.store_word(item + u64::from(fields.parameter), parameter);
    item
}

#[test]
fn a_work_item_runs_in_another_thread_and_afterwards_the_first_goes_on() {
    for mode in BOTH {
        let bench = bench(mode);
        let inline = |told| {
            bench.run(bench.code(), &[told]).expect("it returns");
            bench.guest.load_word(told)
        };
        let told = bench.memory(8);
        let current = || bench.call_for_pointer("PsGetCurrentThread", &[]);
        let first = current();
        assert_eq!(bench.call_for_pointer("KeGetCurrentThread", &[]), first);
        assert_eq!(inline(told), first);
        bench.call("ExQueueWorkItem", &[item(&bench, told), 1]);
        let place = "by ExQueueWorkItem before the kernel";
        assert_eq!(bench.left(), [format!("work items that are queued: 1, {place}")]);
        bench.run_work_items();
        assert_ne!(bench.guest.load_word(told), first);
        assert_eq!((current(), inline(told)), (first, first));
        assert_eq!(bench.left(), [""; 0]);
    }
}

#[test]
fn an_item_is_queued_again_when_it_has_run_and_not_before() {
    for mode in BOTH {
        let bench = bench(mode);
        let told = bench.memory(8);
        let item = item(&bench, told);
        bench.call("ExQueueWorkItem", &[item, 0]);
        bench.call("ExQueueWorkItem", &[item, 0]);
        assert_eq!(bench.broken_rules(), ["work-item-queued-twice"]);
        bench.run_work_items();
        bench.guest.store_word(told, 0);
        bench.call("ExQueueWorkItem", &[item, 0]);
        bench.run_work_items();
        assert_ne!(bench.guest.load_word(told), 0);
        assert_eq!(bench.broken_rules().len(), 1);
    }
}

#[test]
fn memory_with_a_queued_item_in_it_must_not_be_freed() {
    for mode in BOTH {
        let bench = bench(mode);
        let item = item(&bench, bench.memory(8));
        bench.call("ExQueueWorkItem", &[item, 0]);
        assert_eq!(bench.bug_check("ExFreePool", &[item]).0, 0xC7);
    }
}
