//! The DPC queue: coalescing, order, removal, flushing, endless DPCs.

mod fake;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use fake::{Logbook, PORT, bell_on_line, connect, hang, kernel};
use portcls_emulator::{Claim, Dpc, DpcImportance, Irql, Kernel, TriggerMode};

fn dpc(kernel: &Kernel, log: &Logbook, name: &'static str) -> Dpc {
    let log = log.clone();
    Dpc::new(kernel, name, Rc::new(move |kernel| log.write(kernel, name)))
}

#[test]
fn a_queued_dpc_is_not_queued_again() {
    let (kernel, log) = (kernel(), Logbook::default());
    let once = dpc(&kernel, &log, "once");
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    assert!(kernel.insert_queue_dpc(&once));
    assert!(!kernel.insert_queue_dpc(&once));
    assert!(once.is_queued());
    kernel.lower_irql(old);
    assert!(!once.is_queued());
    assert_eq!(log.count("once"), 1);
}

#[test]
fn high_importance_goes_to_the_front_and_the_others_to_the_end() {
    let (kernel, log) = (kernel(), Logbook::default());
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    for (name, importance) in [
        ("medium", DpcImportance::Medium),
        ("low", DpcImportance::Low),
        ("high", DpcImportance::High),
        ("medium again", DpcImportance::Medium),
        ("high again", DpcImportance::High),
    ] {
        let dpc = dpc(&kernel, &log, name);
        dpc.set_importance(importance);
        kernel.insert_queue_dpc(&dpc);
    }
    kernel.lower_irql(old);
    assert_eq!(log.words(), ["high again", "high", "medium", "low", "medium again"]);
}

#[test]
fn a_removed_dpc_does_not_run_and_cannot_be_removed_twice() {
    let (kernel, log) = (kernel(), Logbook::default());
    let (gone, stays) = (dpc(&kernel, &log, "gone"), dpc(&kernel, &log, "stays"));
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    kernel.insert_queue_dpc(&gone);
    kernel.insert_queue_dpc(&stays);
    assert!(kernel.remove_queue_dpc(&gone));
    assert!(!kernel.remove_queue_dpc(&gone));
    kernel.lower_irql(old);
    assert_eq!(log.words(), ["stays"]);
}

#[test]
fn flush_returns_when_all_that_was_queued_has_run() {
    let (kernel, log) = (kernel(), Logbook::default());
    let (first, second) = (dpc(&kernel, &log, "first"), dpc(&kernel, &log, "second"));
    kernel.insert_queue_dpc(&first);
    kernel.insert_queue_dpc(&second);
    kernel.flush_queued_dpcs();
    assert_eq!(log.words(), ["first", "second"]);
    assert_eq!(kernel.counters().dpcs, 2);
}

#[test]
fn flush_above_passive_level_is_a_violation() {
    let kernel = kernel();
    kernel.raise_irql(Irql::DISPATCH_LEVEL);
    kernel.flush_queued_dpcs();
    assert_eq!(kernel.violations()[0].rule.id, "irql-too-high");
}

#[test]
fn a_dpc_can_queue_itself_while_it_runs() {
    let (kernel, log) = (kernel(), Logbook::default());
    let own: Rc<RefCell<Option<Dpc>>> = Rc::default();
    let (inside, book, left) = (Rc::clone(&own), log.clone(), Cell::new(3));
    let again = Dpc::new(
        &kernel,
        "again",
        Rc::new(move |kernel| {
            book.write(kernel, "run");
            left.set(left.get() - 1);
            if left.get() > 0 {
                let dpc = inside.borrow().clone().expect("set before the first run");
                assert!(kernel.insert_queue_dpc(&dpc), "it left the queue before it ran");
            }
        }),
    );
    *own.borrow_mut() = Some(again.clone());
    kernel.insert_queue_dpc(&again);
    kernel.flush_queued_dpcs();
    assert_eq!(log.count("run"), 3);
}

#[test]
fn a_dpc_that_always_queues_itself_is_a_hang_that_names_it() {
    let result = kernel().enter(|kernel| {
        let own: Rc<RefCell<Option<Dpc>>> = Rc::default();
        let inside = Rc::clone(&own);
        let routine = Rc::new(move |kernel: &Kernel| {
            let dpc = inside.borrow().clone();
            kernel.insert_queue_dpc(&dpc.expect("set before the first run"));
        });
        let forever = Dpc::new(kernel, "forever", routine);
        *own.borrow_mut() = Some(forever.clone());
        kernel.insert_queue_dpc(&forever);
        kernel.run_until(1_000);
    });
    assert!(hang(result).contains("forever"));
}

