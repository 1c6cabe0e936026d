//! Dumps, compared literally and read back by another project's parser.

use std::collections::BTreeMap;

use portcls_emulator::NtStatus;
use portcls_emulator::trace::{
    Argument, Event, Hold, Layer, Level, SerialEdge, SerialSource, Trace, TraceConfig, TraceLog,
};
use proptest::prelude::*;
use vcd::{Command, IdCode, Value};

use super::{Dialect, Source, Tick, VcdOptions, Wire, write};

/// A trace that a test is building.
struct Scene(Trace);

impl Scene {
    fn new() -> Scene {
        Scene(Trace::new(TraceConfig::default()))
    }

    fn record(&self, time_ns: u64, level: Level, event: Event) {
        self.0.record(time_ns, level, self.0.actor("one", Layer::Hardware), event);
    }

    fn signal(&self, time_ns: u64, name: &str, value: u32) {
        let event = Event::Signal { signal: self.0.name(name), value };
        self.record(time_ns, Level::Hardware, event);
    }

    fn byte(&self, start_ns: u64, lane: &str, byte: u8) {
        let lane = self.0.name(lane);
        for (time_ns, edge) in
            [(start_ns, SerialEdge::Start), (start_ns + 320_000, SerialEdge::End)]
        {
            let source = SerialSource::Outside;
            let event = Event::Serial { lane, byte, edge, bit_ns: 32_000, source };
            self.record(time_ns, Level::Hardware, event);
        }
    }

    fn call(&self, time_ns: u64, level: Level, function: &str) {
        let function = self.0.name(function);
        self.record(time_ns, level, Event::Call { function, argument: Argument::None });
    }

    fn leave(&self, time_ns: u64, level: Level, function: &str) {
        let (function, status) = (self.0.name(function), NtStatus::SUCCESS);
        self.record(time_ns, level, Event::Return { function, status, argument: Argument::None });
    }
}

fn lane(name: &str) -> Wire {
    Wire { name: format!("midi_{name}"), source: Source::Lane(name.to_owned()) }
}

fn signal(name: &str, bits: u8, start: Option<u32>) -> Wire {
    let source = Source::Signal { name: name.to_owned(), bits, start };
    Wire { name: name.to_owned(), source }
}

fn irql() -> Wire {
    Wire { name: "irql".to_owned(), source: Source::Irql }
}

