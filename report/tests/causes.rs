//! The cause of each event: what it waited for, and how long.

use portcls_report::causes::{Cause, Reason, causes};
use portcls_report::text::parse;

/// The causes of the events of a text without its first line.
fn causes_of(lines: &str) -> Vec<Cause> {
    let text = format!("# portcls-emu trace 2\n{lines}");
    let (_, log) = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    causes(&log)
}

/// Asserts the reason, the cause and the delay in us of one event.
#[track_caller]
fn is(causes: &[Cause], event: usize, reason: Reason, cause: usize, delay_us: i64) {
    let found = &causes[event];
    let said = (found.reason, found.event(), found.delay_ns);
    assert_eq!(said, (reason, Some(cause), delay_us * 1_000), "event {event}");
}

#[test]
fn an_interrupt_waits_for_its_line_and_a_dpc_for_the_end_of_the_service_routine() {
    let found = causes_of(
        "== 100.000 a byte comes in
0.000 - wire in 90 start
320.000 - wire in 90
459.000 - line irq 9 = 1
459.000 I isr call irq 9
460.000 I bus in 331 -> 3F ; status: can write, data
461.000 I bus in 330 -> 90 ; data
461.000 - line irq 9 = 0
462.000 I kernel queue service group
463.000 I isr return irq 9, claimed
463.000 D dpc call service group
464.000 D dpc return service group
",
    );
    is(&found, 1, Reason::Scenario, 0, 0);
    is(&found, 2, Reason::Begun, 1, 320);
    is(&found, 3, Reason::CameIn, 2, 139);
    is(&found, 4, Reason::LineRose, 3, 0);
    is(&found, 5, Reason::Step, 4, 1);
    assert_eq!(found[6].trigger(), Some(2), "the byte that the driver reads");
    is(&found, 7, Reason::Accessed, 6, 0);
    is(&found, 10, Reason::ProcessorFree, 9, 0);
    assert_eq!(found[10].trigger(), Some(8), "without the queue there is no DPC");
    is(&found, 11, Reason::Step, 10, 1);
    assert_eq!(found[0].event(), None);
}

#[test]
fn a_rise_after_a_read_waits_for_the_byte_or_for_the_read_whichever_is_later() {
    let byte = "0.000 - wire in 90 start\n320.000 - wire in 90\n320.000 - wire in 3C start\n\
                330.000 - line irq 9 = 1\n640.000 - wire in 3C\n";
    let early = "335.000 I bus in 330 -> 90 ; data\n335.000 - line irq 9 = 0\n";
    let late = "700.000 I bus in 330 -> 90 ; data\n700.000 - line irq 9 = 0\n\
                839.000 - line irq 9 = 1\n";
    let lines: Vec<&str> = byte.lines().collect();
    let in_time = [&lines[..4], &early.lines().collect::<Vec<_>>(), &lines[4..]].concat();
    let found = causes_of(&format!("{}\n779.000 - line irq 9 = 1\n", in_time.join("\n")));
    is(&found, 7, Reason::CameIn, 6, 139);
    let found = causes_of(&format!("{byte}{late}"));
    is(&found, 7, Reason::Accessed, 5, 139);
    assert_eq!(found[7].trigger(), Some(4), "the line rises for the second byte");
}

#[test]
fn a_byte_waits_for_its_write_or_for_the_byte_before_it() {
    let found = causes_of(
        "1.000 D bus out 331 <- 3F ; UART mode
2.000 D bus out 330 <- 90 ; data
3.000 D bus out 330 <- 3C ; data
104.000 - wire out 90 start
424.000 - wire out 90
424.000 - wire out 3C start
744.000 - wire out 3C
900.000 - wire out FE own start
",
    );
    is(&found, 3, Reason::Written, 1, 102);
    is(&found, 5, Reason::LaneFree, 4, 0);
    assert_eq!(found[5].trigger(), Some(2), "it was written");
    is(&found, 7, Reason::LaneFree, 6, 156);
    assert_eq!(found[7].trigger(), Some(0), "the card sends it by itself, after the command");
}

