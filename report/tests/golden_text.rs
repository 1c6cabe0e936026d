//! The golden text, letter by letter: what is written, and what is read.

use portcls_emulator::NtStatus;
use portcls_emulator::trace::{
    AccessEvent, Argument, Direction, DpcChange, Event, Hold, Layer, Level, NameId, SerialEdge,
    SerialSource, TimerChange, Trace, TraceConfig, TraceLog, WaitEnd,
};
use portcls_report::Filter;
use portcls_report::text::{Header, parse, print, print_first, write};

const SAMPLE: &str = "\
# portcls-emu trace 2
# machine  driver uart, card roland-mpu401, port 330, irq 9
# time     us since the last mark (==); a mark shows its own time on the clock before it
# level    - hardware  P passive  D dispatch  I device interrupt  R raised to device level
#
#    time -PDI who       event
== 0.000 app writes F8
    0.000  P   app       write F8
    0.000   D  port      call Write, 1 byte
    1.000    I bus       in  331 -> BF            ; status: can write, no data
    2.000    I bus       out 330 <- F8            ; data
  104.000 -    wire      out F8 start
  424.000 -    wire      out F8
";

fn header() -> Header {
    Header {
        machine: "driver uart, card roland-mpu401, port 330, irq 9".to_owned(),
        ..Header::default()
    }
}

fn access(trace: &Trace, direction: Direction, port: u16, value: u32, note: &str) -> AccessEvent {
    let note = trace.name(note);
    AccessEvent { direction, port, width: 1, value, note, count: 1, pitch_ns: 0 }
}

fn serial(trace: &Trace, edge: SerialEdge) -> Event {
    let source = SerialSource::Outside;
    Event::Serial { lane: trace.name("out"), byte: 0xF8, edge, bit_ns: 32_000, source }
}

fn sample() -> TraceLog {
    let trace = Trace::new(TraceConfig::default());
    let kernel = trace.actor("kernel", Layer::Software);
    let app = trace.actor("app", Layer::Software);
    let port = trace.actor("port", Layer::Software);
    let bus = trace.actor("bus", Layer::Hardware);
    let wire = trace.actor("wire", Layer::Hardware);
    let mark = Event::Mark(trace.text("app writes F8"));
    trace.record(0, Level::Passive, kernel, mark);
    trace.record(0, Level::Passive, app, Event::Note(trace.text("write F8")));
    let call = Event::Call {
        function: trace.name("Write"),
        argument: Argument::Count(1, trace.name("byte")),
    };
    trace.record(0, Level::Dispatch, port, call);
    let status = access(&trace, Direction::Read, 0x331, 0xBF, "status: can write, no data");
    trace.record_access(1_000, Level::Device, bus, status);
    let data = access(&trace, Direction::Write, 0x330, 0xF8, "data");
    trace.record_access(2_000, Level::Device, bus, data);
    trace.record(104_000, Level::Hardware, wire, serial(&trace, SerialEdge::Start));
    trace.record(424_000, Level::Hardware, wire, serial(&trace, SerialEdge::End));
    trace.log()
}

/// The text of a trace with one event; `make` makes the event and registers its names.
fn lines_of(who: &str, level: Level, make: impl FnOnce(&Trace) -> Event) -> String {
    let trace = Trace::new(TraceConfig::default());
    let actor = trace.actor(who, Layer::Software);
    let event = make(&trace);
    trace.record(5_000, level, actor, event);
    let lines = print_first(&trace.log(), Filter::Full, 100);
    let whole = print(&trace.log(), &header(), Filter::Full);
    let (_, read) = parse(&whole).unwrap_or_else(|error| panic!("{error}\n{whole}"));
    assert_eq!(print(&read, &header(), Filter::Full), whole);
    lines
}

fn note(who: &str, words: &str) -> String {
    lines_of(who, Level::Passive, |trace| Event::Note(trace.text(words)))
}

fn call(function: &str, argument: impl FnOnce(&Trace) -> Argument) -> String {
    lines_of("port", Level::Dispatch, |trace| Event::Call {
        function: trace.name(function),
        argument: argument(trace),
    })
}