fn dump(log: &TraceLog, dialect: Dialect, tick: Tick, wires: Vec<Wire>) -> String {
    let mut bytes = Vec::new();
    let options = VcdOptions { dialect, tick, wires };
    write(log, &options, &mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("a dump is ASCII")
}

/// The part of a dump after its head.
fn body(text: &str) -> &str {
    text.split_once("$enddefinitions $end\n").expect("a dump has a head").1
}

/// The changes of each wire by its name, with their ticks.
type Changes = BTreeMap<String, Vec<(u64, Option<u32>)>>;

fn read_back(text: &str) -> (Changes, u64) {
    let mut parser = vcd::Parser::new(text.as_bytes());
    let header = parser.parse_header().expect("the head is well formed");
    let scope = header.items.iter().find_map(|item| match item {
        vcd::ScopeItem::Scope(scope) => Some(scope),
        _ => None,
    });
    let mut names = BTreeMap::<IdCode, String>::new();
    for item in &scope.expect("there is a scope").items {
        if let vcd::ScopeItem::Var(variable) = item {
            assert_eq!(names.insert(variable.code, variable.reference.clone()), None);
        }
    }
    let (mut changes, mut tick) = (Changes::new(), 0);
    for command in parser {
        let (id, value) = match command.expect("a command is well formed") {
            Command::Timestamp(time) => {
                assert!(time == 0 || time > tick, "time goes on");
                tick = time;
                continue;
            }
            Command::ChangeScalar(id, Value::X) => (id, None),
            Command::ChangeScalar(id, value) => (id, Some(u32::from(value == Value::V1))),
            Command::ChangeVector(id, bits) if bits.iter().any(|bit| bit == Value::X) => (id, None),
            Command::ChangeVector(id, bits) => {
                let push = |sum, bit| sum << 1 | u32::from(bit == Value::V1);
                (id, Some(bits.iter().fold(0, push)))
            }
            _ => continue,
        };
        changes.entry(names[&id].clone()).or_default().push((tick, value));
    }
    (changes, tick)
}

fn changes(log: &TraceLog, dialect: Dialect, tick: Tick, wires: Vec<Wire>) -> Changes {
    read_back(&dump(log, dialect, tick, wires)).0
}

#[test]
fn a_byte_and_a_line_in_the_dialect_for_sigrok() {
    let scene = Scene::new();
    scene.signal(500, "irq 9", 1);
    scene.byte(1_000_400, "out", 0x3C);
    let wires = vec![lane("out"), signal("irq 9", 1, Some(0)), signal("fifo", 4, None), irql()];
    let expected = "\
$date simulated time $end
$version portcls-emu $end
$timescale 1 us $end
$scope module libsigrok $end
$var wire 1 ! midi_out $end
$var wire 1 \" irq_9 $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
1!
1\"
$end
#1000
0!
#1096
1!
#1224
0!
#1288
1!
#1673
";
    assert_eq!(dump(&scene.0.log(), Dialect::Sigrok, Tick::Microsecond, wires), expected);
}

#[test]
fn levels_and_the_irql_are_vectors_in_the_full_dialect() {
    let scene = Scene::new();
    scene.signal(0, "fifo", 3);
    scene.call(100, Level::Device, "isr");
    scene.signal(150, "ready", 1);
    scene.signal(160, "fifo", 99);
    scene.leave(200, Level::Device, "isr");
    scene.call(200, Level::Dispatch, "dpc");
    scene.leave(350, Level::Dispatch, "dpc");
    let wires = vec![signal("fifo", 4, None), signal("ready", 1, None), irql()];
    let expected = "\
$date simulated time $end
$version portcls-emu $end
$timescale 1 ns $end
$scope module machine $end
$var wire 4 ! fifo [3:0] $end
$var wire 1 \" ready $end
$var wire 2 # irql [1:0] $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
b11 !
x\"
b0 #
$end
#100
b11 #
#150
1\"
#160
b1111 !
#200
b10 #
#350
b0 #
#351
";
    assert_eq!(dump(&scene.0.log(), Dialect::Full, Tick::Nanosecond, wires), expected);
}

#[test]
fn a_return_brings_back_the_level_that_the_call_interrupted() {
    let scene = Scene::new();
    scene.call(10, Level::Dispatch, "Write");
    scene.call(20, Level::Device, "isr");
    scene.call(25, Level::Device, "never returns");
    scene.leave(30, Level::Device, "isr");
    scene.leave(40, Level::Dispatch, "Write");
    let changes = changes(&scene.0.log(), Dialect::Full, Tick::Nanosecond, vec![irql()]);
    let levels = [(0, 0), (10, 2), (20, 3), (30, 2), (40, 0)];
    assert_eq!(changes["irql"], levels.map(|(tick, value)| (tick, Some(value))));
}

#[test]
fn an_empty_trace_is_a_dump_of_idle_wires() {
    let log = Scene::new().0.log();
    let wires = vec![lane("out"), signal("ready", 1, None), irql()];
    let text = dump(&log, Dialect::Full, Tick::Microsecond, wires);
    assert_eq!(body(&text), "#0\n$dumpvars\n1!\nx\"\nb0 #\n$end\n#1\n");
}

#[test]
fn of_several_changes_in_a_tick_the_last_one_counts() {
    let scene = Scene::new();
    scene.signal(1_001, "irq", 1);
    scene.signal(1_050, "irq", 0);
    scene.signal(1_099, "irq", 1);
    scene.signal(1_150, "irq", 0);
    scene.signal(1_151, "irq", 1);
    let wires = vec![signal("irq", 1, Some(0))];
    let changes = changes(&scene.0.log(), Dialect::Sigrok, Tick::HundredNanoseconds, wires);
    assert_eq!(changes["irq"], [(0, Some(0)), (10, Some(1))]);
}

#[test]
fn what_a_device_told_late_is_drawn_at_its_time() {
    let scene = Scene::new();
    scene.signal(900_000, "irq", 1);
    scene.byte(100_000, "out", 0x00);
    let log = scene.0.log();
    let wires = || vec![lane("out"), signal("irq", 1, Some(0))];
    let changes = changes(&log, Dialect::Sigrok, Tick::Microsecond, wires());
    assert_eq!(changes["midi_out"], [(0, Some(1)), (100, Some(0)), (388, Some(1))]);
    assert_eq!(changes["irq"], [(0, Some(0)), (900, Some(1))]);
}

#[test]
fn a_byte_that_is_cut_off_by_the_end_of_the_log_is_drawn_whole() {
    let scene = Scene::new();
    let lane_name = scene.0.name("out");
    let event = Event::Serial {
        lane: lane_name,
        byte: 0x7F,
        edge: SerialEdge::Start,
        bit_ns: 32_000,
        source: SerialSource::Outside,
    };
    scene.record(1_000_000, Level::Hardware, event);
    let text = dump(&scene.0.log(), Dialect::Sigrok, Tick::Microsecond, vec![lane("out")]);
    let (changes, end) = read_back(&text);
    let edges = [(0, 1), (1_000, 0), (1_032, 1), (1_256, 0), (1_288, 1)];
    assert_eq!(changes["midi_out"], edges.map(|(tick, value)| (tick, Some(value))));
    assert_eq!(end, 1_320 + 320, "ten idle bit times after the stop bit");
}

#[test]
fn a_dump_says_how_many_events_were_not_held() {
    let trace = Trace::new(TraceConfig { hold: Hold::First(1), ..TraceConfig::default() });
    let scene = Scene(trace);
    scene.signal(1, "irq", 1);
    scene.signal(2, "irq", 0);
    let text = dump(&scene.0.log(), Dialect::Full, Tick::Nanosecond, vec![]);
    assert!(text.contains("\n$comment events that were not held: 1 $end\n"), "{text}");
    read_back(&text.replace("$upscope", "$var wire 1 ! none $end\n$upscope"));
}

#[test]
fn odd_names_and_thousands_of_wires_still_make_a_dump() {
    let wires = (0..10_000).map(|index| signal(&format!("a b\n{index}\u{E9}"), 1, Some(1)));
    let text = dump(&Scene::new().0.log(), Dialect::Full, Tick::Nanosecond, wires.collect());
    assert!(text.contains(" a_b_9999_ $end\n"));
    assert_eq!(read_back(&text).0.len(), 10_000);
}

#[test]
fn the_end_of_time_is_no_trouble() {
    let scene = Scene::new();
    scene.signal(u64::MAX - 1, "irq", 1);
    let lane_name = scene.0.name("out");
    let event = Event::Serial {
        lane: lane_name,
        byte: 0,
        edge: SerialEdge::Start,
        bit_ns: u32::MAX,
        source: SerialSource::Outside,
    };
    scene.record(u64::MAX, Level::Hardware, event);
    let wires = vec![lane("out"), signal("irq", 1, Some(0))];
    let text = dump(&scene.0.log(), Dialect::Full, Tick::Nanosecond, wires);
    assert!(text.ends_with(&format!("#{}\n", u64::MAX)));
}

/// Reads the bytes on a line from the changes of the line. The function samples in the middle of
/// each bit.
fn decode(changes: &[(u64, Option<u32>)], end: u64, bit_ticks: u64) -> Vec<(u64, u8)> {
    let level_at = |tick: u64| {
        let next = changes.partition_point(|&(change, _)| change <= tick);
        changes[next - 1].1.expect("a lane is 0 or 1")
    };
    let (mut bytes, mut tick) = (Vec::new(), 0);
    while tick < end {
        if level_at(tick) == 1 {
            let next = changes.partition_point(|&(change, _)| change <= tick);
            tick = changes.get(next).map_or(end, |&(change, _)| change);
            continue;
        }
        let sample = |bit: u64| level_at(tick + bit * bit_ticks + bit_ticks / 2);
        assert_eq!((sample(0), sample(9)), (0, 1), "a frame at {tick}");
        bytes.push((tick, (0..8).map(|bit| (sample(bit + 1) << bit) as u8).sum()));
        tick += 10 * bit_ticks;
    }
    bytes
}

proptest! {
    #[test]
    fn any_bytes_on_two_lanes_read_back(
        out in prop::collection::vec((0..500_000_u64, any::<u8>()), 0..40),
        input in prop::collection::vec((0..500_000_u64, any::<u8>()), 0..40),
        tick in prop::sample::select(
            vec![Tick::Nanosecond, Tick::HundredNanoseconds, Tick::Microsecond]
        ),
    ) {
        let scene = Scene::new();
        let mut expected = BTreeMap::<&str, Vec<(u64, u8)>>::new();
        for (name, bytes) in [("out", out), ("in", input)] {
            let mut free_ns = 0;
            let sent = expected.entry(name).or_default();
            for (pause_ns, byte) in bytes {
                scene.byte(free_ns + pause_ns, name, byte);
                sent.push(((free_ns + pause_ns) / tick.ns(), byte));
                free_ns += pause_ns + 320_000;
            }
        }
        let wires = vec![lane("out"), lane("in")];
        let text = dump(&scene.0.log(), Dialect::Sigrok, tick, wires);
        let (changes, end) = read_back(&text);
        for (name, sent) in expected {
            let line = &changes[&format!("midi_{name}")];
            prop_assert_eq!(decode(line, end, 32_000 / tick.ns()), sent);
        }
    }
}
