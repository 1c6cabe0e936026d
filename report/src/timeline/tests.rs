//! The lanes, the IRQL and the waiting bytes of a small trace.

use super::*;
use crate::text::parse;

/// A thread that raises its IRQL for an access, a timer that expires, its DPC that writes a byte,
/// and an interrupt.
const TRACE: &str = "# portcls-emu trace 2
== 0.000 go
1.000 P port call Init
2.000 R bus in 331 -> BF ; status: can write, no data
3.000 P port return Init
4.000 D kernel timer sequencer, due in 5.000, expires in 6.000
10.000 - kernel timer sequencer, expired
10.000 D dpc call sequencer
10.000 D port call Write, 1 byte
11.000 D bus out 330 <- F8 ; data
11.000 D port return Write, 1 byte
12.000 - line irq 9 = 1
12.000 I isr call irq 9
13.000 I isr return irq 9, claimed
14.000 D dpc return sequencer
20.000 - wire out F8 start
340.000 - wire out F8
340.000 - hw the device is tired
341.000 P kernel violation IrqlReturn: no reason
";

fn with_timeline(check: impl FnOnce(&Timeline<'_>)) {
    let (_, log) = parse(TRACE).expect("a trace");
    check(&Timeline::new(&log, &Legend::default(), FindingsLane::WhenNeeded));
}

#[test]
fn lanes_go_from_the_software_to_the_wires() {
    with_timeline(|timeline| {
        let titles: Vec<&str> = timeline.lanes.iter().map(|lane| lane.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "Scenario",
                "Findings",
                "Thread",
                "DPC",
                "ISR",
                "IRQL",
                "Port accesses",
                "Device",
                "irq 9",
                "Bytes waiting",
                "out"
            ]
        );
        let of = |event: usize| titles[usize::from(timeline.lane_of[event])];
        assert_eq!([of(1), of(5), of(6), of(7)], ["Thread", "DPC", "DPC", "DPC"]);
        assert_eq!([of(11), of(15), of(17)], ["ISR", "out", "Findings"]);
    });
}

#[test]
fn the_irql_falls_after_a_raised_access_a_thread_without_a_call_and_a_dpc() {
    with_timeline(|timeline| {
        let time_us = |event: u32| timeline.tree.events[event as usize].time_ns / 1_000;
        let steps: Vec<(u64, u8)> =
            timeline.irql.iter().map(|&(event, level)| (time_us(event), level)).collect();
        assert_eq!(steps, [(2, 3), (2, 0), (4, 2), (4, 0), (10, 2), (12, 3), (13, 2), (14, 0)]);
    });
}

#[test]
fn a_byte_waits_from_its_write_to_its_end_and_a_call_ends_with_its_return() {
    with_timeline(|timeline| {
        assert_eq!(timeline.waiting, [(8, 1), (15, 0)]);
        assert_eq!(timeline.end_ns(1), 3_000);
        assert_eq!(timeline.end_of[6], 13);
        assert_eq!(timeline.parent_of[8], 7);
    });
}
