//! A trace that is written and read back has the same events.

use portcls_emulator::NtStatus;
use portcls_emulator::trace::{
    AccessEvent, Argument, Direction, DpcChange, Event, Layer, Level, NameId, Names, Record,
    SerialEdge, SerialSource, TextRef, TimedEvent, TimerChange, TraceLog, WaitEnd,
};
use portcls_report::Filter;
use portcls_report::text::{Header, parse, print};
use proptest::prelude::*;
use proptest::sample::select;

/// Words with a meaning in the format, and some without.
const AWKWARD: &[&str] = &[
    "",
    " ",
    "bus",
    "wire",
    "kernel",
    "out",
    "in",
    "call",
    "return",
    "serial",
    "choice",
    "choice a 1 = 1",
    "queue",
    "queue a",
    "timer a, expired",
    "wait a, over",
    "a delay of ",
    "wait a delay of 1.000, over after 2.000",
    "F8 own start",
    "out F8",
    "in  331 -> BF ; x",
    "out 330 <- F8",
    "call Write, 1 byte",
    "return Init",
    "irq 9",
    "a = 1",
    "a = b",
    "\"quoted\"",
    "\"a\" = 5",
    "back\\slash",
    "\\u{20}",
    "a, b",
    "1 byte",
    "0xC0",
    "STATUS_PENDING",
    "NTSTATUS 1",
    "bytes",
    "] x",
    "[D port]",
    "# limit: 3 events",
    "== 0.000",
    "| more",
    "; note",
    "two  spaces",
    "caf\u{E9}",
    "line\nbreak",
    "\r\n",
    "F8 start",
    "x17",
];

/// An event with its names as words, so that events of two traces can be compared.
#[derive(Clone, PartialEq, Debug)]
struct Said {
    time_ns: u64,
    level: Level,
    who: String,
    fact: Fact,
}

#[derive(Clone, PartialEq, Debug)]
enum Fact {
    Mark(String),
    Note(String),
    Access(AccessEvent, String),
    Call(String, Given),
    Return(String, u32, Given),
    Signal(String, u32),
    Serial(String, u8, SerialEdge, u32, SerialSource),
    Dpc(String, DpcChange),
    Timer(String, TimerChange),
    Wait(String, WaitEnd, u64),
    Delay(u64, u64),
    Choice(String, u64, u32, String),
}

#[derive(Clone, PartialEq, Debug)]
enum Given {
    Nothing,
    Count(u32, String),
    Word(String),
    Hex(u32),
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(AWKWARD).prop_map(str::to_owned),
        2 => (select(AWKWARD), select(AWKWARD)).prop_map(|(a, b)| format!("{a}{b}")),
        2 => "[ -~]{0,20}",
        1 => any::<String>(),
        1 => "[ -~]{60,300}",
        1 => " {0,200}x{0,3} {0,200}",
    ]
}

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        Just(Given::Nothing),
        (prop_oneof![0_u32..4, any::<u32>()], words()).prop_map(|(n, unit)| Given::Count(n, unit)),
        words().prop_map(Given::Word),
        any::<u32>().prop_map(Given::Hex),
    ]
}

fn accesses() -> impl Strategy<Value = Fact> {
    let run = prop_oneof![Just((1, 0)), (any::<u32>(), any::<u32>())];
    let direction = select(&[Direction::Read, Direction::Write][..]);
    let shape = (direction, any::<u16>(), select(&[1_u8, 2, 4][..]), any::<u32>());
    (shape, run, words()).prop_map(|((direction, port, width, bits), (count, pitch_ns), note)| {
        let value = bits >> (32 - 8 * u32::from(width));
        let note_id = NameId::NONE;
        let access = AccessEvent { direction, port, width, value, note: note_id, count, pitch_ns };
        Fact::Access(access, note)
    })
}