fn gives_back(status: NtStatus, argument: impl FnOnce(&Trace) -> Argument) -> String {
    lines_of("port", Level::Dispatch, |trace| Event::Return {
        function: trace.name("Init"),
        status,
        argument: argument(trace),
    })
}

#[test]
fn sample_of_the_format_is_written_exactly() {
    assert_eq!(print(&sample(), &header(), Filter::Full), SAMPLE);
}

#[test]
fn sample_of_the_format_reads_back_and_prints_the_same() {
    let (read_header, log) = parse(SAMPLE).expect("the sample is a trace");
    assert_eq!(read_header, header());
    assert_eq!(log.events().count(), 7);
    assert_eq!(print(&log, &read_header, Filter::Full), SAMPLE);
}

#[test]
fn writer_of_long_traces_writes_the_same_text() {
    let trace = Trace::new(TraceConfig::default());
    let app = trace.actor("app", Layer::Software);
    for step in 0..5_000 {
        trace.record(step * 1_000, Level::Passive, app, Event::Note(trace.text("a step")));
    }
    let mut written = Vec::new();
    write(&trace.log(), &header(), Filter::Full, &mut written).expect("memory takes all");
    let printed = print(&trace.log(), &header(), Filter::Full);
    assert!(written == printed.as_bytes());
}

#[test]
fn registers_keep_hardware_and_marks_only() {
    let text = print(&sample(), &header(), Filter::Registers);
    let events: Vec<&str> = text.lines().skip(6).collect();
    let sample: Vec<&str> = SAMPLE.lines().collect();
    assert_eq!(events, [sample[6], sample[9], sample[10], sample[11], sample[12]]);
}

#[test]
fn first_lines_come_without_the_header() {
    let lines: Vec<&str> = SAMPLE.lines().skip(6).take(2).collect();
    assert_eq!(print_first(&sample(), Filter::Full, 2), format!("{}\n{}\n", lines[0], lines[1]));
    assert_eq!(print_first(&sample(), Filter::Full, 0), "");
    assert_eq!(print_first(&sample(), Filter::Full, 99).lines().count(), 7);
}

#[test]
fn polls_folded_into_one_show_count_and_pitch() {
    let trace = Trace::new(TraceConfig::default());
    let bus = trace.actor("bus", Layer::Hardware);
    for poll in 0..17 {
        let read = access(&trace, Direction::Read, 0x331, 0xFF, "busy");
        trace.record_access(1_000 + poll * 11_000, Level::Dispatch, bus, read);
    }
    let lines = print_first(&trace.log(), Filter::Full, 9);
    assert_eq!(lines, "    1.000   D  bus       in  331 -> FF  x17 every 11.000 ; busy\n");
    let (_, read) = parse(&print(&trace.log(), &header(), Filter::Full)).expect("a trace");
    let Some(Event::Access(access)) = read.events().next().map(|event| event.event) else {
        panic!("an access")
    };
    assert_eq!((access.count, access.pitch_ns), (17, 11_000));
}

#[test]
fn wide_accesses_show_two_digits_a_byte() {
    let wide = |width, value| {
        lines_of("bus", Level::Device, |_| {
            Event::Access(AccessEvent {
                direction: Direction::Write,
                port: 0xCF8,
                width,
                value,
                note: NameId::NONE,
                count: 1,
                pitch_ns: 0,
            })
        })
    };
    assert_eq!(wide(2, 0x1F), "    5.000    I bus       out CF8 <- 001F\n");
    assert_eq!(wide(4, 0x8000_0000), "    5.000    I bus       out CF8 <- 80000000\n");
}

