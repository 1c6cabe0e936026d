//! How time passes: delays, stalls, callbacks, the event loop, the clocks.

mod fake;

use std::rc::Rc;

use fake::{Logbook, PORT, answering, bell_on_line, connect, kernel};
use portcls_emulator::{Claim, DueTime, Kernel, Progress, Timer, TimerKind, TriggerMode};

/// One millisecond in the units of a due time.
const MS_100NS: u64 = 10_000;
/// One millisecond in ns.
const MS: u64 = 1_000_000;

#[test]
fn a_delay_ends_at_the_first_clock_interrupt_after_its_time() {
    let kernel = kernel();
    kernel.stall_us(500);
    kernel.delay_execution_thread(MS_100NS);
    assert_eq!(kernel.now_ns(), 2 * MS);
}

#[test]
fn a_stall_ends_at_its_time_with_an_interrupt_inside_at_its_exact_time() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[12_345]);
    connect(&kernel, 9, TriggerMode::Latched, answering(PORT, &log, "isr"));
    kernel.stall_us(50);
    assert_eq!(log.times_ns(), [12_345]);
    assert_eq!(kernel.now_ns(), 50_000, "the time in the service routine counts");
}

#[test]
fn a_stall_that_an_interrupt_outlasts_ends_with_the_interrupt() {
    let kernel = kernel();
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[9_500]);
    connect(
        &kernel,
        9,
        TriggerMode::Latched,
        Rc::new(|kernel| {
            let _ = kernel.read_port_u8(PORT);
            kernel.stall_us(20);
            Claim::Mine
        }),
    );
    kernel.stall_us(10);
    assert_eq!(kernel.now_ns(), 30_500);
}

#[test]
fn callbacks_of_one_time_run_in_the_order_in_which_they_were_asked_for() {
    let (kernel, log) = (kernel(), Logbook::default());
    for (time_ns, word) in [(7_000, "b"), (5_000, "a"), (7_000, "c")] {
        let book = log.clone();
        kernel.at(time_ns, move |kernel| book.write(kernel, word));
    }
    kernel.run_until(10_000);
    assert_eq!(log.words(), ["a", "b", "c"]);
    assert_eq!(log.times_ns(), [5_000, 7_000, 7_000]);
}

#[test]
fn a_callback_may_ask_for_another_and_one_in_the_past_is_now() {
    let (kernel, log) = (kernel(), Logbook::default());
    kernel.stall_us(5);
    let book = log.clone();
    kernel.at(1_000, move |kernel| {
        book.write(kernel, "late");
        let book = book.clone();
        kernel.at(kernel.now_ns() + 10, move |kernel| book.write(kernel, "next"));
    });
    kernel.run_until(10_000);
    assert_eq!(log.times_ns(), [5_000, 5_010]);
}

#[test]
fn a_run_without_an_end_returns_when_nothing_is_left_to_happen() {
    let kernel = kernel();
    let timer = Timer::new(TimerKind::Notification);
    kernel.set_timer(&timer, DueTime::Relative(MS_100NS), 0, None);
    kernel.run_until(u64::MAX);
    assert_eq!(kernel.now_ns(), MS);
}

#[test]
fn run_while_ends_with_its_condition_at_its_limit_or_when_nothing_is_left() {
    let kernel = kernel();
    let tick = |_: &Kernel| ();
    kernel.at(1_000, tick);
    kernel.at(2_000, tick);
    let clock = kernel.clone();
    assert_eq!(kernel.run_while(u64::MAX, || clock.now_ns() < 1_000), Progress::Moved);
    assert_eq!(kernel.now_ns(), 1_000);
    assert_eq!(kernel.run_while(1_500, || true), Progress::Idle);
    assert_eq!(kernel.now_ns(), 1_500);
    assert_eq!(kernel.run_while(9_000, || true), Progress::Idle);
    assert_eq!(kernel.now_ns(), 2_000, "nothing is left, so no time passes");
}

#[test]
fn the_clocks_of_the_kernel_agree() {
    let kernel = kernel();
    kernel.stall_us(123);
    assert_eq!(kernel.interrupt_time_100ns(), 1_230);
    assert_eq!(kernel.performance_counter(), (1_230, 10_000_000));
    assert_eq!(kernel.system_time_100ns(), kernel.config().boot_time_100ns + 1_230);
}