fn facts() -> impl Strategy<Value = Fact> {
    let status =
        prop_oneof![Just(NtStatus::SUCCESS.0), Just(NtStatus::IO_DEVICE_ERROR.0), any::<u32>()];
    let edge = select(&[SerialEdge::Start, SerialEdge::End][..]);
    let bit_ns = prop_oneof![Just(32_000), any::<u32>()];
    let source = select(&[SerialSource::Outside, SerialSource::Device][..]);
    let dpc = select(&[DpcChange::Queued, DpcChange::AlreadyQueued, DpcChange::Removed][..]);
    let set = (any::<u64>(), any::<u64>())
        .prop_map(|(due_in_ns, tick_in_ns)| TimerChange::Set { due_in_ns, tick_in_ns });
    let timer = prop_oneof![set, Just(TimerChange::Expired), Just(TimerChange::Cancelled)];
    let end = select(&[WaitEnd::Over, WaitEnd::TimedOut][..]);
    prop_oneof![
        words().prop_map(Fact::Mark),
        words().prop_map(Fact::Note),
        accesses(),
        (words(), given()).prop_map(|(function, given)| Fact::Call(function, given)),
        (words(), status, given()).prop_map(|(f, status, given)| Fact::Return(f, status, given)),
        (words(), any::<u32>()).prop_map(|(signal, value)| Fact::Signal(signal, value)),
        (words(), any::<u8>(), edge, bit_ns, source)
            .prop_map(|(l, b, e, n, s)| Fact::Serial(l, b, e, n, s)),
        (words(), dpc).prop_map(|(name, change)| Fact::Dpc(name, change)),
        (words(), timer).prop_map(|(name, change)| Fact::Timer(name, change)),
        (words(), end, any::<u64>()).prop_map(|(name, end, ns)| Fact::Wait(name, end, ns)),
        (any::<u64>(), any::<u64>()).prop_map(|(asked_ns, ns)| Fact::Delay(asked_ns, ns)),
        (words(), any::<u64>(), any::<u32>(), words())
            .prop_map(|(choice, ordinal, n, word)| Fact::Choice(choice, ordinal, n, word)),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let levels = [Level::Hardware, Level::Passive, Level::Dispatch, Level::Device, Level::Raised];
    let level = select(levels.to_vec());
    let who =
        prop_oneof![2 => Just("wire".to_owned()), 1 => Just("kernel".to_owned()), 2 => words()];
    let time_ns = prop_oneof![0_u64..1_000_000, any::<u64>()];
    (time_ns, level, who, facts()).prop_map(|(time_ns, level, who, fact)| Said {
        time_ns,
        level,
        who,
        fact,
    })
}

/// A layer that depends on the name only.
fn layer_of(who: &str) -> Layer {
    match who.len() % 4 {
        0 => Layer::Software,
        _ => Layer::Hardware,
    }
}

#[derive(Default)]
struct Maker {
    names: Names,
    texts: String,
}

impl Maker {
    fn name(&mut self, text: &str) -> NameId {
        self.names.intern(text, None)
    }

    fn text(&mut self, text: &str) -> TextRef {
        let offset = self.texts.len() as u64;
        self.texts.push_str(text);
        TextRef { offset, length: text.len() as u32 }
    }

    fn argument(&mut self, given: &Given) -> Argument {
        match given {
            Given::Nothing => Argument::None,
            Given::Count(count, unit) => Argument::Count(*count, self.name(unit)),
            Given::Word(word) => Argument::Word(self.name(word)),
            Given::Hex(value) => Argument::Hex(*value),
        }
    }

    fn event(&mut self, fact: &Fact) -> Event {
        match fact {
            Fact::Mark(words) => Event::Mark(self.text(words)),
            Fact::Note(words) => Event::Note(self.text(words)),
            Fact::Access(access, note) => {
                Event::Access(AccessEvent { note: self.name(note), ..*access })
            }
            Fact::Call(function, given) => {
                Event::Call { function: self.name(function), argument: self.argument(given) }
            }
            Fact::Return(function, status, given) => Event::Return {
                function: self.name(function),
                status: NtStatus(*status),
                argument: self.argument(given),
            },
            Fact::Signal(signal, value) => {
                Event::Signal { signal: self.name(signal), value: *value }
            }
            Fact::Serial(lane, byte, edge, bit_ns, source) => Event::Serial {
                lane: self.name(lane),
                byte: *byte,
                edge: *edge,
                bit_ns: *bit_ns,
                source: *source,
            },
            Fact::Dpc(dpc, change) => Event::Dpc { dpc: self.name(dpc), change: *change },
            Fact::Timer(timer, change) => Event::Timer { timer: self.name(timer), change: *change },
            Fact::Wait(object, end, counted_ns) => {
                Event::Wait { object: self.name(object), end: *end, counted_ns: *counted_ns }
            }
            Fact::Delay(asked_ns, taken_ns) => {
                Event::Delay { asked_ns: *asked_ns, taken_ns: *taken_ns }
            }
            Fact::Choice(choice, ordinal, answer, word) => Event::Choice {
                choice: self.name(choice),
                ordinal: *ordinal,
                answer: *answer,
                word: self.name(word),
            },
        }
    }
}

fn log_of(all: &[Said], dropped: u64) -> TraceLog {
    let mut maker = Maker::default();
    let mut records = Vec::new();
    for said in all {
        let who = maker.names.intern(&said.who, Some(layer_of(&said.who)));
        let event = maker.event(&said.fact);
        records.push(Record::new(said.time_ns, said.level, who, event));
    }
    TraceLog::from_parts(maker.names, maker.texts, records, dropped)
}

fn given_of(log: &TraceLog, argument: Argument) -> Given {
    match argument {
        Argument::None => Given::Nothing,
        Argument::Count(count, unit) => Given::Count(count, log.name(unit).to_owned()),
        Argument::Word(word) => Given::Word(log.name(word).to_owned()),
        Argument::Hex(value) => Given::Hex(value),
    }
}

fn said_of(log: &TraceLog, event: &TimedEvent) -> Said {
    let name = |id| log.name(id).to_owned();
    let fact = match event.event {
        Event::Mark(words) => Fact::Mark(log.text(words).to_owned()),
        Event::Note(words) => Fact::Note(log.text(words).to_owned()),
        Event::Access(access) => {
            Fact::Access(AccessEvent { note: NameId::NONE, ..access }, name(access.note))
        }
        Event::Call { function, argument } => Fact::Call(name(function), given_of(log, argument)),
        Event::Return { function, status, argument } => {
            Fact::Return(name(function), status.0, given_of(log, argument))
        }
        Event::Signal { signal, value } => Fact::Signal(name(signal), value),
        Event::Serial { lane, byte, edge, bit_ns, source } => {
            Fact::Serial(name(lane), byte, edge, bit_ns, source)
        }
        Event::Dpc { dpc, change } => Fact::Dpc(name(dpc), change),
        Event::Timer { timer, change } => Fact::Timer(name(timer), change),
        Event::Wait { object, end, counted_ns } => Fact::Wait(name(object), end, counted_ns),
        Event::Delay { asked_ns, taken_ns } => Fact::Delay(asked_ns, taken_ns),
        Event::Choice { choice, ordinal, answer, word } => {
            Fact::Choice(name(choice), ordinal, answer, name(word))
        }
    };
    Said { time_ns: event.time_ns, level: event.level, who: name(event.who), fact }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_trace_reads_back_to_the_same_events(
        all in prop::collection::vec(said(), 0..12),
        dropped in prop_oneof![Just(0_u64), any::<u64>()],
        machine in words(),
        scenario in words(),
    ) {
        let log = log_of(&all, dropped);
        let header = Header { machine, scenario };
        let text = print(&log, &header, Filter::Full);
        for line in text.lines() {
            prop_assert!(line.is_ascii() && line.len() <= 100, "{line:?}");
            prop_assert!(!line.ends_with(' '), "{line:?} ends in a space");
        }
        let (read_header, read) = parse(&text)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let came_back: Vec<Said> = read.events().map(|event| said_of(&read, &event)).collect();
        prop_assert_eq!(&came_back, &all, "{}", text);
        for event in read.events() {
            let who = read.name(event.who);
            prop_assert_eq!(read.layer(event.who), Some(layer_of(who)), "{}", who);
        }
        prop_assert_eq!(read.dropped(), dropped);
        prop_assert_eq!(&read_header, &header);
        prop_assert_eq!(print(&read, &read_header, Filter::Full), text);
    }

    #[test]
    fn no_text_at_all_panics_the_reader(
        lines in prop::collection::vec(words(), 0..8),
        time in select(&["0.000", "-1", "== 5", "9.9.9", "#", "|"][..]),
        who in select(&["P wire", "- bus", "I \"x", "D"][..]),
        version in select(&[1, 2][..]),
    ) {
        let mut text = format!("# portcls-emu trace {version}\n");
        for line in lines {
            text.push_str(&format!("{time} {who} {line}\n{line}\n"));
            text.push_str(&format!("0.000 P wire {line}\n"));
        }
        if let Ok((header, log)) = parse(&text) {
            let again = print(&log, &header, Filter::Full);
            prop_assert!(parse(&again).is_ok(), "{}", again);
        }
    }
}