#[test]
fn an_overwritten_byte_is_the_cause_of_no_byte() {
    let found = causes_of(
        "1.000 D bus out 330 <- 90 ; data
2.000 D bus out 330 <- 91 ; overwrites a byte
104.000 - wire out 91 start
",
    );
    is(&found, 2, Reason::Written, 1, 102);
}

#[test]
fn time_that_an_interrupt_took_is_told_apart() {
    let found = causes_of(
        "1.000 P bus in 331 -> BF ; status: can write, no data
2.000 - line irq 9 = 1
2.000 I isr call irq 9
5.000 I isr return irq 9, claimed
6.000 P bus out 330 <- 90 ; data
",
    );
    is(&found, 4, Reason::Step, 0, 5);
    assert_eq!(found[4].stolen_ns, 3_000);
}

#[test]
fn a_timer_waits_for_its_setting_and_a_wait_for_what_ended_it() {
    let found = causes_of(
        "400.000 P kernel timer tick, due in 500.000, expires in 600.000
1000.000 - kernel timer tick, expired
1000.000 D dpc call tick
1004.000 D dpc return tick
1004.000 P kernel wait the event 'x', over
2000.000 P app wait silence on MIDI OUT, over after 996.000
3000.000 P kernel wait the event 'x', timed out after 1000.000
4000.000 - kernel timer tick, expired
",
    );
    is(&found, 1, Reason::TimerSet, 0, 600);
    is(&found, 2, Reason::Queued, 1, 0);
    is(&found, 4, Reason::WaitOver, 3, 0);
    is(&found, 5, Reason::WaitOver, 4, 996);
    is(&found, 6, Reason::WaitOver, 5, 1_000);
    is(&found, 7, Reason::TimerSet, 1, 3_000);
}

#[test]
fn the_end_of_a_delay_is_by_the_clock_and_counts_from_the_step_before_the_delay() {
    let found = causes_of(
        "400.000 P app call Stop
500.000 P kernel thread 1: it goes on
700.000 I isr call irq 9
702.000 I isr return irq 9, claimed
1000.000 P kernel wait a delay of 100.000, over after 600.000
1001.000 P bus in 331 -> BF ; status: can write, no data
",
    );
    is(&found, 4, Reason::Clock, 0, 600);
    assert_eq!(found[4].stolen_ns, 0, "the clock does not wait for interrupts");
    is(&found, 5, Reason::Step, 4, 1);
}

#[test]
fn a_service_routine_without_a_rise_has_no_cause() {
    let found = causes_of("5.000 I isr call irq 9\n6.000 I isr return irq 9, not mine\n");
    assert_eq!((found[0].reason, found[0].event()), (Reason::Unknown, None));
}

#[test]
fn a_trace_of_the_hardware_alone_follows_the_line_at_device_level() {
    let found = causes_of(
        "1.000 P bus in 331 -> BF ; status: can write, no data
2.000 - line irq 9 = 1
3.000 I bus in 330 -> FE ; ACK
4.000 P bus out 330 <- 90 ; data
",
    );
    is(&found, 2, Reason::LineRose, 1, 1);
    is(&found, 3, Reason::Step, 0, 3);
}

/// Two devices of one driver, each with a DPC of this name.
#[test]
fn dpcs_of_one_name_run_in_the_order_in_which_they_were_queued() {
    let found = causes_of(
        "1.000 I isr call irq 9
1.000 I kernel queue service group
2.000 I isr return irq 9, claimed
2.000 I isr call irq 9
3.000 I kernel queue service group
3.000 I isr return irq 9, claimed
3.000 D dpc call service group
4.000 D dpc return service group
4.000 D dpc call service group
5.000 D dpc return service group
",
    );
    assert_eq!((found[6].trigger(), found[8].trigger()), (Some(1), Some(4)));
}

#[test]
fn a_dpc_that_never_ran_does_not_take_the_place_of_the_next_one() {
    let found = causes_of(
        "1.000 I isr call irq 9
1.000 I kernel queue service group
2.000 I isr return irq 9, claimed
9.000 I isr call irq 9
9.000 I kernel queue service group
10.000 I isr return irq 9, claimed
10.000 D dpc call service group
11.000 D dpc return service group
",
    );
    assert_eq!(found[6].trigger(), Some(4));
}
