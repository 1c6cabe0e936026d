//! Equal scripts give equal traces in order of time, and no ring is lost.
//!
//! The device is the bell of `fake/mod.rs`. An oracle that gives the usual answers changes nothing.
//! The answers of a random oracle can be repeated.

mod fake;

use std::rc::Rc;

use fake::{Logbook, PORT, bell_on_line, connect};
use portcls_emulator::choice::{Answers, Choice, Oracle, Question, RandomOracle, Replay};
use portcls_emulator::trace::{Fold, Hold, Record, TraceConfig, TraceLog};
use portcls_emulator::{
    Claim, Dpc, DueTime, Irql, Kernel, KernelConfig, Stop, Timer, TimerKind, TriggerMode,
};
use proptest::prelude::*;

/// One step of a random driver.
#[derive(Clone, Debug)]
enum Step {
    Read(u16),
    Write(u16, u8),
    Stall(u32),
    AtLevel(u8, u32),
    Queue,
    Timer(u64, u32),
    Cancel,
    Delay(u64),
    Run(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u16..3).prop_map(|offset| Step::Read(PORT + offset)),
        (0u16..3, 0u8..3).prop_map(|(offset, value)| Step::Write(PORT + offset, value)),
        (0u32..3_000).prop_map(Step::Stall),
        (0u8..16, 0u32..500).prop_map(|(level, time_us)| Step::AtLevel(level, time_us)),
        Just(Step::Queue),
        (0u64..50_000, 0u32..3).prop_map(|(due, period)| Step::Timer(due, period)),
        Just(Step::Cancel),
        (0u64..30_000).prop_map(Step::Delay),
        (0u64..3_000_000).prop_map(Step::Run),
    ]
}

/// The results of the run of a random driver.
struct Outcome {
    result: Result<(), Stop>,
    log: TraceLog,
    end_ns: u64,
    rings: usize,
}

fn play(steps: &[Step], rings_ns: &[u64], trigger: TriggerMode) -> Outcome {
    play_with(steps, rings_ns, trigger, None)
}

fn play_with(
    steps: &[Step],
    rings_ns: &[u64],
    trigger: TriggerMode,
    oracle: Option<Rc<dyn Oracle>>,
) -> Outcome {
    let hold = Hold::First(1 << 20);
    let trace = TraceConfig { fold: Fold::Nothing, hold, ..TraceConfig::default() };
    let kernel = Kernel::new(KernelConfig { trace, ..Default::default() });
    if let Some(oracle) = oracle {
        kernel.set_oracle(oracle);
    }
    let log = Logbook::default();
    bell_on_line(&kernel, 9, trigger, rings_ns);
    let book = log.clone();
    let dpc = Dpc::new(
        &kernel,
        "drain",
        Rc::new(move |kernel| {
            book.write(kernel, "dpc");
            kernel.stall_us(30);
        }),
    );
    let timer = Timer::new(TimerKind::Notification);
    let (book, later) = (log.clone(), dpc.clone());
    let routine = Rc::new(move |kernel: &Kernel| {
        let mut claim = Claim::NotMine;
        while kernel.read_port_u8(PORT) > 0 {
            book.write(kernel, "ring");
            claim = Claim::Mine;
        }
        kernel.insert_queue_dpc(&later);
        claim
    });
    let result = kernel.enter(|kernel| {
        connect(kernel, 9, trigger, routine);
        for step in steps {
            take(kernel, step, &timer, &dpc);
            assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        }
        kernel.cancel_timer(&timer);
        kernel.run_until(kernel.now_ns() + 100_000_000);
    });
    let end_ns = kernel.now_ns();
    Outcome { result, log: kernel.trace().log(), end_ns, rings: log.count("ring") }
}

fn take(kernel: &Kernel, step: &Step, timer: &Timer, dpc: &Dpc) {
    match *step {
        Step::Read(port) => {
            let _ = kernel.read_port_u8(port.max(PORT + 1));
        }
        Step::Write(port, value) => kernel.write_port_u8(port, value),
        Step::Stall(time_us) => kernel.stall_us(time_us),
        Step::AtLevel(level, time_us) => {
            let old = kernel.raise_irql(Irql(level));
            kernel.stall_us(time_us);
            kernel.lower_irql(old);
        }
        Step::Queue => {
            kernel.insert_queue_dpc(dpc);
        }
        Step::Timer(due_100ns, period_ms) => {
            kernel.set_timer(timer, DueTime::Relative(due_100ns), period_ms, Some(dpc));
        }
        Step::Cancel => {
            kernel.cancel_timer(timer);
        }
        Step::Delay(time_100ns) => kernel.delay_execution_thread(time_100ns),
        Step::Run(time_ns) => kernel.run_until(kernel.now_ns() + time_ns),
    }
}