#[test]
fn one_dpc_serves_several_interrupts() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[5_000, 10_000, 15_000]);
    let later = dpc(&kernel, &log, "dpc");
    let book = log.clone();
    let routine = Rc::new(move |kernel: &Kernel| {
        let _ = kernel.read_port_u8(PORT);
        book.write(kernel, if kernel.insert_queue_dpc(&later) { "queued" } else { "coalesced" });
        Claim::Mine
    });
    connect(&kernel, 9, TriggerMode::Latched, routine);
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    kernel.stall_us(50);
    kernel.lower_irql(old);
    assert_eq!(log.words(), ["queued", "coalesced", "coalesced", "dpc"]);
}

#[test]
fn a_dpc_that_the_service_routine_queued_runs_right_after_it_below_dispatch_level() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[5_000]);
    let later = dpc(&kernel, &log, "dpc");
    let book = log.clone();
    let routine = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "isr");
        let _ = kernel.read_port_u8(PORT);
        kernel.insert_queue_dpc(&later);
        Claim::Mine
    });
    connect(&kernel, 9, TriggerMode::Latched, routine);
    kernel.stall_us(50);
    log.write(&kernel, "thread");
    assert_eq!(log.words(), ["isr", "dpc", "thread"]);
    assert_eq!(log.times_ns(), [5_000, 6_000, 50_000]);
}

#[test]
fn an_interrupt_breaks_into_a_dpc_and_its_dpc_waits_for_the_end_of_the_first() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[5_000]);
    let later = dpc(&kernel, &log, "second");
    let book = log.clone();
    let routine = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "isr");
        let _ = kernel.read_port_u8(PORT);
        kernel.insert_queue_dpc(&later);
        Claim::Mine
    });
    connect(&kernel, 9, TriggerMode::Latched, routine);
    let book = log.clone();
    let long = Dpc::new(
        &kernel,
        "first",
        Rc::new(move |kernel| {
            book.write(kernel, "first begins");
            kernel.stall_us(20);
            book.write(kernel, "first ends");
        }),
    );
    kernel.insert_queue_dpc(&long);
    kernel.run_until(100_000);
    assert_eq!(log.words(), ["first begins", "isr", "first ends", "second"]);
    assert_eq!(kernel.counters().longest_dpc_ns, 20_000);
}

#[test]
fn a_dpc_queued_at_passive_level_runs_before_a_stall_and_not_after_it() {
    let (kernel, log) = (kernel(), Logbook::default());
    let soon = dpc(&kernel, &log, "dpc");
    kernel.insert_queue_dpc(&soon);
    kernel.stall_us(50);
    assert_eq!(log.times_ns(), [0]);
}

#[test]
fn a_dpc_that_returns_at_another_irql_is_a_violation_and_the_queue_goes_on() {
    let (kernel, log) = (kernel(), Logbook::default());
    let bad = Dpc::new(
        &kernel,
        "bad",
        Rc::new(|kernel| {
            kernel.raise_irql(Irql::HIGH_LEVEL);
        }),
    );
    kernel.insert_queue_dpc(&bad);
    kernel.insert_queue_dpc(&dpc(&kernel, &log, "next"));
    kernel.flush_queued_dpcs();
    assert_eq!(log.words(), ["next"]);
    assert_eq!(kernel.violations()[0].rule.id, "IrqlReturn");
    assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
}

#[test]
fn a_dpc_may_remove_flush_and_queue_others_without_harm() {
    let (kernel, log) = (kernel(), Logbook::default());
    let (victim, friend) = (dpc(&kernel, &log, "victim"), dpc(&kernel, &log, "friend"));
    let (gone, new) = (victim.clone(), friend.clone());
    let busy = Dpc::new(
        &kernel,
        "busy",
        Rc::new(move |kernel| {
            kernel.remove_queue_dpc(&gone);
            kernel.insert_queue_dpc(&new);
            kernel.flush_queued_dpcs();
        }),
    );
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    kernel.insert_queue_dpc(&busy);
    kernel.insert_queue_dpc(&victim);
    kernel.lower_irql(old);
    assert_eq!(log.words(), ["friend"]);
}
