//! An oracle's usual answers change nothing, and any run can be repeated.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_machine::emulator::Kernel;
use portcls_machine::emulator::choice::{Answers, Choice, Oracle, Question, RandomOracle, Replay};
use portcls_machine::midi_file::default_tune;
use portcls_machine::report::Filter;
use portcls_machine::report::text::parse;
use portcls_machine::{Machine, capture, play};
use proptest::prelude::*;

use crate::{compiled, live, machine};

/// The cards of the runs: a card whose firmware answers late, and a card with a FIFO.
const CARDS: [&str; 2] = ["roland-mpu401", "smsc-superio"];

/// Sets an oracle that gives each question its usual answer, and returns the machine.
fn usual(machine: Machine) -> Machine {
    machine.set_oracle(Rc::new(|_: &Kernel, _: &Question| 0));
    machine
}

fn trace_of(machine: &Machine, run: impl Fn(&Machine)) -> String {
    run(machine);
    machine.trace_text(Filter::Full)
}

#[test]
fn an_oracle_that_gives_the_usual_answers_changes_nothing() {
    let playing = |machine: &Machine| {
        play(machine, &default_tune()).expect("the tune plays");
    };
    let capturing = |machine: &Machine| {
        capture(machine, &default_tune()).expect("the tune is captured");
    };
    let living = |machine: &Machine| live(machine).expect("the life has no hardship");
    for card in CARDS {
        let alone = trace_of(&machine(card), playing);
        assert!(trace_of(&usual(machine(card)), playing) == alone, "{card}, out");
        let alone = trace_of(&machine(card), capturing);
        assert!(trace_of(&usual(machine(card)), capturing) == alone, "{card}, in");
        for build in ["x64/uart", "x86/uart"] {
            let alone = trace_of(&compiled(card, build), living);
            assert!(trace_of(&usual(compiled(card, build)), living) == alone, "{card}, {build}");
        }
    }
}

#[test]
fn a_life_asks_about_the_choices_that_it_meets() {
    let machine = usual(compiled("roland-mpu401", "x64/uart"));
    live(&machine).expect("the life has no hardship");
    // This driver uses no timer and no registry key here.
    let asked = |choice: &Choice| machine.kernel().asked(*choice) > 0;
    let not_asked: Vec<Choice> = Choice::ALL.into_iter().filter(|choice| !asked(choice)).collect();
    assert_eq!(not_asked, [Choice::Clock, Choice::Registry]);
}

/// The times of the preemption points of a start, in ns, and the trace of the start. With
/// `look_ns`, the kernel has a deadline at that time at which nothing happens.
fn points(look_ns: Option<u64>) -> (Vec<u64>, String) {
    let machine = usual(compiled("smsc-superio", "x64/uart"));
    let times_ns: Rc<RefCell<Vec<u64>>> = Rc::default();
    let times = Rc::clone(&times_ns);
    let kernel = machine.kernel();
    kernel.ask_at_points(Rc::new(move |kernel| times.borrow_mut().push(kernel.now_ns())));
    if let Some(time_ns) = look_ns {
        kernel.at(time_ns, |_| ());
    }
    machine.start().expect("the driver starts");
    (times_ns.take(), machine.trace_text(Filter::Full))
}

#[test]
fn a_deadline_makes_a_preemption_point_at_any_instruction_of_a_compiled_driver() {
    let (usual_ns, trace) = points(None);
    let gaps: Vec<u64> = usual_ns
        .windows(2)
        .filter(|pair| (10..1_000).contains(&(pair[1] - pair[0])))
        .map(|pair| pair[0] + 5)
        .collect();
    assert!(!gaps.is_empty(), "the driver runs some instructions without a point");
    for look_ns in gaps {
        let (times_ns, same) = points(Some(look_ns));
        assert!(times_ns.contains(&look_ns), "{look_ns}");
        assert!(same == trace, "{look_ns}");
    }
}

/// How a life under this oracle ended, and the trace of the life.
fn outcome(machine: &Machine, oracle: Rc<dyn Oracle>) -> (String, String) {
    machine.set_oracle(oracle);
    let result = live(machine);
    (format!("{result:?}"), machine.trace_text(Filter::Full))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_run_is_repeated_from_the_numbers_in_its_trace(
        seed in any::<u64>(),
        one_in in prop_oneof![1_u64..50, 50_u64..2_000],
        card in prop::sample::select(&CARDS[..]),
        build in prop::sample::select(&["", "x64/uart", "x86/uart"][..]),
    ) {
        let build_machine = || match build {
            "" => machine(card),
            build => compiled(card, build),
        };
        let random = Rc::new(RandomOracle::new(seed, one_in, 200));
        let first = outcome(&build_machine(), random);
        let (_, log) = parse(&first.1).expect("the text of a trace is well formed");
        let answers = Answers::of_trace(&log).expect("the trace is whole");
        // The test turns the list into text and back, like a program that passes the list on.
        let list: Answers = answers.to_string().parse().expect("a list reads back");
        prop_assert_eq!(&list, &answers);
        let replay = Rc::new(Replay::new(list));
        let again = outcome(&build_machine(), Rc::clone(&replay) as Rc<dyn Oracle>);
        prop_assert_eq!(&again.0, &first.0);
        prop_assert!(again.1 == first.1, "{answers} gives another trace");
        prop_assert_eq!(replay.left(), Answers::default());
    }
}
