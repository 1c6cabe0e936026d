//! Port accesses, deadlines of devices, and what the trace keeps.

mod fake;

use std::rc::Rc;

use fake::{Bell, Logbook, PORT, answering, bell_on_line, connect, kernel};
use portcls_emulator::trace::{
    AccessEvent, Direction, Event, Fold, Hold, Layer, SerialEdge, TraceConfig, TraceLog,
};
use portcls_emulator::{
    Answer, BusDevice, Claim, DeviceReply, InterruptLine, Irql, Kernel, KernelConfig, LineState,
    Outputs, TriggerMode,
};

/// A kernel with these settings of the trace.
fn tracing(fold: Fold, hold: Hold) -> Kernel {
    let trace = TraceConfig { fold, hold, ..TraceConfig::default() };
    Kernel::new(KernelConfig { trace, ..Default::default() })
}

fn accesses(log: &TraceLog) -> Vec<AccessEvent> {
    log.events()
        .filter_map(|timed| match timed.event {
            Event::Access(access) => Some(access),
            _ => None,
        })
        .collect()
}

#[test]
fn an_access_takes_its_time_and_reaches_the_device_at_the_end_of_it() {
    let (kernel, log) = (kernel(), Logbook::default());
    kernel.attach_device(PORT, 2, None, Bell::ringing_at(&[1_000, 2_001]));
    assert_eq!(kernel.read_port_u8(PORT + 1), 1, "the ring at the end of the access is seen");
    assert_eq!(kernel.read_port_u8(PORT + 1), 1);
    assert_eq!(kernel.read_port_u8(PORT + 1), 2);
    log.write(&kernel, "end");
    assert_eq!(log.times_ns(), [3_000]);
}

#[test]
fn the_price_of_an_access_is_a_setting_and_does_not_depend_on_the_width() {
    let kernel = Kernel::new(KernelConfig { port_access_ns: 700, ..Default::default() });
    let _ = kernel.read_port_u8(PORT);
    let _ = kernel.read_port_u16(PORT);
    let _ = kernel.read_port_u32(PORT);
    kernel.write_port_u8(PORT, 0);
    kernel.write_port_u16(PORT, 0);
    kernel.write_port_u32(PORT, 0);
    assert_eq!(kernel.now_ns(), 6 * 700);
    assert_eq!((kernel.counters().port_reads, kernel.counters().port_writes), (3, 3));
}

#[test]
fn a_port_that_nobody_claims_floats_high() {
    let kernel = kernel();
    kernel.attach_device(PORT, 2, None, Bell::ringing_at(&[]));
    assert_eq!(kernel.read_port_u8(PORT - 1), 0xFF);
    assert_eq!(kernel.read_port_u16(PORT + 1), 0xFF00, "half of it is claimed");
    assert_eq!(kernel.read_port_u32(PORT + 2), 0xFFFF_FFFF);
}

#[test]
fn a_wide_access_is_a_row_of_byte_accesses_from_the_low_byte_up() {
    let kernel = kernel();
    kernel.attach_device(PORT, 4, None, Box::new(Memory::default()));
    kernel.write_port_u32(PORT, 0x4433_2211);
    kernel.write_port_u16(PORT + 1, 0xBBAA);
    assert_eq!(kernel.read_port_u8(PORT), 0x11);
    assert_eq!(kernel.read_port_u16(PORT + 1), 0xBBAA);
    assert_eq!(kernel.read_port_u32(PORT), 0x44BB_AA11);
}

#[test]
fn a_wide_access_at_the_last_port_goes_on_at_the_first() {
    let kernel = kernel();
    kernel.attach_device(0xFFFF, 1, None, Box::new(Memory { registers: [0x12; 4] }));
    assert_eq!(kernel.read_port_u16(0xFFFF), 0xFF12);
}

