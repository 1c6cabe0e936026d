//! Choices: what each choice of the kernel does, and how a run is repeated.

mod fake;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use fake::{Hand, Logbook, PORT, Switch, answering, bell_on_line, connect, kernel};
use portcls_emulator::choice::{
    Answered, Answers, AnswersError, Choice, MOST_ANSWERS, Oracle, Question, Refusal, Replay,
};
use portcls_emulator::registry::RegistryValue;
use portcls_emulator::trace::{Event, Hold, TraceConfig};
use portcls_emulator::{
    Claim, DeviceObject, Dpc, DriverObject, DueTime, FileObject, InterruptLine, Irp, Irql, Kernel,
    KernelConfig, LineState, MajorFunction, NtStatus, Parameters, PoolType, Share, Timer,
    TimerKind, TriggerMode,
};

/// Registers an oracle that gives these answers, and returns it.
fn repeat(kernel: &Kernel, answers: &str) -> Rc<Replay> {
    let replay = Rc::new(Replay::new(answers.parse().expect("a list of answers")));
    kernel.set_oracle(Rc::clone(&replay) as Rc<dyn Oracle>);
    replay
}

/// The answers in the trace, as the text of a list.
fn told(kernel: &Kernel) -> String {
    Answers::of_trace(&kernel.trace().log()).expect("the trace is whole").to_string()
}

/// A DPC that writes a word into the logbook.
fn dpc(kernel: &Kernel, log: &Logbook) -> Dpc {
    let log = log.clone();
    Dpc::new(kernel, "work", Rc::new(move |kernel| log.write(kernel, "dpc")))
}

#[test]
fn an_interrupt_that_is_put_off_begins_at_the_next_preemption_point() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[500]);
    connect(&kernel, 9, TriggerMode::Latched, answering(PORT, &log, "isr"));
    repeat(&kernel, "interrupt:1=1");
    let _ = kernel.read_port_u8(PORT + 1);
    assert_eq!(log.times_ns(), []);
    let _ = kernel.read_port_u8(PORT + 1);
    assert_eq!(log.times_ns(), [2_000]);
    assert_eq!(told(&kernel), "interrupt:1=1");
}

#[test]
fn other_work_can_keep_the_processor_before_an_interrupt() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[500]);
    connect(&kernel, 9, TriggerMode::Latched, answering(PORT, &log, "isr"));
    repeat(&kernel, "interrupt:1=2,interrupt:2=3");
    let _ = kernel.read_port_u8(PORT + 1);
    assert_eq!(log.times_ns(), [1_000 + 25_000 + 350_000]);
}

#[test]
fn a_dpc_that_is_put_off_begins_at_the_next_preemption_point() {
    let (kernel, log) = (kernel(), Logbook::default());
    repeat(&kernel, "dpc:1=1");
    kernel.insert_queue_dpc(&dpc(&kernel, &log));
    assert_eq!(log.times_ns(), []);
    kernel.stall_us(3);
    assert_eq!(log.times_ns(), [0], "a stall begins with a preemption point");
}

#[test]
fn a_flush_waits_for_dpcs_that_are_put_off_for_ever() {
    let (kernel, log) = (kernel(), Logbook::default());
    kernel.set_oracle(Rc::new(|_: &Kernel, question: &Question| {
        u32::from(question.choice == Choice::Dpc)
    }));
    kernel.insert_queue_dpc(&dpc(&kernel, &log));
    kernel.flush_queued_dpcs();
    assert_eq!(log.words(), ["dpc"]);
    assert_eq!(kernel.asked(Choice::Dpc), 1_000, "then it begins unasked");
}

#[test]
fn an_idle_processor_is_not_kept_from_what_is_put_off() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[500]);
    connect(&kernel, 9, TriggerMode::Latched, answering(PORT, &log, "isr"));
    repeat(&kernel, "interrupt:1=1,interrupt:2=1");
    kernel.run_until(1_000_000);
    assert_eq!(log.times_ns(), [500]);
}

#[test]
fn a_clock_interrupt_can_come_as_soon_as_a_timer_is_due_and_no_sooner() {
    let (kernel, log) = (kernel(), Logbook::default());
    let timer = Timer::new(TimerKind::Notification);
    let work = dpc(&kernel, &log);
    kernel.set_oracle(Rc::new(|_: &Kernel, question: &Question| {
        u32::from(question.choice == Choice::Clock)
    }));
    kernel.set_timer(&timer, DueTime::Relative(100), 0, Some(&work));
    kernel.stall_us(9);
    assert!(timer.is_set() && log.words().is_empty());
    kernel.stall_us(2);
    assert_eq!(log.times_ns(), [11_000], "due after 10 us, at the tick after 1 ms");
    assert!(!timer.is_set());
    kernel.run_until(2_000_000);
    assert_eq!(log.words(), ["dpc"], "it does not expire again at its tick");
}