#[test]
fn calls_show_what_they_are_given() {
    let head = "    5.000   D  port      ";
    assert_eq!(call("Read", |_| Argument::None), format!("{head}call Read\n"));
    let count = |number| call("Write", |trace| Argument::Count(number, trace.name("byte")));
    assert_eq!(count(0), format!("{head}call Write, 0 bytes\n"));
    assert_eq!(count(1), format!("{head}call Write, 1 byte\n"));
    assert_eq!(count(3), format!("{head}call Write, 3 bytes\n"));
    let word = |word: &str| call("SetState", |trace| Argument::Word(trace.name(word)));
    assert_eq!(word("RUN"), format!("{head}call SetState, RUN\n"));
    assert_eq!(word("3 bytes"), format!("{head}call SetState, \"3 bytes\"\n"));
    assert_eq!(word(""), format!("{head}call SetState, \"\"\n"));
    assert_eq!(call("a, b", |_| Argument::Hex(0xC0)), format!("{head}call \"a, b\", 0xC0\n"));
}

#[test]
fn returns_show_a_status_unless_it_is_success() {
    let head = "    5.000   D  port      return Init";
    let success = NtStatus::SUCCESS;
    assert_eq!(gives_back(success, |_| Argument::None), format!("{head}\n"));
    let error = NtStatus::IO_DEVICE_ERROR;
    let line = gives_back(error, |_| Argument::None);
    assert_eq!(line, format!("{head}, STATUS_IO_DEVICE_ERROR\n"));
    let line = gives_back(NtStatus(0xC0DE_0001), |_| Argument::Hex(7));
    assert_eq!(line, format!("{head}, NTSTATUS C0DE0001, 0x7\n"));
    let line = gives_back(success, |trace| Argument::Word(trace.name("STATUS_PENDING")));
    assert_eq!(line, format!("{head}, \"STATUS_PENDING\"\n"));
}

#[test]
fn signals_and_serial_bytes_show_names_and_values() {
    let line = lines_of("line", Level::Hardware, |trace| Event::Signal {
        signal: trace.name("irq 9"),
        value: 1,
    });
    assert_eq!(line, "    5.000 -    line      irq 9 = 1\n");
    let byte = |who, lane: &str, bit_ns| {
        lines_of(who, Level::Hardware, |trace| Event::Serial {
            lane: trace.name(lane),
            byte: 0xFE,
            edge: SerialEdge::Start,
            bit_ns,
            source: SerialSource::Outside,
        })
    };
    let head = "    5.000 -    wire      ";
    assert_eq!(byte("wire", "in", 31_680), format!("{head}in FE start bit 31.680\n"));
    assert_eq!(byte("wire", "call", 32_000), format!("{head}serial call FE start\n"));
    assert_eq!(byte("uart", "in", 32_000), "    5.000 -    uart      serial in FE start\n");
}

#[test]
fn a_byte_that_the_device_made_says_so() {
    let byte = |edge, bit_ns| {
        lines_of("wire", Level::Hardware, |trace| Event::Serial {
            lane: trace.name("out"),
            byte: 0xFC,
            edge,
            bit_ns,
            source: SerialSource::Device,
        })
    };
    let head = "    5.000 -    wire      ";
    assert_eq!(byte(SerialEdge::Start, 32_000), format!("{head}out FC own start\n"));
    assert_eq!(byte(SerialEdge::End, 31_680), format!("{head}out FC own bit 31.680\n"));
}