#[test]
fn a_wide_access_over_two_devices_moves_the_lines_of_both() {
    let (kernel, log) = (kernel(), Logbook::default());
    for (line, port) in [(9, PORT), (5, PORT + 1)] {
        kernel.wire_line(InterruptLine { number: line, trigger: TriggerMode::Latched });
        kernel.attach_device(port, 1, Some(line), Bell::ringing_at(&[]));
    }
    connect(&kernel, 9, TriggerMode::Latched, answering(PORT, &log, "low"));
    connect(&kernel, 5, TriggerMode::Latched, answering(PORT + 1, &log, "high"));
    kernel.write_port_u16(PORT, 0x0101);
    assert_eq!(log.words(), ["low", "high"]);
}

#[test]
fn the_first_device_that_claims_a_port_keeps_it() {
    let kernel = kernel();
    kernel.attach_device(PORT, 1, None, Box::new(Memory { registers: [1; 4] }));
    kernel.attach_device(PORT, 2, None, Box::new(Memory { registers: [2; 4] }));
    assert_eq!((kernel.read_port_u8(PORT), kernel.read_port_u8(PORT + 1)), (1, 2));
}

#[test]
fn deadlines_of_devices_are_served_in_order_and_at_their_time() {
    let kernel = kernel();
    kernel.attach_device(PORT, 2, None, Bell::ringing_at(&[3_000, 9_000]));
    kernel.attach_device(0x300, 2, None, Bell::ringing_at(&[2_000, 5_000, 9_000]));
    kernel.stall_us(20);
    let log = kernel.trace().log();
    let rings: Vec<u64> = log
        .events()
        .filter(|timed| matches!(timed.event, Event::Serial { edge: SerialEdge::Start, .. }))
        .map(|timed| timed.time_ns)
        .collect();
    assert_eq!(rings, [2_000, 3_000, 5_000, 9_000, 9_000]);
}

#[test]
fn a_line_that_a_read_lets_go_does_not_call_again() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Level, &[1_000]);
    let old = kernel.raise_irql(Irql::HIGH_LEVEL);
    let _ = kernel.read_port_u8(PORT);
    connect(&kernel, 9, TriggerMode::Level, answering(PORT, &log, "isr"));
    kernel.lower_irql(old);
    assert!(log.words().is_empty());
}

#[test]
#[should_panic(expected = "does not get past")]
fn a_device_that_never_gets_past_its_deadline_is_our_own_bug_and_not_an_endless_loop() {
    struct Stuck;
    impl BusDevice for Stuck {
        fn notes(&self) -> &'static [&'static str] {
            &[]
        }
        fn lanes(&self) -> &'static [&'static str] {
            &[]
        }
        fn read(&mut self, _offset: u16, now_ns: u64) -> DeviceReply {
            self.advance(now_ns)
        }
        fn write(&mut self, _offset: u16, _value: u8, now_ns: u64) -> DeviceReply {
            self.advance(now_ns)
        }
        fn advance(&mut self, _now_ns: u64) -> DeviceReply {
            let outputs = Outputs { line: LineState::Down, next_event_ns: 500, has_serial: false };
            DeviceReply::Changed(Answer { value: 0, note: 0 }, outputs)
        }
    }
    let kernel = kernel();
    kernel.attach_device(PORT, 1, None, Box::new(Stuck));
    kernel.stall_us(1);
}

#[test]
fn callbacks_and_service_routines_may_put_new_devices_on_the_bus() {
    let (kernel, log) = (kernel(), Logbook::default());
    bell_on_line(&kernel, 9, TriggerMode::Latched, &[]);
    kernel.at(500, |kernel| {
        kernel.attach_device(0x300, 1, None, Box::new(Memory { registers: [7; 4] }));
    });
    let book = log.clone();
    let routine = Rc::new(move |kernel: &Kernel| {
        book.write(kernel, "isr");
        kernel.attach_device(0x310, 1, None, Box::new(Memory { registers: [8; 4] }));
        let _ = kernel.read_port_u8(PORT);
        Claim::Mine
    });
    connect(&kernel, 9, TriggerMode::Latched, routine);
    kernel.write_port_u16(PORT, 1);
    assert_eq!((kernel.read_port_u8(0x300), kernel.read_port_u8(0x310)), (7, 8));
    assert_eq!(log.times_ns(), [1_000]);
}