#[test]
fn a_line_that_is_down_can_have_its_routines_called() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[]);
    connect(&kernel, 9, TriggerMode::Latched, answering(PORT, &log, "isr"));
    repeat(&kernel, "spurious:2=1");
    kernel.stall_us(1);
    kernel.stall_us(1);
    assert_eq!(log.words(), ["isr"]);
    assert_eq!(kernel.counters().unclaimed_interrupts, 1);
}

#[test]
fn calls_that_no_device_asked_for_are_no_storm_on_a_line_that_stays_up_after_its_edge() {
    let config = KernelConfig { interrupt_storm_limit: 5, ..KernelConfig::default() };
    let (kernel, log) = (Kernel::new(config), Logbook::default());
    kernel.wire_line(InterruptLine { number: 5, trigger: TriggerMode::Latched });
    let hand: Hand = Switch::attach(&kernel, 5);
    let book = log.clone();
    let routine = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "isr");
        Claim::NotMine
    });
    connect(&kernel, 5, TriggerMode::Latched, routine);
    hand.set(&kernel, LineState::Up);
    kernel.stall_us(1);
    kernel.set_oracle(Rc::new(|_: &Kernel, question: &Question| {
        u32::from(question.choice == Choice::Spurious)
    }));
    for _ in 0..20 {
        kernel.stall_us(1);
    }
    assert_eq!(kernel.stopped(), None);
    assert!(log.words().len() > 20, "{}", log.words().len());
}

#[test]
fn a_missed_edge_calls_no_routine_and_the_next_one_does() {
    let (kernel, log) = (kernel(), Logbook::default());
    kernel.wire_line(InterruptLine { number: 5, trigger: TriggerMode::Latched });
    let hand: Hand = Switch::attach(&kernel, 5);
    let book = log.clone();
    let routine = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "isr");
        Claim::Mine
    });
    connect(&kernel, 5, TriggerMode::Latched, routine);
    repeat(&kernel, "edge:1=1");
    hand.pulse(&kernel);
    kernel.stall_us(1);
    assert_eq!(log.words(), [""; 0]);
    hand.set(&kernel, LineState::Up);
    kernel.stall_us(1);
    assert_eq!(log.words(), ["isr"]);
}

#[test]
fn an_allocation_can_fail() {
    let kernel = kernel();
    repeat(&kernel, "allocation:2=1");
    let allocate = || kernel.allocate_pool(PoolType::NonPagedNx, 16, *b"tEsT").is_some();
    assert_eq!([allocate(), allocate(), allocate()], [true, false, true]);
    assert_eq!(told(&kernel), "allocation:2=1");
}

#[test]
fn a_connection_can_be_refused() {
    let kernel = kernel();
    kernel.wire_line(InterruptLine { number: 9, trigger: TriggerMode::Latched });
    repeat(&kernel, "connect:1=1");
    let attempt = || {
        let (vector, mode) = (InterruptLine::vector_of(9), TriggerMode::Latched);
        let routine = Rc::new(|_: &Kernel| Claim::NotMine);
        kernel.connect_interrupt(vector, mode, Share::Exclusive, routine).map(|_| ())
    };
    assert_eq!(attempt(), Err(NtStatus::INSUFFICIENT_RESOURCES));
    assert!(!kernel.has_connected_interrupt());
    assert_eq!(attempt(), Ok(()));
}

#[test]
fn calls_of_the_registry_can_be_refused_one_by_one() {
    let kernel = kernel();
    let path = r"\Registry\Machine\Test";
    repeat(&kernel, "registry:1=1,registry:3=1,registry:4=1,registry:6=1");
    let denied = Err(NtStatus::ACCESS_DENIED);
    assert_eq!(kernel.create_registry_key(path).map(|_| ()), denied);
    let key = kernel.create_registry_key(path).expect("the second call is granted");
    assert_eq!(key.set_value(&kernel, RegistryValue::dword("number", 1)), denied);
    assert_eq!(kernel.open_registry_key(path).map(|_| ()), denied);
    assert_eq!(kernel.open_registry_key(path).as_ref(), Ok(&key));
    assert_eq!(key.delete(&kernel), denied);
    assert_eq!(key.delete(&kernel), Ok(()));
}

