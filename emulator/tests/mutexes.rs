//! Mutexes, fast mutexes, and the warnings about long routines.

mod fake;

use std::rc::Rc;

use fake::{Logbook, bug_check, hang, kernel};
use portcls_emulator::{Advice, Dpc, FastMutex, Irql, Kernel, Mutex, NtStatus, Timeout, WorkItem};

fn take(kernel: &Kernel, mutex: &Mutex) -> NtStatus {
    kernel.wait_for_single_object(mutex, Timeout::Relative(0))
}

#[test]
fn the_owner_of_a_mutex_takes_it_again_and_gives_it_back_as_often() {
    let kernel = kernel();
    let mutex = Mutex::new(&kernel);
    assert_eq!([take(&kernel, &mutex), take(&kernel, &mutex)], [NtStatus::SUCCESS; 2]);
    assert_eq!([kernel.release_mutex(&mutex), mutex.is_free()], [true, false]);
    assert_eq!([kernel.release_mutex(&mutex), mutex.is_free()], [false, true]);
}

#[test]
fn another_thread_waits_until_the_mutex_is_free() {
    let (kernel, log) = (kernel(), Logbook::default());
    let mutex = Mutex::new(&kernel);
    take(&kernel, &mutex);
    let (wanted, book) = (mutex.clone(), log.clone());
    let item = WorkItem::new(Rc::new(move |kernel| {
        book.write(kernel, &take(kernel, &wanted).to_string());
    }));
    kernel.queue_work_item(&item);
    kernel.delay_execution_thread(10_000);
    kernel.release_mutex(&mutex);
    kernel.queue_work_item(&item);
    kernel.delay_execution_thread(10_000);
    assert_eq!(log.words(), ["STATUS_TIMEOUT", "STATUS_SUCCESS"]);
}

#[test]
fn a_mutex_that_is_released_by_another_thread_is_bug_check_1e() {
    let result = kernel().enter(|kernel| kernel.release_mutex(&Mutex::new(kernel)));
    assert_eq!(bug_check(result), (0x1E, 0xC000_0046));
}

#[test]
fn a_fast_mutex_keeps_its_owner_at_apc_level() {
    let kernel = kernel();
    let mutex = FastMutex::new();
    kernel.acquire_fast_mutex(&mutex);
    assert_eq!((kernel.current_irql(), mutex.is_owned()), (Irql::APC_LEVEL, true));
    kernel.release_fast_mutex(&mutex);
    assert_eq!((kernel.current_irql(), mutex.is_owned()), (Irql::PASSIVE_LEVEL, false));
    assert_eq!(kernel.violation_count(), 0);
}

#[test]
fn a_fast_mutex_that_its_owner_takes_again_is_a_hang() {
    let result = kernel().enter(|kernel| {
        let mutex = FastMutex::new();
        kernel.acquire_fast_mutex(&mutex);
        kernel.acquire_fast_mutex(&mutex);
    });
    assert_eq!(hang(result), "a fast mutex");
}

#[test]
fn a_fast_mutex_that_nobody_owns_cannot_be_given_back() {
    let result = kernel().enter(|kernel| {
        kernel.raise_irql(Irql::APC_LEVEL);
        kernel.release_fast_mutex(&FastMutex::new());
    });
    assert_eq!(bug_check(result), (0xC4, 0x34));
}

#[test]
fn a_long_dpc_and_a_long_stall_are_warned_of_and_break_no_rule() {
    let kernel = kernel();
    let dpc = Dpc::new(&kernel, "slow", Rc::new(|kernel| kernel.stall_us(101)));
    kernel.insert_queue_dpc(&dpc);
    kernel.insert_queue_dpc(&dpc);
    kernel.stall_us(50);
    let warnings = kernel.warnings();
    let advice: Vec<Advice> = warnings.iter().map(|warning| warning.advice).collect();
    assert_eq!(advice, [Advice::Stall, Advice::Dpc]);
    assert_eq!((warnings[1].count, warnings[1].longest_ns), (2, 101_000));
    assert_eq!((warnings[1].first_ns, kernel.violation_count()), (101_000, 0));
}