#[test]
fn equal_polls_become_one_event_with_their_count_and_pitch() {
    let kernel = kernel();
    kernel.attach_device(PORT, 2, None, Bell::ringing_at(&[]));
    for _ in 0..17 {
        let _ = kernel.read_port_u8(PORT + 1);
        kernel.stall_us(10);
    }
    let log = kernel.trace().log();
    assert_eq!(log.records().len(), 1);
    assert_eq!(log.records()[0].time_ns(), 1_000);
    let access = accesses(&log)[0];
    assert_eq!((access.count, access.pitch_ns), (17, 11_000));
    assert_eq!((access.port, access.value, access.width), (PORT + 1, 0, 1));
}

#[test]
fn nothing_folds_over_another_event_another_value_another_port_or_a_write() {
    let kernel = kernel();
    kernel.attach_device(PORT, 2, None, Bell::ringing_at(&[]));
    for _ in 0..2 {
        let _ = kernel.read_port_u8(PORT + 1);
        kernel.mark("between");
        let _ = kernel.read_port_u8(PORT + 1);
        let _ = kernel.read_port_u8(PORT);
        kernel.write_port_u8(PORT, 1);
        kernel.write_port_u8(PORT, 1);
    }
    let counts: Vec<u32> = accesses(&kernel.trace().log()).iter().map(|one| one.count).collect();
    assert_eq!(counts, [1; 10]);
}

#[test]
fn polls_at_another_level_do_not_fold() {
    let kernel = kernel();
    let _ = kernel.read_port_u8(PORT);
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    let _ = kernel.read_port_u8(PORT);
    kernel.lower_irql(old);
    assert_eq!(kernel.trace().log().records().len(), 2);
}

#[test]
fn without_folding_every_access_is_an_event() {
    let kernel = tracing(Fold::Nothing, Hold::First(100));
    for _ in 0..17 {
        let _ = kernel.read_port_u8(PORT);
    }
    assert_eq!(kernel.trace().log().records().len(), 17);
}

#[test]
fn the_first_events_are_held_up_to_the_limit_and_the_rest_is_counted() {
    for writes in [0, 1, 4, 5, 6, 9] {
        let kernel = tracing(Fold::Polls, Hold::First(5));
        for value in 0..writes {
            kernel.write_port_u8(PORT, value);
        }
        let log = kernel.trace().log();
        let held: Vec<u32> = accesses(&log).iter().map(|access| access.value).collect();
        let expected: Vec<u32> = (0..u32::from(writes).min(5)).collect();
        assert_eq!(held, expected);
        assert_eq!(log.dropped(), u64::from(writes).saturating_sub(5));
        let first_dropped_ns = (writes > 5).then_some(6_000);
        assert_eq!(kernel.trace().first_dropped_ns(), first_dropped_ns, "{writes} writes");
    }
}

#[test]
fn a_flight_recorder_holds_the_last_events_up_to_its_limit() {
    for (limit, writes) in [(1, 1), (1, 3), (4, 3), (4, 4), (4, 5), (4, 50)] {
        let kernel = tracing(Fold::Polls, Hold::Last(limit));
        for value in 0..writes {
            kernel.write_port_u8(PORT, value);
        }
        let log = kernel.trace().log();
        let held: Vec<u32> = accesses(&log).iter().map(|access| access.value).collect();
        let first = u32::from(writes).saturating_sub(limit as u32);
        assert_eq!(held, (first..u32::from(writes)).collect::<Vec<u32>>(), "limit {limit}");
        assert_eq!(log.dropped(), u64::from(first), "limit {limit}");
    }
}

#[test]
fn the_newest_events_are_there_whatever_is_held() {
    let holds = [Hold::First(4), Hold::First(1_000), Hold::Last(100)];
    for (hold, notes) in holds.into_iter().flat_map(|hold| [2, 4, 40, 300].map(|n| (hold, n))) {
        let kernel = tracing(Fold::Polls, hold);
        for number in 0..notes {
            kernel.mark(&format!("mark {number}"));
        }
        for wanted in [0, 1, 3, 64, 65, 100] {
            let recent = kernel.trace().recent(wanted);
            let texts: Vec<&str> = recent
                .events()
                .map(|event| match event.event {
                    Event::Mark(text) => recent.text(text),
                    other => panic!("{other:?}"),
                })
                .collect();
            let first = usize::saturating_sub(notes, wanted);
            let expected: Vec<String> = (first..notes).map(|n| format!("mark {n}")).collect();
            // A full trace of the first events keeps the newest event and the 64 before it.
            let is_full = matches!(hold, Hold::First(limit) if limit < notes);
            let shown = if is_full { expected.len().min(65) } else { expected.len() };
            assert_eq!(texts, expected[expected.len() - shown..], "{hold:?}, {notes}, {wanted}");
        }
    }
}