/// Sends this number of requests to a driver that keeps each request until it is cancelled. Returns
/// the requests.
fn keeping(kernel: &Kernel, requests: usize) -> Vec<Irp> {
    let driver = DriverObject::new("test");
    let keep = |_: &Kernel, _: &Rc<DeviceObject>, irp: &Irp| {
        irp.mark_pending();
        irp.set_cancel_routine(Some(Rc::new(|kernel: &Kernel, irp: &Irp| {
            irp.set_status(NtStatus::CANCELLED);
            kernel.complete_request(irp);
        })));
        NtStatus::PENDING
    };
    driver.set_major_function(MajorFunction::DeviceControl, Rc::new(keep));
    let device = DeviceObject::new(&driver);
    let file = FileObject::new(&device, None);
    let send = |_| {
        let parameters = Parameters::DeviceControl { code: 1, input: vec![], output_length: 0 };
        let irp = Irp::new(parameters, Some(Rc::clone(&file)), Vec::new());
        kernel.send_request(&device, &irp);
        irp
    };
    (0..requests).map(send).collect()
}

#[test]
fn the_oldest_or_the_newest_request_can_be_cancelled() {
    for (answer, expected) in [(1, [true, false, false]), (2, [false, false, true])] {
        let kernel = kernel();
        repeat(&kernel, &format!("cancel:1={answer}"));
        let requests = keeping(&kernel, 3);
        kernel.stall_us(1);
        let cancelled: Vec<bool> = requests.iter().map(Irp::is_cancelled).collect();
        assert_eq!(cancelled, expected);
        let ended: Vec<bool> = requests.iter().map(Irp::is_completed).collect();
        assert_eq!(ended, expected);
    }
}

#[test]
fn of_very_many_requests_the_first_ones_are_followed() {
    let kernel = kernel();
    repeat(&kernel, "cancel:1=2");
    let requests = keeping(&kernel, 4_100);
    kernel.stall_us(1);
    let cancelled = requests.iter().position(Irp::is_cancelled);
    assert_eq!(cancelled, Some(4_095), "the newest of the 4 096 that are followed");
}

#[test]
fn nothing_is_cancelled_at_dispatch_level() {
    let kernel = kernel();
    kernel.set_oracle(Rc::new(|_: &Kernel, _: &Question| 0));
    keeping(&kernel, 1);
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    kernel.stall_us(1);
    assert_eq!(kernel.asked(Choice::Cancel), 0);
    kernel.lower_irql(old);
    assert_eq!(kernel.asked(Choice::Cancel), 1);
}

#[test]
fn whoever_built_the_machine_asks_at_every_preemption_point() {
    let kernel = kernel();
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    kernel.ask_at_points(Rc::new(move |_| count.set(count.get() + 1)));
    kernel.stall_us(1);
    assert_eq!(asked.get(), 0, "nobody answers");
    kernel.set_oracle(Rc::new(|_: &Kernel, _: &Question| 0));
    kernel.stall_us(1);
    assert_eq!(asked.get(), 2, "a stall begins and ends with a preemption point");
    kernel.raise_irql(Irql::HIGH_LEVEL);
    kernel.stall_us(1);
    assert_eq!(asked.get(), 4, "at any IRQL");
}

#[test]
fn a_deadline_that_does_nothing_makes_a_preemption_point_at_its_time() {
    let kernel = kernel();
    let times_ns = Rc::new(RefCell::new(Vec::new()));
    let times = Rc::clone(&times_ns);
    kernel.ask_at_points(Rc::new(move |kernel| times.borrow_mut().push(kernel.now_ns())));
    kernel.set_oracle(Rc::new(|_: &Kernel, _: &Question| 0));
    kernel.at(1_234, |_| ());
    kernel.stall_us(2);
    assert_eq!(*times_ns.borrow(), [0, 1_234, 2_000]);
}