#[test]
fn dpcs_timers_and_waits_say_what_happened() {
    let line = |make: &dyn Fn(&Trace) -> Event| lines_of("kernel", Level::Raised, make);
    let head = "    5.000    R kernel    ";
    let dpc = |change| line(&|trace| Event::Dpc { dpc: trace.name("service group"), change });
    assert_eq!(dpc(DpcChange::Queued), format!("{head}queue service group\n"));
    let again = dpc(DpcChange::AlreadyQueued);
    assert_eq!(again, format!("{head}queue service group, already queued\n"));
    assert_eq!(dpc(DpcChange::Removed), format!("{head}queue service group, removed\n"));

    let timer = |change| line(&|trace| Event::Timer { timer: trace.name("a, b"), change });
    let set = timer(TimerChange::Set { due_in_ns: 2_500, tick_in_ns: 1_000_000 });
    assert_eq!(set, format!("{head}timer \"a, b\", due in 2.500, expires in 1000.000\n"));
    assert_eq!(timer(TimerChange::Expired), format!("{head}timer \"a, b\", expired\n"));
    assert_eq!(timer(TimerChange::Cancelled), format!("{head}timer \"a, b\", cancelled\n"));

    let wait = |end, counted_ns| {
        line(&|trace| Event::Wait { object: trace.name("the event 'x'"), end, counted_ns })
    };
    assert_eq!(wait(WaitEnd::Over, 0), format!("{head}wait the event 'x', over\n"));
    assert_eq!(wait(WaitEnd::Over, 7), format!("{head}wait the event 'x', over after 0.007\n"));
    let late = wait(WaitEnd::TimedOut, 0);
    assert_eq!(late, format!("{head}wait the event 'x', timed out after 0.000\n"));

    let delay = line(&|_| Event::Delay { asked_ns: 500_000, taken_ns: 1_000_001 });
    assert_eq!(delay, format!("{head}wait a delay of 500.000, over after 1000.001\n"));
    let object = "a delay of 500.000";
    let named = line(&|trace| Event::Wait {
        object: trace.name(object),
        end: WaitEnd::Over,
        counted_ns: 1,
    });
    assert_eq!(named, format!("{head}wait \"{object}\", over after 0.001\n"));
}

#[test]
fn a_text_of_version_1_has_notes_where_version_2_has_events_of_the_kernel() {
    for words in ["queue full", "timer late, expired", "wait for it, over"] {
        let text = format!("# portcls-emu trace 1\n 5.000 P app {words}\n");
        let (header, log) = parse(&text).expect("version 1 still reads");
        let event = log.events().next().expect("an event").event;
        assert!(matches!(event, Event::Note(note) if log.text(note) == words), "{words}");
        let lines = print_first(&log, Filter::Full, 1);
        assert_eq!(lines, format!("    5.000  P   app       \"{words}\"\n"));
        assert!(print(&log, &header, Filter::Full).starts_with("# portcls-emu trace 2\n"));
    }
    let error = parse("# portcls-emu trace 1\n 5.000 - wire out FC own start\n");
    assert!(error.is_ok(), "a note of the actor wire");
}

#[test]
fn a_choice_shows_its_question_and_its_answer_and_every_filter_keeps_it() {
    let choice = |id: &str, word: &str| {
        lines_of("kernel", Level::Passive, |trace| Event::Choice {
            choice: trace.name(id),
            ordinal: 3,
            answer: 1,
            word: trace.name(word),
        })
    };
    let head = "    5.000  P   kernel    choice";
    assert_eq!(choice("allocation", "refused"), format!("{head} allocation 3 = 1, refused\n"));
    assert_eq!(choice("allocation", ""), format!("{head} allocation 3 = 1\n"));
    assert_eq!(choice("a word", "a, b"), format!("{head} \"a word\" 3 = 1, \"a, b\"\n"));
    let text = format!("# portcls-emu trace 2\n{}", choice("allocation", "refused"));
    let (_, log) = parse(&text).expect("it reads back");
    assert_eq!(log.events().filter(|event| Filter::Registers.keeps(&log, event)).count(), 1);
}

#[test]
fn notes_that_look_like_other_events_stand_in_quotes() {
    let head = "    5.000  P   app       ";
    assert_eq!(note("app", "out of memory"), format!("{head}out of memory\n"));
    for words in [
        "call Write",
        "return Init",
        "status = 5",
        "out 330 <- F8",
        "serial out F8",
        "choice a",
        "queue full",
        "timer late",
        "wait for it",
        "",
    ] {
        assert_eq!(note("app", words), format!("{head}\"{words}\"\n"));
    }
    assert_eq!(note("wire", "out F8"), "    5.000  P   wire      \"out F8\"\n");
    assert_eq!(note("app", "\"so\""), format!("{head}\"\\\"so\\\"\"\n"));
}

#[test]
fn notes_are_written_in_ascii() {
    let line = note("dbgprint", " caf\u{E9}\t\\ \u{1F3B9}\n");
    let words = "\\u{20}caf\\u{E9}\\t\\\\ \\u{1F3B9}\\n";
    assert_eq!(line, format!("    5.000  P   dbgprint  {words}\n"));
}