fn bytes(records: &[Record]) -> &[u8] {
    bytemuck::cast_slice(records)
}

fn trigger(level: bool) -> TriggerMode {
    if level { TriggerMode::Level } else { TriggerMode::Latched }
}

/// The times that have these gaps between them.
fn times_ns(gaps_ns: &[u64]) -> Vec<u64> {
    let sum = |time_ns: &mut u64, gap_ns: &u64| {
        *time_ns += gap_ns;
        Some(*time_ns)
    };
    gaps_ns.iter().scan(0, sum).collect()
}

proptest! {
    #[test]
    fn equal_scripts_give_equal_records_that_never_go_back_in_time(
        steps in prop::collection::vec(step(), 0..60),
        gaps_ns in prop::collection::vec(1u64..2_000_000, 0..40),
        level in any::<bool>(),
    ) {
        let (trigger, rings_ns) = (trigger(level), times_ns(&gaps_ns));
        let (one, two) = (play(&steps, &rings_ns, trigger), play(&steps, &rings_ns, trigger));
        prop_assert_eq!(&one.result, &Ok(()));
        prop_assert_eq!(bytes(one.log.records()), bytes(two.log.records()));
        prop_assert_eq!((one.end_ns, one.rings), (two.end_ns, two.rings));
        let times: Vec<u64> = one.log.records().iter().map(Record::time_ns).collect();
        prop_assert!(times.is_sorted());
        let written: usize = steps
            .iter()
            .map(|step| match step {
                Step::Write(PORT, value) => usize::from(*value),
                _ => 0,
            })
            .sum();
        prop_assert_eq!(one.rings, rings_ns.len() + written, "no ring is lost");
    }
    #[test]
    fn an_oracle_that_gives_the_usual_answers_changes_nothing(
        steps in prop::collection::vec(step(), 0..60),
        gaps_ns in prop::collection::vec(1u64..2_000_000, 0..40),
        level in any::<bool>(),
    ) {
        let (trigger, rings_ns) = (trigger(level), times_ns(&gaps_ns));
        let alone = play(&steps, &rings_ns, trigger);
        let usual: Rc<dyn Oracle> = Rc::new(|_: &Kernel, _: &Question| 0);
        let asked = play_with(&steps, &rings_ns, trigger, Some(usual));
        prop_assert_eq!(&asked.result, &alone.result);
        prop_assert_eq!(bytes(asked.log.records()), bytes(alone.log.records()));
        prop_assert_eq!((asked.end_ns, asked.rings), (alone.end_ns, alone.rings));
    }

    #[test]
    fn any_oracle_is_repeated_by_its_answers_in_the_trace(
        steps in prop::collection::vec(step(), 0..60),
        gaps_ns in prop::collection::vec(1u64..2_000_000, 0..40),
        level in any::<bool>(),
        seed in any::<u64>(),
        one_in in 1u64..200,
    ) {
        let (trigger, rings_ns) = (trigger(level), times_ns(&gaps_ns));
        // `connect` panics if the kernel refuses the interrupt, so this oracle never refuses it.
        let choices = Choice::ALL.into_iter().filter(|choice| *choice != Choice::Connect);
        let random = RandomOracle::new(seed, one_in, 1_000).among(&choices.collect::<Vec<_>>());
        let first = play_with(&steps, &rings_ns, trigger, Some(Rc::new(random)));
        let answers = Answers::of_trace(&first.log).expect("the trace is whole");
        let replay = Rc::new(Replay::new(answers));
        let oracle = Rc::clone(&replay) as Rc<dyn Oracle>;
        let again = play_with(&steps, &rings_ns, trigger, Some(oracle));
        prop_assert_eq!(&again.result, &first.result);
        prop_assert_eq!(bytes(again.log.records()), bytes(first.log.records()));
        prop_assert_eq!((again.end_ns, again.rings), (first.end_ns, first.rings));
        prop_assert_eq!(replay.left(), Answers::default());
    }
}