#[test]
fn questions_are_numbered_by_choice_and_only_other_answers_are_in_the_trace() {
    let kernel = kernel();
    let seen: Rc<RefCell<Vec<Question>>> = Rc::default();
    let book = Rc::clone(&seen);
    kernel.set_oracle(Rc::new(move |_: &Kernel, question: &Question| {
        book.borrow_mut().push(*question);
        u32::from(question.ordinal == 2)
    }));
    let answers = [(); 3].map(|()| kernel.choose::<Refusal>(Choice::Allocation));
    assert_eq!(answers, [Refusal::Granted, Refusal::Refused, Refusal::Granted]);
    let _ = kernel.choose::<Refusal>(Choice::Connect);
    let ordinals: Vec<(Choice, u64)> =
        seen.borrow().iter().map(|question| (question.choice, question.ordinal)).collect();
    let allocation = |ordinal| (Choice::Allocation, ordinal);
    assert_eq!(ordinals, [allocation(1), allocation(2), allocation(3), (Choice::Connect, 1)]);
    let log = kernel.trace().log();
    let events: Vec<Event> = log.events().map(|event| event.event).collect();
    let [Event::Choice { choice, ordinal: 2, answer: 1, word }] = events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((log.name(choice), log.name(word)), ("allocation", "refused"));
}

#[test]
#[should_panic(expected = "Allocation has 2 answers, the oracle gave number 7")]
fn an_answer_that_is_not_there_is_a_mistake_of_the_oracle() {
    let kernel = kernel();
    kernel.set_oracle(Rc::new(|_: &Kernel, _: &Question| 7));
    let _ = kernel.choose::<Refusal>(Choice::Allocation);
}

#[test]
fn answers_that_nobody_asked_for_are_left_over() {
    let kernel = kernel();
    let replay = repeat(&kernel, "allocation:1=1,connect:9=1");
    kernel.allocate_pool(PoolType::Paged, 1, *b"tEsT");
    assert_eq!(replay.left().to_string(), "connect:9=1");
}

#[test]
fn a_list_of_answers_reads_back_from_its_text() {
    let text = "interrupt:12=2,allocation:3=1,power:1=2";
    let answers: Answers = text.parse().expect("a list");
    assert_eq!((answers.len(), answers.to_string().as_str()), (3, text));
    assert_eq!("".parse(), Ok(Answers::default()));
    assert_eq!(" allocation:3=1 , ".parse::<Answers>().map(|list| list.len()), Ok(1));
}

#[test]
fn a_text_that_is_no_list_of_answers_is_told_why() {
    let why = |text: &str| text.parse::<Answers>().expect_err("no list").to_string();
    for text in ["allocation", "allocation:3", "allocation:x=1", "allocation:3=", "allocation:-1=1"]
    {
        assert!(why(text).ends_with("write CHOICE:QUESTION=ANSWER, as in allocation:3=1"));
    }
    assert!(why("weather:1=1").starts_with("there is no choice 'weather'; there are interrupt, "));
    for answer in [0, 2] {
        let text = format!("allocation:1={answer}");
        let told = format!("'allocation' has no answer {answer} to repeat; it has 1 to 1");
        assert_eq!(why(&text), told);
    }
    let twice = why("allocation:1=1,allocation:1=1");
    assert_eq!(twice, "question 1 of 'allocation' has two answers; keep one of them");
}

#[test]
fn a_trace_that_is_cut_gives_no_list() {
    let hold = Hold::First(2);
    let trace = TraceConfig { hold, ..TraceConfig::default() };
    let kernel = Kernel::new(KernelConfig { trace, ..Default::default() });
    for _ in 0..5 {
        let _ = kernel.read_port_u8(PORT);
        kernel.stall_us(kernel.now_ns() as u32 % 7);
    }
    kernel.mark("one");
    kernel.mark("two");
    let dropped = kernel.trace().log().dropped();
    assert!(dropped > 0);
    let error = Answers::of_trace(&kernel.trace().log());
    assert_eq!(error, Err(AnswersError::TraceIsCut { dropped }));
}

#[test]
fn a_list_can_be_put_together_by_hand() {
    let mut answers = Answers::default();
    let question = Question { choice: Choice::Connect, ordinal: 1 };
    answers.add(Answered { question, answer: 1 }).expect("there is such an answer");
    assert!(!answers.is_empty());
    assert_eq!(answers.iter().collect::<Vec<_>>(), [Answered { question, answer: 1 }]);
}

#[test]
fn a_list_has_a_limit() {
    let mut answers = Answers::default();
    let mut add = |ordinal| {
        let question = Question { choice: Choice::Connect, ordinal };
        answers.add(Answered { question, answer: 1 })
    };
    assert!((1..=MOST_ANSWERS as u64).all(|ordinal| add(ordinal).is_ok()));
    assert_eq!(add(0), Err(AnswersError::TooMany));
}

#[test]
fn a_kernel_that_has_ended_keeps_no_oracle() {
    let kernel = kernel();
    let replay = repeat(&kernel, "");
    kernel.end();
    assert_eq!(Rc::strong_count(&replay), 1);
    assert!(!kernel.has_oracle());
}