#[test]
fn long_lines_go_on_in_continuation_lines() {
    let words = "no data was read although the device said that there was some; ".repeat(3);
    let lines = note("app", words.trim_end());
    let lines: Vec<&str> = lines.lines().collect();
    let second_start =
        "                        | read although the device said that there was some;";
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0].len(), 99);
    assert!(lines[0].ends_with("there was some; no data was"));
    assert!(lines[1].starts_with(second_start));
    assert_eq!(lines[2], "                        | although the device said that there was some;");
    let lines = note("app", &"0123456789".repeat(15));
    let lengths: Vec<usize> = lines.lines().map(str::len).collect();
    assert_eq!(lengths, [100, 100]);
}

#[test]
fn long_machine_line_goes_on_and_comes_back() {
    let header = Header { machine: "card \u{E9} ".repeat(40), ..Header::default() };
    let text = print(&sample(), &header, Filter::Full);
    assert!(text.lines().all(|line| line.len() <= 100 && line.is_ascii()));
    assert_eq!(parse(&text).expect("a trace").0, header);
}

#[test]
fn marks_of_others_show_their_level_and_actor() {
    let mark =
        |words: &str| lines_of("port", Level::Dispatch, |trace| Event::Mark(trace.text(words)));
    assert_eq!(mark("queue [1]"), "== 5.000 [D port] queue [1]\n");
    assert_eq!(mark("[1]"), "== 5.000 [D port] \\u{5B}1]\n");
    assert_eq!(mark(""), "== 5.000 [D port]\n");
}

#[test]
fn events_before_their_mark_have_negative_time() {
    let trace = Trace::new(TraceConfig::default());
    let kernel = trace.actor("kernel", Layer::Software);
    let wire = trace.actor("wire", Layer::Hardware);
    trace.record(500_000, Level::Passive, kernel, Event::Mark(trace.text("go")));
    trace.record(498_999, Level::Hardware, wire, serial(&trace, SerialEdge::End));
    let lines = print_first(&trace.log(), Filter::Full, 9);
    assert_eq!(lines, "== 500.000 go\n   -1.001 -    wire      out F8\n");
    let (_, read) = parse(&print(&trace.log(), &header(), Filter::Full)).expect("a trace");
    assert_eq!(read.events().last().map(|event| event.time_ns), Some(498_999));
}

#[test]
fn hardware_actors_with_other_names_are_listed() {
    let trace = Trace::new(TraceConfig::default());
    let cable = trace.actor("the cable", Layer::Hardware);
    let bus = trace.actor("bus", Layer::Software);
    trace.record(0, Level::Hardware, cable, Event::Note(trace.text("is in")));
    trace.record(0, Level::Passive, bus, Event::Note(trace.text("is late")));
    let text = print(&trace.log(), &header(), Filter::Full);
    assert_eq!(text.lines().nth(4), Some("# hardware \"the cable\""));
    let (_, read) = parse(&text).expect("a trace");
    let layers: Vec<_> = read.events().map(|event| read.layer(event.who)).collect();
    assert_eq!(layers, [Some(Layer::Hardware), Some(Layer::Software)]);
}

#[test]
fn log_that_is_not_whole_says_so_at_its_end() {
    let hold = Hold::First(1);
    let trace = Trace::new(TraceConfig { hold, ..TraceConfig::default() });
    let app = trace.actor("app", Layer::Software);
    for _ in 0..4 {
        trace.record(0, Level::Passive, app, Event::Note(trace.text("again")));
    }
    let text = print(&trace.log(), &header(), Filter::Full);
    assert_eq!(text.lines().last(), Some("# limit: 3 events were not held"));
    assert_eq!(parse(&text).expect("a trace").1.dropped(), 3);
}

#[test]
fn reader_takes_windows_line_ends_remarks_and_stray_spaces() {
    let text = SAMPLE.replace('\n', "   \r\n\r\n# seen by hand\r\n");
    let (header, log) = parse(&text).expect("a trace");
    assert_eq!(print(&log, &header, Filter::Full), SAMPLE);
}
