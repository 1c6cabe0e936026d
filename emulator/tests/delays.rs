//! The end of a delay in the trace: a loop of polls and delays is one event.

use portcls_emulator::trace::{Event, Fold, Hold, Record, TraceConfig};
use portcls_emulator::{Kernel, KernelConfig};

/// A port without a device. It reads FF.
const PORT: u16 = 0x330;

fn tracing(fold: Fold, hold: Hold) -> Kernel {
    let trace = TraceConfig { fold, hold, ..TraceConfig::default() };
    Kernel::new(KernelConfig { trace, ..KernelConfig::default() })
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll(u16),
    Write,
    Delay,
    Mark,
    Stall,
}

fn take(kernel: &Kernel, step: Step) {
    match step {
        Step::Poll(port) => drop(kernel.read_port_u8(port)),
        Step::Write => kernel.write_port_u8(PORT, 1),
        Step::Delay => kernel.delay_execution_thread(5_000),
        Step::Mark => kernel.mark("here"),
        Step::Stall => kernel.stall_us(300),
    }
}

/// The events of a run: `x3` is three accesses in one event, `delay` is the end of a delay.
fn told(fold: Fold, steps: &[Step]) -> String {
    let kernel = tracing(fold, Hold::First(100));
    steps.iter().for_each(|&step| take(&kernel, step));
    let words = |event| match event {
        Event::Access(access) => format!("x{}", access.count),
        Event::Delay { .. } => "delay".to_owned(),
        Event::Mark(_) => "mark".to_owned(),
        other => panic!("{other:?}"),
    };
    let log = kernel.trace().log();
    log.events().map(|event| words(event.event)).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_delay_between_equal_polls_is_no_event_and_any_other_delay_is() {
    use Step::{Delay, Mark, Poll, Stall, Write};
    let poll = Poll(PORT);
    for (steps, expected) in [
        (&[Delay][..], "delay"),
        (&[Delay, Delay], "delay delay"),
        (&[poll, Delay], "x1 delay"),
        (&[poll, Delay, poll, Delay, poll], "x3"),
        // The first delay is shorter than the second, so the polls are not at equal distances.
        (&[Stall, poll, Delay, poll, Delay, poll], "x2 x1"),
        (&[poll, Delay, poll, Delay, Mark], "x2 delay mark"),
        (&[poll, Delay, Delay, poll], "x1 delay delay x1"),
        (&[poll, Delay, Poll(PORT + 1)], "x1 delay x1"),
        (&[poll, Mark, Delay, poll], "x1 mark delay x1"),
        (&[Write, Delay, Write], "x1 delay x1"),
    ] {
        assert_eq!(told(Fold::Polls, steps), expected, "{steps:?}");
    }
    assert_eq!(told(Fold::Nothing, &[poll, Delay, poll]), "x1 delay x1");
}

fn records(kernel: &Kernel) -> Vec<Record> {
    kernel.trace().log().records().to_vec()
}

/// A trace that is looked at after each step has the same events as a trace that nobody looks at. A
/// limited trace has a part of these events, and counts the others.
#[test]
fn a_delay_counts_as_an_event_wherever_the_trace_is_limited() {
    let mut seed = 1_u64;
    let mut draw = move |limit: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % limit
    };
    for _ in 0..200 {
        let limit = 1 + draw(6) as usize;
        let holds = [Hold::First(100), Hold::First(limit), Hold::Last(limit)];
        let [all, first, last] = holds.map(|hold| tracing(Fold::Polls, hold));
        let unseen = tracing(Fold::Polls, Hold::First(100));
        for _ in 0..20 {
            let step = match draw(8) {
                0..3 => Step::Poll(PORT + draw(2) as u16),
                3 => Step::Write,
                4 => Step::Mark,
                _ => Step::Delay,
            };
            [&all, &first, &last, &unseen].into_iter().for_each(|kernel| take(kernel, step));
            let whole = records(&all);
            let over = whole.len().saturating_sub(limit);
            let times = |records: &[Record]| {
                records.iter().map(|one| (one.time_ns(), one.level())).collect::<Vec<_>>()
            };
            assert_eq!(times(&records(&first)), times(&whole[..whole.len() - over]));
            assert_eq!(times(&records(&last)), times(&whole[over..]));
            for (kernel, dropped) in [(&first, whole.get(limit)), (&last, whole.first())] {
                let trace = kernel.trace();
                assert_eq!(trace.log().dropped(), over as u64);
                let dropped_ns = dropped.filter(|_| over > 0).map(Record::time_ns);
                assert_eq!(trace.first_dropped_ns(), dropped_ns, "limit {limit}");
                let newest = trace.recent(1);
                assert_eq!(times(newest.records()), times(&whole[whole.len() - 1..]));
            }
        }
        assert_eq!(records(&all), records(&unseen));
    }
}