/// The trace drops the texts of dropped events before the texts fill the memory.
#[test]
fn texts_of_a_full_trace_are_bounded_and_the_newest_are_whole() {
    let kernel = tracing(Fold::Polls, Hold::First(2));
    let long = "x".repeat(100_000);
    for number in 0..300 {
        kernel.mark(&format!("{long}{number}"));
    }
    let first = kernel.trace().log();
    let recent = kernel.trace().recent(2);
    for (log, numbers) in [(&first, [0, 1]), (&recent, [298, 299])] {
        for (event, number) in log.events().zip(numbers) {
            let Event::Mark(text) = event.event else { panic!("{event:?}") };
            assert_eq!(log.text(text).len(), text.length as usize);
            assert!(log.text(text).ends_with(&format!("x{number}")), "{number}");
        }
    }
}

#[test]
fn a_trace_that_holds_nothing_records_nothing_and_changes_no_time() {
    let kernel = tracing(Fold::Polls, Hold::Nothing);
    kernel.mark("start");
    kernel.write_port_u8(PORT, 1);
    let log = kernel.trace().log();
    assert_eq!((log.records().len(), log.dropped()), (0, 0));
    assert!(!kernel.trace().is_recording());
    assert_eq!(kernel.now_ns(), 1_000);
}

#[test]
fn an_access_carries_the_note_of_the_device_and_stands_on_the_hardware_side() {
    let kernel = kernel();
    kernel.attach_device(PORT, 2, None, Bell::ringing_at(&[]));
    kernel.write_port_u8(PORT, 1);
    let _ = kernel.read_port_u8(PORT);
    let log = kernel.trace().log();
    let notes: Vec<&str> = accesses(&log).iter().map(|access| log.name(access.note)).collect();
    assert_eq!(notes, ["rings wait", ""]);
    assert!(log.events().all(|timed| log.layer(timed.who) == Some(Layer::Hardware)));
    assert_eq!(accesses(&log)[0].direction, Direction::Write);
}

#[test]
fn marks_notes_and_calls_survive_into_the_log() {
    let kernel = kernel();
    let app = kernel.trace().actor("app", Layer::Software);
    kernel.mark("app writes F8");
    kernel.record_note(app, "hello");
    kernel.record_hardware_note("the cable is out");
    let log = kernel.trace().log();
    let texts: Vec<&str> = log
        .events()
        .filter_map(|timed| match timed.event {
            Event::Mark(text) | Event::Note(text) => Some(log.text(text)),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["app writes F8", "hello", "the cable is out"]);
}

/// Four registers that keep what is written.
#[derive(Default)]
struct Memory {
    registers: [u8; 4],
}

impl Memory {
    fn reply(value: u8) -> DeviceReply {
        let outputs = Outputs { line: LineState::Down, next_event_ns: u64::MAX, has_serial: false };
        DeviceReply::Changed(Answer { value, note: 0 }, outputs)
    }
}

impl BusDevice for Memory {
    fn notes(&self) -> &'static [&'static str] {
        &[]
    }

    fn lanes(&self) -> &'static [&'static str] {
        &[]
    }

    fn read(&mut self, offset: u16, _now_ns: u64) -> DeviceReply {
        Memory::reply(self.registers[usize::from(offset)])
    }

    fn write(&mut self, offset: u16, value: u8, _now_ns: u64) -> DeviceReply {
        self.registers[usize::from(offset)] = value;
        Memory::reply(0)
    }

    fn advance(&mut self, _now_ns: u64) -> DeviceReply {
        Memory::reply(0)
    }
}
